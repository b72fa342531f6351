//! Earlier attempts of a test, in the elements of Surefire's schema that CI servers read: `flaky…` where the test ended
//! well after all, `rerun…` where it did not.
//!
//! Jenkins' `junit-10.xsd` has them too; the Ant schema of Windy Road does not, so a file with retried tests is not
//! valid against that one.

use super::case::{self, Element};
use super::{Life, suite};
use crate::report::journal::{Journal, Verdict};
use crate::report::terminal::{self, Style};
use crate::report::text;
use std::path::{Path, PathBuf};

/// Most bytes of an earlier attempt's report.
const REPORT_BYTES: usize = 16 * 1024;

/// The earlier attempts of a test in the same run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Earlier {
    /// How each of them ended, in order.
    pub(crate) verdicts: Vec<String>,
    /// The journals of those that did not end well, in order, and where they lie. Not of all, if there are many.
    pub(crate) failed: Vec<(Journal, PathBuf)>,
}

/// An attempt that did not end well.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rerun {
    /// A failure or an error.
    pub(super) element: Element,
    pub(super) kind: String,
    pub(super) message: String,
    /// Where and why.
    pub(super) trace: String,
    /// The report as the terminal showed it.
    pub(super) report: String,
}

impl Earlier {
    pub(super) fn reruns(&self) -> Vec<Rerun> {
        self.failed.iter().filter_map(|(journal, path)| rerun(journal, path)).collect()
    }
}

fn rerun(journal: &Journal, path: &Path) -> Option<Rerun> {
    let told;
    let journal = if journal.verdict == Verdict::Running {
        told = suite::with_its_end(journal);
        &told
    } else {
        journal
    };
    let status = case::experiment_status(journal, Life::Dead).filter(|status| status.element != Element::Skipped)?;
    let report = terminal::render(journal, Some(path), Style::PLAIN);
    Some(Rerun {
        element: status.element,
        kind: status.kind,
        message: status.message,
        trace: status.body,
        report: text::capped(report.trim_end(), REPORT_BYTES).into_owned(),
    })
}
