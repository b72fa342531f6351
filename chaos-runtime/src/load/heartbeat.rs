//! A driver's heartbeat: how late its thread is in noticing anything, and why.

use crate::clock::{Clock, Nanos};
use crate::measure::Beat;

/// Between two beats. A pause is known to be at least as long as the beat that fell into it was late.
pub(crate) const BEAT: Nanos = 10_000_000;

/// A beat that is later than this is a pause: tokio's timer is late by a millisecond or two itself, on Windows by 16.
const LATE: Nanos = if cfg!(windows) { 20_000_000 } else { 5_000_000 };

/// Having waited for a core for longer than this is a pause.
const WAITED: Nanos = 1_000_000;

/// Where the clock goes on less than this more slowly than the one that counts sleep, the machine was awake.
const SUSPENDED: Nanos = 100_000_000;

/// Watches the thread on which it was made.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    clock: Clock,
    /// Between two beats.
    every: Nanos,
    last: Nanos,
    usage: Option<Usage>,
}

impl Heartbeat {
    /// In virtual time no thread is watched: what the machine does there changes nothing.
    pub(crate) fn new(clock: Clock, virtual_time: bool) -> Self {
        let usage = if virtual_time { None } else { Usage::of_this_thread() };
        // Simulated machines pause when they are told to, and nobody waits for an hour of heartbeats.
        let every = if virtual_time { 5 * BEAT } else { BEAT };
        Self { clock, every, last: clock.now(), usage }
    }

    /// When it beats next.
    pub(crate) fn next(&self) -> Nanos {
        self.last + self.every
    }

    /// What has happened since the last beat.
    pub(crate) fn beat(&mut self) -> Beat {
        let (from, to) = (self.last, self.clock.now());
        self.last = to;
        let used = self.usage.as_mut().map(Usage::since_last).unwrap_or_default();
        let late = to.saturating_sub(from + self.every);
        // It fell somewhere between the last beat and this one, so it may have begun before this one was due.
        let silent = if late >= LATE { 2 * late } else { 0 };
        let waited = if used.waited >= WAITED { used.waited } else { 0 };
        Beat {
            from,
            to,
            paused: silent.max(waited).min(to - from),
            cpu: used.cpu,
            waited: used.waited,
            suspended: used.suspended,
        }
    }
}

/// What a thread used, and was refused, since the last look.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    cpu: Option<Nanos>,
    waited: Nanos,
    suspended: Nanos,
}

#[cfg(target_os = "linux")]
use linux::Usage;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Nanos, SUSPENDED, Used};
    use rustix::time::{ClockId, clock_gettime};
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    /// The thread's account as the scheduler keeps it.
    #[derive(Debug)]
    pub(super) struct Usage {
        /// Stays with the thread that opened it. Absent where the kernel keeps no such accounts.
        schedstat: Option<File>,
        cpu: Nanos,
        waited: Nanos,
        asleep: Nanos,
    }

    impl Usage {
        pub(super) fn of_this_thread() -> Option<Self> {
            let schedstat = File::open("/proc/thread-self/schedstat").ok();
            let mut usage = Self { schedstat, cpu: 0, waited: 0, asleep: 0 };
            usage.since_last();
            Some(usage)
        }

        pub(super) fn since_last(&mut self) -> Used {
            let waited = self.waited().unwrap_or(self.waited);
            let (cpu, asleep) = (now(ClockId::ThreadCPUTime), asleep());
            let suspended = asleep.saturating_sub(self.asleep);
            let used = Used {
                cpu: Some(cpu.saturating_sub(self.cpu)),
                waited: waited.saturating_sub(self.waited),
                suspended: if suspended >= SUSPENDED { suspended } else { 0 },
            };
            (self.cpu, self.waited, self.asleep) = (cpu, waited, asleep);
            used
        }

        /// `on-cpu waited slices`, in nanoseconds.
        fn waited(&self) -> Option<Nanos> {
            let mut text = [0; 96];
            let read = self.schedstat.as_ref()?.read_at(&mut text, 0).ok()?;
            std::str::from_utf8(&text[..read]).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
        }
    }

    fn now(clock: ClockId) -> Nanos {
        let time = clock_gettime(clock);
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
    }

    /// For how long the machine has been asleep since it was started.
    fn asleep() -> Nanos {
        now(ClockId::Boottime).saturating_sub(now(ClockId::Monotonic))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_that_computes_is_told_from_one_that_sleeps() {
            let spent = |work: fn()| {
                let mut usage = Usage::of_this_thread().unwrap();
                work();
                usage.since_last().cpu.unwrap()
            };
            let slept = spent(|| std::thread::sleep(std::time::Duration::from_millis(50)));
            // Until so much CPU time is spent, however long that takes on a busy machine.
            let computed = spent(|| {
                let end = now(ClockId::ThreadCPUTime) + 30_000_000;
                while now(ClockId::ThreadCPUTime) < end {
                    std::hint::spin_loop();
                }
            });
            assert!(slept < 20_000_000, "{slept}");
            assert!(computed >= 30_000_000, "{computed}");
        }

        #[test]
        fn the_scheduler_tells_how_long_a_thread_waited() {
            // Nothing to check where the kernel keeps no accounts.
            let usage = Usage::of_this_thread().unwrap();
            if usage.schedstat.is_some() {
                assert!(usage.waited().is_some());
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::Usage;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Used;

    /// Nothing is told: the heartbeat alone has to do.
    #[derive(Debug)]
    pub(super) struct Usage;

    impl Usage {
        pub(super) fn of_this_thread() -> Option<Self> {
            None
        }

        pub(super) fn since_last(&mut self) -> Used {
            Used::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const EVERY: Nanos = 5 * BEAT;

    /// On the paused clock, where nothing but the test decides how late a beat is.
    fn after(nanos: Nanos) -> Beat {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut heartbeat = Heartbeat::new(Clock::start(), true);
            tokio::time::advance(Duration::from_nanos(nanos)).await;
            heartbeat.beat()
        })
    }

    #[test]
    fn a_beat_in_time_is_no_pause() {
        assert_eq!(after(EVERY).pause(), None);
        assert_eq!(after(EVERY + LATE - 1_000_000).pause(), None);
        assert_eq!(after(EVERY / 2).pause(), None, "nor is one that was asked for early");
    }

    #[test]
    fn a_late_beat_is_a_pause_that_may_have_begun_before_it_was_due() {
        let pause = after(EVERY + 400_000_000).pause().unwrap();
        assert_eq!((pause.from, pause.to, pause.length), (0, EVERY + 400_000_000, EVERY + 400_000_000));
        // Longer than it was late can't be excluded, but no longer than since the last beat.
        assert_eq!(after(EVERY + LATE).pause().unwrap().length, (EVERY + LATE).min(2 * LATE));
    }
}
