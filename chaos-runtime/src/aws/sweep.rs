//! The sweep: ending what dead runs have left in an account.

use super::Session;
use super::fis::{live_experiments, our_templates};
use super::tags::Origin;
use super::undo::{delete_template, stop};
use crate::{Error, Result};
use std::collections::{BTreeSet, HashMap};
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

/// Something in an account that an experiment has made and left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    /// What it is.
    pub kind: OrphanKind,
    /// Its id.
    pub id: String,
    /// The test that has made it.
    pub test: String,
    /// The run of the test.
    pub run: String,
    /// Whether its time is over; otherwise its process is known to have ended.
    pub expired: bool,
}

/// What may be left in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OrphanKind {
    /// A FIS experiment that runs.
    Experiment,
    /// A FIS experiment template.
    Template,
}

impl Orphan {
    fn of(kind: OrphanKind, id: Option<&str>, tags: Option<&HashMap<String, String>>) -> Option<Self> {
        let origin = Origin::of(tags).filter(Origin::is_orphaned)?;
        let expired = origin.is_expired();
        Some(Self { kind, id: id.unwrap_or_default().to_owned(), test: origin.test, run: origin.run, expired })
    }

    /// The command that ends or removes it, where credentials and region are those of the account.
    pub fn by_hand(&self) -> String {
        match self.kind {
            OrphanKind::Experiment => format!("aws fis stop-experiment --id {}", self.id),
            OrphanKind::Template => format!("aws fis delete-experiment-template --id {}", self.id),
        }
    }
}

impl std::fmt::Display for Orphan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            OrphanKind::Experiment => "experiment",
            OrphanKind::Template => "template",
        };
        write!(f, "{kind} {} of `{}` (run {})", self.id, self.test, self.run)
    }
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
        let mut swept = Swept::default();
        for orphan in self.orphans().await? {
            let outcome = match orphan.kind {
                OrphanKind::Experiment => stop(&self.fis, &orphan.id).await,
                OrphanKind::Template => delete_template(&self.fis, &orphan.id).await,
            };
            swept.note(orphan.to_string(), outcome);
        }
        Ok(swept)
    }

    /// What nobody answers for any more: experiments, then templates, of each what has expired first.
    async fn orphans(&self) -> Result<Vec<Orphan>> {
        let mut orphans = Vec::new();
        for experiment in live_experiments(&self.fis).await? {
            orphans.extend(Orphan::of(OrphanKind::Experiment, experiment.id(), experiment.tags()));
        }
        for template in our_templates(&self.fis).await? {
            orphans.extend(Orphan::of(OrphanKind::Template, template.id(), template.tags()));
        }
        orphans.sort_by(|a, b| (a.kind, !a.expired, &a.id).cmp(&(b.kind, !b.expired, &b.id)));
        Ok(orphans)
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

/// What [`sweep`] would end, with nothing ended. The same guard rails hold.
///
/// # Errors
/// As of [`sweep`].
pub async fn orphans(profile: &str) -> Result<Vec<Orphan>> {
    Session::for_sweep(profile).await?.orphans().await
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
