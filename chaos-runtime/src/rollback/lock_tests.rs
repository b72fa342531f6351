//! What the lock promises, within a process and across processes.

use super::*;
use crate::sys::reexec;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const STEP: Duration = Duration::from_millis(20);

fn no_wait(wait: &Wait) {
    panic!("waits for {wait}");
}

#[test]
fn one_at_a_time_across_threads() {
    let dir = tempfile::tempdir().unwrap();
    let (inside, entered) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let _lock = ExperimentLock::acquire_in(dir.path(), "e", false, &[], |_| {}).unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                std::thread::sleep(Duration::from_millis(5));
                inside.fetch_sub(1, Ordering::SeqCst);
                entered.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(entered.load(Ordering::SeqCst), 8);
}

#[test]
fn parallel_and_other_names_are_not_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let _default = ExperimentLock::acquire_in(dir.path(), "default", false, &[], no_wait).unwrap();
    let _parallel = ExperimentLock::acquire_in(dir.path(), "parallel", true, &[], no_wait).unwrap();
    let _one = ExperimentLock::acquire_in(dir.path(), "one", false, &["db/1"], no_wait).unwrap();
    let _two = ExperimentLock::acquire_in(dir.path(), "two", false, &["db/2", "db:1"], no_wait).unwrap();
}

#[test]
fn a_shared_name_excludes_and_the_wait_names_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let held = ExperimentLock::acquire_in(dir.path(), "shop::first", false, &["b", "a"], no_wait).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let waiter = std::thread::spawn(move || {
        // `parallel` is about the default lock only.
        ExperimentLock::acquire_in(&path, "second", true, &["c", "b", "a"], |wait| tell.send(wait.to_string()).unwrap())
            .map(drop)
    });
    assert_eq!(told.recv().unwrap(), format!("shop::first (process {})", std::process::id()));
    std::thread::sleep(STEP * 3);
    assert!(!waiter.is_finished());
    drop(held);
    waiter.join().unwrap().unwrap();
    assert!(told.recv().is_err(), "told once");
}

/// Every order in which three experiments can name what the others name too.
const CYCLES: [[&str; 2]; 6] = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "b"], ["c", "a"], ["a", "c"]];

fn take_in_turns(dir: &Path, names: [&str; 2]) {
    for _ in 0..50 {
        ExperimentLock::acquire_in(dir, "e", false, &names, |_| {}).unwrap();
    }
}

#[test]
#[ignore = "a helper process of the test below"]
fn helper_takes_names() {
    let cycle: usize = reexec::argument("CHAOS_LOCK_CYCLE").parse().unwrap();
    take_in_turns(Path::new(&reexec::argument("CHAOS_LOCK_DIR")), CYCLES[cycle]);
}

#[test]
fn opposite_orders_do_not_lock_each_other_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let helper = |cycle: usize| {
        let mut helper = reexec::helper("rollback::lock::tests::helper_takes_names");
        helper.env("CHAOS_LOCK_DIR", dir).env("CHAOS_LOCK_CYCLE", cycle.to_string()).stdout(Stdio::null());
        helper.spawn().unwrap()
    };
    let mut children: Vec<_> = (0..CYCLES.len()).map(helper).collect();
    std::thread::scope(|scope| {
        for names in CYCLES {
            scope.spawn(move || take_in_turns(dir, names));
        }
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_long_queue_is_not_told_of_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("experiment.queue");
    let before: Vec<_> = (0..20).map(|i| Place::take(path.clone(), &format!("e{i}")).unwrap()).collect();
    let (tell, told) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let waiter = std::thread::spawn(move || {
        ExperimentLock::acquire_in(&path, "last", false, &[], |wait| tell.send(wait.ahead).unwrap()).map(drop)
    });
    assert_eq!(told.recv().unwrap(), 20);
    let mut before = before.into_iter();
    for place in before.by_ref().take(16) {
        drop(place);
        std::thread::sleep(STEP);
    }
    for (place, ahead) in before.zip([Some(3), Some(2), Some(1), None]) {
        drop(place);
        assert_eq!(told.recv().ok(), ahead);
    }
    waiter.join().unwrap().unwrap();
}

#[test]
fn a_name_that_is_no_file_name_is_refused_or_escaped() {
    assert_eq!(queue_name("db/../Größe 1").unwrap(), "exclusive-db%2f..%2fGr%c3%b6%c3%9fe%201.queue");
    assert!(queue_name("").is_err() && queue_name(&"x".repeat(300)).is_err());
}

#[test]
fn the_directory_belongs_to_the_user() {
    let dir = directory().unwrap();
    assert!(dir.is_dir());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(dir).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
#[ignore = "a helper process of the test below"]
fn helper_holds_the_lock() {
    let dir = PathBuf::from(reexec::argument("CHAOS_LOCK_DIR"));
    let _lock = ExperimentLock::acquire_in(&dir, "helper", false, &[], no_wait).unwrap();
    std::fs::write(dir.join("ready"), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn holder(dir: &Path) -> Child {
    let mut child = reexec::helper("rollback::lock::tests::helper_holds_the_lock")
        .env("CHAOS_LOCK_DIR", dir)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !dir.join("ready").exists() {
        assert!(child.try_wait().unwrap().is_none(), "the helper ended");
        std::thread::sleep(STEP);
    }
    child
}

#[test]
fn another_process_excludes_until_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = holder(dir.path());
    let (tell, told) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let waiter = std::thread::spawn(move || {
        ExperimentLock::acquire_in(&path, "e", false, &[], |wait| tell.send(wait.to_string()).unwrap()).map(drop)
    });
    assert_eq!(told.recv().unwrap(), format!("helper (process {})", child.id()));
    std::thread::sleep(STEP * 3);
    assert!(!waiter.is_finished());
    child.kill().unwrap();
    child.wait().unwrap();
    waiter.join().unwrap().unwrap();
}
