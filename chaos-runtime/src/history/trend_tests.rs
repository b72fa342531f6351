use super::*;
use crate::history::Store;
use crate::report::journal::Revision;
use crate::report::sample;

/// A history of the sample's experiment with these P99 in the fault phase, a commit and a day for each run.
fn history(p99: &[Option<f64>]) -> History {
    planted(p99, |_, _| {})
}

fn planted(p99: &[Option<f64>], change: impl Fn(usize, &mut Journal)) -> History {
    let mut entries = Vec::new();
    for (i, value) in p99.iter().enumerate() {
        let mut journal = sample::passed();
        let day = jiff::civil::date(2026, 11, 1).checked_add(jiff::Span::new().days(i as i64)).unwrap();
        journal.run.started_at = format!("{day}T04:00:00.000Z");
        journal.run.id = format!("run-{i}");
        journal.run.revision = Some(Revision { commit: format!("{i:08x}{}", "0".repeat(32)), ..Revision::default() });
        journal.claims[3].value = *value;
        if value.is_none() {
            journal.claims[3].judgement = Judgement::Broken;
        }
        change(i, &mut journal);
        entries.push(Entry::of(&journal));
    }
    History {
        package: "shop".to_owned(),
        binary: "resilience".to_owned(),
        name: "checkout::survives_slow_inventory".to_owned(),
        entries,
        unreadable: 0,
    }
}

fn p99_trends(history: &History) -> Vec<Trend> {
    history.trends().into_iter().filter(|trend| trend.claim == "during(p99 < 800ms)").collect()
}

fn noisy(level: f64, i: usize) -> Option<f64> {
    Some(level * (1.0 + 0.02 * ((i * i * 7 + 3 * i) % 13) as f64 / 13.0))
}

#[test]
fn the_sentence_says_what_since_when_and_by_how_much() {
    let values: Vec<_> = (0..30).map(|i| noisy(if i < 20 { 0.25 } else { 0.35 }, i)).collect();
    let trends = p99_trends(&history(&values));
    let [trend] = &trends[..] else { panic!("one trend: {trends:?}") };
    let [change] = &trend.change_points[..] else { panic!("one change: {:?}", trend.change_points) };
    assert_eq!((change.index, change.is_worse), (20, Some(true)));
    assert_eq!(
        trend.sentence(change),
        "P99 in the fault phase rose 40 % since commit 0000001 (2026-11-21, was 253 ms, now 353 ms, p < 0.001)"
            .replace("0000001", &trend.points[20].commit.clone().unwrap())
    );
    assert_eq!(change.last_commit_before, trend.points[19].commit);
    assert!(trend.is_current && trend.recent_change(10).is_some() && trend.recent_change(9).is_none());
}

#[test]
fn trends_come_in_the_order_of_the_newest_run_with_all_of_its_claims() {
    let all = history(&[Some(0.4); 3]).trends();
    let texts: Vec<_> = all.iter().map(|trend| (trend.claim.as_str(), trend.role, trend.points.len())).collect();
    let expected: Vec<_> = sample::passed().claims;
    let expected: Vec<_> = expected.iter().map(|claim| (claim.text.as_str(), claim.role, 3)).collect();
    assert_eq!(texts, expected);
    assert!(all.iter().all(|trend| trend.is_current && trend.change_points.is_empty()));
}

#[test]
fn another_limit_profile_or_load_is_another_trend() {
    let history = planted(&[Some(0.4); 8], |i, journal| match i {
        0 | 1 => journal.claims[3].text = "during(p99 < 500ms)".to_owned(),
        2 | 3 => journal.run.profile = "staging".to_owned(),
        4 => journal.loads[0].what = "POST http://127.0.0.1:1/checkout at 900/s".to_owned(),
        _ => {}
    });
    let trends = p99_trends(&history);
    let kinds: Vec<_> = trends.iter().map(|t| (t.profile.as_str(), t.points.len(), t.is_current)).collect();
    assert_eq!(kinds, [("local", 3, true), ("local", 1, false), ("staging", 2, true)]);
    let before = history.trends().into_iter().find(|trend| trend.claim == "during(p99 < 500ms)").unwrap();
    assert!(!before.is_current && before.points.len() == 2);
}

#[test]
fn what_was_not_decided_is_no_point() {
    let history = planted(&[Some(0.4); 5], |i, journal| {
        if i == 2 {
            journal.claims[3].judgement = Judgement::Inconclusive;
        }
    });
    assert_eq!(p99_trends(&history)[0].points.len(), 4);
}

#[test]
fn failures_for_good_are_the_worst_change_there_is() {
    let values: Vec<_> = (0..30).map(|i| if i < 20 { noisy(0.3, i) } else { None }).collect();
    let trends = p99_trends(&history(&values));
    let [change] = &trends[0].change_points[..] else { panic!("{:?}", trends[0].change_points) };
    assert_eq!((change.index, change.after, change.is_worse), (20, None, Some(true)));
    let sentence = trends[0].sentence(change);
    assert!(sentence.contains("is a failed operation since") && sentence.contains("now failed"), "{sentence}");
}

#[test]
fn what_nobody_would_act_on_is_no_change() {
    // 3 % more, and as clear as can be.
    let values: Vec<_> = (0..60).map(|i| Some(if i < 30 { 0.300 } else { 0.309 } + (i % 3) as f64 * 1e-5)).collect();
    assert_eq!(p99_trends(&history(&values))[0].change_points, []);
}

#[test]
fn percentages_change_by_points_and_rates_by_their_share() {
    let history = planted(&[Some(0.4); 40], |i, journal| {
        journal.claims[2].value = Some(if i < 20 { 99.9 } else { 98.7 } + (i % 5) as f64 * 0.01);
        journal.claims[4].value = Some(if i < 20 { 0.0 } else { 2.0 });
    });
    let trends = history.trends();
    let sentence = |claim: &str| {
        let trend = trends.iter().find(|trend| trend.claim == claim).unwrap();
        trend.change_points.iter().map(|change| trend.sentence(change)).collect::<Vec<_>>().join("; ")
    };
    let success = sentence("during(success_rate >= 99%)");
    assert!(success.starts_with("Success rate in the fault phase fell 1.2 points since commit"), "{success}");
    let recovery = sentence("recovery <= 5s");
    assert!(recovery.starts_with("Recovery rose by 2 s since") && recovery.contains("was 0 µs, now 2 s"), "{recovery}");
}

#[test]
fn a_trend_is_found_for_a_journal_of_the_same_conditions() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    let journal = sample::passed();
    store.append_journal(&journal).unwrap();
    let trends = store.trends(&journal.experiment).unwrap();
    let of = |journal: &Journal| trends.iter().find(|t| t.is_of(journal, "recovery <= 5s", ClaimRole::Hypothesis));
    assert!(of(&journal).is_some());
    let mut elsewhere = journal;
    elsewhere.run.profile = "staging".to_owned();
    assert!(of(&elsewhere).is_none());
}
