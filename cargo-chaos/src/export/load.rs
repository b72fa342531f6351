//! What loads measured, bin by bin.

use super::identity::{Experiment, Numbered};
use super::metric::{DUE, LATENCY, Metric, STEADY, SUCCESS, THROUGHPUT};
use super::series::{Labels, Series};
use chaos_runtime::report::journal::{BinRecord, LoadRecord};

/// A quantile of a bin.
type Quantile = (&'static str, fn(&BinRecord) -> u64);

/// The quantiles of a bin that are kept; that of 1 is the largest value.
const QUANTILES: [Quantile; 3] = [("0.5", |bin| bin.p50_us), ("0.99", |bin| bin.p99_us), ("1", |bin| bin.max_us)];

pub(super) fn collect(experiment: &Experiment, out: &mut Vec<Series>) {
    let mut names = Numbered::default();
    for load in &experiment.journal.loads {
        let name = names.name(&format!("{}\0{}", load.name, load.control), &load.name);
        let labels = experiment.labels().with("load", name).with("control", load.control.to_string());
        of_load(experiment, load, &labels, out);
    }
}

fn of_load(experiment: &Experiment, load: &LoadRecord, labels: &Labels, out: &mut Vec<Series>) {
    let seconds = |bin: &BinRecord| length_us(experiment, load, bin) as f64 / 1e6;
    let mut series = |metric: &'static Metric, labels: Labels, value: &dyn Fn(&BinRecord) -> Option<f64>| {
        let mut series = Series::new(metric, labels);
        for bin in &load.bins {
            series.push(experiment.at(bin.start_us), value(bin));
        }
        // A reader that goes on showing the last value would show a load that is no more.
        if let Some(last) = load.bins.last() {
            series.push(experiment.at(last.start_us + length_us(experiment, load, last)), None);
        }
        if series.points.iter().any(|point| point.value.is_some()) {
            out.push(series);
        }
    };
    series(&THROUGHPUT, labels.clone(), &|bin| Some(bin.operations as f64 / seconds(bin)));
    series(&DUE, labels.clone(), &|bin| Some(bin.due as f64 / seconds(bin)));
    series(&SUCCESS, labels.clone(), &|bin| (bin.operations > 0).then(|| bin.succeeded as f64 / bin.operations as f64));
    series(&STEADY, labels.clone(), &|bin| bin.good.map(f64::from));
    for (quantile, of) in QUANTILES {
        // Of no operations there is no latency: least of all that of the bin before.
        series(&LATENCY, labels.with("quantile", quantile), &|bin| (bin.operations > 0).then(|| of(bin) as f64 / 1e6));
    }
}

/// How long a bin is: the last one may have been cut off by the experiment's end.
fn length_us(experiment: &Experiment, load: &LoadRecord, bin: &BinRecord) -> u64 {
    let left = experiment.end_us().saturating_sub(bin.start_us);
    load.bin_us.min(if left == 0 { load.bin_us } else { left }).max(1)
}
