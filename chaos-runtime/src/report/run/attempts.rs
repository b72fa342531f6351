//! Earlier attempts of a test in the same run: nextest's retries, or the same test started again.
//!
//! `state/<name>.attempts` has a line with the verdict of each; `attempts/<name>.<number>.json` is its journal.

use crate::report::journal::{Journal, Verdict};
use crate::report::junit::{Earlier, Life};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Of how many attempts that failed, and of how many that ended well, the journals are kept: the first ones. Of
/// the others only the verdict.
const KEPT: usize = 10;

/// The earlier attempts of one test.
#[derive(Debug)]
pub(super) struct Attempts {
    verdicts: PathBuf,
    /// Without number and extension.
    journals: PathBuf,
}

impl Attempts {
    /// Those of the test whose record is called `name`, in a run's folder.
    pub(super) fn of(run: &Path, name: &str) -> Self {
        let verdicts = run.join("state").join(format!("{name}.attempts"));
        Self { verdicts, journals: run.join("attempts").join(name) }
    }

    /// Notes an attempt that is about to be replaced at `record`, which stays where it is.
    pub(super) fn note(&self, record: &Path, journal: &Journal, life: Life) -> io::Result<()> {
        let earlier = self.read_verdicts();
        let ended = match life {
            Life::Dead => "killed",
            Life::Alive | Life::Ended => journal.verdict.name(),
        };
        let alike = earlier.iter().filter(|verdict| is_ok(verdict) == is_ok(ended)).count();
        // Where the same test still runs elsewhere, nothing is known of it yet.
        if life != Life::Alive && alike < KEPT {
            let kept = self.journal(earlier.len() + 1);
            fs::create_dir_all(kept.parent().unwrap_or(&kept))?;
            // One may be left of a process that was killed before it could write the line below.
            let _ = fs::remove_file(&kept);
            // Records are never changed, only replaced, so both may be one.
            if fs::hard_link(record, &kept).is_err() {
                fs::copy(record, &kept)?;
            }
        }
        self.add(ended)
    }

    /// Notes an attempt of which nothing is known: its record can't be read.
    pub(super) fn note_unreadable(&self) -> io::Result<()> {
        self.add("unreadable")
    }

    fn add(&self, ended: &str) -> io::Result<()> {
        writeln!(OpenOptions::new().create(true).append(true).open(&self.verdicts)?, "{ended}")
    }

    /// What is known about them.
    pub(super) fn read(&self) -> Earlier {
        let verdicts = self.read_verdicts();
        let numbers = 1..=verdicts.len();
        let failed = numbers.zip(&verdicts).filter(|(_, verdict)| !is_ok(verdict)).take(KEPT);
        // What can't be read is still counted.
        let failed = failed.filter_map(|(number, _)| {
            let path = self.journal(number);
            Some((super::record::read(&path).ok()?, path))
        });
        Earlier { failed: failed.collect(), verdicts }
    }

    fn journal(&self, number: usize) -> PathBuf {
        let mut path = self.journals.clone().into_os_string();
        path.push(format!(".{number}.json"));
        path.into()
    }

    /// How they ended, in order.
    pub(super) fn verdicts(&self) -> Vec<String> {
        self.read_verdicts()
    }

    fn read_verdicts(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.verdicts).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn is_ok(verdict: &str) -> bool {
    [Verdict::Passed, Verdict::KnownWeakness, Verdict::Skipped].iter().any(|ok| ok.name() == verdict)
}
