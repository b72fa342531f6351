//! What `docs/write-your-own-fault.md` shows: it runs, it is what the guide says to the letter, and its undo survives.
//!
//! Needs `redis-server` and `redis-cli` (Debian: `redis-server`), of version 7 or later.

#![cfg(target_os = "linux")]

include!("guide/full_redis.rs");
include!("guide/redis_cli.rs");
include!("guide/experiment.rs");

use chaos_runtime::report::journal::Verdict;
use chaos_tests::home::{Home, Started, run};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const GUIDE: &str = include_str!("../../docs/write-your-own-fault.md");
const SOURCES: [&str; 4] = [
    include_str!("guide/full_redis.rs"),
    include_str!("guide/redis_cli.rs"),
    include_str!("guide/experiment.rs"),
    include_str!("guide/closure.rs"),
];

/// The Rust blocks of the guide.
fn blocks() -> Vec<&'static str> {
    let blocks = GUIDE.split("```rust\n").skip(1);
    blocks.map(|rest| rest.split_once("```").expect("a block has an end").0).collect()
}

#[test]
fn the_guide_shows_what_is_tested_here() {
    let blocks = blocks();
    for source in SOURCES {
        assert!(blocks.contains(&source), "the guide does not show this, or not so:\n{source}");
    }
    assert_eq!(blocks.len(), SOURCES.len(), "a block of the guide is tested by nobody");
}

#[test]
fn the_fault_takes_under_40_lines() {
    let lines = SOURCES[0].lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 40, "{lines}");
}

/// The same without the answer to a full Redis.
#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(success_rate >= 99%), recovery <= 5s),
    warm_up = 500ms,
    baseline = 1s,
    after = 1s,
)]
#[ignore = "run by the tests below"]
async fn visits_that_are_refused_are_lost(chaos: &mut Chaos) -> chaos::Result {
    let (redis, port) = start_redis(chaos).await?;
    let addr = redis.addr();
    let visit = op(async move |_| {
        let answer = count_visit(addr).await?;
        if answer.starts_with(':') { Ok(()) } else { Err(IoError::other(answer)) }
    });
    chaos.load(visit.rate(per_second(50))).await?;
    chaos.inject(FullRedis { port, limit_before: String::new(), refused_before: 0 }).hold(secs(2)).await
}

#[test]
fn a_program_that_does_not_expect_it_is_refuted_with_the_writes_as_evidence() {
    let home = Home::new();
    let ended = run(home.test("visits_that_are_refused_are_lost"));
    let journal = home.journal("visits_that_are_refused_are_lost");
    assert_eq!(journal.verdict, Verdict::Refuted, "{}", ended.output);
    let fault = &journal.faults[0];
    assert!(fault.evidence.ends_with(" writes refused"), "{}", fault.evidence);
    assert!(fault.hits.is_some_and(|hits| hits > 20), "2 s of 50 per second: {:?}", fault.hits);
    assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{:?}", journal.rollback);
}

/// The same fault from a closure, on a Redis that was there before.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 5s), warm_up = 200ms, baseline = 500ms, after = 500ms)]
#[ignore = "run by the tests below"]
async fn paused_by_a_closure(chaos: &mut Chaos) -> chaos::Result {
    let port = given_port();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let visit = op(async move |_| count_visit(addr).await);
    chaos.load(visit.rate(per_second(50)).timeout(secs(2))).await?;
    chaos.inject(paused_redis(port)).hold(secs(4)).await
}

include!("guide/closure.rs");

fn given_port() -> u16 {
    std::env::var("GUIDE_REDIS").expect("told by the test").parse().expect("a port")
}

#[test]
fn the_closure_pauses_redis_and_lets_it_go_on() {
    let redis = Redis::start();
    let home = Home::new();
    let mut command = home.test("paused_by_a_closure");
    command.env("GUIDE_REDIS", redis.port.to_string());
    let ended = run(command);
    let journal = home.journal("paused_by_a_closure");
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    assert!(journal.loads[0].phases.iter().any(|phase| phase.failed > 0), "nothing timed out: it was not paused");
    assert!(redis.cli(&["INCR", "visits"]).parse::<u64>().is_ok());
}

/// Killed while Redis is full.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 5s), warm_up = 200ms, baseline = 500ms, after = 500ms)]
#[ignore = "run by the tests below"]
async fn killed_in_the_middle(chaos: &mut Chaos) -> chaos::Result {
    let port = given_port();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    chaos.load(op(async move |_| count_visit(addr).await).rate(per_second(50))).await?;
    let full = FullRedis { port, limit_before: String::new(), refused_before: 0 };
    let other = fault("another part", async || {})
        .undo(Undo::command("redis-cli", ["-p", &port.to_string(), "SET", "other", "undone"]));
    // Composed, so that what is on disk is the undo of several parts; the last one is undone first.
    let active = chaos.inject(parallel((other, full))).start().await?;
    eprintln!("at: full");
    tokio::time::sleep(secs(60)).await;
    active.clear().await
}

#[test]
fn a_killed_test_leaves_no_full_redis_behind() {
    for watchdog in ["on", "off"] {
        let redis = Redis::start();
        redis.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
        let home = Home::new();
        let mut command = home.test("killed_in_the_middle");
        command.env("GUIDE_REDIS", redis.port.to_string()).env("CHAOS_WATCHDOG", watchdog);
        let mut victim = Started::new(command);
        victim.printed("at: full");
        assert_eq!(redis.limit(), "1");
        victim.signal(rustix::process::Signal::KILL);
        victim.wait();
        if watchdog == "off" {
            assert_eq!(redis.limit(), "1", "nobody has undone it yet");
            assert_eq!(chaos_runtime::rollback::recover(&home.chaos().join("undo")).len(), 1);
        }
        let killed = Instant::now();
        while redis.limit() == "1" || redis.cli(&["GET", "other"]).is_empty() {
            assert!(killed.elapsed() < Duration::from_secs(30), "it is still full, with the watchdog {watchdog}");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(redis.limit(), (100 * 1024 * 1024).to_string(), "as it was before");
        assert_eq!(home.left_behind(), [""; 0]);
    }
}

/// A Redis outside of every experiment.
struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian package redis-server)");
        let redis = Self { server, port };
        let started = Instant::now();
        while redis.cli(&["PING"]) != "PONG" {
            assert!(started.elapsed() < Duration::from_secs(30), "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        redis
    }

    fn cli(&self, args: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn limit(&self) -> String {
        self.cli(&["CONFIG", "GET", "maxmemory"]).lines().nth(1).unwrap_or_default().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
