//! `cargo chaos list`: the catalogue of a crate, without running anything of it.

#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use support::Home;

fn found<'a>(catalogue: &'a Value, binary: &str, name: &str) -> &'a Value {
    let all = catalogue["experiments"].as_array().unwrap();
    let mut found = all.iter().filter(|one| one["binary"] == binary && one["name"] == name);
    let one = found.next().unwrap_or_else(|| panic!("{binary} {name} in {all:#?}"));
    assert!(found.next().is_none(), "{binary} {name} is there twice");
    one
}

#[test]
fn everything_that_the_attributes_say_and_nothing_runs() {
    let home = Home::new();
    let ended = home.run("list --format json").with(0);
    let catalogue = ended.valid("catalogue");
    // Of a libtest main, of `main!()`, of a module; names that several binaries have are several experiments.
    let serial = found(&catalogue, "chaos", "serial_one");
    found(&catalogue, "chaos_main", "serial_one");
    found(&catalogue, "chaos_other", "module::serial_one");
    assert_eq!(serial["package"], "fixture");
    assert_eq!(serial["target"], serde_json::json!({ "kind": "test", "name": "chaos" }));
    assert_eq!(serial["file"], "tests/chaos.rs");
    assert_eq!(serial["steady_state"], serde_json::json!(["success_rate >= 50%"]));
    assert_eq!(serial["hypothesis"], serde_json::json!(["recovery <= 5s"]));
    assert_eq!((&serial["parallel"], &serial["ignored"]), (&Value::Bool(false), &Value::Null));
    let other = found(&catalogue, "chaos_other", "module::serial_one");
    assert_eq!(other["doc"], "Has a name that `plain.rs` has too.");
    assert!(other["calls"].as_array().unwrap().iter().any(|call| call == "inject"), "{other}");
    assert_eq!(found(&catalogue, "chaos", "ignored")["ignored"], "only when asked for");
    assert_eq!(
        found(&catalogue, "chaos", "shares_the_database_too")["exclusive"],
        serde_json::json!(["cache", "database"])
    );
    let staging = found(&catalogue, "chaos_main", "staging_only");
    assert_eq!(staging["profiles"], serde_json::json!(["staging"]));
    assert_eq!(found(&catalogue, "chaos_main", "parallel_two")["seed"], 42);
    assert_eq!(found(&catalogue, "chaos_main", "refuted_as_expected")["should_panic"], "REFUTED");
    // No ordinary tests, and no trace of a run.
    assert!(!ended.out.contains("\"ordinary\""));
    assert!(!home.reports().exists() && std::fs::read_dir(home.tmp()).unwrap().next().is_none());
    assert!(!ended.err.contains("Executable"), "{}", ended.err);
}

#[test]
fn filters_profiles_targets_and_a_table_that_keeps_within_the_width() {
    let home = Home::new();
    let names = |line: &str| -> Vec<String> {
        let json = home.run(&format!("list --format json {line}")).with(0).json();
        let all = json["experiments"].as_array().unwrap();
        all.iter().map(|one| format!("{} {}", one["binary"].as_str().unwrap(), one["name"].as_str().unwrap())).collect()
    };
    assert_eq!(
        names("serial_one --test chaos --test chaos_other"),
        ["chaos serial_one", "chaos_other module::serial_one"]
    );
    assert_eq!(names("fixture::chaos_main::staging"), ["chaos_main staging_only"]);
    assert!(!names("--test chaos_main --profile local").contains(&"chaos_main staging_only".to_owned()));
    assert!(names("--test chaos_main --profile staging").contains(&"chaos_main staging_only".to_owned()));
    assert_eq!(names("no_such_name"), [""; 0]);

    let mut narrow = home.chaos("list --test chaos serial_one shares_the_database_too");
    narrow.env("COLUMNS", "80");
    let text = support::ended(narrow).with(0).out;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for part in ["fixture, test chaos (tests/chaos.rs)", "serial_one", "recovery <= 5s", "alone on", "2 experiments"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colour where there is no terminal");
    let page = home.run("list --test chaos_other --format markdown").with(0).out;
    assert!(page.contains("| `module::serial_one`<br>Has a name that \\`plain.rs\\` has too. |"), "{page}");
    let empty = home.run("list no_such_name").with(0).out;
    assert!(empty.contains("no chaos tests are found") && empty.contains("help: "), "{empty}");
}

/// A main of one's own does whatever it does: only what says of itself that it can be asked is started.
#[test]
fn a_stranger_is_never_started() {
    let home = Home::new();
    let (dir, started) = (home.path().join("stranger"), home.path().join("started"));
    std::fs::create_dir_all(dir.join("tests")).unwrap();
    let manifest = "[package]\nname = \"stranger\"\nedition = \"2024\"\n[workspace]\n\
                    [[test]]\nname = \"own\"\nharness = false\n";
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let main = format!("fn main() {{ std::fs::write({started:?}, \"\").unwrap(); }}\n");
    std::fs::write(dir.join("tests/own.rs"), main).unwrap();
    let in_it = |mut command: std::process::Command| {
        command.current_dir(&dir).env("CARGO_TARGET_DIR", home.path().join("target"));
        support::ended(command)
    };
    let list = in_it(home.chaos("list"));
    assert!(list.with(0).out.contains("no chaos tests are found"));
    let run = in_it(home.chaos("run"));
    assert!(run.with(3).err.contains("no chaos test matches"));
    assert!(!started.exists(), "it was started");
    // It would have been seen.
    let mut cargo = home.settle(std::process::Command::new("cargo"));
    cargo.args(["test", "--offline"]);
    assert_eq!(in_it(cargo).code, Some(0));
    assert!(started.exists());
}

#[test]
fn what_does_not_build_is_told_by_cargo_and_could_not_be_done() {
    let home = Home::new();
    let ended = home.run("list --test no_such_target").with(3);
    assert!(ended.err.contains("no test target named `no_such_target`"), "{}", ended.err);
    assert!(ended.err.contains("error: the tests were not built\nhelp: cargo has said why, above"), "{}", ended.err);
    assert_eq!(ended.out, "");
    home.run("list --no-such-flag").with(2);
    // Called by its own name it is the same.
    let mut own = home.settle(std::process::Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    own.args(["list", "--test", "no_such_target"]);
    support::ended(own).with(3);
}
