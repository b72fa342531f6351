//! What the ledger promises.

use super::super::{Leftover, recover};
use super::*;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::Barrier;

fn remove(path: &Path) -> Undo {
    Undo::remove(path)
}

/// An undo that counts its runs and fails the first `failures` times.
fn counting(failures: u32) -> (Undo, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let undo = Undo::in_process("count", move || {
        let run = counter.fetch_add(1, Ordering::SeqCst);
        async move { if run < failures { Err(Error::new("not yet")) } else { Ok(()) } }
    });
    (undo, runs)
}

fn files(dir: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .map(|listing| listing.map(|file| file.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

fn ledger_text(dir: &Path) -> String {
    let files = files(dir);
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::read_to_string(dir.join(&files[0])).unwrap()
}

#[test]
fn an_entry_is_on_disk_when_record_returns() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("made/on/demand");
    let ledger = UndoLedger::on_disk(dir.clone(), "shop::checkout".into(), None);
    assert!(!dir.exists());
    ledger.record("fill the disk", "disk", Undo::command("rm", ["-f", "/nowhere/x"])).unwrap();
    let line: serde_json::Value = serde_json::from_str(ledger_text(&dir).trim()).unwrap();
    assert_eq!(line["experiment"], "shop::checkout");
    assert_eq!(line["pid"], std::process::id());
    assert_eq!(line["recipe"], serde_json::json!({"do": "command", "program": "rm", "args": ["-f", "/nowhere/x"]}));
    assert_eq!((&line["version"], &line["id"]), (&1.into(), &1.into()));
    line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
}

#[tokio::test]
async fn the_file_goes_when_all_is_undone_and_stays_when_not() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = UndoLedger::on_disk(dir.path().into(), "e".into(), None);
    ledger.record("one", "t", remove(&dir.path().join("no-such-file"))).unwrap();
    let reports = ledger.undo_all().await;
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
    drop(ledger);
    assert_eq!(files(dir.path()), [""; 0]);

    let ledger = UndoLedger::on_disk(dir.path().into(), "e".into(), None);
    ledger.record("two", "t", Undo::command("false", [""; 0])).unwrap();
    let reports = ledger.undo_all().await;
    assert!(reports[0].error.as_ref().unwrap().contains("exit status: 1"), "{reports:?}");
    assert_eq!(reports[0].by_hand, "false");
    drop(ledger);
    assert_eq!(files(dir.path()).len(), 1);
}

#[tokio::test]
async fn what_dies_with_the_process_needs_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = UndoLedger::on_disk(dir.path().into(), "e".into(), None);
    let (undo, runs) = counting(0);
    let id = ledger.record("in process", "t", undo).unwrap();
    ledger.record("nothing", "t", Undo::nothing()).unwrap();
    assert_eq!(files(dir.path()), [""; 0]);
    ledger.undo(id).await;
    ledger.undo_all().await;
    assert_eq!((runs.load(Ordering::SeqCst), ledger.reports().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undo_runs_once_whoever_asks_how_often() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..50 {
        let ledger = UndoLedger::on_disk(dir.path().into(), "e".into(), None);
        let (undo, runs) = counting(0);
        let id = ledger.record("once", "t", undo).unwrap();
        let barrier = Arc::new(Barrier::new(8));
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let (ledger, barrier) = (Arc::clone(&ledger), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    if caller % 2 == 0 { vec![ledger.undo(id).await] } else { ledger.undo_all().await }
                })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.unwrap().iter().all(|report| report.error.is_none() && report.attempts == 1));
        }
        assert_eq!((runs.load(Ordering::SeqCst), ledger.reports().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_stop_the_undo() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = UndoLedger::on_disk(dir.path().into(), "e".into(), None);
    let (done, go) = (Arc::new(AtomicBool::new(false)), Arc::new(tokio::sync::Notify::new()));
    let (flag, gone) = (Arc::clone(&done), Arc::clone(&go));
    let undo = Undo::in_process("slow", move || {
        let (flag, gone) = (Arc::clone(&flag), Arc::clone(&gone));
        async move {
            gone.notified().await;
            assert!(!flag.swap(true, Ordering::SeqCst), "ran twice");
            Ok(())
        }
    });
    let id = ledger.record("slow", "t", undo).unwrap();
    tokio::time::timeout(Duration::from_millis(20), ledger.undo(id)).await.unwrap_err();
    go.notify_one();
    let report = ledger.undo(id).await;
    assert!(report.error.is_none() && done.load(Ordering::SeqCst), "{report:?}");
}

#[tokio::test]
async fn last_in_first_out_on_a_target_and_concurrently_across_targets() {
    let ledger = UndoLedger::in_memory();
    let order = Arc::new(Mutex::new(Vec::new()));
    // Both targets' last undos meet here: they can only pass if they run at the same time.
    let meeting = Arc::new(Barrier::new(2));
    for (target, name) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2")] {
        let (order, meeting) = (Arc::clone(&order), Arc::clone(&meeting));
        let undo = Undo::in_process(name, move || {
            let (order, meeting) = (Arc::clone(&order), Arc::clone(&meeting));
            async move {
                if name.ends_with('2') {
                    meeting.wait().await;
                }
                order.lock().unwrap().push(name);
                Ok(())
            }
        });
        ledger.record(name, target, undo).unwrap();
    }
    let reports = ledger.undo_all().await;
    assert_eq!(reports.len(), 4);
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
    let order = order.lock().unwrap().clone();
    let of = |target: char| order.iter().filter(|name| name.starts_with(target)).copied().collect::<Vec<_>>();
    assert_eq!((of('a'), of('b')), (vec!["a2", "a1"], vec!["b2", "b1"]));
    assert!(ledger.undo_all().await.is_empty(), "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn what_ends_targets_waits_for_the_faults_on_them() {
    let ledger = UndoLedger::in_memory();
    let order = Arc::new(Mutex::new(Vec::new()));
    let undo = |name: &'static str, takes: u64| {
        let order = Arc::clone(&order);
        Undo::in_process(name, move || {
            let order = Arc::clone(&order);
            async move {
                tokio::time::sleep(Duration::from_secs(takes)).await;
                order.lock().unwrap().push(name);
                Ok(())
            }
        })
    };
    ledger.record("remove", "containers", undo("remove", 0).last()).unwrap();
    ledger.record("slow", "a", undo("slow", 5)).unwrap();
    ledger.record("fast", "b", undo("fast", 1)).unwrap();
    assert_eq!(ledger.undo_all().await.len(), 3);
    assert_eq!(*order.lock().unwrap(), ["fast", "slow", "remove"]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_undo_is_tried_three_times() {
    let ledger = UndoLedger::in_memory();
    let (undo, runs) = counting(2);
    let id = ledger.record("stubborn", "t", undo).unwrap();
    let report = ledger.undo(id).await;
    assert_eq!((report.error, report.attempts, runs.load(Ordering::SeqCst)), (None, 3, 3));

    let (undo, runs) = counting(u32::MAX);
    let id = ledger.record("hopeless", "t", undo).unwrap();
    let report = ledger.undo(id).await;
    assert_eq!((report.error.as_deref(), report.attempts, runs.load(Ordering::SeqCst)), (Some("not yet"), 3, 3));
    assert_eq!(report.by_hand, "count (ended with the test process)");
}

#[tokio::test(start_paused = true)]
async fn the_recipe_is_the_last_resort_of_a_failing_closure() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("filler");
    std::fs::write(&file, "x").unwrap();
    let ledger = UndoLedger::in_memory();
    let id = ledger.record("fill", "t", remove(&file).live(async || Err(Error::new("no")))).unwrap();
    let report = ledger.undo(id).await;
    assert_eq!((report.error, report.attempts, file.exists()), (None, 3, false));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt() {
    let ledger = UndoLedger::in_memory();
    let early =
        ledger.record("early", "a", Undo::in_process("x", || -> std::future::Ready<Result<()>> { panic!("boo") }));
    let late = ledger.record("late", "b", Undo::in_process("x", async || panic!("number {}", 7)));
    let early = ledger.undo(early.unwrap()).await;
    assert_eq!((early.error.as_deref(), early.attempts), (Some("the undo panicked: boo"), 3));
    let late = ledger.undo(late.unwrap()).await;
    assert_eq!((late.error.as_deref(), late.attempts), (Some("the undo panicked: number 7"), 3));
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_hangs_is_given_up_after_three_times_ten_seconds() {
    let ledger = UndoLedger::in_memory();
    let id = ledger.record("hang", "t", Undo::in_process("x", std::future::pending::<Result<()>>)).unwrap();
    let report = ledger.undo(id).await;
    assert_eq!(report.attempts, 3);
    assert!(report.error.unwrap().contains("10 s"));
    assert!(report.took >= Duration::from_secs(30) && report.took < Duration::from_secs(32), "{:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn an_undo_waits_for_the_injection_under_way_but_not_for_ever() {
    let ledger = UndoLedger::in_memory();
    let (undo, runs) = counting(0);
    let id = ledger.record("slow injection", "t", undo).unwrap();
    let injecting = ledger.injecting(id);
    tokio::time::timeout(Duration::from_secs(1), ledger.undo(id)).await.unwrap_err();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    drop(injecting);
    assert!(ledger.undo(id).await.error.is_none());

    let (undo, runs) = counting(0);
    let id = ledger.record("stuck injection", "t", undo).unwrap();
    let _stuck = ledger.injecting(id);
    ledger.undo(id).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_closed_ledger_takes_nothing() {
    let ledger = UndoLedger::in_memory();
    ledger.close("interrupted by SIGINT");
    let error = ledger.record("late", "t", Undo::nothing()).unwrap_err();
    assert!(error.kind() == ErrorKind::Cancelled && error.message().starts_with("interrupted by SIGINT"), "{error}");
}

#[test]
fn a_directory_that_cannot_be_written_stops_the_injection() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let ledger = UndoLedger::on_disk(file, "e".into(), None);
    let error = ledger.record("harm", "t", Undo::command("true", [""; 0])).unwrap_err();
    assert!(error.message().contains("nothing was injected"), "{error}");
    assert!(ledger.pending().is_empty());
}

/// A ledger file as a killed process leaves it.
fn abandoned(dir: &Path, name: &str, removes: &[&Path]) -> PathBuf {
    let ledger = UndoLedger::on_disk(dir.join("other"), "killed::experiment".into(), None);
    for path in removes {
        ledger.record(&format!("make {}", path.display()), "disk", remove(path)).unwrap();
    }
    drop(ledger);
    let from = dir.join("other").join(&files(&dir.join("other"))[0]);
    let to = dir.join(name);
    std::fs::rename(from, &to).unwrap();
    to
}

#[test]
fn replay_undoes_newest_first_and_removes_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    for path in [&one, &two] {
        std::fs::write(path, "x").unwrap();
    }
    abandoned(dir.path(), "1-a.jsonl", &[&one, &two]);
    let recovered = recover(dir.path());
    let whats: Vec<_> = recovered
        .iter()
        .map(|found| match &found.leftover {
            Leftover::Undo { what, experiment, .. } if experiment == "killed::experiment" => what.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(whats, [format!("make {}", two.display()), format!("make {}", one.display())]);
    assert!(recovered.iter().all(|found| found.error.is_none()));
    assert!(!one.exists() && !two.exists());
    assert_eq!(files(dir.path()), ["other"]);
    assert!(recover(dir.path()).is_empty());
}

#[test]
fn replay_leaves_the_living_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine");
    std::fs::write(&file, "x").unwrap();
    let ledger = UndoLedger::on_disk(dir.path().join("ledger"), "alive".into(), None);
    ledger.record("mine", "disk", remove(&file)).unwrap();
    assert!(recover(&dir.path().join("ledger")).is_empty());
    assert!(file.exists());
    drop(ledger);
    assert_eq!(recover(&dir.path().join("ledger")).len(), 1);
    assert!(!file.exists());
}

#[test]
fn of_a_file_that_was_cut_off_the_whole_lines_count() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    for path in [&one, &two] {
        std::fs::write(path, "x").unwrap();
    }
    let file = abandoned(dir.path(), "1-a.jsonl", &[&one, &two]);
    let bytes = std::fs::read(&file).unwrap();
    // The line break alone is missing: even so its `record` never returned.
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(recover(dir.path()).len(), 1);
    assert!(!one.exists() && two.exists() && !file.exists());
}

#[test]
fn lines_without_sense_are_reported_once_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let one = dir.path().join("one");
    std::fs::write(&one, "x").unwrap();
    let file = abandoned(dir.path(), "1-a.jsonl", &[&one]);
    let mut bytes = b"\0\0\xff{]\n".to_vec();
    bytes.extend(std::fs::read(&file).unwrap());
    std::fs::write(&file, bytes).unwrap();
    let recovered = recover(dir.path());
    assert_eq!(recovered.len(), 2);
    assert!(recovered[0].error.is_none() && !one.exists());
    assert_eq!(
        (&recovered[1].leftover, recovered[1].error.as_deref()),
        (&Leftover::Unreadable, Some("line 1 is not readable"))
    );
    assert_eq!(files(dir.path()), ["1-a.unreadable", "other"]);
    assert!(recover(dir.path()).is_empty());
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let one = dir.path().join("one");
    std::fs::write(&one, "x").unwrap();
    let file = abandoned(dir.path(), "1-a.jsonl", &[&one]);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"{\"version\":7,\"line\":\"undo-group\"}\n");
    std::fs::write(&file, &bytes).unwrap();
    let recovered = recover(dir.path());
    assert_eq!(recovered.len(), 1);
    assert!(recovered[0].error.as_ref().unwrap().contains("later version"), "{recovered:?}");
    assert!(one.exists());
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[test]
fn an_undo_that_fails_in_the_replay_is_tried_again_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let flag = dir.path().join("flag");
    let ledger = UndoLedger::on_disk(dir.path().join("ledger"), "e".into(), None);
    ledger.record("needs the flag", "t", Undo::command("test", ["-e", flag.to_str().unwrap()])).unwrap();
    drop(ledger);
    let failed = recover(&dir.path().join("ledger"));
    assert!(failed[0].error.is_some() && failed[0].to_string().contains("by hand"), "{failed:?}");
    std::fs::write(&flag, "").unwrap();
    assert!(recover(&dir.path().join("ledger"))[0].error.is_none());
    assert_eq!(files(&dir.path().join("ledger")), [""; 0]);
}

/// A process that records undos and waits to be killed.
#[test]
#[ignore = "a helper process of the test below"]
fn helper_records_and_waits() {
    let dir = PathBuf::from(crate::sys::reexec::argument("CHAOS_LEDGER_DIR"));
    let ledger = UndoLedger::on_disk(dir.join("ledger"), "killed".into(), None);
    for name in ["one", "two"] {
        let file = dir.join(name);
        ledger.record(name, "disk", remove(&file)).unwrap();
        std::fs::write(&file, "harm").unwrap();
    }
    std::fs::write(dir.join("ready"), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn what_a_killed_process_did_is_undone_by_exactly_one_of_two_replays() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = crate::sys::reexec::helper("rollback::ledger::tests::helper_records_and_waits")
        .env("CHAOS_LEDGER_DIR", dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !dir.path().join("ready").exists() {
        assert!(child.try_wait().unwrap().is_none(), "the helper ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    let ledger = dir.path().join("ledger");
    assert!(recover(&ledger).is_empty(), "its owner lives");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(dir.path().join("one").exists() && dir.path().join("two").exists());
    let replays: Vec<_> = std::thread::scope(|scope| {
        let replays: Vec<_> = (0..2).map(|_| scope.spawn(|| recover(&ledger))).collect();
        replays.into_iter().map(|replay| replay.join().unwrap().len()).collect()
    });
    assert_eq!(replays.iter().sum::<usize>(), 2, "{replays:?}");
    assert!(!dir.path().join("one").exists() && !dir.path().join("two").exists());
    assert_eq!(files(&ledger), [""; 0]);
}

#[tokio::test]
async fn an_entry_that_covers_more_is_on_disk_before_more_is_done_or_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| dir.path().join(name));
    let undo = dir.path().join("undo");
    [&a, &b, &c].iter().for_each(|path| std::fs::write(path, "").unwrap());
    let ledger = UndoLedger::on_disk(undo.clone(), "e".into(), None);
    let id = ledger.record("several", "disk", remove(&a)).unwrap();
    let two = Recipe::all(vec![Recipe::Remove { path: a.clone() }, Recipe::Remove { path: b.clone() }]);
    ledger.amend_durably(id, two).unwrap();
    assert!(ledger_text(&undo).lines().last().unwrap().contains(r#""recipe":{"do":"all","recipes":[{"do":"remove","#));
    ledger.close("the experiment is over");
    let error = ledger.amend_durably(id, Recipe::Remove { path: c.clone() }).unwrap_err();
    assert_eq!(error.message(), "the experiment is over: nothing is injected any more");
    // As after a SIGKILL.
    drop(ledger);
    let recovered = recover(&undo);
    assert!(recovered.len() == 1 && recovered[0].error.is_none(), "{recovered:?}");
    assert!(!a.exists() && !b.exists() && c.exists());

    let ledger = UndoLedger::on_disk(undo.clone(), "e".into(), None);
    let id = ledger.record("in memory", "disk", counting(0).0).unwrap();
    let error = ledger.amend_durably(id, Recipe::Remove { path: c.clone() }).unwrap_err();
    assert_eq!(error.message(), "the first undo of `in memory` ended with this process, and a later one does not");
    ledger.undo(id).await;
    let error = ledger.amend_durably(id, Recipe::Nothing).unwrap_err();
    assert_eq!(error.message(), "`in memory` is being undone");
}
