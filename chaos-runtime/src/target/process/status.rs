//! What is known about a child process.

use crate::target::output::Tail;
use crate::{Error, Result};
use std::process::ExitStatus;

/// A child process as its owner last saw it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    /// How often it has been started; tells the processes apart that lived behind one address.
    pub(crate) run: u32,
    /// Its id while it lives (stopped counts as living).
    pub(crate) pid: Option<u32>,
    /// It is ready in the sense of [`Ready`](super::Ready).
    pub(crate) ready: bool,
    /// The last end that was seen: of which run, and how.
    pub(crate) exit: Option<(u32, ExitStatus)>,
    /// It is down and will be started again by itself.
    pub(crate) restarting: bool,
    /// Why the last start failed.
    pub(crate) failure: Option<String>,
    /// The rollback has ended it; it is not started any more.
    pub(crate) closed: bool,
}

impl Status {
    /// Whether waiting longer for it to become ready makes no sense.
    pub(super) fn settled(&self) -> bool {
        let down = self.pid.is_none() && self.exit.is_some() && !self.restarting;
        self.ready || self.closed || self.failure.is_some() || down
    }

    /// The id of the living process; the error says how it ended and what it wrote last.
    pub(super) fn living(&self, target: &str, tail: &Tail) -> Result<u32> {
        self.pid.ok_or_else(|| {
            let why = match (&self.failure, self.exit) {
                _ if self.closed => "it was ended by the rollback".to_owned(),
                (Some(failure), _) => failure.clone(),
                (None, Some((_, status))) => format!("it ended with {status}"),
                (None, None) => "it was never started".to_owned(),
            };
            Error::new(format!("{target} is not running: {why}{}", tail.block()))
                .help("a process that is down can't be harmed; wait until it is back, or find out why it ended")
        })
    }
}
