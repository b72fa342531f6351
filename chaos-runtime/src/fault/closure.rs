//! Faults of your own, from closures.

use super::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::Result;
use crate::error::Error;
use crate::rollback::Undo;
use futures_util::future::BoxFuture;
use std::error::Error as StdError;
use std::future::Future;
use std::marker::PhantomData;

/// A fault that the library does not know.
///
/// `inject` does the harm. It is called once, and may be an async closure, a closure that returns a
/// future, or an ordinary one (which runs on a thread for blocking work). It returns nothing or a
/// `Result`. Such a fault can be injected once it says how it ends: by [`undo`](ClosureFault::undo),
/// or by itself, with [`one_shot`](ClosureFault::one_shot).
///
/// ```
/// use chaos_runtime::{fault::{fault, Fault}, rollback::Undo};
///
/// let full = fault("fill the disk", || std::fs::write("/var/tmp/filler", vec![0; 4096]))
///     .undo(Undo::remove("/var/tmp/filler"))
///     .target("disk /var/tmp")
///     .confirm(async || std::path::Path::new("/var/tmp/filler").exists());
/// assert_eq!(full.describe(), "fill the disk");
/// ```
pub fn fault<F, Kind>(what: impl Into<String>, inject: F) -> ClosureFault<EndUnknown>
where
    F: InjectFn<Kind>,
{
    let what = what.into();
    ClosureFault {
        target: what.clone(),
        what,
        inject: Some(Box::new(move || inject.call())),
        confirm: None,
        undo: Undo::nothing(),
        succeeded: false,
        end: PhantomData,
    }
}

/// See [`fault`]. `End` says how it ends: [`EndUnknown`], [`EndsByUndo`] or [`EndsByItself`].
#[must_use = "a fault does nothing until it is injected"]
pub struct ClosureFault<End> {
    what: String,
    target: String,
    inject: Option<Box<dyn FnOnce() -> BoxFuture<'static, Result<()>> + Send>>,
    confirm: Option<Box<dyn Fn() -> BoxFuture<'static, Result<Evidence>> + Send + Sync>>,
    undo: Undo,
    succeeded: bool,
    end: PhantomData<fn() -> End>,
}

/// Nothing was said yet about the end of a fault: it can't be injected.
#[derive(Debug)]
pub enum EndUnknown {}

/// A fault that lasts until its undo.
#[derive(Debug)]
pub enum EndsByUndo {}

/// A fault that ends by itself.
#[derive(Debug)]
pub enum EndsByItself {}

impl<End> ClosureFault<End> {
    /// What it harms, for reports. Undos of one target run one after the other. Default: its name.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// How to see that the harm bites: a closure, async or not, that returns a `bool` or an
    /// [`Evidence`], or a `Result` of one. Asked repeatedly until it is so, so it must not block.
    ///
    /// Without it the closure's success is all the evidence there is, and the report says so.
    pub fn confirm<C, Kind>(mut self, confirm: C) -> Self
    where
        C: ConfirmFn<Kind>,
    {
        self.confirm = Some(Box::new(move || confirm.call()));
        self
    }

    fn ending<Other>(self) -> ClosureFault<Other> {
        let Self { what, target, inject, confirm, undo, succeeded, .. } = self;
        ClosureFault { what, target, inject, confirm, undo, succeeded, end: PhantomData }
    }
}

impl ClosureFault<EndUnknown> {
    /// How the harm ends. Written to disk before the harm is done, and replayed after a crash.
    pub fn undo(mut self, undo: Undo) -> ClosureFault<EndsByUndo> {
        self.undo = undo;
        self.ending()
    }

    /// The harm ends by itself and leaves nothing behind.
    pub fn one_shot(self) -> ClosureFault<EndsByItself> {
        self.ending()
    }
}

impl ClosureFault<EndsByUndo> {
    /// The harm ends by itself; the undo only cleans up.
    pub fn one_shot(self) -> ClosureFault<EndsByItself> {
        self.ending()
    }
}

impl Held for ClosureFault<EndsByUndo> {}
impl OneShot for ClosureFault<EndsByItself> {}

/// How a [`ClosureFault`] that can be injected ends.
#[diagnostic::on_unimplemented(
    message = "nothing says how this fault ends",
    label = "needs an end before it can be injected",
    note = "add `.undo(Undo::…)`, or `.one_shot()` if the harm ends by itself"
)]
pub trait KnownEnd: 'static {}
impl KnownEnd for EndsByUndo {}
impl KnownEnd for EndsByItself {}

impl<End: KnownEnd> Fault for ClosureFault<End> {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    fn undo(&self) -> Undo {
        self.undo.clone()
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let Some(inject) = self.inject.take() else {
            return Err(Error::new(format!("`{}` was injected before", self.what)));
        };
        inject().await?;
        self.succeeded = true;
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &self.confirm {
            Some(confirm) => confirm().await,
            None if self.succeeded => Ok(Evidence::seen("reported by the fault itself: its closure succeeded")),
            None => Ok(Evidence::none("its closure has not succeeded")),
        }
    }
}

/// Closures that inject a fault: `FnOnce() -> R` or `FnOnce() -> impl Future<Output = R>`, where `R` is
/// `()` or a `Result` with any error.
///
/// `Kind` keeps the two apart and is inferred.
#[diagnostic::on_unimplemented(
    message = "this can't inject a fault",
    label = "must be a `Send` closure without arguments that returns `()` or a `Result`, or a future of one",
    note = "let the closure own what it uses: `move || …`, `async move || …`"
)]
pub trait InjectFn<Kind>: Send + 'static {
    #[doc(hidden)]
    fn call(self) -> BoxFuture<'static, Result<()>>;
}

/// Closures that confirm a fault: `Fn() -> R` or `Fn() -> impl Future<Output = R>`, where `R` is `bool`,
/// [`Evidence`], or a `Result` of one with any error.
#[diagnostic::on_unimplemented(
    message = "this can't confirm a fault",
    label = "must be a `Send + Sync` closure without arguments that returns `bool`, `Evidence`, or a `Result` or future of one"
)]
pub trait ConfirmFn<Kind>: Send + Sync + 'static {
    #[doc(hidden)]
    fn call(&self) -> BoxFuture<'static, Result<Evidence>>;
}

#[doc(hidden)]
#[derive(Debug)]
pub enum Blocking {}

#[doc(hidden)]
#[derive(Debug)]
pub enum Async {}

impl<F, R> InjectFn<Blocking> for F
where
    F: FnOnce() -> R + Send + 'static,
    R: Injected + Send + 'static,
{
    fn call(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            match tokio::task::spawn_blocking(self).await {
                Ok(injected) => injected.into_result(),
                Err(error) => match error.try_into_panic() {
                    // As in an async closure: a panic is the test's.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(error) => Err(Error::new("the fault's closure was cancelled").caused_by(error)),
                },
            }
        })
    }
}

impl<F, Fut> InjectFn<Async> for F
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output: Injected> + Send + 'static,
{
    fn call(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move { self().await.into_result() })
    }
}

impl<F, R> ConfirmFn<Blocking> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Confirmed,
{
    fn call(&self) -> BoxFuture<'static, Result<Evidence>> {
        let evidence = self().into_evidence();
        Box::pin(std::future::ready(evidence))
    }
}

impl<F, Fut> ConfirmFn<Async> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Confirmed> + Send + 'static,
{
    fn call(&self) -> BoxFuture<'static, Result<Evidence>> {
        let confirming = self();
        Box::pin(async move { confirming.await.into_evidence() })
    }
}

/// What a closure that injects may return: `()` or a `Result`.
pub trait Injected {
    #[doc(hidden)]
    fn into_result(self) -> Result<()>;
}

impl Injected for () {
    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Injected for Result<T, E> {
    fn into_result(self) -> Result<()> {
        self.map(drop).map_err(|error| Error::from_body(error.into()))
    }
}

/// What a closure that confirms may return: `bool`, [`Evidence`], or a `Result` of one.
pub trait Confirmed {
    #[doc(hidden)]
    fn into_evidence(self) -> Result<Evidence>;
}

impl Confirmed for Evidence {
    fn into_evidence(self) -> Result<Evidence> {
        Ok(self)
    }
}

impl Confirmed for bool {
    fn into_evidence(self) -> Result<Evidence> {
        Ok(if self { Evidence::seen("confirmed by its own check") } else { Evidence::none("its own check says no") })
    }
}

impl<C: Confirmed, E: Into<Box<dyn StdError + Send + Sync>>> Confirmed for Result<C, E> {
    fn into_evidence(self) -> Result<Evidence> {
        self.map_err(|error| Error::from_body(error.into()))?.into_evidence()
    }
}

#[cfg(test)]
#[path = "closure_tests.rs"]
mod tests;
