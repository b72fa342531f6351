//! A parameter that moves while the fault is on.

use super::part::none_to_be_had;
use super::reins::{Ended, Reins, failed};
use super::{Adjustable, Gradual};
use crate::claim::display;
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx};
use crate::report::journal::EventKind;
use crate::rollback::Undo;
use crate::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

/// How often the value is moved on.
const STEP: Duration = Duration::from_millis(20);

/// A fault whose parameter moves from one value to another, linearly and every 20 ms, and stays there until the fault is
/// cleared. Made by [`ramp`](super::FaultExt::ramp).
///
/// The time counts from the injection. A hold that ends before the last value is reached is refused.
#[must_use = "a fault does nothing until it is injected"]
pub struct Ramped<F: Adjustable> {
    /// Shared with the work in the background. `Erased`, so that it is a part as any other.
    fault: Arc<Turn<Erased<F>>>,
    from: F::Value,
    to: F::Value,
    over: Duration,
    what: String,
    target: String,
    at: Arc<Mutex<F::Value>>,
    reins: Arc<Reins>,
}

impl<F: Adjustable> Ramped<F> {
    pub(super) fn new(fault: F, from: F::Value, to: F::Value, over: Duration) -> Self {
        let (what, target) = (fault.describe(), fault.target());
        let at = Arc::new(Mutex::new(from));
        Self { fault: Arc::new(Turn::new(Erased(fault))), from, to, over, what, target, at, reins: Reins::new() }
    }

    fn check(&self, cx: &InjectCx) -> Result<()> {
        let (from, over) = (self.from.in_words(), display::duration(self.over));
        if self.from == self.to {
            return Err(Error::new(format!("a ramp from {from} to {from} moves nothing"))
                .help("give it two values, or inject the fault without a ramp"));
        }
        if self.over < STEP {
            return Err(Error::new(format!("a ramp over {over} is none: the value is moved every 20 ms"))
                .help("give it longer: `.ramp(from..=to, secs(30))`"));
        }
        if let Some(hold) = cx.hold.filter(|hold| *hold < self.over) {
            let hold = display::duration(hold);
            let to = self.to.in_words();
            return Err(Error::new(format!("a ramp over {over} does not reach {to} when it is held for {hold}"))
                .help(format!("hold it for {over} at least")));
        }
        Ok(())
    }
}

impl<F: Adjustable> Fault for Ramped<F> {
    fn describe(&self) -> String {
        let (from, to) = (self.from.in_words(), self.to.in_words());
        format!("{}, moved from {from} to {to} within {}", self.what, display::duration(self.over))
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.check(cx)?;
        let mut fault = self.fault.lock().await;
        // It checks itself with the value that matters; the first one may well be none at all.
        fault.0.set(self.to).await?;
        self.what = fault.0.describe();
        fault.0.prepare(&self.reins.cx(cx, 0, cx.held, cx.hold)).await?;
        fault.0.set(self.from).await
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        self.fault.lock().await.0.preview(&self.reins.cx(cx, 0, cx.held, cx.hold)).await
    }

    fn undo(&self) -> Undo {
        // Only the work in the background shares it, and that has not begun.
        if let Ok(fault) = self.fault.try_lock() {
            self.reins.arm(std::iter::once(&*fault as &dyn DynFault));
        }
        self.reins.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.reins.begin(cx);
        let part = self.reins.cx(cx, 0, cx.held, cx.hold);
        {
            let mut fault = self.fault.lock().await;
            let entries = self.reins.arm(std::iter::once(&*fault as &dyn DynFault));
            let Some(entry) = entries.first() else { return Err(Error::new("it was undone before it was injected")) };
            self.reins.inject(&mut *fault, entry, &part).await?;
        }
        let (fault, reins, at) = (self.fault.clone(), self.reins.clone(), self.at.clone());
        let (from, to, over, start) = (self.from, self.to, self.over, Instant::now());
        self.reins.work(async move {
            loop {
                // By the clock: steps that come late make the next one larger, and nothing drifts.
                let passed = start.elapsed();
                let steps = passed.as_nanos() / STEP.as_nanos() + 1;
                let next = STEP * u32::try_from(steps).unwrap_or(u32::MAX);
                reins.rest_until(start + next.min(over)).await?;
                let share = (start.elapsed().as_secs_f64() / over.as_secs_f64()).min(1.0);
                let value = F::Value::between(from, to, share);
                // A value that is set after the undo would be harm that nobody ends.
                let turn = reins.turn().await?;
                let set = fault.lock().await.0.set(value).await;
                drop(turn);
                set.map_err(|error| failed(&format!("failed to set {}", value.in_words()), &error))?;
                *at.lock().unwrap_or_else(PoisonError::into_inner) = value;
                if share >= 1.0 {
                    reins.note(EventKind::Note, &format!("{} is reached", to.in_words()));
                    return Ok(());
                }
            }
        });
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let evidence = self.fault.lock().await.0.evidence().await.unwrap_or_else(|error| none_to_be_had(&error));
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner).in_words();
        let text = format!("{}; at {at}", evidence.text());
        let hits = evidence.hits();
        let evidence = match self.reins.ended() {
            Some(Ended::Failed(error)) => Evidence::never(format!("{text}: {error}")),
            _ if evidence.is_seen() => Evidence::seen(text),
            _ if evidence.is_hopeless() => Evidence::never(text),
            _ => Evidence::none(text),
        };
        Ok(evidence.with_hits(hits))
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.fault.try_lock().ok().and_then(|fault| fault.0.confirm_within())
    }
}

impl<F: Adjustable> Held for Ramped<F> {}

impl<F: Adjustable> fmt::Debug for Ramped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ramped").field(&self.describe()).finish()
    }
}
