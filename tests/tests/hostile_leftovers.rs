//! Files of earlier runs that are cut off, of a later version, or no files at all: the run goes on, says so, and loses
//! nothing.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use chaos_tests::home::{Ended, Home, run};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[chaos_test(steady_state(success_rate >= 50%), hypothesis(recovery <= 5s), warm_up = 100ms, baseline = 200ms, after = 200ms, bin = 50ms)]
#[ignore = "run by the tests below"]
async fn ordinary(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let filler = std::env::temp_dir().join("filler");
    let undo = Undo::remove(&filler);
    chaos.inject(fault("fill the disk", move || std::fs::write(filler, "x")).undo(undo)).hold(millis(200)).await
}

/// A line of a ledger that removes this file.
fn line(path: &Path) -> String {
    format!(
        r#"{{"line":"undo","version":1,"id":1,"experiment":"e","pid":1,"what":"fill","target":"disk","recipe":{{"do":"remove","path":{:?}}},"at":"2026-01-01T00:00:00Z"}}"#,
        path.display().to_string()
    )
}

fn pipe(path: &Path) {
    let made = run({
        let mut command = Command::new("mkfifo");
        command.arg(path);
        command
    });
    assert!(made.status.success(), "{}", made.output);
}

fn ordinary_run(home: &Home) -> Ended {
    let mut command = home.test("ordinary");
    command.env("CHAOS_RUN_ID", "one");
    let ended = run(command);
    ended.assert_passes();
    assert!(ended.waited < SOON, "{:?}", ended.waited);
    assert_eq!(home.journal_in("one", "ordinary").verdict, Verdict::Passed);
    ended
}

#[test]
fn ledgers_that_make_no_sense_are_told_and_kept() {
    let home = Home::new();
    let undo = home.chaos().join("undo");
    std::fs::create_dir_all(&undo).unwrap();
    let left = |name: &str| {
        let path = home.tmp().join(name);
        std::fs::write(&path, "harm").unwrap();
        path
    };
    let (whole, half, behind) = (left("whole"), left("half"), left("behind"));
    let write = |name: &str, text: &[u8]| std::fs::write(undo.join(name), text).unwrap();
    // Whole lines count, one that was cut off does not: its fault was never injected.
    write("1-cut-off.jsonl", format!("{}\n{}", line(&whole), &line(&half)[..60]).as_bytes());
    write("2-garbage.jsonl", &[b"\xff\xfe\0garbage\n".as_slice(), line(&behind).as_bytes(), b"\n"].concat());
    write("3-newer.jsonl", b"{\"version\":2,\"line\":\"undo\",\"recipe\":{\"do\":\"dance\"}}\n");
    write("4-empty.jsonl", b"");
    std::fs::create_dir(undo.join("5-directory.jsonl")).unwrap();
    symlink(home.chaos().join("nowhere"), undo.join("6-dangling.jsonl")).unwrap();
    symlink(undo.join("3-newer.jsonl"), undo.join("7-link.jsonl")).unwrap();
    pipe(&undo.join("8-pipe.jsonl"));
    write("foreign.txt", b"mine");

    let ended = ordinary_run(&home);
    assert!(!whole.exists() && half.exists() && !behind.exists(), "{}", ended.output);
    let notes = home.journal_in("one", "ordinary").notes;
    let told = |name: &str| notes.iter().filter(|note| note.contains(name)).count();
    for name in ["2-garbage", "3-newer", "5-directory", "6-dangling", "7-link", "8-pipe"] {
        assert_eq!(told(name), 1, "{name}: {notes:#?}");
    }
    assert!(notes.iter().any(|note| note.contains("3-newer") && note.contains("format 2")), "{notes:#?}");
    let mut kept: Vec<_> = std::fs::read_dir(&undo).unwrap().map(|file| file.unwrap().file_name()).collect();
    kept.sort();
    let expected = [
        "2-garbage.unreadable",
        "3-newer.jsonl",
        "5-directory.jsonl",
        "6-dangling.jsonl",
        "7-link.jsonl",
        "8-pipe.jsonl",
        "foreign.txt",
    ];
    assert_eq!(kept, expected);
    assert!(std::fs::read(undo.join("2-garbage.unreadable")).unwrap().starts_with(b"\xff\xfe\0garbage\n"));
}

#[test]
fn something_that_is_no_directory_of_ledgers_hinders_injecting_only() {
    let home = Home::new();
    std::fs::create_dir_all(home.chaos()).unwrap();
    std::fs::write(home.chaos().join("undo"), "in the way").unwrap();
    let ended = run(home.test("ordinary"));
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "failed to write the undo `fill the disk`", "so nothing was injected"]);
    assert_eq!(std::fs::read_to_string(home.chaos().join("undo")).unwrap(), "in the way");
}

#[test]
fn records_that_make_no_sense_are_left_out_and_kept() {
    let home = Home::new();
    let folder = home.chaos().join("runs/one");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    write("a-empty.json", b"");
    write("b-cut-off.json", b"{\"schema\": 1, \"experiment\": {\"name\": \"x");
    write("c-newer.json", b"{\"schema\": 99}");
    write("d-bytes.json", b"\xff\xfe\x1b[31m--><evil>");
    std::fs::create_dir(folder.join("e-directory.json")).unwrap();
    symlink("nowhere", folder.join("f-dangling.json")).unwrap();
    pipe(&folder.join("g-pipe.json"));
    // In the place of the experiment's own record.
    let own = "chaos-tests.hostile_leftovers.ordinary.json";
    write(own, b"{\"schema\": 99, \"of\": \"a later version\"}");

    ordinary_run(&home);
    let xml = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
    assert_eq!(home.junit().iter().filter(|case| case.name == "ordinary").count(), 1);
    for name in ["a-empty", "b-cut-off", "c-newer", "d-bytes", "e-directory", "f-dangling", "g-pipe"] {
        let name = name.replace('-', "\u{2010}");
        assert_eq!(xml.matches(&format!("<!-- {name}.json was left out")).count(), 1, "{name}:\n{xml}");
    }
    assert!(xml.contains("1 earlier attempt in this run: unreadable"), "{xml}");
    let kept = std::fs::read(folder.join(format!("{own}.unreadable"))).unwrap();
    assert_eq!(kept, b"{\"schema\": 99, \"of\": \"a later version\"}");
    assert_eq!(std::fs::read(folder.join("d-bytes.json")).unwrap(), b"\xff\xfe\x1b[31m--><evil>");
}

#[test]
fn directories_in_the_place_of_reports_cost_no_verdict() {
    for place in ["junit.xml", "runs/one/junit.xml", "runs/one/chaos-tests.hostile_leftovers.ordinary.json"] {
        let home = Home::new();
        let directory = home.chaos().join(place);
        std::fs::create_dir_all(directory.join("full")).unwrap();
        let mut command = home.test("ordinary");
        command.env("CHAOS_RUN_ID", "one");
        let ended = run(command);
        ended.assert_passes();
        if place.ends_with(".json") {
            assert_eq!(home.journal_in("one", "ordinary").verdict, Verdict::Passed);
        } else {
            ended.assert_says(&["PASSED", "can't write to", "help: set CHAOS_DIR"]);
            assert!(directory.join("full").exists());
        }
        assert_eq!(home.left_behind(), [""; 0]);
    }
}
