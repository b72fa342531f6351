//! The ways a failover can hurt, all at once.

use chaos_example_payments::PaymentApi;
use chaos_runtime::prelude::*;

/// No writer for 3 s, connections that are silent for good, and an endpoint that leads back to the old writer, which is a
/// reader by then: payments come late, and each is made once.
#[chaos_test(
    steady_state(success_rate >= 99.9%, p99 < 300ms),
    hypothesis(
        recovery <= 20s,
        permanent_failures == 0,
        payments.lost == 0,
        payments.duplicated == 0,
        after(p99 < 300ms),
    ),
    exclusive("payments-db"),
)]
async fn payments_survive_a_failover_that_hurts(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("payments").readers(2).await?;
    let api = PaymentApi::start(aurora.writer_url()).await?;
    let payments = chaos.ledger("payments", api.stored_payments());
    let pay = op(move |id: OpId| {
        let (api, payments) = (api.clone(), payments.clone());
        async move { payments.attempt(id, api.pay(id)).await }
    });
    chaos.load(pay.rate(per_second(100)).retry(Retry::for_at_most(secs(30)))).await?;

    let failover = aurora.failover().promotion_time(secs(3)).connections_hang().endpoint_flickers(secs(2));
    chaos.inject(failover).await?;
    Ok(())
}
