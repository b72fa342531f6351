//! Reports: the journal is the one source; JUnit, terminal and page show only what stands in it.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz;
pub mod journal;
mod junit;
pub(crate) mod live;
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

#[cfg(feature = "schema")]
pub use schema::journal_schema;
