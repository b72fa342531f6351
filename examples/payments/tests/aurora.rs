//! One test, two worlds: real PostgreSQL containers on a laptop, a real Aurora cluster at night.

use chaos_example_payments::PaymentApi;
use chaos_runtime::prelude::*;

/// Losing the Aurora writer delays payments for at most 30 s and loses none of them.
#[chaos_test(
    steady_state(success_rate >= 99.9%, p99 < 300ms),
    hypothesis(
        recovery <= 30s,
        permanent_failures == 0,
        payments.lost == 0,
        after(p99 <= 110% of baseline),
    ),
    abort_if(success_rate < 10% for 60s),
    profiles(local, staging),
    exclusive("payments-db"),
    timeout = 20m,
)]
async fn payments_survive_aurora_failover(chaos: &mut Chaos) -> chaos::Result {
    // `local`: a writer and a reader in containers behind a cluster endpoint.
    // `staging`: the cluster that chaos.toml names, through the RDS API.
    let aurora = chaos.aurora("payments").await?;
    let api = PaymentApi::start(aurora.writer_url()).await?;

    // A ledger remembers every acknowledged write and looks for it afterwards.
    let payments = chaos.ledger("payments", api.stored_payments());
    let pay = op(move |id: OpId| {
        let (api, payments) = (api.clone(), payments.clone());
        async move { payments.acknowledged(id, api.pay(id).await) }
    });

    chaos.load(pay.rate(per_second(100)).retry(Retry::for_at_most(secs(45)))).await?;
    chaos.inject(aurora.failover()).await?;
    Ok(())
}
