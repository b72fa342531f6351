//! The sweep: ending what dead runs have left in an account.

use super::Session;
use super::fis::{live_experiments, our_templates};
use super::tags::Origin;
use super::undo::{delete_template, stop};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What a sweep has found and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// What was ended or removed, a line each.
    pub ended: Vec<String>,
    /// What could not be, a line each with the cause.
    pub failed: Vec<String>,
}

/// Which places this process has swept already.
pub(super) struct Sweeper(Mutex<BTreeSet<(String, String)>>);

impl Sweeper {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// Sweeps at the first call for this account and region; notes for the journal. A sweep that fails is told, and
    /// stops nobody.
    pub(super) async fn sweep_once(&self, session: &Session) -> Vec<String> {
        let place = (session.account.clone(), session.region.clone());
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
            return Vec::new();
        }
        match session.sweep().await {
            Ok(Swept { ended, failed }) => {
                let ended =
                    ended.into_iter().map(|what| format!("a dead run had left in the account, and was ended: {what}"));
                let failed = failed.into_iter().map(|what| format!("a dead run has left in the account: {what}"));
                ended.chain(failed).collect()
            }
            Err(error) => vec![format!("the account was not swept: {}", error.without_help())],
        }
    }
}

impl Session {
    /// Ends what nobody answers for any more: what has expired first.
    pub(crate) async fn sweep(&self) -> Result<Swept> {
        // A kill switch stops harm, never the ending of it.
        let mut experiments = Vec::new();
        for experiment in live_experiments(&self.fis).await? {
            let Some(origin) = Origin::of(experiment.tags()).filter(Origin::is_orphaned) else { continue };
            experiments.push((!origin.is_expired(), experiment.id().unwrap_or_default().to_owned(), origin));
        }
        experiments.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut templates = Vec::new();
        for template in our_templates(&self.fis).await? {
            let Some(origin) = Origin::of(template.tags()).filter(Origin::is_orphaned) else { continue };
            templates.push((!origin.is_expired(), template.id().unwrap_or_default().to_owned(), origin));
        }
        templates.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut swept = Swept::default();
        for (_, id, origin) in experiments {
            swept
                .note(format!("experiment {id} of `{}` (run {})", origin.test, origin.run), stop(&self.fis, &id).await);
        }
        for (_, id, origin) in templates {
            let outcome = delete_template(&self.fis, &id).await;
            swept.note(format!("template {id} of `{}` (run {})", origin.test, origin.run), outcome);
        }
        Ok(swept)
    }
}

impl Swept {
    fn note(&mut self, what: String, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.ended.push(what),
            Err(error) => self.failed.push(format!("{what}: {}", error.without_help())),
        }
    }
}

/// Ends what dead runs have left in the account of a profile: FIS experiments that run and templates, found by their
/// tags. What belongs to a process of this machine that lives, or to another machine and has not expired, is left alone.
///
/// Every run does this by itself when it first asks for the account. This is for the last step of a pipeline, which runs
/// whatever became of the tests:
///
/// ```no_run
/// # async fn step() -> chaos_runtime::Result {
/// let swept = chaos_runtime::aws::sweep("staging").await?;
/// println!("{swept}");
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the profile has no account, the guard rails of account, region and endpoints refuse it, or AWS does not answer.
/// What single things could not be ended stands in [`Swept::failed`].
pub async fn sweep(profile: &str) -> Result<Swept> {
    let session = Session::for_sweep(profile).await?;
    session.sweep().await
}

impl std::fmt::Display for Swept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.ended.is_empty() && self.failed.is_empty() {
            return f.write_str("nothing was left over");
        }
        let ended = self.ended.iter().map(|what| format!("ended: {what}"));
        let failed = self.failed.iter().map(|what| format!("failed to end: {what}"));
        f.write_str(&ended.chain(failed).collect::<Vec<_>>().join("\n"))
    }
}

impl Swept {
    /// An error if something is still there.
    ///
    /// # Errors
    /// Names all of it.
    pub fn complete(self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!("left over: {}", self.failed.join("; "))).help("end it in the FIS console"))
    }
}
