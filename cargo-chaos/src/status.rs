//! What the exit code says.

use std::process::ExitCode;

/// How a command ended. Wrong usage is clap's 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything is as it should be.
    Fine,
    /// The command did what was asked, and the answer is bad news: a test failed, a finding is overdue, something is
    /// left that could not be undone.
    BadNews,
    /// The command could not do what was asked.
    Failed,
}

impl Status {
    /// Bad news if there are any.
    pub(crate) fn of(fine: bool) -> Self {
        if fine { Self::Fine } else { Self::BadNews }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Fine => 0,
            Status::BadNews => 1,
            Status::Failed => 3,
        })
    }
}
