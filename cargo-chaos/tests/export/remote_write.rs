//! Prometheus remote write, into a real Prometheus.

use crate::planted::{Planted, busy, ms};
use crate::prometheus::{Prometheus, Settings};
use crate::receiver::Receiver;
use chaos_runtime::report::journal::Journal;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// The series of the load, as the journal has it.
fn expected(journal: &Journal, of: fn(&chaos_runtime::report::journal::BinRecord) -> f64) -> BTreeMap<i64, f64> {
    let bins = journal.loads[0].bins.iter().filter(|bin| bin.operations > 0);
    bins.map(|bin| (ms(journal, bin.start_us), of(bin))).collect()
}

const LATENCY: &str = "chaos_load_latency_seconds{control=\"false\",load=\"checkout\"";

#[test]
fn prometheus_has_what_the_journal_has_however_often_it_is_exported() {
    let prometheus = Prometheus::start(&Settings { receives: true, out_of_order: Some("1d"), blocks: None });
    let newer = busy("newer", SignedDuration::from_mins(10));
    let older = busy("older", SignedDuration::from_hours(5));
    let mut planted = Planted::run(std::slice::from_ref(&older));
    planted.add(std::slice::from_ref(&newer));

    // The newest run first, so that what is older comes late; and everything twice.
    for which in [&[][..], &["older"], &["newer"], &["older"]] {
        let url = prometheus.url();
        let arguments = [which, &["--remote-write", &url, "--format", "json", "--label", "env=test"]].concat();
        let answer = planted.export(&arguments).ended(0).json();
        let sent = &answer["destinations"][0];
        assert_eq!(sent["items"], answer["experiments"][0]["samples"], "{answer}");
        assert_eq!(sent["address"], format!("{url}/api/v1/write"));
    }

    for (run, journal) in [("newer", &newer), ("older", &older)] {
        let end = ms(journal, journal.duration_us) + 1_000;
        let p99 = prometheus.samples(&format!("{LATENCY},quantile=\"0.99\",run=\"{run}\",env=\"test\"}}"), end);
        let p99_expected = expected(journal, |bin| bin.p99_us as f64 / 1e6);
        assert_eq!(p99, p99_expected);
        assert_eq!(p99[&ms(journal, 5_000_000)], 0.412, "in the fault phase");
        let max = prometheus.samples(&format!("{LATENCY},quantile=\"1\",run=\"{run}\"}}"), end);
        assert_eq!(max, expected(journal, |bin| bin.max_us as f64 / 1e6));
        let success = prometheus.samples(&format!("chaos_load_success_ratio{{control=\"false\",run=\"{run}\"}}"), end);
        assert_eq!(success, expected(journal, |bin| bin.succeeded as f64 / bin.operations as f64));

        // While nothing completed there is no latency, not that of the bin before.
        let latency = format!("{LATENCY},quantile=\"0.99\",run=\"{run}\"}}");
        let count = |at_us| prometheus.at(&latency, ms(journal, at_us)).len();
        assert_eq!([count(6_900_000), count(7_500_000), count(8_100_000)], [1, 0, 1]);
        // Nor is there one after the load.
        assert_eq!(count(journal.duration_us + 1_000_000), 0);

        // Phases and faults are there for exactly as long as they lasted.
        let active = |selector: &str, at_us| prometheus.at(&format!("{selector} == 1"), ms(journal, at_us)).len();
        let fault = format!("chaos_phase{{phase=\"fault\",run=\"{run}\"}}");
        assert_eq!([3_999_000, 4_000_000, 14_049_000, 14_050_000].map(|at| active(&fault, at)), [0, 1, 1, 0]);
        let bites = format!("chaos_fault_confirmed{{run=\"{run}\"}}");
        assert_eq!([4_049_000, 4_050_000, 14_049_000, 14_050_000].map(|at| active(&bites, at)), [0, 1, 1, 0]);
        let hosts = prometheus.range(&format!("chaos_fault_active{{run=\"{run}\"}}"), ms(journal, 0), end);
        assert_eq!(
            (&hosts[0]["metric"]["job"], &hosts[0]["metric"]["instance"]),
            (&"chaos-test".into(), &"build-7".into())
        );
        assert_eq!(hosts[0]["metric"]["fault"], "latency 300ms ± 50ms towards the client");

        // A probe, with the sample that failed left out.
        let probe = prometheus.samples(&format!("chaos_probe_time_seconds{{probe=\"lag\",run=\"{run}\"}}"), end);
        assert_eq!(probe.len(), 37);
        assert_eq!(probe[&ms(journal, 4_500_000)], 9.0 / 8.0);
        let verdict = prometheus.at(&format!("chaos_experiment_ok{{run=\"{run}\"}}"), end);
        assert_eq!(verdict, [0.0]);
    }
}

#[test]
fn a_prometheus_that_takes_nothing_that_old_is_told_of_with_the_way_out() {
    let prometheus = Prometheus::start(&Settings { receives: true, ..Settings::default() });
    let mut planted = Planted::run(&[busy("older", SignedDuration::from_hours(5))]);
    planted.add(&[busy("newer", SignedDuration::from_mins(10))]);
    planted.export(&["--remote-write", &prometheus.url()]).ended(0);
    let answer = planted.export(&["older", "--remote-write", &prometheus.url()]).ended(3);
    assert!(answer.out().contains("answered 400 Bad Request: out of"), "{}", answer.out());
    assert!(answer.out().contains("out_of_order_time_window"), "{}", answer.out());
}

#[test]
fn a_prometheus_that_is_no_receiver_is_told_of_with_the_way_out() {
    let prometheus = Prometheus::start(&Settings::default());
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let answer = planted.export(&["--remote-write", &prometheus.url()]).ended(3);
    assert!(answer.out().contains("answered 404"), "{}", answer.out());
    assert!(answer.out().contains("--web.enable-remote-write-receiver"), "{}", answer.out());
}

#[test]
fn requests_say_what_they_are() {
    let receiver = Receiver::obliging();
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    planted.export(&["--remote-write", &format!("{}/api/v1/push", receiver.url())]).ended(0);
    let got = receiver.got();
    assert!(!got.is_empty());
    for request in got {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/v1/push"));
        for (name, value) in [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "snappy"),
            ("x-prometheus-remote-write-version", "0.1.0"),
        ] {
            assert_eq!(request.headers[name], value);
        }
        assert!(request.headers["user-agent"].starts_with("chaos-test/"));
    }
}
