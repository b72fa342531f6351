//! The parts that the samples are put together from.

use super::{MS, S};
use crate::figure;
use crate::measure::ErrorClass;
use crate::report::journal::*;
use std::collections::BTreeMap;

pub(super) fn phases() -> Vec<PhaseRecord> {
    let ends = [0, S, 4 * S, 14_050 * MS, 16 * S, 19_120 * MS];
    let kinds = [PhaseKind::WarmUp, PhaseKind::Baseline, PhaseKind::Fault, PhaseKind::Recovery, PhaseKind::After];
    kinds
        .into_iter()
        .zip(ends.windows(2))
        .map(|(kind, ends)| PhaseRecord { kind, start_us: ends[0], end_us: ends[1] })
        .collect()
}

pub(super) fn latency_fault() -> FaultRecord {
    FaultRecord {
        what: "latency 300ms ± 50ms towards the client".to_owned(),
        target: "proxy 127.0.0.1:4000".to_owned(),
        one_shot: false,
        injected_us: 4 * S,
        confirmed_us: Some(4_050 * MS),
        cleared_us: Some(14_050 * MS),
        evidence: "2,010 chunks delayed, 301 ms on average".to_owned(),
        hits: Some(2_010),
        recovery: Some(RecoveryRecord {
            state: RecoveryState::Recovered,
            time_to_detect_us: Some(950 * MS),
            first_success_us: Some(110 * MS),
            from_clearance_us: Some(1_950 * MS),
            from_injection_us: Some(11_950 * MS),
            counts_from_clearance: true,
            unavailability_us: 430 * MS,
        }),
    }
}

/// 200 operations a second in bins of a second, `failed` of them failing in the fault phase.
pub(super) fn checkout_load(failed: u64) -> LoadRecord {
    let stats = |phase, operations, failed: u64, p50_ms: u64, p99_ms: u64| PhaseStats {
        phase,
        due: operations,
        operations,
        succeeded: operations - failed,
        failed,
        permanent_failures: failed / 4,
        attempts: operations + failed,
        dropped: 0,
        late: 0,
        errors: split(failed, [ErrorClass::Timeout, ErrorClass::Status]),
        statuses: split(operations - failed / 2, [200, 200])
            .into_iter()
            .chain((failed > 1).then_some((503, failed / 2)))
            .collect(),
        response: latency(operations - failed, p50_ms, p99_ms),
        failure_response: latency(failed, 2_000, 2_010),
        service: latency(operations, p50_ms, p99_ms),
        lag: latency(operations, 0, 1),
        queue: latency(operations, 0, 0),
        driver: DriverStats { cpu_share: Some(0.021), waited_us: 340, ..DriverStats::default() },
    };
    LoadRecord {
        name: "checkout".to_owned(),
        what: "GET http://127.0.0.1:4002/checkout at 200/s".to_owned(),
        control: false,
        closed_loop: false,
        phases: vec![
            stats(PhaseKind::WarmUp, 200, 0, 5, 21),
            stats(PhaseKind::Baseline, 600, 0, 4, 12),
            stats(PhaseKind::Fault, 2_010, failed, 304, 412),
            stats(PhaseKind::Recovery, 390, 0, 6, 340),
            stats(PhaseKind::After, 624, 0, 4, 13),
        ],
        bins: (0..19)
            .map(|i| {
                let faulted = (4..14).contains(&i);
                BinRecord {
                    start_us: i * S,
                    due: 200,
                    operations: 200,
                    succeeded: 200 - if faulted { failed / 10 } else { 0 },
                    p50_us: if faulted { 304 * MS } else { 4 * MS },
                    p99_us: if faulted || i == 14 { 412 * MS } else { 12 * MS },
                    max_us: if faulted { 460 * MS } else { 20 * MS },
                    good: (i > 0).then_some(!faulted && i != 14),
                }
            })
            .collect(),
        bin_us: S,
        failures: if failed == 0 {
            vec![]
        } else {
            vec![
                FailureSample {
                    class: ErrorClass::Timeout,
                    message: "no answer within 2 s: GET http://127.0.0.1:4002/checkout".to_owned(),
                    phase: PhaseKind::Fault,
                },
                FailureSample {
                    class: ErrorClass::Status,
                    message: "503 Service Unavailable: {\"error\":\"inventory ]]> is slow\"}".to_owned(),
                    phase: PhaseKind::Fault,
                },
            ]
        },
    }
}

/// `n` in two halves under two keys; nothing for an empty half.
fn split<K: Ord>(n: u64, keys: [K; 2]) -> BTreeMap<K, u64> {
    let mut map = BTreeMap::new();
    for (key, half) in keys.into_iter().zip([n - n / 2, n / 2]) {
        if half > 0 {
            *map.entry(key).or_default() += half;
        }
    }
    map
}

fn latency(count: u64, p50_ms: u64, p99_ms: u64) -> LatencySummary {
    if count == 0 {
        return LatencySummary::default();
    }
    LatencySummary {
        count,
        mean_us: (p50_ms * MS) as f64 * 1.1,
        min_us: p50_ms * MS / 2,
        p50_us: p50_ms * MS,
        p90_us: (p50_ms + p99_ms) * MS / 2,
        p95_us: (p50_ms + 3 * p99_ms) * MS / 4,
        p99_us: p99_ms * MS,
        p999_us: p99_ms * MS + 30 * MS,
        max_us: p99_ms * MS + 48 * MS,
        hdr_v2: String::new(),
    }
}

pub(super) fn claim(text: &str, role: ClaimRole, value: f64, limit: f64, unit: &str, samples: u64) -> ClaimRecord {
    let (low, high) = if unit == "%" { (value - 0.6, (value + 0.4).min(100.0)) } else { (value * 0.9, value * 1.1) };
    // As short as a person would write them.
    let [low, high] = [low, high].map(|v| (v * 1e5).round() / 1e5);
    ClaimRecord {
        text: text.to_owned(),
        role,
        judgement: Judgement::Holds,
        measured: figure::value(value, unit),
        value: Some(value),
        limit: Some(limit),
        unit: unit.to_owned(),
        interval: Some(Interval {
            low: Some(low),
            high: Some(high),
            level: 0.95,
            decides: high < limit || low > limit,
        }),
        samples,
        remark: String::new(),
    }
}

pub(super) fn broken(mut claim: ClaimRecord) -> ClaimRecord {
    claim.judgement = Judgement::Broken;
    claim
}

pub(super) fn not_judged(claim: &mut ClaimRecord) {
    claim.judgement = Judgement::NotJudged;
    claim.measured = String::new();
    claim.value = None;
    claim.interval = None;
    claim.samples = 0;
}

pub(super) fn reason(kind: ReasonKind, message: &str, help: Option<&str>) -> Reason {
    Reason { kind, message: message.to_owned(), help: help.map(str::to_owned) }
}

pub(super) fn event(at_us: u64, kind: EventKind, text: &str) -> Event {
    Event { at_us, kind, text: text.to_owned() }
}
