//! `cargo chaos policy`.

mod command;
#[cfg(feature = "aws")]
mod documents;

pub(crate) use command::Policy;
