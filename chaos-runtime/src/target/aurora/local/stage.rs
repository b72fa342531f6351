//! How far something has come that goes on for a while: a failover, a restart.

use crate::fault::Evidence;
use crate::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How long a look at what goes on waits for the next step.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) enum Stage<T> {
    /// The writer is still there.
    Before,
    /// It is gone, in words.
    Gone(String),
    Over(Result<T, Failure>),
}

/// An error that several may be told.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    message: String,
    help: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { message: error.without_help(), help: error.help_text().map(str::to_owned) }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = Self::new(failure.message);
        match failure.help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

/// It runs, and this is known of it. Clones speak of the same one.
#[derive(Debug)]
pub(super) struct Running<T> {
    stage: watch::Receiver<Stage<T>>,
    sender: Arc<watch::Sender<Stage<T>>>,
    task: Arc<Mutex<Option<AbortHandle>>>,
}

impl<T> Clone for Running<T> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone(), sender: self.sender.clone(), task: self.task.clone() }
    }
}

impl<T: Clone + ToString + Send + Sync + 'static> Running<T> {
    pub(super) fn new() -> Self {
        let (sender, stage) = watch::channel(Stage::Before);
        Self { stage, sender: Arc::new(sender), task: Arc::default() }
    }

    /// Lets it run: it may take long, and a signal's rollback does not wait for it.
    pub(super) fn spawn(&self, on: &Handle, course: impl Future<Output = Result<T>> + Send + 'static) {
        let sender = self.sender.clone();
        let spawned = on.spawn(async move {
            let outcome = course.await.map_err(Failure::from);
            sender.send_replace(Stage::Over(outcome));
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(spawned.abort_handle());
    }

    /// The writer is gone, in words.
    pub(super) fn gone(&self, text: String) {
        self.sender.send_replace(Stage::Gone(text));
    }

    /// Ends it wherever it is.
    pub(super) fn abort(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// What has been seen of it; waits a moment for the first sign.
    pub(super) async fn evidence(&mut self) -> Result<Evidence> {
        let _ = tokio::time::timeout(LOOK, self.stage.wait_for(|stage| !matches!(stage, Stage::Before))).await;
        match &*self.stage.borrow() {
            Stage::Before => Ok(Evidence::none("the writer is still there")),
            Stage::Gone(text) => Ok(Evidence::seen(text)),
            Stage::Over(Ok(outcome)) => Ok(Evidence::seen(outcome.to_string())),
            Stage::Over(Err(failure)) => Err(failure.clone().into()),
        }
    }

    /// Waits for its end.
    pub(super) async fn outcome(&mut self) -> Result<T> {
        match self.stage.wait_for(|stage| matches!(stage, Stage::Over(_))).await.as_deref() {
            Ok(Stage::Over(outcome)) => Ok(outcome.clone()?),
            _ => Err(Error::new("it was ended in the middle")),
        }
    }
}
