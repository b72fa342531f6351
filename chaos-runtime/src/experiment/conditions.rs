//! The conditions of an experiment: asked before any harm, some of them watched while there is harm.

use super::core::Core;
use crate::clock::{Clock, Nanos, nanos};
use crate::condition::{AnyCondition, Standing};
use crate::report::journal::{EventKind, ReasonKind};
use crate::{Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often a watched condition is asked.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// For how long a watched condition may fail to answer before harm goes on no longer: a guard that sees nothing
/// guards nothing.
const BLIND: Duration = Duration::from_secs(60);

/// All conditions of an experiment.
#[derive(Default)]
pub(crate) struct Conditions(Mutex<Vec<Entry>>);

struct Entry {
    condition: Arc<dyn AnyCondition>,
    watched: Option<Watched>,
}

struct Watched {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// The last that was heard of a condition.
struct Seen {
    at: Nanos,
    standing: Standing,
    error: Option<String>,
}

/// Why harm must end now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Alert {
    /// All is not well.
    Tripped(String),
    /// Nobody can tell whether all is well.
    Blind(String),
}

impl Conditions {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that must be well before any harm.
    pub(crate) fn require(&self, condition: Arc<dyn AnyCondition>) {
        self.entries().push(Entry { condition, watched: None });
    }

    /// One that must be well before any harm and stay so. Watched on the current runtime.
    pub(crate) fn watch(&self, condition: Arc<dyn AnyCondition>, clock: Clock) {
        let seen = Arc::new(Mutex::new(Seen { at: clock.now(), standing: Standing::Well, error: None }));
        let (asked, into) = (condition.clone(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let answer = ask(&*asked).await;
                {
                    let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                    match answer {
                        Ok(standing) => *seen = Seen { at: clock.now(), standing, error: None },
                        Err(error) => seen.error = Some(cause(&error)),
                    }
                }
                tokio::time::sleep(INTERVAL).await;
            }
        });
        self.entries().push(Entry { condition, watched: Some(Watched { seen, task }) });
    }

    /// Whether one of this description is watched already.
    #[cfg(feature = "aws")]
    pub(crate) fn watches(&self, what: &str) -> bool {
        self.entries().iter().any(|entry| entry.watched.is_some() && entry.condition.describe() == what)
    }

    /// Why harm must end now, if it must.
    pub(crate) fn alert(&self, now: Nanos) -> Option<Alert> {
        self.entries().iter().find_map(|Entry { condition, watched }| {
            let seen = watched.as_ref()?.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let what = condition.describe();
            match &seen.standing {
                Standing::Alarming(why) => Some(Alert::Tripped(format!("{what}: {why}"))),
                Standing::Unknown(why) => Some(Alert::Blind(format!("{what}: {why}"))),
                Standing::Well if seen.at + nanos(BLIND) < now => {
                    let why = seen.error.as_deref().unwrap_or("it does not answer");
                    Some(Alert::Blind(format!("{what} could not be asked for {BLIND:?}: {why}")))
                }
                Standing::Well => None,
            }
        })
    }

    /// Ends the watching.
    pub(crate) fn stop(&self) {
        let entries = self.entries();
        entries.iter().filter_map(|entry| entry.watched.as_ref()).for_each(|watched| watched.task.abort());
    }

    fn all(&self) -> Vec<Arc<dyn AnyCondition>> {
        self.entries().iter().map(|entry| entry.condition.clone()).collect()
    }
}

/// An answer that neither hangs nor panics.
async fn ask(condition: &dyn AnyCondition) -> Result<Standing> {
    let asking = AssertUnwindSafe(tokio::time::timeout(ANSWER, async { condition.standing().await }));
    match asking.catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::new(format!("no answer within {ANSWER:?}"))),
        Err(panic) => Err(Error::new(format!("panicked: {}", crate::error::panic_text(&*panic)))),
    }
}

fn cause(error: &Error) -> String {
    error.to_string().split("\nhelp: ").next().unwrap_or_default().to_owned()
}

/// Asks all conditions: unless all is well, nothing is injected.
pub(super) async fn refuse_unless_well(core: &Core) -> Result<()> {
    for condition in core.conditions.all() {
        let what = condition.describe();
        let (kind, error, message, help) = match ask(&*condition).await {
            Ok(Standing::Well) => continue,
            Ok(Standing::Alarming(why)) => (
                ReasonKind::SteadyState,
                ErrorKind::Unsteady,
                format!("steady state not met: {what}: {why}"),
                Some("nothing was injected; make the service steady first".to_owned()),
            ),
            Ok(Standing::Unknown(why)) => (
                ReasonKind::Inconclusive,
                ErrorKind::Inconclusive,
                format!("steady state not decidable: {what}: {why}"),
                Some("nothing was injected, as nobody can tell whether all is well".to_owned()),
            ),
            Err(error) => (
                ReasonKind::Body,
                ErrorKind::Failed,
                format!("{what} can't be asked: {}", cause(&error)),
                error.help_text().map(Into::into),
            ),
        };
        core.events.note(EventKind::Gate, format!("gate closed: {message}"));
        return Err(core.decide(kind, error, message, help.as_deref()));
    }
    Ok(())
}
