//! The timeline of one experiment: phases, gate, injection, recovery, verdict. Knows no fault by name.

mod chaos;
pub(crate) mod core;
pub(crate) mod events;
pub(crate) mod net;
mod spec;

pub use chaos::Chaos;
pub use spec::{KnownWeakness, Options, Requirement, Spec, Urgency};
