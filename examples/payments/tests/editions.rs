//! The two editions on a healthy database, before anything harms it.

use chaos_example_payments::{Edition, PaymentApi};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use chaos_tests::home::{Home, run};

/// Every payment is sent twice, as by a customer who clicks again. The reader is lost meanwhile, which harms no payment.
async fn paid_twice(chaos: &Chaos, edition: Edition) -> chaos::Result {
    let aurora = chaos.aurora("payments").await?;
    let api = PaymentApi::start_edition(edition, aurora.writer_url()).await?;
    let payments = chaos.ledger("payments", api.stored_payments());
    let pay = op(move |id: OpId| {
        let (api, payments) = (api.clone(), payments.clone());
        async move {
            payments.attempt(id, api.pay(id)).await?;
            payments.attempt(id, api.pay(id)).await
        }
    });
    chaos.load(pay.rate(per_second(20))).await?;
    chaos.inject(aurora.lose_reader()).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 5s, payments.lost == 0, payments.duplicated == 0, payments.unexpected == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
async fn careful_knows_a_payment_again(chaos: &mut Chaos) -> chaos::Result {
    paid_twice(chaos, Edition::Careful).await
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 5s, payments.lost == 0, payments.duplicated == 0, payments.unexpected == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "refuted; run and read by the test below"]
async fn naive_takes_every_request(chaos: &mut Chaos) -> chaos::Result {
    paid_twice(chaos, Edition::Naive).await
}

#[test]
fn naive_charges_every_customer_who_clicks_again() {
    let home = Home::new();
    let ended = run(home.test("naive_takes_every_request"));
    let journal = home.journal("naive_takes_every_request");
    assert_eq!(journal.verdict, Verdict::Refuted, "{}", ended.output);
    let payments = &journal.ledgers[0];
    assert_eq!(payments.duplicated.count, payments.found, "all of them: {payments:#?}");
    assert_eq!((payments.lost.count, payments.unexpected.count), (0, 0));
}
