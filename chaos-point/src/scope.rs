//! Whose points a task passes.

use super::active::Registry;
use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn Registry>>> = const { RefCell::new(None) };
}

/// The registry of what runs on this thread now. None while the thread ends.
pub(super) fn current() -> Option<Arc<dyn Registry>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Runs code with a registry, and leaves the one that was before as it was, even on a panic.
fn with<T>(registry: Option<Arc<dyn Registry>>, code: impl FnOnce() -> T) -> T {
    struct Before(Option<Arc<dyn Registry>>);
    impl Drop for Before {
        fn drop(&mut self) {
            let _ = CURRENT.try_with(|current| current.replace(self.0.take()));
        }
    }
    let _before = Before(CURRENT.try_with(|current| current.replace(registry)).ok().flatten());
    code()
}

/// A future whose points are asked of one registry, on whichever thread it is polled.
#[must_use = "futures do nothing unless awaited"]
pub struct Scope<F> {
    registry: Option<Arc<dyn Registry>>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let registry = self.registry.clone();
        with(registry, || self.future.as_mut().poll(cx))
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("is_set", &self.registry.is_some()).finish_non_exhaustive()
    }
}

/// The future, with its points asked of `registry`. For test libraries.
pub fn scope<F: Future>(registry: Arc<dyn Registry>, future: F) -> Scope<F> {
    Scope { registry: Some(registry), future: Box::pin(future) }
}

/// Runs `work` with its points asked of `registry`. For test libraries.
pub fn run<T>(registry: Arc<dyn Registry>, work: impl FnOnce() -> T) -> T {
    with(Some(registry), work)
}

/// The future, with the points of the task that calls this: `tokio::spawn(inherit(future))`.
pub fn inherit<F: Future>(future: F) -> Scope<F> {
    Scope { registry: current(), future: Box::pin(future) }
}

/// The closure, with the points of the task that calls this: `spawn_blocking(inherit_blocking(work))`.
pub fn inherit_blocking<T, F: FnOnce() -> T>(work: F) -> impl FnOnce() -> T + use<T, F> {
    let registry = current();
    move || with(registry, work)
}
