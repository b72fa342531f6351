use super::*;
use crate::report::journal::{Journal, Reason};
use crate::report::sample;

fn history(journals: &[Journal]) -> History {
    let entries = journals.iter().enumerate().map(|(i, journal)| {
        let mut journal = journal.clone();
        journal.run.started_at = format!("2026-11-{:02}T04:00:00.000Z", i + 1);
        journal.run.id = format!("run-{i}");
        Entry::of(&journal)
    });
    let entries = entries.collect();
    let [package, binary, name] = ["shop", "resilience", "checkout"].map(str::to_owned);
    History { package, binary, name, entries, unreadable: 0 }
}

fn gone_for_good() -> Journal {
    let kind = ReasonKind::KnownWeakness;
    let reason =
        Reason { kind, message: "known weakness PAY-142 is gone: the hypothesis holds".to_owned(), help: None };
    Journal { verdict: Verdict::Refuted, reasons: vec![reason], ..sample::passed() }
}

#[test]
fn a_refuted_hypothesis_is_open_until_it_holds_again() {
    let open = history(&[sample::passed(), sample::refuted(), sample::unsteady(), sample::refuted()]).findings();
    let [finding] = &open[..] else { panic!("{open:?}") };
    assert_eq!((finding.state, finding.seen, finding.earlier_times), (FindingState::Open, 2, 0));
    assert_eq!((finding.first_seen.day(), finding.last_seen.day()), ("2026-11-02", "2026-11-04"));
    assert_eq!((finding.urgency, finding.id.as_deref()), (None, None), "nobody has said so");
    assert_eq!((finding.claims[0].measured.as_str(), finding.claims[0].limit), ("91.84 %", Some(99.0)));
    assert_eq!(finding.claims[1].measured, "failed");

    let resolved = history(&[sample::refuted(), sample::inconclusive(), sample::passed(), sample::passed()]).findings();
    assert_eq!(resolved[0].state, FindingState::Resolved);
    assert_eq!(resolved[0].resolved.as_ref().unwrap().day(), "2026-11-03");
}

#[test]
fn what_comes_back_is_a_finding_anew_and_remembers() {
    let back = history(&[sample::refuted(), sample::passed(), sample::refuted()]).findings();
    let finding = &back[0];
    assert_eq!((finding.state, finding.first_seen.day(), finding.earlier_times), (FindingState::Open, "2026-11-03", 1));
}

#[test]
fn what_is_known_comes_from_the_newest_annotation() {
    let found = history(&[sample::refuted(), sample::known_weakness()]).findings();
    let finding = &found[0];
    assert_eq!((finding.id.as_deref(), finding.urgency), (Some("PAY-142"), Some(Urgency::High)));
    assert_eq!(finding.owner.as_deref(), Some("payments team"));
    assert!(!finding.is_overdue("2027-01-31") && finding.is_overdue("2027-02-01"));
}

#[test]
fn a_known_weakness_that_holds_again_is_resolved_and_never_overdue() {
    let found = history(&[sample::known_weakness(), gone_for_good()]).findings();
    assert_eq!(found[0].state, FindingState::Resolved);
    assert!(!found[0].is_overdue("2030-01-01"));
}

#[test]
fn what_was_never_refuted_is_no_finding() {
    assert_eq!(
        history(&[sample::passed(), sample::guard(), sample::panicked(), sample::inconclusive()]).findings(),
        []
    );
}

#[test]
fn profiles_have_findings_of_their_own() {
    let mut staging = sample::refuted();
    staging.run.profile = "staging".to_owned();
    let found = history(&[sample::refuted(), staging, sample::passed()]).findings();
    let states: Vec<_> = found.iter().map(|finding| (finding.profile.as_str(), finding.state)).collect();
    assert_eq!(states, [("local", FindingState::Resolved), ("staging", FindingState::Open)]);
}
