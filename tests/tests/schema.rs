//! The journal's published JSON Schema is current, and journals are what it says.

use chaos_runtime::report::journal::Journal;
use chaos_runtime::report::{journal_schema, sample};
use serde_json::{Value, json};
use std::path::Path;

fn published() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/journal-v1.json")
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&journal_schema()).expect("the schema is one")
}

#[test]
fn the_published_schema_is_current() {
    // Another crate of the build may have serde_json keep the order of insertion.
    let mut now = journal_schema();
    now.sort_all_objects();
    let now = serde_json::to_string_pretty(&now).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some_and(|value| value == "1") {
        std::fs::write(published(), now).unwrap();
        return;
    }
    let published = std::fs::read_to_string(published()).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        now == published,
        "schema/journal-v1.json is not current: UPDATE_SCHEMA=1 cargo test -p chaos-tests --test schema"
    );
}

#[test]
fn the_schema_is_itself_valid_and_says_its_draft() {
    let schema = journal_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn every_ending_is_valid_and_reads_back() {
    let validator = validator();
    for (name, journal) in sample::all() {
        let json = serde_json::to_value(&journal).unwrap();
        let errors: Vec<_> = validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        assert!(serde_json::from_value::<Journal>(json).unwrap() == journal, "{name} reads back otherwise");
    }
}

#[test]
fn maps_are_objects_under_the_names_of_claims() {
    let json = serde_json::to_value(sample::refuted()).unwrap();
    let fault = &json["loads"][0]["phases"][2];
    assert_eq!(fault["errors"], json!({"timeout": 82, "status": 82}));
    assert_eq!(fault["statuses"], json!({"200": 1928, "503": 82}));
}

#[test]
fn what_is_no_journal_is_refused_and_unknown_fields_are_not() {
    let validator = validator();
    let good = serde_json::to_value(sample::refuted()).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).expect(pointer) = value;
        json
    };
    for (pointer, value) in [
        ("/verdict", json!("green")),
        ("/run/seed", json!(-1)),
        ("/duration_us", json!("19 s")),
        ("/claims/0/judgement", json!(null)),
        ("/loads/0/phases/2/errors", json!({"timeout": "many"})),
        ("/loads/0/phases/2/statuses", json!([["503", 1]])),
        ("/experiment", json!({})),
    ] {
        assert!(!validator.is_valid(&changed(pointer, value)), "{pointer} may be anything");
    }
    let mut newer = good.clone();
    newer["added_later"] = json!(true);
    newer["run"]["added_later"] = json!({"x": []});
    assert!(validator.is_valid(&newer));
    assert!(serde_json::from_value::<Journal>(newer).is_ok());
}
