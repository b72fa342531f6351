//! `cargo test` on a user's crate: every way to choose tests, and what comes of them.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::fixture::Fixture;
use chaos_tests::harness::{assert_summaries, intervals, one_after_the_other, ran, reports, summaries};
use chaos_tests::home::{Ended, Home, Started, run, until};
use rustix::process::Signal;
use std::os::unix::process::CommandExt as _;

/// What `cargo test <arguments>` comes to, in a home of its own.
fn test(arguments: &[&str]) -> (Home, Ended) {
    let home = Home::new();
    let ended = run(Fixture::get().cargo(&home, "test", arguments));
    assert!(home.left_behind().is_empty(), "{:?}\n{}", home.left_behind(), ended.output);
    (home, ended)
}

#[test]
fn all_targets_in_one_run_and_documentation_tests_beside() {
    let (home, ended) = test(&[]);
    // Besides these there are binaries in which all tests are ignored, and targets without any.
    let (chaos, main, other, doc) = ((9, 0, 3), (5, 0, 7), (1, 0, 0), (1, 0, 0));
    let ran: Vec<_> = summaries(&ended).into_iter().filter(|(passed, failed, _)| passed + failed > 0).collect();
    assert_eq!(ran, [other, doc, main, chaos], "{}", ended.output);
    assert!(ended.status.success(), "{}", ended.output);
    assert_eq!(home.journals().len(), 8 + 6 + 1);
    assert_eq!(std::fs::read_dir(home.chaos().join("runs")).unwrap().filter(is_folder).count(), 1);
    assert_eq!(reports(&ended, "serial_one"), 0, "what is ok is not shown:\n{}", ended.output);
    assert!(home.journals().iter().all(|journal| journal.verdict.is_ok()));
}

fn is_folder(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.path().is_dir())
}

#[test]
fn one_thread_and_eight() {
    std::thread::scope(|scope| {
        for threads in ["--test-threads=1", "--test-threads=8"] {
            scope.spawn(move || {
                let (home, ended) = test(&["--test", "chaos", "--", threads]);
                assert_summaries(&ended, &[(9, 0, 3)]);
                let journals = home.journals();
                let serial = |name: &str| name.starts_with("serial");
                let serial = intervals(journals.iter().filter(|journal| serial(&journal.experiment.name)));
                assert!(serial.len() == 3 && one_after_the_other(&serial), "{serial:?}");
                let all = intervals(&journals);
                assert!(threads.ends_with('8') || one_after_the_other(&all), "libtest has the last word: {all:?}");
            });
        }
    });
}

#[test]
fn a_name_chooses_in_all_binaries() {
    let (home, ended) = test(&["--test", "chaos", "--test", "chaos_main", "--test", "chaos_other", "parallel_one"]);
    assert_summaries(&ended, &[(1, 0, 0), (2, 0, 0), (0, 0, 0)]);
    let expected = ["chaos parallel_one", "chaos_main module::parallel_one", "chaos_main parallel_one"];
    assert!(ran(&home).iter().eq(expected), "{:?}", ran(&home));
}

#[test]
fn exact_names_choose_exactly() {
    let binaries = ["--test", "chaos", "--test", "chaos_main", "--test", "chaos_other"];
    let (home, ended) = test(&[&binaries[..], &["--", "--exact", "serial_one"]].concat());
    assert_summaries(&ended, &[(1, 0, 0), (1, 0, 0), (0, 0, 0)]);
    assert!(ran(&home).iter().eq(["chaos serial_one", "chaos_main serial_one"]), "{:?}", ran(&home));
}

#[test]
fn a_binary_is_chosen_by_its_name() {
    let (home, ended) = test(&["--test", "chaos_other"]);
    assert_summaries(&ended, &[(1, 0, 0)]);
    assert!(ran(&home).iter().eq(["chaos_other module::serial_one"]), "{:?}", ran(&home));
}

#[test]
fn a_list_of_all_of_them_runs_none() {
    let (home, ended) = test(&["--test", "chaos", "--test", "chaos_other", "--", "--list", "--format=terse"]);
    let mut listed: Vec<&str> = ended.output.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    listed.sort_unstable();
    let expected = [
        "flaky",
        "ignored",
        "module::serial_one",
        "ordinary",
        "parallel_one",
        "parallel_three",
        "parallel_two",
        "refuted",
        "serial_one",
        "serial_three",
        "serial_two",
        "shares_the_database",
        "shares_the_database_too",
    ];
    assert_eq!(listed, expected);
    assert!(ended.status.success() && home.journals().is_empty());
}

#[test]
fn ignored_ones_run_when_asked_for() {
    let (home, ended) = test(&["--test", "chaos", "--", "--ignored", "--skip=refuted", "--skip=flaky"]);
    assert_summaries(&ended, &[(1, 0, 0)]);
    assert!(ran(&home).iter().eq(["chaos ignored"]), "{:?}", ran(&home));
    let (home, ended) = test(&["--test", "chaos", "--", "--include-ignored", "--exact", "ignored", "parallel_one"]);
    assert_summaries(&ended, &[(2, 0, 0)]);
    assert!(ran(&home).iter().eq(["chaos ignored", "chaos parallel_one"]), "{:?}", ran(&home));
}

#[test]
fn a_report_of_what_is_ok_shows_when_asked_for() {
    let (_, ended) = test(&["--test", "chaos", "--", "--nocapture", "parallel"]);
    assert_summaries(&ended, &[(3, 0, 0)]);
    for name in ["parallel_one", "parallel_two", "parallel_three"] {
        assert_eq!(reports(&ended, name), 1, "{name}:\n{}", ended.output);
    }
}

#[test]
fn a_failure_is_reported_once_and_its_command_replays_it() {
    for binary in ["chaos", "chaos_main"] {
        let (home, ended) = test(&["--test", binary, "refuted", "--", "--exact", "--ignored"]);
        assert_summaries(&ended, &[(0, 1, 0)]);
        assert_eq!(reports(&ended, "refuted"), 1, "{}", ended.output);
        let first = home.journal("refuted");
        assert_eq!(first.verdict, Verdict::Refuted);
        assert!(ended.output.contains(&first.replay), "{}", ended.output);
        assert!(first.replay.contains(&format!(" --test {binary} ")), "{}", first.replay);

        let home = Home::new();
        let ended = run(Fixture::get().replay(&home, &first.replay));
        // Of all binaries only this one, and nothing else in it.
        assert_summaries(&ended, &[(0, 1, 0)]);
        let second = home.journal("refuted");
        assert_eq!((second.run.seed, second.experiment.binary.as_str()), (first.run.seed, binary));
    }
}

/// cargo dies of it at once; the test takes its time for the rollback.
#[test]
fn ctrl_c_rolls_back_under_either_main() {
    std::thread::scope(|scope| {
        for (binary, name) in [("chaos_harms", "harms"), ("chaos_main", "endless")] {
            scope.spawn(move || {
                let home = Home::new();
                let arguments = ["--test", binary, name, "--", "--exact", "--ignored", "--nocapture"];
                let mut command = Fixture::get().cargo(&home, "test", &arguments);
                command.env("STOP_AT", "fault waiting").process_group(0);
                let mut started = Started::new(command);
                started.printed("at: fault");
                assert!(!home.left_now().is_empty(), "it bites");
                started.signal_group(Signal::INT);
                started.wait();
                until("everything is rolled back", || home.left_behind().is_empty());
                let journal = home.journal(name);
                assert_eq!((journal.verdict, journal.reasons[0].kind), (Verdict::Aborted, ReasonKind::Interrupted));
            });
        }
    });
}
