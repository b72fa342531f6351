use super::*;
use crate::history::Store;
use crate::report::RecordedExperiment;
use crate::report::sample;

fn run(id: &str, journals: Vec<Journal>) -> RecordedRun {
    let experiments = journals.into_iter().map(|journal| RecordedExperiment { journal, path: "x.json".into() });
    RecordedRun { id: id.to_owned(), path: id.into(), experiments: experiments.collect(), unreadable: Vec::new() }
}

fn named(name: &str, mut journal: Journal) -> Journal {
    journal.experiment.name = name.to_owned();
    journal
}

fn compare(a: Vec<Journal>, b: Vec<Journal>) -> Difference {
    Difference::of(&run("a", a), &run("b", b), |_| Vec::new())
}

fn claim<'a>(difference: &'a Difference, text: &str) -> &'a ClaimDifference {
    difference.experiments[0].claims.iter().find(|claim| claim.claim == text).unwrap()
}

#[test]
fn a_run_does_not_differ_from_itself() {
    for (name, journal) in sample::all() {
        let same = compare(vec![journal.clone()], vec![journal]);
        assert!(!same.is_worse() && same.experiments[0].change == Change::Same, "{name}");
        assert!(same.experiments[0].claims.iter().all(|claim| claim.beyond_chance != Some(true)), "{name}");
    }
}

#[test]
fn verdicts_fall_and_rise() {
    let of = |a: Journal, b: Journal| compare(vec![a], vec![b]).experiments[0].change;
    assert_eq!(of(sample::passed(), sample::refuted()), Change::Worse);
    assert_eq!(of(sample::passed(), sample::known_weakness()), Change::Worse);
    assert_eq!(of(sample::refuted(), sample::rollback_failed()), Change::Worse);
    assert_eq!(of(sample::refuted(), sample::passed()), Change::Better);
    assert_eq!(of(sample::refuted(), sample::panicked()), Change::Other, "both fail");
    assert_eq!(of(sample::passed(), sample::skipped()), Change::Other, "it says nothing");
}

#[test]
fn what_was_added_or_removed_is_said_and_is_not_worse() {
    let difference = compare(
        vec![named("old", sample::passed()), named("both", sample::passed())],
        vec![named("both", sample::passed()), named("new", sample::passed())],
    );
    let changes: Vec<_> = difference.experiments.iter().map(|e| (e.name.as_str(), e.change)).collect();
    assert_eq!(changes, [("both", Change::Same), ("new", Change::Added), ("old", Change::Removed)]);
    assert!(!difference.is_worse());
}

#[test]
fn shares_are_compared_by_their_counts() {
    let with = |percent: f64, samples: u64| {
        let mut journal = sample::passed();
        journal.claims[2].value = Some(percent);
        journal.claims[2].samples = samples;
        journal
    };
    let text = "during(success_rate >= 99%)";
    let clear = compare(vec![with(99.9, 5_000)], vec![with(98.5, 5_000)]);
    assert!(claim(&clear, text).is_clearly_worse() && clear.is_worse(), "{:?}", claim(&clear, text));
    assert!(claim(&clear, text).how.contains("interval of the difference -"), "{}", claim(&clear, text).how);
    let chance = compare(vec![with(99.9, 200)], vec![with(98.5, 200)]);
    assert_eq!(claim(&chance, text).beyond_chance, Some(false), "{}", claim(&chance, text).how);
    let better = compare(vec![with(98.5, 5_000)], vec![with(99.9, 5_000)]);
    assert_eq!((claim(&better, text).beyond_chance, better.is_worse()), (Some(true), false));
}

fn slow(p99: f64) -> Journal {
    let mut journal = sample::passed();
    journal.claims[3].value = Some(p99);
    let interval = journal.claims[3].interval.as_mut().unwrap();
    (interval.low, interval.high) = (Some(p99 * 0.99), Some(p99 * 1.01));
    journal
}

#[test]
fn quantiles_differ_when_their_intervals_are_apart() {
    let text = "during(p99 < 800ms)";
    let apart = compare(vec![slow(0.3)], vec![slow(0.4)]);
    assert!(claim(&apart, text).is_clearly_worse());
    assert!((claim(&apart, text).share.unwrap() - 1.0 / 3.0).abs() < 1e-9);
    let close = compare(vec![slow(0.3)], vec![slow(0.303)]);
    assert_eq!(claim(&close, text).beyond_chance, Some(false));
    let mut failed = slow(0.4);
    failed.claims[3].value = None;
    failed.claims[3].judgement = Judgement::Broken;
    assert!(claim(&compare(vec![slow(0.3)], vec![failed]), text).is_clearly_worse(), "worse than any number");
}

#[test]
fn what_runs_differ_by_anyway_is_chance() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    for i in 0..20_u32 {
        let mut journal = slow(0.3 + 0.02 * f64::from(i * 7 % 5));
        journal.run.seed = i.into();
        store.append_journal(&journal).unwrap();
    }
    let known = |journal: &Journal| store.trends(&journal.experiment).unwrap();
    let of = |b: f64| Difference::of(&run("a", vec![slow(0.3)]), &run("b", vec![slow(b)]), known);
    let usual = of(0.36);
    let text = "during(p99 < 800ms)";
    assert_eq!(claim(&usual, text).beyond_chance, Some(false), "{}", claim(&usual, text).how);
    assert!(claim(&usual, text).how.contains("two of 20 earlier runs differ by up to"));
    assert!(claim(&of(0.6), text).is_clearly_worse());
}

#[test]
fn one_value_each_tells_nothing() {
    let mut longer = sample::passed();
    longer.claims[4].value = Some(4.0);
    let difference = compare(vec![sample::passed()], vec![longer]);
    assert_eq!(claim(&difference, "recovery <= 5s").beyond_chance, None);
}
