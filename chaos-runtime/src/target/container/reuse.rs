//! Containers that the next tests of the run find again.

use super::label::{OWNER, REUSE, TARGET};
use super::removal::remove_container;
use super::session::Session;
use super::state::State;
use crate::sys::Owner;
use crate::{Error, Result};
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use testcontainers::bollard::query_parameters::ListContainersOptionsBuilder;
use testcontainers::{ContainerRequest, Image};

/// A container as it is looked for. While this lives, no other test of this machine starts the same one.
pub(super) struct Reuse {
    key: String,
    owner: Owner,
    /// Locked.
    _turn: File,
}

impl Reuse {
    /// What this request would start in this run. Waits while another test is starting it.
    pub(super) async fn of<I: Image>(request: &ContainerRequest<I>, target: &str) -> Result<Self> {
        let owner = Owner::of_run();
        let mut hasher = DefaultHasher::new();
        (request.descriptor(), target, request.network(), request.labels(), request.hostname()).hash(&mut hasher);
        request.cmd().for_each(|word| word.hash(&mut hasher));
        for (name, value) in request.env_vars() {
            (name, value).hash(&mut hasher);
        }
        for text in request.mounts().map(|mount| format!("{mount:?}")).chain(request.ports().map(|p| format!("{p:?}")))
        {
            text.hash(&mut hasher);
        }
        owner.to_string().hash(&mut hasher);
        let key = format!("{:016x}", hasher.finish());
        let path = std::env::temp_dir().join(format!("chaos-test-reuse-{key}.lock"));
        let turn = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock().map(|()| file)
        });
        let turn = turn.await.map_err(|error| Error::new("waiting for a turn panicked").caused_by(error))?;
        let turn = turn.map_err(|error| Error::new("failed to lock the start of a container").caused_by(error))?;
        Ok(Self { key, owner, _turn: turn })
    }

    /// The one that an earlier test has started and that still runs. One that is of no use any more is removed.
    pub(super) async fn find(&self, session: &Session) -> Result<Option<State>> {
        let engine = &session.engine;
        let filters = HashMap::from([("label", vec![format!("{REUSE}={}", self.key)])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let listed = engine.call("list containers", engine.docker().list_containers(Some(options))).await?;
        for container in listed {
            let id = container.id.unwrap_or_default();
            match State::of(engine, &id).await? {
                Some(state) if state.running && !state.paused => return Ok(Some(state)),
                _ => remove_container(engine, &id).await?,
            }
        }
        Ok(None)
    }

    /// The labels of a new one. From now on it is seen to that it ends with the run.
    pub(super) fn labels(&self, session: &Session, target: &str) -> HashMap<String, String> {
        #[cfg(target_os = "linux")]
        if let Err(error) =
            crate::watchdog::remove_after(self.owner.pid(), &format!("{REUSE}={}", self.key), session.engine.recorded())
        {
            session
                .watch
                .note(format!("{target} stays until the next chaos test: nobody waits for the run's end: {error}"));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = session;
        let labels = [(REUSE, self.key.clone()), (OWNER, self.owner.to_string()), (TARGET, target.to_owned())];
        labels.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
