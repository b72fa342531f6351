//! Local, no Docker, no cloud: a slow dependency behind the built-in proxy.

use chaos_examples::{Inventory, Shop};
use chaos_runtime::prelude::*;

/// Checkout keeps its promises while the inventory service answers 300 ms late.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 100ms),
    hypothesis(
        during(success_rate >= 99%, p99 < 800ms),
        recovery <= 5s,
        after(p99 <= 110% of baseline),
    ),
)]
async fn checkout_survives_slow_inventory(chaos: &mut Chaos) -> chaos::Result {
    let inventory = Inventory::start().await?;
    let proxy = chaos.proxy(inventory.addr()).await?;
    let shop = Shop::start(proxy.addr()).await?;

    chaos.load(http::get(shop.url("/checkout")).rate(per_second(200))).await?;
    chaos.inject(proxy.latency(millis(300)).jitter(millis(50))).hold(secs(10)).await?;
    Ok(())
}

/// A dependency that is down costs errors, never a hang, and nothing once it is back.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 100ms),
    hypothesis(during(max < 2s, status(503) >= 95%), recovery <= 3s),
    abort_if(max > 10s),
)]
async fn checkout_fails_fast_without_inventory(chaos: &mut Chaos) -> chaos::Result {
    let inventory = Inventory::start().await?;
    let proxy = chaos.proxy(inventory.addr()).await?;
    let shop = Shop::start(proxy.addr()).await?;

    chaos.load(http::get(shop.url("/checkout")).rate(per_second(200)).timeout(secs(15))).await?;
    chaos.inject(proxy.down()).hold(secs(5)).await?;
    Ok(())
}
