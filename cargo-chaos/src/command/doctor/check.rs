//! One look at something that chaos tests need.

use chaos_runtime::{Error, machine};
use serde::Serialize;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Some faults or measurements are not to be had, or not as well.
    Warning,
    /// This project needs it, and it is not there.
    Missing,
    /// Nothing here uses it.
    NotNeeded,
}

/// What was looked at, what was found, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Checks of one kind stand together: `project`, `docker`, `faults`, `machine`, `places`, `settings`, `aws`, `ci`.
    pub(super) group: &'static str,
    /// What was looked at.
    pub(super) name: String,
    /// What it came to.
    pub(super) state: State,
    /// What was found: versions, numbers, reasons.
    pub(super) found: String,
    /// Which faults or measurements need it.
    pub(super) why: String,
    /// The way out, as a command or a sentence. Missing where nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Check {
    fn new(group: &'static str, name: impl Into<String>, state: State, found: impl AsRef<str>) -> Self {
        let found = machine::line(found.as_ref());
        Self { group, name: name.into(), state, found, why: String::new(), fix: None }
    }

    pub(super) fn ok(group: &'static str, name: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::new(group, name, State::Ok, found)
    }

    pub(super) fn warning(group: &'static str, name: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::new(group, name, State::Warning, found)
    }

    pub(super) fn missing(group: &'static str, name: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::new(group, name, State::Missing, found)
    }

    pub(super) fn not_needed(group: &'static str, name: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::new(group, name, State::NotNeeded, found)
    }

    /// What the runtime says is wrong, with its way out.
    pub(super) fn because(group: &'static str, name: impl Into<String>, is_needed: bool, error: &Error) -> Self {
        let text = error.to_string();
        let (found, fix) = text.split_once("\nhelp: ").unwrap_or((&text, ""));
        let state = if is_needed { State::Missing } else { State::Warning };
        let check = Self::new(group, name, state, found);
        if fix.is_empty() { check } else { check.fix(fix) }
    }

    /// Which faults or measurements need it.
    pub(super) fn why(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }

    /// The way out.
    pub(super) fn fix(self, fix: impl AsRef<str>) -> Self {
        Self { fix: Some(machine::line(fix.as_ref())), ..self }
    }
}
