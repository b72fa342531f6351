//! A cluster in an AWS account, harmed through the RDS API.
//!
//! - `cluster`: [`Cluster`], what the handle needs of it
//! - `api`: the calls that only look, and what is refused; `order`: those that do harm
//! - `seen`: what RDS says of a cluster at a moment
//! - `preflight`: what must be so before anything is asked for
//! - `progress`, `watch`: how far it has come, looked at again and again
//! - `course`: the fault from the order to the writes that succeed again
//! - `events`: what RDS tells of it in words
//! - `writes`: the load's operations as the sign that writes succeed

mod api;
mod cluster;
mod course;
mod events;
mod order;
mod preflight;
mod progress;
mod seen;
mod watch;
mod writes;

pub(super) use cluster::{Cluster, Member};
pub(super) use course::Course;
pub(super) use order::Call;

use std::time::Duration;

/// How long it may take until RDS shows that something happens. Orders are carried out some seconds after they were
/// taken.
pub(super) const CONFIRM_WITHIN: Duration = Duration::from_secs(90);

/// The pause between two looks. RDS throttles whoever asks much more often.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a failover or a reboot may take. Half a minute is usual, and two are known.
const LIMIT: Duration = Duration::from_secs(300);
