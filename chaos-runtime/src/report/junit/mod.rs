//! JUnit XML for Jenkins, GitLab, GitHub and whatever else reads it.
//!
//! One `<testsuite>` per experiment with its figures as properties, one `<testcase>` per claim and
//! one for the experiment itself. The file is valid against Jenkins' `junit-10.xsd` and the Ant
//! schema of Windy Road at once, which fixes the order of elements and forbids totals on
//! `<testsuites>`.
//!
//! A test that has not ended is an error, whether it is alive or not: should the whole run be killed
//! now, nothing rewrites the file any more, and it must not look green.

mod case;
mod profile;
mod properties;
mod rerun;
mod suite;
mod xml;

pub(super) use profile::files;
pub use profile::{JunitFile, JunitProfile};
pub(crate) use rerun::Earlier;
pub(crate) use suite::{Suite, with_its_end};
#[cfg(feature = "fuzzing")]
pub(crate) use xml::document;
pub(crate) use xml::{Names, TAIL, head, suite};

/// What is known about the writer of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Life {
    /// The record has its verdict.
    Ended,
    /// No verdict yet; the process that writes it is alive.
    Alive,
    /// No verdict, and nobody left to write one.
    Dead,
}

#[cfg(test)]
mod tests;
