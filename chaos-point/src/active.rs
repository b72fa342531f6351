//! Passing a point.

use super::scope::current;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

/// Points that were passed where no registry was.
static OUTSIDE: AtomicU64 = AtomicU64::new(0);

/// A point that is being passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Point {
    /// Its name.
    pub name: &'static str,
    /// Whether it says what happens if it fails.
    pub can_fail: bool,
}

/// Says what happens at points. Written by test libraries; chaos-runtime's is `Points`.
pub trait Registry: Send + Sync + 'static {
    /// Code passes a point. May block for a delay, and may panic. `Some` lets the point fail, with the reason.
    fn pass(&self, point: Point) -> Option<String>;

    /// The same for async code: the delay and the panic are the future's.
    fn pass_async(&self, point: Point) -> Pin<Box<dyn Future<Output = Option<String>> + Send>>;
}

/// How often any point was passed outside all scopes of this process so far: a hint at a task that inherits nothing.
pub fn passed_outside() -> u64 {
    OUTSIDE.load(Relaxed)
}

#[doc(hidden)]
pub fn __pass(name: &'static str, can_fail: bool) -> Option<String> {
    match current() {
        Some(registry) => registry.pass(Point { name, can_fail }),
        None => {
            OUTSIDE.fetch_add(1, Relaxed);
            None
        }
    }
}

#[doc(hidden)]
pub fn __pass_async(name: &'static str, can_fail: bool) -> Passing {
    match current() {
        Some(registry) => Passing(Some(registry.pass_async(Point { name, can_fail }))),
        None => {
            OUTSIDE.fetch_add(1, Relaxed);
            Passing(None)
        }
    }
}

/// Passes a point; at once without a registry.
#[doc(hidden)]
#[must_use = "a point is passed by `.await`"]
pub struct Passing(Option<Pin<Box<dyn Future<Output = Option<String>> + Send>>>);

impl Future for Passing {
    type Output = Option<String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>> {
        match &mut self.0 {
            Some(passing) => passing.as_mut().poll(cx),
            None => Poll::Ready(None),
        }
    }
}

impl std::fmt::Debug for Passing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passing")
    }
}
