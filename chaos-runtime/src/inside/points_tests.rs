//! Points in code of both kinds, in scopes and outside.

use super::*;
use crate::fault::Fault as _;
use crate::inside::testbed::{clear, hold, proof};
use crate::units::{millis, percent, secs};
use chaos_point::point;
use tokio::time::Instant;

async fn read(n: u32) -> std::result::Result<u32, String> {
    point!(async "cache.read", why => return Err(why));
    Ok(n)
}

fn write(n: u32) -> std::result::Result<u32, String> {
    point!("db.write" => return Err("no".into()));
    Ok(n)
}

#[tokio::test]
async fn a_point_fails_its_share_in_its_scope_alone() {
    let (points, other) = (Points::new(), Points::new());
    let mut fault = points.at("cache.read").fail("connection lost").share(percent(30));
    let undo = hold(&mut fault).await.unwrap();
    let mut failed = Vec::new();
    for n in 0..1_000 {
        assert_eq!(read(n).await, Ok(n));
        assert_eq!(other.scope(read(n)).await, Ok(n));
        if let Err(why) = points.scope(read(n)).await {
            assert_eq!(why, "connection lost");
            failed.push(n);
        }
    }
    // 99.9 % of a binomial distribution: 300 ± 3.29 · 14.5.
    assert!((252..=348).contains(&failed.len()), "{}", failed.len());
    assert_eq!(proof(&mut fault).await, format!("{} of 1,000 passings of `cache.read` failed", failed.len()));
    clear(&undo).await;
    assert_eq!(points.scope(read(1)).await, Ok(1));
    assert_eq!((points.passed("cache.read"), other.passed("cache.read")), (1_001, 1_000));

    let mut again = Vec::new();
    let replay = Points::new();
    let _undo = hold(&mut replay.at("cache.read").fail("again").share(percent(30))).await.unwrap();
    for n in 0..1_000 {
        again.extend(replay.scope(read(n)).await.is_err().then_some(n));
    }
    assert_eq!(failed, again);
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_end_with_their_faults() {
    let points = Points::new();
    let a = hold(&mut points.at("cache.read").delay(millis(300))).await.unwrap();
    let b = hold(&mut points.at("cache.read").delay(millis(500))).await.unwrap();
    let started = Instant::now();
    assert_eq!(points.scope(read(1)).await, Ok(1));
    assert!((millis(800)..millis(810)).contains(&started.elapsed()));
    let started = Instant::now();
    let waiting = points.spawn(read(1));
    tokio::time::sleep(millis(100)).await;
    clear(&a).await;
    clear(&b).await;
    waiting.await.unwrap().unwrap();
    assert!(started.elapsed() < millis(110), "{:?}", started.elapsed());
}

#[tokio::test]
async fn code_that_is_not_async_has_points_too() {
    let points = Points::new();
    let mut fault = points.at("db.write").fail("full").times(2);
    let undo = hold(&mut fault).await.unwrap();
    let outcomes: Vec<_> = (0..5).map(|n| points.run(|| write(n)).is_ok()).collect();
    assert_eq!(outcomes, [false, false, true, true, true]);
    clear(&undo).await;

    let undo = hold(&mut points.at("db.write").delay(secs(3_600))).await.unwrap();
    let blocked = tokio::task::spawn_blocking({
        let points = points.clone();
        move || points.run(|| write(1))
    });
    tokio::time::sleep(millis(50)).await;
    assert!(!blocked.is_finished());
    clear(&undo).await;
    assert_eq!(tokio::time::timeout(secs(10), blocked).await.unwrap().unwrap(), Ok(1));
}

#[tokio::test]
async fn a_panic_is_the_tasks_and_leaves_the_scope_behind() {
    let points = Points::new();
    let mut fault = points.at("cache.read").panic("out of luck");
    let _undo = hold(&mut fault).await.unwrap();
    let panic = points.spawn(read(1)).await.unwrap_err().into_panic();
    assert_eq!(crate::error::panic_text(&*panic), "out of luck");
    assert_eq!(read(2).await, Ok(2), "the thread is in no scope any more");
    assert_eq!(proof(&mut fault).await, "1 of 1 passing of `cache.read` panicked");
}

#[tokio::test]
async fn tasks_inherit_where_they_say_so() {
    let points = Points::new();
    let _undo = hold(&mut points.at("cache.read").fail("no")).await.unwrap();
    let spawned = points.scope(async {
        let plain = tokio::spawn(read(1)).await.unwrap();
        let inherits = tokio::spawn(chaos_point::inherit(read(1))).await.unwrap();
        let work = chaos_point::inherit_blocking(|| futures_util::FutureExt::now_or_never(read(1)));
        (plain, inherits, tokio::task::spawn_blocking(work).await.unwrap())
    });
    let (plain, inherits, blocking) = spawned.await;
    assert!(plain.is_ok() && inherits.is_err() && blocking.unwrap().is_err());
}

#[tokio::test]
async fn its_evidence_says_why_there_is_none() {
    let points = Points::new();
    let mut fault = points.at("cache.raed").fail("no");
    let _undo = hold(&mut fault).await.unwrap();
    let none = proof(&mut fault).await;
    assert!(none.contains("has passed `cache.raed`, nor any other"), "{none}");
    read(1).await.unwrap();
    let none = proof(&mut fault).await;
    assert!(none.contains("outside of every scope") && none.contains("inherit"), "{none}");
    points.scope(read(1)).await.unwrap();
    points.run(|| write(1)).unwrap();
    assert_eq!(
        proof(&mut fault).await,
        "no code in the scope of these points has passed `cache.raed`; passed were `cache.read` (1 time), \
         `db.write` (1 time); is `cache.read` meant?"
    );
    assert!(!fault.evidence().await.unwrap().is_seen());

    let mut fault = points.at("mute").fail("no");
    let _undo = hold(&mut fault).await.unwrap();
    points.run(|| point!("mute"));
    assert!(proof(&mut fault).await.contains("can't fail: its code needs `point!(\"mute\" =>"));
}

#[tokio::test]
async fn what_does_nothing_is_refused() {
    let points = Points::new();
    for mut fault in [
        points.at("x").delay(Duration::ZERO),
        points.at("x").fail("no").share(percent(0)),
        points.at("x").fail("no").times(0),
    ] {
        assert!(hold(&mut fault).await.unwrap_err().message().contains("does nothing"));
    }
}
