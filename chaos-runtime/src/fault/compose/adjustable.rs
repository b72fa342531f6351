//! Faults with a parameter that can be changed while they are on.

use super::Gradual;
use crate::Result;
use crate::error::Error;
use crate::fault::{ConfirmFn, EndUnknown, EndsByUndo, Evidence, Fault, Held, InjectCx, Injected};
use crate::rollback::Undo;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

/// A held fault with a parameter that can be changed while it is on: what [`ramp`](super::FaultExt::ramp) moves.
pub trait Adjustable: Held {
    /// The parameter, with its unit.
    type Value: Gradual;

    /// Sets the parameter. Before the injection: what it will be injected with. While it is on: the harm changes at once,
    /// and nothing of the harm is let go of in between.
    fn set(&mut self, value: Self::Value) -> impl Future<Output = Result<()>> + Send;
}

/// A fault of your own with a parameter: `set` does the harm with a value, and is called again for each value that a
/// [`ramp`](super::FaultExt::ramp) comes to.
///
/// ```
/// # use chaos_runtime::prelude::*;
/// # use std::sync::{Arc, Mutex};
/// # let queue = Arc::new(Mutex::new(0));
/// let limited = fault_with("limit the queue", 1_000_u64, move |slots| {
///     let queue = queue.clone();
///     async move { *queue.lock().unwrap() = slots }
/// });
/// let shrinking = limited.undo(Undo::nothing()).ramp(1_000..=10, secs(30));
/// assert_eq!(shrinking.describe(), "limit the queue to 1000, moved from 1000 to 10 within 30 s");
/// ```
pub fn fault_with<V, S>(what: impl Into<String>, value: V, set: S) -> AdjustableFault<V, EndUnknown>
where
    V: Gradual,
    S: SetFn<V>,
{
    let what = what.into();
    AdjustableFault {
        target: what.clone(),
        what,
        value,
        set: Box::new(move |value| set.call(value)),
        confirm: None,
        undo: Undo::nothing(),
        on: false,
        end: PhantomData,
    }
}

/// See [`fault_with`].
#[must_use = "a fault does nothing until it is injected"]
pub struct AdjustableFault<V, End> {
    what: String,
    target: String,
    value: V,
    set: Box<dyn Fn(V) -> BoxFuture<'static, Result<()>> + Send + Sync>,
    confirm: Option<Box<dyn Fn() -> BoxFuture<'static, Result<Evidence>> + Send + Sync>>,
    undo: Undo,
    on: bool,
    end: PhantomData<fn() -> End>,
}

impl<V, End> AdjustableFault<V, End> {
    /// What it harms, for reports. Undos of one target run one after the other. Default: its name.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// How to see that the harm bites, as with [`fault`](crate::fault::fault).
    pub fn confirm<C, Kind>(mut self, confirm: C) -> Self
    where
        C: ConfirmFn<Kind>,
    {
        self.confirm = Some(Box::new(move || confirm.call()));
        self
    }
}

impl<V> AdjustableFault<V, EndUnknown> {
    /// How the harm ends, whatever the value is then. Written to disk before the harm is done.
    pub fn undo(self, undo: Undo) -> AdjustableFault<V, EndsByUndo> {
        let Self { what, target, value, set, confirm, on, .. } = self;
        AdjustableFault { what, target, value, set, confirm, undo, on, end: PhantomData }
    }
}

impl<V: Gradual> Fault for AdjustableFault<V, EndsByUndo> {
    fn describe(&self) -> String {
        format!("{} to {}", self.what, self.value.in_words())
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    fn undo(&self) -> Undo {
        self.undo.clone()
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.on {
            return Err(Error::new(format!("`{}` was injected before", self.what)));
        }
        self.on = true;
        (self.set)(self.value).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &self.confirm {
            Some(confirm) => confirm().await,
            None if self.on => Ok(Evidence::seen("reported by the fault itself: its closure succeeded")),
            None => Ok(Evidence::none("its closure was not called")),
        }
    }
}

impl<V: Gradual> Held for AdjustableFault<V, EndsByUndo> {}

impl<V: Gradual> Adjustable for AdjustableFault<V, EndsByUndo> {
    type Value = V;

    async fn set(&mut self, value: V) -> Result<()> {
        self.value = value;
        if self.on { (self.set)(value).await } else { Ok(()) }
    }
}

impl<V: fmt::Debug, End> fmt::Debug for AdjustableFault<V, End> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdjustableFault").field("what", &self.what).field("value", &self.value).finish_non_exhaustive()
    }
}

/// Closures that do harm with a value: `Fn(V) -> impl Future<Output = R>`, where `R` is `()` or a `Result` with any error.
#[diagnostic::on_unimplemented(
    message = "this can't set the parameter of a fault",
    label = "must be a `Send + Sync` closure of one argument that returns a future of `()` or of a `Result`",
    note = "say the argument's type, and let the future own what it uses: clone it before `async move`"
)]
pub trait SetFn<V>: Send + Sync + 'static {
    #[doc(hidden)]
    fn call(&self, value: V) -> BoxFuture<'static, Result<()>>;
}

impl<V, S, Fut> SetFn<V> for S
where
    S: Fn(V) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Injected> + Send + 'static,
{
    fn call(&self, value: V) -> BoxFuture<'static, Result<()>> {
        let setting = self(value);
        Box::pin(async move { setting.await.into_result() })
    }
}
