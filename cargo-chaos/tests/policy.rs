//! `cargo chaos policy` from catalogues, and from the tests themselves.

#![cfg(target_os = "linux")]

mod support;

use chaos_runtime::report::catalogue::Catalogue;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Ended, Home, ended};

const STAGING: &str = "[profile.staging.aws]\naccounts = [\"123456789012\"]\nregion = \"eu-west-1\"\n\
                       tag = \"chaos-test=allowed\"\nrole = \"arn:aws:iam::123456789012:role/chaos-fis\"\n";

/// A package with this `chaos.toml`.
fn project(home: &Home, settings: &str) -> PathBuf {
    let dir = home.path().join("shop");
    std::fs::create_dir_all(dir.join("src")).unwrap();
    std::fs::write(dir.join("src/lib.rs"), "").unwrap();
    std::fs::write(dir.join("Cargo.toml"), "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[workspace]\n").unwrap();
    std::fs::write(dir.join("chaos.toml"), settings).unwrap();
    dir
}

fn test(name: &str, calls: &[&str], uses: &[&str], profiles: &[&str]) -> Value {
    json!({
        "name": name, "package": "shop", "binary": "staging", "target": { "kind": "test", "name": "staging" },
        "file": "tests/staging.rs", "line": 1, "column": 1, "doc": "", "steady_state": [], "hypothesis": [],
        "guards": [], "profiles": profiles, "requires": ["aws"], "uses": uses, "known_weakness": null,
        "parallel": false, "exclusive": [], "seed": null, "confidence": null, "timeout_us": null, "ignored": null,
        "should_panic": null, "calls": calls,
    })
}

fn catalogue(home: &Home, tests: &[Value]) -> PathBuf {
    let path = home.path().join("catalogue.json");
    let text = json!({ "schema": 1, "experiments": tests }).to_string();
    Catalogue::parse(text.as_bytes()).expect("it is one");
    std::fs::write(&path, text).unwrap();
    path
}

fn policy(home: &Home, dir: &Path, catalogue: &Path, line: &str) -> Ended {
    let mut command = home.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    command.args(["chaos", "policy", "--catalogue"]).arg(catalogue).args(line.split_whitespace()).current_dir(dir);
    ended(command)
}

fn actions(document: &Value) -> Vec<&str> {
    let statements = document["Statement"].as_array().unwrap().iter();
    statements.flat_map(|one| one["Action"].as_array().unwrap()).map(|action| action.as_str().unwrap()).collect()
}

#[test]
fn the_tests_of_the_profile_decide() {
    let home = Home::new();
    let dir = project(&home, STAGING);
    let tests = [
        test("terminates", &["aws", "fis", "terminate_instances"], &[], &["staging"]),
        test("stops_tasks", &[], &["aws:ecs:stop-task"], &["nightly"]),
        test("local", &["http", "load"], &[], &[]),
    ];
    let told = policy(&home, &dir, &catalogue(&home, &tests), "--format json").with(0).json();
    assert_eq!(
        (&told["profile"], &told["account"], &told["tests"]),
        (&json!("staging"), &json!("123456789012"), &json!(["terminates"]))
    );
    let role = actions(&told["fis_role"]);
    assert!(role.contains(&"ec2:TerminateInstances") && !role.contains(&"ecs:StopTask"), "{role:?}");
    let caller = actions(&told["caller"]);
    assert!(caller.contains(&"fis:StartExperiment") && caller.contains(&"iam:PassRole"), "{caller:?}");
    assert!(told["caller"].to_string().contains("arn:aws:iam::123456789012:role/chaos-fis"));
    assert_eq!(told["fis_trust"]["Statement"][0]["Principal"]["Service"], "fis.amazonaws.com");
}

#[test]
fn the_documents_are_written_as_files() {
    let home = Home::new();
    let dir = project(&home, STAGING);
    let file = catalogue(&home, &[test("terminates", &["aws", "fis", "terminate_instances"], &[], &[])]);
    let told = policy(&home, &dir, &file, "--output iam").with(0);
    assert!(told.out.contains("iam/caller.json: of whoever runs the tests"), "{}", told.out);
    for name in ["caller.json", "fis-role.json", "fis-trust.json"] {
        let text = std::fs::read_to_string(dir.join("iam").join(name)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["Version"], "2012-10-17", "{name}");
    }
    let printed = policy(&home, &dir, &file, "").with(0).out;
    assert!(
        printed.contains("# fis-role.json: of the role by which FIS acts\n{")
            && printed.contains("ec2:TerminateInstances")
    );
}

#[test]
fn an_account_that_is_not_allowed_gets_no_policy() {
    let home = Home::new();
    let dir = project(&home, "[profile.local.http]\norders = \"http://127.0.0.1:1\"\n");
    let file = catalogue(&home, &[]);
    let none = policy(&home, &dir, &file, "").with(3);
    assert!(none.err.contains("no profile has an AWS account"), "{}", none.err);
    assert!(none.err.contains("help: list it: [profile.staging.aws]"), "{}", none.err);

    std::fs::write(dir.join("chaos.toml"), format!("{STAGING}{}", STAGING.replace("staging", "nightly"))).unwrap();
    let several = policy(&home, &dir, &file, "").with(3);
    assert!(
        several.err.contains("several profiles have an account") && several.err.contains("nightly, staging"),
        "{}",
        several.err
    );
    policy(&home, &dir, &file, "--profile nightly").with(0);
    let other = policy(&home, &dir, &file, "--profile nightly --account 210987654321").with(3);
    assert!(other.err.contains("does not allow account 210987654321"), "{}", other.err);
    let typo = policy(&home, &dir, &file, "--profile nightyl").with(3);
    assert!(typo.err.contains("did you mean `nightly`?"), "{}", typo.err);
}

#[test]
fn what_is_no_catalogue_is_said() {
    let home = Home::new();
    let dir = project(&home, STAGING);
    let file = home.path().join("catalogue.json");
    policy(&home, &dir, &file, "").with(3);
    std::fs::write(&file, "{}").unwrap();
    policy(&home, &dir, &file, "").with(3);
    let unknown = catalogue(&home, &[test("slip", &[], &["aws:ec2:terminate-instance"], &[])]);
    let told = policy(&home, &dir, &unknown, "").with(3);
    assert!(told.err.contains("did you mean `aws:ec2:terminate-instances`?"), "{}", told.err);
}
