//! One experiment's cancellation: set once, seen by everything that waits.

use tokio::sync::watch;

/// Set when a guard tripped, a signal came or the time is out. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Cancel(watch::Sender<bool>);

impl Cancel {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn cancelled(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end with the value.
        let _ = receiver.wait_for(|cancelled| *cancelled).await;
    }
}
