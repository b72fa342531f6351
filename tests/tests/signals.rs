//! Signals in every phase, with one and three tests at work, with rollbacks that are quick, slow and never done:
//! what was harmed is undone or written down for the next run, reported, and the process dies of the signal.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::{Journal, ReasonKind, Verdict};
use chaos_tests::fixture::Fixture;
use chaos_tests::home::{Ended, Home, Started, run};
use chaos_tests::side_by_side;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// Between the signal and the end: nextest kills after 10 s, and this machine may be busy.
const END: Duration = Duration::from_secs(20);

/// Where the experiment of the fixture stops for good, and the line that says so. Without a stop it goes on.
const PHASES: [(&str, &str); 7] = [
    ("body", "at: body"),
    ("warm-up", "at: warm-up"),
    ("", "phase: baseline"),
    ("injection", "at: injection"),
    ("fault", "at: fault"),
    ("recovery", "at: recovery"),
    ("", "phase: after"),
];

const SIGNALS: [&[Signal]; 4] = [&[Signal::INT], &[Signal::TERM], &[Signal::HUP], &[Signal::INT, Signal::INT]];

/// One way to be interrupted.
#[derive(Debug, Clone, Copy)]
struct Case {
    signals: &'static [Signal],
    stop: &'static str,
    line: &'static str,
    /// How the undo of the full disk behaves; empty: well.
    undo: &'static str,
    tests: &'static [&'static str],
}

const ONE: &[&str] = &["harms"];
const THREE: &[&str] = &["harms_beside_one", "harms_beside_two", "harms_beside_three"];

impl Case {
    /// Starts the tests, sends the signals when all of them have come to the place, and waits for the end.
    fn run(self, home: &Home) -> Ended {
        let mut arguments = vec!["--ignored", "--nocapture", "--test-threads=3", "--exact"];
        arguments.extend(self.tests);
        let mut command = Fixture::get().binary(home, "chaos_harms", &arguments);
        command.env("UNDO", self.undo).env("CHAOS_WATCHDOG", "off");
        if !self.stop.is_empty() {
            command.env("STOP_AT", format!("{} waiting", self.stop));
        }
        let mut victim = Started::new(command);
        victim.printed_times(self.line, self.tests.len());
        for (index, signal) in self.signals.iter().enumerate() {
            if index > 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            victim.signal(*signal);
        }
        let ended = victim.wait();
        assert_eq!(
            ended.status.signal(),
            Some(self.signals[0].as_raw()),
            "{self:?}: it dies of the signal\n{}",
            ended.output
        );
        assert!(ended.waited < END, "{self:?}: it took {:?}\n{}", ended.waited, ended.output);
        ended
    }

    /// The journals, one for each test, which all say what happened.
    fn journals(self, home: &Home, ended: &Ended) -> Vec<Journal> {
        let journals: Vec<_> = self.tests.iter().map(|test| home.journal(test)).collect();
        for journal in &journals {
            let name = &journal.experiment.name;
            let interrupted = |kind: ReasonKind| kind == ReasonKind::Interrupted;
            let said = journal.reasons.iter().any(|reason| interrupted(reason.kind) && reason.message.contains("SIG"));
            assert!(said, "{self:?}: {name}: {:?} {:?}\n{}", journal.verdict, journal.reasons, ended.output);
            // The report in libtest's capture is lost; this one is not.
            assert!(ended.output.contains(&format!("chaos test `{name}`")), "{self:?}: {name}\n{}", ended.output);
        }
        assert!(ended.output.contains("interrupted by SIG"), "{self:?}\n{}", ended.output);
        journals
    }
}

/// Everything was undone, and the reports say so.
fn is_undone(case: Case) {
    let home = Home::new();
    let ended = case.run(&home);
    assert_eq!(home.left_behind(), [""; 0], "{case:?}\n{}", ended.output);
    for journal in case.journals(&home, &ended) {
        assert_eq!(journal.verdict, Verdict::Aborted, "{case:?}: {:?}\n{}", journal.reasons, ended.output);
        assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{case:?}: {:?}", journal.rollback);
    }
    let junit = home.junit();
    for test in case.tests {
        let status = &junit.iter().find(|c| c.name == *test).expect("every test has a case").status;
        assert_eq!(*status, Some(("error".to_owned(), "interrupted".to_owned())), "{case:?}");
    }
}

#[test]
fn in_every_phase_everything_is_undone() {
    let cases: Vec<_> = PHASES
        .iter()
        .flat_map(|(stop, line)| SIGNALS.map(|signals| Case { signals, stop, line, undo: "", tests: ONE }))
        .collect();
    side_by_side(5, &cases, |case| is_undone(*case));
}

#[test]
fn three_tests_are_rolled_back_at_once() {
    let cases: Vec<_> = ["", "slow"]
        .into_iter()
        .flat_map(|undo| SIGNALS.map(|signals| Case { signals, stop: "fault", line: "at: fault", undo, tests: THREE }))
        .collect();
    side_by_side(4, &cases, |case| is_undone(*case));
}

#[test]
fn a_rollback_of_five_seconds_is_waited_for() {
    let cases = SIGNALS.map(|signals| Case { signals, stop: "fault", line: "at: fault", undo: "slow", tests: ONE });
    side_by_side(4, &cases, |case| is_undone(*case));
}

#[test]
fn a_rollback_that_hangs_is_told_and_left_to_the_next_run() {
    let cases: Vec<_> = ["hanging", "blocking"]
        .into_iter()
        .flat_map(|undo| [ONE, THREE].map(|tests| (undo, tests)))
        .flat_map(|(undo, tests)| {
            [SIGNALS[0], SIGNALS[1], SIGNALS[3]].map(|signals| Case {
                signals,
                stop: "fault",
                line: "at: fault",
                undo,
                tests,
            })
        })
        .collect();
    side_by_side(6, &cases, |case| is_left_to_the_next_run(*case));
}

/// The disk stays full, but nobody is left in the dark about it, and the next run ends it.
fn is_left_to_the_next_run(case: Case) {
    let home = Home::new();
    let ended = case.run(&home);
    assert!(!home.left_behind().is_empty(), "{case:?}: the undo that never ends has ended\n{}", ended.output);
    assert!(!home.undo_files().is_empty(), "{case:?}: nothing says how to undo it\n{}", ended.output);
    for journal in case.journals(&home, &ended) {
        assert_eq!(journal.verdict, Verdict::RollbackFailed, "{case:?}: {:?}\n{}", journal.reasons, ended.output);
        let left = &journal.reasons[0];
        assert!(left.message.contains("`fill the disk`"), "{case:?}: {left:?}");
        let by_hand = left.help.as_deref().unwrap_or_default();
        assert!(by_hand.contains("rm -rf"), "{case:?}: {left:?}");
        let others = journal.rollback.iter().filter(|undo| undo.error.is_none()).count();
        assert!(others >= 2, "{case:?}: the others are undone: {:?}", journal.rollback);
    }
    let next = run(Fixture::get().binary(&home, "chaos_harms", &["--ignored", "--exact", "next"]));
    assert_eq!(home.left_behind(), [""; 0], "{case:?}\n{}\n{}", ended.output, next.output);
    let notes = home.journal("next").notes;
    let undone = notes.iter().filter(|note| note.contains("it was undone")).count();
    assert_eq!(undone, case.tests.len(), "{case:?}: {notes:?}");
}

#[test]
fn the_report_does_not_drown_in_the_capture() {
    let home = Home::new();
    let mut command = Fixture::get().binary(&home, "chaos_harms", &["--ignored", "--exact", "harms"]);
    command.env("STOP_AT", "fault waiting");
    let victim = Started::new(command);
    // All that it prints is captured, but the ledger speaks.
    let recorded =
        || home.undo_files().iter().any(|file| std::fs::read_to_string(file).unwrap_or_default().contains("pause"));
    while !recorded() {
        assert!(!victim.has_ended(), "{}", victim.output());
        std::thread::sleep(Duration::from_millis(5));
    }
    victim.signal(Signal::INT);
    let ended = victim.wait();
    assert!(!ended.output.contains("at: fault"), "not captured:\n{}", ended.output);
    for text in
        ["chaos test `harms` ABORTED", "interrupted by SIGINT", "undone: pause", "undone: fill the disk", "journal"]
    {
        assert!(ended.output.contains(text), "`{text}` is not in:\n{}", ended.output);
    }
}
