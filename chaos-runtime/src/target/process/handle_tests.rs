//! Real child processes: mostly the test binary itself as a small server.

use super::super::Ready;
use super::*;
use crate::fault::{Evidence, Fault, InjectCx};
use crate::rollback::marked::{Marked, state};
use crate::rollback::{UndoLedger, recover, register};
use crate::sys::reexec;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const CX: InjectCx = InjectCx::new(0, true, None);
const STEP: Duration = Duration::from_millis(10);
/// For what must happen; generous, as the machine may be busy.
const LIMIT: Duration = Duration::from_secs(30);

/// Answers every connection with its process id and then echoes.
#[test]
#[ignore = "a helper process of the tests below"]
fn helper_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening on {}", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        std::thread::spawn(move || {
            let _ = writeln!(stream, "{}", std::process::id());
            let _ = std::io::copy(&mut stream.try_clone().unwrap(), &mut stream);
        });
    }
}

fn server() -> ProcessBuilder {
    let helper = reexec::helper("target::process::handle::tests::helper_server");
    ProcessBuilder::from(helper).name("server").ready_within(LIMIT)
}

fn shell(script: &str) -> ProcessBuilder {
    ProcessBuilder::from(Command::new("sh").args(["-c", script])).ready(Ready::Started)
}

fn core(ledger: Arc<UndoLedger>) -> Arc<Core> {
    Core::with_ledger(ledger)
}

/// A core with a ledger on disk, as in an experiment.
fn on_disk() -> (Arc<Core>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (core(UndoLedger::on_disk(dir.path().into(), "e".into(), None)), dir)
}

/// The process id that the server behind the address tells; `None` if the connection is closed.
async fn ask(process: &Process) -> Option<u32> {
    let addr = process.addr();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).ok()?;
        let mut byte = [0];
        let mut line = String::new();
        while stream.read(&mut byte).ok()? == 1 && byte[0] != b'\n' {
            line.push(char::from(byte[0]));
        }
        line.parse().ok()
    });
    tokio::time::timeout(LIMIT, answer).await.expect("answered or closed").unwrap()
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(LIMIT, async {
        while !condition().await {
            tokio::time::sleep(STEP).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never came true: {what}"));
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

fn marked(process: &Process) -> Marked {
    Marked::new(&process.0.token, &[])
}

async fn undo_all(core: &Core) {
    let reports = core.ledger.undo_all().await;
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
}

#[tokio::test]
async fn a_server_is_found_by_its_socket_and_ended_by_the_rollback() {
    let (core, dir) = on_disk();
    let process = Process::start(&core, server()).await.unwrap();
    assert_eq!((ask(&process).await, process.target()), (process.pid(), "process server"));
    assert_eq!(process.url("work"), format!("http://{}/work", process.addr()));
    until("its line is kept", async || process.output().iter().any(|line| line.contains("listening on"))).await;
    let second = Process::start(&core, server()).await.unwrap();
    assert_eq!(second.target(), "process server 2");
    assert_eq!(core.outputs.collect().len(), 2);
    let pid = process.pid().unwrap();
    undo_all(&core).await;
    assert!(!process.is_running() && state(pid).is_none() && marked(&process).find().is_empty());
    assert_eq!(ask(&process).await, None);
    assert!(process.signal(Signal::Usr1).await.is_err() && process.kill().inject(&CX).await.is_err());
    drop(core);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left to replay");
}

#[tokio::test]
async fn a_killed_process_is_down_and_comes_back_on_the_same_address() {
    let (core, _dir) = on_disk();
    let process = Process::start(&core, server()).await.unwrap();
    let first = process.pid().unwrap();
    let mut kill = process.kill().restart_after(Duration::from_millis(300));
    assert_eq!(kill.describe(), "kill with SIGKILL, restart after 300ms");
    assert!(!kill.evidence().await.unwrap().is_seen());
    kill.inject(&CX).await.unwrap();
    let evidence = confirmed(&mut kill).await;
    assert_eq!(evidence.text(), format!("process {first} ended with signal: 9 (SIGKILL)"));
    assert!(state(first).is_none());
    process.ready().await.unwrap();
    let second = process.pid().unwrap();
    assert_ne!(first, second);
    assert_eq!(ask(&process).await, Some(second));
    assert!(confirmed(&mut kill).await.text().starts_with(&format!("process {first} ended")));
    undo_all(&core).await;
}

#[tokio::test]
async fn without_a_restart_it_stays_down_and_with_one_the_undo_starts_it() {
    let (core, _dir) = on_disk();
    let process = Process::start(&core, server()).await.unwrap();
    until("its line is kept", async || process.output().iter().any(|line| line.contains("listening on"))).await;
    process.kill().inject(&CX).await.unwrap();
    until("down", async || !process.is_running()).await;
    assert_eq!(ask(&process).await, None, "accepted and closed");
    assert!(process.ready().await.unwrap_err().message().contains("signal: 9"), "it is not waited for in vain");
    let error = process.kill().inject(&CX).await.unwrap_err().to_string();
    assert!(error.contains("signal: 9") && error.contains("listening on"), "{error}");
    let error = process.pause().inject(&CX).await.unwrap_err().to_string();
    assert!(error.contains("not running"), "{error}");

    process.start_again().await.unwrap();
    process.ready().await.unwrap();
    let mut kill = process.kill().restart_after(Duration::from_secs(3_600));
    let id = core.ledger.record("kill", &kill.target(), kill.undo()).unwrap();
    kill.inject(&CX).await.unwrap();
    confirmed(&mut kill).await;
    assert!(core.ledger.undo(id).await.error.is_none());
    process.ready().await.unwrap();
    assert_eq!(ask(&process).await, process.pid());
    undo_all(&core).await;
    assert!(!process.is_running());
}

#[tokio::test]
async fn surviving_a_signal_is_no_evidence_and_obeying_it_is() {
    let (core, _dir) = on_disk();
    let deaf = Process::start(&core, shell("trap '' TERM; echo deaf; sleep 300")).await.unwrap();
    until("deaf", async || deaf.output().contains(&"deaf".to_owned())).await;
    let mut kill = deaf.kill().signal(Signal::Term);
    kill.inject(&CX).await.unwrap();
    for _ in 0..5 {
        let evidence = kill.evidence().await.unwrap();
        assert!(!evidence.is_seen() && evidence.text().contains("still runs after SIGTERM"), "{evidence:?}");
    }
    let polite = shell("trap 'exit 0' TERM; echo polite; while :; do sleep 0.02; done");
    let polite = Process::start(&core, polite).await.unwrap();
    until("polite", async || polite.output().contains(&"polite".to_owned())).await;
    let mut kill = polite.kill().signal(Signal::Term);
    kill.inject(&CX).await.unwrap();
    assert!(confirmed(&mut kill).await.text().ends_with("exit status: 0"));
    undo_all(&core).await;
}

#[tokio::test]
async fn a_paused_process_answers_again_after_the_undo() {
    let (core, _dir) = on_disk();
    let process = Process::start(&core, server()).await.unwrap();
    let mut pause = process.pause();
    assert!(!pause.evidence().await.unwrap().is_seen());
    let id = core.ledger.record("pause", &pause.target(), pause.undo()).unwrap();
    pause.inject(&CX).await.unwrap();
    confirmed(&mut pause).await;
    let addr = process.addr();
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    let silent = stream.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(silent.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{silent}");
    assert!(core.ledger.undo(id).await.error.is_none());
    assert_eq!(ask(&process).await, process.pid());
    assert!(!pause.evidence().await.unwrap().is_seen(), "it did stop");
    undo_all(&core).await;
}

#[tokio::test]
async fn a_pause_is_undone_by_its_recipe_too_and_a_paused_process_can_be_killed() {
    let (core, _dir) = on_disk();
    let process = Process::start(&core, server()).await.unwrap();
    let mut pause = process.pause();
    let undo = pause.undo();
    pause.inject(&CX).await.unwrap();
    confirmed(&mut pause).await;
    undo.recipe().run().await.unwrap();
    assert_eq!(ask(&process).await, process.pid());
    process.signal(Signal::Stop).await.unwrap();
    undo_all(&core).await;
    assert!(marked(&process).find().is_empty());
}

#[tokio::test]
async fn a_failed_start_says_why() {
    let (core, _dir) = on_disk();
    let fails = shell("echo 'config.toml: no such key' >&2; exit 3").ready(Ready::Listening);
    let error = Process::start(&core, fails).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 3 before it was ready") && error.contains("no such key"), "{error}");

    let missing = ProcessBuilder::from(Command::new("no-such-program-here"));
    let error = Process::start(&core, missing).await.unwrap_err().to_string();
    assert!(error.contains("failed to start `no-such-program-here`"), "{error}");

    let mut within = Duration::from_millis(300);
    loop {
        let slow = shell("echo warming up; exec sleep 300").ready(Ready::Port(1)).ready_within(within);
        let error = Process::start(&core, slow).await.unwrap_err().to_string();
        assert!(error.contains(&format!("within {within:?}: it does not listen on TCP port 1")), "{error}");
        if error.contains("warming up") {
            break;
        }
        // A machine that paused it so long that it has written nothing yet.
        assert!(within < LIMIT, "{error}");
        within *= 10;
    }
    assert!(core.ledger.pending().is_empty(), "what failed to start is gone");
}

#[tokio::test]
async fn readiness_by_line_and_by_port() {
    let (core, _dir) = on_disk();
    let by_line = Process::start(&core, server().ready(Ready::line("listening on"))).await.unwrap();
    assert_eq!(ask(&by_line).await, by_line.pid());
    let port = by_line.output().iter().find_map(|line| line.rsplit_once(':')?.1.parse().ok()).unwrap();
    // Somebody else's port does not make a process ready.
    if cfg!(target_os = "linux") {
        let impostor = server().ready(Ready::port(port)).ready_within(Duration::from_millis(300));
        assert!(Process::start(&core, impostor).await.is_err());
    }
    undo_all(&core).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_started_by_a_script_is_found_and_ended_with_it() {
    let (core, _dir) = on_disk();
    let own = reexec::helper("target::process::handle::tests::helper_server");
    let mut script = Command::new("sh");
    // In a session of its own, where no process group reaches it.
    script.args(["-c", "setsid \"$0\" \"$@\" & wait"]).arg(own.get_program()).args(own.get_args());
    let process = Process::start(&core, script.into()).await.unwrap();
    let server = ask(&process).await.unwrap();
    assert_ne!(Some(server), process.pid());
    undo_all(&core).await;
    assert!(state(server).is_none() && marked(&process).find().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_end_of_the_experiments_thread_ends_the_process() {
    let core = core(UndoLedger::in_memory());
    let process = Process::start(&core, server()).await.unwrap();
    let pid = process.pid().unwrap();
    assert!(state(pid).is_some());
    drop(core);
    until("dead", async || state(pid).is_none()).await;
}

#[test]
#[ignore = "a helper process of the test below"]
fn helper_parent() {
    let dir = PathBuf::from(reexec::argument("CHAOS_PARENT_DIR"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let core = core(UndoLedger::on_disk(dir.join("ledger"), "killed".into(), None));
        let registration = register(Arc::clone(&core.ledger), |_| {}).unwrap();
        let family = shell("setsid sleep 300 & sleep 300 & echo started; wait");
        let process = Process::start(&core, family).await.unwrap();
        until("family", async || marked(&process).find().len() == 3).await;
        let text = format!("{} {}", process.0.token, process.pid().unwrap());
        std::fs::write(dir.join("tmp"), text).unwrap();
        std::fs::rename(dir.join("tmp"), dir.join("ready")).unwrap();
        registration.interrupted().await;
    });
    // The registration is dropped; the process dies of the signal when the rollback is done.
    std::thread::sleep(LIMIT);
}

/// The helper, its child's id, and all that it started.
#[cfg(target_os = "linux")]
async fn family(dir: &std::path::Path) -> (std::process::Child, u32, Marked) {
    let mut parent = reexec::helper("target::process::handle::tests::helper_parent")
        .env("CHAOS_PARENT_DIR", dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ready = dir.join("ready");
    until("ready", async || ready.exists() || parent.try_wait().unwrap().is_some()).await;
    let text = std::fs::read_to_string(ready).unwrap();
    let (token, child) = text.split_once(' ').unwrap();
    let marked = Marked::new(token, &[]);
    // One of them, `setsid`, becomes another program, and has no environment to read for that moment.
    until("whole family", async || marked.find().len() == 3).await;
    (parent, child.parse().unwrap(), marked)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn sigint_to_the_test_ends_the_whole_family() {
    use std::os::unix::process::ExitStatusExt;
    let dir = tempfile::tempdir().unwrap();
    let (mut parent, _, family) = family(dir.path()).await;
    rustix::process::kill_process(rustix::process::Pid::from_child(&parent), Signal::Int.raw()).unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(2));
    assert!(family.find().is_empty(), "without any replay");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn sigkill_of_the_test_leaves_no_orphan() {
    let dir = tempfile::tempdir().unwrap();
    let (mut parent, child, family) = family(dir.path()).await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the child dies with its parent", async || state(child).is_none()).await;
    assert_eq!(family.find().len(), 2, "grandchildren survive: that is what the replay is for");
    let recovered = recover(&dir.path().join("ledger"));
    assert!(recovered.len() == 1 && recovered[0].error.is_none(), "{recovered:?}");
    assert!(family.find().is_empty());
}

#[tokio::test]
async fn nothing_starts_after_the_rollback() {
    let core = core(UndoLedger::in_memory());
    let process = Process::start(&core, server()).await.unwrap();
    let mut kill = process.kill().restart_after(Duration::from_millis(50));
    let undo = kill.undo();
    kill.inject(&CX).await.unwrap();
    undo_all(&core).await;
    undo.live.unwrap()().await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!process.is_running() && marked(&process).find().is_empty());
}
