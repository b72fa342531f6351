//! The timeline of one experiment: phases, gate, injection, recovery, verdict. Knows no fault by name.

mod cancel;
mod chaos;
pub(crate) mod core;
pub(crate) mod events;
mod meter;
pub(crate) mod net;
mod settings;
mod spec;

pub(crate) use meter::Measured;
pub use chaos::Chaos;
pub use spec::{KnownWeakness, Options, Requirement, Spec, Urgency};
