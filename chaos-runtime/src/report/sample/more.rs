//! Journals with what the first ones lack: control groups, probes, ledgers, faults of other kinds, hostile texts.

use super::parts::{broken, checkout_load, claim, event, reason};
use super::{MS, S, passed, refuted, running};
use crate::report::journal::*;

/// The process was killed, and its watchdog or the next run has written that down.
pub fn killed() -> Journal {
    let mut journal = running();
    journal.verdict = Verdict::Errored;
    journal.experiment.name = "checkout::survives_an_oom_kill".to_owned();
    journal.reasons = vec![reason(
        ReasonKind::Killed,
        "the test process was killed before it could write a verdict",
        Some("faults that it injected may still be active; the next chaos test on this machine undoes them"),
    )];
    journal
}

/// Claims that compare with an untouched group.
pub fn control_group() -> Journal {
    let mut journal = passed();
    journal.experiment.name = "checkout::costs_no_more_than_untouched".to_owned();
    let mut control = checkout_load(0);
    control.control = true;
    for stats in &mut control.phases {
        stats.response.p50_us = 4 * MS;
        stats.response.p99_us = 12 * MS;
    }
    let mut search = checkout_load(20);
    search.name = "search".to_owned();
    search.what = "GET http://127.0.0.1:4002/search, 8 at a time".to_owned();
    search.closed_loop = true;
    journal.loads.extend([control, search]);
    journal.claims.truncate(4);
    journal.claims.push(claim(
        "during(checkout.p99 <= control + 500ms)",
        ClaimRole::Hypothesis,
        0.412,
        0.512,
        "s",
        2_010,
    ));
    journal
}

/// Values sampled through all phases, some that failed and some that came late.
pub fn probes() -> Journal {
    let mut journal = passed();
    journal.experiment.name = "queue::drains".to_owned();
    journal.verdict = Verdict::Inconclusive;
    let sample = |i: u64, value| ProbeSample { at_us: i * S, value };
    journal.probes = vec![
        ProbeRecord {
            name: "queue depth".to_owned(),
            unit: String::new(),
            samples: (0..19)
                .map(|i| sample(i, Some(if (4..14).contains(&i) { 40.0 * i as f64 } else { 3.0 })))
                .collect(),
            error: None,
            period_us: None,
        },
        ProbeRecord {
            name: "consumer lag".to_owned(),
            unit: "s".to_owned(),
            samples: (0..19).map(|i| sample(i, (i % 5 != 0).then_some(0.02 * i as f64))).collect(),
            error: Some("connection refused (127.0.0.1:9092)".to_owned()),
            period_us: None,
        },
        ProbeRecord {
            name: "AWS/SQS ApproximateAgeOfOldestMessage".to_owned(),
            unit: "s".to_owned(),
            samples: vec![sample(0, Some(1.0)), sample(5, Some(7.5)), sample(10, None)],
            error: None,
            period_us: Some(5 * S),
        },
    ];
    let mut late = claim("during(probe(\"age\") <= 10s)", ClaimRole::Hypothesis, 7.5, 10.0, "s", 1);
    late.judgement = Judgement::Inconclusive;
    late.interval = None;
    late.remark = "the value of the minute in which the fault ended had not come after 3 min".to_owned();
    journal.claims.push(late);
    journal.reasons = vec![reason(
        ReasonKind::Inconclusive,
        "the claim `during(probe(\"age\") <= 10s)` can't be told: its values did not come in time",
        Some("give the source more time: `.settle(…)`"),
    )];
    journal
}

/// What was acknowledged is not all there.
pub fn ledger() -> Journal {
    let mut journal = refuted();
    journal.experiment.name = "orders::are_never_lost".to_owned();
    let ids = |count, ids: &[&str]| LedgerIds { count, ids: ids.iter().map(|id| (*id).to_owned()).collect() };
    journal.ledgers = vec![
        LedgerRecord {
            name: "orders".to_owned(),
            attempted: 3_624,
            acknowledged: 3_460,
            refused: 82,
            found: 3_459,
            lost: ids(3, &["order-0412", "order-0413", "order-0998"]),
            duplicated: ids(1, &["order-0007"]),
            unexpected: ids(0, &[]),
            resurrected: ids(0, &[]),
            recovered: ids(2, &["order-1200", "order-1201"]),
            error: None,
        },
        LedgerRecord {
            name: "mails".to_owned(),
            error: Some("the outbox could not be read: permission denied".to_owned()),
            ..LedgerRecord::default()
        },
    ];
    let mut lost = broken(claim("orders.lost == 0", ClaimRole::Hypothesis, 3.0, 0.0, "", 3_460));
    lost.interval = None;
    journal.claims.insert(2, lost);
    journal
        .reasons
        .insert(0, reason(ReasonKind::Hypothesis, "orders.lost == 0 is false: 3 of 3,460 acknowledged", None));
    if let Some(finding) = &mut journal.finding {
        finding.claims.insert(0, "orders.lost == 0".to_owned());
    }
    journal
}

/// A fault that ends by itself.
pub fn failover() -> Journal {
    let mut journal = passed();
    journal.experiment.name = "orders::survive_a_failover".to_owned();
    journal.run.profile = "staging".to_owned();
    let fault = &mut journal.faults[0];
    fault.what = "failover to orders-2".to_owned();
    fault.target = "cluster orders".to_owned();
    fault.one_shot = true;
    fault.evidence = "the writer moved from orders-1 to orders-2".to_owned();
    fault.hits = None;
    fault.cleared_us = Some(16 * S);
    if let Some(recovery) = &mut fault.recovery {
        recovery.counts_from_clearance = false;
        recovery.from_clearance_us = None;
    }
    journal.events[4] = event(4 * S, EventKind::Inject, "failover to orders-2");
    journal.rollback.clear();
    journal
}

/// A composed fault and one beside it, of which one was not survived.
pub fn several_faults() -> Journal {
    let mut journal = refuted();
    journal.experiment.name = "checkout::survives_a_bad_day".to_owned();
    let first = &mut journal.faults[0];
    first.what = "latency 300ms for 5 s, then pause 2 s, then reset of all connections".to_owned();
    first.evidence = "latency: 1,004 chunks delayed; reset: 16 connections reset".to_owned();
    let mut second = first.clone();
    second.what = "kill (SIGKILL), again after 3 s".to_owned();
    second.target = "process inventory".to_owned();
    second.one_shot = true;
    second.injected_us = 7 * S;
    second.confirmed_us = Some(7_020 * MS);
    second.evidence = "it ended by signal 9".to_owned();
    second.hits = None;
    let mut third = second.clone();
    third.what = "full disk".to_owned();
    third.target = "disk /var/lib/inventory".to_owned();
    third.one_shot = false;
    third.injected_us = 9 * S;
    third.confirmed_us = None;
    third.evidence = "no write has failed".to_owned();
    third.recovery = Some(RecoveryRecord {
        state: RecoveryState::Permanent,
        time_to_detect_us: None,
        first_success_us: None,
        from_clearance_us: None,
        from_injection_us: None,
        counts_from_clearance: true,
        unavailability_us: 5_100 * MS,
    });
    journal.faults.extend([second, third]);
    journal
}

/// Texts that mean something to a terminal, to XML, to HTML or to Markdown.
pub fn hostile() -> Journal {
    let mut journal = refuted();
    let html = "</details></td></table><script>alert(1)</script><img src=x onerror=alert(1)>";
    let markdown = "a|b `c` ``` ~~d~~ [e](http://evil.example) @octocat #1 GH-2 $x$ | --- |";
    journal.experiment.name = "遅延::🔥<b>`|`</b> survives".to_owned();
    journal.experiment.doc = format!("# Heading\n- {markdown}\n{html}");
    journal.reasons[0].message = format!("{markdown} is false: {html}");
    journal.reasons[0].help = Some(format!("1. {html}"));
    journal.notes =
        vec!["\u{1b}[2J\u{1b}]0;title\u{7}- a note\r\n::error::with a second line".to_owned(), markdown.to_owned()];
    let fault = &mut journal.faults[0];
    fault.what = format!("latency | {html}");
    fault.evidence = format!("{markdown}\n\n```\n{html}\u{202e}");
    journal.claims[2].text = "during(p99 < `800ms` | <b>)".to_owned();
    journal.claims[2].remark = format!("]]> {markdown}");
    journal.loads[0].name = "<load>|".to_owned();
    journal.loads[0].failures[0].message = format!("]]>\n{markdown}\n{html}");
    journal.outputs[0].lines.push(format!("\u{1b}[31m{html}\u{0}{markdown}"));
    journal.run.host = "host|<b>".to_owned();
    journal.replay = "CHAOS_SEED=42 cargo test -p shop '遅延::<b>```|$(x)' -- --exact".to_owned();
    journal
}

/// An hour at 200 operations a second, in bins of a second, with a probe each second.
pub fn hour() -> Journal {
    let mut journal = refuted();
    let factor = 190;
    for phase in &mut journal.phases {
        phase.start_us *= factor;
        phase.end_us *= factor;
    }
    journal.duration_us *= factor;
    let load = &mut journal.loads[0];
    load.bins = (0..3_600)
        .map(|i| BinRecord { start_us: i * S, ..load.bins[(i / 190) as usize % load.bins.len()].clone() })
        .collect();
    journal.probes = vec![ProbeRecord {
        name: "queue depth".to_owned(),
        unit: String::new(),
        samples: (0..3_600).map(|i| ProbeSample { at_us: i * S, value: Some((i % 97) as f64) }).collect(),
        error: None,
        period_us: None,
    }];
    journal.events.extend((0..3_600).map(|i| event(i * S, EventKind::Note, "a note of the body's own")));
    journal
}
