//! The plainest system: a switch that is on while the fault is, and what a run of it came to.

use chaos_runtime::experiment::virtual_time::simulate;
use chaos_runtime::experiment::{Body, CargoTarget, Options, Spec};
use chaos_runtime::fault::{ClosureFault, EndsByUndo, Evidence, fault};
use chaos_runtime::measure::{ErrorClass, Outcome};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, sleep};

pub(crate) const BASE: Spec = Spec {
    name: "review",
    module: "review",
    package: "chaos-tests",
    file: file!(),
    line: 1,
    column: 1,
    cargo_target: CargoTarget::Test,
    doc: "",
    steady_state: &[],
    hypothesis: &[],
    abort_if: &[],
    calls: &[],
    options: Options::DEFAULT,
};

macro_rules! claims { ($([$($c:tt)*])*) => { &[$(slo!($($c)*)),*] } }

#[derive(Clone, Default)]
pub(crate) struct Sys(Arc<Mutex<State>>);

/// Faulted now; since when; until when; operations so far.
type State = (bool, Option<Instant>, Option<Instant>, u64);
impl Sys {
    pub(crate) fn on(&self) -> bool {
        let mut m = self.0.lock().unwrap();
        if m.0 {
            m.3 += 1
        }
        m.0
    }
    pub(crate) fn harm(&self) {
        let mut m = self.0.lock().unwrap();
        m.0 = true;
        m.1 = Some(Instant::now());
        m.3 = 0;
    }
    pub(crate) fn heal(&self) {
        let mut m = self.0.lock().unwrap();
        m.0 = false;
        m.2 = Some(Instant::now());
    }
    pub(crate) fn hits(&self) -> u64 {
        self.0.lock().unwrap().3
    }
    pub(crate) fn named(&self, name: &str) -> ClosureFault<EndsByUndo> {
        let (a, b, c) = (self.clone(), self.clone(), self.clone());
        fault(name, async move || a.harm())
            .undo(Undo::in_process("heal", move || {
                let b = b.clone();
                async move {
                    b.heal();
                    chaos_runtime::Result::Ok(())
                }
            }))
            .target(name)
            .confirm(move || Evidence::counted(c.hits(), "hits"))
    }
    pub(crate) fn fault(&self) -> ClosureFault<EndsByUndo> {
        self.named("planted")
    }
}
pub(crate) fn bad() -> Outcome {
    Outcome::failed(ErrorClass::Refused, "planted")
}
pub(crate) async fn fine() -> Outcome {
    sleep(millis(10)).await;
    Outcome::OK
}

pub(crate) fn show(j: &Journal) -> String {
    let mut s = format!("{:?}\n", j.verdict);
    for r in &j.reasons {
        s += &format!("  reason {:?}: {} | {:?}\n", r.kind, r.message, r.help)
    }
    for c in &j.claims {
        s += &format!(
            "  claim {:?} `{}` {:?} measured {} n={} remark={}\n",
            c.role, c.text, c.judgement, c.measured, c.samples, c.remark
        )
    }
    for f in &j.faults {
        s += &format!(
            "  fault {} inj {} conf {:?} clr {:?} hits {:?} rec {:?}\n",
            f.what,
            f.injected_us,
            f.confirmed_us,
            f.cleared_us,
            f.hits,
            f.recovery.as_ref().map(|r| (r.state, r.time_to_detect_us, r.from_clearance_us, r.from_injection_us))
        )
    }
    for p in &j.phases {
        s += &format!("  {:?} {}..{}\n", p.kind, p.start_us, p.end_us)
    }
    for n in &j.notes {
        s += &format!("  note {n}\n")
    }
    s
}
pub(crate) fn run(spec: &'static Spec, want: &[Verdict], body: Body) {
    let j = simulate(spec, 7, body);
    println!("{}", show(&j));
    assert!(want.contains(&j.verdict), "{}", show(&j));
}

pub(crate) use claims;
