//! Experiments on tokio's paused clock: an hour passes in milliseconds, and the same seed gives the same journal.
//!
//! Loads, faults and services must be simulated with `tokio::time`; real sockets know no virtual time.

use super::chaos::Chaos;
use super::conduct::conduct;
use super::core::Core;
use super::gate::Gate;
use super::run::{Body, run_body};
use super::settings::Settings;
use super::{Spec, identity};
use crate::load::planted;
use crate::report::journal::{Journal, Verdict};
use crate::report::live::LiveLine;
use crate::rollback::UndoLedger;
use std::sync::Arc;
use std::time::Duration;

/// Plants a pause of the measuring machine: for this long, no load of this thread's experiment sends or notices anything.
pub fn pause_the_drivers(length: Duration) {
    planted::nap(length);
}

/// Waits until such a pause is over; for operations that notice something between their steps.
pub async fn drivers_run() {
    planted::nap_over().await;
}

/// Runs an experiment in virtual time and returns its journal. Nothing is written, locked or printed.
///
/// # Panics
/// When no runtime can be made.
pub fn simulate(spec: &'static Spec, seed: u64, body: Body) -> Journal {
    planted::awake();
    let settings = Settings::new(spec, seed, "local".into(), true);
    let mut identity = identity::with(identity::of(spec, "virtual"), spec, &settings);
    // The same seed must give the same journal, on any day and any machine.
    "2026-01-01T00:00:00Z".clone_into(&mut identity.run.started_at);
    "virtual".clone_into(&mut identity.run.host);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    let runtime = builder.build_local(Default::default()).expect("a runtime without I/O needs nothing that can fail");
    let journal = runtime.block_on(async {
        let core = Core::new(spec, settings, UndoLedger::in_memory());
        let gate = Arc::new(tokio::sync::Mutex::new(Gate::default()));
        let chaos = Chaos::new(core.clone(), gate.clone());
        let cancel = core.cancel.clone();
        let body = run_body(body, chaos, cancel.cancelled());
        let live = LiveLine::silent();
        conduct(&core, &gate, &live, body, std::future::pending(), identity).await
    });
    debug_assert_ne!(journal.verdict, Verdict::Running, "a journal that is returned has a verdict");
    journal
}
