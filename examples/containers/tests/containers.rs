//! Faults on containers that `testcontainers` started: any image, no special support in it.

use chaos_example_containers::{Cluster, Shop};
use chaos_runtime::prelude::*;
use chaos_runtime::testcontainers::{GenericImage, core::WaitFor};

/// The shop does without its cache: customers wait a little longer, and get what they asked for.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 50ms),
    hypothesis(during(error_rate <= 100%, max < 3s), recovery <= 10s),
    requires(docker),
)]
async fn cache_loss_is_survivable(chaos: &mut Chaos) -> chaos::Result {
    let redis = chaos
        .container(
            GenericImage::new("redis", "7").with_wait_for(WaitFor::message_on_stdout("Ready to accept connections")),
        )
        .await?;
    let shop = Shop::with_cache(redis.addr(6379).await?).await?; // a stable address: it outlives a restart

    chaos.load(http::get(shop.url("/product/1")).rate(per_second(200))).await?;

    chaos.inject(redis.pause()).hold(secs(5)).await?; // frozen, sockets open
    chaos.inject(redis.kill(Signal::Kill).restart_after(secs(2))).await?; // gone, then back
    chaos.inject(redis.disconnect()).hold(secs(5)).await?; // off its network
    chaos.inject(redis.cpu_limit(0.05)).hold(secs(5)).await?; // starved
    chaos.inject(redis.packet_loss(percent(20))).hold(secs(5)).await?; // lossy link
    Ok(())
}

/// Two halves of a cluster that cannot see each other.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 15s), requires(docker))]
async fn cluster_survives_a_partition(chaos: &mut Chaos) -> chaos::Result {
    let nodes = Cluster::start(chaos, 3).await?;
    chaos.load(nodes.writes().rate(per_second(50))).await?;
    chaos.inject(partition([&nodes[0]], [&nodes[1], &nodes[2]])).hold(secs(10)).await?;
    Ok(())
}
