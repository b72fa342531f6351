//! `cargo chaos doctor`.

mod account;
mod check;
mod ci;
mod command;
mod crew;
mod engine;
mod machine;
mod page;
mod places;
mod process_faults;
mod project;
mod settings;
mod tools;

pub(crate) use command::Doctor;
