//! Values over time.

use super::metric::Metric;
use std::collections::BTreeMap;

/// Longest value of a label, in characters.
const LONGEST_LABEL: usize = 200;

/// What tells a series from others of its metric, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Later ones outrank earlier ones of the same name.
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), short(value))).collect())
    }

    /// The same and one more.
    pub(crate) fn with(&self, name: &str, value: impl AsRef<str>) -> Self {
        let mut labels = self.0.clone();
        labels.insert(name.to_owned(), short(value.as_ref()));
        Self(labels)
    }

    /// Sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn short(value: &str) -> String {
    if value.chars().count() <= LONGEST_LABEL {
        return value.to_owned();
    }
    value.chars().take(LONGEST_LABEL - 1).chain(['…']).collect()
}

/// A value at an instant; `None`: from here on there is none, until the next point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Microseconds of the epoch.
    pub(crate) at_us: i64,
    pub(crate) value: Option<f64>,
}

impl Point {
    /// Milliseconds of the epoch, as Prometheus and Grafana count.
    pub(crate) fn at_ms(self) -> i64 {
        self.at_us.div_euclid(1_000)
    }
}

/// One metric with one set of labels.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) metric: &'static Metric,
    pub(crate) labels: Labels,
    pub(crate) points: Vec<Point>,
}

impl Series {
    pub(crate) fn new(metric: &'static Metric, labels: Labels) -> Self {
        Self { metric, labels, points: Vec::new() }
    }

    pub(crate) fn push(&mut self, at_us: i64, value: Option<f64>) {
        self.points.push(Point { at_us, value: value.filter(|value| value.is_finite()) });
    }

    /// By time, one point a millisecond: the later one pushed counts.
    pub(super) fn put_in_order(&mut self) {
        self.points.sort_by_key(|point| point.at_ms());
        self.points.dedup_by(|later, kept| {
            let same = later.at_ms() == kept.at_ms();
            if same {
                *kept = *later;
            }
            same
        });
    }

    /// What it is sorted by.
    pub(super) fn key(&self) -> (&'static str, &Labels) {
        (self.metric.name, &self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric::PHASE;
    use super::*;

    #[test]
    fn of_points_in_the_same_millisecond_the_last_one_counts() {
        let mut series = Series::new(&PHASE, Labels::of([]));
        for (at_us, value) in [(5_000, 1.0), (9_000, 0.0), (9_400, 1.0), (2_000, 0.0)] {
            series.push(at_us, Some(value));
        }
        series.push(9_100, Some(f64::NAN));
        series.put_in_order();
        let points: Vec<_> = series.points.iter().map(|point| (point.at_ms(), point.value)).collect();
        assert_eq!(points, [(2, Some(0.0)), (5, Some(1.0)), (9, None)]);
    }

    #[test]
    fn labels_are_cut_and_may_be_outranked() {
        let labels = Labels::of([("run", &"a".to_owned()), ("run", &"b".repeat(300))]);
        let (name, value) = labels.iter().next().unwrap();
        assert_eq!((name, value.chars().count(), &value[..2]), ("run", 200, "bb"));
    }
}
