//! As many connections as the machine allows one process, up to 10,000, through one proxy.

use crate::descriptors;
use crate::fault::Fault;
use crate::proxy::testbed::{Testbed, clear, echo, hold, service, timely};
use crate::sys::reexec;
use crate::units::millis;
use rustix::process::{Resource, getrlimit};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const WANTED: usize = 10_000;
/// Descriptors that a process needs besides.
const BESIDES: usize = 100;
/// What precedes a word of a helper in its output.
const MARK: &str = "crowd: ";

/// In processes of their own, so that other tests need not share the limit with it.
#[test]
fn ten_thousand_connections_are_held_and_none_misses_a_fault() {
    let test = "proxy::tests::crowd::helper_holds_a_crowd";
    let ended = reexec::helper(test).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()));
}

#[tokio::test]
#[ignore = "helper: the process with the proxy"]
async fn helper_holds_a_crowd() {
    descriptors::raise();
    let allowed = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| limit as usize);
    let n = WANTED.min((allowed - BESIDES) / 2);
    let mut far = FarEnds::start();
    let service: SocketAddr = far.hear().await.parse().unwrap();
    let bed = Testbed::in_front_of(service).await;

    far.say(format!("{} {n}", bed.proxy.addr())).await;
    assert_eq!(far.hear().await, format!("{n} open"));
    assert_eq!(far.round().await, format!("{n} back"), "before");

    let mut late = bed.proxy.latency(millis(20));
    let undo = hold(&mut late).await.unwrap();
    assert_eq!(far.round().await, format!("{n} back"), "during");
    let evidence = late.evidence().await.unwrap();
    assert_eq!(evidence.hits(), Some(n as u64), "{}", evidence.text());
    clear(&undo).await;
    assert_eq!(far.round().await, format!("{n} back"), "after");
    assert_eq!(late.evidence().await.unwrap().hits(), Some(n as u64), "nothing is late any more");

    let mut down = bed.proxy.down();
    let _undo = hold(&mut down).await.unwrap();
    assert_eq!(down.evidence().await.unwrap().hits(), Some(n as u64));
    assert_eq!(far.round().await, "0 back", "all are closed");
}

/// The process with the service and its clients.
struct FarEnds {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl FarEnds {
    fn start() -> Self {
        let mut command = Command::from(reexec::helper("proxy::tests::crowd::helper_is_both_ends"));
        let piped = std::process::Stdio::piped;
        let mut child = command.stdin(piped()).stdout(piped()).kill_on_drop(true).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, to, from: BufReader::new(from).lines() }
    }

    async fn say(&mut self, line: String) {
        self.to.write_all((line + "\n").as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        loop {
            let line = timely(self.from.next_line()).await.unwrap().expect("the far ends live as long as the test");
            // The harness writes on the same line.
            if let Some((_, word)) = line.split_once(MARK) {
                return word.to_owned();
            }
        }
    }

    /// A byte there and back on every connection.
    async fn round(&mut self) -> String {
        self.say("round".into()).await;
        self.hear().await
    }
}

#[tokio::test]
#[ignore = "helper: the process with the service and its clients"]
async fn helper_is_both_ends() {
    descriptors::raise();
    println!("{MARK}{}", service(echo).await);
    let first = next_line().await;
    let (proxy, n) = first.split_once(' ').unwrap();
    let mut open = Vec::new();
    for _ in 0..n.parse().unwrap() {
        open.push(timely(TcpStream::connect(proxy)).await.unwrap());
    }
    println!("{MARK}{} open", open.len());
    while next_line().await == "round" {
        for client in &mut open {
            // On a closed connection it may fail, or not: the answer decides.
            let _ = client.write_all(b"x").await;
        }
        let mut back = 0;
        for client in &mut open {
            back += usize::from(matches!(timely(client.read_u8()).await, Ok(b'x')));
        }
        println!("{MARK}{back} back");
    }
}

/// What the other process says; empty when it has ended.
async fn next_line() -> String {
    let line = || std::io::stdin().lines().next().and_then(Result::ok).unwrap_or_default();
    tokio::task::spawn_blocking(line).await.unwrap()
}
