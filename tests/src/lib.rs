//! What the end-to-end tests share.

pub mod fixture;
pub mod harness;
pub mod home;
pub mod junit;
