//! What the end-to-end tests against emulators of AWS share.
//!
//! Emulators are started by the tests themselves, on free ports of the loopback, and end with the test process
//! however it ends. `emulators/README.md` says what is theirs and what is ours.

pub mod emulator;
pub mod experiments;
mod http;
pub mod microburst;
pub mod ministack;
pub mod staging;
pub mod surroundings;
pub mod world;
