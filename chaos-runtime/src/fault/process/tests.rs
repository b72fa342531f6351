//! Each fault on real processes: that it bites, that it stops, and what is refused. Run as root, as CI does: control
//! groups need it. What works without rights is shown by a helper that has given them up.

use crate::Chaos;
use crate::fault::{Evidence, Fault, InjectCx};
use crate::rollback::limits::of;
use crate::rollback::marked::{cpu_used, state};
use crate::rollback::{Limited, Recipe};
use crate::sys::reexec;
use crate::target::{Process, ProcessBuilder, Ready};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

const CX: InjectCx = InjectCx::new(0, true, None);
const STEP: Duration = Duration::from_millis(10);
/// For what must happen; generous, as the machine may be busy.
const LIMIT: Duration = Duration::from_secs(30);
/// For what must not happen, and for one try of many.
const SHORT: Duration = Duration::from_millis(500);

/// Does what it is told, a line at a time: `grow 20` (MiB, written to, and kept) answers `ok` or `refused`.
#[test]
#[ignore = "a helper process of the tests below"]
fn helper_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut connections = Vec::new();
    loop {
        // One at a time and no threads: a thread's stack is memory, too.
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(STEP);
            continue;
        };
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        let _ = reader.read_line(&mut line);
        let answer = match line.trim().strip_prefix("grow ") {
            Some(mebibytes) => {
                let size = mebibytes.parse::<usize>().unwrap() << 20;
                let mut more = Vec::new();
                if more.try_reserve_exact(size).is_ok() {
                    more.resize(size, 1);
                    kept.push(more);
                    "ok"
                } else {
                    "refused"
                }
            }
            None => "ok",
        };
        let _ = writeln!(&stream, "{answer}");
        // Kept open, so that each needs a descriptor more.
        connections.push(stream);
    }
}

fn server() -> ProcessBuilder {
    let helper = reexec::helper("fault::process::tests::helper_server");
    ProcessBuilder::from(helper).name("server").ready_within(LIMIT)
}

fn shell(script: &str) -> ProcessBuilder {
    ProcessBuilder::from(Command::new("sh").args(["-c", script])).ready(Ready::Started)
}

/// Enough that one of them is in the way wherever the process runs.
fn cores() -> u32 {
    std::thread::available_parallelism().unwrap().get().try_into().unwrap()
}

const BUSY: &str = "while :; do :; done";

/// What the server answers to a line within a time; `None` if that takes longer, or the connection ends.
fn tell(process: &Process, line: &str, limit: Duration) -> Option<String> {
    let mut stream = TcpStream::connect(process.addr()).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    writeln!(stream, "{line}").ok()?;
    let mut answer = String::new();
    let n = BufReader::new(stream).read_line(&mut answer).ok()?;
    (n > 0).then(|| answer.trim().to_owned())
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(LIMIT, async {
        while !condition().await {
            tokio::time::sleep(STEP).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never came true: {what}"));
}

async fn answers(process: &Process) {
    until("it answers", async || asked_for(process, "hello", SHORT).await.as_deref() == Some("ok")).await;
}

/// What it answers, however busy the machine is.
async fn asked(process: &Process, line: &'static str) -> Option<String> {
    asked_for(process, line, LIMIT).await
}

async fn asked_for(process: &Process, line: &'static str, limit: Duration) -> Option<String> {
    let process = process.clone();
    tokio::task::spawn_blocking(move || tell(&process, line, limit)).await.unwrap()
}

/// Waits until all of its threads wait: the server, once it has answered, for the next connection.
async fn waits(process: &Process) {
    let tasks = format!("/proc/{}/task", process.pid().unwrap());
    until("it waits", async || {
        std::fs::read_dir(&tasks).unwrap().flatten().all(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
        })
    })
    .await;
}

async fn confirmed(fault: &mut impl Fault) -> Evidence {
    tokio::time::timeout(LIMIT, async {
        loop {
            let evidence = fault.evidence().await.unwrap();
            if evidence.is_seen() {
                return evidence;
            }
            tokio::time::sleep(STEP).await;
        }
    })
    .await
    .expect("evidence in time")
}

/// Prepares, records and injects as the engine does; the result ends it.
async fn inject(chaos: &Chaos, fault: &mut impl Fault) -> crate::rollback::UndoId {
    fault.prepare(&CX).await.unwrap();
    let id = chaos.core.ledger.record(&fault.describe(), &fault.target(), fault.undo()).unwrap();
    fault.inject(&CX).await.unwrap();
    id
}

async fn undo(chaos: &Chaos, id: crate::rollback::UndoId) {
    let report = chaos.core.ledger.undo(id).await;
    assert!(report.error.is_none(), "{report:?}");
}

async fn end(chaos: &Chaos) {
    let reports = chaos.core.ledger.undo_all().await;
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
}

async fn refusal(fault: &mut impl Fault) -> String {
    fault.prepare(&CX).await.unwrap_err().to_string()
}

/// It uses 0.2 cores at most: on the average of this time, or of a longer one where what limits it was late.
async fn uses_a_fifth(pid: u32, during: Duration) {
    let (before, from) = (cpu_used(pid).unwrap(), Instant::now());
    tokio::time::sleep(during).await;
    until("it uses 0.2 cores at most", async || {
        let used = cpu_used(pid).unwrap() - before;
        let passed = from.elapsed().as_secs_f64();
        println!("{used} s of CPU time in {passed} s");
        used <= 0.2 * passed + 0.3
    })
    .await;
    until("it does get its share", async || cpu_used(pid).unwrap() > before).await;
}

/// A limit of 0.2 cores is kept on the average, and its end lets the process have what it wants.
async fn is_limited(chaos: &Chaos, fault: &mut impl Fault, pid: u32) {
    let id = inject(chaos, fault).await;
    let evidence = confirmed(fault).await;
    uses_a_fifth(pid, Duration::from_secs(2)).await;
    until("held up again", async || fault.evidence().await.unwrap().hits() > evidence.hits()).await;
    undo(chaos, id).await;
    // As much as would take it three seconds.
    let (from, before) = (Instant::now(), cpu_used(pid).unwrap());
    until("it runs freely", async || cpu_used(pid).unwrap() - before > 0.6).await;
    println!("0.6 s of CPU time in {:?} after the end", from.elapsed());
    let after = fault.evidence().await.unwrap().hits();
    assert!(state(pid) != Some('T'));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fault.evidence().await.unwrap().hits(), after, "it did stop");
}

#[tokio::test]
async fn a_cpu_limit_by_turns_is_kept() {
    let chaos = Chaos::for_tests();
    let busy = chaos.process(shell(BUSY)).await.unwrap();
    let mut fault = busy.cpu_limit(0.2).by_turns();
    fault.prepare(&CX).await.unwrap();
    assert_eq!(fault.describe(), "CPU limit 0.2 by turns of SIGSTOP and SIGCONT");
    is_limited(&chaos, &mut fault, busy.pid().unwrap()).await;
    end(&chaos).await;
}

#[tokio::test]
async fn a_cpu_limit_by_a_cgroup_is_kept_and_the_group_goes() {
    let chaos = Chaos::for_tests();
    let busy = chaos.process(shell(BUSY)).await.unwrap();
    let pid = busy.pid().unwrap();
    let membership = || std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let before = membership();
    let mut fault = busy.cpu_limit(0.2);
    fault.prepare(&CX).await.unwrap();
    assert_eq!(fault.describe(), "CPU limit 0.2 by a cgroup", "these tests run as root");
    let Recipe::LeaveGroup { path, .. } = fault.undo().recipe().clone() else { panic!("{:?}", fault.undo()) };
    let id = chaos.core.ledger.record("limit", "it", fault.undo()).unwrap();
    fault.inject(&CX).await.unwrap();
    assert!(path.exists() && membership().contains("/chaos-"));
    confirmed(&mut fault).await;
    uses_a_fifth(pid, Duration::from_secs(2)).await;
    undo(&chaos, id).await;
    assert!(!path.exists());
    assert_eq!(membership(), before);
    let before = cpu_used(pid).unwrap();
    until("it runs freely", async || cpu_used(pid).unwrap() - before > 0.6).await;
    assert!(!fault.evidence().await.unwrap().is_seen(), "it did stop");
    // As a replay does it, whatever was done before.
    fault.undo().recipe().run().await.unwrap();
    end(&chaos).await;
}

#[tokio::test]
async fn turns_reach_descendants_wherever_they_are_and_go_on_after_a_restart() {
    let chaos = Chaos::for_tests();
    let family = chaos.process(shell("setsid sh -c 'while :; do :; done' & wait")).await.unwrap();
    until("both are there", async || family.marked().find().len() == 2).await;
    let mut fault = family.cpu_limit(0.2).by_turns();
    let id = inject(&chaos, &mut fault).await;
    let seen = confirmed(&mut fault).await.hits().unwrap();
    let busy = |process: &Process| process.marked().find().into_iter().find(|pid| Some(*pid) != process.pid());
    uses_a_fifth(busy(&family).unwrap(), Duration::from_secs(1)).await;

    let pid = family.pid();
    family.kill().restart_after(STEP).inject(&CX).await.unwrap();
    until("started again", async || family.pid().is_some() && family.pid() != pid).await;
    let before = fault.evidence().await.unwrap().hits().unwrap();
    assert!(before >= seen);
    until("stopped again", async || fault.evidence().await.unwrap().hits() > Some(before + 2)).await;
    undo(&chaos, id).await;
    until("none is stopped", async || family.marked().find().into_iter().all(|pid| state(pid) != Some('T'))).await;
    end(&chaos).await;
}

#[tokio::test]
async fn who_wants_less_than_the_limit_is_not_harmed_and_a_restart_loses_a_cgroup() {
    let chaos = Chaos::for_tests();
    let idle = chaos.process(shell("exec sleep 300")).await.unwrap();
    // What it takes to become `sleep` is not nothing.
    until("it sleeps", async || {
        let pid = idle.pid().unwrap();
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim() == "sleep") && state(pid) == Some('S')
    })
    .await;
    let mut turns = idle.cpu_limit(0.5).by_turns();
    let mut group = idle.cpu_limit(0.5);
    let ids = [inject(&chaos, &mut turns).await, inject(&chaos, &mut group).await];
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (by_turns, by_group) = (turns.evidence().await.unwrap(), group.evidence().await.unwrap());
    assert!(!by_turns.is_seen() && by_turns.hits() == Some(0), "{by_turns:?}");
    assert!(!by_group.is_seen() && by_group.hits() == Some(0), "{by_group:?}");
    let pid = idle.pid();
    idle.kill().restart_after(STEP).inject(&CX).await.unwrap();
    until("started again", async || idle.pid().is_some() && idle.pid() != pid).await;
    let lost = group.evidence().await.unwrap();
    assert!(!lost.is_seen() && lost.text().contains("started anew"), "{lost:?}");
    for id in ids {
        undo(&chaos, id).await;
    }
    end(&chaos).await;
}

#[tokio::test]
async fn neighbours_take_the_cpu_and_are_gone_afterwards() {
    let chaos = Chaos::for_tests();
    let busy = chaos.process(shell(BUSY)).await.unwrap();
    let cores = cores();
    let mut fault = busy.cpu_pressure(cores);
    let id = inject(&chaos, &mut fault).await;
    assert!(fault.describe().ends_with("in its cgroup"), "{}", fault.describe());
    let evidence = confirmed(&mut fault).await;
    assert!(evidence.text().contains("waited"), "{evidence:?}");
    let burners = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = format!("--until-the-end-of\0{}\0", std::process::id());
        all.filter(|entry| {
            std::fs::read_to_string(entry.path().join("cmdline"))
                .is_ok_and(|line| line.starts_with("chaos-burner") && line.ends_with(&ours))
        })
        .count()
    };
    assert_eq!(burners(), cores as usize);
    undo(&chaos, id).await;
    assert_eq!(burners(), 0);
    assert!(!fault.evidence().await.unwrap().is_seen());
    assert!(busy.is_running());
    let error = refusal(&mut busy.cpu_pressure(0)).await;
    assert!(error.contains("make no pressure"), "{error}");
    end(&chaos).await;
}

#[tokio::test]
async fn without_descriptors_connections_go_on_and_new_ones_wait() {
    let chaos = Chaos::for_tests();
    let process = chaos.process(server()).await.unwrap();
    assert_eq!(asked(&process, "hello").await.as_deref(), Some("ok"));
    let pid = process.pid().unwrap();
    let before = of(pid, Limited::Descriptors).unwrap();
    let mut fault = process.fd_exhaustion();
    waits(&process).await;
    let id = inject(&chaos, &mut fault).await;
    let evidence = fault.evidence().await.unwrap();
    assert!(evidence.is_seen() && evidence.text().contains("may open 0 more"), "{evidence:?}");
    // The call to `accept` in which it waited had its descriptor already.
    assert_eq!(asked(&process, "hello").await.as_deref(), Some("ok"));
    assert_eq!(asked_for(&process, "hello", SHORT).await, None, "nobody accepts it");
    undo(&chaos, id).await;
    assert_eq!(of(pid, Limited::Descriptors).unwrap(), before);
    answers(&process).await;
    let over = fault.evidence().await.unwrap();
    assert!(!over.is_seen() && over.text().contains("somebody changed it"), "{over:?}");

    let mut fault = process.fd_exhaustion().leaving(2);
    let id = inject(&chaos, &mut fault).await;
    let evidence = fault.evidence().await.unwrap();
    assert!(evidence.text().contains("may open 2 more"), "{evidence:?}");
    assert_eq!(asked(&process, "hello").await.as_deref(), Some("ok"));
    assert_eq!(asked(&process, "hello").await.as_deref(), Some("ok"));
    assert_eq!(asked_for(&process, "hello", SHORT).await, None);
    // As another process does it after a crash.
    let recipe = fault.undo().recipe().clone();
    let written = serde_json::to_string(&recipe).unwrap();
    let read: Recipe = serde_json::from_str(&written).unwrap();
    assert_eq!(read, recipe);
    read.run().await.unwrap();
    answers(&process).await;
    undo(&chaos, id).await;

    let mut fault = process.fd_exhaustion();
    inject(&chaos, &mut fault).await;
    process.kill().restart_after(STEP).inject(&CX).await.unwrap();
    until("started again", async || process.pid().is_some_and(|now| now != pid)).await;
    let lost = fault.evidence().await.unwrap();
    assert!(!lost.is_seen() && lost.text().contains("started anew"), "{lost:?}");
    let error = refusal(&mut process.fd_exhaustion().leaving(u32::MAX - 1)).await;
    assert!(error.contains("anyway"), "{error}");
    end(&chaos).await;
}

#[tokio::test]
async fn every_descendant_gets_its_own_limit_back() {
    let chaos = Chaos::for_tests();
    let script = "ulimit -Sn 60; sleep 300 & ulimit -Sn 50; sh -c 'sleep 300; true' & wait";
    let family = chaos.process(shell(script)).await.unwrap();
    until("all are there", async || family.marked().find().len() == 4).await;
    let limits = || -> Vec<(u32, Option<u64>)> {
        family.marked().find().into_iter().map(|pid| (pid, of(pid, Limited::Descriptors).unwrap().current)).collect()
    };
    let before = limits();
    assert!(before.iter().any(|(_, soft)| *soft == Some(60)) && before.iter().any(|(_, soft)| *soft == Some(50)));
    let mut fault = family.fd_exhaustion();
    let id = inject(&chaos, &mut fault).await;
    assert!(limits().iter().all(|(_, soft)| soft.is_some_and(|soft| soft < 50)), "{:?}", limits());
    undo(&chaos, id).await;
    assert_eq!(limits(), before);
    end(&chaos).await;
}

#[tokio::test]
async fn a_memory_limit_of_each_process_refuses_memory_until_its_end() {
    let chaos = Chaos::for_tests();
    let process = chaos.process(server()).await.unwrap();
    assert_eq!(asked(&process, "grow 100").await.as_deref(), Some("ok"));
    let mut fault = process.memory_limit(64 << 20).by_rlimit();
    let id = inject(&chaos, &mut fault).await;
    assert_eq!(fault.describe(), "64 MiB more memory, by RLIMIT_DATA");
    assert!(fault.evidence().await.unwrap().is_seen());
    assert_eq!(asked(&process, "grow 100").await.as_deref(), Some("refused"));
    assert_eq!(asked(&process, "grow 20").await.as_deref(), Some("ok"));
    undo(&chaos, id).await;
    assert_eq!(asked(&process, "grow 100").await.as_deref(), Some("ok"));
    assert!(!fault.evidence().await.unwrap().is_seen());
    let error = refusal(&mut process.memory_limit(1)).await;
    assert!(error.contains("too little"), "{error}");
    end(&chaos).await;
}

#[tokio::test]
async fn a_memory_limit_by_a_cgroup_kills_who_takes_more() {
    let chaos = Chaos::for_tests();
    let process = chaos.process(server()).await.unwrap();
    let mut fault = process.memory_limit(32 << 20);
    let id = inject(&chaos, &mut fault).await;
    assert_eq!(fault.describe(), "32 MiB more memory, by a cgroup");
    let evidence = fault.evidence().await.unwrap();
    assert!(evidence.is_seen() && evidence.text().contains("of 32 MiB used"), "{evidence:?}");
    assert_eq!(asked(&process, "grow 8").await.as_deref(), Some("ok"));
    assert_eq!(asked(&process, "grow 100").await, None);
    until("killed", async || !process.is_running()).await;
    let evidence = fault.evidence().await.unwrap();
    assert!(evidence.is_seen() && evidence.text().ends_with("killed by the kernel: 1"), "{evidence:?}");
    undo(&chaos, id).await;
    end(&chaos).await;
}

#[tokio::test]
async fn a_clock_is_moved_and_put_right() {
    let chaos = Chaos::for_tests();
    let told = shell("while :; do date +%s; sleep 0.05; done").faketime();
    let process = chaos.process(told).await.unwrap();
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let off = async |wanted: f64| {
        until("its clock is as wanted", async || {
            let last = process.output().last().and_then(|line| line.parse::<f64>().ok());
            last.is_some_and(|last| (last - now() - wanted).abs() < 5.0)
        })
        .await;
    };
    off(0.0).await;
    for (mut fault, by) in [
        (process.clock_ahead(Duration::from_secs(3_600)), 3_600.0),
        (process.clock_behind(Duration::from_secs(90)), -90.0),
    ] {
        let id = inject(&chaos, &mut fault).await;
        let evidence = fault.evidence().await.unwrap();
        assert!(evidence.is_seen() && evidence.text().contains(&format!("is {by:+} s")), "{evidence:?}");
        off(by).await;
        undo(&chaos, id).await;
        off(0.0).await;
        assert!(!fault.evidence().await.unwrap().is_seen(), "it did stop");
    }
    let error = refusal(&mut process.clock_ahead(Duration::from_secs(1))).await;
    assert!(error.contains("5s at least"), "{error}");
    let plain = chaos.process(shell("exec sleep 300")).await.unwrap();
    let error = refusal(&mut plain.clock_ahead(Duration::from_secs(60))).await;
    assert!(error.contains("not started for that") && error.contains("faketime()"), "{error}");
    // A program that drops it, as a static or a set-uid one would not load it.
    let without = shell("exec env -u LD_PRELOAD sleep 300").faketime();
    let without = chaos.process(without).await.unwrap();
    until("it is `sleep`", async || {
        let pid = without.pid().unwrap();
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
    })
    .await;
    let error = refusal(&mut without.clock_ahead(Duration::from_secs(60))).await;
    assert!(error.contains("has not loaded libfaketime"), "{error}");
    end(&chaos).await;
}

#[tokio::test]
async fn what_makes_no_sense_or_is_not_there_is_refused_before_any_harm() {
    let chaos = Chaos::for_tests();
    let process = chaos.process(shell("exec sleep 300")).await.unwrap();
    for cores in [0.0, -1.0, f64::NAN, 1e9] {
        let error = refusal(&mut process.cpu_limit(cores)).await;
        assert!(error.contains("is not a limit"), "{error}");
    }
    process.kill().inject(&CX).await.unwrap();
    until("down", async || !process.is_running()).await;
    for error in [
        refusal(&mut process.cpu_limit(0.5)).await,
        refusal(&mut process.cpu_limit(0.5).by_turns()).await,
        refusal(&mut process.cpu_pressure(1)).await,
        refusal(&mut process.fd_exhaustion()).await,
        refusal(&mut process.memory_limit(1 << 20)).await,
    ] {
        assert!(error.contains("is not running"), "{error}");
    }
    end(&chaos).await;
}

#[test]
#[ignore = "a helper process of the test below"]
fn helper_without_rights() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        assert!(!rustix::process::geteuid().is_root());
        let chaos = Chaos::for_tests();
        let busy = chaos.process(shell(BUSY)).await.unwrap();
        let mut limited = busy.cpu_limit(0.2);
        is_limited(&chaos, &mut limited, busy.pid().unwrap()).await;
        println!("CPU {}: {}", limited.describe(), limited.evidence().await.unwrap().text());

        let mut pressed = busy.cpu_pressure(cores());
        let id = inject(&chaos, &mut pressed).await;
        confirmed(&mut pressed).await;
        println!("PRESSURE {}", pressed.describe());
        undo(&chaos, id).await;

        let process = chaos.process(server()).await.unwrap();
        let mut memory = process.memory_limit(64 << 20);
        let id = inject(&chaos, &mut memory).await;
        assert_eq!(asked(&process, "grow 100").await.as_deref(), Some("refused"));
        println!("MEMORY {}: {}", memory.describe(), memory.evidence().await.unwrap().text());
        undo(&chaos, id).await;

        let mut descriptors = process.fd_exhaustion();
        waits(&process).await;
        let id = inject(&chaos, &mut descriptors).await;
        assert_eq!(asked(&process, "hello").await.as_deref(), Some("ok"), "it was waited for already");
        assert_eq!(asked_for(&process, "hello", SHORT).await, None);
        undo(&chaos, id).await;
        answers(&process).await;
        end(&chaos).await;
        println!("ALL DONE");
    });
}

/// Where cgroups are not to be had, faults take their other means, and say so and why.
#[test]
fn without_rights_the_other_means_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let helper = reexec::helper("fault::process::tests::helper_without_rights");
    // Another user may not be able to execute what lies where it was built.
    let copy = dir.path().join("tests");
    std::fs::copy(helper.get_program(), &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]);
    let said = command.arg(&copy).args(helper.get_args()).env("TMPDIR", dir.path()).current_dir("/").output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    for wanted in [
        "CPU CPU limit 0.2 by turns of SIGSTOP and SIGCONT: stopped",
        "no cgroup: this user may not make a cgroup in",
        &format!("PRESSURE CPU pressure by {} busy processes on its machine", cores()),
        "MEMORY 64 MiB more memory, by RLIMIT_DATA",
        "ALL DONE",
    ] {
        assert!(said.contains(wanted), "{wanted}:\n{said}");
    }
}
