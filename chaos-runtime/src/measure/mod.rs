//! Measuring: outcomes, histograms, phases, seconds, recovery.

mod outcome;

pub use outcome::{ErrorClass, Outcome};
