//! Planted defects once more, behind real sockets: each experiment runs as `cargo test` runs it, in a process of its
//! own, and its verdict is read from the journal that it wrote.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Reason, ReasonKind, Verdict};
use chaos_tests::doubt::decided;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A shop whose failures are switched on from outside.
#[derive(Clone, Default)]
struct Shop {
    broken: Arc<AtomicBool>,
    /// Every so many-th request fails; 0 = none.
    every: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

impl Shop {
    async fn start(&self) -> chaos::Result<SocketAddr> {
        let shop = self.clone();
        let answer = move || {
            let nth = shop.requests.fetch_add(1, Ordering::Relaxed);
            let every = shop.every.load(Ordering::Relaxed);
            let fails = shop.broken.load(Ordering::Relaxed) || (every > 0 && nth.is_multiple_of(every));
            async move { if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK } }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
        Ok(addr)
    }
}

#[chaos_test(
    steady_state(success_rate >= 95%, p50 < 400ms),
    hypothesis(during(p50 < 400ms), during(p50 >= 40ms), success_rate >= 95%, recovery <= 5s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn tolerable_latency(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.latency(millis(150))).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%, p50 < 200ms),
    hypothesis(during(p50 < 200ms), recovery <= 5s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn intolerable_latency(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.latency(millis(600))).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(error_rate >= 50%), recovery <= 5s, unavailability <= 8s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn an_outage_that_ends(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.down()).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(success_rate >= 95%), recovery <= 5s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn an_outage_that_is_felt(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.down()).hold(secs(2)).await
}

/// The undo succeeds, and the shop stays broken.
#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(recovery <= 2s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, recovery_limit = 4s, parallel,
)]
#[ignore = "run by its parent"]
async fn never_back(chaos: &mut Chaos) -> chaos::Result {
    let shop = Shop::default();
    let addr = shop.start().await?;
    chaos.load(http::get(format!("http://{addr}/")).rate(per_second(50))).await?;
    let broken = fault("break the shop", move || shop.broken.store(true, Ordering::Relaxed)).undo(Undo::nothing());
    chaos.inject(broken).hold(secs(1)).await
}

/// The load goes past the proxy.
#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(success_rate >= 95%, recovery <= 2s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, confirm = 1s, parallel,
)]
#[ignore = "run by its parent"]
async fn a_fault_beside_the_traffic(chaos: &mut Chaos) -> chaos::Result {
    let addr = Shop::default().start().await?;
    let proxy = chaos.proxy(addr).await?;
    chaos.load(http::get(format!("http://{addr}/")).rate(per_second(50))).await?;
    chaos.inject(proxy.latency(millis(300))).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(recovery <= 2s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn unsteady_before(chaos: &mut Chaos) -> chaos::Result {
    let shop = Shop::default();
    shop.every.store(4, Ordering::Relaxed);
    let proxy = chaos.proxy(shop.start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.down()).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(recovery <= 2s),
    abort_if(errors > 20),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn guarded(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    chaos.inject(proxy.down()).hold(secs(60)).await
}

/// One request hangs from the fault to the end: it is slow, not forgotten.
#[chaos_test(
    steady_state(success_rate >= 95%, p50 < 200ms),
    hypothesis(max < 1s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn a_request_that_hangs(chaos: &mut Chaos) -> chaos::Result {
    let once = AtomicBool::new(false);
    let faulted = Arc::new(AtomicBool::new(false));
    let seen = faulted.clone();
    let requests = op(move |_| {
        let hangs = seen.load(Ordering::Relaxed) && !once.swap(true, Ordering::Relaxed);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
        }
    });
    chaos.load(requests.rate(per_second(50)).timeout(secs(3))).await?;
    let hang = fault("hang one request", move || faulted.store(true, Ordering::Relaxed)).undo(Undo::nothing());
    chaos.inject(hang).hold(secs(1)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(recovery <= 2s),
    warm_up = 500ms, baseline = 2s, after = 2s, bin = 500ms, parallel,
)]
#[ignore = "run by its parent"]
async fn a_body_that_panics(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy(Shop::default().start().await?).await?;
    chaos.load(http::get(proxy.url("/")).rate(per_second(50))).await?;
    let _fault = chaos.inject(proxy.down()).start().await?;
    panic!("planted");
}

/// Runs one of the experiments above and gives its journal.
fn run(name: &str) -> Journal {
    decided(|| run_once(name), |journal| journal)
}

fn run_once(name: &str) -> Journal {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let this = std::env::current_exe().expect("a test knows its executable");
    let output = std::process::Command::new(this)
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env("CHAOS_DIR", dir.path())
        .env("CHAOS_RUN_ID", "planted")
        .env_remove("CHAOS_SEED")
        .env_remove("CHAOS_PROFILE")
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let record = find(dir.path(), &format!("planted_real.{name}.json")).unwrap_or_else(|| panic!("no record: {text}"));
    let journal: Journal = serde_json::from_slice(&record).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(output.status.success(), journal.verdict.is_ok(), "{text}");
    // Whatever the verdict: what was begun was undone, once.
    assert_eq!(journal.rollback.len(), journal.faults.len(), "{text}");
    assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{text}");
    journal
}

fn find(dir: &Path, end: &str) -> Option<Vec<u8>> {
    std::fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return find(&path, end);
        }
        path.to_str().is_some_and(|name| name.ends_with(end)).then(|| std::fs::read(&path).ok())?
    })
}

fn assert_verdict(journal: &Journal, verdict: Verdict, kind: ReasonKind, says: &str) {
    let first = journal.reasons.first();
    let right = |reason: &Reason| reason.kind == kind && reason.message.contains(says);
    assert!(
        journal.verdict == verdict && first.is_some_and(right),
        "{:?} {:#?}\n{:#?}",
        journal.verdict,
        journal.reasons,
        journal.claims
    );
}

fn assert_passed(journal: &Journal) {
    assert_eq!(journal.verdict, Verdict::Passed, "{:#?}\n{:#?}", journal.reasons, journal.claims);
}

#[test]
fn tolerable_latency_passes() {
    let journal = run("tolerable_latency");
    assert_passed(&journal);
    assert!(journal.faults[0].confirmed_us.is_some());
}

#[test]
fn intolerable_latency_is_refuted() {
    assert_verdict(
        &run("intolerable_latency"),
        Verdict::Refuted,
        ReasonKind::Hypothesis,
        "`during(p50 < 200ms)` is false",
    );
}

#[test]
fn an_outage_that_ends_passes_where_it_is_allowed() {
    assert_passed(&run("an_outage_that_ends"));
}

#[test]
fn an_outage_is_refuted_where_it_is_not() {
    let journal = run("an_outage_that_is_felt");
    assert_verdict(&journal, Verdict::Refuted, ReasonKind::Hypothesis, "`during(success_rate >= 95%)` is false");
    assert_eq!(journal.reasons.len(), 1, "it did recover: {:?}", journal.reasons);
}

#[test]
fn a_shop_that_stays_broken_is_refuted() {
    assert_verdict(
        &run("never_back"),
        Verdict::Refuted,
        ReasonKind::Hypothesis,
        "`recovery <= 2s` is false: measured never",
    );
}

#[test]
fn a_fault_that_no_request_meets_is_inconclusive() {
    let journal = run("a_fault_beside_the_traffic");
    assert_verdict(&journal, Verdict::Inconclusive, ReasonKind::Inconclusive, "was not confirmed within 1 s");
}

#[test]
fn an_unsteady_shop_is_left_alone() {
    let journal = run("unsteady_before");
    assert_verdict(&journal, Verdict::Unsteady, ReasonKind::SteadyState, "steady state not met: `success_rate >= 95%`");
    assert!(journal.faults.is_empty());
}

#[test]
fn a_guard_ends_the_harm() {
    let journal = run("guarded");
    assert_verdict(&journal, Verdict::Aborted, ReasonKind::Guard, "guard `errors > 20` tripped");
    assert!(journal.duration_us < 40_000_000, "long before its hold is over");
}

#[test]
fn a_request_that_hangs_is_charged() {
    let journal = run("a_request_that_hangs");
    assert_verdict(&journal, Verdict::Refuted, ReasonKind::Hypothesis, "`max < 1s` is false: measured ");
    let max = journal.claims.iter().find(|claim| claim.text == "max < 1s").and_then(|claim| claim.value);
    assert!(max.is_some_and(|seconds| seconds >= 3.0), "for as long as its time-out: {max:?}");
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let journal = run("a_body_that_panics");
    assert_verdict(&journal, Verdict::Errored, ReasonKind::Panic, "the body panicked: planted");
    assert_eq!(journal.rollback.len(), 1);
}
