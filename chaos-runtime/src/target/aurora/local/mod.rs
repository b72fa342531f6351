//! A cluster of containers that behaves as Aurora does.
//!
//! - `cluster`: nodes, roles and endpoints
//! - `node`, `node.sh`: one server and its container
//! - `endpoint`, `login`: where clients connect, and our own way past that
//! - `session`, `replication`: our own connections, and what we say there
//! - `failover` with its `course`, `crash` and `outcome`; `restart`; `lag`; `loss`: what the faults do here
//! - `stage`: how far a failover or a restart has come

mod cluster;
mod course;
mod crash;
mod endpoint;
mod failover;
mod lag;
mod login;
mod loss;
mod node;
mod outcome;
mod replication;
mod restart;
mod session;
mod stage;

pub(super) use cluster::Cluster;
pub(super) use failover::Failover;
pub(super) use lag::Lag;
pub(super) use loss::Loss;
pub(super) use restart::Restart;

use std::time::Duration;

/// Where PostgreSQL listens.
const PORT: u16 = 5432;

/// How long a server may take to become ready, to end, or to follow another one. Machines that run tests are busy.
const LIMIT: Duration = Duration::from_secs(60);
