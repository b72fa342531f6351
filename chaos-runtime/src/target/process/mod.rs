//! Child processes behind a stable address: killed, paused and restarted, and never left behind.
//!
//! ```no_run
//! # async fn body(chaos: &mut chaos_runtime::Chaos) -> chaos_runtime::Result {
//! # use std::process::Command;
//! let worker = chaos.process(Command::new("worker").arg("--port=0")).await?;
//! println!("{} as process {:?}", worker.url("/work"), worker.pid());
//! let kill = worker.kill().restart_after(std::time::Duration::from_secs(1));
//! # let _ = kill; Ok(()) }
//! ```
//!
//! A child runs in a process group of its own, carries a mark in its environment that its descendants
//! inherit, and its end is written to the rollback ledger before it is started. On Linux it also dies
//! with the thread that started it, so not even a SIGKILL of the test leaves it behind.

mod bin;
mod builder;
#[cfg(target_os = "linux")]
pub(crate) mod cgroup;
pub(crate) mod clock;
mod forward;
mod handle;
mod listening;
mod owner;
mod readiness;
mod status;

pub use crate::target::Signal;
pub use bin::bin;
pub use builder::{ProcessBuilder, Ready};
#[cfg(target_os = "linux")]
pub(crate) use clock::Clock;
pub use handle::Process;
pub(crate) use status::Status;
