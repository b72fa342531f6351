//! Journals as real systems make them: the samples' endings with noise, distributions, probes and output.

use base64::Engine as _;
use chaos_runtime::report::journal::*;
use chaos_runtime::report::{RecordedExperiment, RecordedRun, sample};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use std::path::PathBuf;

const MS: u64 = 1_000;
const S: u64 = 1_000_000;

/// The page of these journals.
pub fn page_of(journals: impl IntoIterator<Item = Journal>) -> String {
    let experiments = journals.into_iter().map(|journal| RecordedExperiment { journal, path: PathBuf::new() });
    let run = RecordedRun {
        id: "4711-1234567".to_owned(),
        path: PathBuf::new(),
        experiments: experiments.collect(),
        unreadable: Vec::new(),
    };
    run.page()
}

/// A sample with figures that look measured. Its verdict stays what it is.
pub fn realistic(name: &str) -> Journal {
    let (_, mut journal) =
        sample::all().into_iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("no sample is called {name}"));
    let mut rng = fastrand::Rng::with_seed(7);
    let faulted = !journal.faults.is_empty();
    let bitten = journal.faults.first().is_some_and(|fault| fault.confirmed_us.is_some());
    let end = journal.duration_us;
    for load in &mut journal.loads {
        let failing = load.phases.get(2).map_or(0.0, |stats| stats.failed as f64 / stats.operations.max(1) as f64);
        load.bin_us = 250 * MS;
        load.bins = (0..end / load.bin_us)
            .map(|i| {
                let start_us = i * load.bin_us;
                let hit = bitten && (4 * S..14_050 * MS).contains(&start_us);
                let late = bitten && (14_050 * MS..16 * S).contains(&start_us);
                let noise = |rng: &mut fastrand::Rng, share: f64| 1.0 + share * (rng.f64() - 0.5);
                let p50 = if hit { 304e3 } else { 4e3 } * noise(&mut rng, 0.2);
                let p99 = if hit {
                    390e3
                } else if late {
                    120e3
                } else {
                    11e3
                } * noise(&mut rng, 0.3);
                let failed = if hit { (50.0 * failing * noise(&mut rng, 1.2)).round() as u64 } else { 0 };
                BinRecord {
                    start_us,
                    due: 50,
                    operations: 50,
                    succeeded: 50 - failed.min(50),
                    p50_us: p50 as u64,
                    p99_us: p99 as u64,
                    max_us: (p99 * (1.1 + 0.4 * rng.f64())) as u64,
                    good: (start_us >= S).then_some(!hit && !late),
                }
            })
            .collect();
        for stats in &mut load.phases {
            let LatencySummary { count, p50_us, p99_us, .. } = stats.response;
            stats.response = measured(&mut rng, count, p50_us, if bitten { p99_us } else { p99_us.min(13 * MS) });
        }
    }
    if faulted {
        journal.probes = vec![probe(&mut rng, end, bitten)];
        journal.outputs = vec![output(&mut rng, end, bitten)];
    }
    journal
}

/// Values around a median with a tail that reaches P99, as a summary with its histogram.
fn measured(rng: &mut fastrand::Rng, count: u64, p50_us: u64, p99_us: u64) -> LatencySummary {
    let mut histogram = Histogram::<u64>::new(3).expect("three digits");
    let (median, sigma) =
        ((p50_us.max(1) as f64).ln(), ((p99_us.max(2) as f64 / p50_us.max(1) as f64).ln() / 2.33).max(0.05));
    // More of them would be no other picture.
    let n = count.min(20_000);
    for i in 0..n {
        // Evenly spread ranks through the inverse of a logistic curve, which is near enough to a normal one.
        let u = (i as f64 + 0.2 + 0.6 * rng.f64()) / n as f64;
        let z = (u / (1.0 - u).max(1e-9)).ln() / 1.702;
        histogram.record(((median + sigma * z).exp() * 1e3) as u64).expect("it grows");
    }
    let mut bytes = Vec::new();
    if n > 0 {
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).expect("memory takes all bytes");
    }
    let us = |quantile: f64| histogram.value_at_quantile(quantile) / 1_000;
    LatencySummary {
        count,
        mean_us: histogram.mean() / 1e3,
        min_us: histogram.min() / 1_000,
        p50_us: us(0.5),
        p90_us: us(0.9),
        p95_us: us(0.95),
        p99_us: us(0.99),
        p999_us: us(0.999),
        max_us: histogram.max() / 1_000,
        hdr_v2: if n > 0 { base64::engine::general_purpose::STANDARD.encode(bytes) } else { String::new() },
    }
}

fn probe(rng: &mut fastrand::Rng, end: u64, bitten: bool) -> ProbeRecord {
    let samples = (0..end / (100 * MS)).map(|i| {
        let at_us = i * 100 * MS;
        let busy = bitten && (4_200 * MS..14_400 * MS).contains(&at_us);
        let value = if busy { 14.0 + 2.0 * rng.f64() } else { 2.0 + 2.0 * rng.f64() };
        ProbeSample { at_us, value: Some(value.round()) }
    });
    ProbeRecord {
        name: "pool_in_use".to_owned(),
        unit: String::new(),
        samples: samples.collect(),
        error: None,
        period_us: None,
    }
}

fn output(rng: &mut fastrand::Rng, end: u64, bitten: bool) -> OutputRecord {
    let (mut lines, mut at_us) = (vec!["INFO listening on 127.0.0.1:4001".to_owned()], vec![12 * MS]);
    let mut at = 400 * MS;
    while at < end {
        let busy = bitten && (4 * S..14_050 * MS).contains(&at);
        let waiting = 150 + rng.u32(..80);
        lines.push(if busy {
            format!("WARN connection pool exhausted (16/16), {waiting} waiting")
        } else {
            format!("INFO 50 requests in the last 250 ms, pool {}/16", 2 + rng.u32(..3))
        });
        at_us.push(at);
        at += 300 * MS + rng.u64(..400) * MS;
    }
    OutputRecord { target: "process inventory".to_owned(), lines, at_us }
}

/// A refutation with a control group, a second fault and a ledger that lacks two orders.
pub fn two_loads() -> Journal {
    let mut journal = realistic("refuted");
    journal.experiment.name = "orders::survive_a_crash_of_the_database".to_owned();
    journal.experiment.doc = "No acknowledged order is lost when the database is killed.".to_owned();
    let mut control = journal.loads[0].clone();
    control.control = true;
    control.bins.iter_mut().for_each(|bin| (bin.succeeded, bin.p50_us, bin.p99_us) = (bin.operations, 4_100, 11_500));
    journal.loads.push(control);
    let mut second = journal.faults[0].clone();
    second.what = "kill (SIGKILL), restarted after 2 s".to_owned();
    second.target = "process database".to_owned();
    (second.injected_us, second.confirmed_us) = (8 * S, Some(8_010 * MS));
    (second.cleared_us, second.one_shot) = (Some(11 * S), true);
    second.evidence = "exit status: signal 9".to_owned();
    second.hits = None;
    journal.faults.push(second);
    let ids =
        |ids: &[&str]| LedgerIds { count: ids.len() as u64, ids: ids.iter().map(|id| (*id).to_owned()).collect() };
    journal.ledgers = vec![LedgerRecord {
        name: "orders".to_owned(),
        attempted: 3_824,
        acknowledged: 3_660,
        refused: 150,
        found: 3_669,
        lost: ids(&["order-1873", "order-1874"]),
        recovered: ids(&[
            "order-1890",
            "order-1891",
            "order-1893",
            "order-1894",
            "order-1895",
            "order-1896",
            "order-1897",
        ]),
        ..LedgerRecord::default()
    }];
    journal
}

/// An hour at 10,000/s with three loads, two probes and a thousand events.
pub fn hour() -> Journal {
    let mut journal = realistic("refuted");
    journal.experiment.name = "soak::an_hour_of_checkouts".to_owned();
    let scale = 3_600 * S / journal.duration_us;
    journal.duration_us *= scale;
    for phase in &mut journal.phases {
        (phase.start_us, phase.end_us) = (phase.start_us * scale, phase.end_us * scale);
    }
    for fault in &mut journal.faults {
        fault.injected_us *= scale;
        fault.confirmed_us = fault.confirmed_us.map(|us| us * scale);
        fault.cleared_us = fault.cleared_us.map(|us| us * scale);
    }
    journal.events.iter_mut().for_each(|event| event.at_us *= scale);
    let mut rng = fastrand::Rng::with_seed(11);
    let pattern = journal.loads[0].bins.clone();
    let load = &mut journal.loads[0];
    load.what = "GET http://127.0.0.1:4002/checkout at 10,000/s".to_owned();
    load.bin_us = S;
    load.bins = (0..journal.duration_us / S)
        .map(|i| {
            let of = &pattern[(i * S / scale / (250 * MS)) as usize % pattern.len()];
            let us = |us: u64| (us as f64 * (0.85 + 0.3 * rng.f64())) as u64 + rng.u64(..997);
            let [p50_us, p99_us, max_us] = [of.p50_us, of.p99_us, of.max_us].map(us);
            // One bad second in a long calm.
            let succeeded = if i == 3_000 { 4_000 } else { 10_000 * of.succeeded / 50 };
            let good = if i == 3_000 { Some(false) } else { of.good };
            BinRecord { start_us: i * S, due: 10_000, operations: 10_000, succeeded, p50_us, p99_us, max_us, good }
        })
        .collect();
    for stats in &mut load.phases {
        stats.operations *= 10_000;
        stats.succeeded *= 10_000;
        stats.failed *= 10_000;
        stats.response.count *= 10_000;
    }
    for name in ["search", "login"] {
        let mut other = journal.loads[0].clone();
        other.name = name.to_owned();
        journal.loads.push(other);
    }
    let many =
        (0..36_000).map(|i| ProbeSample { at_us: i * 100 * MS, value: (i % 977 != 0).then(|| rng.f64() * 16.0) });
    journal.probes[0].samples = many.collect();
    journal.probes.push(ProbeRecord { name: "queue_depth".to_owned(), ..journal.probes[0].clone() });
    let notes = (0..1_000).map(|i| Event { at_us: i * 3 * S, kind: EventKind::Note, text: format!("step {i}") });
    journal.events.extend(notes);
    journal.events.sort_by_key(|event| event.at_us);
    journal
}

/// `n` experiments, every tenth refuted.
pub fn many(n: usize) -> Vec<Journal> {
    let (passed, refuted) = (realistic("passed"), realistic("refuted"));
    let one = |i: usize| {
        let mut journal = if i % 10 == 3 { refuted.clone() } else { passed.clone() };
        journal.experiment.name = format!("checkout::holds_with_dependency_{i:03}_slow");
        journal
    };
    (0..n).map(one).collect()
}

/// A refutation, every text of which tries to become something else.
pub fn hostile() -> Journal {
    let mut value = serde_json::to_value(realistic("rollback-failed")).expect("a journal is JSON");
    foul(&mut value, "");
    serde_json::from_value(value).expect("it still is a journal")
}

const FOUL: &str = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>\
                    <svg onload=\"window.hacked=1\">]]>--!>\u{2028}${hacked}`\"'&lt;";

fn foul(value: &mut serde_json::Value, path: &str) {
    const CLOSED: [&str; 10] =
        ["/kind", "/verdict", "/role", "/judgement", "/phase", "/class", "/state", "/urgency", "/hdr_v2", "/unit"];
    match value {
        serde_json::Value::String(text) if !CLOSED.iter().any(|closed| path.ends_with(closed)) => text.push_str(FOUL),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| foul(item, path)),
        serde_json::Value::Object(map) => {
            map.iter_mut().for_each(|(key, value)| foul(value, &format!("{path}/{key}")));
        }
        _ => {}
    }
}
