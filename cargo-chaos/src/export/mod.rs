//! Runs for other programs: spans and series made of journals, and the ways in which they leave.
//!
//! ```text
//! journals ─ select ─► Experiment ─┬─ series (load, probe, timeline, outcome) ─┬─► OpenMetrics
//!                     (identity)   │                                           ├─► remote write
//!                                  │                                           └─► OTLP /v1/metrics
//!                                  ├─ trace ──────────────────────────────────────► OTLP /v1/traces
//!                                  └─ annotation ─────────────────────────────────► Grafana
//! ```
//!
//! All is a pure function of the journal, ids included, so whatever is exported twice is the same both times.

mod annotation;
mod delivery;
mod grafana;
mod http;
mod identity;
mod load;
mod metric;
mod openmetrics;
mod otlp;
mod outcome;
mod probe;
mod remote_write;
mod select;
mod series;
mod timeline;
mod trace;

pub(crate) use delivery::{Delivery, Summary};
pub(crate) use http::{Client, Credentials, Endpoint};
pub(crate) use identity::Origin;
pub(crate) use otlp::{Encoding, Otlp};
pub(crate) use select::Selection;
pub(crate) use {grafana::Grafana, openmetrics::OpenMetrics, remote_write::RemoteWrite};
