//! A service behind the layer, on tokio's paused clock.

use super::*;
use crate::Result;
use crate::fault::Fault;
use crate::inside::testbed::{clear, hold, proof};
use crate::units::{millis, percent, secs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use tokio::time::Instant;
use tower::{BoxError, Layer as _, Service, ServiceBuilder, ServiceExt as _};

/// A service that takes its time, and how far its calls came.
#[derive(Clone, Default)]
struct Upstream {
    begun: Arc<AtomicU32>,
    ended: Arc<AtomicU32>,
    most_at_once: Arc<AtomicU32>,
}

impl Upstream {
    fn service(
        &self,
        takes: Duration,
    ) -> impl Service<u32, Response = u32, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static {
        let up = self.clone();
        tower::service_fn(move |n: u32| {
            let up = up.clone();
            async move {
                let begun = up.begun.fetch_add(1, SeqCst) + 1;
                up.most_at_once.fetch_max(begun - up.ended.load(SeqCst), SeqCst);
                tokio::time::sleep(takes).await;
                up.ended.fetch_add(1, SeqCst);
                Ok(n + 1)
            }
        })
    }

    fn counts(&self) -> (u32, u32) {
        (self.begun.load(SeqCst), self.ended.load(SeqCst))
    }
}

async fn timed<S>(service: &S) -> (Result<S::Response, S::Error>, Duration)
where
    S: Service<u32> + Clone,
{
    let started = Instant::now();
    let outcome = service.clone().oneshot(1).await;
    (outcome, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn errors_hit_their_share_and_those_calls_are_not_made() {
    let (up, switch) = (Upstream::default(), ChaosLayer::new());
    let service = switch.layer(up.service(millis(1)));
    let mut fault = switch.error_rate(percent(10));
    assert_eq!(service.clone().oneshot(1).await.unwrap(), 2);
    let undo = hold(&mut fault).await.unwrap();
    let mut hit = Vec::new();
    for n in 0..1_000 {
        match service.clone().oneshot(n).await {
            Ok(answer) => assert_eq!(answer, n + 1),
            Err(error) => {
                assert!(!error.downcast::<ChaosError>().unwrap().is_dropped());
                hit.push(n);
            }
        }
    }
    // 99.9 % of a binomial distribution: 100 ± 3.29 · 9.5.
    assert!((69..=131).contains(&hit.len()), "{}", hit.len());
    assert_eq!(up.counts().0, 1 + 1_000 - hit.len() as u32);
    assert_eq!(proof(&mut fault).await, format!("{} of 1,000 calls failed", hit.len()));
    clear(&undo).await;
    assert!(service.clone().oneshot(1).await.is_ok());
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(hit.len() as u64));

    let (replay, mut again) = (ChaosLayer::new(), Vec::new());
    let service = replay.layer(up.service(millis(1)));
    let _undo = hold(&mut replay.error_rate(percent(10))).await.unwrap();
    for n in 0..1_000 {
        if service.clone().oneshot(n).await.is_err() {
            again.push(n);
        }
    }
    assert_eq!(hit, again, "the same seed hits the same calls");
}

#[tokio::test(start_paused = true)]
async fn answers_and_errors_come_late_and_at_once_when_it_is_cleared() {
    let (up, switch) = (Upstream::default(), ChaosLayer::new());
    let service = switch.layer(up.service(millis(10)));
    let (mut a, mut b) = (switch.latency(millis(300)), switch.latency(millis(500)));
    let (undo_a, undo_b) = (hold(&mut a).await.unwrap(), hold(&mut b).await.unwrap());
    let (answer, took) = timed(&service).await;
    assert_eq!(answer.unwrap(), 2);
    assert!((millis(810)..millis(820)).contains(&took), "both add up: {took:?}");

    let errors = hold(&mut switch.error_rate(percent(100))).await.unwrap();
    let (answer, took) = timed(&service).await;
    assert!(answer.is_err() && took >= millis(800), "{took:?}");
    clear(&errors).await;

    let waiting = tokio::spawn({
        let service = service.clone();
        async move { timed(&service).await.1 }
    });
    tokio::time::sleep(millis(100)).await;
    clear(&undo_a).await;
    clear(&undo_b).await;
    let took = waiting.await.unwrap();
    assert!((millis(100)..millis(110)).contains(&took), "let go when cleared: {took:?}");
    assert!(timed(&service).await.1 < millis(20));
    assert_eq!(proof(&mut a).await, "3 of 3 calls delayed");
}

#[tokio::test(start_paused = true)]
async fn dropped_calls_are_begun_and_never_end() {
    let (up, switch) = (Upstream::default(), ChaosLayer::new());
    let service = switch.layer(up.service(millis(100)));
    let mut fault = switch.dropped().after(millis(30));
    let undo = hold(&mut fault).await.unwrap();
    let (answer, took) = timed(&service).await;
    let error = answer.unwrap_err().downcast::<ChaosError>().unwrap();
    assert!(error.is_dropped() && took < millis(40), "{error} after {took:?}");
    tokio::time::sleep(secs(1)).await;
    assert_eq!(up.counts(), (1, 0), "nothing runs on after it was dropped");

    let quick = switch.layer(up.service(millis(10)));
    assert!(timed(&quick).await.0.is_ok(), "what is over sooner is spared");
    let running = tokio::spawn({
        let service = service.clone();
        async move { timed(&service).await.0 }
    });
    tokio::time::sleep(millis(10)).await;
    clear(&undo).await;
    assert!(running.await.unwrap().is_ok(), "a cleared fault drops nothing more");
    assert_eq!(proof(&mut fault).await, "1 of 3 calls dropped");

    let mut midway = switch.dropped();
    let _undo = hold(&mut midway).await.unwrap();
    let (answer, took) = timed(&service).await;
    assert!(answer.is_err() && took.is_zero());
    assert_eq!(midway.describe(), "calls dropped midway");
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_a_place_until_it_is_cleared() {
    let (up, switch) = (Upstream::default(), ChaosLayer::new());
    let service = switch.layer(up.service(millis(100)));
    let mut fault = switch.concurrency_limit(2);
    let undo = hold(&mut fault).await.unwrap();
    let started = Instant::now();
    let calls: Vec<_> = (0..6).map(|n| tokio::spawn(service.clone().oneshot(n))).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(up.most_at_once.load(SeqCst), 2);
    assert!(started.elapsed() >= millis(300), "three rounds of two: {:?}", started.elapsed());
    assert_eq!(proof(&mut fault).await, "4 of 6 calls held up");

    let started = Instant::now();
    let calls: Vec<_> = (0..6).map(|n| tokio::spawn(service.clone().oneshot(n))).collect();
    tokio::time::sleep(millis(50)).await;
    clear(&undo).await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(started.elapsed() < millis(200), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_retry_in_front_hides_what_fails() {
    #[derive(Clone)]
    struct UpTo(u32);
    impl<R> tower::retry::Policy<u32, R, BoxError> for UpTo {
        type Future = std::future::Ready<()>;
        fn retry(&mut self, _: &mut u32, result: &mut Result<R, BoxError>) -> Option<Self::Future> {
            self.0 = self.0.checked_sub(u32::from(result.is_err()))?;
            result.is_err().then(|| std::future::ready(()))
        }
        fn clone_request(&mut self, request: &u32) -> Option<u32> {
            Some(*request)
        }
    }
    let (up, switch) = (Upstream::default(), ChaosLayer::new());
    let service = ServiceBuilder::new().retry(UpTo(50)).layer(switch.clone()).service(up.service(millis(1)));
    let mut fault = switch.error_rate(percent(50));
    let _undo = hold(&mut fault).await.unwrap();
    for n in 0..100 {
        assert_eq!(service.clone().oneshot(n).await.unwrap(), n + 1);
    }
    assert!(fault.evidence().await.unwrap().hits() > Some(50));
}

#[tokio::test]
async fn services_of_any_error_can_be_harmed() {
    #[derive(Debug, PartialEq)]
    struct Own;
    let own = ChaosLayer::with_error(|| Own);
    let service = own.layer(tower::service_fn(async |n: u32| if n > 0 { Ok(n) } else { Err(Own) }));
    let _undo = hold(&mut own.error_rate(percent(100))).await.unwrap();
    assert_eq!(service.oneshot(1).await, Err(Own));

    let answering = ChaosLayer::with_answer(|| 503);
    let service = answering.layer(tower::service_fn(async |_: u32| Ok::<_, std::convert::Infallible>(200)));
    let _undo = hold(&mut answering.error_rate(percent(100))).await.unwrap();
    assert_eq!(service.oneshot(1).await, Ok(503));

    let io = ChaosLayer::new();
    let service = io.layer(tower::service_fn(async |n: u32| Ok::<_, std::io::Error>(n)));
    let _undo = hold(&mut io.error_rate(percent(100))).await.unwrap();
    assert_eq!(service.oneshot(1).await.unwrap_err().to_string(), "error injected by a chaos test");
}

#[tokio::test]
async fn its_evidence_says_why_there_is_none() {
    let switch = ChaosLayer::new().named("inventory");
    let mut fault = switch.dropped();
    let _undo = hold(&mut fault).await.unwrap();
    assert_eq!(proof(&mut fault).await, "no call came through the chaos layer `inventory`");
    let service = switch.layer(tower::service_fn(async |n: u32| Ok::<_, BoxError>(n)));
    service.oneshot(1).await.unwrap();
    assert_eq!(proof(&mut fault).await, "1 call came through the chaos layer `inventory`, but none was dropped");
    assert!(!fault.evidence().await.unwrap().is_seen());
}

#[tokio::test]
async fn what_does_nothing_or_cannot_be_is_refused() {
    let switch = ChaosLayer::new();
    assert!(hold(&mut switch.error_rate(percent(0))).await.unwrap_err().message().contains("does nothing"));
    assert!(hold(&mut switch.latency(Duration::ZERO)).await.unwrap_err().message().contains("does nothing"));
    let early = hold(&mut switch.latency(millis(10)).jitter(millis(11))).await.unwrap_err();
    assert!(early.message().contains("a jitter of 11ms is more than the latency of 10ms"), "{early}");
    assert!(hold(&mut switch.concurrency_limit(0)).await.unwrap_err().message().contains("none could ever be made"));
}

/// What a call costs while no fault is on: its own future, no box, no lock.
#[test]
fn a_call_without_a_fault_carries_one_pointer_more() {
    type Inner = std::future::Ready<Result<u32, BoxError>>;
    assert!(size_of::<ResponseFuture<Inner, substitute::ErrorFrom>>() <= size_of::<Inner>() + 2 * size_of::<usize>());
}
