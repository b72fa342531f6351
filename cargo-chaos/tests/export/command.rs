//! Which runs, which destinations, which answer.

use crate::planted::{Planted, busy};
use crate::receiver::Receiver;
use chaos_runtime::report::sample;
use jiff::SignedDuration;
use serde_json::json;

fn names(answer: &crate::planted::Answer) -> Vec<String> {
    let answer = answer.json();
    let experiments = answer["experiments"].as_array().unwrap();
    experiments.iter().map(|one| one["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_newest_run_is_exported_unless_others_are_named() {
    let mut planted = Planted::run(&[busy("first", SignedDuration::from_mins(30))]);
    let second = planted.add(&[busy("second", SignedDuration::from_mins(20))]);
    let dry = |which: &[&str]| {
        let arguments = [which, &["--openmetrics", "x", "--dry-run", "--format", "json"]].concat();
        planted.export(&arguments)
    };
    assert_eq!(names(&dry(&[]).ended(0)), ["second"]);
    assert_eq!(names(&dry(&["first", "second", "first"]).ended(0)), ["first", "second"]);
    assert_eq!(names(&dry(&["runs/first"]).ended(0)), ["first"]);
    let journal = second.join("shop.resilience.checkout.survives_slow_inventory.json");
    assert_eq!(names(&dry(&[journal.to_str().unwrap()]).ended(0)), ["second"]);
    assert_eq!(names(&dry(&["."]).ended(0)), ["second"]);
    assert_eq!(names(&dry(&["runs"]).ended(0)), ["first", "second"]);
    let unknown = dry(&["third"]).ended(3);
    assert!(unknown.err().contains("`third` is neither a run in"), "{}", unknown.err());
    assert!(unknown.err().contains("help: the newest runs there are `second`, `first`"), "{}", unknown.err());
    std::fs::write(planted.path().join("runs/first/notes.json"), "{}").unwrap();
    let none = dry(&["runs/first/notes.json"]).ended(3);
    assert!(none.err().contains("notes.json"), "{}", none.err());
    // Beside what can be read it is bad news, and no more.
    let part = dry(&["first"]).ended(1);
    assert_eq!((names(&part), part.json()["unreadable"].as_array().unwrap().len()), (vec!["first".to_owned()], 1));
    let nothing = Planted::nothing().export(&["--openmetrics", "x"]).ended(3);
    assert!(nothing.err().contains("there is no run in"), "{}", nothing.err());
}

#[test]
fn every_way_to_end_can_be_exported() {
    let journals: Vec<_> = sample::all()
        .into_iter()
        .map(|(name, mut journal)| {
            journal.experiment.name = name.to_owned();
            journal
        })
        .collect();
    let planted = Planted::run(&journals);
    let receiver = Receiver::obliging();
    let answer = planted.export(&["--otlp", &receiver.url(), "--openmetrics", "all.om", "--format", "json"]).ended(0);
    let answer = answer.json();
    // The one without a verdict has no process either: it was killed.
    assert_eq!(answer["experiments"].as_array().unwrap().len(), journals.len());
    let killed = answer["experiments"].as_array().unwrap().iter().find(|one| one["name"] == "running").unwrap();
    assert_eq!(killed["verdict"], "errored");
    let text = std::fs::read_to_string(planted.path().join("all.om")).unwrap();
    assert!(text.contains("chaos_experiment_verdict{") && text.contains("verdict=\"rollback failed\""));
    assert_eq!(receiver.got().iter().filter(|request| request.path == "/v1/traces").count(), journals.len());
}

#[test]
fn a_dry_run_sends_and_writes_nothing_and_says_what_it_would() {
    let receiver = Receiver::obliging();
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let url = receiver.url();
    let arguments =
        ["--otlp", &url, "--remote-write", &url, "--grafana", &url, "--openmetrics", "x.om", "--format", "json"];
    let dry = planted.export(&[&arguments[..], &["--dry-run"]].concat()).ended(0).json();
    assert!(receiver.got().is_empty() && !planted.path().join("x.om").exists());
    let real = Receiver::start(|request, _| match request.method.as_str() {
        "GET" => (200, vec![], b"[]".to_vec()),
        _ => (200, vec![], vec![]),
    });
    let arguments = arguments.map(|argument| if argument == url { real.url() } else { argument.to_owned() });
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = planted.export(&arguments).ended(0).json();
    let counts = |answer: &serde_json::Value| -> Vec<_> {
        let all = answer["destinations"].as_array().unwrap().iter();
        all.map(|one| (one["kind"].clone(), one["items"].clone(), one["requests"].clone(), one["bytes"].clone()))
            .collect()
    };
    assert_eq!(counts(&dry), counts(&done));
    assert_eq!((&dry["dry_run"], &done["dry_run"]), (&json!(true), &json!(false)));
    let kinds: Vec<_> = counts(&dry).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["open_metrics", "otlp_traces", "otlp_metrics", "remote_write", "grafana"]);
}

#[test]
fn the_answer_for_people_says_what_went_where() {
    let receiver = Receiver::obliging();
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let answer = planted.export(&["--otlp", &receiver.url(), "--otlp-signal", "traces"]).ended(0);
    let lines: Vec<&str> = answer.out().lines().collect();
    assert!(lines[0].starts_with("run newest: 1 experiment, "), "{}", answer.out());
    assert_eq!(lines[1], format!("  OTLP traces   {}/v1/traces", receiver.url()));
    assert_eq!(lines[2], "                8 spans accepted in 1 request");
}

#[test]
fn wrong_usage_is_told_before_anything_is_sent() {
    let receiver = Receiver::obliging();
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let nothing = planted.export(&[]).ended(2);
    assert!(nothing.err().contains("name a destination: --otlp"), "{}", nothing.err());
    let url = receiver.url();
    let both = planted.export(&["--otlp", &url, "--grafana", &url, "--header", "a=b"]).ended(2);
    assert!(both.err().contains("credentials would go to several receivers"), "{}", both.err());
    planted.export(&["--otlp", &url, "--dashboard", "x"]).ended(2);
    planted.export(&["--otlp", &url, "--user", "x"]).ended(2);
    let label = planted.export(&["--otlp", &url, "--label", "__name__=x"]).ended(3);
    assert!(label.err().contains("--label __name__=x is none that Prometheus allows"), "{}", label.err());
    let password = planted.export(&["--otlp", "http://ann:pa55word-of-ann@h/"]).ended(3);
    assert!(!password.all().contains("pa55word-of-ann"), "{}", password.err());
    assert!(receiver.got().is_empty());
}
