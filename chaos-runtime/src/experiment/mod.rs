//! The timeline of one experiment: phases, gate, injection, recovery, verdict. Knows no fault by name.

mod chaos;
pub(crate) mod core;
pub(crate) mod events;
pub(crate) mod net;
mod run;
mod spec;

pub use chaos::Chaos;
pub use run::run;
pub use spec::{KnownWeakness, Options, Requirement, Spec, Urgency};
