//! Systems with planted defects, and with none: each must get its verdict, for the right reason, with every seed.
//!
//! They run in virtual time. Each draws its noise from the experiment's seed, so that its runs differ. A verdict
//! that is wrong once is a defect of the engine: a false pass hides an outage, a false failure teaches people to
//! look away.

#[path = "planted/evidence.rs"]
mod evidence;
#[path = "planted/judge.rs"]
mod judge;
#[path = "planted/limits.rs"]
mod limits;
#[path = "planted/recovery.rs"]
mod recovery;
#[path = "planted/service.rs"]
mod service;
