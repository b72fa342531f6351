//! Phases and faults as series, from which Grafana draws its annotations.

use super::identity::{Experiment, Numbered};
use super::metric::{FAULT_ACTIVE, FAULT_CONFIRMED, PHASE};
use super::series::Series;
use std::ops::Range;

/// How often a value that stays is repeated, at most: Prometheus forgets a value after five minutes.
const REPEATED_US: u64 = 15_000_000;

pub(super) fn collect(experiment: &Experiment, out: &mut Vec<Series>) {
    let labels = experiment.labels();
    for phase in &experiment.journal.phases {
        let labels = labels.with("phase", phase.kind.name());
        let known = out.iter().position(|series| *series.metric == PHASE && series.labels == labels);
        let at = known.unwrap_or_else(|| {
            out.push(Series::new(&PHASE, labels));
            out.len() - 1
        });
        hold(experiment, &mut out[at], phase.start_us..phase.end_us, 1.0, Some(0.0));
    }
    for (fault, name) in experiment.faults() {
        let labels = labels.with("fault", name).with("target", &fault.target);
        let end = fault.cleared_us.unwrap_or(experiment.end_us());
        let mut active = Series::new(&FAULT_ACTIVE, labels.clone());
        hold(experiment, &mut active, fault.injected_us..end, 1.0, Some(0.0));
        out.push(active);
        if let Some(confirmed) = fault.confirmed_us {
            let mut series = Series::new(&FAULT_CONFIRMED, labels);
            hold(experiment, &mut series, confirmed..end, 1.0, Some(0.0));
            out.push(series);
        }
    }
}

/// `value` from the start to the end of `during`, then `after`.
pub(super) fn hold(experiment: &Experiment, series: &mut Series, during: Range<u64>, value: f64, after: Option<f64>) {
    let end = during.end;
    let step = usize::try_from(REPEATED_US).unwrap_or(usize::MAX);
    for at_us in during.step_by(step) {
        series.push(experiment.at(at_us), Some(value));
    }
    series.push(experiment.at(end), after);
}

impl Experiment {
    /// The faults, each with a name that no other fault on the same target has.
    pub(super) fn faults(&self) -> impl Iterator<Item = (&chaos_runtime::report::journal::FaultRecord, String)> {
        let mut names = Numbered::default();
        self.journal.faults.iter().map(move |fault| {
            let name = names.name(&format!("{}\0{}", fault.what, fault.target), &fault.what);
            (fault, name)
        })
    }
}
