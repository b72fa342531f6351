//! What became of one attempt.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an attempt failed. Names as in the claim grammar's `error(…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// The connection was refused.
    Refused,
    /// The connection was reset.
    Reset,
    /// The peer closed the connection before the answer was whole.
    Closed,
    /// No answer in time.
    Timeout,
    /// The name could not be resolved.
    Dns,
    /// The TLS handshake failed.
    Tls,
    /// The answer had an unwelcome HTTP status.
    Status,
    /// The answer's body was broken or not what was expected.
    Body,
    /// The operation panicked.
    Panicked,
    /// Still in flight when the run ended.
    Unfinished,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// All classes, in the order in which reports list them.
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::Reset,
        Self::Closed,
        Self::Timeout,
        Self::Dns,
        Self::Tls,
        Self::Status,
        Self::Body,
        Self::Panicked,
        Self::Unfinished,
        Self::Other,
    ];

    /// The name used in claims, journals and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Status => "status",
            Self::Body => "body",
            Self::Panicked => "panicked",
            Self::Unfinished => "unfinished",
            Self::Other => "other",
        }
    }

    /// Position in [`ErrorClass::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of one attempt of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `None` = success.
    pub error: Option<ErrorClass>,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// What the error said; kept for the first failure of each class only.
    pub message: Option<String>,
}

impl Outcome {
    /// A success without a status.
    pub const OK: Self = Self { error: None, status: None, message: None };

    /// A failure of this class.
    pub fn failed(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { error: Some(class), status: None, message: Some(message.into()) }
    }

    /// The same outcome with an HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Whether the attempt succeeded.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }
}
