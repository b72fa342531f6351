//! Systems with planted defects, and with none: each must get its verdict, for the right reason, with every seed.
//!
//! They run in virtual time. Each draws its noise from the experiment's seed, so that its runs differ. A verdict
//! that is wrong once is a defect of the engine: a false pass hides an outage, a false failure teaches people to
//! look away.

#[path = "planted/again.rs"]
mod again;
#[path = "planted/completion.rs"]
mod completion;
#[path = "planted/composed.rs"]
mod composed;
#[path = "planted/conditions.rs"]
mod conditions;
#[path = "planted/determinism.rs"]
mod determinism;
#[path = "planted/drawn.rs"]
mod drawn;
#[path = "planted/endings.rs"]
mod endings;
#[path = "planted/evidence.rs"]
mod evidence;
#[path = "planted/guards.rs"]
mod guards;
#[path = "planted/hour.rs"]
mod hour;
#[path = "planted/judge.rs"]
mod judge;
#[path = "planted/late.rs"]
mod late;
#[path = "planted/ledgers.rs"]
mod ledgers;
#[path = "planted/limits.rs"]
mod limits;
#[path = "planted/own.rs"]
mod own;
#[path = "planted/probes.rs"]
mod probes;
#[path = "planted/recovery.rs"]
mod recovery;
#[path = "planted/relative.rs"]
mod relative;
#[path = "planted/service.rs"]
mod service;
#[path = "planted/several.rs"]
mod several;
#[path = "planted/switch.rs"]
mod switch;
#[path = "planted/total.rs"]
mod total;
