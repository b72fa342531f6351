//! OpenMetrics 1.0 text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).

use super::delivery::{Delivery, Kind};
use super::identity::Experiment;
use super::series::Series;
use chaos_runtime::{Error, Result};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// A file to write.
#[derive(Debug)]
pub(crate) struct OpenMetrics {
    path: PathBuf,
}

impl OpenMetrics {
    /// `-` stands for standard output.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether it goes to standard output.
    pub(crate) fn is_stdout(&self) -> bool {
        self.path.as_os_str() == "-"
    }

    /// Writes the file; replaces the one that is there in one step.
    pub(crate) fn deliver(&self, experiments: &[Experiment], dry_run: bool) -> Delivery {
        let series = all(experiments);
        let text = text(&series);
        let mut delivery = Delivery::new(Kind::OpenMetrics, self.path.display().to_string());
        if !dry_run {
            delivery.fail_with(self.write(&text).err());
        }
        if delivery.error.is_none() {
            delivery.items = series.iter().map(|series| series.points.len() as u64).sum();
            delivery.bytes = text.len() as u64;
        }
        delivery
    }

    fn write(&self, text: &str) -> Result {
        if self.is_stdout() {
            return crate::output::print(text);
        }
        let failed = |error: std::io::Error| {
            Error::new(format!("can't write {}", self.path.display()))
                .caused_by(error)
                .help("name a file in a folder that exists and may be written to")
        };
        // A device or a pipe is written to, not replaced.
        if self.path.exists() && !self.path.is_file() {
            return std::fs::write(&self.path, text).map_err(failed);
        }
        let mut new = self.path.as_os_str().to_owned();
        new.push(".new");
        let written = std::fs::File::create(&new)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| std::fs::rename(&new, &self.path));
        written.map_err(|error| {
            let _ = std::fs::remove_file(&new);
            failed(error)
        })
    }
}

/// The series of all experiments, sorted by metric, then by labels.
fn all(experiments: &[Experiment]) -> Vec<Series> {
    let mut series: Vec<Series> = experiments.iter().flat_map(Experiment::targeted_series).collect();
    series.sort_by(|a, b| a.key().cmp(&b.key()));
    series
}

/// Families in order, each with its series one after the other, the points of each by time.
fn text(series: &[Series]) -> String {
    let mut out = String::new();
    let mut family = "";
    for series in series {
        let metric = series.metric;
        let name = metric.prometheus();
        if metric.name != family {
            family = metric.name;
            let _ = writeln!(out, "# TYPE {name} gauge");
            if !metric.prometheus_unit().is_empty() {
                let _ = writeln!(out, "# UNIT {name} {}", metric.prometheus_unit());
            }
            let _ = writeln!(out, "# HELP {name} {}", escaped(metric.help));
        }
        let labels: Vec<String> =
            series.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = labels.join(",");
        for point in &series.points {
            let value = point.value.map_or_else(|| "NaN".to_owned(), |value| value.to_string());
            let _ = writeln!(out, "{name}{{{labels}}} {value} {}", seconds(point.at_ms()));
        }
    }
    out.push_str("# EOF\n");
    out
}

/// Milliseconds of the epoch as seconds with three decimals.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1_000, ms % 1_000)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::metric::{LATENCY, PHASE};
    use super::super::series::Labels;
    use super::*;

    #[test]
    fn families_come_once_each_with_escaped_labels_and_times_in_seconds() {
        let mut latency = Series::new(&LATENCY, Labels::of([("load", &"a \"b\"\\\nc".to_owned())]));
        latency.push(1_772_360_430_123_456, Some(0.012));
        latency.push(1_772_360_431_003_000, None);
        let mut phases = ["baseline", "fault"].map(|phase| Series::new(&PHASE, Labels::of([("phase", &phase.into())])));
        phases.iter_mut().for_each(|series| series.push(-1_500_000, Some(1.0)));
        let [baseline, fault] = phases;
        let expected = r#"# TYPE chaos_load_latency_seconds gauge
# UNIT chaos_load_latency_seconds seconds
# HELP chaos_load_latency_seconds Quantile of the latency from due time to end, of all completed operations in the bin that begins here.
chaos_load_latency_seconds{load="a \"b\"\\\nc"} 0.012 1772360430.123
chaos_load_latency_seconds{load="a \"b\"\\\nc"} NaN 1772360431.003
# TYPE chaos_phase gauge
# HELP chaos_phase 1 while the experiment is in this phase, else 0.
chaos_phase{phase="baseline"} 1 -1.500
chaos_phase{phase="fault"} 1 -1.500
# EOF
"#;
        assert_eq!(text(&[latency, baseline, fault]), expected);
    }

    #[test]
    fn nothing_is_an_empty_exposition() {
        assert_eq!(text(&[]), "# EOF\n");
    }
}
