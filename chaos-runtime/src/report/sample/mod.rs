//! Fixed journals, one for each way in which an experiment can end: what reports are tested on.

mod more;
mod parts;

use super::journal::*;
use super::{RecordedExperiment, RecordedRun};
use crate::experiment::Urgency;
pub use more::*;
use parts::{broken, checkout_load, claim, event, latency_fault, not_judged, phases, reason};
use std::path::PathBuf;

/// Every sample with a name that fits in a file name.
pub fn all() -> Vec<(&'static str, Journal)> {
    vec![
        ("passed", passed()),
        ("refuted", refuted()),
        ("unsteady", unsteady()),
        ("inconclusive", inconclusive()),
        ("guard", guard()),
        ("interrupted", interrupted()),
        ("panicked", panicked()),
        ("rollback-failed", rollback_failed()),
        ("known-weakness", known_weakness()),
        ("skipped", skipped()),
        ("running", running()),
        ("killed", killed()),
        ("control-group", control_group()),
        ("probes", probes()),
        ("ledger", ledger()),
        ("failover", failover()),
        ("several-faults", several_faults()),
        ("hostile", hostile()),
    ]
}

/// A run of these journals, in a folder that does not exist.
pub fn run(journals: impl IntoIterator<Item = Journal>) -> RecordedRun {
    let path = PathBuf::from("/builds/shop/target/chaos/runs/4711-1234567");
    let experiment = |(i, journal)| RecordedExperiment { journal, path: path.join(format!("experiment-{i}.json")) };
    let experiments = journals.into_iter().enumerate().map(experiment).collect();
    RecordedRun { id: "4711-1234567".to_owned(), path: path.clone(), experiments, unreadable: Vec::new() }
}

const MS: u64 = 1_000;
const S: u64 = 1_000_000;

/// The fault slowed everything down within what was promised.
pub fn passed() -> Journal {
    let mut journal = running();
    journal.verdict = Verdict::Passed;
    journal.duration_us = 19_120 * MS;
    journal.phases = phases();
    journal.faults = vec![latency_fault()];
    journal.loads = vec![checkout_load(0)];
    journal.claims = vec![
        claim("success_rate >= 99%", ClaimRole::SteadyState, 100.0, 99.0, "%", 600),
        claim("p99 < 100ms", ClaimRole::SteadyState, 0.0123, 0.1, "s", 600),
        claim("during(success_rate >= 99%)", ClaimRole::Hypothesis, 99.84, 99.0, "%", 2_010),
        claim("during(p99 < 800ms)", ClaimRole::Hypothesis, 0.412, 0.8, "s", 2_010),
        claim("recovery <= 5s", ClaimRole::Hypothesis, 1.95, 5.0, "s", 1),
        claim("after(p99 <= 110% of baseline)", ClaimRole::Hypothesis, 0.0127, 0.0135, "s", 624),
        claim("success_rate >= 99%", ClaimRole::SteadyStateAfter, 100.0, 99.0, "%", 624),
        claim("p99 < 100ms", ClaimRole::SteadyStateAfter, 0.0127, 0.1, "s", 624),
    ];
    journal.claims[4].interval = None;
    journal.events = vec![
        event(0, EventKind::Phase, "warm-up"),
        event(0, EventKind::Load, "load `checkout` started"),
        event(S, EventKind::Phase, "baseline"),
        event(4 * S, EventKind::Gate, "steady state met"),
        event(4 * S, EventKind::Inject, "latency 300ms ± 50ms towards the client"),
        event(4_050 * MS, EventKind::Confirm, "2,010 chunks delayed"),
        event(14_050 * MS, EventKind::Clear, "latency 300ms ± 50ms towards the client"),
        event(16 * S, EventKind::Recovered, "steady state is back"),
    ];
    journal.rollback = vec![RollbackRecord {
        what: "remove latency".to_owned(),
        target: "proxy 127.0.0.1:4000".to_owned(),
        at_us: 14_050 * MS,
        took_us: 900,
        attempts: 1,
        remark: None,
        error: None,
        by_hand: "remove latency (ended with the test process)".to_owned(),
    }];
    journal
}

/// Slower than promised, and errors on top.
pub fn refuted() -> Journal {
    let mut journal = passed();
    journal.verdict = Verdict::Refuted;
    journal.loads = vec![checkout_load(164)];
    journal.claims[2] = broken(claim("during(success_rate >= 99%)", ClaimRole::Hypothesis, 91.84, 99.0, "%", 2_010));
    journal.claims[3] = broken(claim("during(p99 < 800ms)", ClaimRole::Hypothesis, 0.0, 0.8, "s", 2_010));
    journal.claims[3].measured = "failed (8.16 % of operations failed)".to_owned();
    journal.claims[3].value = None;
    journal.claims[3].interval = Some(Interval { low: Some(1.9), high: None, level: 0.95, decides: true });
    journal.claims[5].judgement = Judgement::Inconclusive;
    journal.claims[5].remark = "624 operations are too few to tell: 1,200 more would decide".to_owned();
    journal.reasons = vec![
        reason(
            ReasonKind::Hypothesis,
            "during(success_rate >= 99%) is false: 91.84 % of 2,010 operations succeeded",
            Some(
                "the first failure was a timeout after 2 s: is there a retry, and does the caller's time-out leave room for it?",
            ),
        ),
        reason(ReasonKind::Hypothesis, "during(p99 < 800ms) is false: P99 is a failed operation", None),
    ];
    journal.notes = vec![
        "the claim `after(p99 <= 110% of baseline)` needs 1,200 more operations: raise the rate or `after`".to_owned(),
    ];
    journal.outputs = vec![OutputRecord {
        target: "process inventory".to_owned(),
        lines: vec![
            "INFO listening on 127.0.0.1:4001".to_owned(),
            "\u{1b}[33mWARN\u{1b}[0m connection pool exhausted (16/16), 212 waiting".to_owned(),
            "WARN request dropped: deadline exceeded <id=7> & \"retry\"".to_owned(),
        ],
        at_us: vec![12 * MS, 4_870 * MS, 6_010 * MS],
    }];
    journal.finding = Some(Finding {
        id: None,
        urgency: None,
        owner: None,
        fix_by: None,
        claims: vec!["during(success_rate >= 99%)".to_owned(), "during(p99 < 800ms)".to_owned()],
    });
    journal
}

/// The gate did not hold.
pub fn unsteady() -> Journal {
    let mut journal = passed();
    journal.verdict = Verdict::Unsteady;
    journal.duration_us = 4_010 * MS;
    journal.phases.truncate(2);
    journal.faults.clear();
    journal.rollback.clear();
    let load = &mut journal.loads[0];
    load.phases.truncate(2);
    load.bins.truncate(4);
    load.phases[1].response.p99_us = 184 * MS;
    load.phases[1].response.max_us = 240 * MS;
    load.bins[2].p99_us = 211 * MS;
    journal.events.truncate(3);
    journal.events.push(event(4 * S, EventKind::Gate, "steady state not met: p99 < 100ms"));
    journal.claims[1] = broken(claim("p99 < 100ms", ClaimRole::SteadyState, 0.184, 0.1, "s", 600));
    for claim in &mut journal.claims[2..] {
        not_judged(claim);
    }
    journal.reasons = vec![reason(
        ReasonKind::SteadyState,
        "the steady state was not met before anything was injected: p99 < 100ms, measured 184 ms",
        Some("nothing was injected; look at the system without faults first, or at this machine's load"),
    )];
    journal
}

/// The fault never bit.
pub fn inconclusive() -> Journal {
    let mut journal = passed();
    journal.verdict = Verdict::Inconclusive;
    let fault = &mut journal.faults[0];
    fault.confirmed_us = None;
    fault.evidence = "no connection came through the proxy".to_owned();
    fault.hits = Some(0);
    fault.recovery = None;
    for claim in &mut journal.claims[2..6] {
        claim.judgement = Judgement::Inconclusive;
        claim.remark = "the fault was never seen to bite".to_owned();
    }
    journal.reasons = vec![reason(
        ReasonKind::Inconclusive,
        "the fault was not confirmed within 5 s: no connection came through the proxy",
        Some("does the system under test use the proxy's address (127.0.0.1:4000)?"),
    )];
    journal
}

/// A guard ended it.
pub fn guard() -> Journal {
    let mut journal = passed();
    journal.verdict = Verdict::Aborted;
    journal.duration_us = 9_200 * MS;
    journal.phases.truncate(3);
    journal.phases[2].end_us = 9_200 * MS;
    journal.loads = vec![checkout_load(700)];
    let load = &mut journal.loads[0];
    load.phases.truncate(3);
    load.bins.truncate(9);
    let fault = &mut load.phases[2];
    (fault.due, fault.operations, fault.succeeded, fault.failed) = (1_040, 1_040, 340, 700);
    fault.response.count = 340;
    load.bins[4..].iter_mut().for_each(|bin| bin.succeeded = 65);
    journal.faults[0].cleared_us = Some(9_180 * MS);
    journal.faults[0].recovery = None;
    journal.events.truncate(6);
    journal.events.push(event(9_150 * MS, EventKind::Guard, "error_rate > 50%"));
    journal.events.push(event(9_180 * MS, EventKind::Clear, "latency 300ms ± 50ms towards the client"));
    for claim in &mut journal.claims[2..] {
        not_judged(claim);
    }
    journal.claims.push(claim("error_rate > 50%", ClaimRole::Guard, 67.3, 50.0, "%", 1_040));
    journal.reasons = vec![reason(
        ReasonKind::Guard,
        "abort_if(error_rate > 50%) tripped 5.1 s after the injection: 67.3 % of 1,040 operations failed",
        Some("the fault was cleared at once; everything was rolled back"),
    )];
    journal
}

/// Ctrl-C.
pub fn interrupted() -> Journal {
    let mut journal = guard();
    journal.claims.pop();
    journal.events[6] = event(9_150 * MS, EventKind::End, "SIGINT");
    journal.reasons =
        vec![reason(ReasonKind::Interrupted, "interrupted by SIGINT 9.15 s after the start; rolled back", None)];
    journal
}

/// The body panicked.
pub fn panicked() -> Journal {
    let mut journal = unsteady();
    journal.verdict = Verdict::Errored;
    journal.claims.iter_mut().for_each(not_judged);
    journal.events.truncate(3);
    journal.events.push(event(4_005 * MS, EventKind::End, "the body panicked"));
    journal.reasons = vec![reason(
        ReasonKind::Panic,
        "the body panicked: called `Option::unwrap()` on a `None` value\nat tests/checkout.rs:31:44",
        None,
    )];
    journal
}

/// An undo failed: the harm is still there.
pub fn rollback_failed() -> Journal {
    let mut journal = refuted();
    journal.verdict = Verdict::RollbackFailed;
    journal.rollback.push(RollbackRecord {
        what: "unpause container".to_owned(),
        target: "container shop-db-1".to_owned(),
        at_us: 14_060 * MS,
        took_us: 6_200 * MS,
        attempts: 4,
        remark: None,
        error: Some("docker unpause shop-db-1: exit status 1: Cannot connect to the Docker daemon".to_owned()),
        by_hand: "docker unpause shop-db-1".to_owned(),
    });
    journal.reasons.insert(
        0,
        reason(
            ReasonKind::Rollback,
            "a fault is still active: unpause container on container shop-db-1 failed 4 times",
            Some("docker unpause shop-db-1"),
        ),
    );
    journal
}

/// Refuted, known, tolerated for now.
pub fn known_weakness() -> Journal {
    let mut journal = refuted();
    journal.verdict = Verdict::KnownWeakness;
    journal.reasons.insert(
        0,
        reason(ReasonKind::KnownWeakness, "known weakness PAY-142 (high), to be fixed by 2027-01-31: tolerated", None),
    );
    journal.finding = Some(Finding {
        id: Some("PAY-142".to_owned()),
        urgency: Some(Urgency::High),
        owner: Some("payments team".to_owned()),
        fix_by: Some("2027-01-31".to_owned()),
        claims: vec!["during(success_rate >= 99%)".to_owned(), "during(p99 < 800ms)".to_owned()],
    });
    journal
}

/// No Docker, and skipping was asked for.
pub fn skipped() -> Journal {
    let mut journal = running();
    journal.verdict = Verdict::Skipped;
    journal.duration_us = 3 * MS;
    journal.reasons = vec![reason(
        ReasonKind::Requirement,
        "needs docker, which is missing here, and CHAOS_SKIP_MISSING=docker asks to skip",
        Some("start Docker, or point DOCKER_HOST at an engine"),
    )];
    journal
}

/// As written when the test starts.
pub fn running() -> Journal {
    Journal {
        schema: SCHEMA_VERSION,
        experiment: ExperimentInfo {
            name: "checkout::survives_slow_inventory".to_owned(),
            package: "shop".to_owned(),
            binary: "resilience".to_owned(),
            file: "shop/tests/resilience/checkout.rs".to_owned(),
            line: 14,
            column: 10,
            doc: "Checkout keeps its promises while the inventory service answers 300 ms late.".to_owned(),
        },
        run: RunInfo {
            id: "4711-1234567".to_owned(),
            profile: "local".to_owned(),
            seed: 42,
            started_at: "2026-03-01T10:20:30.123456Z".to_owned(),
            host: "build-7".to_owned(),
            os: "linux".to_owned(),
            version: "0.1.0".to_owned(),
            confidence: None,
            revision: None,
        },
        verdict: Verdict::Running,
        reasons: vec![],
        notes: vec![],
        duration_us: 0,
        phases: vec![],
        faults: vec![],
        claims: vec![],
        loads: vec![],
        probes: vec![],
        ledgers: vec![],
        events: vec![],
        rollback: vec![],
        outputs: vec![],
        finding: None,
        replay: "CHAOS_SEED=42 cargo test -p shop --test resilience checkout::survives_slow_inventory -- --exact"
            .to_owned(),
    }
}
