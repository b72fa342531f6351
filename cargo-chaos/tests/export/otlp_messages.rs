//! OTLP/HTTP: the bytes on the wire, read by Google's protobuf with OpenTelemetry's own message definitions.

use crate::planted::{Planted, busy, ms};
use crate::receiver::{Got, Receiver};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Runs `otlp/read.py`.
#[track_caller]
pub(crate) fn python(what: &str, paths: &[&Path]) -> Value {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
        let install = here().join("install");
        let installed = Command::new(&install).output().unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        Path::new(String::from_utf8(installed.stdout).unwrap().trim()).join("bin/python")
    });
    let read = Command::new(&*PYTHON).arg(here().join("read.py")).arg(what).args(paths).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).unwrap()
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/otlp")
}

fn bodies(got: &[Got], path: &str) -> Vec<Vec<u8>> {
    got.iter().filter(|request| request.path == path).map(|request| request.body.clone()).collect()
}

/// Attributes as an object.
fn attributes(of: &Value) -> Value {
    let pairs = of["attributes"].as_array().into_iter().flatten();
    pairs
        .map(|pair| {
            let value = pair["value"].as_object().unwrap().values().next().unwrap().clone();
            (pair["key"].as_str().unwrap().to_owned(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn an_experiment_is_a_trace_and_its_series_are_gauges_in_both_encodings() {
    let journal = busy("newest", SignedDuration::from_mins(10));
    let planted = Planted::run(std::slice::from_ref(&journal));
    let receiver = Receiver::obliging();
    let base = format!("{}/otlp/", receiver.url());
    let answer = planted.export(&["--otlp", &base, "--format", "json"]).ended(0).json();
    planted.export(&["--otlp", &base, "--otlp-encoding", "json"]).ended(0);
    let got = receiver.got();
    let [traces, traces_json] = bodies(&got, "/otlp/v1/traces").try_into().unwrap();
    let [metrics, metrics_json] = bodies(&got, "/otlp/v1/metrics").try_into().unwrap();
    let kinds: Vec<&str> = got.iter().map(|request| request.headers["content-type"].as_str()).collect();
    assert_eq!(kinds, [["application/x-protobuf"; 2], ["application/json"; 2]].concat());

    let file = |name: &str, bytes: &[u8]| {
        let path = planted.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let traces = file("traces", &traces);
    let metrics = file("metrics", &metrics);
    assert_eq!(python("traces-json", &[&traces, &file("traces.json", &traces_json)]), true);
    assert_eq!(python("metrics-json", &[&metrics, &file("metrics.json", &metrics_json)]), true);

    let nanos = |at_us: u64| (ms(&journal, at_us) * 1_000_000).to_string();
    let spans = python("traces-protobuf", &[&traces]);
    let resource = attributes(&spans["resourceSpans"][0]["resource"]);
    assert_eq!(resource["service.name"], "chaos-test");
    assert_eq!(resource["host.name"], "build-7");
    let spans = spans["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    assert_eq!(answer["destinations"][0]["items"], spans.len());
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    let root = named("checkout::survives_slow_inventory");
    assert_eq!((&root["startTimeUnixNano"], &root["endTimeUnixNano"]), (&json!(nanos(0)), &json!(nanos(19_120_000))));
    assert_eq!(root["status"]["code"], 2);
    assert!(root["status"]["message"].as_str().unwrap().starts_with("during(success_rate >= 99%) is false"));
    let said = attributes(root);
    assert_eq!(said["test.case.result.status"], "fail");
    assert_eq!(said["test.case.name"], "checkout::survives_slow_inventory");
    assert_eq!((&said["chaos.verdict"], &said["error.type"]), (&json!("refuted"), &json!("hypothesis")));
    assert_eq!((&said["code.line.number"], &said["chaos.run.seed"]), (&json!("14"), &json!("42")));
    let phase = named("phase: fault");
    assert_eq!(
        (&phase["startTimeUnixNano"], &phase["endTimeUnixNano"]),
        (&json!(nanos(4_000_000)), &json!(nanos(14_050_000)))
    );
    let fault = named("fault: latency 300ms ± 50ms towards the client");
    assert_eq!(
        (&fault["startTimeUnixNano"], &fault["endTimeUnixNano"]),
        (&json!(nanos(4_000_000)), &json!(nanos(14_050_000)))
    );
    assert_eq!(fault["events"][0]["timeUnixNano"], nanos(4_050_000));
    assert_eq!(attributes(fault)["chaos.recovery.duration"], 1.95);
    assert!(spans.iter().all(|span| span["parentSpanId"] == root["spanId"] || span == root));
    assert!(spans.iter().all(|span| span["traceId"] == root["traceId"]));
    let events: Vec<&str> =
        root["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert!(
        ["chaos.inject", "chaos.confirmed", "chaos.recovered", "chaos.claim"].iter().all(|name| events.contains(name))
    );

    let metrics = python("metrics-protobuf", &[&metrics]);
    let metrics = metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let points = |name: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap();
        (metric["unit"].clone(), metric["gauge"]["dataPoints"].as_array().unwrap())
    };
    let all: usize = metrics.iter().map(|metric| metric["gauge"]["dataPoints"].as_array().unwrap().len()).sum();
    assert_eq!(answer["destinations"][1]["items"], all);
    let (unit, latency) = points("chaos.load.latency");
    assert_eq!(unit, "s");
    let at = |at_us: u64, quantile: &str| {
        let found = latency.iter().find(|point| {
            let labels = attributes(point);
            point["timeUnixNano"] == nanos(at_us) && labels["quantile"] == quantile && labels["control"] == "false"
        });
        found.unwrap_or_else(|| panic!("no point at {at_us}")).clone()
    };
    assert_eq!(at(5_000_000, "0.99")["asDouble"], 0.412);
    assert_eq!(at(5_000_000, "1")["asDouble"], 0.46);
    // Of the bin in which nothing completed there is no value, and it says so.
    let stalled = at(7_000_000, "0.99");
    assert_eq!((&stalled["flags"], stalled.get("asDouble")), (&json!(1), None));
    let labels = attributes(&at(5_000_000, "0.5"));
    assert_eq!((&labels["run"], &labels["load"]), (&json!("newest"), &json!("checkout")));
    assert_eq!(points("chaos.load.success").0, "1");
    assert_eq!(points("chaos.load.throughput").0, "{operation}/s");
}

#[test]
fn every_export_is_the_same_bytes() {
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let receiver = Receiver::obliging();
    for _ in 0..2 {
        planted.export(&["--otlp", &receiver.url()]).ended(0);
    }
    let got = receiver.got();
    let (first, second) = got.split_at(got.len() / 2);
    let bytes = |half: &[Got]| half.iter().map(|request| request.body.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(first), bytes(second));
}

#[test]
fn the_environment_says_where_and_who() {
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let receiver = Receiver::obliging();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url()),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", format!("{}/elsewhere", receiver.url())),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%2Cb,authorization=Bearer%20t0ken-of-env".to_owned()),
        ("OTEL_SERVICE_NAME", "nightly".to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging".to_owned()),
    ];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = planted.export_with(&variables, &["--otlp"]).ended(0);
    assert!(!answer.all().contains("t0ken-of-env"));
    let got = receiver.got();
    let paths: Vec<&str> = got.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/v1/traces", "/elsewhere"]);
    assert!(got.iter().all(|request| request.headers["x-tenant"] == "a,b"));
    assert!(got.iter().all(|request| request.headers["authorization"] == "Bearer t0ken-of-env"));
    let file = planted.path().join("traces");
    std::fs::write(&file, &got[0].body).unwrap();
    let resource = attributes(&python("traces-protobuf", &[&file])["resourceSpans"][0]["resource"]);
    assert_eq!(
        (&resource["service.name"], &resource["deployment.environment.name"]),
        (&json!("nightly"), &json!("staging"))
    );

    let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let refused = planted.export_with(&grpc, &["--otlp", &receiver.url()]).ended(3);
    assert!(refused.err().contains("OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`"), "{}", refused.err());
    let nowhere = planted.export(&["--otlp"]).ended(3);
    assert!(nowhere.err().contains("OTEL_EXPORTER_OTLP_ENDPOINT is not set"), "{}", nowhere.err());
}

#[test]
fn what_a_receiver_rejects_is_told() {
    // `partial_success { rejected_spans: 3, error_message: "no room" }`, by hand.
    let partial = [&[0x0a, 0x0b, 0x08, 0x03, 0x12, 0x07][..], b"no room"].concat();
    let receiver = Receiver::start(move |request, _| match request.path.as_str() {
        "/v1/traces" => (200, vec![("content-type", "application/x-protobuf".to_owned())], partial.clone()),
        _ => (200, vec![], vec![]),
    });
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let answer = planted.export(&["--otlp", &receiver.url(), "--format", "json"]).ended(3).json();
    let [traces, metrics] = [0, 1].map(|i| &answer["destinations"][i]);
    assert_eq!(traces["kind"], "otlp_traces");
    assert!(traces["error"].as_str().unwrap().contains("rejected 3 of 8: no room"), "{traces}");
    assert_eq!(traces["items"], 5);
    // What is wrong with the one does not keep the others from theirs.
    assert_eq!((&metrics["error"], metrics["items"].as_u64().unwrap() > 0), (&Value::Null, true));
}
