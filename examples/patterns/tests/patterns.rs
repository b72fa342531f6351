//! Six patterns of resilience, each in a weak and a sound edition under the same fault and the same claims.
//!
//! The sound edition passes. The weak one is refuted: it ran, its fault bit, and a claim is false. For these demonstrations
//! `should_panic` says that this is expected; for a weakness of yours there is `known_weakness(…)`.

use chaos_examples_patterns::bulkhead::Callers;
use chaos_examples_patterns::{Call, Quotes, Remote, breaker, bulkhead, fallback, hedge, retry, time_out};
use chaos_runtime::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tower::{Layer as _, ServiceExt as _};

/// The service behind a proxy, and a client that goes through it.
async fn quotes(chaos: &mut Chaos) -> chaos::Result<(chaos_runtime::proxy::Proxy, Remote)> {
    let service = Quotes::start().await?;
    let proxy = chaos.proxy(service.addr()).await?;
    let remote = Remote::new(proxy.addr());
    Ok((proxy, remote))
}

/// Calls at 100 per second, each charged for as long as it takes.
async fn load(chaos: &mut Chaos, call: Call) -> chaos::Result {
    chaos.load(op(async move |_| call.clone().oneshot(()).await).rate(per_second(100)).timeout(secs(10))).await
}

/// A service that takes requests and never answers costs an error, and no caller more than 2 s.
async fn service_is_a_black_hole(chaos: &mut Chaos, edition: fn(Remote) -> Call) -> chaos::Result {
    let (proxy, remote) = quotes(chaos).await?;
    load(chaos, edition(remote)).await?;
    chaos.inject(proxy.black_hole()).hold(secs(5)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(max < 2s), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn without_a_time_out_callers_hang(chaos: &mut Chaos) -> chaos::Result {
    service_is_a_black_hole(chaos, time_out::weak).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(max < 2s), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_time_out_bounds_the_wait(chaos: &mut Chaos) -> chaos::Result {
    service_is_a_black_hole(chaos, time_out::sound).await
}

/// A service that is down gets fewer than six requests for a call.
async fn service_is_down_for_retries(chaos: &mut Chaos, edition: fn(Remote) -> Call) -> chaos::Result {
    let (proxy, remote) = quotes(chaos).await?;
    let (call, calls) = (edition(remote.clone()), Arc::new(AtomicU64::new(0)));
    let (counter, seen) = (calls.clone(), [AtomicU64::new(0), AtomicU64::new(0)]);
    let of_late = move || {
        let [sent, made] = [remote.sent(), calls.load(Relaxed)];
        let [sent_since, made_since] = [sent - seen[0].swap(sent, Relaxed), made - seen[1].swap(made, Relaxed)];
        sent_since as f64 / made_since.max(1) as f64
    };
    chaos.probe("requests per call", probe::every(millis(500), of_late));
    let counted = op(async move |_| {
        counter.fetch_add(1, Relaxed);
        call.clone().oneshot(()).await
    });
    chaos.load(counted.rate(per_second(100))).await?;
    chaos.inject(proxy.down()).hold(secs(3)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(probe("requests per call") < 6), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn retries_without_a_budget_are_a_storm(chaos: &mut Chaos) -> chaos::Result {
    service_is_down_for_retries(chaos, retry::weak).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(probe("requests per call") < 6), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_budget_bounds_retries(chaos: &mut Chaos) -> chaos::Result {
    service_is_down_for_retries(chaos, retry::sound).await
}

/// While a service hangs, at least half of its callers are refused at once, and don't wait for the time-out.
async fn service_hangs_for_long(chaos: &mut Chaos, edition: fn(Remote) -> Call) -> chaos::Result {
    let (proxy, remote) = quotes(chaos).await?;
    load(chaos, edition(remote)).await?;
    chaos.inject(proxy.black_hole()).hold(secs(6)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(error(refused) >= 50%), recovery <= 10s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn without_a_breaker_every_caller_waits_for_the_time_out(chaos: &mut Chaos) -> chaos::Result {
    service_hangs_for_long(chaos, breaker::weak).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(error(refused) >= 50%), recovery <= 10s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_breaker_fails_fast(chaos: &mut Chaos) -> chaos::Result {
    service_hangs_for_long(chaos, breaker::sound).await
}

/// One slow service does not slow down calls of another.
async fn one_of_two_is_slow(chaos: &mut Chaos, edition: fn(Remote, Remote) -> Callers) -> chaos::Result {
    let (proxy, slow) = quotes(chaos).await?;
    let other = Remote::new(Quotes::start().await?.addr());
    let Callers { slow, other } = edition(slow, other);
    let calls = |call: Call, name| {
        let call = op(async move |_| call.clone().oneshot(()).await);
        call.rate(per_second(60)).timeout(secs(10)).named(name)
    };
    chaos.load(calls(slow, "slow")).await?;
    chaos.load(calls(other, "other")).await?;
    chaos.inject(proxy.latency(secs(3))).hold(secs(4)).await
}

#[chaos_test(
    steady_state(other.success_rate >= 90%, other.p50 < 300ms),
    hypothesis(during(other.success_rate >= 90%), during(other.p50 < 300ms), recovery <= 20s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn in_a_common_pool_one_slow_service_slows_all(chaos: &mut Chaos) -> chaos::Result {
    one_of_two_is_slow(chaos, bulkhead::weak).await
}

#[chaos_test(
    steady_state(other.success_rate >= 90%, other.p50 < 300ms),
    hypothesis(during(other.success_rate >= 90%), during(other.p50 < 300ms), recovery <= 20s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_bulkhead_keeps_the_others_afloat(chaos: &mut Chaos) -> chaos::Result {
    one_of_two_is_slow(chaos, bulkhead::sound).await
}

/// Callers get an answer although the service is down.
async fn service_is_down(chaos: &mut Chaos, edition: fn(Remote) -> Call) -> chaos::Result {
    let (proxy, remote) = quotes(chaos).await?;
    load(chaos, edition(remote)).await?;
    chaos.inject(proxy.down()).hold(secs(3)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(success_rate >= 95%), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn without_a_fallback_an_outage_is_everyones(chaos: &mut Chaos) -> chaos::Result {
    service_is_down(chaos, fallback::weak).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(success_rate >= 95%), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_fallback_hides_an_outage(chaos: &mut Chaos) -> chaos::Result {
    service_is_down(chaos, fallback::sound).await
}

/// Nine of ten callers are served quickly although a fifth of all requests is slow.
async fn some_requests_are_slow(chaos: &mut Chaos, sound: bool) -> chaos::Result {
    let (_proxy, remote) = quotes(chaos).await?;
    let switch = ChaosLayer::new().named("quotes");
    let remote = switch.layer(remote);
    load(chaos, if sound { hedge::sound(remote) } else { hedge::weak(remote) }).await?;
    chaos.inject(switch.latency(secs(1)).share(percent(20))).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(p90 < 300ms), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
#[should_panic(expected = "REFUTED")]
async fn without_a_hedge_slow_requests_are_slow_calls(chaos: &mut Chaos) -> chaos::Result {
    some_requests_are_slow(chaos, false).await
}

#[chaos_test(
    steady_state(success_rate >= 95%), hypothesis(during(p90 < 300ms), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s,
)]
async fn a_hedge_outruns_slow_requests(chaos: &mut Chaos) -> chaos::Result {
    some_requests_are_slow(chaos, true).await
}
