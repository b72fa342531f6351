//! What the end-to-end tests on containers have in common.

pub mod accounts;
pub mod engine;
pub mod found;
pub mod images;
pub mod redis;
#[cfg(unix)]
pub mod relay;
