//! A run at a glance: what failed, in the order in which a reader wants to know.

use super::journal::{ClaimRole, Journal, Judgement, PhaseKind, RecoveryState, Verdict};
use super::text;
use crate::figure;

/// Published journals, what needs a reader first.
pub(super) struct Overview {
    /// Those that something is to be done about come first.
    pub(super) journals: Vec<Journal>,
    /// Which of the given ones each of them was.
    pub(super) order: Vec<usize>,
    unreadable: usize,
}

impl Overview {
    /// Of journals in the order of their starts.
    pub(super) fn of<'a>(journals: impl IntoIterator<Item = &'a Journal>, unreadable: usize) -> Self {
        let mut journals: Vec<_> = journals.into_iter().map(text::publish).enumerate().collect();
        journals.sort_by_key(|(_, journal)| rank(journal.verdict));
        let (order, journals) = journals.into_iter().unzip();
        Self { journals, order, unreadable }
    }

    /// The answer in one line: `1 of 4 experiments failed`.
    pub(super) fn headline(&self) -> String {
        let all = self.journals.len() as u64;
        let failed = self.count(is_failed);
        let running = self.count(|verdict| verdict == Verdict::Running);
        let passed = self.count(|verdict| verdict == Verdict::Passed);
        if all == 0 {
            return if self.unreadable > 0 { self.unread() } else { "No experiment has run".to_owned() };
        }
        let mut text = if failed > 0 {
            format!("{} of {} failed", figure::count(failed), figure::counted(all, "experiment"))
        } else if running > 0 {
            format!("{} of {} not ended", figure::count(running), figure::counted(all, "experiment"))
        } else if passed == all {
            if all == 1 {
                "The experiment passed".to_owned()
            } else {
                format!("All {} experiments passed", figure::count(all))
            }
        } else {
            format!("{} of {} passed, none failed", figure::count(passed), figure::counted(all, "experiment"))
        };
        if self.count(|verdict| verdict == Verdict::RollbackFailed) > 0 {
            text.push_str("; a fault was left behind");
        }
        if self.unreadable > 0 {
            text.push_str(&format!("; {}", self.unread()));
        }
        text
    }

    /// How many ended how: `1 refuted, 3 passed`.
    pub(super) fn counts(&self) -> String {
        let mut counts: Vec<(Verdict, u64)> = Vec::new();
        for journal in &self.journals {
            match counts.iter_mut().find(|(verdict, _)| *verdict == journal.verdict) {
                Some((_, count)) => *count += 1,
                None => counts.push((journal.verdict, 1)),
            }
        }
        let told = counts.iter().map(|(verdict, count)| format!("{} {}", figure::count(*count), verdict.name()));
        told.collect::<Vec<_>>().join(", ")
    }

    /// Whether what is shown comes from several machines or profiles, so that each has to say from which.
    pub(super) fn is_from_several_places(&self) -> bool {
        let place = |journal: &Journal| (journal.run.profile.clone(), journal.run.host.clone());
        self.journals.windows(2).any(|pair| place(&pair[0]) != place(&pair[1]))
    }

    fn count(&self, which: impl Fn(Verdict) -> bool) -> u64 {
        self.journals.iter().filter(|journal| which(journal.verdict)).count() as u64
    }

    fn unread(&self) -> String {
        format!("{} can't be read", figure::counted(self.unreadable as u64, "record"))
    }
}

/// Neither ok nor still running.
pub(super) fn is_failed(verdict: Verdict) -> bool {
    !verdict.is_ok() && verdict != Verdict::Running
}

/// Harm that is still there first, what needs nobody last.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::RollbackFailed => 0,
        Verdict::Refuted => 1,
        Verdict::Aborted | Verdict::Errored | Verdict::Unsteady => 2,
        Verdict::Inconclusive => 3,
        Verdict::Running => 4,
        Verdict::KnownWeakness => 5,
        Verdict::Skipped => 6,
        Verdict::Passed => 7,
    }
}

/// The one reason that says most; of a passed experiment what was proven.
pub(super) fn decisive(journal: &Journal) -> String {
    if let Some(reason) = journal.reasons.first() {
        return reason.message.lines().next().unwrap_or_default().to_owned();
    }
    let held = |role| {
        let claims = journal.claims.iter().filter(move |claim| claim.role == role);
        claims.filter(|claim| claim.judgement == Judgement::Holds).count() as u64
    };
    match (journal.verdict, held(ClaimRole::Hypothesis) + held(ClaimRole::Expectation)) {
        (Verdict::Running, _) => "no verdict yet".to_owned(),
        (Verdict::Passed, 1) => "1 claim holds".to_owned(),
        (Verdict::Passed, n) => format!("{} claims hold", figure::count(n)),
        (verdict, _) => verdict.name().to_owned(),
    }
}

/// How long the slowest recovery took, or how else it ended. Empty where nothing had to recover.
pub(super) fn recovery(journal: &Journal) -> String {
    let recoveries = || journal.faults.iter().filter_map(|fault| fault.recovery.as_ref());
    let bad = |state| matches!(state, RecoveryState::Permanent | RecoveryState::Relapsed | RecoveryState::Undecided);
    if let Some(recovery) = recoveries().find(|recovery| bad(recovery.state)) {
        return recovery.state.name().to_owned();
    }
    match recoveries().filter_map(|recovery| recovery.counted_us()).max() {
        Some(us) => figure::duration(us),
        None => recoveries().next().map(|recovery| recovery.state.name().to_owned()).unwrap_or_default(),
    }
}

/// What the load measured under the fault, of each load that is no control group: `91.84 % success, P99 412 ms`.
pub(super) fn key_values(journal: &Journal) -> String {
    let loads: Vec<_> = journal.loads.iter().filter(|load| !load.control).collect();
    let told = loads.iter().filter_map(|load| {
        let stats = load.phases.iter().find(|stats| stats.phase == PhaseKind::Fault && stats.operations > 0)?;
        let name = if loads.len() > 1 { format!("{}: ", load.name) } else { String::new() };
        let p99 = if stats.response.count > 0 {
            format!(", P99 {}", figure::duration(stats.response.p99_us))
        } else {
            String::new()
        };
        Some(format!("{name}{} success{p99}", figure::share(stats.succeeded, stats.operations)))
    });
    told.collect::<Vec<_>>().join("; ")
}
