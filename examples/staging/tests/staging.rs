//! Nightly, against a staging account: AWS FIS does the harm, CloudWatch watches.

use chaos_runtime::prelude::*;

/// Losing one instance of the order service is invisible to its users.
#[chaos_test(
    steady_state(success_rate >= 99.9%, p99 < 200ms),
    hypothesis(errors == 0, during(p99 <= 110% of baseline), probe("healthy hosts") >= 2),
    profiles(staging),
    timeout = 30m,
)]
async fn orders_survive_losing_an_instance(chaos: &mut Chaos) -> chaos::Result {
    let orders = chaos.http("orders").await?; // base URL from chaos.toml
    let aws = chaos.aws().await?; // refuses every account that the profile does not list

    chaos.probe("healthy hosts", aws.cloudwatch().metric("AWS/ApplicationELB", "HealthyHostCount").minimum());
    chaos.load(http::get(orders.url("/orders/42")).rate(per_second(100))).await?;

    chaos
        .inject(
            aws.fis()
                .terminate_instances()
                .tagged("aws:autoscaling:groupName", "orders")
                .count(1)
                .stop_on_alarm("orders-error-budget"),
        )
        .await?;
    Ok(())
}

/// An experiment template that the platform team owns, run as it stands.
#[chaos_test(steady_state(success_rate >= 99.9%), hypothesis(recovery <= 30s), profiles(staging))]
async fn the_owned_template_holds(chaos: &mut Chaos) -> chaos::Result {
    let orders = chaos.http("orders").await?;
    chaos.load(http::get(orders.url("/orders/42")).rate(per_second(100))).await?;
    chaos.inject(chaos.aws().await?.fis().template("EXT1a2b3c4d5e6f7")).await?;
    Ok(())
}
