//! What one experiment has with the engine: its labels, its removal on record, its watch.

use super::engine::Engine;
use super::handle::Container;
use super::label::Labels;
use super::orphans;
use super::watch::Watch;
use crate::Result;
use crate::experiment::core::Core;
use crate::rollback::{ContainerStep, Recipe, Undo, UndoId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The place in an experiment for its [`Session`], which most experiments never open.
#[derive(Default)]
pub(crate) struct Containment {
    session: OnceCell<Arc<Session>>,
    /// Adopted so far: asked for twice, one is still one target.
    adopted: Mutex<BTreeMap<String, Container>>,
}

/// An experiment's way to the engine.
pub(crate) struct Session {
    pub(super) engine: Engine,
    pub(super) labels: Labels,
    pub(super) watch: Watch,
    /// The recorded removal of all that carries the label.
    pub(super) removal: UndoId,
    /// Names of targets that are taken.
    names: Mutex<BTreeSet<String>>,
    /// Helpers by the container that they stand beside and what they share with it.
    pub(super) helpers: super::helper::Helpers,
    /// The image of helpers.
    pub(super) tools: String,
    /// Of the run, for choices among containers.
    seed: u64,
}

impl Containment {
    /// The session, opened at the first call.
    pub(crate) async fn session(&self, core: &Core) -> Result<Arc<Session>> {
        self.session.get_or_try_init(async || Session::open(core).await.map(Arc::new)).await.cloned()
    }

    /// A container that was adopted before.
    pub(super) fn known(&self, id: &str) -> Option<Container> {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(super) fn remember(&self, container: &Container) {
        let mut adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        adopted.insert(container.id().to_owned(), container.clone());
    }
}

impl Session {
    async fn open(core: &Core) -> Result<Self> {
        let engine = Engine::connect(None).await?;
        let version = engine.call("ask for the engine's version", engine.docker().version()).await?;
        let tools = core.settings.config.image(super::helper::IMAGE.0, super::helper::IMAGE.1)?;
        let labels = Labels::new(&core.spec.test_name());
        for note in remove_orphans(&engine).await? {
            core.note(note);
        }
        let step = ContainerStep::Remove { label: labels.filter() };
        let recipe = Recipe::Containers { engine: engine.recorded(), steps: vec![step] };
        let undo = Undo::from_recipe(recipe).last();
        let removal = core.ledger.record("remove the experiment's containers", "containers", undo)?;
        let watch = Watch::start(&engine, &labels, core)?;
        core.events.note(
            crate::report::journal::EventKind::Target,
            format!("container engine {}", version.version.unwrap_or_default()),
        );
        Ok(Self {
            engine,
            labels,
            watch,
            removal,
            names: Mutex::default(),
            helpers: Default::default(),
            tools,
            seed: core.settings.seed,
        })
    }

    pub(super) fn group_seed(&self) -> u64 {
        self.seed
    }

    /// `container redis`, or `container redis 2` for the second of that name.
    pub(super) fn free_name(&self, name: &str) -> String {
        let mut taken = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("container {name}");
        let numbered = (2..).map(|number| format!("{name} {number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
        taken.insert(free.clone());
        free
    }
}

/// Removes what processes left behind that have ended, whatever has become of their ledgers.
async fn remove_orphans(engine: &Engine) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for orphan in orphans::found(engine).await? {
        orphan.remove(engine).await?;
        notes.push(format!("removed the {orphan}, which a chaos test that has ended had left"));
    }
    Ok(notes)
}
