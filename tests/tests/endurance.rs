//! A thousand runs of a healthy experiment in eight processes: no failure, and nothing left.
//!
//! `cargo test -p chaos-tests --test endurance -- --ignored --nocapture`; `RUNS=…` runs another number of them.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::Verdict;
use chaos_tests::fixture::Fixture;
use chaos_tests::home::Home;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Experiments in the fixture's `chaos_healthy`.
const EXPERIMENTS: usize = 8;

/// What a leak would add to.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    processes: usize,
    listening_sockets: usize,
    temporary_files: usize,
    undo_files: usize,
    locks_held: usize,
}

impl Count {
    fn of(home: &Home) -> Self {
        let files = files(home.path());
        let inodes: BTreeSet<u64> = files.iter().filter_map(|file| inode(file)).collect();
        let lock_files = |file: &&PathBuf| file.to_string_lossy().contains("chaos-test-");
        Self {
            processes: home.processes().len(),
            listening_sockets: listening(),
            temporary_files: files.iter().filter(|f| f.starts_with(home.tmp())).filter(|f| !lock_files(f)).count(),
            undo_files: home.undo_files().len(),
            locks_held: locked().intersection(&inodes).count(),
        }
    }
}

#[test]
#[ignore = "takes minutes; a command of its own"]
fn a_thousand_runs_leave_nothing_and_do_not_fail() {
    let runs: usize = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1_000);
    let rounds = runs.div_ceil(EXPERIMENTS);
    let fixture = Fixture::get();
    let home = Home::new();
    let before = Count::of(&home);
    let config = home.path().join("nextest.toml");
    // Not the snippet that users get: that one lets experiments run one by one.
    std::fs::write(&config, "[profile.default]\nfail-fast = false\n").expect("the home is ours");
    let started = Instant::now();
    let mut command = fixture.cargo(&home, "nextest", &["run", "--color=never", "--config-file"]);
    command.arg(config).args(["--test-threads=8", "--run-ignored=only", "-E", "binary(chaos_healthy)"]);
    command.args(["--status-level=fail", "--final-status-level=fail", "--stress-count", &rounds.to_string()]);
    let output = command.output().expect("cargo can be started");
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    let after = Count::of(home.unwatched());
    println!(
        "{} runs in 8 processes took {:.0} s\nbefore: {before:?}\nafter:  {after:?}",
        rounds * EXPERIMENTS,
        took.as_secs_f64()
    );
    assert!(output.status.success(), "{said}");
    let passed = said.lines().rev().find(|line| line.contains("Summary")).unwrap_or_default();
    println!("{}", passed.trim());
    let journals = home.journals();
    assert_eq!(journals.len(), EXPERIMENTS, "one for each, of its last run");
    assert!(journals.iter().all(|journal| journal.verdict == Verdict::Passed), "{said}");
    assert_eq!(before, after, "{:?}\n{said}", home.left_behind());
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| metadata.ino())
}

/// Inodes of all files that some process has locked: `1: FLOCK  ADVISORY  WRITE 4711 fd:00:12345 0 EOF`.
fn locked() -> BTreeSet<u64> {
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = |line: &str| line.split_whitespace().find_map(|word| word.splitn(3, ':').nth(2)?.parse().ok());
    locks.lines().filter_map(inode).collect()
}

/// Sockets of this machine that listen.
fn listening() -> usize {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let listens = |line: &&str| line.split_whitespace().nth(3) == Some("0A");
    tables.iter().flat_map(|table| table.lines()).filter(listens).count()
}
