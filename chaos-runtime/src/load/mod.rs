//! Load: operations at an arrival rate, and what becomes of them.

mod classify;
pub mod http;
mod id;
mod op;
mod operation;
mod retry;

pub use classify::classify;
pub use id::{OpId, ParseOpIdError};
pub use op::{IntoOutcome, Op, op};
pub use operation::Operation;
pub use retry::Retry;
