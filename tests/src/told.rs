//! What a run has told, by its status and by its output.

use crate::home::Ended;
use std::time::Duration;

impl Ended {
    /// The test binary says ok.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn assert_passes(&self) {
        assert!(self.status.success(), "{}\n{}", self.status, self.output);
    }

    /// The test binary says failed, within this time.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn assert_fails_within(&self, limit: Duration) {
        assert_eq!(self.status.code(), Some(101), "{}", self.output);
        assert!(self.waited < limit, "it took {:?}\n{}", self.waited, self.output);
    }

    /// Each of these texts is somewhere in its output. Reports are wrapped, so line breaks mean nothing.
    ///
    /// # Panics
    /// If one is not.
    #[track_caller]
    pub fn assert_says(&self, texts: &[&str]) {
        let output = self.output.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in texts {
            assert!(output.contains(text), "`{text}` is not in:\n{}", self.output);
        }
    }
}
