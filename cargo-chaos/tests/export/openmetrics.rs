//! OpenMetrics, read by promtool into blocks for a real Prometheus, and by the Python client's strict parser.

use crate::otlp_messages::python;
use crate::planted::{Planted, busy, ms};
use crate::prometheus::{Prometheus, Settings};
use jiff::SignedDuration;
use std::process::Command;

#[test]
fn promtool_makes_blocks_of_it_that_prometheus_serves() {
    let mut journal = busy("backfilled", SignedDuration::from_hours(24 * 40));
    journal.faults[0].target = "a \\ \"b\"\nc".to_owned();
    let planted = Planted::run(std::slice::from_ref(&journal));
    let file = planted.path().join("chaos.om");
    let path = file.to_str().unwrap();
    let answer = planted.export(&["--openmetrics", path, "--format", "json"]).ended(0).json();
    let text = std::fs::read_to_string(&file).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(answer["destinations"][0]["items"], samples);
    assert_eq!(answer["experiments"][0]["samples"], samples);
    // The same to standard output, where the answer gives way.
    let piped = planted.export(&["--openmetrics", "-"]).ended(0);
    assert_eq!(piped.out(), text);
    assert!(piped.err().contains("run backfilled: 1 experiment"), "{}", piped.err());

    let blocks = planted.path().join("blocks");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", path])
        .arg(&blocks)
        .output()
        .expect("these tests need promtool; on Debian: apt-get install prometheus");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let prometheus = Prometheus::start(&Settings { blocks: Some(&blocks), ..Settings::default() });
    let end = ms(&journal, journal.duration_us) + 1_000;
    let p99 =
        prometheus.samples("chaos_load_latency_seconds{control=\"false\",quantile=\"0.99\",run=\"backfilled\"}", end);
    for bin in &journal.loads[0].bins {
        let value = p99[&ms(&journal, bin.start_us)];
        if bin.operations == 0 {
            assert!(value.is_nan(), "of no operations there is no latency: {value}");
        } else {
            assert_eq!(value, bin.p99_us as f64 / 1e6);
        }
    }
    let active = |at_us| prometheus.at("chaos_fault_active == 1", ms(&journal, at_us)).len();
    assert_eq!([3_999_000, 4_000_000, 14_049_000, 14_050_000].map(active), [0, 1, 1, 0]);
    assert_eq!(prometheus.values_of("target"), ["a \\ \"b\"\nc"]);
}

#[test]
fn the_python_client_reads_it_too() {
    let journal = busy("parsed", SignedDuration::from_hours(2));
    let planted = Planted::run(std::slice::from_ref(&journal));
    let file = planted.path().join("chaos.om");
    let answer = planted.export(&["--openmetrics", file.to_str().unwrap(), "--format", "json"]).ended(0).json();
    let families = python("openmetrics", &[&file]);
    let families = families.as_object().unwrap();
    let samples: u64 = families.values().map(|family| family["samples"].as_u64().unwrap()).sum();
    assert_eq!(answer["destinations"][0]["items"], samples);
    assert!(families.values().all(|family| family["type"] == "gauge" && family["help"] != ""));
    assert_eq!(families["chaos_load_latency_seconds"]["unit"], "seconds");
    assert_eq!(families["chaos_load_throughput_per_second"]["unit"], "per_second");
}

#[test]
fn a_file_that_can_t_be_written_is_told_of() {
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let answer = planted.export(&["--openmetrics", "no/such/folder/chaos.om"]).ended(3);
    assert!(answer.out().contains("can't write no/such/folder/chaos.om: No such file"), "{}", answer.out());
}
