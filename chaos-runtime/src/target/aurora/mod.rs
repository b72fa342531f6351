//! Aurora clusters as targets (features `docker`, `aws`): a writer and readers behind endpoints.
//!
//! ```no_run
//! # async fn body(chaos: &mut chaos_runtime::Chaos) -> chaos_runtime::Result {
//! use chaos_runtime::prelude::*;
//!
//! let aurora = chaos.aurora("payments").readers(2).await?;
//! println!("{} {}", aurora.writer_url(), aurora.reader_url());
//! chaos.inject(aurora.failover().promotion_time(secs(5))).await?;
//! # Ok(()) }
//! ```
//!
//! ```text
//! cluster endpoint ─► instance endpoint ─► payments-1 (writer)
//!                                              │ streaming replication
//! reader endpoint ──► instance endpoints ─► payments-2, payments-3
//! ```
//!
//! Every arrow on the left is one of our proxies: its address stays, an open connection stays where it is, and new ones
//! go where the endpoint points, as with Aurora's names in DNS. What Aurora's shared storage does is imitated by
//! streaming replication:
//!
//! | | Aurora | here |
//! |---|---|---|
//! | [failover](Aurora::failover) | loses no acknowledged commit | the writer ends when its readers have everything |
//! | [crash of the writer](Aurora::crash_writer) | loses no acknowledged commit | none if [synchronous](StartAurora::synchronous); else those that no reader had, as with a global database or a replica across regions |
//! | readers | show a commit after some 20 ms | the same order; more with a [lag](Aurora::replication_lag) |
//!
//! There the servers are containers of the public image `postgres:17`, or of one that keeps to its contract: `image` in
//! [`chaos.toml`](crate::config). What they store does not outlive the experiment.
//!
//! In a profile where `chaos.toml` names a real cluster (feature `aws`), the same handle speaks of that one, and its faults
//! are calls of the RDS API:
//!
//! | fault | in containers | in an account |
//! |---|---|---|
//! | [`Aurora::failover`] | the writer ends in order, a reader is promoted | `FailoverDBCluster` |
//! | [`Aurora::reboot_writer`] | the writer's server is restarted | `RebootDBInstance` |
//! | [`Aurora::crash_writer`], [`Aurora::replication_lag`], [`Aurora::lose_reader`] | yes | refused before anything is touched |
//!
//! - `builder`: [`StartAurora`], what is asked for
//! - `handle`, `instance`: [`Aurora`], [`Instance`], what the body of an experiment holds
//! - `failover`, `reboot`, `lag`, `loss`: the faults as they are asked for; `work`: what they become on either place
//! - `until`: writes of the user's own, by which a failover is over
//! - `place`: where a cluster is; `local`: in containers; `rds`: in an account
//! - `login`: the URLs

mod builder;
mod failover;
mod handle;
mod instance;
mod lag;
#[cfg(feature = "docker")]
mod local;
mod login;
mod loss;
mod place;
#[cfg(feature = "aws")]
mod rds;
mod reboot;
mod until;
mod work;

pub use builder::StartAurora;
pub use failover::Failover;
pub use handle::Aurora;
pub use instance::Instance;
pub use lag::ReplicationLag;
pub use loss::{LoseReader, Restarts, StaysAway};
pub use reboot::RebootWriter;
