//! Faults on child processes in whole experiments: each bites as the load sees it, and stops. And a SIGKILL in the
//! middle of them leaves nothing behind.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own. Needs root
//! (a cgroup, a mount) and the package `libfaketime`.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, PhaseKind, Verdict};
use chaos_tests::doubt::{injected, machine_denied};
use chaos_tests::home::{Home, Started, run};
use rustix::process::Signal as Sent;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod fixture {
    use super::*;
    use std::io::{Error as IoError, ErrorKind};
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    fn strained() -> Command {
        Command::new(bin("strained"))
    }

    /// Long enough for a busy machine, short enough for what a fault holds up.
    const TIMEOUT: Duration = Duration::from_secs(1);

    /// What the load sees must be: well before, mostly failing while the fault is on, well again afterwards.
    macro_rules! experiments {
        ($($name:ident($chaos:ident) { $($body:tt)* })*) => { $(
            #[chaos_test(
                steady_state(success_rate >= 80%),
                hypothesis(during(error_rate >= 50%), recovery <= 30s, after(success_rate >= 80%)),
                warm_up = 300ms, baseline = 1s, after = 1s, bin = 500ms, stability = 500ms,
            )]
            #[ignore = "run by the tests below"]
            async fn $name($chaos: &mut Chaos) -> chaos::Result { $($body)* }
        )* };
    }

    experiments! {
        // A fifth of a core is wanted.
        cpu_limit(chaos) {
            let server = chaos.process(strained()).await?;
            chaos.load(http::get(server.url("/burn")).rate(per_second(40)).timeout(TIMEOUT)).await?;
            chaos.inject(server.cpu_limit(0.05)).hold(secs(3)).await
        }

        cpu_limit_by_turns(chaos) {
            let server = chaos.process(strained()).await?;
            chaos.load(http::get(server.url("/burn")).rate(per_second(40)).timeout(TIMEOUT)).await?;
            chaos.inject(server.cpu_limit(0.05).by_turns()).hold(secs(3)).await
        }

        // Each operation needs a connection more, as after a failover of a pool.
        fd_exhaustion(chaos) {
            let server = chaos.process(strained()).await?;
            let addr = server.addr();
            let kept = Arc::new(Mutex::new(Vec::new()));
            let connect = op(move |_| {
                let kept = Arc::clone(&kept);
                async move {
                    let connection = ask(addr).await?;
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                    std::io::Result::Ok(())
                }
            });
            chaos.load(connect.rate(per_second(20)).timeout(TIMEOUT)).await?;
            chaos.inject(server.fd_exhaustion().leaving(3)).hold(secs(3)).await
        }

        memory_limit(chaos) {
            let server = chaos.process(strained()).await?;
            chaos.load(http::get(server.url("/take")).rate(per_second(20)).timeout(TIMEOUT)).await?;
            chaos.inject(server.memory_limit(20 << 20).by_rlimit()).hold(secs(3)).await
        }

        disk_full(chaos) {
            let disk = chaos.small_disk(2 << 20).await?;
            let server = chaos.process(strained().env("STRAINED_DISK", disk.path())).await?;
            chaos.load(http::get(server.url("/write")).rate(per_second(20)).timeout(TIMEOUT)).await?;
            chaos.inject(disk.full()).hold(secs(3)).await
        }

        clock(chaos) {
            let server = chaos.process(ProcessBuilder::from(strained()).faketime()).await?;
            let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            // As whoever checks the expiry of a token.
            let right = move |body: &[u8]| {
                let told = std::str::from_utf8(body).ok().and_then(|text| text.parse::<u64>().ok());
                told.is_some_and(|told| told.abs_diff(now()) < 60)
            };
            let time = http::get(server.url("/time")).expect_body(right);
            chaos.load(time.rate(per_second(20)).timeout(TIMEOUT)).await?;
            chaos.inject(server.clock_ahead(minutes(15))).hold(secs(3)).await
        }
    }

    /// One request on a connection of its own, which is kept.
    async fn ask(addr: SocketAddr) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: strained\r\n\r\n").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        if &answer == b"HTTP/1.1 200" { Ok(stream) } else { Err(IoError::from(ErrorKind::InvalidData)) }
    }

    /// All that outlives a process at the same time, and then nothing until the kill.
    #[chaos_test(warm_up = 10ms, baseline = 50ms)]
    #[ignore = "run by the tests below"]
    async fn all_at_once(chaos: &mut Chaos) -> chaos::Result {
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let disk = chaos.small_disk(2 << 20).await?;
        let mut command = strained();
        command.arg("--with-child").env("STRAINED_DISK", disk.path());
        let server = chaos.process(ProcessBuilder::from(&mut command).faketime()).await?;
        let busy =
            chaos.process(ProcessBuilder::from(Command::new("sh").args(["-c", BUSY])).ready(Ready::Started)).await?;
        let _descriptors = chaos.inject(server.fd_exhaustion()).start().await?;
        let _clock = chaos.inject(server.clock_behind(minutes(5))).start().await?;
        let _full = chaos.inject(disk.full()).start().await?;
        let _limit = chaos.inject(busy.cpu_limit(0.2)).start().await?;
        let _turns = chaos.inject(busy.cpu_limit(0.1).by_turns()).start().await?;
        let _pressure = chaos.inject(busy.cpu_pressure(1)).start().await?;
        eprintln!("at: the harm");
        tokio::time::sleep(minutes(2)).await;
        Ok(())
    }

    const BUSY: &str = "sh -c 'while :; do :; done' & while :; do :; done";

    /// Whatever experiment comes next.
    #[chaos_test]
    #[ignore = "run by the tests below"]
    async fn next(_chaos: &mut Chaos) -> chaos::Result {
        Ok(())
    }
}

/// One experiment after the other: they want the CPU for themselves.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs an experiment, which must pass: its claims say that the fault bit and stopped. Returns what it says of it.
///
/// Where the journal doubts its own driver, because this machine is too busy, what was counted has to say the same.
fn passes(name: &str) -> Journal {
    let _alone = alone();
    let ran = || {
        let home = Home::new();
        let ended = run(home.test(&format!("fixture::{name}")));
        let journal = home.journal(&format!("fixture::{name}"));
        (home, ended, journal)
    };
    let (home, ended, journal) = injected(ran, |(_, _, journal)| journal);
    assert_eq!(home.left_behind(), [""; 0]);
    assert_eq!(left(&home), Vec::<PathBuf>::new());
    assert!(journal.verdict == Verdict::Passed || machine_denied(&journal), "{}", ended.output);
    let counted = |phase| {
        let stats = journal.loads[0].phases.iter().filter(|stats| stats.phase == phase);
        stats.fold((0, 0), |(all, failed), stats| (all + stats.operations, failed + stats.failed))
    };
    let (during, failed) = counted(PhaseKind::Fault);
    assert!(during > 0 && failed * 2 >= during, "it bit: {failed} of {during}: {}", ended.output);
    let (after, failed) = counted(PhaseKind::After);
    assert!(after > 0 && failed * 5 <= after, "it stopped: {failed} of {after}: {}", ended.output);
    journal
}

/// Directories of small disks, and control groups made from here.
fn left(home: &Home) -> Vec<PathBuf> {
    let listing = std::fs::read_dir(home.tmp()).into_iter().flatten().flatten().map(|entry| entry.path());
    listing.filter(|path| named(path, "chaos-disk-")).collect()
}

fn named(path: &Path, prefix: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}

fn evidence(journal: &Journal) -> &str {
    &journal.faults[0].evidence
}

#[test]
fn a_cpu_limit_by_a_cgroup() {
    let journal = passes("cpu_limit");
    assert!(
        journal.faults[0].what.ends_with("by a cgroup") && journal.faults[0].hits > Some(3),
        "{:?}",
        journal.faults
    );
}

#[test]
fn a_cpu_limit_by_turns() {
    let journal = passes("cpu_limit_by_turns");
    assert!(evidence(&journal).contains("no cgroup: as asked for"), "{:?}", journal.faults);
    assert!(journal.faults[0].hits > Some(3), "{:?}", journal.faults);
}

#[test]
fn no_more_descriptors() {
    let journal = passes("fd_exhaustion");
    assert!(evidence(&journal).contains("may open 0 more"), "at its end: {:?}", journal.faults);
}

#[test]
fn no_more_memory() {
    let journal = passes("memory_limit");
    assert!(journal.faults[0].what.ends_with("by RLIMIT_DATA"), "{:?}", journal.faults);
}

#[test]
fn no_more_disk() {
    let journal = passes("disk_full");
    assert!(evidence(&journal).contains("fails with ENOSPC"), "{:?}", journal.faults);
}

#[test]
fn a_clock_that_is_wrong() {
    let journal = passes("clock");
    assert!(evidence(&journal).contains("is +900 s from this machine's"), "{:?}", journal.faults);
}

/// Far more than a watchdog needs on the busiest machine.
const A_WHILE: Duration = Duration::from_secs(60);

/// What the faults are called in ledgers and reports.
const FAULTS: [&str; 5] = ["no more file descriptors", "clock 300s behind", "disk full", "by a cgroup", "by turns of"];

/// The control groups with processes that were started from here, before these processes are gone.
fn groups(home: &Home) -> Vec<PathBuf> {
    let of = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = mounts.lines().filter(|line| line.contains(" - cgroup")).filter_map(|line| line.split(' ').nth(4));
    let points: Vec<&str> = points.collect();
    let mut found = Vec::new();
    for line in home.processes().into_iter().flat_map(|pid| of(pid).lines().map(str::to_owned).collect::<Vec<_>>()) {
        let group = line.splitn(3, ':').nth(2).unwrap_or_default().trim_start_matches('/').to_owned();
        for point in &points {
            // One may be in another, as where two faults harm one process.
            let path = Path::new(point).join(&group);
            found.extend(path.ancestors().filter(|path| named(path, "chaos-") && path.exists()).map(Path::to_owned));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// An experiment with all of the harm done, and the groups that it has made.
fn harmed(watchdog: &str) -> (Home, Started, Vec<PathBuf>) {
    let home = Home::new();
    let mut command = home.test("fixture::all_at_once");
    command.env("CHAOS_WATCHDOG", watchdog);
    let mut victim = Started::new(command);
    victim.printed("at: the harm");
    let groups = groups(&home);
    assert!(!groups.is_empty() && left(&home).len() == 1, "{groups:?}\n{}", victim.output());
    (home, victim, groups)
}

#[test]
fn after_a_sigkill_the_watchdog_undoes_all_of_it() {
    let _alone = alone();
    let (home, victim, groups) = harmed("on");
    victim.signal(Sent::KILL);
    victim.wait();
    let killed = Instant::now();
    while !home.left_now().is_empty() || !left(&home).is_empty() || groups.iter().any(|group| group.exists()) {
        assert!(killed.elapsed() < A_WHILE, "{:?} {:?} {groups:?}", home.left_now(), left(&home));
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
    assert!(!told.contains("failed to undo"), "{told}");
    for fault in FAULTS {
        assert!(told.contains(fault), "{fault}:\n{told}");
    }
}

#[test]
fn after_a_sigkill_without_a_watchdog_the_next_run_does() {
    let _alone = alone();
    let (home, victim, groups) = harmed("off");
    victim.signal(Sent::KILL);
    victim.wait();
    assert!(left(&home).len() == 1, "nobody has undone it");
    run(home.test("fixture::next"));
    assert_eq!(home.left_behind(), [""; 0]);
    assert_eq!(left(&home), Vec::<PathBuf>::new());
    assert!(!groups.iter().any(|group| group.exists()), "{groups:?}");
    let notes = home.journal("fixture::next").notes;
    for fault in FAULTS {
        assert!(notes.iter().any(|note| note.contains(fault) && note.contains("it was undone")), "{fault}: {notes:?}");
    }
}
