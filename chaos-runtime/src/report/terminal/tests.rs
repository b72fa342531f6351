use super::*;
use crate::clock::processor_time;
use crate::report::columns;
use crate::report::{sample, snapshot};
use std::collections::HashSet;

fn record() -> &'static Path {
    Path::new("/builds/shop/target/chaos/runs/4711-1234567/shop.resilience.checkout.survives_slow_inventory.json")
}

#[test]
fn every_ending_reads_as_its_snapshot() {
    for (name, journal) in sample::all() {
        snapshot::check(&format!("terminal/{name}.txt"), &render(&journal, Some(record()), Style::PLAIN));
    }
}

#[test]
fn narrow_terminals_colours_and_ascii_read_as_their_snapshots() {
    for (name, journal) in sample::all() {
        let narrow = render(&journal, Some(record()), Style { width: 60, ..Style::PLAIN });
        snapshot::check(&format!("terminal/narrow/{name}.txt"), &narrow);
    }
    for (name, journal) in [("refuted", sample::refuted()), ("passed", sample::passed())] {
        for width in [60, 100] {
            let colored = render(&journal, Some(record()), Style { width, color: true, ascii: false });
            snapshot::check(&format!("terminal/color/{name}-{width}.txt"), &colored);
        }
    }
    let ascii = render(&sample::hostile(), Some(record()), Style { ascii: true, ..Style::PLAIN });
    assert!(ascii.is_ascii());
    snapshot::check("terminal/ascii.txt", &ascii);
}

#[test]
fn lines_keep_to_the_width_except_what_is_there_to_be_copied() {
    for width in [60, 80, 100, 140] {
        for (name, journal) in sample::all() {
            let text = render(&journal, Some(record()), Style { width, ..Style::PLAIN });
            for line in text.lines() {
                let copied = ["chaos test `", "  replay ", "  page ", "  journal ", "  phase "]
                    .iter()
                    .any(|start| line.starts_with(start));
                assert!(copied || columns::of(line) <= width, "{name} at {width}: {line:?}");
            }
        }
    }
}

#[test]
fn what_a_reader_needs_is_there() {
    for (name, journal) in sample::all() {
        let text = render(&journal, Some(record()), Style::PLAIN);
        let first = text.lines().next().unwrap();
        assert!(first.contains(&journal.verdict.name().to_uppercase()), "{name}: {first}");
        assert!(first.contains("(shop/tests/resilience/checkout.rs:14:10)"), "{name}: {first}");
        assert!(text.contains("seed"), "{name}");
        if overview::is_failed(journal.verdict) {
            let last = text.lines().skip_while(|line| !line.starts_with("  verdict  "));
            let last: Vec<_> = last.collect();
            assert!(last.len() <= 6, "{name}: within sight of the end: {last:?}");
            assert!(last[0].contains(&journal.verdict.name().to_uppercase()), "{name}: {last:?}");
        }
        for reason in &journal.reasons {
            let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = reason.message.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(squeezed.contains(&message), "{name} lacks {message:?}");
        }
        if journal.verdict != Verdict::Passed {
            assert!(text.contains(&journal.replay), "{name}");
        }
    }
}

#[test]
fn a_failed_undo_comes_before_everything_else_with_the_way_out() {
    let text = render(&sample::rollback_failed(), None, Style::PLAIN);
    let left_behind = text.find("LEFT BEHIND").expect("says so");
    assert!(left_behind < text.find("why").unwrap());
    assert!(text.contains("\n      docker unpause shop-db-1\n"), "on a line of its own:\n{text}");
}

#[test]
fn no_colour_means_no_escape_and_colour_changes_nothing_else() {
    for (_, journal) in sample::all() {
        let plain = render(&journal, None, Style::PLAIN);
        assert!(!plain.contains('\u{1b}'));
        let colored = render(&journal, None, Style { color: true, ..Style::PLAIN });
        assert!(colored.contains('\u{1b}'));
        assert_eq!(text::clean(&colored), plain);
    }
}

#[test]
fn nothing_that_a_journal_may_hold_breaks_the_renderer() {
    let mut journal = sample::refuted();
    journal.phases[2].end_us = 0;
    journal.phases[3].start_us = u64::MAX;
    journal.phases[4].end_us = u64::MAX;
    journal.loads[0].bins[3].operations = 0;
    journal.loads[0].bins[4].succeeded = 10_000;
    journal.loads[0].bins[5].start_us = u64::MAX;
    journal.loads[0].phases.pop();
    journal.claims[0].value = Some(f64::NAN);
    journal.claims[1].limit = Some(f64::INFINITY);
    journal.claims[2].text = "x".repeat(500);
    journal.faults[0].injected_us = u64::MAX;
    assert!(render(&journal, None, Style::PLAIN).contains("REFUTED"));
    assert!(render(&journal, None, Style { width: 0, color: true, ascii: true }).contains("REFUTED"));
}

#[test]
fn marks_of_many_faults_stay_visible() {
    let mut journal = sample::refuted();
    let fault = journal.faults[0].clone();
    journal.faults = vec![fault; 9];
    let text = render(&journal, None, Style::PLAIN);
    let marks = text.lines().find(|line| line.trim_start().starts_with('▲')).unwrap();
    assert_eq!(marks.matches('▲').count(), 9);
    assert_eq!(marks.matches('▼').count(), 9);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("and 16 more"), "{text}");
    let numbers: HashSet<_> = text.split("inject #").skip(1).map(|rest| rest.chars().next()).collect();
    assert_eq!(numbers.len(), 9);
}

#[test]
fn what_is_ok_but_no_pass_is_loud() {
    for (name, journal) in sample::all() {
        let loud = render_loud(&journal, Style::PLAIN);
        let expected = matches!(journal.verdict, Verdict::KnownWeakness | Verdict::Skipped);
        assert_eq!(loud.is_some(), expected, "{name}");
        if let Some(text) = loud {
            assert!(text.contains(&journal.verdict.name().to_uppercase()), "{text}");
            assert!(text.contains(journal.reasons[0].message.split(' ').next().unwrap()), "{text}");
        }
    }
}

#[test]
fn only_the_first_paragraph_of_the_documentation_is_shown_as_one() {
    let mut journal = sample::refuted();
    journal.experiment.doc = "First\nparagraph.\n\nSecond.".to_owned();
    let text = render(&journal, None, Style::PLAIN);
    assert!(text.contains("\n  First paragraph.\n") && !text.contains("Second."), "{text}");
}

#[test]
fn a_driver_that_comes_near_what_is_measured_is_told_of() {
    let told = |change: fn(&mut crate::report::journal::DriverStats)| {
        let mut journal = sample::refuted();
        change(&mut journal.loads[0].phases[2].driver);
        let text = render(&journal, Some(record()), Style { width: 140, ..Style::PLAIN });
        text.lines().find_map(|line| line.trim().strip_prefix("load driver: ")).map(str::to_owned)
    };
    assert_eq!(told(|_| ()), None);
    assert_eq!(told(|driver| driver.longest_pause_us = 9_000), None, "hardly worth a word");
    assert_eq!(
        told(|driver| driver.longest_pause_us = 412_000).as_deref(),
        Some("up to 2 % of a core, did not run for up to 412 ms")
    );
    assert_eq!(told(|driver| driver.cpu_share = Some(0.93)).as_deref(), Some("up to 93 % of a core"));
    let ends = told(|driver| driver.most_per_second = Some(250_000.0)).unwrap();
    assert!(ends.contains("more was due than it could send, this machine ends at about 250,000"), "{ends}");
    assert!(told(|driver| driver.suspended_us = 7_000_000).unwrap().contains("suspended with the machine for 7"));
}

/// All samples as one run.
fn catalogue() -> RecordedRun {
    RecordedRun { id: "4711-1234567".to_owned(), ..sample::run(sample::all().into_iter().map(|(_, journal)| journal)) }
}

#[test]
fn a_run_says_what_failed_before_anything_else() {
    let text = run(&catalogue(), Style::PLAIN);
    let overview: String = text.split("\n\n").next().unwrap().lines().map(|line| format!("{line}\n")).collect();
    snapshot::check("terminal/run.txt", &overview);
    // And all reports follow.
    for (name, journal) in sample::all() {
        assert!(text.contains(&format!("chaos test `{}`", text::line(&journal.experiment.name, 500))), "{name}");
    }
}

#[test]
fn an_hour_takes_milliseconds() {
    let journal = sample::hour();
    let started = processor_time();
    let text = render(&journal, Some(record()), Style::PLAIN);
    let took = processor_time() - started;
    assert!(text.lines().count() < 100, "and is as short as any: {}", text.lines().count());
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
