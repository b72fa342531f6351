//! Prometheus remote write 1.0: protobuf in snappy over HTTP
//! (<https://prometheus.io/docs/specs/prw/remote_write_spec/>).

use super::delivery::{Delivery, Kind};
use super::http::{Client, Endpoint, Request, Retry};
use super::identity::Experiment;
use super::metric::Metric;
use super::series::{Point, Series};
use chaos_runtime::{Error, Result};
use prost::Message as _;
use std::collections::BTreeMap;

/// Most samples in one request: what Prometheus itself sends by default.
const MOST_SAMPLES: usize = 2_000;

/// The NaN that ends a series, told from others by its bits
/// (<https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers>).
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// `prometheus.WriteRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<MetricMetadata>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds of the epoch.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MetricMetadata {
    /// 2 is a gauge.
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    metric_family_name: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

/// A receiver of remote write.
#[derive(Debug)]
pub(crate) struct RemoteWrite {
    endpoint: Endpoint,
}

impl RemoteWrite {
    /// A URL without a path means Prometheus's own one.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let endpoint = Endpoint::parse(url)?;
        let endpoint = if endpoint.has_path() { endpoint } else { endpoint.join("/api/v1/write") };
        Ok(Self { endpoint })
    }

    pub(crate) async fn deliver(&self, client: Option<&Client>, experiments: &[Experiment]) -> Delivery {
        let mut delivery = Delivery::new(Kind::RemoteWrite, self.endpoint.to_string());
        for request in requests(experiments) {
            let samples: usize = request.timeseries.iter().map(|series| series.samples.len()).sum();
            let plain = request.encode_to_vec();
            let body = match snap::raw::Encoder::new().compress_vec(&plain) {
                Ok(body) => body,
                Err(error) => {
                    delivery.fail_with(Some(Error::new("can't compress a request").caused_by(error)));
                    break;
                }
            };
            let bytes = body.len();
            if let Some(client) = client {
                let request = Request {
                    method: http::Method::POST,
                    headers: &[
                        ("content-type", "application/x-protobuf"),
                        ("content-encoding", "snappy"),
                        ("x-prometheus-remote-write-version", "0.1.0"),
                    ],
                    body: body.into(),
                    retry: Retry::RemoteWrite,
                };
                match client.send(&self.endpoint, request).await.and_then(|answer| answer.accepted(way_out)) {
                    Ok(answer) => delivery.retries += answer.retries,
                    Err(error) => {
                        delivery.fail_with(Some(error));
                        break;
                    }
                }
            }
            delivery.sent(samples, bytes);
        }
        delivery
    }
}

/// What to do about an answer.
fn way_out(status: u16, said: &str) -> Option<&'static str> {
    let said = said.to_lowercase();
    if status == 400 && (said.contains("out of order") || said.contains("out of bounds") || said.contains("too old")) {
        return Some(
            "the receiver takes nothing that old, or has later samples of these series (of an earlier export): set \
             `storage.tsdb.out_of_order_time_window` in prometheus.yml to more than the run's age, or backfill with \
             --openmetrics and `promtool tsdb create-blocks-from openmetrics`",
        );
    }
    if status == 400 && said.contains("duplicate sample") {
        return Some("another series has the same labels: tell them apart with --label");
    }
    if status == 404 && said.contains("remote write receiver") {
        return Some("start Prometheus with --web.enable-remote-write-receiver");
    }
    match status {
        404 | 405 => Some(
            "name the receiver's whole URL, as `remote_write` in prometheus.yml would (Prometheus: /api/v1/write, with \
             --web.enable-remote-write-receiver; Mimir: /api/v1/push)",
        ),
        _ => None,
    }
}

/// The requests for these experiments, in order; samples of a series never go back in time.
fn requests(experiments: &[Experiment]) -> Vec<WriteRequest> {
    let mut requests = vec![WriteRequest::default()];
    let mut left = MOST_SAMPLES;
    let mut metrics: BTreeMap<&'static str, &'static Metric> = BTreeMap::new();
    for series in experiments.iter().flat_map(Experiment::targeted_series) {
        metrics.insert(series.metric.name, series.metric);
        let labels = labels(&series);
        let mut points = series.points.as_slice();
        while !points.is_empty() {
            if left == 0 {
                requests.push(WriteRequest::default());
                left = MOST_SAMPLES;
            }
            let (now, later) = points.split_at(points.len().min(left));
            (points, left) = (later, left - now.len());
            let samples = now.iter().map(|point| sample(*point)).collect();
            if let Some(request) = requests.last_mut() {
                request.timeseries.push(TimeSeries { labels: labels.clone(), samples });
            }
        }
    }
    if metrics.is_empty() {
        return Vec::new();
    }
    requests[0].metadata = metrics.into_values().map(metadata).collect();
    requests
}

/// Sorted by name, as the protocol demands.
fn labels(series: &Series) -> Vec<Label> {
    let name = ("__name__".to_owned(), series.metric.prometheus());
    let others = series.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    // An empty value is the same as no label, and some receivers refuse it.
    let mut labels: Vec<_> = others.filter(|(_, value)| !value.is_empty()).chain([name]).collect();
    labels.sort();
    labels.into_iter().map(|(name, value)| Label { name, value }).collect()
}

fn sample(point: Point) -> Sample {
    Sample { value: point.value.unwrap_or(STALE), timestamp: point.at_ms() }
}

fn metadata(metric: &Metric) -> MetricMetadata {
    MetricMetadata {
        kind: 2,
        metric_family_name: metric.prometheus(),
        help: metric.help.to_owned(),
        unit: metric.prometheus_unit().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Origin;
    use super::*;
    use chaos_runtime::report::sample;

    fn origin() -> Origin {
        Origin { service: "chaos-test".to_owned(), labels: vec![], resource: vec![] }
    }

    #[test]
    fn a_long_series_is_split_in_order_and_nothing_is_lost() {
        let mut journal = sample::passed();
        let bins = &mut journal.loads[0].bins;
        let bin = bins[5].clone();
        *bins = (0..5_000)
            .map(|i| chaos_runtime::report::journal::BinRecord { start_us: i * 1_000_000, ..bin.clone() })
            .collect();
        journal.duration_us = 5_000_000_000;
        let experiment = Experiment::new(journal, &origin()).unwrap();
        let requests = requests(std::slice::from_ref(&experiment));
        let mut seen: BTreeMap<Vec<(String, String)>, Vec<i64>> = BTreeMap::new();
        for request in &requests {
            let count: usize = request.timeseries.iter().map(|series| series.samples.len()).sum();
            assert!((1..=MOST_SAMPLES).contains(&count));
            for series in &request.timeseries {
                let key = series.labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect();
                seen.entry(key).or_default().extend(series.samples.iter().map(|sample| sample.timestamp));
            }
        }
        assert!(seen.values().all(|times| times.is_sorted_by(|a, b| a < b)));
        assert!(seen.keys().all(|labels| labels.is_sorted()));
        let points: usize = experiment.series().iter().map(|series| series.points.len()).sum();
        assert_eq!(seen.values().map(Vec::len).sum::<usize>(), points);
        assert_eq!(requests.len(), points.div_ceil(MOST_SAMPLES));
        assert!(!requests[0].metadata.is_empty() && requests[1].metadata.is_empty());
    }

    #[test]
    fn the_end_of_a_series_is_the_stale_marker() {
        let ended = sample(Point { at_us: 1_234_567, value: None });
        assert_eq!((ended.value.to_bits(), ended.timestamp), (0x7ff0_0000_0000_0002, 1_234));
    }
}
