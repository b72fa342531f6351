//! The suites, one file each.

mod closed;
mod dispatch;
mod journal;
mod memory;
mod open;
mod proxy;
mod recorder;
mod scale;
mod stall;

use crate::bench::Bench;
use crate::row::Row;

type Run = fn(&Bench) -> Result<Vec<Row>, String>;

/// All of them by name, with what they measure, in the order of the table.
pub(crate) const ALL: [(&str, &str, Run); 9] = [
    ("closed", "Closed loop over HTTP/1.1, driver on a core of its own", closed::run),
    ("open", "Open loop: what a server sees of the schedule, and what the driver costs", open::run),
    ("stall", "The stall test: a server stopped for 1 s of 10", stall::run),
    ("dispatch", "Dispatch: operations that do nothing", dispatch::run),
    ("recorder", "The recorder by itself", recorder::run),
    ("proxy", "The proxy: client and server on one core, the proxy on the other", proxy::run),
    ("journal", "Journal and reports of an hour at 10,000/s", journal::run),
    ("memory", "Peak memory against run length, at 10,000/s", memory::run),
    ("scale", "Cost against the rate that is asked for, and ten loads at once", scale::run),
];
