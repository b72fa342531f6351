//! CloudWatch: metrics as probes, alarms as gate and guard.
//!
//! ```no_run
//! # use chaos_runtime::prelude::*;
//! # async fn body(chaos: &mut Chaos, aws: chaos_runtime::aws::Aws) -> chaos::Result {
//! let cloudwatch = aws.cloudwatch();
//! let cpu = cloudwatch.metric("AWS/RDS", "CPUUtilization").dimension("DBClusterIdentifier", "orders");
//! chaos.probe("database cpu", cpu.maximum());                        // claims: probe("database cpu") < 90%
//! chaos.require(cloudwatch.alarm("orders-disk-full"));               // OK before any harm
//! chaos.abort_on(cloudwatch.alarm("orders-error-budget"));           // the same, and watched while there is harm
//! # Ok(()) }
//! ```
//!
//! Values of CloudWatch stand for periods and come minutes later; [`probe`](crate::probe) tells what that means for
//! claims. So experiments with them take minutes: mind `timeout = …`.

mod alarm;
mod alarm_state;
mod fetch;
mod handle;
mod metric;
mod statistic;
mod unit;
mod vanished;

pub use alarm::Alarm;
pub(crate) use alarm::watch_stop_alarms;
pub use handle::CloudWatch;
pub use metric::Metric;
pub use unit::Unit;
