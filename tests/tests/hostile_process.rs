//! Processes that lack something: descriptors, an environment, cores, decent paths.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::load::Load;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use chaos_tests::surroundings::behind;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// A service in a process of its own behind a proxy, and a disk: what most experiments use.
async fn harms(chaos: &Chaos, load: impl FnOnce(String) -> Load<http::HttpRequest>) -> chaos::Result {
    let server = chaos.process(ProcessBuilder::from(Command::new(bin("answering"))).ready_within(minutes(1))).await?;
    let proxy = chaos.proxy(server.addr()).await?;
    chaos.load(load(proxy.url("/"))).await?;
    let filler = std::env::temp_dir().join("filler");
    let undo = Undo::remove(&filler);
    let full = chaos.inject(fault("fill the disk", move || std::fs::write(filler, [0; 64])).undo(undo)).start().await?;
    chaos.inject(proxy.latency(millis(20))).hold(secs(2)).await?;
    full.clear().await
}

#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(during(success_rate >= 90%), recovery <= 10s),
    warm_up = 200ms,
    baseline = 400ms,
    after = 200ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn ordinary(chaos: &mut Chaos) -> chaos::Result {
    // Each operation in flight is three sockets, as the proxy lives in this process too.
    harms(chaos, |url| http::get(url).rate(per_second(100)).max_in_flight(3)).await
}

/// Each operation is a connection of its own, and there are many at once.
#[chaos_test(steady_state(success_rate >= 90%), hypothesis(recovery <= 10s), warm_up = 200ms, baseline = 400ms, after = 200ms, bin = 100ms)]
#[ignore = "run by the tests below"]
async fn greedy(chaos: &mut Chaos) -> chaos::Result {
    harms(chaos, |url| http::get(url).no_keep_alive().rate(per_second(1000)).max_in_flight(100)).await
}

fn with_descriptors(home: &Home, test: &str, number: u32) -> Ended {
    run(behind("prlimit", [format!("--nofile={number}:{number}")], &home.test(test)))
}

#[track_caller]
fn assert_all_well(home: &Home, ended: &Ended) {
    ended.assert_passes();
    assert_eq!(home.journal("ordinary").verdict, Verdict::Passed);
    assert_eq!(home.junit()[0].status, None);
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
}

#[test]
fn sixty_four_descriptors_are_enough_for_an_ordinary_experiment() {
    let home = Home::new();
    assert_all_well(&home, &with_descriptors(&home, "ordinary", 64));
}

#[test]
fn a_process_without_descriptors_does_not_blame_the_target() {
    let home = Home::new();
    let ended = with_descriptors(&home, "greedy", 64);
    ended.assert_fails_within(SOON);
    ended.assert_says(&["INCONCLUSIVE", "this process has no file descriptors left (its limit is 64)"]);
    ended.assert_says(&["what was measured says nothing about the target", "help: allow more with `ulimit -n 4096`"]);
    let journal = home.journal("greedy");
    assert_eq!((journal.verdict, journal.reasons[0].kind), (Verdict::Inconclusive, ReasonKind::Inconclusive));
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
    // The same load where there are enough.
    let home = Home::new();
    let ended = with_descriptors(&home, "greedy", 1024);
    assert!(!ended.output.contains("no file descriptors"), "{}", ended.output);
}

#[test]
fn too_few_descriptors_to_begin_with_are_named() {
    // Whatever it is that fails first, the way out is the same.
    for number in [8, 12, 16, 20] {
        let home = Home::new();
        let ended = with_descriptors(&home, "ordinary", number);
        ended.assert_fails_within(SOON);
        ended.assert_says(&["Too many open files", "help: allow more with `ulimit -n 4096`"]);
        assert_eq!(home.left_behind(), [""; 0], "{number}: {}", ended.output);
    }
}

#[test]
fn one_core_is_enough() {
    let home = Home::new();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("Linux says it");
    let first: String = allowed.trim().chars().take_while(char::is_ascii_digit).collect();
    assert_all_well(&home, &run(behind("taskset", ["-c", &first], &home.test("ordinary"))));
}

#[test]
fn an_empty_environment_is_enough() {
    let home = Home::new();
    let mut command = home.test("ordinary");
    command.env_clear().env("CHAOS_DIR", home.chaos()).env("TMPDIR", home.tmp());
    assert_all_well(&home, &run(command));
}

#[test]
fn paths_may_be_odd_or_long_or_no_text() {
    let long = vec!["d".repeat(200); 17].join("/");
    let names: [&OsStr; 4] = [
        r#"it's a "home" $(of) 100 % ünïcödé 漢字 \ & <more>"#.as_ref(),
        " leading and trailing ".as_ref(),
        long.as_ref(),
        OsStr::from_bytes(b"caf\xe9 \xff\x01\x1b[31m"),
    ];
    for name in names {
        let outer = tempfile::tempdir().unwrap();
        let place = outer.path().join(name);
        std::fs::create_dir_all(&place).unwrap();
        let home = Home::below(&place);
        let ended = run(home.test("ordinary"));
        assert_all_well(&home, &ended);
        assert!(!ended.output.contains('\u{1b}'), "{}", ended.output);
    }
}

#[test]
fn variables_that_are_no_text_are_told() {
    let home = Home::new();
    let odd = OsStr::from_bytes(b"1\xff");
    let mut command = home.test("ordinary");
    command.env("CHAOS_SEED", odd);
    let ended = run(command);
    ended.assert_fails_within(SOON);
    ended.assert_says(&["CHAOS_SEED is not a number: `1\u{fffd}`", "help: unset it"]);

    // A name like any other.
    let home = Home::new();
    let mut command = home.test("ordinary");
    command.env("CHAOS_RUN_ID", odd).env("CHAOS_SKIP_MISSING", odd).env("COLUMNS", odd).env("TERM", odd);
    assert_all_well(&home, &run(command));
}

/// A path that is no text must not hinder the replay after a crash either.
#[test]
fn what_was_left_behind_in_an_odd_place_is_undone() {
    let outer = tempfile::tempdir().unwrap();
    let place = outer.path().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&place).unwrap();
    let home = Home::below(&place);
    let left = home.tmp().join("left");
    std::fs::write(&left, "harm").unwrap();
    let undo = home.chaos().join("undo");
    std::fs::create_dir_all(&undo).unwrap();
    let path: Vec<String> = left.as_os_str().as_bytes().iter().map(ToString::to_string).collect();
    let line = format!(
        r#"{{"line":"undo","version":1,"id":1,"experiment":"e","pid":1,"what":"fill","target":"disk","recipe":{{"do":"remove","path":[{}]}},"at":"2026-01-01T00:00:00Z"}}"#,
        path.join(",")
    );
    std::fs::write(undo.join("1-a.jsonl"), line + "\n").unwrap();
    let ended = run(home.test("ordinary"));
    assert_all_well(&home, &ended);
    assert!(!left.exists());
    let notes = home.journal("ordinary").notes;
    assert!(notes.iter().any(|note| note.contains("had left `fill` on disk of `e`; it was undone")), "{notes:?}");
}
