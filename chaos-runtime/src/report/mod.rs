//! Reports: the journal is the one source; JUnit, terminal and page show only what stands in it.

pub(crate) mod annotation;
pub mod catalogue;
mod catalogue_ask;
mod columns;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz;
mod gathered;
pub mod journal;
mod junit;
pub(crate) mod live;
mod markdown;
mod overview;
pub mod page;
mod recorded;
pub(crate) mod run;
#[cfg(any(test, feature = "schema"))]
#[doc(hidden)]
pub mod sample;
#[cfg(feature = "schema")]
mod schema;
#[cfg(test)]
mod snapshot;
pub(crate) mod terminal;
pub(crate) mod text;
mod words;

pub use catalogue_ask::Asked;
pub use gathered::{Gathered, gather};
pub use junit::{JunitFile, JunitProfile};
pub use recorded::{RecordedExperiment, RecordedRun, runs};
#[cfg(feature = "schema")]
pub use schema::journal_schema;
pub use terminal::Style;
