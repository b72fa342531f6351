//! A local Aurora: who is writer after a failover, what a crash loses, and that nothing of it stays.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use chaos_container_tests::accounts::Accounts;
use chaos_container_tests::engine::{docker, left_by};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_runtime::target::Aurora;
use chaos_tests::home::{Home, run};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Writes 50 rows a second through the cluster endpoint, with a ledger of what was acknowledged.
async fn write(chaos: &Chaos, aurora: &Aurora) -> chaos::Result<Accounts> {
    let accounts = Accounts::open(aurora.writer_url()).await?;
    let rows = chaos.ledger("rows", accounts.stored());
    let writer = accounts.clone();
    let write = op(move |id: OpId| {
        let (accounts, rows) = (writer.clone(), rows.clone());
        async move { rows.attempt(id, accounts.write(id)).await }
    });
    chaos.load(write.rate(per_second(50)).timeout(secs(8)).retry(Retry::for_at_most(secs(20)))).await?;
    Ok(accounts)
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s, rows.lost == 0, permanent_failures == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn a_failover(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").readers(2).await?;
    let accounts = write(chaos, &aurora).await?;
    let [old, new] = [aurora.writer().await?, aurora.instances()[2].clone()];
    chaos.inject(aurora.failover().to(new.name())).await?;
    assert_eq!(aurora.writer().await?, new);
    // Asked at their own endpoints: the old one is a reader now, and says so with the code of Aurora's.
    assert_eq!(Accounts::at(new.url())?.try_to_write().await, None);
    assert_eq!(Accounts::at(old.url())?.try_to_write().await.as_deref(), Some("25006"));
    assert_eq!(accounts.try_to_write().await, None);
    let readers: Vec<String> = aurora.readers().await?.iter().map(|reader| reader.name().to_owned()).collect();
    assert_eq!(readers, ["db-1", "db-2"]);
    // And back again: roles may change any number of times.
    chaos.inject(aurora.failover().to(old.name())).await?;
    assert_eq!(aurora.writer().await?, old);
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s, rows.lost == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn a_failover_that_hurts(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").await?;
    let accounts = write(chaos, &aurora).await?;
    let mut idle = accounts.session().await?;
    let failover = aurora.failover().promotion_time(secs(2)).connections_hang().endpoint_flickers(secs(1));
    chaos.inject(failover.old_writer_fenced()).await?;
    // A connection from before is neither answered nor ended; nobody is behind the old writer's own endpoint.
    assert_eq!(idle.ask("SELECT 1").await, None, "it hangs");
    let old = aurora.instances()[0].clone();
    assert_eq!(Accounts::at(old.url())?.try_to_write().await.as_deref(), Some("no answer"));
    assert_eq!(aurora.readers().await?, []);
    // The reader endpoint leads to the writer while there is no reader.
    assert_eq!(Accounts::at(aurora.reader_url())?.try_to_write().await, None);
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s, rows.lost == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn a_crash(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").readers(2).await?;
    write(chaos, &aurora).await?;
    chaos.inject(aurora.crash_writer()).await?;
    assert_eq!(aurora.readers().await?.len(), 2, "the crashed one is back, with the data of the new one");
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s, rows.lost == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn a_synchronous_crash(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").readers(2).synchronous().await?;
    write(chaos, &aurora).await?;
    chaos.inject(aurora.crash_writer()).await
}

#[chaos_test(
    steady_state(success_rate >= 99%, probe("delay") < 1s),
    hypothesis(during(success_rate >= 99%, probe("delay") < 10s), recovery <= 20s, after(probe("delay") < 1s)),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn a_lag(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").await?;
    write(chaos, &aurora).await?;
    let probed = aurora.clone();
    let delay = move || {
        let aurora = probed.clone();
        async move { aurora.replication_delay().await }
    };
    chaos.probe("delay", probe::every(millis(200), delay));
    chaos.inject(aurora.replication_lag(secs(2))).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(success_rate >= 99%), recovery <= 20s, rows.lost == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn lost_readers(chaos: &mut Chaos) -> chaos::Result {
    // Synchronous: without a reader the writer must not wait for one.
    let aurora = chaos.aurora("db").readers(1).synchronous().await?;
    write(chaos, &aurora).await?;
    let reading = Accounts::at(aurora.reader_url())?;
    reading.until_shown().await?;
    assert_eq!(reading.try_to_write().await.as_deref(), Some("25006"), "it leads to the reader");
    let lost = chaos.inject(aurora.lose_reader().named("db-2")).start().await?;
    assert_eq!(reading.try_to_write().await, None, "it leads to the writer");
    tokio::time::sleep(secs(2)).await;
    lost.clear().await?;
    chaos.inject(aurora.lose_reader().restart_after(secs(1))).await?;
    assert_eq!(reading.try_to_write().await.as_deref(), Some("25006"), "the reader is back");
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s, rows.lost == 0, permanent_failures == 0),
    warm_up = 500ms, baseline = 2s, after = 1s, bin = 500ms,
)]
#[ignore = "run by the tests below"]
async fn reboots(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").await?;
    let accounts = write(chaos, &aurora).await?;
    let [old, new] = [aurora.writer().await?, aurora.readers().await?[0].clone()];
    chaos.inject(aurora.reboot_writer()).await?;
    assert_eq!(aurora.writer().await?, old);
    let written = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = written.clone();
    let own = move || {
        let (accounts, counter) = (accounts.clone(), counter.clone());
        async move {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            accounts.try_to_write().await.map_or(Ok(()), Err)
        }
    };
    chaos.inject(aurora.reboot_writer().with_failover().until(own)).await?;
    assert_eq!(aurora.writer().await?, new);
    assert!(written.load(std::sync::atomic::Ordering::Relaxed) >= 3, "three in a row");
    Ok(())
}

/// What can't work is refused with the way out, before anything is harmed.
#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s),
    warm_up = 200ms, baseline = 1s, after = 500ms, bin = 200ms,
)]
#[ignore = "run by the tests below"]
async fn without_a_reader(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("db").readers(0).await?;
    write(chaos, &aurora).await?;
    chaos.inject(aurora.failover()).await
}

/// Runs an experiment; nothing of it may be left.
fn journal(name: &str, verdict: Verdict) -> Journal {
    let home = Home::new();
    let ended = run(home.test(name));
    let journal = home.journal(name);
    assert_eq!(journal.verdict, verdict, "{}", ended.output);
    assert_eq!(left_by(name).into_iter().collect::<Vec<_>>(), [""; 0]);
    assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{:#?}", journal.rollback);
    journal
}

/// What an experiment leaves is told by its name, so one at a time runs the failover.
static FAILOVER: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    FAILOVER.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn the_writer_moves_and_moves_back_and_nothing_acknowledged_is_lost() {
    let journal = journal("a_failover", Verdict::Passed);
    let evidence: Vec<&str> = journal.faults.iter().map(|fault| &*fault.evidence).collect();
    assert!(
        evidence[0].starts_with("writer moved from db-1 to db-3 (timeline 1 → 2), db-1 is a reader"),
        "{evidence:?}"
    );
    assert!(
        evidence[1].starts_with("writer moved from db-3 to db-1 (timeline 2 → 3), db-3 is a reader"),
        "{evidence:?}"
    );
}

#[test]
fn a_reboot_keeps_the_writer_and_one_with_failover_moves_it() {
    let journal = journal("reboots", Verdict::Passed);
    let evidence: Vec<&str> = journal.faults.iter().map(|fault| &*fault.evidence).collect();
    assert!(
        evidence[0].starts_with("db-1 was restarted, is the writer as before and takes writes; reboot took"),
        "{evidence:?}"
    );
    assert!(evidence[1].starts_with("writer moved from db-1 to db-2 (timeline 1 → 2)"), "{evidence:?}");
    assert_eq!(journal.faults[1].what, "reboot of the writer with failover");
}

#[test]
fn hanging_connections_a_flickering_endpoint_and_a_fenced_writer() {
    let _alone = alone();
    let journal = journal("a_failover_that_hurts", Verdict::Passed);
    let fault = &journal.faults[0];
    assert!(fault.what.contains("connections hang, endpoint flickers for 2 s, old writer fenced"), "{fault:#?}");
    let (_, took) = fault.evidence.split_once("db-1 is fenced; failover took ").expect("its own duration");
    let seconds: f64 = took.split(' ').next().unwrap().parse().unwrap();
    assert!(took.contains(" s, ") && seconds >= 4.0, "2 s of promotion and 2 s of flickering: {fault:#?}");
    let recovery = fault.recovery.as_ref().unwrap();
    assert!(recovery.unavailability_us > 1_000_000, "{recovery:?}");
}

#[test]
fn an_asynchronous_cluster_loses_commits_by_a_crash() {
    let journal = journal("a_crash", Verdict::Refuted);
    assert!(journal.faults[0].evidence.contains("committed transactions that no reader had"), "{:#?}", journal.faults);
    let rows = &journal.ledgers[0];
    assert!(rows.lost.count > 0 && rows.acknowledged > rows.lost.count, "{rows:#?}");
    assert_eq!(rows.lost.ids.len() as u64, rows.lost.count);
    assert_eq!((rows.duplicated.count, rows.unexpected.count), (0, 0));
}

#[test]
fn a_synchronous_cluster_loses_none() {
    let journal = journal("a_synchronous_crash", Verdict::Passed);
    assert!(journal.faults[0].evidence.contains("none was acknowledged"), "{:#?}", journal.faults);
}

#[test]
fn readers_lag_and_catch_up() {
    let journal = journal("a_lag", Verdict::Passed);
    assert!(journal.faults[0].evidence.contains("bytes behind"), "{:#?}", journal.faults);
    let longest = journal.probes[0].samples.iter().filter_map(|sample| sample.value).fold(0.0, f64::max);
    assert!((1.5..10.0).contains(&longest), "{longest} s instead of 2: {:#?}", journal.probes);
}

#[test]
fn readers_are_lost_and_come_back() {
    let journal = journal("lost_readers", Verdict::Passed);
    assert!(journal.faults[0].evidence.contains("db-2 is gone: it exited with code 137"), "{:#?}", journal.faults);
    assert_eq!(journal.faults[1].evidence, "db-2 was killed, and follows the writer again");
}

#[test]
fn a_failover_without_a_reader_is_refused_with_the_way_out() {
    let journal = journal("without_a_reader", Verdict::Errored);
    let reason = &journal.reasons[0];
    assert!(reason.message.contains("aurora db has no reader that could become the writer"), "{reason:?}");
    assert!(reason.help.as_ref().is_some_and(|help| help.contains("readers = 1")), "{reason:?}");
    assert!(journal.faults.is_empty());
}

#[test]
fn a_test_killed_in_the_middle_of_a_failover_leaves_nothing() {
    let _alone = alone();
    let home = Home::new();
    let mut child = home.test("a_failover_that_hurts").spawn().expect("the test binary starts");
    let label = "label=chaos-test.test=a_failover_that_hurts";
    let ended = || docker(&["ps", "-aq", "--filter", label, "--filter", "status=exited"]);
    let since = Instant::now();
    while ended().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "no writer was ever ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it lives");
    child.wait().expect("it can be waited for");
    let since = Instant::now();
    while !left_by("a_failover_that_hurts").is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", left_by("a_failover_that_hurts"));
        std::thread::sleep(Duration::from_millis(50));
    }
}
