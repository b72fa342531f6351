//! `cargo chaos export`, by its binary, from planted journals to receivers: a real Prometheus, and small HTTP servers
//! that take down what they get.

mod command;
mod dashboard;
mod delivery;
mod grafana;
mod openmetrics;
mod otlp_messages;
mod planted;
mod prometheus;
mod receiver;
mod remote_write;
