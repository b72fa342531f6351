//! Watching an experiment's containers: what becomes of them, and what they write.

use super::engine::Engine;
use super::label::{EXPERIMENT, HELPER_OF, Labels, TARGET};
use super::state::State;
use crate::Result;
use crate::experiment::core::Core;
use crate::experiment::events::EventLog;
use crate::report::journal::EventKind;
use crate::target::output::Tail;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testcontainers::bollard::models::EventMessage;
use testcontainers::bollard::query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// The pause before the events of an engine that has gone are asked for again.
const PAUSE: Duration = Duration::from_millis(200);

/// One watched container.
pub(super) struct Watched {
    pub(super) target: String,
    pub(super) tail: Tail,
    /// As it was last seen; `None`: not yet, or gone.
    pub(super) state: watch::Sender<Option<State>>,
}

/// The watch of one experiment. It ends with the experiment's own thread.
#[derive(Clone)]
pub(super) struct Watch(Arc<Inner>);

struct Inner {
    engine: Engine,
    events: EventLog,
    token: String,
    /// Of the experiment's own thread.
    net: Handle,
    watched: Mutex<HashMap<String, Arc<Watched>>>,
}

impl Watch {
    /// Begins to watch everything that carries the labels.
    pub(super) fn start(engine: &Engine, labels: &Labels, core: &Core) -> Result<Self> {
        let inner = Inner {
            engine: engine.clone(),
            events: core.events.clone(),
            token: labels.token().to_owned(),
            net: core.net.handle()?,
            watched: Mutex::default(),
        };
        let watch = Self(Arc::new(inner));
        watch.0.net.spawn(watch.clone().run());
        Ok(watch)
    }

    /// What is known of a container, which is watched from now on. Reads its state.
    pub(super) async fn of(&self, id: &str, target: &str) -> Result<Arc<Watched>> {
        let state = State::of(&self.0.engine, id).await?;
        let (watched, is_new) = self.enter(id, target);
        watched.state.send_replace(state);
        if is_new {
            self.follow(id, &watched, 0);
        }
        Ok(watched)
    }

    /// What a container wrote that never became ready, by the name of the target that it was to be.
    pub(super) fn output_of(&self, target: &str) -> Tail {
        let watched = self.watched();
        watched
            .values()
            .find(|watched| watched.target == target)
            .map(|watched| watched.tail.clone())
            .unwrap_or_default()
    }

    /// Puts a remark into the journal's events.
    pub(super) fn note(&self, text: String) {
        self.0.events.note(EventKind::Target, text);
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<String, Arc<Watched>>> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, id: &str, target: &str) -> (Arc<Watched>, bool) {
        let mut watched = self.watched();
        let is_new = !watched.contains_key(id);
        let entry = watched.entry(id.to_owned()).or_insert_with(|| {
            let state = watch::Sender::new(None);
            Arc::new(Watched { target: target.to_owned(), tail: Tail::default(), state })
        });
        (entry.clone(), is_new)
    }

    async fn run(self) {
        let mut since = now();
        let mut lost = false;
        loop {
            let kinds = ["start", "die", "oom", "pause", "unpause", "destroy", "connect", "disconnect"];
            let filters = HashMap::from([("event", kinds.to_vec()), ("type", vec!["container", "network"])]);
            let options = EventsOptionsBuilder::new().since(&since).filters(&filters).build();
            let mut events = std::pin::pin!(self.0.engine.docker().events(Some(options)));
            while let Some(Ok(event)) = events.next().await {
                lost = false;
                if let Some(nanos) = event.time_nano {
                    // The next one, lest this one comes twice.
                    since = format!("{}.{:09}", (nanos + 1) / 1_000_000_000, (nanos + 1) % 1_000_000_000);
                }
                self.on_event(event).await;
            }
            if !std::mem::replace(&mut lost, true) {
                self.0.events.note(EventKind::Target, "the container engine's events have ended");
            }
            tokio::time::sleep(PAUSE).await;
            let known: Vec<String> = self.watched().keys().cloned().collect();
            for id in known {
                self.look(&id).await;
            }
        }
    }

    async fn on_event(&self, event: EventMessage) {
        let (Some(actor), Some(action)) = (event.actor, event.action) else { return };
        let attributes = actor.attributes.unwrap_or_default();
        // An event of a network names the container in its attributes.
        let Some(id) = attributes.get("container").cloned().or(actor.id) else { return };
        let ours = attributes.get(EXPERIMENT) == Some(&self.0.token) && !attributes.contains_key(HELPER_OF);
        let (watched, is_new) = match attributes.get(TARGET) {
            Some(target) if ours => self.enter(&id, target),
            _ => match self.watched().get(&id) {
                Some(watched) => (watched.clone(), false),
                None => return,
            },
        };
        let target = &watched.target;
        let note = |text: String| self.0.events.note(EventKind::Target, text);
        match &*action {
            "die" => {
                note(format!("{target} ended with exit code {}", attributes.get("exitCode").map_or("?", |code| code)));
            }
            "oom" => note(format!("{target}: the kernel killed a process for want of memory")),
            "start" => note(format!("{target} started")),
            "destroy" => note(format!("{target} was removed")),
            "connect" | "disconnect" => {
                note(format!("{target}: network {} {action}ed", attributes.get("name").map_or("?", |name| name)));
            }
            _ => {}
        }
        self.look(&id).await;
        if action == "start" {
            let since = if is_new { 0 } else { event.time.and_then(|time| i32::try_from(time).ok()).unwrap_or(0) };
            self.follow(&id, &watched, since);
        }
    }

    /// Reads a container's state again.
    async fn look(&self, id: &str) {
        let Ok(state) = State::of(&self.0.engine, id).await else { return };
        if let Some(watched) = self.watched().get(id) {
            watched.state.send_replace(state);
        }
    }

    /// Keeps the last lines of one of its lives.
    fn follow(&self, id: &str, watched: &Arc<Watched>, since: i32) {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).since(since).build();
        let (engine, id, tail) = (self.0.engine.clone(), id.to_owned(), watched.tail.clone());
        self.0.net.spawn(async move {
            let mut logs = std::pin::pin!(engine.docker().logs(&id, Some(options)));
            let mut lines = tail.lines_of();
            while let Some(Ok(output)) = logs.next().await {
                lines.take(&output.into_bytes());
            }
            lines.end();
        });
    }
}

/// In the engine's words, a moment ago: its clock and ours may differ a little.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", since.as_secs().saturating_sub(1), since.subsec_nanos())
}
