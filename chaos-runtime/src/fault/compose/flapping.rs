//! Harm that comes and goes.

use super::part::{last_look, none_to_be_had, sum};
use super::reins::{Ended, Entry, Reins, failed};
use crate::claim::display;
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

/// How many cycles without evidence are named.
const NAMED: usize = 5;

/// Harm that comes and goes until it is cleared; made by [`flapping`].
#[must_use = "a fault does nothing until it is injected"]
pub struct Flapping<F, M> {
    /// Makes the fault of the next cycle; with the work in the background once that has begun.
    make: Option<M>,
    current: Arc<Turn<Current<F>>>,
    cycles: Arc<Mutex<Cycles>>,
    up: Duration,
    down: Duration,
    what: String,
    target: String,
    confirm_within: Option<Duration>,
    reins: Arc<Reins>,
}

/// The fault of the cycle that is on.
struct Current<F> {
    fault: Option<Erased<F>>,
    /// It has been seen to bite in this cycle.
    seen: bool,
}

/// What became of the cycles that are over.
#[derive(Debug, Default)]
struct Cycles {
    over: u64,
    seen: u64,
    hits: Option<u64>,
    /// Numbers of those without evidence, and why.
    silent: Vec<(u64, String)>,
}

/// A cycle, over and over until it is cleared: harm for `down`, none for `up`. It begins with harm.
///
/// `make` makes the fault of each cycle; it is called for the first one at once. All must have the same kind of undo.
///
/// Evidence is counted by cycle, and hits are summed. It is confirmed in the first cycle in which the fault is seen.
/// Cycles in which it is not, as a circuit breaker keeps everybody away, are told by number.
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let proxy = chaos.proxy("127.0.0.1:5432").await?;
/// chaos.inject(flapping(secs(2), millis(500), move || proxy.down())).hold(secs(30)).await
/// # }
/// ```
pub fn flapping<F, M>(up: Duration, down: Duration, mut make: M) -> Flapping<F, M>
where
    F: Held,
    M: FnMut() -> F + Send + 'static,
{
    let first = make();
    Flapping {
        make: Some(make),
        what: first.describe(),
        target: first.target(),
        confirm_within: first.confirm_within(),
        current: Arc::new(Turn::new(Current { fault: Some(Erased(first)), seen: false })),
        cycles: Arc::default(),
        up,
        down,
        reins: Reins::new(),
    }
}

impl<F, M> Flapping<F, M> {
    fn check(&self, cx: &InjectCx) -> Result<()> {
        if self.up.is_zero() || self.down.is_zero() {
            return Err(Error::new(format!("`{}` flaps without a time up, or without one down", self.what))
                .help("give it both: `flapping(secs(2), secs(1), …)`, or hold the fault itself"));
        }
        let cycle = self.up + self.down;
        if let Some(hold) = cx.hold.filter(|hold| *hold < cycle) {
            let (hold, cycle) = (display::duration(hold), display::duration(cycle));
            return Err(Error::new(format!("`{}` flaps in cycles of {cycle}, and is held for {hold}", self.what))
                .help(format!("hold it for several cycles of {cycle}")));
        }
        Ok(())
    }
}

impl<F: Held, M: FnMut() -> F + Send + 'static> Fault for Flapping<F, M> {
    fn describe(&self) -> String {
        format!("flapping, {} down and {} up: {}", display::duration(self.down), display::duration(self.up), self.what)
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.check(cx)?;
        let mut current = self.current.lock().await;
        let Some(fault) = &mut current.fault else { return Ok(()) };
        fault.0.prepare(&self.reins.cx(cx, 0, true, Some(self.down))).await?;
        (self.what, self.target) = (fault.0.describe(), fault.0.target());
        Ok(())
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        let mut current = self.current.lock().await;
        let Some(fault) = &mut current.fault else { return Ok(self.describe()) };
        fault.0.preview(&self.reins.cx(cx, 0, true, Some(self.down))).await
    }

    fn undo(&self) -> Undo {
        // Only the work in the background shares it, and that has not begun.
        if let Ok(current) = self.current.try_lock() {
            self.reins.arm(current.fault.iter().map(|fault| fault as &dyn DynFault));
        }
        self.reins.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        let Some(make) = self.make.take() else {
            return Err(Error::new(format!("`{}` was injected before", self.describe())));
        };
        self.reins.begin(cx);
        let start = Instant::now();
        let entry = {
            let mut current = self.current.lock().await;
            let entries = self.reins.arm(current.fault.iter().map(|fault| fault as &dyn DynFault));
            let (Some(fault), Some(entry)) = (&mut current.fault, entries.first()) else {
                return Err(Error::new("it was undone before it was injected"));
            };
            self.reins.inject(fault, entry, &self.reins.cx(cx, 0, true, Some(self.down))).await?;
            entry.clone()
        };
        let flaps = Flaps {
            make,
            current: self.current.clone(),
            cycles: self.cycles.clone(),
            up: self.up,
            down: self.down,
            cx: cx.clone(),
            reins: self.reins.clone(),
        };
        self.reins.work(flaps.run(entry, start));
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let (now, seen_now) = {
            let mut current = self.current.lock().await;
            match &mut current.fault {
                None => (None, false),
                Some(fault) => {
                    let evidence = fault.0.evidence().await.unwrap_or_else(|error| none_to_be_had(&error));
                    current.seen |= evidence.is_seen();
                    (Some(evidence), current.seen)
                }
            }
        };
        let cycles = self.cycles.lock().unwrap_or_else(PoisonError::into_inner);
        let hits = sum(cycles.hits, now.as_ref().and_then(Evidence::hits));
        let mut text = cycles.in_words();
        if let Some(now) = &now {
            text = format!("{text}{}cycle {} is on: {}", separator(&text), cycles.over + 1, now.text());
        }
        let evidence = match self.reins.ended() {
            Some(Ended::Failed(error)) => Evidence::never(format!("{text}{}{error}", separator(&text))),
            _ if cycles.seen > 0 || seen_now => Evidence::seen(text),
            _ => Evidence::none(text),
        };
        Ok(evidence.with_hits(hits))
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.confirm_within
    }
}

impl<F: Held, M: FnMut() -> F + Send + 'static> Held for Flapping<F, M> {}

impl<F, M> fmt::Debug for Flapping<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, up, down, .. } = self;
        f.debug_struct("Flapping").field("what", what).field("up", up).field("down", down).finish_non_exhaustive()
    }
}

fn separator(text: &str) -> &'static str {
    if text.is_empty() { "" } else { "; " }
}

impl Cycles {
    fn note(&mut self, evidence: Option<Evidence>, seen_before: bool) {
        self.over += 1;
        self.hits = sum(self.hits, evidence.as_ref().and_then(Evidence::hits));
        if seen_before || evidence.as_ref().is_some_and(Evidence::is_seen) {
            self.seen += 1;
        } else {
            let text = evidence.map_or_else(|| "the last look did not answer".into(), |e| e.text().to_owned());
            // All are counted; only the first ones are named.
            if self.silent.len() < NAMED {
                self.silent.push((self.over, text));
            }
        }
    }

    /// `3 of 4 cycles hit (no evidence in cycle 2: no connection came)`; nothing before the end of the first.
    fn in_words(&self) -> String {
        if self.over == 0 {
            return String::new();
        }
        let silent: Vec<String> = self.silent.iter().map(|(cycle, why)| format!("cycle {cycle}: {why}")).collect();
        let more = self.over - self.seen - self.silent.len() as u64;
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let but =
            if silent.is_empty() { String::new() } else { format!(" (no evidence in {}{more})", silent.join(", ")) };
        format!("{} of {} cycles hit{but}", self.seen, self.over)
    }
}

/// The cycles from the first injection on.
struct Flaps<F, M> {
    make: M,
    current: Arc<Turn<Current<F>>>,
    cycles: Arc<Mutex<Cycles>>,
    up: Duration,
    down: Duration,
    cx: InjectCx,
    reins: Arc<Reins>,
}

impl<F: Held, M: FnMut() -> F + Send + 'static> Flaps<F, M> {
    async fn run(mut self, mut entry: Arc<Entry>, mut start: Instant) -> Result<()> {
        for cycle in 1.. {
            self.reins.rest_until(start + self.down).await?;
            self.end(&entry).await?;
            // A slow undo shortens no rest.
            start = (start + self.down + self.up).max(Instant::now() + self.up / 2);
            self.reins.rest_until(start).await?;
            entry = self.begin(cycle).await?;
        }
        Ok(())
    }

    async fn end(&mut self, entry: &Arc<Entry>) -> Result<()> {
        let mut current = self.current.lock().await;
        if let Some(mut fault) = current.fault.take() {
            let evidence = self.reins.unless_stopped(last_look(&mut fault)).await?;
            self.cycles.lock().unwrap_or_else(PoisonError::into_inner).note(evidence, current.seen);
        }
        current.seen = false;
        drop(current);
        self.reins.undo_one(entry).await.map(drop)
    }

    async fn begin(&mut self, cycle: u64) -> Result<Arc<Entry>> {
        let mut current = self.current.lock().await;
        // All within one turn: an undo that comes meanwhile finds either nothing or all of it.
        let turn = self.reins.turn().await?;
        let cx = self.reins.cx(&self.cx, cycle, true, Some(self.down));
        let mut fault = Erased((self.make)());
        let what = || format!("cycle {}", cycle + 1);
        fault.0.prepare(&cx).await.map_err(|error| failed(&what(), &error))?;
        let entry = self.reins.add(&fault);
        self.reins.write_down().map_err(|error| failed(&what(), &error))?;
        let injected = self.reins.inject_in(&turn, &mut fault, &entry, &cx).await;
        current.fault = Some(fault);
        injected.map_err(|error| failed(&what(), &error))?;
        Ok(entry)
    }
}
