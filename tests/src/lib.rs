//! What the end-to-end tests share.

pub mod fixture;
pub mod home;
pub mod junit;
#[cfg(unix)]
pub mod surroundings;
mod told;
