//! The time-out of the attempt that a worker is making.

use crate::clock::{Clock, Nanos};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::task::coop::unconstrained;
use tokio::time::{Sleep, sleep_until};

/// The time-outs of one worker's attempts, one after the other, with one timer.
///
/// A timer set and taken back for every attempt would cost more than recording it. This one is left to run when an
/// attempt ends: should it fire during a later one, it is set to that one's end. Each attempt ends at its own instant
/// all the same, because all may take as long, so the timer is never set to later than the current one's end.
#[derive(Debug, Default)]
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Ready when it is `at` or later; else the task is woken then. Always called by the same task.
    pub(super) fn poll(&mut self, clock: &Clock, at: Nanos, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let timer = match &mut self.0 {
                // It knows the task that it is to wake.
                Some(timer) if !timer.is_elapsed() => return Poll::Pending,
                Some(_) if clock.now() >= at => return Poll::Ready(()),
                Some(timer) => {
                    timer.as_mut().reset(clock.instant(at));
                    timer
                }
                none @ None => none.insert(Box::pin(sleep_until(clock.instant(at)))),
            };
            // Unconstrained: a task whose budget is spent would not be made known to the timer.
            if pin!(unconstrained(timer.as_mut())).poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::sleep;

    const SECOND: Nanos = 1_000_000_000;

    impl Deadline {
        /// What `attempt` gives until `at`; `None` when it has not ended by then.
        async fn within<T>(&mut self, clock: &Clock, at: Nanos, attempt: impl Future<Output = T>) -> Option<T> {
            let mut attempt = pin!(attempt);
            let poll = |cx: &mut Context<'_>| match attempt.as_mut().poll(cx) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending => self.poll(clock, at, cx).map(|()| None),
            };
            std::future::poll_fn(poll).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_attempt_has_the_whole_time_and_no_more() {
        let (clock, mut deadline) = (Clock::start(), Deadline::default());
        for attempt in 0..50 {
            let (started, takes) = (clock.now(), Duration::from_millis(100 + 97 * attempt));
            let outcome = deadline.within(&clock, started + 2 * SECOND, sleep(takes)).await;
            let took = Duration::from_nanos(clock.now() - started);
            if takes < Duration::from_secs(2) {
                assert_eq!((outcome, took), (Some(()), takes));
            } else {
                assert_eq!((outcome, took), (None, Duration::from_secs(2)));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_first_asked_and_then_timed() {
        let (clock, mut deadline) = (Clock::start(), Deadline::default());
        assert_eq!(deadline.within(&clock, SECOND, sleep(Duration::from_secs(1))).await, Some(()));
        sleep(Duration::from_secs(5)).await;
        assert_eq!(
            deadline.within(&clock, 6 * SECOND, async { 7 }).await,
            Some(7),
            "the old timer has fired meanwhile"
        );
        assert_eq!(deadline.within(&clock, 6 * SECOND, std::future::pending::<()>()).await, None);
        let huge = deadline.within(&clock, Nanos::MAX, sleep(Duration::from_secs(1 << 20))).await;
        assert_eq!(huge, Some(()), "no time-out to speak of");
    }
}
