//! The labels by which everything that an experiment makes is found again.

use crate::sys::Owner;
use std::collections::HashMap;

/// On everything of one experiment; what it has is unique.
pub(super) const EXPERIMENT: &str = "chaos-test.experiment";
/// The process that answers for it: `<host>/<pid>/<start>`.
pub(super) const OWNER: &str = "chaos-test.owner";
/// The name of the test, for people.
pub(super) const TEST: &str = "chaos-test.test";
/// On containers that the next tests of a run find again: what makes them the same.
pub(super) const REUSE: &str = "chaos-test.reuse";
/// What reports call it.
pub(super) const TARGET: &str = "chaos-test.target";
/// On helpers: the id of the container that they stand beside.
pub(super) const HELPER_OF: &str = "chaos-test.helper-of";
/// On helpers: what they share with it.
pub(super) const HELPER_KIND: &str = "chaos-test.helper-kind";
/// On helpers: when that container's life had begun in which it stands beside it.
pub(super) const HELPER_LIFE: &str = "chaos-test.helper-life";

/// The labels of one experiment.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    token: String,
    test: String,
    owner: String,
}

impl Labels {
    pub(super) fn new(experiment: &str) -> Self {
        let token = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        Self { token, test: experiment.to_owned(), owner: Owner::current().to_string() }
    }

    /// `name=value`, for filters.
    pub(super) fn filter(&self) -> String {
        format!("{EXPERIMENT}={}", self.token)
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn all(&self) -> HashMap<String, String> {
        [(EXPERIMENT, &self.token), (TEST, &self.test), (OWNER, &self.owner)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into()
    }
}
