//! Named points in production code, at which chaos tests inject faults.
//!
//! ```
//! use std::io;
//! use chaos_point::point;
//!
//! async fn read(key: &str) -> io::Result<Vec<u8>> {
//!     point!(async "cache.read", why => return Err(io::Error::other(why)));
//!     Ok(key.as_bytes().to_vec())
//! }
//! ```
//!
//! Without the feature `active`, [`point!`] expands to an empty block: no code, no data, no dependency. The feature is
//! switched on by chaos-runtime's feature `points`, a dev-dependency of the crate that has the tests; cargo leaves it off
//! in every other build. A test then says what happens at a point:
//!
//! ```text
//! let points = Points::new();
//! chaos.load(op(move |_| points.scope(service.get("key")))).await?;
//! chaos.inject(points.at("cache.read").fail("connection lost").share(percent(20))).hold(secs(5)).await?;
//! ```
//!
//! Points belong to the task that passes them, not to the process: tests that run in parallel don't see each other's.
//! A task that code spawns inherits them only if it says so: `tokio::spawn(inherit(async { … }))`.

#[cfg(feature = "active")]
mod active;
#[cfg(feature = "active")]
mod scope;

#[cfg(feature = "active")]
#[doc(hidden)]
pub use active::{__pass, __pass_async};
#[cfg(feature = "active")]
pub use active::{Point, Registry, passed_outside};
#[cfg(feature = "active")]
pub use scope::{Scope, inherit, inherit_blocking, run, scope};

/// Whether points do anything in this build.
pub const ACTIVE: bool = cfg!(feature = "active");

/// A point at which a test can inject a fault. The name is a literal; several points may share one.
///
/// ```
/// # use chaos_point::point;
/// # use std::io;
/// fn write(row: u32) -> io::Result<u32> {
///     point!("db.write");                                              // may be slow, may panic
///     point!("db.write.row" => return Err(io::ErrorKind::TimedOut.into())); // may fail too
///     point!("db.commit", why => return Err(io::Error::other(why)));   // with the test's words, a `String`
///     Ok(row)
/// }
///
/// async fn read() {
///     point!(async "db.read"); // waits without blocking the thread; has all three forms
/// }
/// # write(1).unwrap();
/// ```
///
/// What follows `=>` runs if the test lets the point fail: `return`, `break`, `continue`, a call, a block. The form
/// without `async` blocks its thread for as long as a delay takes, as slow code in its place would.
#[cfg(feature = "active")]
#[macro_export]
macro_rules! point {
    ($name:literal) => {{
        $crate::__pass($name, false);
    }};
    ($name:literal => $fail:expr) => {{
        if $crate::__pass($name, true).is_some() {
            $fail;
        }
    }};
    ($name:literal, $why:ident => $fail:expr) => {{
        if let Some($why) = $crate::__pass($name, true) {
            $fail;
        }
    }};
    (async $name:literal) => {{
        $crate::__pass_async($name, false).await;
    }};
    (async $name:literal => $fail:expr) => {{
        if $crate::__pass_async($name, true).await.is_some() {
            $fail;
        }
    }};
    (async $name:literal, $why:ident => $fail:expr) => {{
        if let Some($why) = $crate::__pass_async($name, true).await {
            $fail;
        }
    }};
}

/// A point at which a test can inject a fault: nothing in this build, as the feature `active` is off.
///
/// ```
/// # use chaos_point::point;
/// # use std::io;
/// fn write(row: u32) -> io::Result<u32> {
///     point!("db.write");                                              // may be slow, may panic
///     point!("db.write.row" => return Err(io::ErrorKind::TimedOut.into())); // may fail too
///     point!("db.commit", why => return Err(io::Error::other(why)));   // with the test's words, a `String`
///     Ok(row)
/// }
///
/// async fn read() {
///     point!(async "db.read"); // waits without blocking the thread; has all three forms
/// }
/// # write(1).unwrap();
/// ```
///
/// What follows `=>` runs if the test lets the point fail: `return`, `break`, `continue`, a call, a block. The form
/// without `async` blocks its thread for as long as a delay takes, as slow code in its place would.
#[cfg(not(feature = "active"))]
#[macro_export]
macro_rules! point {
    // The same forms as in an active build, so that a mistake shows in both.
    ($name:literal) => {{}};
    ($name:literal => $fail:expr) => {{}};
    ($name:literal, $why:ident => $fail:expr) => {{}};
    (async $name:literal) => {{}};
    (async $name:literal => $fail:expr) => {{}};
    (async $name:literal, $why:ident => $fail:expr) => {{}};
}

/// The future, with the points of the task that calls this: `tokio::spawn(inherit(future))`. The future itself in this
/// build, as the feature `active` is off.
#[cfg(not(feature = "active"))]
#[inline(always)]
pub fn inherit<F>(future: F) -> F {
    future
}

/// The closure, with the points of the task that calls this: `spawn_blocking(inherit_blocking(work))`. The closure itself
/// in this build, as the feature `active` is off.
#[cfg(not(feature = "active"))]
#[inline(always)]
pub fn inherit_blocking<F>(work: F) -> F {
    work
}
