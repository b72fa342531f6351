//! A harm on one or several containers as one fault.

use crate::fault::{Evidence, Fault, InjectCx};
use crate::rollback::{ContainerStep, Recipe, Undo};
use crate::target::Container;
use crate::{Error, Result};
use futures_util::future::join_all;
use std::fmt;
use std::future::Future;

/// What is done to one container.
///
/// Called in the order of [`Fault`]: prepared, its undo written down, inflicted, asked for evidence. Each container has
/// a harm of its own.
pub trait Harm: Clone + fmt::Debug + Send + Sync + 'static {
    /// What it does, in a line: `pause`.
    fn describe(&self) -> String;

    /// Checks and readings ahead of the harm: what the undo needs, a helper that is to be there.
    fn prepare(&mut self, container: &Container, cx: &InjectCx) -> impl Future<Output = Result<()>> + Send;

    /// How it ends, as data: the same steps run at the end of the hold, at a signal, and after a SIGKILL.
    fn undo(&self, container: &Container) -> Vec<ContainerStep>;

    /// Does it.
    fn inflict(&mut self, container: &Container, cx: &InjectCx) -> impl Future<Output = Result<()>> + Send;

    /// Whether it bites: read back, or counted.
    fn evidence(&mut self, container: &Container) -> impl Future<Output = Result<Evidence>> + Send;
}

/// A fault on containers; see [`ContainerFaults`](super::ContainerFaults).
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct OnContainers<H> {
    each: Vec<(Container, H)>,
}

impl<H: Harm> OnContainers<H> {
    pub(super) fn new(containers: Vec<Container>, harm: H) -> Self {
        Self { each: containers.into_iter().map(|container| (container, harm.clone())).collect() }
    }

    /// Several containers, each with a harm of its own.
    pub(super) fn of_each(each: Vec<(Container, H)>) -> Self {
        Self { each }
    }

    /// Changes the harm everywhere.
    pub(super) fn with(mut self, change: impl Fn(&mut H)) -> Self {
        self.each.iter_mut().for_each(|(_, harm)| change(harm));
        self
    }

    /// The same containers, with another harm made of this one.
    pub(super) fn turned_into<J>(self, into: impl Fn(H) -> J) -> OnContainers<J> {
        OnContainers { each: self.each.into_iter().map(|(container, harm)| (container, into(harm))).collect() }
    }

    pub(super) fn each(&self) -> &[(Container, H)] {
        &self.each
    }

    fn engine(&self) -> Option<String> {
        self.each.first().and_then(|(container, _)| container.engine().recorded())
    }
}

impl<H: Harm> Fault for OnContainers<H> {
    fn describe(&self) -> String {
        self.each.first().map(|(_, harm)| harm.describe()).unwrap_or_default()
    }

    fn target(&self) -> String {
        self.each.iter().map(|(container, _)| container.target()).collect::<Vec<_>>().join(", ")
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        all(self.each.iter_mut().map(|(container, harm)| harm.prepare(container, cx))).await.map(drop)
    }

    fn undo(&self) -> Undo {
        let steps: Vec<ContainerStep> = self.each.iter().flat_map(|(container, harm)| harm.undo(container)).collect();
        if steps.is_empty() {
            return Undo::nothing();
        }
        Undo::from_recipe(Recipe::Containers { engine: self.engine(), steps })
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        all(self.each.iter_mut().map(|(container, harm)| harm.inflict(container, cx))).await.map(drop)
    }

    /// Seen when it was seen on every container.
    async fn evidence(&mut self) -> Result<Evidence> {
        let found = all(self.each.iter_mut().map(|(container, harm)| harm.evidence(container))).await?;
        let several = found.len() > 1;
        let line = |(evidence, (container, _)): (&Evidence, &(Container, H))| match several {
            true => format!("{}: {}", container.target(), evidence.text()),
            false => evidence.text().to_owned(),
        };
        let text = |seen: bool| {
            let shown = found.iter().zip(&self.each).filter(|(evidence, _)| evidence.is_seen() == seen);
            shown.map(line).collect::<Vec<_>>().join("; ")
        };
        if found.iter().any(|evidence| !evidence.is_seen()) {
            return Ok(Evidence::none(text(false)));
        }
        let hits: Option<u64> = found.iter().map(Evidence::hits).sum();
        Ok(match hits {
            Some(hits) => Evidence::counted(hits, text(true)),
            None => Evidence::seen(text(true)),
        })
    }
}

/// All at once; none is left half done because another one failed.
async fn all<T>(work: impl Iterator<Item = impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    let (mut done, mut errors) = (Vec::new(), Vec::<Error>::new());
    for outcome in join_all(work).await {
        match outcome {
            Ok(value) => done.push(value),
            Err(error) => errors.push(error),
        }
    }
    match errors.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(done),
    }
}
