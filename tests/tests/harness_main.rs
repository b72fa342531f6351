//! A test binary with `harness = false` and `chaos_runtime::main!()`: libtest's flags, and its own.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::fixture::Fixture;
use chaos_tests::harness::{assert_summaries, ran, reports};
use chaos_tests::home::{Ended, Home, run};
use std::process::Command;

fn command(home: &Home, flags: &[&str]) -> Command {
    Fixture::get().cargo(home, "test", &[&["--quiet", "--test", "chaos_main", "--"], flags].concat())
}

/// What the binary comes to with these flags, in a home of its own.
fn main(flags: &[&str]) -> (Home, Ended) {
    let home = Home::new();
    let ended = run(command(&home, flags));
    assert!(home.left_behind().is_empty(), "{:?}", home.left_behind());
    (home, ended)
}

const PLAIN: [&str; 6] =
    ["module::parallel_one", "parallel_one", "parallel_two", "serial_one", "serial_two", "staging_only"];
const IGNORED: [&str; 6] = ["endless", "flaky", "ignored", "module::ignored", "refuted", "refuted_as_expected"];

#[test]
fn a_list_names_them_as_libtest_does() {
    let listed = |flags: &[&str]| -> Vec<String> {
        let (home, ended) = main(flags);
        assert!(ended.status.success() && home.journals().is_empty(), "{}", ended.output);
        ended.output.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
    };
    let mut all = [PLAIN, IGNORED].concat();
    all.sort_unstable();
    assert_eq!(listed(&["--list"]), all);
    assert_eq!(listed(&["--list", "--format", "terse"]), all);
    assert_eq!(listed(&["--list", "--format", "terse", "--ignored"]), IGNORED);
    assert_eq!(listed(&["--list", "--shuffle=7", "serial", "--skip", "two"]), ["serial_one"]);
}

#[test]
fn ignored_ones_say_why_and_so_do_skipped_ones() {
    let (home, ended) = main(&[]);
    assert_summaries(&ended, &[(5, 0, 7)]);
    assert_eq!(ran(&home).len(), PLAIN.len());
    let line = |name: &str| {
        let line = ended.output.lines().find(|line| line.starts_with(&format!("test {name} ")));
        line.unwrap_or_else(|| panic!("{name}:\n{}", ended.output)).to_owned()
    };
    assert!(line("ignored").ends_with("... ignored (only when asked for)"), "{}", ended.output);
    assert!(line("module::ignored").ends_with("... ignored"), "{}", ended.output);
    assert!(line("staging_only").ends_with("ignored (runs in profile staging, and this is `local`)"));
    assert!(line("serial_one").ends_with("... ok"), "{}", ended.output);
}

#[test]
fn filters_choose() {
    let chosen = |flags: &[&str], expected: &[&str]| {
        let (home, ended) = main(flags);
        let passed = u32::try_from(expected.len()).unwrap();
        assert_summaries(&ended, &[(passed, 0, 0)]);
        let expected = expected.iter().map(|name| format!("chaos_main {name}"));
        assert!(ran(&home).into_iter().eq(expected), "{flags:?}: {:?}", ran(&home));
    };
    chosen(&["parallel_one"], &["module::parallel_one", "parallel_one"]);
    chosen(&["--exact", "parallel_one"], &["parallel_one"]);
    chosen(&["--exact", "parallel_one", "serial_one"], &["parallel_one", "serial_one"]);
    chosen(&["parallel", "--skip", "one"], &["parallel_two"]);
    chosen(&["--ignored", "ignored"], &["ignored", "module::ignored"]);
    chosen(&["--include-ignored", "--exact", "ignored", "--test-threads=1"], &["ignored"]);
    let (_, ended) = main(&["no such test"]);
    assert!(ended.output.contains("12 filtered out"), "{}", ended.output);
    assert_summaries(&ended, &[(0, 0, 0)]);
}

#[test]
fn output_comes_in_libtests_forms() {
    let (_, ended) = main(&["--quiet", "parallel"]);
    assert!(ended.output.lines().any(|line| line == "..."), "{}", ended.output);
    let (_, ended) = main(&["--format=json", "--exact", "parallel_one"]);
    let events = ended.output.lines().filter(|line| line.starts_with('{'));
    let events: Vec<serde_json::Value> = events.map(|line| serde_json::from_str(line).expect(line)).collect();
    let last = events.last().expect("there are some");
    assert_eq!((&last["event"], &last["passed"]), (&"ok".into(), &1.into()));
    let (_, ended) = main(&["--color=always", "--exact", "parallel_one"]);
    assert!(ended.output.contains("\u{1b}[32mok"), "{:?}", ended.output);
}

#[test]
fn a_report_of_what_is_ok_shows_when_asked_for() {
    let (_, ended) = main(&["--exact", "parallel_one"]);
    assert_eq!(reports(&ended, "parallel_one"), 0, "{}", ended.output);
    assert!(!ended.output.contains("chaos parallel_one: "), "{}", ended.output);
    let (_, ended) = main(&["--exact", "parallel_one", "--nocapture"]);
    assert_eq!(reports(&ended, "parallel_one"), 1, "{}", ended.output);
    assert!(ended.output.contains("chaos parallel_one: "), "{}", ended.output);
}

#[test]
fn a_failure_ends_with_101_and_is_reported_once() {
    let (home, ended) = main(&["--ignored", "refuted"]);
    assert_summaries(&ended, &[(1, 1, 0)]);
    assert_eq!(reports(&ended, "refuted"), 1, "{}", ended.output);
    let (_, at_the_end) = ended.output.split_once("---- refuted ----").expect(&ended.output);
    assert!(at_the_end.trim_start().starts_with("REFUTED\n"), "{at_the_end}");
    assert!(at_the_end.contains(&home.journal("refuted").replay), "{at_the_end}");
    assert_eq!(home.journal("refuted_as_expected").verdict, Verdict::Refuted);
}

fn seeds(home: &Home) -> Vec<(String, u64)> {
    let seed = |journal: Journal| (journal.experiment.name, journal.run.seed);
    let mut seeds: Vec<_> = home.journals().into_iter().map(seed).collect();
    seeds.sort_unstable();
    seeds
}

#[test]
fn a_flag_outranks_the_environment_and_that_the_attribute() {
    let with = |flags: &[&str], variable: Option<&str>| {
        let home = Home::new();
        let mut command = command(&home, &[&["--exact", "parallel_one", "parallel_two"], flags].concat());
        if let Some(seed) = variable {
            command.env("CHAOS_SEED", seed);
        }
        assert_summaries(&run(command), &[(2, 0, 0)]);
        seeds(&home)
    };
    let both = |seed| vec![("parallel_one".to_owned(), seed), ("parallel_two".to_owned(), seed)];
    assert_eq!(with(&["--seed", "7"], Some("8")), both(7));
    assert_eq!(with(&[], Some("8")), both(8));
    assert_eq!(with(&[], None)[1].1, 42);
}

#[test]
fn a_profile_chooses_what_runs() {
    let home = Home::new();
    let mut command = command(&home, &["--profile", "staging", "--exact", "staging_only", "parallel_one"]);
    command.env("CHAOS_PROFILE", "production");
    let ended = run(command);
    assert_summaries(&ended, &[(2, 0, 0)]);
    let journal = home.journal("staging_only");
    assert_eq!((journal.run.profile.as_str(), journal.verdict), ("staging", Verdict::Passed));
    assert!(journal.replay.starts_with("CHAOS_PROFILE=staging CHAOS_SEED="));
}

#[test]
fn repetitions_are_attempts_of_one_run() {
    let (home, ended) = main(&["--repeat", "3", "--exact", "parallel_one"]);
    assert_summaries(&ended, &[(1, 0, 0)]);
    let mut drawn: Vec<&str> = (1..=3)
        .map(|n| {
            let start = format!("chaos parallel_one: repetition {n} of 3, with seed ");
            let mut lines = ended.output.lines().filter_map(|line| line.strip_prefix(&start));
            let (Some(line), None) = (lines.next(), lines.next()) else { panic!("{n}:\n{}", ended.output) };
            line.strip_suffix(": passed").expect(line)
        })
        .collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 3, "each draws its own:\n{}", ended.output);
    let junit = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
    assert!(junit.contains("2 earlier attempts in this run: passed, passed"), "{junit}");

    let (home, ended) = main(&["--repeat=2", "--seed=7", "--exact", "parallel_one"]);
    assert_eq!(ended.output.matches(" of 2, with seed 7: passed").count(), 2, "{}", ended.output);
    assert_eq!(home.journal("parallel_one").run.seed, 7);
}

#[test]
fn repetitions_end_with_the_first_failure() {
    let home = Home::new();
    let repeated = || {
        let mut command = command(&home, &["--repeat", "3", "--ignored", "--exact", "flaky"]);
        command.env("FLAKY", home.path().join("flaky"));
        run(command)
    };
    let ended = repeated();
    assert_summaries(&ended, &[(0, 1, 0)]);
    let (_, at_the_end) = ended.output.split_once("---- flaky ----").expect(&ended.output);
    assert!(at_the_end.trim_start().starts_with("repetition 1 of 3, with seed "), "{at_the_end}");
    assert!(ended.output.contains("chaos flaky: repetition 1 of 3"), "{}", ended.output);
    assert!(!ended.output.contains("repetition 2 of 3"), "{}", ended.output);
    let ended = repeated();
    assert_summaries(&ended, &[(1, 0, 0)]);
    assert!(ended.output.contains("repetition 3 of 3"), "{}", ended.output);
}

/// The order in which they ran, one at a time.
fn order(ended: &Ended) -> Vec<String> {
    let lines = ended.output.lines().filter_map(|line| line.strip_prefix("test "));
    lines.filter(|line| line.contains(" ... ")).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn an_order_can_be_had_again() {
    // Ignored ones take no time and are shuffled too.
    let shuffled = |flag: &str| main(&[flag, "--test-threads=1", "--skip=serial"]).1;
    let sorted = order(&main(&["--test-threads=1", "--skip=serial"]).1);
    assert!(sorted.len() == 10 && sorted.is_sorted(), "{sorted:?}");
    let (first, second, other) = (shuffled("--shuffle=7"), shuffled("--shuffle=7"), shuffled("--shuffle=8"));
    assert_eq!(order(&first), order(&second));
    assert_ne!(order(&first), order(&other));
    assert_ne!(order(&first), sorted);

    let drawn = shuffled("--shuffle");
    let flag = drawn.output.lines().find_map(|line| line.strip_prefix("chaos-test: in the order of `"));
    let flag = flag.and_then(|line| line.strip_suffix('`')).unwrap_or_else(|| panic!("{}", drawn.output));
    assert_eq!(order(&shuffled(flag)), order(&drawn), "{flag}");
}

#[test]
fn mistakes_end_with_2_and_the_way_out() {
    for (flags, message) in [
        (&["--seed", "ten"][..], "error: invalid value 'ten' for '--seed <N>': not a number"),
        (&["--repeat=0"], "help: write 1 or more"),
        (&["--shuffle=x"], "help: write the number that an earlier run printed"),
        (&["--test-threads=0"], "help: write 1 or more"),
        (&["--profle", "staging"], "'--profile'"),
    ] {
        let home = Home::new();
        let ended = run(command(&home, flags));
        assert!(ended.output.contains(message), "{flags:?}:\n{}", ended.output);
        assert!(ended.output.contains("(exit status: 2)"), "{flags:?}:\n{}", ended.output);
        assert!(home.journals().is_empty());
    }
}

#[test]
fn help_shows_all_flags() {
    let (_, ended) = main(&["--help"]);
    assert!(ended.status.success());
    for flag in ["--profile <NAME>", "--seed <N>", "--repeat <N>", "--shuffle[=<SEED>]", "--ignored", "--list"] {
        assert!(ended.output.contains(flag), "{flag}:\n{}", ended.output);
    }
}
