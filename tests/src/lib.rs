//! What the end-to-end tests share.

pub mod home;
pub mod junit;
