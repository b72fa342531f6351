//! Names that the file gives: of profiles, targets, and what is secret.

use super::problem::Wrong;

/// A name: not blank, in one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(super) String);

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        if text.trim().is_empty() {
            return Err(Wrong::new("an empty name", "give it a name, as in [profile.staging.http] orders = …"));
        }
        if text.chars().any(char::is_control) {
            return Err(Wrong::new("a name with control characters", "take them out"));
        }
        Ok(Self(text.to_owned()))
    }
}
