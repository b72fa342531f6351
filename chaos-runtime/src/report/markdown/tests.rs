use super::*;
use crate::clock::processor_time;
use crate::report::journal::Verdict;
use crate::report::{sample, snapshot};

fn of(journals: impl IntoIterator<Item = crate::report::journal::Journal>) -> String {
    sample::run(journals).markdown()
}

fn all() -> impl Iterator<Item = crate::report::journal::Journal> {
    sample::all().into_iter().map(|(_, journal)| journal)
}

#[test]
fn runs_read_as_their_snapshots() {
    snapshot::check(
        "markdown/catalogue.md",
        &of(all().filter(|journal| journal.run.profile == "local" && journal.run.host == "build-7")),
    );
    snapshot::check("markdown/one-passed.md", &of([sample::passed()]));
    snapshot::check("markdown/nothing.md", &of([]));
    snapshot::check("markdown/hostile.md", &of([sample::hostile()]));
    let mut elsewhere = sample::refuted();
    elsewhere.run.host = "build-8".to_owned();
    snapshot::check("markdown/several-places.md", &of([sample::passed(), sample::failover(), elsewhere]));
}

#[test]
fn the_first_line_is_the_answer() {
    let first = |journals: Vec<_>| of(journals).lines().next().unwrap().to_owned();
    assert_eq!(first(vec![sample::passed()]), "### The experiment passed");
    assert_eq!(first(vec![sample::passed(), sample::control_group()]), "### All 2 experiments passed");
    assert_eq!(first(vec![sample::passed(), sample::refuted()]), "### 1 of 2 experiments failed");
    assert_eq!(first(vec![sample::passed(), sample::known_weakness()]), "### 1 of 2 experiments passed, none failed");
    assert_eq!(first(vec![sample::passed(), sample::running()]), "### 1 of 2 experiments not ended");
    assert_eq!(first(vec![sample::rollback_failed()]), "### 1 of 1 experiment failed; a fault was left behind");
    let unreadable =
        RecordedRun { unreadable: vec!["x.json was left out".to_owned()], ..sample::run([sample::passed()]) };
    assert!(unreadable.markdown().starts_with("### The experiment passed; 1 record can't be read\n"));
    assert!(unreadable.markdown().contains("> x.json was left out"));
}

#[test]
fn who_needs_a_reader_comes_first() {
    let text = of(all());
    let table = text.split("<details>").next().unwrap();
    let verdicts: Vec<_> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .skip(1)
        .map(|line| line.split(" | ").next().unwrap().split_once(' ').unwrap().1.split_once(' ').unwrap().1.to_owned())
        .collect();
    let at = |verdict: &str| {
        verdicts.iter().position(|found| found == verdict).unwrap_or_else(|| panic!("{verdict}: {verdicts:?}"))
    };
    assert_eq!(at("rollback failed"), 0);
    assert!(at("refuted") < at("errored") && at("errored") < at("inconclusive"));
    assert!(at("inconclusive") < at("known weakness") && at("known weakness") < at("skipped"));
    assert!(!verdicts.iter().any(|verdict| verdict == "passed"), "folded: {verdicts:?}");
    assert!(text.contains("<summary>3 passed</summary>"), "{text}");
}

#[test]
fn every_failed_experiment_has_its_reasons_and_its_replay() {
    for (name, journal) in sample::all() {
        let text = of([journal.clone()]);
        let explained = text.contains("Replay:");
        assert_eq!(explained, details::has(&journal), "{name}");
        if explained {
            assert!(text.contains(&journal.replay), "{name}: can be copied");
            for reason in &journal.reasons {
                assert!(text.contains(&escape::start(&reason.message, 1_000)), "{name}: {}", reason.message);
            }
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>\n").count(), "{name}");
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let text = of([sample::hostile()]);
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            assert!(!line.contains("<script") && !line.contains("<img") && !line.contains("</td>"), "{line}");
            assert!(!line.contains("@octocat") || in_code(line, "@octocat"), "{line}");
            assert!(!line.contains('\u{1b}') && !line.contains('\u{202e}'), "{line:?}");
            if line.starts_with('|') {
                assert!([5, 6, 7, 8].contains(&(line.matches(" |").count())), "a cell too many: {line}");
            }
        }
    }
    assert!(!fenced);
}

fn in_code(line: &str, text: &str) -> bool {
    let at = line.find(text).unwrap();
    line[..at].rfind("<code>") > line[..at].rfind("</code>")
}

#[test]
fn it_stays_within_its_room_and_says_what_is_missing() {
    let many = |n: usize| {
        sample::run((0..n).map(|i| {
            let mut journal = if i % 2 == 0 { sample::refuted() } else { sample::passed() };
            journal.experiment.name = format!("checkout::number_{i}");
            journal
        }))
    };
    for (n, most) in
        [(4, 65_000), (60, 65_000), (400, 65_000), (1_000, 65_000), (400, 1 << 20), (40, 2_000), (40, 10_000)]
    {
        let run = many(n);
        let text = run.markdown_within(most);
        assert!(text.len() <= most, "{n} in {most}: {}", text.len());
        assert!(text.starts_with(&format!("### {} of ", crate::figure::count(n as u64 / 2))), "{text:.100}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>\n").count(), "{n} in {most}");
        let explained = text.matches("Replay:").count();
        let failed = run.experiments.iter().filter(|one| one.journal.verdict == Verdict::Refuted).count();
        let missing = format!("the details of {} that did not pass", failed - explained);
        assert_eq!(explained == failed, !text.contains("the details of"), "{n} in {most}");
        assert!(explained == failed || text.contains(&missing), "{n} in {most}: {missing}");
    }
    let all = many(60).markdown_within(1 << 20);
    assert!(!all.contains("eft out"), "there is room for all");
}

#[test]
fn an_hour_takes_milliseconds_and_no_more_room() {
    let run = sample::run([sample::hour()]);
    let started = processor_time();
    let text = run.markdown();
    let took = processor_time() - started;
    assert!(text.len() < 10_000, "{}", text.len());
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
