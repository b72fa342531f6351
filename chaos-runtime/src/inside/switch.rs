//! The set of faults that are on.

use super::draw::Draw;
use super::tally::Tally;
use crate::units::Percent;
use crate::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, PoisonError, RwLock};

/// Faults of kind `H`, oldest first. While there is none, looking costs one atomic load.
#[derive(Debug)]
pub(super) struct Switch<H> {
    on: AtomicBool,
    active: RwLock<Arc<[Active<H>]>>,
}

/// A fault that is on.
#[derive(Debug)]
pub(super) struct Active<H> {
    pub(super) harm: H,
    pub(super) share: Percent,
    pub(super) draw: Draw,
    pub(super) tally: Arc<Tally>,
}

impl<H: Clone> Clone for Active<H> {
    fn clone(&self) -> Self {
        Self { harm: self.harm.clone(), share: self.share, draw: self.draw, tally: self.tally.clone() }
    }
}

impl<H> Default for Switch<H> {
    fn default() -> Self {
        Self { on: AtomicBool::new(false), active: RwLock::new(Arc::new([])) }
    }
}

impl<H: Clone> Switch<H> {
    /// The faults that are on, if there is one.
    pub(super) fn active(&self) -> Option<Arc<[Active<H>]>> {
        if !self.is_on() {
            return None;
        }
        Some(self.active.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Acquire)
    }

    /// Sets a fault, for everything that comes from now on.
    pub(super) fn set(&self, fault: Active<H>) -> Result<()> {
        self.change(|active| {
            if fault.tally.is_cleared() {
                return Err(Error::new("the fault was undone before it was injected").help("make a new one"));
            }
            if active.iter().any(|other| Arc::ptr_eq(&other.tally, &fault.tally)) {
                return Err(Error::new("the fault is on already").help("make another one for a second injection"));
            }
            active.push(fault);
            Ok(())
        })
    }

    /// Ends a fault, for what waits in it too. Ending it twice, or before it was set, is fine.
    pub(super) fn clear(&self, tally: &Arc<Tally>) {
        self.change(|active| {
            active.retain(|other| !Arc::ptr_eq(&other.tally, tally));
            tally.clear();
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Active<H>>) -> T) -> T {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = active.to_vec();
        let result = change(&mut next);
        self.on.store(!next.is_empty(), Release);
        *active = next.into();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::percent;

    #[test]
    fn it_is_on_while_a_fault_is_set() {
        let switch = Switch::default();
        let fault = |harm| Active { harm, share: percent(100), draw: Draw::new(1), tally: Tally::new() };
        let (a, b) = (fault('a'), fault('b'));
        assert!(switch.active().is_none());
        switch.set(a.clone()).unwrap();
        switch.set(b.clone()).unwrap();
        let on: String = switch.active().unwrap().iter().map(|fault| fault.harm).collect();
        assert_eq!(on, "ab");
        assert!(switch.set(b.clone()).unwrap_err().message().contains("on already"));
        switch.clear(&a.tally);
        switch.clear(&a.tally);
        assert_eq!(switch.active().unwrap().len(), 1);
        switch.clear(&b.tally);
        assert!(switch.active().is_none());
        assert!(switch.set(b).unwrap_err().message().contains("undone before"), "a late injection stays off");
    }
}
