//! Any command in a container.

use super::on::{Harm, OnContainers};
use crate::Result;
use crate::fault::{EndsByItself, EndsByUndo, Evidence, Held, InjectCx, OneShot};
use crate::rollback::ContainerStep;
use crate::target::Container;
use std::marker::PhantomData;

/// See [`ContainerFaults::command`](super::ContainerFaults::command). `End` says how the harm ends: by itself, or by a
/// [command](OnContainers::<Command<EndsByItself>>::undo) that undoes it.
pub struct Command<End> {
    command: Vec<String>,
    undo: Vec<String>,
    confirm: Vec<String>,
    /// The life in which it is run.
    life: Option<String>,
    said: Option<String>,
    end: PhantomData<fn() -> End>,
}

// By hand: what says how it ends is neither cloned nor shown.
impl<End> Clone for Command<End> {
    fn clone(&self) -> Self {
        let Self { command, undo, confirm, life, said, .. } = self;
        let (command, undo, confirm) = (command.clone(), undo.clone(), confirm.clone());
        Self { command, undo, confirm, life: life.clone(), said: said.clone(), end: PhantomData }
    }
}

impl<End> std::fmt::Debug for Command<End> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command").field("command", &self.command).field("undo", &self.undo).finish_non_exhaustive()
    }
}

impl Command<EndsByItself> {
    pub(super) fn new(command: Vec<String>) -> Self {
        Self { command, undo: Vec::new(), confirm: Vec::new(), life: None, said: None, end: PhantomData }
    }
}

impl OnContainers<Command<EndsByItself>> {
    /// The harm lasts until this command has ended it; makes it a held fault. It is on disk before the harm is done, and
    /// run after a crash too. Where the container has ended meanwhile, it is not run.
    pub fn undo<A: Into<String>>(self, undo: impl IntoIterator<Item = A>) -> OnContainers<Command<EndsByUndo>> {
        let undo: Vec<String> = undo.into_iter().map(Into::into).collect();
        self.turned_into(|harm| {
            let Command { command, confirm, .. } = harm;
            Command { command, undo: undo.clone(), confirm, life: None, said: None, end: PhantomData }
        })
    }
}

impl<End: 'static> OnContainers<Command<End>> {
    /// A command that succeeds while the harm bites. Without one, the success of the command itself is all there is.
    pub fn confirm<A: Into<String>>(self, confirm: impl IntoIterator<Item = A>) -> Self {
        let confirm: Vec<String> = confirm.into_iter().map(Into::into).collect();
        self.with(|harm| harm.confirm.clone_from(&confirm))
    }
}

impl<End: 'static> Harm for Command<End> {
    fn describe(&self) -> String {
        format!("run `{}`", self.command.join(" "))
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        self.life = Some(container.living().await?.started_at);
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let Some(started_at) = self.life.clone().filter(|_| !self.undo.is_empty()) else { return Vec::new() };
        let container = container.id().to_owned();
        vec![ContainerStep::Exec { container, started_at, command: self.undo.clone() }]
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        self.said = Some(container.exec(self.command.clone()).await?);
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(said) = &self.said else { return Ok(Evidence::none("it has not succeeded")) };
        if self.confirm.is_empty() {
            let last = said.lines().last().map(|line| format!(": {line}")).unwrap_or_default();
            return Ok(Evidence::seen(format!("the command succeeded{last}")));
        }
        Ok(match container.exec(self.confirm.clone()).await {
            Ok(said) => {
                let last = said.lines().last().map(|line| format!(": {line}")).unwrap_or_default();
                Evidence::seen(format!("`{}` succeeded{last}", self.confirm.join(" ")))
            }
            Err(error) => Evidence::none(error.message().to_owned()),
        })
    }
}

impl Held for OnContainers<Command<EndsByUndo>> {}
impl OneShot for OnContainers<Command<EndsByItself>> {}
