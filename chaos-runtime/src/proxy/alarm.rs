//! Waiting for an instant from within a poll function.
//!
//! One timer serves all connections of a proxy: tokio's own has slots of a millisecond, and one for each connection
//! would cost each a descriptor more. On Linux it is a timerfd, which is late only as the machine is.

#[cfg(target_os = "linux")]
use crate::{clock::nanos, sys::TimerFd};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The timer fires no more often than this: what is due in between leaves together. One that has rested fires
/// to the instant.
const SPACING: Duration = Duration::from_micros(50);

/// The alarms of all connections of a proxy.
#[derive(Debug, Default)]
pub(super) struct Timer {
    schedule: Mutex<Schedule>,
    /// Made at the first alarm: a proxy without a fault that takes time has no timer.
    source: OnceLock<Source>,
}

#[derive(Debug, Default)]
struct Schedule {
    alarms: BTreeMap<Key, Waker>,
    last: u64,
    /// When the source fires next.
    set_to: Option<Instant>,
    fired: Option<Instant>,
}

/// Alarms of the same instant differ by their numbers.
type Key = (Instant, u64);

/// What fires.
#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    Fine(TimerFd),
    /// tokio's timer; the notification tells that it is to fire at another instant.
    Coarse(Notify),
}

impl Timer {
    /// Wakes a task at an instant. Must be called within the proxy's runtime.
    fn set(self: &Arc<Self>, at: Instant, waker: Waker) -> Key {
        let source = self.source.get_or_init(|| {
            tokio::spawn(self.clone().run());
            Source::new()
        });
        let mut schedule = self.schedule();
        schedule.last += 1;
        let key = (at, schedule.last);
        schedule.alarms.insert(key, waker);
        schedule.follow(source);
        key
    }

    fn cancel(&self, key: Key) {
        // Dropped when the lock is free: a waker may be the last that holds a task.
        let _waker = self.schedule().alarms.remove(&key);
    }

    /// Rings as long as the runtime lives.
    async fn run(self: Arc<Self>) {
        let source = self.source.wait();
        let mut due = Vec::new();
        loop {
            source.fires(&self).await;
            self.schedule().ring(source, &mut due);
            due.drain(..).for_each(Waker::wake);
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Schedule {
    /// Sets the source to the first alarm, unless it fires before that anyway.
    fn follow(&mut self, source: &Source) {
        let Some((&(first, _), _)) = self.alarms.first_key_value() else { return };
        let at = self.fired.map_or(first, |fired| first.max(fired + SPACING));
        if self.set_to.is_none_or(|set_to| at < set_to) {
            self.set_to = Some(at);
            source.set(at);
        }
    }

    /// Takes out what is due.
    fn ring(&mut self, source: &Source, due: &mut Vec<Waker>) {
        let now = Instant::now();
        while let Some(alarm) = self.alarms.first_entry().filter(|alarm| alarm.key().0 <= now) {
            due.push(alarm.remove());
        }
        (self.fired, self.set_to) = (Some(now), None);
        self.follow(source);
    }
}

impl Source {
    fn new() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(timer) = TimerFd::new() {
            return Self::Fine(timer);
        }
        Self::Coarse(Notify::new())
    }

    fn set(&self, at: Instant) {
        match self {
            // It fails for no argument that can be made here.
            #[cfg(target_os = "linux")]
            Self::Fine(timer) => _ = timer.set(nanos(at.saturating_duration_since(Instant::now()))),
            Self::Coarse(changed) => changed.notify_one(),
        }
    }

    async fn fires(&self, timer: &Timer) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Fine(fine) => {
                // It fails only when the runtime ends, and this task with it.
                if std::future::poll_fn(|cx| fine.poll_fired(cx)).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            Self::Coarse(changed) => loop {
                let at = timer.schedule().set_to;
                match at {
                    None => changed.notified().await,
                    Some(at) if tokio::time::timeout_at(at, changed.notified()).await.is_err() => return,
                    Some(_) => {}
                }
            },
        }
    }
}

/// A connection's place in the schedule, taken when it is first needed.
#[derive(Default)]
pub(super) struct Alarm(Option<Set>);

struct Set {
    key: Key,
    timer: Arc<Timer>,
}

impl Alarm {
    /// Ready once `at` is reached; an earlier instant that was waited for is forgotten.
    pub(super) fn poll_until(&mut self, cx: &mut Context<'_>, timer: &Arc<Timer>, at: Instant) -> Poll<()> {
        if at <= Instant::now() {
            self.disarm();
            return Poll::Ready(());
        }
        if self.0.as_ref().is_none_or(|set| set.key.0 != at) {
            self.0 = Some(Set { key: timer.set(at, cx.waker().clone()), timer: timer.clone() });
        }
        Poll::Pending
    }

    /// Stops waiting, so that the task is not woken for nothing.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        self.timer.cancel(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, secs};
    use std::future::poll_fn;

    async fn wait(timer: &Arc<Timer>, at: Instant) {
        let mut alarm = Alarm::default();
        poll_fn(|cx| alarm.poll_until(cx, timer, at)).await;
    }

    #[tokio::test]
    async fn alarms_ring_in_their_order_whatever_the_order_they_were_set_in() {
        for source in [Source::new(), Source::Coarse(Notify::new())] {
            let timer = Arc::new(Timer::default());
            timer.source.set(source).unwrap();
            tokio::spawn(timer.clone().run());
            let mut unit = 10;
            loop {
                let (start, rung) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
                let tasks = [3, 1, 4, 2].map(|place| {
                    let (timer, rung) = (timer.clone(), rung.clone());
                    tokio::spawn(async move {
                        wait(&timer, start + millis(place * unit)).await;
                        assert!(start.elapsed() >= millis(place * unit), "rang early");
                        rung.lock().unwrap().push(place);
                    })
                });
                while timer.schedule().alarms.len() < 4 && start.elapsed() < millis(unit) {
                    tokio::task::yield_now().await;
                }
                let all_set = timer.schedule().alarms.len() == 4;
                for task in tasks {
                    task.await.unwrap();
                }
                assert!(timer.schedule().alarms.is_empty());
                if all_set {
                    assert_eq!(*rung.lock().unwrap(), [1, 2, 3, 4]);
                    break;
                }
                // The machine has paused, and some were due before they were set.
                assert!(unit < 10_000, "never all set in time");
                unit *= 10;
            }
        }
    }

    #[tokio::test]
    async fn an_alarm_that_is_moved_or_dropped_leaves_nothing() {
        let timer = Arc::<Timer>::default();
        let mut alarm = Alarm::default();
        let start = Instant::now();
        for at in [secs(3_600), secs(1_800), secs(900)] {
            poll_fn(|cx| {
                assert!(alarm.poll_until(cx, &timer, start + at).is_pending());
                Poll::Ready(())
            })
            .await;
            assert_eq!(timer.schedule().alarms.len(), 1);
        }
        let soon = Instant::now() + millis(5);
        poll_fn(|cx| alarm.poll_until(cx, &timer, soon)).await;
        assert!(Instant::now() >= soon);
        poll_fn(|cx| {
            assert!(alarm.poll_until(cx, &timer, start + secs(3_600)).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(alarm);
        assert!(timer.schedule().alarms.is_empty());
    }
}
