//! Asking a test binary for its catalogue.

use super::catalogue::{CATALOGUE_VERSION, Catalogue};
use crate::{Error, Result};
use std::path::Path;
use std::process::Child;

/// A test binary that was asked for its catalogue and may not have answered yet, so that several answer at once.
#[derive(Debug)]
pub struct Asked(Child);

impl Catalogue {
    /// The name of the section of an executable by which it says that it can be asked.
    ///
    /// An executable without it is a stranger: started, it would do whatever it does.
    pub const SECTION: &'static str = "chaos_catalogue";

    /// Whether what stands in [`SECTION`](Self::SECTION) means that the executable answers in a version of the format
    /// that is understood here.
    pub fn is_understood(section: &[u8]) -> bool {
        let text = std::str::from_utf8(section).ok().and_then(|text| text.trim_end_matches('\0').strip_prefix("v"));
        text.and_then(|version| version.parse::<u32>().ok()).is_some_and(|version| version <= CATALOGUE_VERSION)
    }

    /// Asks the test binary `executable`, which must have the [section](Self::SECTION). Its `main` is never reached, so
    /// nothing of what it tests runs.
    ///
    /// # Errors
    /// When it can't be started, or where this is no Linux: nowhere else code of ours runs before a foreign `main`.
    pub fn ask(executable: &Path) -> Result<Asked> {
        if cfg!(not(target_os = "linux")) {
            return Err(Error::new("a test binary tells its catalogue on Linux only")
                .help("run `cargo chaos list` on Linux; tests run everywhere with `cargo test`"));
        }
        let mut command = crate::catalogue::question::ask(executable);
        let started = command.spawn().map(Asked);
        started.map_err(|error| Error::new(format!("can't start {}", executable.display())).caused_by(error))
    }
}

impl Asked {
    /// Waits for the answer.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn answer(self) -> Result<Catalogue> {
        let output = self.0.wait_with_output().map_err(|error| Error::new("no answer").caused_by(error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = super::text::line(&said, 500);
            return Err(Error::new(format!("it ended with {}: {said}", output.status)));
        }
        Catalogue::parse(&output.stdout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_is_not_asked() {
        assert!(Catalogue::is_understood(b"v1"));
        assert!(Catalogue::is_understood(b"v1\0\0"));
        for other in [&b"v2"[..], b"", b"1", b"v", b"\xff"] {
            assert!(!Catalogue::is_understood(other), "{other:?}");
        }
    }
}
