//! What a refutation looks like: the shop's first edition waits for ever and tries again for ever.

use chaos_examples::{Inventory, Shop};
use chaos_runtime::prelude::*;

/// An inventory that takes requests and never answers costs errors, never a hang. The first edition hangs.
///
/// `should_panic` is for a demonstration like this one: it only says that the refutation is expected, and the
/// JUnit report still has the failure. For a weakness that is to be fixed, write
/// `known_weakness(id = …, urgency = …, fix_by = …)` as in `own_fault.rs`: it has an owner and an end.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 100ms),
    hypothesis(during(max < 2s, status(503) >= 95%), recovery <= 3s),
)]
#[should_panic(expected = "REFUTED")]
async fn the_first_edition_hangs_with_its_inventory(chaos: &mut Chaos) -> chaos::Result {
    let inventory = Inventory::start().await?;
    let proxy = chaos.proxy(inventory.addr()).await?;
    let shop = Shop::start_naive(proxy.addr()).await?;

    chaos.load(http::get(shop.url("/checkout")).rate(per_second(50)).timeout(secs(15))).await?;
    chaos.inject(proxy.black_hole()).hold(secs(5)).await?;
    Ok(())
}
