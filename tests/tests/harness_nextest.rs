//! `cargo nextest` on a user's crate: a process per test, and everything that nextest may do to one.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::fixture::Fixture;
use chaos_tests::harness::{intervals, one_after_the_other, ran, reports};
use chaos_tests::home::{Ended, Home, Started, run};
use rustix::process::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::CommandExt as _;

/// What nextest itself ends with when a test fails.
const FAILED: i32 = 100;

/// How many processes the second fault of a harming experiment stops: a server and its child.
const STOPPED: usize = 2;

/// `cargo nextest run <arguments>` with the configuration that is shipped.
fn nextest(home: &Home, arguments: &[&str]) -> Ended {
    let ended = run(Fixture::get().nextest(home, arguments));
    assert!(home.left_behind().is_empty(), "{:?}\n{}", home.left_behind(), ended.output);
    ended
}

/// The summary begins so: `Summary [   0.6s] 2 tests run: 2 passed, 3 skipped`
fn assert_summary(ended: &Ended, expected: &str) {
    let summary = ended.output.lines().find(|line| line.trim_start().starts_with("Summary ["));
    let summary = summary.and_then(|line| line.split_once("] ")).unwrap_or_else(|| panic!("{}", ended.output)).1;
    assert!(summary.trim_start().starts_with(expected), "{summary}, not {expected}:\n{}", ended.output);
    let code = if expected.contains("failed") || expected.contains("timed out") { FAILED } else { 0 };
    assert_eq!(ended.status.code(), Some(code), "{}", ended.output);
}

#[test]
fn the_list_has_exactly_the_tests() {
    let home = Home::new();
    let listed = run(Fixture::get().cargo(&home, "nextest", &["list", "--message-format=json", "--cargo-quiet"]));
    let json = listed.output.lines().find(|line| line.starts_with('{')).expect(&listed.output);
    let json: serde_json::Value = serde_json::from_str(json).expect("nextest writes JSON");
    let mut found = BTreeMap::new();
    for suite in json["rust-suites"].as_object().expect("suites").values() {
        let tests = suite["testcases"].as_object().expect("tests").iter();
        let tests: Vec<String> = tests
            .map(|(name, test)| if test["ignored"] == true { format!("{name} (ignored)") } else { name.clone() })
            .collect();
        found.insert(suite["binary-name"].as_str().expect("a name").to_owned(), tests);
    }
    let expected: [(&str, &[&str]); 3] = [
        (
            "chaos",
            &[
                "flaky (ignored)",
                "ignored (ignored)",
                "ordinary",
                "parallel_one",
                "parallel_three",
                "parallel_two",
                "refuted (ignored)",
                "serial_one",
                "serial_three",
                "serial_two",
                "shares_the_database",
                "shares_the_database_too",
            ],
        ),
        (
            "chaos_main",
            &[
                "endless (ignored)",
                "flaky (ignored)",
                "ignored (ignored)",
                "module::ignored (ignored)",
                "module::parallel_one",
                "parallel_one",
                "parallel_two",
                "refuted (ignored)",
                "refuted_as_expected (ignored)",
                "serial_one",
                "serial_two",
                "staging_only",
            ],
        ),
        ("chaos_other", &["module::serial_one"]),
    ];
    for (binary, expected) in expected {
        assert_eq!(found.remove(binary).unwrap_or_default(), expected, "{binary}");
    }
    // The other binaries have ignored tests only.
    assert!(found.values().flatten().all(|name| name.ends_with(" (ignored)")), "{found:?}");
    assert!(home.journals().is_empty());
}

#[test]
fn all_of_them_are_one_run_and_none_runs_beside_another() {
    let home = Home::new();
    // 9 + 1 + 6, each in a process of its own.
    let ended = nextest(&home, &[]);
    assert_summary(&ended, "16 tests run: 16 passed");
    let journals = home.journals();
    assert_eq!(journals.len(), 15);
    let runs: BTreeSet<&str> = journals.iter().map(|journal| journal.run.id.as_str()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(journals.iter().all(|journal| journal.verdict.is_ok()), "{}", ended.output);
    // By the snippet: only those that are called parallel may run beside each other.
    let all = intervals(&journals);
    for alone in intervals(journals.iter().filter(|journal| !journal.experiment.name.contains("parallel"))) {
        let beside = all.iter().filter(|other| other.0 < alone.1 && alone.0 < other.1).count();
        // One that is skipped takes no time at all.
        assert!(beside <= 1, "{alone:?} is not alone in {all:?}");
    }
    assert_eq!(home.junit().iter().filter(|case| case.status.is_none()).count() + 1, home.junit().len());
}

#[test]
fn ignored_ones_run_when_asked_for_and_a_failure_is_reported_once() {
    let home = Home::new();
    let ended = nextest(&home, &["--run-ignored=only", "--no-fail-fast", "-E", "test(/ignored$|^refuted/)"]);
    assert_summary(&ended, "6 tests run: 4 passed, 2 failed");
    let expected = [
        "chaos ignored",
        "chaos refuted",
        "chaos_main ignored",
        "chaos_main module::ignored",
        "chaos_main refuted",
        "chaos_main refuted_as_expected",
    ];
    assert!(ran(&home).iter().eq(expected), "{:?}", ran(&home));
    // Once from each of the two binaries.
    assert_eq!(reports(&ended, "refuted"), 2, "{}", ended.output);

    // What was printed works with cargo alone.
    for journal in home.journals().iter().filter(|journal| journal.experiment.name == "refuted") {
        let home = Home::new();
        let replayed = run(Fixture::get().replay(&home, &journal.replay));
        assert_eq!(replayed.status.code(), Some(101), "{}", replayed.output);
        let again = home.journal("refuted");
        assert_eq!((again.run.seed, &again.experiment.binary), (journal.run.seed, &journal.experiment.binary));
    }
}

#[test]
fn a_test_may_pass_at_the_second_attempt() {
    for binary in ["chaos", "chaos_main"] {
        let home = Home::new();
        let filter = format!("binary(={binary}) & test(=flaky)");
        let flaky = |retries: &str, marker: &str| {
            let mut command = Fixture::get().nextest(&home, &["--run-ignored=only", retries, "-E", &filter]);
            command.env("FLAKY", home.path().join(marker));
            run(command)
        };
        assert_summary(&flaky("--retries=0", "one"), "1 test run: 0 passed, 1 failed");
        let ended = flaky("--retries=1", "two");
        assert_summary(&ended, "1 test run: 1 passed (1 flaky)");
        assert_eq!(home.journal("flaky").verdict, Verdict::Passed);
        let junit = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
        assert!(junit.contains("1 earlier attempt in this run: errored"), "{junit}");
        assert_eq!(home.junit().iter().filter(|case| case.status.is_some()).count(), 0, "{junit}");
    }
}

#[test]
fn partitions_are_all_of_it_once() {
    let filter = "binary(=chaos_main) | binary(=chaos_other)";
    let part = |which: &str| {
        let home = Home::new();
        let ended = nextest(&home, &["--partition", which, "-E", filter]);
        assert!(ended.status.success(), "{}", ended.output);
        ran(&home)
    };
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| part("count:1/2"));
        (part("count:2/2"), first.join().unwrap())
    });
    assert!(first.len() >= 3 && second.len() >= 3, "{first:?} {second:?}");
    assert!(first.is_disjoint(&second), "{first:?} {second:?}");
    assert_eq!(first.len() + second.len(), 7, "{first:?} {second:?}");
}

#[test]
fn a_test_that_hangs_is_terminated_and_rolls_back() {
    const CONFIG: &str = r#"
        [profile.default]
        slow-timeout = { period = "5s", terminate-after = 5, grace-period = "15s" }
    "#;
    let home = Home::new();
    let arguments = ["--run-ignored=only", "-E", "test(=harms)"];
    let mut command = Fixture::get().nextest_with(&home, CONFIG, &arguments);
    command.env("STOP_AT", "fault waiting");
    let mut started = Started::new(command);
    started.until("both faults are on", || home.stopped_processes() == STOPPED);
    started.printed("TERMINATING");
    let ended = started.wait();
    assert_summary(&ended, "1 test run: 0 passed, 1 timed out");
    assert!(home.left_behind().is_empty(), "{:?}\n{}", home.left_behind(), ended.output);
    interrupted_by(&home, "harms", "SIGTERM");
}

/// The journal of a test that was interrupted in its fault phase.
fn interrupted_by(home: &Home, name: &str, signal: &str) {
    let journal = home.journal(name);
    assert_eq!((journal.verdict, journal.reasons[0].kind), (Verdict::Aborted, ReasonKind::Interrupted), "{name}");
    assert!(journal.reasons[0].message.contains(signal), "{:?}", journal.reasons);
    // On a machine that is too busy for the whole journal it has the interruption only.
    assert!(matches!(journal.faults.len(), 0 | 2), "{name}: {:?}", journal.faults);
    assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{:?}", journal.rollback);
}

/// Ctrl-C in a terminal while these tests have their faults on.
fn ctrl_c(threads: &str, names: &[&str]) {
    const CONFIG: &str = r#"
        [profile.default]
        slow-timeout = { period = "60s", terminate-after = 10, grace-period = "15s" }
    "#;
    let home = Home::new();
    let filter = names.iter().map(|name| format!("test(={name})")).collect::<Vec<_>>().join(" | ");
    let arguments = ["--run-ignored=only", "--test-threads", threads, "-E", &filter];
    let mut command = Fixture::get().nextest_with(&home, CONFIG, &arguments);
    command.env("STOP_AT", "fault waiting").process_group(0);
    let mut started = Started::new(command);
    started.until("all faults are on", || home.stopped_processes() == STOPPED * names.len());
    started.signal_group(Signal::INT);
    let ended = started.wait();
    assert_eq!(ended.status.code(), Some(FAILED), "{}", ended.output);
    assert!(!ended.output.contains("SIGKILL"), "none had to be killed:\n{}", ended.output);
    assert!(home.left_behind().is_empty(), "{:?}\n{}", home.left_behind(), ended.output);
    for name in names {
        interrupted_by(&home, name, "SIGINT");
    }
}

#[test]
fn ctrl_c_rolls_back_what_runs() {
    std::thread::scope(|scope| {
        scope.spawn(|| ctrl_c("1", &["harms"]));
        ctrl_c("4", &["harms_beside_one", "harms_beside_two", "harms_beside_three"]);
    });
}

/// Groups make those take turns that would run at once.
#[test]
fn a_group_limits_what_runs_at_once() {
    const GROUP: &str = r#"
        [test-groups]
        machine = { max-threads = 1 }

        [[profile.default.overrides]]
        filter = "binary(=chaos)"
        test-group = "machine"
    "#;
    let at_once = |config: &str| {
        let home = Home::new();
        let filter = "binary(=chaos) & test(parallel)";
        let ended = run(Fixture::get().nextest_with(&home, config, &["--test-threads=3", "-E", filter]));
        assert_summary(&ended, "3 tests run: 3 passed");
        let intervals = intervals(&home.journals());
        assert_eq!(intervals.len(), 3);
        !one_after_the_other(&intervals)
    };
    assert!(!at_once(GROUP), "in a group they take turns");
    // A busy machine may take long to start a process.
    assert!((0..5).any(|_| at_once("")), "without one they don't");
}
