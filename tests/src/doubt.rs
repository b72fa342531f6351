//! Verdicts that are denied by a machine that stands still now and then.

use chaos_runtime::report::journal::{Journal, Verdict};

/// How often an experiment is run at most.
const TRIES: usize = 5;

/// Whether nothing but the measuring machine keeps a run from its verdict: the load's driver stood still. No test can keep
/// a machine from that.
pub fn machine_denied(journal: &Journal) -> bool {
    let of_the_machine = |message: &str| message.contains("the measuring machine");
    journal.verdict == Verdict::Inconclusive && journal.reasons.iter().all(|reason| of_the_machine(&reason.message))
}

/// Runs an experiment, and again where the machine [denied](machine_denied) it its verdict.
pub fn decided<T>(run: impl Fn() -> T, journal: impl Fn(&T) -> &Journal) -> T {
    again(run, |ran| !machine_denied(journal(ran)))
}

/// Runs an experiment, and again where its gate stayed closed because it was not well before anything was injected.
pub fn injected<T>(run: impl Fn() -> T, journal: impl Fn(&T) -> &Journal) -> T {
    again(run, |ran| !journal(ran).faults.is_empty())
}

fn again<T>(run: impl Fn() -> T, enough: impl Fn(&T) -> bool) -> T {
    (1..TRIES).map(|_| run()).find(enough).unwrap_or_else(&run)
}
