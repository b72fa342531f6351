//! Parts at once.

use super::part::{confirm_within, none_to_be_had, sum, targets};
use super::reins::{Reins, failed, name};
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx, OneShot};
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::join_all;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Faults at once; made by [`parallel`].
#[must_use = "a fault does nothing until it is injected"]
pub struct Parallel<T> {
    parts: Vec<Box<dyn DynFault>>,
    reins: Arc<Reins>,
    /// It was seen before: what had not begun then must have since.
    confirmed: bool,
    of: PhantomData<fn() -> T>,
}

/// Faults at once: a tuple of up to six, or a `Vec`.
///
/// It is held if the first one is, so a held part stands first; it is one-shot if all are. The injections run at the same
/// time; when one fails, the others are undone. It is confirmed when each part is, but for those that begin
/// [later](super::FaultExt::after): they must have been seen at the end. What a one-shot part among held ones comes to is not
/// waited for.
///
/// ```
/// # use chaos_runtime::prelude::*;
/// # let slow = fault("slow disk", async || {}).undo(Undo::nothing()).target("disk");
/// # let crash = fault("crash", async || {}).one_shot().target("worker");
/// let both = parallel((slow, crash));
/// assert_eq!((both.describe().as_str(), both.target().as_str()), ("slow disk on disk + crash on worker", "disk, worker"));
/// ```
pub fn parallel<T: Parts>(parts: T) -> Parallel<T> {
    let parts = parts.into_parts().into_iter().map(|part| part.0).collect();
    Parallel { parts, reins: Reins::new(), confirmed: false, of: PhantomData }
}

/// Faults that can be injected [at once](parallel): tuples of up to six, and `Vec`s.
#[diagnostic::on_unimplemented(
    message = "these are no faults that can be injected at once",
    label = "must be a tuple of up to six faults, or a `Vec` of faults",
    note = "put more, or faults of different types, into a list: `vec![BoxedFault::held(a), BoxedFault::held(b)]`"
)]
pub trait Parts: 'static {
    #[doc(hidden)]
    fn into_parts(self) -> Vec<AnyPart>;
}

#[doc(hidden)]
pub struct AnyPart(Box<dyn DynFault>);

impl<F: Fault> Parts for Vec<F> {
    fn into_parts(self) -> Vec<AnyPart> {
        self.into_iter().map(|part| AnyPart(Box::new(Erased(part)))).collect()
    }
}

impl<F: Held> Held for Parallel<Vec<F>> {}
impl<F: OneShot> OneShot for Parallel<Vec<F>> {}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first: Fault, $($rest: Fault),*> Parts for ($first, $($rest,)*) {
            #[allow(non_snake_case)] // The names of the types serve for the values.
            fn into_parts(self) -> Vec<AnyPart> {
                let ($first, $($rest,)*) = self;
                vec![AnyPart(Box::new(Erased($first))), $(AnyPart(Box::new(Erased($rest)))),*]
            }
        }
        impl<$first: Held, $($rest: Fault),*> Held for Parallel<($first, $($rest,)*)> {}
        impl<$first: OneShot, $($rest: OneShot),*> OneShot for Parallel<($first, $($rest,)*)> {}
    };
}
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);

impl<T> Parallel<T> {
    fn parts(&self) -> impl Iterator<Item = &dyn DynFault> {
        self.parts.iter().map(|part| &**part)
    }

    /// The parts' names, as short as they can be told apart.
    fn names(&self) -> Vec<String> {
        let several = targets(self.parts()).len() > 1;
        self.parts().map(|part| if several { name(part) } else { part.describe() }).collect()
    }

    fn cx(&self, cx: &InjectCx, index: usize) -> InjectCx {
        self.reins.cx(cx, index as u64, cx.held, cx.hold)
    }
}

impl<T: 'static> Fault for Parallel<T> {
    fn describe(&self) -> String {
        self.names().join(" + ")
    }

    fn target(&self) -> String {
        targets(self.parts()).join(", ")
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        if self.parts.is_empty() {
            return Err(Error::new("no faults at once do nothing").help("is the list of them empty?"));
        }
        let cxs: Vec<InjectCx> = (0..self.parts.len()).map(|index| self.cx(cx, index)).collect();
        let prepared = join_all(self.parts.iter_mut().zip(cxs).map(async |(part, cx)| {
            part.prepare(cx).await.map_err(|error| failed(&format!("`{}`", part.describe()), &error))
        }));
        prepared.await.into_iter().collect()
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        let cxs: Vec<InjectCx> = (0..self.parts.len()).map(|index| self.cx(cx, index)).collect();
        let previews = join_all(self.parts.iter_mut().zip(cxs).map(async |(part, cx)| part.preview(cx).await)).await;
        Ok(previews.into_iter().collect::<Result<Vec<_>>>()?.join(" + "))
    }

    fn undo(&self) -> Undo {
        self.reins.arm(self.parts());
        self.reins.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.reins.begin(cx);
        let entries = self.reins.arm(self.parts());
        let cxs: Vec<InjectCx> = (0..self.parts.len()).map(|index| self.cx(cx, index)).collect();
        let reins = self.reins.clone();
        let turn = reins.turn().await?;
        let parts = self.parts.iter_mut().zip(&entries).zip(&cxs);
        let injected = join_all(parts.map(|((part, entry), cx)| reins.inject_in(&turn, &mut **part, entry, cx))).await;
        drop(turn);
        let outcome: Result<()> = injected.into_iter().collect();
        if outcome.is_err() {
            reins.undo_all_shielded().await;
        }
        outcome
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let names = self.names();
        let looks = join_all(self.parts.iter_mut().map(|part| part.evidence())).await;
        let looks: Vec<Evidence> =
            looks.into_iter().map(|look| look.unwrap_or_else(|error| none_to_be_had(&error))).collect();
        let text = |seen: bool| -> String {
            let some = names.iter().zip(&looks).filter(|(_, look)| seen || !look.is_seen());
            some.map(|(name, look)| format!("{name}: {}", look.text())).collect::<Vec<_>>().join("; ")
        };
        let counts = |look: &Evidence| match self.confirmed {
            // What is to come by now comes too late.
            true => look.is_seen() && !look.is_to_come(),
            false => look.is_seen() || look.is_to_come(),
        };
        let all = looks.iter().all(counts) && looks.iter().any(Evidence::is_seen);
        let hits = looks.iter().fold(None, |hits, look| sum(hits, look.hits()));
        let to_come = looks.iter().any(Evidence::is_to_come);
        let evidence = if looks.iter().any(Evidence::is_hopeless) {
            Evidence::never(text(false))
        } else if all {
            self.confirmed = true;
            Evidence::seen(text(true))
        } else {
            Evidence::none(text(looks.iter().all(Evidence::is_seen)))
        };
        let evidence = if to_come { evidence.with_more_to_come() } else { evidence };
        Ok(evidence.with_hits(hits))
    }

    fn confirm_within(&self) -> Option<Duration> {
        let cx = InjectCx::new(0, false, None);
        self.parts().filter(|part| part.confirm_within().is_some()).map(|part| confirm_within(part, &cx)).max()
    }

    fn lasts(&self) -> bool {
        self.parts().any(|part| part.lasts())
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        let names = self.names();
        let ends = join_all(self.parts.iter_mut().map(|part| part.completion())).await;
        let mut texts = Vec::new();
        let (mut seen, mut hits) = (true, None);
        for (name, end) in names.iter().zip(ends) {
            let Some(end) = end.map_err(|error| failed(&format!("`{name}`"), &error))? else { continue };
            seen &= end.is_seen();
            hits = sum(hits, end.hits());
            texts.push(format!("{name}: {}", end.text()));
        }
        if texts.is_empty() {
            return Ok(None);
        }
        let text = texts.join("; ");
        Ok(Some(if seen { Evidence::seen(text) } else { Evidence::none(text) }.with_hits(hits)))
    }
}

impl<T> fmt::Debug for Parallel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Parallel").field(&self.names()).finish()
    }
}
