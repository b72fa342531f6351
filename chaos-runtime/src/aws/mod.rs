//! AWS accounts as targets (feature `aws`): FIS experiments, failovers of Aurora, CloudWatch as a witness.
//!
//! ```no_run
//! # async fn body(chaos: &mut chaos_runtime::Chaos) -> chaos_runtime::Result {
//! let aws = chaos.aws().await?; // refuses every account that the profile does not list
//! println!("{} in {}", aws.account(), aws.region());
//! # Ok(()) }
//! ```
//!
//! Nothing is harmed unless `[profile.<profile>.aws]` in [`chaos.toml`](crate::config#aws) allows it. These are asked,
//! in this order, and the first that says no ends the test before any call that changes something:
//!
//! | guard rail | refuses |
//! |---|---|
//! | kill switch | while its file exists, `CHAOS_KILL_SWITCH` is set, or the safety lever of FIS is engaged |
//! | production | a profile named like production without `CHAOS_ALLOW_PRODUCTION=<profile>` |
//! | region | an environment that names another region, targets of another one |
//! | endpoints | a mixture of emulator and AWS, and the one where the other is meant |
//! | account | credentials of an account that is not listed, targets of another one |
//! | duration | faults that last longer than `max_duration` |
//! | tag | targets that do not carry the required tag |
//! | stop alarms | alarms that are missing, ring, or have no data |
//! | others | while another FIS experiment is active in the account |
//! | lease | clusters on which another pipeline has a lease |
//!
//! Everything that is made carries tags with its run, test, owner and expiry. What a run that was killed has left is
//! ended by its watchdog, by the next run, and by [`sweep`].

pub mod cloudwatch;
mod ec2;
mod endpoints;
mod error;
pub mod fis;
mod guard;
mod handle;
pub mod iam;
mod look;
mod session;
mod sweep;
mod tags;
mod undo;

#[allow(unused_imports, reason = "for Aurora")]
pub(crate) use error::refused;
#[allow(unused_imports, reason = "for Aurora")]
pub(crate) use guard::{Harm, Lease, Permit, Tagged};
pub use handle::Aws;
pub(crate) use look::Look;
pub(crate) use session::{Access, Session, caller, credentials};
pub use sweep::{Orphan, OrphanKind, Swept, orphans, sweep};
pub(crate) use undo::{run as undo, undo_here};
