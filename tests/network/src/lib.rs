//! What the end-to-end tests of the proxy share: servers and clients that are not ours, run as child processes with
//! configurations of their own, and the means to count what is left behind.

#![cfg(target_os = "linux")]

pub mod binomial;
pub mod crowd;
pub mod curl;
pub mod fault;
pub mod nginx;
pub mod pattern;
pub mod place;
pub mod postgres;
pub mod program;
pub mod redis;
pub mod resources;
