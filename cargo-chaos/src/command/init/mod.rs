//! `cargo chaos init`.

mod ci;
mod command;
mod dependencies;
mod file;
mod package;

pub(crate) use command::Init;
