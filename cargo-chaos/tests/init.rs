//! `cargo chaos init` in new and old projects.

#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Ended, Home, ended, fixture_target};

/// Where chaos-runtime lies, as a user would say it.
fn runtime() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../chaos-runtime")).unwrap()
}

fn cargo(home: &Home, dir: &Path, line: &str) -> Ended {
    let mut command = home.settle(Command::new("cargo"));
    command.args(line.split_whitespace()).current_dir(dir);
    ended(command)
}

/// `cargo new <arguments> shop`, not yet with chaos tests.
fn new(home: &Home, arguments: &str) -> PathBuf {
    cargo(home, home.path(), &format!("new --vcs none {arguments} shop")).with(0);
    home.path().join("shop")
}

fn init(home: &Home, dir: &Path, line: &str) -> Ended {
    let mut command = home.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    // Whatever this machine has of nextest.
    command.args(["chaos", "init", "--path"]).arg(runtime()).args(line.split_whitespace()).current_dir(dir);
    ended(command)
}

/// The steps by the ends of their names.
fn step(json: &Value, what: &str) -> (String, String) {
    let steps = json["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["what"].as_str().unwrap().contains(what));
    let found = found.unwrap_or_else(|| panic!("no step {what} in {json:#}"));
    (found["action"].as_str().unwrap().to_owned(), found["note"].as_str().unwrap().to_owned())
}

fn manifest(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("Cargo.toml")).unwrap()
}

#[test]
fn a_library_and_a_binary_get_all_there_is_once() {
    for kind in ["--lib", "--bin"] {
        let home = Home::new();
        let shop = new(&home, kind);
        let told = init(&home, &shop, "--ci github --format json").with(0).json();
        assert_eq!(step(&told, "add --dev chaos-runtime").0, "ran");
        assert_eq!(step(&told, "add --dev tokio").0, "ran");
        for file in ["tests/resilience.rs", "chaos.toml", ".github/workflows/resilience.yml"] {
            assert_eq!(step(&told, file).0, "written");
            assert!(shop.join(file).is_file(), "{file}");
        }
        assert_eq!(told["next"].as_array().unwrap().last().unwrap(), "cargo test --test resilience");
        let once = manifest(&shop);
        let dev = once.split_once("[dev-dependencies]").unwrap().1;
        assert!(dev.contains("chaos-runtime") && dev.contains("tokio") && dev.contains("\"io-util\""), "{once}");

        let again = init(&home, &shop, "--ci github --format json").with(0).json();
        let actions: Vec<&str> =
            again["steps"].as_array().unwrap().iter().map(|step| step["action"].as_str().unwrap()).collect();
        assert!(!actions.is_empty() && actions.iter().all(|action| *action == "unchanged"), "{again:#}");
        assert_eq!(manifest(&shop), once);
        // Where chaos-runtime lies is known by now.
        let mut unnamed = home.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
        unnamed.args(["chaos", "init", "--ci", "github"]).current_dir(&shop);
        let told = ended(unnamed).with(0).out;
        assert!(told.contains("unchanged  .github/workflows/resilience.yml"), "{told}");
    }
}

#[test]
fn a_dry_run_does_nothing() {
    let home = Home::new();
    let shop = new(&home, "--lib");
    let before = manifest(&shop);
    let told = init(&home, &shop, "--dry-run --ci gitlab").with(0).out;
    assert!(told.contains("would run  cargo add --dev chaos-runtime --path "), "{told}");
    assert!(told.contains("would write  tests/resilience.rs: the first test"), "{told}");
    assert!(told.contains("would write  .gitlab-ci.yml"), "{told}");
    assert_eq!(manifest(&shop), before);
    assert!(!shop.join("tests").exists() && !shop.join("chaos.toml").exists());
}

#[test]
fn what_is_there_stays_as_it_is() {
    let home = Home::new();
    let shop = new(&home, "--lib");
    let theirs = [
        ("tests/resilience.rs", "// mine"),
        ("chaos.toml", "# mine"),
        (".gitlab-ci.yml", "build:\n  script: make\n"),
        (".config/nextest.toml", "# mine"),
    ];
    for (file, text) in theirs {
        std::fs::create_dir_all(shop.join(file).parent().unwrap()).unwrap();
        std::fs::write(shop.join(file), text).unwrap();
    }
    let told = init(&home, &shop, "--format json").with(0).json();
    for (file, text) in theirs {
        assert_eq!(std::fs::read_to_string(shop.join(file)).unwrap(), text, "{file}");
    }
    for file in ["tests/resilience.rs", "chaos.toml", ".config/nextest.toml"] {
        let (action, note) = step(&told, file);
        assert!(action == "kept" && !note.is_empty(), "{file}: {told:#}");
    }
    assert!(step(&told, ".config/nextest.toml").1.contains("grace-period"), "what to add is said: {told:#}");
    // A pipeline of their own includes ours.
    assert_eq!(step(&told, ".gitlab/resilience.yml").0, "written");
    let next = told["next"][0].as_str().unwrap();
    assert_eq!(next, "add to .gitlab-ci.yml: `include: [{ local: .gitlab/resilience.yml }]`");
}

#[test]
fn a_dependency_that_is_there_is_left_alone() {
    let home = Home::new();
    let shop = new(&home, "--lib");
    let text = manifest(&shop)
        + &format!(
            "[dev-dependencies]\nchaos-runtime = {{ path = {:?}, features = [\"tls\"] }}\ntokio = {{ version = \"1\", features = [\"full\"] }}\n",
            runtime()
        );
    // `cargo new` ends with an empty table of dependencies.
    std::fs::write(shop.join("Cargo.toml"), &text).unwrap();
    let told = init(&home, &shop, "--format json").with(0).json();
    assert!(told["steps"].as_array().unwrap().iter().all(|step| step["action"] != "ran"), "{told:#}");
    assert_eq!(manifest(&shop), text);
}

#[test]
fn in_a_workspace_the_package_is_named_or_is_the_one_here() {
    let home = Home::new();
    let root = home.path().join("all");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"shop\", \"stock\"]\n")
        .unwrap();
    for name in ["shop", "stock"] {
        std::fs::create_dir_all(root.join(name).join("src")).unwrap();
        std::fs::write(root.join(name).join("src/lib.rs"), "").unwrap();
        let text = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        std::fs::write(root.join(name).join("Cargo.toml"), text).unwrap();
    }
    let several = init(&home, &root, "").with(3);
    assert!(several.err.contains("say which one gets the test: `-p NAME`, with one of shop, stock"), "{}", several.err);
    let unknown = init(&home, &root, "-p shoop").with(3);
    assert!(unknown.err.contains("no package `shoop` in this workspace"), "{}", unknown.err);

    let told = init(&home, &root, "-p stock --ci github --format json").with(0).json();
    assert!(
        root.join("stock/tests/resilience.rs").is_file() && manifest(&root.join("stock")).contains("chaos-runtime")
    );
    assert_eq!(told["next"][0], "cargo test -p stock --test resilience");
    let pipeline = std::fs::read_to_string(root.join(".github/workflows/resilience.yml")).unwrap();
    assert!(pipeline.contains("run: cargo test -p stock --test resilience\n"), "{pipeline}");

    init(&home, &root.join("shop"), "").with(0);
    assert!(root.join("shop/tests/resilience.rs").is_file() && manifest(&root.join("shop")).contains("chaos-runtime"));
}

#[test]
fn where_there_is_no_project_nothing_is_made() {
    let home = Home::new();
    let dir = home.path().join("empty");
    std::fs::create_dir(&dir).unwrap();
    let told = init(&home, &dir, "").with(3);
    assert!(told.err.starts_with("error: no cargo project is found"), "{}", told.err);
    assert!(told.err.contains("help: run it in the project's directory"), "{}", told.err);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn a_runtime_that_is_not_there_is_said_before_a_file_is_written() {
    let home = Home::new();
    let shop = new(&home, "--lib");
    let mut command = home.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    command.args(["chaos", "init", "--path", "../no-such-place"]).current_dir(&shop);
    let told = ended(command).with(3);
    assert!(told.err.contains("cargo add --dev chaos-runtime --path ../no-such-place"), "{}", told.err);
    assert!(told.err.contains("help: say where chaos-runtime lies"), "{}", told.err);
    assert!(!shop.join("tests").exists());
}

/// The files of pipelines as YAML: what a runner would read.
#[test]
fn pipelines_are_yaml_with_the_steps_that_matter() {
    let home = Home::new();
    let shop = new(&home, "--lib");
    init(&home, &shop, "--ci github").with(0);
    init(&home, &shop, "--ci gitlab").with(0);
    let github = yaml(&home, &shop.join(".github/workflows/resilience.yml"));
    let steps = github["jobs"]["resilience"]["steps"].as_array().unwrap();
    let runs: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    assert!(runs.iter().any(|run| run.contains("cargo test --test resilience")), "{runs:?}");
    assert!(runs.iter().any(|run| run.contains("$GITHUB_STEP_SUMMARY")), "{runs:?}");
    let uses = |name: &str| steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with(name)));
    assert_eq!(uses("actions/cache@").unwrap()["with"]["path"], ".chaos");
    let kept = uses("actions/upload-artifact@").unwrap();
    assert_eq!(kept["if"], "always()");
    for what in ["junit.xml", "report.html"] {
        assert!(kept["with"]["path"].as_str().unwrap().contains(what), "{kept}");
    }
    let gitlab = yaml(&home, &shop.join(".gitlab-ci.yml"));
    let job = &gitlab["resilience"];
    assert_eq!(job["artifacts"]["reports"]["junit"], "target/chaos/junit.xml");
    assert!(job["script"].as_array().unwrap().iter().any(|line| line == "cargo test --test resilience"), "{job}");
    assert!(job["cache"]["paths"].as_array().unwrap().iter().any(|path| path == ".chaos"), "{job}");
}

/// Read by Ruby's or Python's parser, whichever this machine has.
fn yaml(home: &Home, path: &Path) -> Value {
    let readers: [(&str, &[&str]); 2] = [
        ("ruby", &["-ryaml", "-rjson", "-e", "puts JSON.generate(YAML.safe_load(File.read(ARGV[0])))"]),
        (
            "python3",
            &["-c", "import sys, json, yaml; print(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))"],
        ),
    ];
    for (program, arguments) in readers {
        let mut command = home.settle(Command::new(program));
        command.args(arguments).arg(path).current_dir(home.path());
        if let Ok(output) = command.output()
            && output.status.success()
        {
            return serde_json::from_slice(&output.stdout).unwrap();
        }
    }
    panic!("neither Ruby nor Python with PyYAML is here, or {} is no YAML", path.display());
}

/// A new user's way, whole: the crate, the commands of the README, a test that passes.
#[test]
fn the_first_test_passes_as_it_is_written() {
    let home = Home::new();
    let shop = new(&home, "--bin");
    init(&home, &shop, "").with(0);
    let attempt = || {
        let mut test = home.settle(Command::new("cargo"));
        // Built once on a machine; the crate itself is another one each time.
        test.env("CARGO_TARGET_DIR", fixture_target()).env("CARGO_PROFILE_DEV_DEBUG", "0");
        test.args(["test", "--test", "resilience", "--", "--nocapture"]).current_dir(&shop);
        ended(test)
    };
    let mut told = attempt();
    // Only where the machine was too busy to measure.
    for _ in 0..4 {
        if home.is_spoiled() {
            home.forget_runs();
            told = attempt();
        }
    }
    assert_eq!(told.code, Some(0), "{}\n{}", told.out, told.err);
    let all = format!("{}{}", told.out, told.err);
    assert!(all.contains("chaos test `survives_a_slow_network` PASSED"), "{all}");
    assert!(home.reports().join("junit.xml").is_file());
    let journals = home.journals();
    assert_eq!(
        journals.iter().map(|journal| &*journal.experiment.name).collect::<Vec<_>>(),
        ["survives_a_slow_network"]
    );
}
