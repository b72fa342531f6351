//! Containers as targets (feature `docker`): started by testcontainers, or adopted while they run.
//!
//! ```no_run
//! # async fn body(chaos: &mut chaos_runtime::Chaos) -> chaos_runtime::Result {
//! use chaos_runtime::prelude::*;
//! use chaos_runtime::testcontainers::{GenericImage, core::WaitFor};
//!
//! let redis = GenericImage::new("redis", "7").with_wait_for(WaitFor::message_on_stdout("Ready to accept connections"));
//! let redis = chaos.container(redis).await?;
//! println!("{}", redis.addr(6379).await?); // stays the same through restarts
//! chaos.inject(redis.pause()).hold(secs(5)).await?;
//! # Ok(()) }
//! ```
//!
//! **Nothing stays.** Before anything is made, the rollback ledger has it on disk that all that carries the
//! experiment's label is to be removed: containers, networks, volumes, helpers. That holds for a SIGKILL too, without a
//! privileged companion.
//!
//! **Addresses are stable.** An engine gives a container new ports when it starts again;
//! [`Container::addr`] is that of our proxy in front, which follows.
//!
//! **Which engine** is decided as testcontainers does: `DOCKER_HOST`, else the usual sockets.
//! Images are the ones that you name, unless `[images]` in [`chaos.toml`](crate::config) names others.

mod address;
mod adopt;
mod control;
mod engine;
mod exec;
mod files;
mod handle;
mod helper;
mod label;
mod network;
mod orphans;
mod removal;
mod reuse;
mod select;
mod session;
mod start;
mod state;
mod undo;
mod watch;

pub use adopt::{Selector, compose, label, name};
pub(crate) use engine::Engine as EngineHandle;
pub(crate) use files::write as write_file;
pub use handle::Container;
pub(crate) use helper::{FILLING, Helper, IMAGE as HELPER_IMAGE};
pub use network::Network;
pub use orphans::{Orphan, OrphanKind, orphans, remove_orphan};
pub use select::Containers;
pub(crate) use session::Containment;
pub use start::StartContainer;
pub(crate) use state::State;
pub(crate) use undo::undo;
