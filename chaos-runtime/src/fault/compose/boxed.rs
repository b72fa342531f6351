//! Faults of different types in one list.

use crate::Result;
use crate::fault::{DynFault, EndsByItself, EndsByUndo, Erased, Evidence, Fault, Held, InjectCx, KnownEnd, OneShot};
use crate::rollback::Undo;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// A fault of any type, so that several fit into a `Vec`: `parallel(vec![BoxedFault::held(a), BoxedFault::held(b)])`.
#[must_use = "a fault does nothing until it is injected"]
pub struct BoxedFault<End> {
    fault: Box<dyn DynFault>,
    end: PhantomData<fn() -> End>,
}

impl BoxedFault<EndsByUndo> {
    /// One that lasts until it is undone.
    pub fn held(fault: impl Held) -> Self {
        Self { fault: Box::new(Erased(fault)), end: PhantomData }
    }
}

impl BoxedFault<EndsByItself> {
    /// One that ends by itself.
    pub fn one_shot(fault: impl OneShot) -> Self {
        Self { fault: Box::new(Erased(fault)), end: PhantomData }
    }
}

impl<End: KnownEnd> Fault for BoxedFault<End> {
    fn describe(&self) -> String {
        self.fault.describe()
    }

    fn target(&self) -> String {
        self.fault.target()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.fault.prepare(cx.clone()).await
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        self.fault.preview(cx.clone()).await
    }

    fn undo(&self) -> Undo {
        self.fault.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.fault.inject(cx.clone()).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        self.fault.evidence().await
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.fault.confirm_within()
    }

    fn lasts(&self) -> bool {
        self.fault.lasts()
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        self.fault.completion().await
    }
}

impl Held for BoxedFault<EndsByUndo> {}
impl OneShot for BoxedFault<EndsByItself> {}

impl<End> fmt::Debug for BoxedFault<End> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoxedFault").field(&self.fault.describe()).finish()
    }
}
