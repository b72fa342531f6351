//! Replays beside other replays. What one alone does is specified with the ledger.

use super::*;
use crate::rollback::UndoLedger;

/// A ledger file as a killed process leaves it; it says to remove `path`.
fn abandoned(dir: &Path, name: &str, path: &Path) -> PathBuf {
    let ledger = UndoLedger::on_disk(dir.join("made here"), "killed::experiment".into(), None);
    ledger.record("make it", "disk", Undo::remove(path)).unwrap();
    drop(ledger);
    let made = std::fs::read_dir(dir.join("made here")).unwrap().next().unwrap().unwrap();
    let to = dir.join(name);
    std::fs::rename(made.path(), &to).unwrap();
    to
}

#[tokio::test]
async fn the_files_of_one_process_are_waited_for_and_those_of_others_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
    for path in [&mine, &other] {
        std::fs::write(path, "x").unwrap();
    }
    let own = abandoned(dir.path(), "17-a.jsonl", &mine);
    abandoned(dir.path(), "170-a.jsonl", &other);
    // As a process does that was forked from the one that has ended.
    let lock = std::fs::File::open(&own).unwrap();
    lock.lock().unwrap();
    let mut told = Vec::new();
    let files = replay_files_of(dir.path(), 17, Duration::from_millis(100), |found| told.push(found)).await;
    assert_eq!(files, OwnFiles { taken_by_others: 0, still_locked: vec![own.clone()] });
    assert!(told.is_empty() && mine.exists());

    let replay = replay_files_of(dir.path(), 17, Duration::from_secs(30), |found| told.push(found));
    let release = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(lock);
    };
    let (files, ()) = tokio::join!(replay, release);
    assert_eq!((files, told.len()), (OwnFiles::default(), 1));
    assert!(!mine.exists() && !own.exists() && other.exists());
}

#[tokio::test]
async fn a_file_that_somebody_else_replays_meanwhile_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let own = abandoned(dir.path(), "17-a.jsonl", &dir.path().join("mine"));
    let lock = std::fs::File::open(&own).unwrap();
    lock.lock().unwrap();
    let replay = replay_files_of(dir.path(), 17, Duration::from_secs(30), |found| panic!("{found:?}"));
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        std::fs::remove_file(&own).unwrap();
        drop(lock);
    };
    let (files, ()) = tokio::join!(replay, other);
    assert_eq!(files, OwnFiles { taken_by_others: 1, still_locked: Vec::new() });
}

/// What comes after a replay must not find the harm half undone by another.
#[test]
fn a_replay_waits_for_that_of_another_process_and_not_for_a_living_owner() {
    let dir = tempfile::tempdir().unwrap();
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    for (pid, waits) in [(ended.id(), true), (std::process::id(), false)] {
        let file = abandoned(dir.path(), &format!("{pid}-a.jsonl"), &dir.path().join("nothing"));
        let lock = std::fs::File::open(&file).unwrap();
        lock.lock().unwrap();
        let dir = dir.path().to_owned();
        let (done, is_done) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(recover(&dir)).unwrap());
        let early = is_done.recv_timeout(Duration::from_millis(if waits { 200 } else { 30_000 }));
        assert_eq!(early.is_err(), waits, "{early:?}");
        std::fs::remove_file(&file).unwrap();
        drop(lock);
        let found = early.unwrap_or_else(|_| is_done.recv_timeout(Duration::from_secs(30)).unwrap());
        assert!(found.is_empty(), "{found:?}");
    }
}
