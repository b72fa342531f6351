//! Runs a planted system with many seeds and compares every verdict with the right one.

use super::service::{Harm, take_harm};
use chaos_runtime::experiment::virtual_time::simulate;
use chaos_runtime::experiment::{Body, CargoTarget, Options, Spec};
use chaos_runtime::report::journal::{ClaimRecord, ClaimRole, Journal, ReasonKind, Verdict};

/// With how many seeds each system runs.
pub(crate) const SEEDS: u64 = 20;

/// An experiment without claims, with short phases.
pub(crate) const BASE: Spec = Spec {
    name: "planted",
    module: "planted",
    package: "chaos-tests",
    file: file!(),
    line: 1,
    column: 1,
    cargo_target: CargoTarget::Test,
    doc: "",
    steady_state: &[],
    hypothesis: &[],
    abort_if: &[],
    calls: &[],
    options: Options::DEFAULT,
};

/// A static spec; every claim stands in brackets: `spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s])`.
macro_rules! spec {
    (
        $(steady $([$($steady:tt)*])*)?
        $(; hypothesis $([$($hypothesis:tt)*])*)?
        $(; abort_if $([$($guard:tt)*] $(for $sustained:expr)?),*)?
        $(; options { $($option:ident: $value:expr),* $(,)? })?
    ) => {{
        static SPEC: chaos_runtime::experiment::Spec = chaos_runtime::experiment::Spec {
            $(steady_state: &[$(chaos_runtime::slo!($($steady)*)),*],)?
            $(hypothesis: &[$(chaos_runtime::slo!($($hypothesis)*)),*],)?
            $(abort_if: &[$({
                #[allow(unused_mut)] // Only guards with `for` change it.
                let mut claim = chaos_runtime::slo!($($guard)*);
                $(claim.sustained = Some($sustained);)?
                claim
            }),*],)?
            $(options: chaos_runtime::experiment::Options {
                $($option: Some($value),)*
                ..chaos_runtime::experiment::Options::DEFAULT
            },)?
            ..$crate::judge::BASE
        };
        &SPEC
    }};
}
pub(crate) use spec;

/// The right verdict: its kind, and what the decisive reason must say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right {
    verdict: Verdict,
    kind: Option<ReasonKind>,
    says: &'static str,
}

const fn right(verdict: Verdict, kind: ReasonKind, says: &'static str) -> Right {
    Right { verdict, kind: Some(kind), says }
}

pub(crate) const PASSED: Right = Right { verdict: Verdict::Passed, kind: None, says: "" };

pub(crate) const fn refuted(says: &'static str) -> Right {
    right(Verdict::Refuted, ReasonKind::Hypothesis, says)
}

pub(crate) const fn inconclusive(says: &'static str) -> Right {
    right(Verdict::Inconclusive, ReasonKind::Inconclusive, says)
}

pub(crate) const fn unsteady(says: &'static str) -> Right {
    right(Verdict::Unsteady, ReasonKind::SteadyState, says)
}

pub(crate) const fn guarded(says: &'static str) -> Right {
    right(Verdict::Aborted, ReasonKind::Guard, says)
}

pub(crate) const fn errored(kind: ReasonKind, says: &'static str) -> Right {
    right(Verdict::Errored, kind, says)
}

pub(crate) const fn rollback_failed(says: &'static str) -> Right {
    right(Verdict::RollbackFailed, ReasonKind::Rollback, says)
}

pub(crate) const fn weakness(verdict: Verdict, says: &'static str) -> Right {
    right(verdict, ReasonKind::KnownWeakness, says)
}

/// One run and what it did to its system.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) journal: Journal,
    pub(crate) harm: Harm,
}

impl Run {
    /// The record of a claim of the hypothesis.
    pub(crate) fn claim(&self, text: &str) -> &ClaimRecord {
        self.of_role(ClaimRole::Hypothesis, text)
    }

    /// The record of a claim.
    pub(crate) fn of_role(&self, role: ClaimRole, text: &str) -> &ClaimRecord {
        let mut claims = self.journal.claims.iter().filter(|claim| claim.role == role);
        claims
            .find(|claim| claim.text == text)
            .unwrap_or_else(|| panic!("no claim `{text}`: {:#?}", self.journal.claims))
    }

    /// `recovery` of the fault number `index`, in seconds.
    pub(crate) fn recovery(&self, index: usize) -> f64 {
        let recovery = self.journal.faults[index].recovery.as_ref().expect("its recovery was watched");
        recovery.counted_us().expect("it recovered") as f64 / 1e6
    }
}

/// Runs it with one seed.
pub(crate) fn run(spec: &'static Spec, body: Body, seed: u64) -> Run {
    take_harm();
    let journal = simulate(spec, seed, body);
    Run { seed, journal, harm: take_harm() }
}

/// Runs it with every seed; panics unless all verdicts are the right one.
pub(crate) fn judge(spec: &'static Spec, right: Right, body: Body) -> Vec<Run> {
    let runs: Vec<Run> = (1..=SEEDS).map(|seed| run(spec, body, seed)).collect();
    let wrong: Vec<String> = runs.iter().filter_map(|run| disagreement(run, right)).collect();
    assert!(wrong.is_empty(), "{} of {SEEDS} runs are judged wrongly; right is {right:?}\n{}", wrong.len(), wrong[0]);
    runs
}

fn disagreement(Run { seed, journal, .. }: &Run, right: Right) -> Option<String> {
    let first = journal.reasons.first();
    let agrees = journal.verdict == right.verdict
        && first.map(|reason| reason.kind) == right.kind
        && first.is_none_or(|reason| reason.message.contains(right.says));
    // Whatever the verdict: every fault that was begun has had its undo once, and nothing else was undone.
    let rolled_back = journal.rollback.len() == journal.faults.len();
    (!agrees || !rolled_back).then(|| {
        let Journal { verdict, reasons, notes, phases, faults, claims, events, rollback, .. } = journal;
        let stats = journal.loads.iter().map(|load| {
            let phase = |p: &chaos_runtime::report::journal::PhaseStats| {
                let chaos_runtime::report::journal::LatencySummary { p50_us, p99_us, max_us, .. } = p.response;
                format!(
                    "    {:?}: due {} operations {} failed {} p50 {p50_us} p99 {p99_us} max {max_us}\n",
                    p.phase, p.due, p.operations, p.failed
                )
            };
            format!("{}:\n{}", load.name, load.phases.iter().map(phase).collect::<String>())
        });
        format!(
            "seed {seed}: {verdict:?}\nreasons: {reasons:#?}\nnotes: {notes:#?}\nloads: {}\nphases: {phases:?}\n\
             faults: {faults:#?}\nclaims: {claims:#?}\nevents: {events:#?}\nrollback: {rollback:#?}",
            stats.collect::<String>()
        )
    })
}
