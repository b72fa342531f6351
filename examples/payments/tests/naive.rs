//! What the same failover does to the naive edition. Each experiment is refuted, so it runs as a process of its own,
//! and its journal is read here: which claim broke, and by which payments.

use chaos_example_payments::{Audit, Edition, PaymentApi};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Judgement, LedgerRecord, Verdict};
use chaos_tests::doubt::injected;
use chaos_tests::home::{Home, run};

/// Payments at 100 a second, on a service that was given this URL, beside a ledger that reads from the writer.
async fn pay(chaos: &Chaos, url: &str, writer_url: &str) -> chaos::Result {
    let api = PaymentApi::start_edition(Edition::Naive, url).await?;
    let payments = chaos.ledger("payments", Audit::of(writer_url)?.stored_payments());
    let pay = op(move |id: OpId| {
        let (api, payments) = (api.clone(), payments.clone());
        async move { payments.attempt(id, api.pay(id)).await }
    });
    chaos.load(pay.rate(per_second(100)).retry(Retry::for_at_most(secs(10)))).await
}

/// Its pool keeps the address of the instance that was the writer when it started, and has no reason to look again: that
/// instance is back after a moment, answers, and takes no payment any more.
#[chaos_test(
    steady_state(success_rate >= 99.9%, p99 < 300ms),
    hypothesis(recovery <= 10s, permanent_failures == 0, payments.lost == 0),
    recovery_limit = 15s,
)]
#[ignore = "refuted; run and read by a test below"]
async fn pinned_to_the_old_writer(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("payments").await?;
    pay(chaos, aurora.writer().await?.url(), aurora.writer_url()).await?;
    chaos.inject(aurora.failover()).await
}

/// With the cluster endpoint it comes back, and the customers whose payments were cut off in the middle try again.
#[chaos_test(
    steady_state(success_rate >= 99.9%, p99 < 300ms),
    hypothesis(recovery <= 10s, permanent_failures == 0, payments.lost == 0, payments.duplicated == 0),
    recovery_limit = 15s,
)]
#[ignore = "refuted; run and read by a test below"]
async fn charged_twice(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("payments").await?;
    pay(chaos, aurora.writer_url(), aurora.writer_url()).await?;
    chaos.inject(aurora.failover()).await
}

/// The journal of one of the experiments above, which must have failed its test.
fn refuted(name: &str) -> (Journal, String) {
    let ran = || {
        let home = Home::new();
        let ended = run(home.test(name));
        (home.journal(name), ended)
    };
    let (journal, ended) = injected(ran, |(journal, _)| journal);
    assert_eq!(journal.verdict, Verdict::Refuted, "{:#?}\n{}", journal.reasons, ended.output);
    assert!(!ended.status.success(), "a refuted hypothesis fails its test");
    assert!(
        journal.faults[0].evidence.starts_with("writer moved from payments-1 to payments-2"),
        "{:#?}",
        journal.faults
    );
    (journal, ended.output)
}

fn broken(journal: &Journal) -> Vec<&str> {
    let claims = journal.claims.iter().filter(|claim| claim.judgement == Judgement::Broken);
    claims.map(|claim| &*claim.text).filter(|text| !text.contains(" for ")).collect()
}

fn ledger(journal: &Journal) -> &LedgerRecord {
    let ledger = &journal.ledgers[0];
    assert!(ledger.error.is_none() && ledger.acknowledged > 500, "{ledger:#?}");
    ledger
}

#[test]
fn who_stays_with_the_old_writer_takes_no_payment_any_more() {
    let (journal, output) = refuted("pinned_to_the_old_writer");
    assert_eq!(broken(&journal), ["recovery <= 10s", "permanent_failures == 0"]);
    assert!(output.contains("✗ recovery <= 10s") && output.contains("✗ permanent_failures == 0"), "{output}");
    assert_eq!(ledger(&journal).lost.count, 0, "what was acknowledged is on the new writer");
}

#[test]
fn who_tries_again_without_a_key_is_charged_twice() {
    let (journal, output) = refuted("charged_twice");
    assert_eq!(broken(&journal), ["payments.duplicated == 0"]);
    let ledger = ledger(&journal);
    assert_eq!(ledger.lost.count, 0);
    // Those that were being charged at that moment: 100 a second, a tenth of a second each.
    assert!(ledger.duplicated.count > 1, "{ledger:#?}");
    assert_eq!(ledger.duplicated.ids.len() as u64, ledger.duplicated.count);
    // A report for people names the first ones; the journal has them all.
    for duplicated in ledger.duplicated.ids.iter().take(5) {
        let (id, times) = duplicated.split_once(' ').expect("an id, and how often it is there");
        assert!(times.ends_with("times)") && output.contains(id), "the report names {id}, {times}:\n{output}");
    }
}
