//! Reports that can't be written: the verdict is told all the same, and what is on the disk stays whole.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::home::{Ended, Home, run};
use chaos_tests::junit;
use chaos_tests::surroundings::{Disk, may_mount, script};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn harm() -> PathBuf {
    std::env::temp_dir().join("harm")
}

/// Harms the disk in `TMPDIR`, so that its undo has to be written down, and does `meanwhile` during that.
async fn harms(chaos: &Chaos, meanwhile: impl FnOnce()) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let fault = fault("harm", || std::fs::write(harm(), "harm")).undo(Undo::remove(harm()));
    let harm = chaos.inject(fault).start().await?;
    meanwhile();
    tokio::time::sleep(millis(300)).await;
    harm.clear().await
}

#[chaos_test(steady_state(success_rate >= 50%), hypothesis(recovery <= 5s), warm_up = 100ms, baseline = 200ms, after = 200ms, bin = 50ms)]
#[ignore = "run by the tests below"]
async fn ordinary(chaos: &mut Chaos) -> chaos::Result {
    harms(chaos, || {}).await
}

/// While its fault is on, the disk with the reports and the ledger gets full.
#[chaos_test(steady_state(success_rate >= 50%), hypothesis(recovery <= 5s), warm_up = 100ms, baseline = 200ms, after = 200ms, bin = 50ms)]
#[ignore = "run by the tests below"]
async fn gets_full(chaos: &mut Chaos) -> chaos::Result {
    harms(chaos, || {
        assert!(harm().exists());
        if std::env::var_os("FILL_BY_LIMIT").is_some() {
            setrlimit(Resource::Fsize, Rlimit { current: Some(1), maximum: None }).expect("a limit may be lowered");
        } else {
            let chaos = PathBuf::from(std::env::var_os("CHAOS_DIR").expect("the test sets it"));
            let mut filler = std::fs::File::create(chaos.join("filler")).expect("there is room for a name");
            let error = std::io::copy(&mut std::io::repeat(0), &mut filler).expect_err("the disk is small");
            eprintln!("filled: {error}");
        }
    })
    .await
}

fn journal(kept: &Path, test: &str) -> Journal {
    let runs = std::fs::read_dir(kept.join("runs")).expect("there was a run").flatten();
    let records = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
    let record = records.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with(&format!("{test}.json")));
    let json = std::fs::read(record.expect("a record")).expect("a file");
    serde_json::from_slice(&json).expect("a whole journal")
}

fn cases(kept: &Path) -> Vec<junit::Case> {
    junit::cases(&std::fs::read_to_string(kept.join("junit.xml")).expect("a JUnit file"))
}

fn ledgers(kept: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(kept.join("undo")).into_iter().flatten().flatten().map(|file| file.path()).collect()
}

/// Runs the script, on a disk that was made like this, with what is on it at the end in the second one.
fn on(disk: Disk, home: &Home, text: &str, test: &str) -> (Ended, PathBuf) {
    let kept = home.tmp().join("kept");
    let mut command = home.test(test);
    command.env("KEPT", &kept).env("CHAOS_RUN_ID", "one");
    if disk == Disk::Limited {
        command.env("FILL_BY_LIMIT", "1");
    }
    (run(disk.script(text, &command)), kept)
}

#[test]
fn on_a_full_disk_nothing_is_injected_and_old_reports_stay_whole() {
    for disk in Disk::available() {
        let home = Home::new();
        let text = r#""$@"; echo "first: $?"; fill; "$@"; echo "second: $?"; keep"#;
        let (ended, kept) = on(disk, &home, text, "ordinary");
        ended.assert_says(&["first: 0", "second: 101", "ERRORED", "failed to write the undo `harm`"]);
        ended.assert_says(&["so nothing was injected", "can't write to", "help: set CHAOS_DIR"]);
        assert!(!home.tmp().join("harm").exists(), "{disk:?}");
        assert!(ended.waited < SOON);
        // What the first run wrote; a record of the second would not have fitted in.
        assert_eq!(cases(&kept)[0].status, None, "{disk:?}");
        assert_eq!(journal(&kept, "ordinary").verdict, Verdict::Passed, "{disk:?}");
        assert_eq!(ledgers(&kept), [""; 0].map(PathBuf::from), "{disk:?}");
    }
}

#[test]
fn a_disk_that_gets_full_during_the_fault_hinders_no_undo() {
    for disk in Disk::available() {
        let home = Home::new();
        let (ended, kept) = on(disk, &home, r#""$@"; echo "ended: $?"; keep"#, "gets_full");
        ended.assert_says(&["PASSED", "ended: 0", "can't write to", "help: set CHAOS_DIR"]);
        assert!(!home.tmp().join("harm").exists(), "{disk:?}\n{}", ended.output);
        assert_eq!(ledgers(&kept), [""; 0].map(PathBuf::from), "nothing to replay, {disk:?}");
        // Its verdict could not be written, so the files must not be green.
        assert_eq!(journal(&kept, "gets_full").verdict, Verdict::Running, "{disk:?}");
        assert_eq!(cases(&kept)[0].status.as_ref().map(|(element, _)| element.as_str()), Some("error"), "{disk:?}");
    }
}

/// The command where `CHAOS_DIR` can't be written to; permissions would not bind root.
fn read_only(command: &Command) -> Command {
    let bind = r#"mount --bind "$CHAOS_DIR" "$CHAOS_DIR" && mount -o remount,ro,bind "$CHAOS_DIR" || exit 99; "$@""#;
    may_mount(bind, command).unwrap_or_else(|| {
        println!("read-only by a file in the way: no right to mount");
        script(r#"mv "$CHAOS_DIR" "$CHAOS_DIR.kept"; >"$CHAOS_DIR"; "$@"; status=$?; rm "$CHAOS_DIR"; mv "$CHAOS_DIR.kept" "$CHAOS_DIR"; exit $status"#, command)
    })
}

#[test]
fn in_a_read_only_directory_nothing_is_injected_and_old_reports_stay_whole() {
    let home = Home::new();
    run(home.test("ordinary")).assert_passes();
    let ended = run(read_only(&home.test("ordinary")));
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "failed to write the undo `harm`", "so nothing was injected"]);
    ended.assert_says(&["can't write to", "help: set CHAOS_DIR to a folder where reports may be written"]);
    assert_eq!(home.left_behind(), [""; 0]);
    assert_eq!((home.journal("ordinary").verdict, home.junit()[0].status.clone()), (Verdict::Passed, None));
}

#[test]
fn without_a_place_for_locks_the_way_out_is_said() {
    let home = Home::new();
    let mut nowhere = home.test("ordinary");
    nowhere.env("TMPDIR", "/nonexistent/dir");
    let ended = run(nowhere);
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "failed to make the directory of locks `/nonexistent/dir/chaos-test-"]);
    ended.assert_says(&["help: set TMPDIR to a directory in which files can be made"]);
    assert_eq!(home.journal("ordinary").verdict, Verdict::Errored);
}

#[test]
fn a_lock_that_is_no_file_is_an_error_and_no_endless_wait() {
    let home = Home::new();
    run(home.test("ordinary")).assert_passes();
    let locks = std::fs::read_dir(home.tmp()).unwrap().flatten().map(|entry| entry.path());
    let lock =
        locks.map(|dir| dir.join("experiment.queue/mutex")).find(|lock| lock.exists()).expect("the machine's lock");
    std::fs::rename(&lock, home.tmp().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(home.tmp().join("elsewhere"), &lock).unwrap();
    let ended = run(home.test("ordinary"));
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "it is no plain file", "help: set TMPDIR"]);
}
