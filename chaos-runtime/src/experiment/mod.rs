//! The timeline of one experiment: phases, gate, injection, recovery, verdict. Knows no fault by name.

mod assemble;
mod cancel;
mod chaos;
mod conditions;
mod conduct;
mod confirm;
pub(crate) mod core;
pub(crate) mod events;
mod gate;
mod guard;
pub(crate) mod identity;
mod inject;
pub(crate) mod invocation;
mod judge_late;
mod judge_probe;
mod judging;
mod late;
pub(crate) mod meter;
pub(crate) mod net;
mod quality;
pub(crate) mod records;
mod recover;
mod replay;
pub(crate) mod requirement;
mod revision;
pub(crate) mod run;
pub(crate) mod settings;
mod spec;
mod subjects;
mod timeline;
mod verdict;
#[cfg(feature = "virtual-time")]
pub mod virtual_time;

pub use chaos::Chaos;
pub use inject::{ActiveFault, HeldInjection, Injection};
pub(crate) use meter::Measured;
pub use run::{Body, Experiment, run, undo_dir};
pub use spec::{CargoTarget, KnownWeakness, Options, Requirement, Spec, Urgency};
