//! The dashboard that is shipped asks for what is exported.

use crate::planted::{Planted, busy, ms};
use crate::prometheus::{Prometheus, Settings};
use jiff::SignedDuration;
use serde_json::Value;

fn dashboard() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/grafana/dashboard.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every expression of panels and annotations, with where it stands.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let place = format!("{} {}", panel["title"].as_str().unwrap(), target["refId"].as_str().unwrap());
            all.push((place, target["expr"].as_str().unwrap().to_owned()));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        if let Some(expression) = annotation["expr"].as_str() {
            all.push((annotation["name"].as_str().unwrap().to_owned(), expression.to_owned()));
        }
    }
    all
}

/// As Grafana does with what was chosen.
fn filled_in(expression: &str) -> String {
    let text = expression
        .replace("$experiment", "checkout::survives_slow_inventory")
        .replace("$run", "shown")
        .replace("$__range", "10m");
    assert!(!text.contains('$'), "{text}");
    text
}

/// The names of metrics in an expression.
fn metrics(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("chaos_")).map(str::to_owned).collect()
}

#[test]
fn each_of_its_expressions_finds_data_in_a_real_prometheus() {
    let prometheus = Prometheus::start(&Settings { receives: true, ..Settings::default() });
    let journal = busy("shown", SignedDuration::from_mins(10));
    let mut other = busy("other", SignedDuration::from_mins(10));
    other.experiment.name = "orders::are_kept".to_owned();
    let mut planted = Planted::run(&[other]);
    planted.add(std::slice::from_ref(&journal));
    planted.export(&["other", "shown", "--remote-write", &prometheus.url()]).ended(0);

    let exported = prometheus.values_of("__name__");
    let dashboard = dashboard();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 10);
    for (place, expression) in expressions {
        let names = metrics(&expression);
        assert!(!names.is_empty(), "{place}: {expression}");
        for name in names {
            assert!(exported.contains(&name), "{place}: {name} is not exported");
        }
        let end = ms(&journal, journal.duration_us) + 2_000;
        let found = prometheus.range(&filled_in(&expression), ms(&journal, 0), end);
        assert!(!found.is_empty(), "{place}: nothing for {expression}");
        for series in found {
            let labels = &series["metric"];
            assert!(labels["run"] == "shown" || labels["run"].is_null(), "{place}: {labels}");
        }
    }
    // The variables offer what there is.
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let queries: Vec<&str> = variables.iter().filter_map(|one| one["query"]["query"].as_str()).collect();
    assert_eq!(
        queries,
        [
            "label_values(chaos_experiment_ok, experiment)",
            "label_values(chaos_experiment_ok{experiment=\"$experiment\"}, run)"
        ]
    );
    assert_eq!(prometheus.values_of("run"), ["other", "shown"]);
    // A limit stands in the picture of what it is the limit of.
    let limits = "chaos_claim_limit_time_seconds{claim=~\".*(p[0-9.]+|max|mean) .*\",run=\"shown\"}";
    let during = prometheus.at(limits, ms(&journal, 5_000_000));
    assert_eq!(during, [0.8]);
}
