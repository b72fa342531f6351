//! One run under nextest, one report: whole and growing while many processes write it, with retried tests as reruns, and
//! with what a terminated test has undone.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::fixture::Fixture;
use chaos_tests::home::{Ended, Home, Started};
use chaos_tests::junit::Case;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Eight at once, whatever the machine has, and without what the shipped file says about chaos tests.
const EIGHT: &str = "[profile.default]\ntest-threads = 8\nfail-fast = false\n";

/// What a reader of the file has seen.
#[derive(Default)]
struct Seen {
    cases: HashSet<String>,
    reads: usize,
    /// Reads that found more than the read before.
    growths: usize,
}

impl Seen {
    fn look(&mut self, home: &Home) {
        let cases: Vec<_> = home.junit().into_iter().map(|case| case.name).collect();
        let now: HashSet<_> = cases.iter().cloned().collect();
        assert_eq!(now.len(), cases.len(), "a case is there twice");
        let gone: Vec<_> = self.cases.difference(&now).collect();
        assert!(gone.is_empty(), "{gone:?} were there before");
        self.reads += 1;
        self.growths += usize::from(now.len() > self.cases.len());
        self.cases = now;
    }
}

#[test]
fn two_hundred_experiments_in_eight_processes_make_one_report() {
    let home = Home::new();
    let config = home.tmp().join("eight.toml");
    std::fs::write(&config, EIGHT).unwrap();
    let mut command = Fixture::get().cargo(&home, "nextest", &["run", "--color=never", "--config-file"]);
    command.arg(&config).args(["--test", "chaos_many", "--run-ignored", "only"]);
    let done = AtomicBool::new(false);
    let (ended, seen) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Seen::default();
            loop {
                let last = done.load(Ordering::SeqCst);
                seen.look(&home);
                if last {
                    return seen;
                }
                // Leaves the writers some of the processor.
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let ended = Started::new(command).wait();
        done.store(true, Ordering::SeqCst);
        (ended, reader.join().unwrap())
    });
    std::fs::remove_file(config).unwrap();
    assert!(ended.output.contains("200 tests run: 200 passed"), "{}", ended.output);
    println!("{} reads, {} of them found more", seen.reads, seen.growths);
    assert!(seen.reads > 20 && seen.growths > 10, "{} reads, {} growths prove little", seen.reads, seen.growths);

    let journals = home.journals();
    let names: HashSet<_> = journals.iter().map(|journal| journal.experiment.name.clone()).collect();
    assert_eq!((journals.len(), names.len()), (200, 200));
    assert!(journals.iter().all(|journal| journal.verdict == Verdict::Inconclusive));
    assert_eq!(seen.cases, names, "an experiment without claims is one case");
    let statuses: Vec<_> = home.junit().into_iter().map(|case| case.status).collect();
    let inconclusive = |status: &Option<(String, String)>| {
        status.as_ref().is_some_and(|(element, kind)| element == "error" && kind == "inconclusive")
    };
    assert!(statuses.iter().all(inconclusive), "all have ended: {statuses:?}");
    let runs = std::fs::read_dir(home.chaos().join("runs")).unwrap().flatten();
    assert_eq!(runs.filter(|entry| entry.path().is_dir()).count(), 1, "one run");
    assert_eq!(home.left_behind(), [""; 0]);
}

/// `cargo nextest run` of one ignored test of the fixture, with the configuration that is shipped.
fn nextest(home: &Home, test: &str, flags: &[&str]) -> Ended {
    let filter = format!("test(={test}) & !binary(=chaos_main)");
    let mut command = Fixture::get().nextest(home, &["--run-ignored", "all", "-E", &filter]);
    command.args(flags).env("FLAKY", home.tmp().join("flaky"));
    Started::new(command).wait()
}

fn experiments_case(home: &Home, test: &str) -> Case {
    let cases = home.junit();
    cases.iter().find(|case| case.name == test).unwrap_or_else(|| panic!("no {test} in {cases:?}")).clone()
}

#[test]
fn a_retried_test_that_passes_is_a_flaky_one() {
    let home = Home::new();
    let ended = nextest(&home, "flaky", &["--retries=2"]);
    assert!(ended.output.contains("1 passed (1 flaky)"), "{}", ended.output);
    let case = experiments_case(&home, "flaky");
    assert_eq!((case.status, case.reruns), (None, vec![("flakyError".into(), "body".into())]));
    let kept = std::fs::read_dir(home.chaos().join("runs")).unwrap().flatten().map(|run| run.path().join("attempts"));
    let kept: Vec<_> = kept.filter_map(|attempts| std::fs::read_dir(attempts).ok()).flatten().flatten().collect();
    assert_eq!(kept.len(), 1);
    let first: Journal = serde_json::from_slice(&std::fs::read(kept[0].path()).unwrap()).unwrap();
    assert!(first.verdict == Verdict::Errored && first.reasons[0].message.contains("it was the first attempt"));
}

#[test]
fn a_retried_test_that_fails_again_has_reruns() {
    let home = Home::new();
    let ended = nextest(&home, "refuted", &["--retries=2"]);
    assert!(ended.output.contains("1 failed"), "{}", ended.output);
    let case = experiments_case(&home, "refuted");
    let hypothesis = |element: &str| (element.to_owned(), "hypothesis".to_owned());
    assert_eq!(case.status, Some(hypothesis("failure")));
    assert_eq!(case.reruns, [hypothesis("rerunFailure"), hypothesis("rerunFailure")]);
}

/// Terminates `takes_five_seconds_to_undo` after ten seconds, by the shipped configuration with another grace period
/// if that is asked for. Whether all was undone.
fn terminated(grace_period: Option<&str>) -> bool {
    let home = Home::new();
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../nextest.toml")).unwrap();
    let (before, after) = shipped.split_once("period = \"60s\", terminate-after = 10").expect("as it is shipped");
    let mut config = format!("{before}period = \"10s\", terminate-after = 1{after}");
    if let Some(grace_period) = grace_period {
        config = config.replace("grace-period = \"15s\"", &format!("grace-period = \"{grace_period}\""));
        assert!(config.contains(grace_period));
    }
    let path = home.tmp().join("nextest.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = Fixture::get().cargo(&home, "nextest", &["run", "--color=never", "--config-file"]);
    command.arg(path).args(["--run-ignored", "all", "-E", "test(=takes_five_seconds_to_undo)"]);
    let ended = Started::new(command).wait();
    assert!(ended.output.contains("1 timed out"), "{}", ended.output);
    assert!(home.tmp().join("harmed").exists(), "nothing was there to undo:\n{}", ended.output);
    let healed = home.tmp().join("healed").exists();
    let kind = if healed { "interrupted" } else { "killed" };
    let case = experiments_case(&home, "takes_five_seconds_to_undo");
    assert_eq!(case.status, Some(("error".into(), kind.into())), "{}", ended.output);
    healed
}

#[test]
fn the_shipped_grace_period_lets_a_rollback_of_five_seconds_end() {
    let (shipped, short) = std::thread::scope(|scope| {
        let short = scope.spawn(|| terminated(Some("1s")));
        (terminated(None), short.join().unwrap())
    });
    assert!(shipped && !short, "shipped: {shipped}, one second: {short}");
}
