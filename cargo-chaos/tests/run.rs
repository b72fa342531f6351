//! `cargo chaos run`: exactly the experiments that are meant, as one run, with an honest exit code.

#![cfg(target_os = "linux")]

mod support;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Stdio};
use support::{Home, measured};

#[test]
fn those_that_are_meant_run_once_with_the_seed_and_nothing_else_runs() {
    let (home, ended) = measured(|home| home.chaos("run parallel_one --seed 5 --format json"));
    let ended = ended.with(0);
    let summary = ended.valid("run");
    let journals = home.journals();
    let ran: BTreeSet<_> =
        journals.iter().map(|one| format!("{} {}", one.experiment.binary, one.experiment.name)).collect();
    let expected = ["chaos parallel_one", "chaos_main module::parallel_one", "chaos_main parallel_one"];
    assert!(ran.iter().eq(expected), "{ran:?}");
    assert!(journals.iter().all(|one| one.run.seed == 5 && one.run.id == summary["run"].as_str().unwrap()));
    assert_eq!(summary["verdicts"], serde_json::json!({ "passed": 3 }));
    assert_eq!((&summary["ok"], &summary["repetitions"]), (&true.into(), &1.into()));
    let junit = std::fs::read_to_string(summary["junit"].as_str().unwrap()).unwrap();
    assert!(junit.contains("parallel_one"), "{junit}");
    // What the tests print is told, and not on standard output, which is for the summary alone.
    assert!(ended.err.contains("test parallel_one ... ok"), "{}", ended.err);
}

#[test]
fn a_refuted_experiment_fails_the_run_and_the_others_run_all_the_same() {
    let line = "run fixture::chaos::refuted fixture::chaos::parallel_one fixture::chaos_other --include-ignored";
    let (home, ended) = measured(|home| home.chaos(line));
    let text = ended.with(1).out;
    assert_eq!(home.journals().len(), 3);
    assert!(text.contains("refuted (fixture chaos): refuted\n"), "{text}");
    assert!(text.contains("  replay   CHAOS_SEED="), "{text}");
    assert!(text.contains("3 experiments: 2 passed, 1 refuted"), "{text}");
    let shown = home.run("report").with(0).out;
    assert!(shown.contains("chaos test `refuted` REFUTED") && shown.contains("3 experiments of run "), "{shown}");
}

#[test]
fn repetitions_have_seeds_of_their_own_and_tell_what_is_flaky() {
    let (_home, ended) = measured(|home| {
        let mut command = home.chaos("run fixture::chaos::flaky --ignored --repeat 2 --seed 40 --format json");
        command.env("FLAKY", home.path().join("marker"));
        command
    });
    let summary = ended.with(1).valid("run");
    let flaky = &summary["experiments"][0];
    assert_eq!(flaky["flaky"], true);
    let outcomes = flaky["outcomes"].as_array().unwrap();
    let of = |key: &str| outcomes.iter().map(|outcome| outcome[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("verdict"), ["errored", "passed"]);
    assert_eq!(of("seed"), [40, 41]);
    assert_eq!(summary["verdicts"], serde_json::json!({ "errored": 1, "passed": 1 }));
}

#[test]
fn nothing_to_run_is_no_success_and_says_why() {
    let home = Home::new();
    let none = home.run("run no_such_name").with(3).err;
    assert!(none.contains("no chaos test matches") && none.contains("help: see what there is"), "{none}");
    let elsewhere = home.run("run staging_only").with(3).err;
    assert!(elsewhere.contains("1 of those that match run in other profiles than `local`"), "{elsewhere}");
    let ignored = home.run("run fixture::chaos::ignored").with(3).err;
    assert!(ignored.contains("1 are left out by #[ignore]"), "{ignored}");
    assert_eq!(home.journals().len(), 0);
    let staging = home.run("run staging_only --profile staging --format json").with(0).json();
    assert_eq!((&staging["profile"], home.journals().len()), (&"staging".into(), 1));
    assert_eq!(home.journals()[0].run.profile, "staging");
}

/// An experiment that runs until somebody ends it, in its fault phase, and another one that would come after it.
struct Endless {
    child: Child,
    errors: BufReader<ChildStderr>,
    said: String,
    harm: PathBuf,
}

impl Endless {
    fn start(home: &Home) -> Self {
        let line = "run fixture::chaos_main::endless fixture::chaos::serial_one --include-ignored -- --nocapture";
        let mut command = home.chaos(line);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut line) = (String::new(), String::new());
        while !said.contains("at: fault") {
            line.clear();
            if errors.read_line(&mut line).unwrap() == 0 {
                // Where the machine was too busy to measure, nothing was harmed.
                child.wait().unwrap();
                assert!(home.is_spoiled(), "it ended too early:\n{said}");
                home.forget_runs();
                return Self::start(home);
            }
            said.push_str(&line);
        }
        let harm = home.tmp().join("in-the-way");
        assert!(harm.exists());
        Self { child, errors, said, harm }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap()).unwrap()
    }

    /// Its end, after a signal.
    fn ends_rolled_back_and_summed_up(mut self) {
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.errors.read_to_string(&mut self.said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(1), "{out}\n{}", self.said);
        assert!(!self.harm.exists(), "it was rolled back before the summary came");
        assert!(out.contains("interrupted: what had not begun was not run"), "{out}");
        assert!(out.contains("endless (fixture chaos_main): aborted"), "{out}");
    }
}

/// cargo dies of it at once; the test rolls back, and its end is part of the summary.
#[test]
fn ctrl_c_is_waited_out_and_summed_up() {
    let home = Home::new();
    let endless = Endless::start(&home);
    kill_process_group(endless.pid(), Signal::INT).unwrap();
    endless.ends_rolled_back_and_summed_up();
}

/// As supervisors do it: some tell the process that they have started, some all of them.
#[test]
fn sigterm_reaches_the_tests_once_whomever_it_was_sent_to() {
    for kill in [kill_process, kill_process_group] {
        let home = Home::new();
        let endless = Endless::start(&home);
        kill(endless.pid(), Signal::TERM).unwrap();
        endless.ends_rolled_back_and_summed_up();
    }
}

#[test]
fn nextest_runs_the_same() {
    let installed = std::process::Command::new("cargo").args(["nextest", "--version"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no cargo-nextest on this machine");
        return;
    }
    let line = "run --nextest fixture::chaos::ignored module::parallel_one --include-ignored --format json";
    let (home, ended) = measured(|home| home.chaos(line));
    let summary = ended.with(0).json();
    assert_eq!(summary["verdicts"], serde_json::json!({ "passed": 2 }));
    let ids: BTreeSet<_> = home.journals().into_iter().map(|journal| journal.run.id).collect();
    assert!(ids.iter().eq([summary["run"].as_str().unwrap()]), "{ids:?}");
}
