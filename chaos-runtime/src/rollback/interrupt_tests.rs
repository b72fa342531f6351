//! Signals, each in a process of its own: the handlers are the whole process'.

use super::*;
use crate::rollback::Undo;
use crate::sys::reexec;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

const STEP: Duration = Duration::from_millis(10);

/// What the helper does is told by `CHAOS_HELPER`: words.
#[test]
#[ignore = "a helper process of the tests below"]
fn helper_experiment() {
    let dir = PathBuf::from(reexec::argument("CHAOS_HELPER_DIR"));
    let words = reexec::argument("CHAOS_HELPER");
    let has = |word: &str| words.split(' ').any(|found| found == word);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ledger = UndoLedger::on_disk(dir.join("ledger"), "helper".into(), None);
    let slow = has("slow-undo");
    if has("hanging-undo") {
        let block = async || {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        };
        ledger.record("blocks", "a", Undo::in_process("block", block)).unwrap();
        ledger.record("hangs", "b", Undo::in_process("hang", std::future::pending::<Result<()>>)).unwrap();
    }
    for name in ["one", "two"] {
        let file = dir.join(name);
        std::fs::write(&file, "harm").unwrap();
        let go = dir.join("go");
        let undo = Undo::remove(&file).live(move || {
            let (file, go) = (file.clone(), go.clone());
            async move {
                tokio::time::sleep(STEP).await;
                while slow && !go.exists() {
                    tokio::time::sleep(STEP).await;
                }
                Ok(std::fs::remove_file(&file)?)
            }
        });
        ledger.record(name, name, undo).unwrap();
    }
    let last_words = dir.join("last-words");
    let registration =
        register(Arc::clone(&ledger), move |signal| std::fs::write(last_words, signal).unwrap()).unwrap();
    if has("over") {
        drop(registration);
        std::fs::write(dir.join("ready"), "").unwrap();
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    std::fs::write(dir.join("ready"), "").unwrap();
    if has("blocked") {
        std::thread::sleep(Duration::from_secs(60));
    }
    runtime.block_on(async {
        let signal = registration.interrupted().await;
        assert_eq!(signal, registration.interrupted().await);
        let late = ledger.record("late", "t", Undo::nothing()).unwrap_err();
        let refused = register(UndoLedger::in_memory(), |_| {}).unwrap_err();
        ledger.undo_all().await;
        std::fs::write(dir.join("journal"), format!("{signal}\n{late}\n{refused}\n")).unwrap();
    });
    drop(ledger);
    drop(registration);
    // The process dies of the signal; a test that ended `ok` here would be the bug.
    std::thread::sleep(Duration::from_secs(60));
}

struct Helper {
    child: Child,
    dir: tempfile::TempDir,
}

impl Helper {
    fn start(words: &str) -> Self {
        Self::start_as(words, reexec::helper("rollback::interrupt::tests::helper_experiment"))
    }

    fn start_as(words: &str, mut command: Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stderr = std::fs::File::create(dir.path().join("stderr")).unwrap();
        command.env("CHAOS_HELPER", words).env("CHAOS_HELPER_DIR", dir.path()).stdout(Stdio::null()).stderr(stderr);
        let mut helper = Self { child: command.spawn().unwrap(), dir };
        while !helper.path("ready").exists() {
            assert!(helper.child.try_wait().unwrap().is_none(), "the helper ended: {}", helper.read("stderr"));
            std::thread::sleep(STEP);
        }
        assert!(helper.path("one").exists() && helper.path("two").exists());
        helper
    }

    /// One that has died of this signal. What a process has but a moment for, a busy machine may let pass: then another.
    fn ended_by(signal: Signal, start: impl Fn() -> Self, in_time: impl Fn(&Self) -> bool) -> Self {
        let mut ended = (0..5).map(|_| {
            let mut helper = start();
            helper.signal(signal);
            let status = helper.wait();
            assert_eq!(status.signal(), Some(signal.as_raw()), "{status} {}", helper.read("stderr"));
            assert!(helper.undone());
            helper
        });
        ended.find(in_time).expect("one that came to an end in time")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.dir.path()).join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    fn undone(&self) -> bool {
        !self.path("one").exists() && !self.path("two").exists()
    }

    fn ledger_files(&self) -> usize {
        std::fs::read_dir(self.path("ledger")).unwrap().count()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_signal_rolls_back_lets_write_and_kills() {
    for (signal, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP")] {
        let had_its_say = |helper: &Helper| !helper.read("journal").is_empty() && !helper.path("last-words").exists();
        let helper = Helper::ended_by(signal, || Helper::start(""), had_its_say);
        let journal = helper.read("journal");
        let mut lines = journal.lines();
        assert_eq!(lines.next(), Some(name));
        assert!(lines.all(|line| line.starts_with(&format!("interrupted by {name}"))), "{journal}");
        assert!(helper.read("stderr").contains(&format!("chaos-test: {name}: rolling back: one, two")));
    }
}

#[test]
fn further_signals_do_not_cut_the_rollback_short() {
    let another = || {
        let mut helper = Helper::start("slow-undo");
        helper.signal(Signal::INT);
        // Two signals of a kind that arrive at once are one for the kernel.
        while !helper.read("stderr").contains("rolling back") {
            std::thread::sleep(STEP);
        }
        helper.signal(Signal::INT);
        helper.signal(Signal::TERM);
        while !helper.read("stderr").contains("running already") {
            assert!(helper.child.try_wait().unwrap().is_none(), "{}", helper.read("stderr"));
            std::thread::sleep(STEP);
        }
        std::fs::write(helper.path("go"), "").unwrap();
        let status = helper.wait();
        assert_eq!(status.signal(), Some(2), "of the first signal: {status}");
        assert!(helper.undone());
        helper
    };
    // It has a moment for the journal, which a busy machine may let pass.
    assert!((0..5).any(|_| another().path("journal").exists()));
}

#[test]
fn a_body_that_blocks_is_rolled_back_and_its_last_words_are_written() {
    let spoken = |helper: &Helper| !helper.read("last-words").is_empty();
    let helper = Helper::ended_by(Signal::TERM, || Helper::start("blocked"), spoken);
    assert!(!helper.path("journal").exists());
    assert_eq!(helper.read("last-words"), "SIGTERM");
    assert_eq!(helper.ledger_files(), 0, "all in it is done, although the body never ended");
}

#[test]
#[ignore = "takes as long as a rollback may take: 10 s"]
fn hanging_undos_hold_up_neither_the_others_nor_the_end() {
    let mut helper = Helper::start("hanging-undo");
    let start = std::time::Instant::now();
    helper.signal(Signal::INT);
    while !helper.undone() {
        std::thread::sleep(STEP);
    }
    assert!(start.elapsed() < ROLLBACK_LIMIT, "the others did not wait for them");
    assert_eq!(helper.wait().signal(), Some(2));
    let stderr = helper.read("stderr");
    assert!(stderr.contains("not undone within 8 s: blocks, hangs; what outlives this process"), "{stderr}");
    assert_eq!(helper.read("last-words"), "SIGINT");
    println!("{:?}", start.elapsed());
}

#[test]
fn without_an_experiment_the_process_dies_at_once() {
    let mut helper = Helper::start("over");
    helper.signal(Signal::INT);
    let status = helper.wait();
    assert_eq!(status.signal(), Some(2), "{status}");
    assert!(!helper.undone() && helper.read("stderr").is_empty(), "{}", helper.read("stderr"));
}

#[test]
fn what_sigkill_cuts_short_is_replayed() {
    let mut helper = Helper::start("slow-undo");
    helper.signal(Signal::INT);
    while !helper.read("stderr").contains("rolling back") {
        std::thread::sleep(STEP);
    }
    helper.signal(Signal::KILL);
    assert_eq!(helper.wait().signal(), Some(9));
    assert!(helper.path("one").exists() && helper.path("two").exists());
    assert_eq!(crate::rollback::recover(&helper.path("ledger")).len(), 2);
    assert!(helper.undone());
}

#[cfg(target_os = "linux")]
#[test]
fn nohup_stays_in_force() {
    let hung_up = || {
        let own = reexec::helper("rollback::interrupt::tests::helper_experiment");
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
        let helper = Helper::start_as("", command);
        helper.signal(Signal::HUP);
        helper
    };
    let helper = Helper::ended_by(Signal::INT, hung_up, |helper| !helper.read("journal").is_empty());
    assert!(helper.read("journal").starts_with("SIGINT"), "{}", helper.read("journal"));
}
