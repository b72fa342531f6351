//! A fault that begins later than what it is part of.

use super::part::{confirm, confirm_within};
use super::reins::{Ended, Entry, Reins};
use crate::claim::display;
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx, OneShot};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex as Turn;

/// A fault that begins so long after its injection. Made by [`after`](super::FaultExt::after).
///
/// Within [`parallel`](super::parallel) the others are not kept waiting for it: it must have been seen at their end. It is
/// held or one-shot as the fault is; a hold that ends before it begins is refused. For a one-shot fault the end of the
/// wait is its [completion](Fault::completion); recovery counts from the confirmation of what it is part of.
#[must_use = "a fault does nothing until it is injected"]
pub struct Delayed<F> {
    fault: Arc<Turn<Box<dyn DynFault>>>,
    offset: Duration,
    what: String,
    target: String,
    /// Of the fault itself, as it said before it was shared.
    confirm_within: Duration,
    lasts: bool,
    cx: InjectCx,
    reins: Arc<Reins>,
    of: PhantomData<fn() -> F>,
}

impl<F: Fault> Delayed<F> {
    pub(super) fn new(fault: F, offset: Duration) -> Self {
        let (what, target) = (fault.describe(), fault.target());
        let cx = InjectCx::new(0, false, None);
        let fault: Box<dyn DynFault> = Box::new(Erased(fault));
        Self {
            confirm_within: confirm_within(&*fault, &cx),
            lasts: fault.lasts(),
            fault: Arc::new(Turn::new(fault)),
            offset,
            what,
            target,
            cx,
            reins: Reins::new(),
            of: PhantomData,
        }
    }

    fn check(&self, cx: &InjectCx) -> Result<()> {
        let offset = display::duration(self.offset);
        if self.offset.is_zero() {
            return Err(Error::new(format!("`{}` begins after no time at all", self.what))
                .help("leave `.after(…)` out, or give it a time: `.after(secs(3))`"));
        }
        if let Some(hold) = cx.hold.filter(|hold| *hold <= self.offset) {
            let hold = display::duration(hold);
            let error = format!("`{}` begins after {offset}, and what it is part of is held for {hold}", self.what);
            return Err(Error::new(error).help("hold it for longer, or let it begin earlier"));
        }
        Ok(())
    }
}

impl<F: Fault> Fault for Delayed<F> {
    fn describe(&self) -> String {
        format!("{} after {}", self.what, display::duration(self.offset))
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.check(cx)?;
        let mut fault = self.fault.lock().await;
        let hold = cx.hold.map(|hold| hold.saturating_sub(self.offset));
        fault.prepare(self.reins.cx(cx, 0, cx.held, hold)).await?;
        (self.what, self.target) = (fault.describe(), fault.target());
        self.confirm_within = confirm_within(&**fault, cx);
        self.lasts = fault.lasts();
        Ok(())
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        let text = self.fault.lock().await.preview(self.reins.cx(cx, 0, cx.held, cx.hold)).await?;
        Ok(format!("{text} after {}", display::duration(self.offset)))
    }

    fn undo(&self) -> Undo {
        // Only the work in the background shares it, and that has not begun.
        if let Ok(fault) = self.fault.try_lock() {
            self.reins.arm(std::iter::once(&**fault));
        }
        self.reins.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.reins.begin(cx);
        self.cx = cx.clone();
        let entry: Option<Arc<Entry>> = self.reins.arm(std::iter::once(&**self.fault.lock().await)).first().cloned();
        let Some(entry) = entry else { return Err(Error::new("it was undone before it was injected")) };
        let hold = cx.hold.map(|hold| hold.saturating_sub(self.offset));
        let part = self.reins.cx(cx, 0, cx.held, hold);
        let (fault, reins, offset) = (self.fault.clone(), self.reins.clone(), self.offset);
        self.reins.work(async move {
            reins.rest(offset).await?;
            let mut fault = fault.lock().await;
            reins.inject(&mut **fault, &entry, &part).await
        });
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match self.reins.ended() {
            Some(Ended::Done) => self.fault.lock().await.evidence().await,
            Some(Ended::Failed(error)) => Ok(Evidence::never(error)),
            Some(Ended::Stopped) => Ok(Evidence::never("it was undone before it began")),
            None => Ok(Evidence::none(format!("begins after {}", display::duration(self.offset))).with_more_to_come()),
        }
    }

    fn confirm_within(&self) -> Option<Duration> {
        Some(self.offset + self.confirm_within)
    }

    fn lasts(&self) -> bool {
        self.lasts
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        match self.reins.end().await {
            Ended::Done => {}
            Ended::Failed(error) => return Err(Error::new(error)),
            Ended::Stopped => return Err(Error::new("it was undone before it began")),
        }
        let mut fault = self.fault.lock().await;
        let evidence = confirm(&mut **fault, &self.reins, &self.cx).await?;
        if !evidence.is_seen() {
            let within = display::duration(confirm_within(&**fault, &self.cx));
            return Ok(Some(Evidence::none(format!("not confirmed within {within}: {}", evidence.text()))));
        }
        self.lasts = fault.lasts();
        Ok(Some(fault.completion().await?.unwrap_or(evidence)))
    }
}

impl<F: Held> Held for Delayed<F> {}
impl<F: OneShot> OneShot for Delayed<F> {}

impl<F: Fault> fmt::Debug for Delayed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delayed").field(&self.describe()).finish()
    }
}
