//! What probes sampled.

use super::identity::{Experiment, Numbered};
use super::metric::PROBES;
use super::series::Series;

pub(super) fn collect(experiment: &Experiment, out: &mut Vec<Series>) {
    let mut names = Numbered::default();
    for probe in &experiment.journal.probes {
        let labels = experiment.labels().with("probe", names.name(&probe.name, &probe.name));
        let mut series = Series::new(PROBES.of(&probe.unit), labels);
        for sample in &probe.samples {
            series.push(experiment.at(sample.at_us), sample.value);
        }
        // A value that stands for a period stands to its end.
        let end = probe.samples.last().map(|last| last.at_us + probe.period_us.unwrap_or(0));
        if let Some(end) = end {
            let end = if probe.period_us.is_some() { end } else { end.max(experiment.end_us()) };
            // Of a probe sampled at the very end, that sample is worth more than the end of the series.
            if probe.samples.last().is_some_and(|last| last.at_us / 1_000 < end / 1_000) {
                series.push(experiment.at(end), None);
            }
        }
        out.push(series);
    }
}
