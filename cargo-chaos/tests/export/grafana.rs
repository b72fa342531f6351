//! Annotations, into a server that takes and gives what Grafana's documentation says, and nothing else.

use crate::planted::{Planted, busy, ms};
use crate::receiver::{Got, Receiver, Said};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "glsa_t0ken-of-the-test";

type Kept = Arc<Mutex<Vec<Value>>>;

/// `POST` and `GET /api/annotations` below `/grafana`, as documented: types, required fields, time filter, all tags of
/// the query at once, limit.
fn grafana() -> (Receiver, Kept) {
    let kept = Kept::default();
    let store = Arc::clone(&kept);
    let receiver = Receiver::start(move |request, _| answer(request, &mut store.lock().unwrap()));
    (receiver, kept)
}

fn json_answer(status: u16, body: &Value) -> Said {
    (status, vec![("content-type", "application/json".to_owned())], body.to_string().into_bytes())
}

fn answer(request: &Got, kept: &mut Vec<Value>) -> Said {
    if request.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return json_answer(401, &json!({ "message": "Unauthorized" }));
    }
    if request.path != "/grafana/api/annotations" {
        return json_answer(404, &json!({ "message": "Not found" }));
    }
    match request.method.as_str() {
        "POST" => post(request, kept),
        "GET" => json_answer(200, &get(request, kept)),
        other => panic!("{other}"),
    }
}

fn post(request: &Got, kept: &mut Vec<Value>) -> Said {
    let refuse = |why: &str| json_answer(400, &json!({ "message": why }));
    if request.headers["content-type"] != "application/json" {
        return refuse("bad request data");
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) else { return refuse("bad request data") };
    for (name, value) in &body {
        let fine = match name.as_str() {
            "dashboardUID" | "text" => value.is_string(),
            "panelId" | "time" | "timeEnd" => value.is_i64(),
            "tags" => value.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)),
            _ => false,
        };
        if !fine {
            return refuse(&format!("bad field {name}"));
        }
    }
    if body.get("text").is_none_or(|text| text == "") {
        return refuse("Failed to save annotation: text field should not be empty");
    }
    let time = body["time"].as_i64().unwrap();
    let end = body.get("timeEnd").map_or(time, |end| end.as_i64().unwrap());
    if end < time {
        return refuse("invalid time range");
    }
    let id = kept.len() + 1;
    let dashboard = body.get("dashboardUID").cloned().unwrap_or(json!(""));
    kept.push(json!({
        "id": id, "alertId": 0, "dashboardId": 0, "dashboardUID": dashboard, "panelId": 0, "userId": 1, "userName": "",
        "newState": "", "prevState": "", "time": time, "timeEnd": end, "text": body["text"], "metric": "",
        "tags": body["tags"], "data": {},
    }));
    json_answer(200, &json!({ "message": "Annotation added", "id": id }))
}

fn get(request: &Got, kept: &[Value]) -> Value {
    let of = |name: &'static str| {
        let pairs = request.query.iter().filter(move |(key, _)| key == name);
        pairs.map(|(_, value)| value.as_str())
    };
    let number = |name: &'static str| of(name).next().map(|value| value.parse::<i64>().unwrap());
    let tags: Vec<&str> = of("tags").collect();
    let found = kept.iter().filter(|annotation| {
        let has = |tag: &&str| annotation["tags"].as_array().unwrap().iter().any(|own| own == tag);
        tags.iter().all(has)
            && of("dashboardUID").all(|uid| annotation["dashboardUID"] == uid)
            && number("from").is_none_or(|from| annotation["timeEnd"].as_i64().unwrap() >= from)
            && number("to").is_none_or(|to| annotation["time"].as_i64().unwrap() <= to)
    });
    found.take(usize::try_from(number("limit").unwrap_or(100)).unwrap()).cloned().collect()
}

fn export(planted: &Planted, receiver: &Receiver, more: &[&str]) -> Value {
    let url = format!("{}/grafana/", receiver.url());
    let arguments = [&["--grafana", &url, "--token-env", "GRAFANA_TOKEN", "--format", "json"], more].concat();
    let answer = planted.export_with(&[("GRAFANA_TOKEN", TOKEN)], &arguments).ended(0);
    assert!(!answer.all().contains(TOKEN));
    answer.json()["destinations"][0].clone()
}

#[test]
fn phases_and_faults_become_regions_once() {
    let (receiver, kept) = grafana();
    let journal = busy("newest", SignedDuration::from_mins(10));
    let mut planted = Planted::run(std::slice::from_ref(&journal));
    let first = export(&planted, &receiver, &[]);
    // Five phases, a fault, the recovery.
    assert_eq!((&first["items"], &first["already_there"]), (&json!(7), &json!(0)));
    let there = kept.lock().unwrap().clone();
    let of = |tag: &str| {
        let mut found = there.iter().filter(|one| one["tags"].as_array().unwrap().iter().any(|own| own == tag));
        found.next().unwrap_or_else(|| panic!("no {tag}")).clone()
    };
    let fault = of("phase:fault");
    assert_eq!(fault["time"], ms(&journal, 4_000_000));
    assert_eq!(fault["timeEnd"], ms(&journal, 14_050_000));
    assert_eq!(fault["text"], "fault of checkout::survives_slow_inventory");
    let tags: Vec<&str> = fault["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    for tag in ["chaos-test", "run:newest", "experiment:checkout::survives_slow_inventory", "profile:local"] {
        assert!(tags.contains(&tag), "{tags:?}");
    }
    let latency = of("fault:latency 300ms ± 50ms towards the client");
    assert_eq!(
        latency["text"],
        "latency 300ms ± 50ms towards the client on proxy 127.0.0.1:4000 (checkout::survives_slow_inventory)"
    );
    assert_eq!(of("event:recovery")["time"], ms(&journal, 16_000_000));

    // Nothing is added twice, and what is missing is.
    let second = export(&planted, &receiver, &[]);
    assert_eq!((&second["items"], &second["already_there"]), (&json!(0), &json!(7)));
    kept.lock().unwrap().remove(2);
    let third = export(&planted, &receiver, &[]);
    assert_eq!((&third["items"], &third["already_there"]), (&json!(1), &json!(6)));

    // The same experiment of another run at the same time is another one; so are those of a single dashboard.
    let mut other = journal.clone();
    other.run.id = "other".to_owned();
    planted.add(&[other]);
    assert_eq!(export(&planted, &receiver, &[])["items"], 7);
    let here = export(&planted, &receiver, &["--dashboard", "abc123"]);
    assert_eq!((&here["items"], &here["already_there"]), (&json!(7), &json!(0)));
    assert_eq!(export(&planted, &receiver, &["--dashboard", "abc123"])["already_there"], 7);
    assert_eq!(kept.lock().unwrap().len(), 7 + 7 + 7);
}

#[test]
fn a_wrong_token_and_a_wrong_path_have_their_way_out() {
    let (receiver, _) = grafana();
    let planted = Planted::run(&[busy("newest", SignedDuration::from_mins(10))]);
    let url = format!("{}/grafana", receiver.url());
    let anonymous = planted.export(&["--grafana", &url]).ended(3);
    assert!(anonymous.out().contains("answered 401 Unauthorized"), "{}", anonymous.out());
    assert!(anonymous.out().contains("help: give a token of a Grafana service account"), "{}", anonymous.out());
    let arguments = ["--grafana", &receiver.url(), "--token-env", "GRAFANA_TOKEN"];
    let lost = planted.export_with(&[("GRAFANA_TOKEN", TOKEN)], &arguments).ended(3);
    assert!(lost.out().contains("help: name the URL of Grafana's start page"), "{}", lost.out());
}
