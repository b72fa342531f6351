//! What the code base claims to survive, without running anything.

use crate::experiment::{Experiment, Spec};

/// What `#[chaos_test]` leaves in the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What the attribute says.
    pub spec: &'static Spec,
    /// Makes the experiment.
    pub experiment: fn() -> Experiment,
    /// The text of `#[ignore]`, which may be empty.
    pub ignored: Option<&'static str>,
    /// The text of `#[should_panic]`, which may be empty.
    pub should_panic: Option<&'static str>,
}

/// Every chaos test in this binary, in no particular order.
///
/// Only for listing: a test runs whether or not it is found here.
pub fn catalogue() -> impl ExactSizeIterator<Item = &'static Spec> {
    crate::__private::spec::CATALOGUE.iter().map(|entry| entry.spec)
}
