//! The UDP proxy between programs that are not ours: `dig` asks `dnsmasq`, `socat` talks to `socat`. Needs the Debian
//! packages bind9-dnsutils, dnsmasq-base and socat.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, PhaseKind, PhaseStats, Verdict};
use chaos_tests::doubt::injected;
use chaos_tests::home::{Home, run};
use std::net::{SocketAddr, UdpSocket};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use tokio::io::AsyncWriteExt;

/// What dnsmasq knows of `service.test`.
const ADDRESS: &str = "192.0.2.7";

/// A port that was free a moment ago, for UDP and TCP: dnsmasq takes both. Below those that systems give out, so that
/// nobody else gets it meanwhile.
fn free_port() -> std::io::Result<u16> {
    let is_free = |port: &u16| {
        UdpSocket::bind(("127.0.0.1", *port)).is_ok() && std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()
    };
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    (first..first + 1_000).find(is_free).ok_or_else(|| std::io::ErrorKind::AddrInUse.into())
}

/// A DNS server.
async fn dnsmasq(chaos: &Chaos) -> chaos::Result<SocketAddr> {
    let port = free_port()?;
    let mut command = Command::new("dnsmasq");
    command.args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="]);
    command.args(["--listen-address=127.0.0.1", "--bind-interfaces", "--user=", "--group="]);
    command.arg(format!("--port={port}")).arg(format!("--address=/service.test/{ADDRESS}"));
    chaos.process(ProcessBuilder::from(command).ready(Ready::line("started"))).await?;
    Ok(([127, 0, 0, 1], port).into())
}

/// Asks for `service.test` and compares the answer.
fn dig(server: SocketAddr, tries: u32) -> impl Operation {
    op(move |_| async move {
        let asked = tokio::process::Command::new("dig")
            .arg(format!("@{}", server.ip()))
            .args(["-p", &server.port().to_string(), "service.test", "A", "+short", "+time=2"])
            .args([&format!("+tries={tries}"), "+noedns", "+nocookie"])
            .kill_on_drop(true)
            .output()
            .await?;
        // Tries that failed are told of in lines before.
        let said = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        match said.lines().last() {
            Some(ADDRESS) => Ok(()),
            _ => Err(chaos::Error::new(format!("dig says `{said}`"))),
        }
    })
}

/// A service that sends back what it gets: a socat for each client.
async fn echo(chaos: &Chaos) -> chaos::Result<SocketAddr> {
    let port = free_port()?;
    let mut command = Command::new("socat");
    command.args(["-d", "-d", &format!("UDP4-LISTEN:{port},bind=127.0.0.1,fork"), "EXEC:/bin/cat"]);
    chaos.process(ProcessBuilder::from(command).ready(Ready::line("listening on"))).await?;
    Ok(([127, 0, 0, 1], port).into())
}

/// Sends a thousand bytes by a socat of its own and compares what comes back.
fn send_and_compare(service: SocketAddr) -> impl Operation {
    op(move |id: OpId| async move {
        let bytes: Vec<u8> = (0..1_000_u64).map(|i| (i.wrapping_mul(0x9e37) ^ id.index()) as u8).collect();
        let mut socat = tokio::process::Command::new("socat")
            .args(["-t", "2", "-", &format!("UDP4:{service}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = socat.stdin.take().ok_or_else(|| chaos::Error::new("socat has no input"))?;
        stdin.write_all(&bytes).await?;
        drop(stdin);
        match socat.wait_with_output().await?.stdout == bytes {
            true => Ok(()),
            false => Err(chaos::Error::new("other bytes came back")),
        }
    })
}

#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(during(success_rate >= 80%), recovery <= 20s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn retries_survive_loss(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.udp_proxy(dnsmasq(chaos).await?).await?;
    chaos.load(dig(proxy.addr(), 8).rate(per_second(20)).timeout(secs(30))).await?;
    chaos.inject(proxy.loss(percent(25))).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(during(success_rate >= 80%), recovery <= 20s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn without_retries_loss_shows(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.udp_proxy(dnsmasq(chaos).await?).await?;
    chaos.load(dig(proxy.addr(), 1).rate(per_second(20)).timeout(secs(30))).await?;
    chaos.inject(proxy.loss(percent(50)).upstream()).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(during(success_rate >= 80%), recovery <= 20s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn late_twice_and_out_of_order(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.udp_proxy(dnsmasq(chaos).await?).await?;
    chaos.load(dig(proxy.addr(), 3).rate(per_second(20)).timeout(secs(30))).await?;
    let _twice = chaos.inject(proxy.duplication(percent(100)).both_ways()).start().await?;
    let _order = chaos.inject(proxy.reordering(percent(50)).both_ways()).start().await?;
    chaos.inject(proxy.latency(millis(100)).jitter(millis(25)).both_ways()).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(during(error_rate >= 80%), recovery <= 20s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn changed_bytes_are_found(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.udp_proxy(echo(chaos).await?).await?;
    chaos.load(send_and_compare(proxy.addr()).rate(per_second(10)).timeout(secs(20))).await?;
    chaos.inject(proxy.corruption(percent(100)).upstream()).hold(secs(4)).await
}

/// Homes have locks of their own, but this measures: one at a time.
static MACHINE: Mutex<()> = Mutex::new(());

/// Runs one of the experiments above.
fn journal(name: &str) -> (Journal, String) {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let ran = || {
        let home = Home::new();
        let ended = run(home.test(name));
        (home.journal(name), ended.output)
    };
    let (journal, output) = injected(ran, |(journal, _)| journal);
    assert!(!journal.faults.is_empty(), "nothing was injected: {output}");
    (journal, output)
}

/// What dig or socat saw while the fault was on. On a busy machine the verdict may be that nothing can be decided; what
/// was counted stands.
fn faulted(journal: &Journal) -> &PhaseStats {
    let phases = &journal.loads[0].phases;
    // Where the confirmation took its time, what was before it is a phase of its own.
    let phases = phases.iter().filter(|phase| phase.phase == PhaseKind::Fault);
    phases.max_by_key(|phase| phase.operations).expect("there was a fault phase")
}

#[test]
fn dig_with_retries_survives_a_loss_of_a_quarter() {
    let (journal, output) = journal("retries_survive_loss");
    let (fault, seen) = (&journal.faults[0], faulted(&journal));
    assert!(fault.evidence.ends_with("datagrams lost"), "{}", fault.evidence);
    // Each of eight tries fails with a quarter: one operation of 65,536.
    assert!(seen.operations >= 40 && seen.succeeded * 100 >= seen.operations * 95, "{output}");
    // Those of 60 operations at least; 99.99 % of all Binomial(60, 0.25) are above 3.
    assert!(fault.hits.is_some_and(|hits| hits > 3), "{output}");
    assert!(matches!(journal.verdict, Verdict::Passed | Verdict::Inconclusive), "{output}");
}

#[test]
fn dig_without_retries_does_not_survive_a_loss_of_half() {
    let (journal, output) = journal("without_retries_loss_shows");
    let (fault, seen) = (&journal.faults[0], faulted(&journal));
    assert!(seen.operations >= 40 && seen.succeeded * 100 <= seen.operations * 80, "{output}");
    assert!(seen.succeeded > 0, "half of them arrive: {output}");
    assert!(fault.hits.is_some_and(|hits| hits >= seen.failed / 2), "{output}");
    assert!(matches!(journal.verdict, Verdict::Refuted | Verdict::Inconclusive), "{output}");
}

#[test]
fn dig_takes_answers_that_are_late_and_come_twice() {
    let (journal, output) = journal("late_twice_and_out_of_order");
    let seen = faulted(&journal);
    assert!(seen.operations >= 40 && seen.succeeded * 100 >= seen.operations * 95, "{output}");
    assert!(seen.response.p50_us >= 150_000, "twice 100 ± 25 ms, but P50 is {} µs", seen.response.p50_us);
    for done in ["doubled", "delayed"] {
        assert!(journal.faults.iter().any(|fault| fault.evidence.ends_with(done)), "nothing {done}: {output}");
    }
    assert!(matches!(journal.verdict, Verdict::Passed | Verdict::Inconclusive), "{output}");
}

#[test]
fn socat_gets_the_bytes_of_socat_unless_one_is_changed() {
    let (journal, output) = journal("changed_bytes_are_found");
    let (fault, seen) = (&journal.faults[0], faulted(&journal));
    assert!(fault.evidence.ends_with("datagrams corrupted"), "{}", fault.evidence);
    assert!(seen.operations >= 20 && seen.failed * 100 >= seen.operations * 80, "{output}");
    let baseline = journal.loads[0].phases.iter().find(|phase| phase.phase == PhaseKind::Baseline);
    assert!(baseline.is_some_and(|phase| phase.succeeded * 100 >= phase.operations * 95), "{output}");
    assert!(matches!(journal.verdict, Verdict::Passed | Verdict::Inconclusive), "{output}");
}
