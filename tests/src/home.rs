//! Chaos tests of a test binary, run in processes of their own that may be killed.
//!
//! Each [`Home`] has its own reports, undo ledgers and locks, so that what one test kills disturbs no other.

use crate::junit::{self, Case};
use chaos_runtime::report::journal::Journal;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing here takes that long.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long the last lines of what has ended are waited for, where its own children keep its streams open.
const LAST_LINES: Duration = Duration::from_secs(5);

/// What the environment of a developer or a CI job must not change about these runs.
const FOREIGN: [&str; 15] = [
    "CHAOS_HISTORY",
    "CHAOS_REVISION",
    "CHAOS_CONFIG",
    "CHAOS_RUN_ID",
    "NEXTEST_RUN_ID",
    "CHAOS_SEED",
    "CHAOS_PROFILE",
    "CHAOS_SKIP_MISSING",
    "CHAOS_WATCHDOG",
    "RUST_TEST_THREADS",
    "RUST_BACKTRACE",
    "GITHUB_ACTIONS",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "XDG_RUNTIME_DIR",
];

/// Nor what it says of targets. Images are another matter: `CHAOS_IMAGE_…` names those that this machine has.
const OVERRIDES: [&str; 2] = ["CHAOS_HTTP_", "CHAOS_AURORA_"];

/// Directories of one's own for `CHAOS_DIR` and `TMPDIR`. What is left behind ends with it.
#[derive(Debug)]
pub struct Home(tempfile::TempDir);

impl Home {
    /// An empty one.
    #[allow(clippy::new_without_default)] // It touches the disk.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// An empty one in this directory.
    pub fn below(dir: &Path) -> Self {
        let home = Self(tempfile::tempdir_in(dir).expect("a directory for temporary files"));
        std::fs::create_dir(home.tmp()).expect("it is empty");
        home
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// `CHAOS_DIR`.
    pub fn chaos(&self) -> PathBuf {
        self.0.path().join("chaos")
    }

    /// `TMPDIR`, where also the machine's locks lie.
    pub fn tmp(&self) -> PathBuf {
        self.0.path().join("tmp")
    }

    /// This test binary with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("a test knows its executable"));
        command.args(arguments);
        self.settle(&mut command);
        command
    }

    /// Makes a command work in here, whatever the environment says.
    pub(crate) fn settle(&self, command: &mut Command) {
        for name in FOREIGN {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            if OVERRIDES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("CHAOS_DIR", self.chaos()).env("TMPDIR", self.tmp());
    }

    /// The one ignored test `name` of this test binary, with its output as it comes.
    pub fn test(&self, name: &str) -> Command {
        self.command(&["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
    }

    /// The journals of all runs, by the test's name.
    pub fn journals(&self) -> Vec<Journal> {
        let runs = std::fs::read_dir(self.chaos().join("runs")).into_iter().flatten().flatten();
        let records = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
        let json = records.map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
        json.map(|path| serde_json::from_str(&read(&path)).expect("a record is a journal")).collect()
    }

    /// The last journal of a test.
    ///
    /// # Panics
    /// If there is none.
    pub fn journal(&self, test: &str) -> Journal {
        let found = self.journals().into_iter().filter(|journal| journal.experiment.name == test);
        found.max_by_key(|journal| journal.run.started_at.clone()).unwrap_or_else(|| panic!("no journal of {test}"))
    }

    /// The journal of a test of this test binary, of the run with this id.
    ///
    /// # Panics
    /// If there is none.
    pub fn journal_in(&self, run: &str, test: &str) -> Journal {
        let folder = self.chaos().join("runs").join(run);
        let listing = std::fs::read_dir(&folder).expect("the run has a folder").flatten();
        let suffix = format!(".{test}.json");
        let record = listing.map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with(&suffix));
        let record = record.unwrap_or_else(|| panic!("no journal of {test} in {}", folder.display()));
        serde_json::from_str(&read(&record)).expect("a record is a journal")
    }

    /// The cases of `junit.xml`, which must be whole whenever it is looked at. Empty: there is no file.
    pub fn junit(&self) -> Vec<Case> {
        let path = self.chaos().join("junit.xml");
        if path.exists() { junit::cases(&read(&path)) } else { Vec::new() }
    }

    /// Living processes that were started from here, by their environment.
    pub fn processes(&self) -> Vec<u32> {
        let variable = format!("TMPDIR={}", self.tmp().display());
        let listing = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = listing.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let ours = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|found| found == variable.as_bytes())
        };
        pids.filter(ours).collect()
    }

    /// Those among them that watch over a test process.
    pub fn watchdogs(&self) -> Vec<u32> {
        let named = |pid: &u32| command_line(*pid).starts_with("chaos-watchdog ");
        self.processes().into_iter().filter(named).collect()
    }

    /// How many of them are stopped, as by a fault that pauses a process.
    pub fn stopped_processes(&self) -> usize {
        let is_stopped = |pid: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
        };
        self.processes().iter().filter(|pid| is_stopped(pid)).count()
    }

    /// Files of the rollback ledger.
    pub fn undo_files(&self) -> Vec<PathBuf> {
        let listing = std::fs::read_dir(self.chaos().join("undo")).into_iter().flatten().flatten();
        listing.map(|entry| entry.path()).collect()
    }

    /// Gives watchdogs a moment to see that their tests have ended.
    pub fn unwatched(&self) -> &Self {
        let started = Instant::now();
        while !self.watchdogs().is_empty() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Everything that experiments left behind outside of their reports, in words, once the watchdogs are gone.
    pub fn left_behind(&self) -> Vec<String> {
        self.unwatched().left_now()
    }

    /// The same at this very moment.
    pub fn left_now(&self) -> Vec<String> {
        let processes = self.processes().into_iter().map(|pid| format!("process {pid} {}", command_line(pid)));
        let undos = self.undo_files().into_iter().map(|path| {
            // It may be on its way out.
            format!("{}: {}", path.display(), std::fs::read_to_string(&path).unwrap_or_default())
        });
        let files = std::fs::read_dir(self.tmp()).into_iter().flatten().flatten().map(|entry| entry.path());
        let files = files.filter(|path| !path.is_dir()).map(|path| path.display().to_string());
        processes.chain(undos).chain(files).collect()
    }
}

impl Drop for Home {
    /// A failed test must not leave behind what it has found.
    fn drop(&mut self) {
        for pid in self.processes() {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

fn command_line(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A started command whose output is read while it runs.
#[derive(Debug)]
pub struct Started {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// What it printed to both streams.
    pub output: String,
    /// How long the wait for it took.
    pub waited: Duration,
}

impl Started {
    /// Starts a command.
    pub fn new(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a test binary can be started");
        let lines = Arc::default();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        let readers = streams.into_iter().flatten().map(|stream| follow(stream, Arc::clone(&lines))).collect();
        Self { child, lines, readers }
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits until it has printed a line with this text, and returns that line.
    ///
    /// # Panics
    /// If it ends without.
    pub fn printed(&mut self, text: &str) -> String {
        self.printed_times(text, 1)
    }

    /// Waits until it has printed so many lines with this text, and returns the last of them.
    ///
    /// # Panics
    /// If it ends without.
    pub fn printed_times(&mut self, text: &str, times: usize) -> String {
        let started = Instant::now();
        loop {
            // In this order: what it prints last is printed before its end.
            let ended = self.child.try_wait().expect("it is our child").is_some() && self.all_read();
            let found = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(line) = found.iter().filter(|line| line.contains(text)).nth(times - 1) {
                return line.clone();
            }
            drop(found);
            let patient = !ended && started.elapsed() < PATIENCE;
            assert!(patient, "`{text}` was not printed:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether it has closed its streams, which its end does at the latest.
    pub fn has_ended(&self) -> bool {
        self.all_read()
    }

    fn all_read(&self) -> bool {
        self.readers.iter().all(JoinHandle::is_finished)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("ids are positive"), signal).expect("it is not waited for yet");
    }

    /// Waits until something is so while it runs.
    ///
    /// # Panics
    /// If it ends without.
    pub fn until(&mut self, what: &str, condition: impl Fn() -> bool) {
        let started = Instant::now();
        while !condition() {
            let ended = self.child.try_wait().expect("it is our child").is_some();
            assert!(!ended && started.elapsed() < PATIENCE, "never: {what}\n{}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal to its process group, as a terminal does for Ctrl-C. It must lead one: `process_group(0)`.
    pub fn signal_group(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw);
        let sent = rustix::process::kill_process_group(pid.expect("ids are positive"), signal);
        sent.expect("it is not waited for yet");
    }

    /// Waits for its end. What its own children may still print is not waited for.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", self.output());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let waited = started.elapsed();
        while !self.all_read() && started.elapsed() < waited + LAST_LINES {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ended { status, output: self.output(), waited }
    }
}

/// Waits until something is so.
///
/// # Panics
/// If it never is.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command to its end.
pub fn run(command: Command) -> Ended {
    Started::new(command).wait()
}

fn follow(stream: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}
