//! What is wrong with a plan.

use std::fmt;

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The action's name; `None` for the plan itself.
    pub action: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Some(name) => write!(f, "action `{name}`: {}\n  help: {}", self.message, self.help),
            None => write!(f, "{}\n  help: {}", self.message, self.help),
        }
    }
}

/// Everything that is wrong with a plan, found before any call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// At least one.
    pub fn all(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            [_] => write!(f, "the FIS experiment cannot be run:")?,
            several => write!(f, "the FIS experiment cannot be run, for {} reasons:", several.len())?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n- {}", problem.to_string().replace('\n', "\n  ")))
    }
}

impl std::error::Error for Problems {}

/// Problems as they are found.
#[derive(Default)]
pub(super) struct Found(Vec<Problem>);

impl Found {
    pub(super) fn push(&mut self, action: Option<&str>, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Problem { action: action.map(str::to_owned), message: message.into(), help: help.into() });
    }

    pub(super) fn into_result(self) -> Result<(), Problems> {
        if self.0.is_empty() { Ok(()) } else { Err(Problems(self.0)) }
    }
}
