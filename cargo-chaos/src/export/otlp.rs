//! OTLP/HTTP: traces and metrics for an OpenTelemetry collector, or whatever else takes them
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).

use super::delivery::{Delivery, Kind};
use super::http::{Answer, Client, Endpoint, Request, Retry};
use super::identity::Experiment;
use super::series::{Point, Series};
use super::trace::{self, SCHEMA_URL};
use chaos_runtime::Error;
use chaos_runtime::report::journal::Journal;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Most data points in one request.
const MOST_POINTS: usize = 5_000;

/// `DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`: the series has no value from here on.
const NO_RECORDED_VALUE: u32 = 1;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Encoding {
    /// `http/protobuf`.
    #[default]
    Protobuf,
    /// `http/json`.
    Json,
}

/// An OTLP receiver.
#[derive(Debug)]
pub(crate) struct Otlp {
    /// Where traces and metrics go; `None`: nowhere.
    pub(crate) traces: Option<Endpoint>,
    pub(crate) metrics: Option<Endpoint>,
    pub(crate) encoding: Encoding,
}

impl Otlp {
    pub(crate) async fn deliver(&self, client: Option<&Client>, experiments: &[Experiment]) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        if let Some(endpoint) = &self.traces {
            let mut delivery = Delivery::new(Kind::OtlpTraces, endpoint.to_string());
            for experiment in experiments {
                let spans = trace::spans(experiment);
                let count = spans.scope_spans.iter().map(|scope| scope.spans.len()).sum();
                let request = ExportTraceServiceRequest { resource_spans: vec![spans] };
                let rejected = |answer: &ExportTraceServiceResponse| {
                    answer.partial_success.as_ref().map(|part| (part.rejected_spans, part.error_message.clone()))
                };
                if !self.post(client, endpoint, &request, count, rejected, &mut delivery).await {
                    break;
                }
            }
            deliveries.push(delivery);
        }
        if let Some(endpoint) = &self.metrics {
            let mut delivery = Delivery::new(Kind::OtlpMetrics, endpoint.to_string());
            'all: for experiment in experiments {
                for (request, count) in requests(experiment) {
                    let rejected = |answer: &ExportMetricsServiceResponse| {
                        let part = answer.partial_success.as_ref();
                        part.map(|part| (part.rejected_data_points, part.error_message.clone()))
                    };
                    if !self.post(client, endpoint, &request, count, rejected, &mut delivery).await {
                        break 'all;
                    }
                }
            }
            deliveries.push(delivery);
        }
        deliveries
    }

    /// Sends one request; notes how it went, and whether there is a point in going on.
    async fn post<A: Message + Default + DeserializeOwned>(
        &self,
        client: Option<&Client>,
        endpoint: &Endpoint,
        request: &(impl Message + Serialize),
        items: usize,
        rejected: impl Fn(&A) -> Option<(i64, String)>,
        delivery: &mut Delivery,
    ) -> bool {
        let sent = async {
            let (kind, body) = match self.encoding {
                Encoding::Protobuf => ("application/x-protobuf", request.encode_to_vec()),
                Encoding::Json => ("application/json", serde_json::to_vec(request)?),
            };
            let bytes = body.len();
            let Some(client) = client else { return Ok((items, bytes)) };
            let headers = [("content-type", kind)];
            let request =
                Request { method: http::Method::POST, headers: &headers, body: body.into(), retry: Retry::Otlp };
            let answer = client.send(endpoint, request).await?.accepted(way_out)?;
            delivery.retries += answer.retries;
            let refused = partial::<A>(&answer).as_ref().and_then(rejected).filter(|(count, _)| *count > 0);
            match refused {
                None => Ok((items, bytes)),
                Some((count, why)) => {
                    let accepted = items.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
                    delivery.sent(accepted, bytes);
                    let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect();
                    Err(Error::new(format!("{endpoint} rejected {count} of {items}: {why}"))
                        .help("what it accepted is there; its own log says more about the rest"))
                }
            }
        };
        match sent.await {
            Ok((items, bytes)) => {
                delivery.sent(items, bytes);
                true
            }
            Err(error) => {
                delivery.fail_with(Some(error));
                false
            }
        }
    }
}

/// The answer's message; an answer that can't be read tells of no refusal.
fn partial<A: Message + Default + DeserializeOwned>(answer: &Answer) -> Option<A> {
    if answer.is_json { serde_json::from_slice(&answer.body).ok() } else { A::decode(answer.body.clone()).ok() }
}

fn way_out(status: u16, said: &str) -> Option<&'static str> {
    match status {
        400 if said.contains("out of order") || said.contains("too old") => Some(
            "the receiver has later samples, or takes nothing that old: where it is Prometheus, set \
             `storage.tsdb.out_of_order_time_window` to more than the run's age",
        ),
        404 | 405 => Some(
            "name the base URL, to which /v1/traces and /v1/metrics are added (a collector's: http://host:4318); a receiver \
             that takes metrics only, such as Prometheus (http://host:9090/api/v1/otlp), wants --otlp-signal metrics",
        ),
        415 => Some("the receiver may know the other encoding only: --otlp-encoding json or protobuf"),
        _ => None,
    }
}

/// The metrics of an experiment in requests of bounded size, each with its number of data points.
fn requests(experiment: &Experiment) -> Vec<(ExportMetricsServiceRequest, usize)> {
    let all = experiment.series();
    let pieces: Vec<(&Series, &[Point])> =
        all.iter().flat_map(|series| series.points.chunks(MOST_POINTS).map(move |points| (series, points))).collect();
    let mut requests = Vec::new();
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let mut count = 0;
        let fit = rest.iter().take_while(|(_, points)| {
            count += points.len();
            count <= MOST_POINTS
        });
        let (now, later) = rest.split_at(fit.count().max(1));
        rest = later;
        requests.push((request(experiment, now), now.iter().map(|(_, points)| points.len()).sum()));
    }
    requests
}

fn request(experiment: &Experiment, pieces: &[(&Series, &[Point])]) -> ExportMetricsServiceRequest {
    let mut metrics: Vec<Metric> = Vec::new();
    for (series, points) in pieces {
        let attributes = attributes(series.labels.iter().map(|(name, value)| (name, Value::Text(value.to_owned()))));
        let points = points.iter().map(|point| data_point(*point, &attributes));
        let known = metrics.last_mut().filter(|metric| metric.name == series.metric.name);
        match known.and_then(|metric| metric.data.as_mut()) {
            Some(metric::Data::Gauge(gauge)) => gauge.data_points.extend(points),
            _ => metrics.push(Metric {
                name: series.metric.name.to_owned(),
                description: series.metric.help.to_owned(),
                unit: series.metric.unit.to_owned(),
                metadata: Vec::new(),
                data: Some(metric::Data::Gauge(Gauge { data_points: points.collect() })),
            }),
        }
    }
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(experiment)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope(&experiment.journal)),
                metrics,
                schema_url: SCHEMA_URL.to_owned(),
            }],
            schema_url: SCHEMA_URL.to_owned(),
        }],
    }
}

fn data_point(point: Point, attributes: &[KeyValue]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes.to_vec(),
        // Whole milliseconds, as whoever stores it beside what came another way must not get it twice.
        time_unix_nano: u64::try_from(point.at_ms()).unwrap_or(0).saturating_mul(1_000_000),
        flags: if point.value.is_none() { NO_RECORDED_VALUE } else { 0 },
        value: point.value.map(number_data_point::Value::AsDouble),
        ..NumberDataPoint::default()
    }
}

/// Who ran the experiment.
pub(super) fn resource(experiment: &Experiment) -> Resource {
    let run = &experiment.journal.run;
    let own = [
        ("host.name", run.host.as_str()),
        ("os.type", if run.os == "macos" { "darwin" } else { run.os.as_str() }),
        ("service.instance.id", run.host.as_str()),
    ];
    let given = experiment.origin.resource.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let name = ("service.name", experiment.origin.service.as_str());
    let all: BTreeMap<&str, &str> = own.into_iter().chain(given).chain([name]).collect();
    let attributes = attributes(all.into_iter().map(|(name, value)| (name, value.into())));
    Resource { attributes, ..Resource::default() }
}

/// What measured.
pub(super) fn scope(journal: &Journal) -> InstrumentationScope {
    InstrumentationScope {
        name: "chaos-test".to_owned(),
        version: journal.run.version.clone(),
        ..InstrumentationScope::default()
    }
}

/// The value of an attribute.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    Flag(bool),
    List(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Whole(n)
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Value> for AnyValue {
    fn from(value: Value) -> Self {
        let value = match value {
            Value::Text(text) => Any::StringValue(text),
            Value::Whole(n) => Any::IntValue(n),
            Value::Real(n) => Any::DoubleValue(n),
            Value::Flag(flag) => Any::BoolValue(flag),
            Value::List(values) => {
                Any::ArrayValue(ArrayValue { values: values.into_iter().map(AnyValue::from).collect() })
            }
        };
        Self { value: Some(value) }
    }
}

pub(super) fn attributes<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Vec<KeyValue> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, value)| KeyValue { key: key.to_owned(), value: Some(value.into()), ..KeyValue::default() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::identity::Origin;
    use super::*;
    use chaos_runtime::report::journal::BinRecord;
    use chaos_runtime::report::sample;

    #[test]
    fn a_long_experiment_is_sent_in_requests_of_bounded_size_and_nothing_is_lost() {
        let mut journal = sample::passed();
        let bin = journal.loads[0].bins[5].clone();
        journal.loads[0].bins = (0..12_000).map(|i| BinRecord { start_us: i * 100_000, ..bin.clone() }).collect();
        journal.duration_us = 1_200_000_000;
        let origin = Origin { service: "chaos-test".to_owned(), labels: vec![], resource: vec![] };
        let experiment = Experiment::new(journal, &origin).unwrap();
        let requests = requests(&experiment);
        let points: usize = experiment.series().iter().map(|series| series.points.len()).sum();
        assert!(requests.iter().all(|(_, count)| (1..=MOST_POINTS).contains(count)));
        assert_eq!(requests.iter().map(|(_, count)| count).sum::<usize>(), points);
        let there: usize = requests
            .iter()
            .flat_map(|(request, _)| &request.resource_metrics[0].scope_metrics[0].metrics)
            .map(|metric| match &metric.data {
                Some(metric::Data::Gauge(gauge)) => gauge.data_points.len(),
                _ => 0,
            })
            .sum();
        assert_eq!(there, points);
    }

    #[test]
    fn a_point_without_a_value_says_so() {
        let point = data_point(Point { at_us: 1_234_567, value: None }, &[]);
        assert_eq!((point.flags, point.value, point.time_unix_nano), (1, None, 1_234_000_000));
    }

    #[test]
    fn what_the_environment_says_of_the_resource_outranks_what_the_journal_says_and_the_service_all() {
        let given = [("host.name", "build"), ("service.name", "no"), ("team", "pay")];
        let resource_of = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let origin = Origin { service: "nightly".to_owned(), labels: vec![], resource: resource_of };
        let resource = resource(&Experiment::new(sample::passed(), &origin).unwrap());
        let text = |name: &str| {
            let found = resource.attributes.iter().filter(|pair| pair.key == name).collect::<Vec<_>>();
            assert_eq!(found.len(), 1, "{name}");
            match found[0].value.clone().unwrap().value {
                Some(Any::StringValue(text)) => text,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            ["service.name", "host.name", "team", "os.type", "service.instance.id"].map(text),
            ["nightly", "build", "pay", "linux", "build-7"]
        );
    }
}
