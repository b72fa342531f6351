//! Faults at named points of the code.

use super::point_fault::{Harm, Kind, PointFault};
use super::switch::Switch;
use super::tally::{Tally, hold_back};
use crate::figure;
use chaos_point::{Point, Registry, Scope};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How often a thread that a delay blocks looks whether the fault is over.
const LOOK: Duration = Duration::from_millis(5);

/// Says what happens at the [`point!`](chaos_point::point)s of the code that runs in its scope. Clones are the same
/// points.
///
/// ```
/// use chaos_runtime::{inside::Points, prelude::*};
/// use chaos_point::point;
///
/// /// Production code: without chaos-runtime in the build, `point!` is nothing.
/// async fn read(key: u32) -> std::io::Result<u32> {
///     point!(async "cache.read", why => return Err(std::io::Error::other(why)));
///     Ok(key)
/// }
///
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let points = Points::new();
/// let scoped = points.clone();
/// chaos.load(op(move |_| scoped.scope(read(7))).rate(per_second(100))).await?;
/// chaos.inject(points.at("cache.read").fail("connection lost").share(percent(20))).hold(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
///
/// A point asks the registry of its task: code outside every [scope](Self::scope), and code in the scope of other points,
/// is not touched, so tests may run in parallel. A task that is spawned in a scope is outside, unless it is spawned with
/// [`spawn`](Self::spawn) or, by production code, with [`chaos_point::inherit`].
#[derive(Debug, Clone)]
pub struct Points(Arc<Map>);

#[derive(Debug, Default)]
pub(super) struct Map {
    pub(super) faults: Switch<Harm>,
    passed: RwLock<BTreeMap<&'static str, Arc<Passed>>>,
}

/// A point that code has passed.
#[derive(Debug, Default)]
pub(super) struct Passed {
    times: AtomicU64,
    pub(super) can_fail: AtomicBool,
}

/// What happens to one that passes a point.
#[derive(Default)]
struct Met {
    delays: Vec<(Duration, Arc<Tally>)>,
    end: Option<Kind>,
}

impl Points {
    /// Points with no fault.
    #[expect(
        clippy::new_without_default,
        reason = "two defaults would be two registries, which is never what is meant"
    )]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// The point of this name, to make a fault there.
    pub fn at(&self, name: &str) -> At {
        At { map: self.0.clone(), name: name.into() }
    }

    /// The future, in the scope of these points.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        chaos_point::scope(self.0.clone(), future)
    }

    /// Spawns a task in the scope of these points: `tokio::spawn(points.scope(future))`.
    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        tokio::spawn(self.scope(future))
    }

    /// Runs code that is not async in the scope of these points.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        chaos_point::run(self.0.clone(), work)
    }

    /// How often code in the scope has passed the points of this name.
    pub fn passed(&self, name: &str) -> u64 {
        self.0.passed(name).map_or(0, |passed| passed.times.load(Relaxed))
    }
}

impl Map {
    pub(super) fn passed(&self, name: &str) -> Option<Arc<Passed>> {
        self.passed.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn note(&self, point: Point) {
        let passed = self.passed(point.name).unwrap_or_else(|| {
            let mut all = self.passed.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(point.name).or_default().clone()
        });
        passed.times.fetch_add(1, Relaxed);
        passed.can_fail.fetch_or(point.can_fail, Relaxed);
    }

    fn meet(&self, point: Point) -> Met {
        self.note(point);
        let (mut met, active) = (Met::default(), self.faults.active());
        for fault in active.iter().flat_map(|active| active.iter()).filter(|fault| *fault.harm.name == *point.name) {
            let number = fault.tally.next();
            let fails = matches!(fault.harm.kind, Kind::Fail(_));
            // One that can't happen must not count as a hit.
            if (fails && !point.can_fail) || (!matches!(fault.harm.kind, Kind::Delay(_)) && met.end.is_some()) {
                continue;
            }
            if fault.draw.hits(number, fault.share) && fault.tally.strike_up_to(fault.harm.most.unwrap_or(u64::MAX)) {
                match &fault.harm.kind {
                    Kind::Delay(delay) => met.delays.push((*delay, fault.tally.clone())),
                    end => met.end = Some(end.clone()),
                }
            }
        }
        met
    }

    /// Which points were passed, and where the one that is meant may be.
    pub(super) fn others(&self, name: &str) -> String {
        let all = self.passed.read().unwrap_or_else(PoisonError::into_inner);
        let outside = chaos_point::passed_outside();
        let mut text = format!("no code in the scope of these points has passed `{name}`");
        for (i, (other, passed)) in all.iter().enumerate() {
            let before = if i == 0 { "; passed were " } else { ", " };
            // Writing to a string can't fail.
            let _ = write!(text, "{before}`{other}` ({})", figure::counted(passed.times.load(Relaxed), "time"));
        }
        let near = all.keys().map(|other| (strsim::jaro_winkler(name, other), other)).filter(|(near, _)| *near > 0.8);
        if let Some((_, near)) = near.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let _ = write!(text, "; is `{near}` meant?");
        }
        if all.is_empty() {
            text += ", nor any other";
            if outside > 0 {
                let _ = write!(
                    text,
                    "; {} outside of every scope: a task that code spawns needs `chaos_point::inherit(…)`, one of the \
                     test `points.scope(…)`",
                    if outside == 1 { "one was passed".into() } else { format!("{outside} were passed") }
                );
            }
        }
        text
    }
}

impl Met {
    /// Why the point fails, if it does.
    fn end(self) -> Option<String> {
        match self.end? {
            Kind::Fail(why) => Some(why.to_string()),
            Kind::Panic(why) => panic!("{why}"),
            Kind::Delay(_) => None,
        }
    }
}

impl Registry for Map {
    fn pass(&self, point: Point) -> Option<String> {
        let mut met = self.meet(point);
        for (delay, tally) in std::mem::take(&mut met.delays) {
            let until = Instant::now() + delay;
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|_| !tally.is_cleared()) {
                std::thread::sleep(left.min(LOOK));
            }
        }
        met.end()
    }

    fn pass_async(&self, point: Point) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> {
        let mut met = self.meet(point);
        Box::pin(async move {
            hold_back(std::mem::take(&mut met.delays)).await;
            met.end()
        })
    }
}

/// A point, to make a fault at: `points.at("cache.read")`.
#[derive(Debug)]
#[must_use = "say what happens there: `.fail(…)`, `.delay(…)` or `.panic(…)`"]
pub struct At {
    map: Arc<Map>,
    name: Arc<str>,
}

impl At {
    /// A fault: the point fails, and its code does what it says after `=>`. `why` is what it gets to know.
    pub fn fail(self, why: &str) -> PointFault {
        self.fault(Kind::Fail(why.into()))
    }

    /// A fault: passing the point takes so much longer.
    pub fn delay(self, delay: Duration) -> PointFault {
        self.fault(Kind::Delay(delay))
    }

    /// A fault: the code panics at the point, with this message.
    pub fn panic(self, message: &str) -> PointFault {
        self.fault(Kind::Panic(message.into()))
    }

    fn fault(self, kind: Kind) -> PointFault {
        PointFault::new(self.map, Harm { name: self.name, kind, most: None })
    }
}

#[cfg(test)]
#[path = "points_tests.rs"]
mod tests;
