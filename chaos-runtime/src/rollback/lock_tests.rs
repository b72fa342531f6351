//! What the lock promises, within a process and across processes.

use super::*;
use crate::sys::reexec;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const STEP: Duration = Duration::from_millis(20);

fn no_wait(holder: &str) {
    panic!("waits for {holder}");
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
        ExperimentLock::acquire_in(&path, "second", true, &["c", "b", "a"], |holder| {
            tell.send(holder.to_owned()).unwrap()
        })
        .map(drop)
    });
    assert_eq!(told.recv().unwrap(), format!("shop::first (process {})", std::process::id()));
    std::thread::sleep(STEP * 3);
    assert!(!waiter.is_finished());
    drop(held);
    waiter.join().unwrap().unwrap();
    assert!(told.recv().is_err(), "told once");
}

#[test]
fn opposite_orders_do_not_lock_each_other_out() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for names in [["a", "b"], ["b", "a"]] {
            let dir = dir.path();
            scope.spawn(move || {
                for _ in 0..100 {
                    ExperimentLock::acquire_in(dir, "e", false, &names, |_| {}).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_name_that_is_no_file_name_is_refused_or_escaped() {
    assert_eq!(file_name("db/../Größe 1").unwrap(), "exclusive-db%2f..%2fGr%c3%b6%c3%9fe%201.lock");
    assert!(file_name("").is_err() && file_name(&"x".repeat(300)).is_err());
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
        ExperimentLock::acquire_in(&path, "e", false, &[], |holder| tell.send(holder.to_owned()).unwrap()).map(drop)
    });
    assert_eq!(told.recv().unwrap(), format!("helper (process {})", child.id()));
    std::thread::sleep(STEP * 3);
    assert!(!waiter.is_finished());
    child.kill().unwrap();
    child.wait().unwrap();
    waiter.join().unwrap().unwrap();
}
