use crate::home::{Home, commit, named, on_day, with_p99};
use chaos_runtime::history::{Entry, Store};
use chaos_runtime::report::sample;

/// 30 runs, the last ten of them 40 % slower.
fn slower() -> Home {
    let home = Home::new();
    home.keep((0..30).map(|i| {
        let level = if i < 20 { 0.250 } else { 0.350 };
        with_p99(sample::passed(), level * (1.0 + 0.02 * ((i * i * 7 + 3 * i) % 13) as f64 / 13.0))
    }));
    home
}

const SENTENCE: &str =
    "P99 in the fault phase rose 40 % since commit abc0014 (2026-11-21, was 253 ms, now 353 ms, p < 0.001)";

#[test]
fn the_terminal_says_since_when_and_by_how_much() {
    let ended = slower().chaos(&["history"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains(&format!("▲ {SENTENCE}")), "{}", ended.out);
    assert!(ended.out.contains("profile local, 30 runs; last on 2026-11-30: passed at abc001d"), "{}", ended.out);
    assert!(ended.out.contains(&"✓".repeat(30)), "{}", ended.out);
}

#[test]
fn programs_read_the_same() {
    let home = slower();
    let json = home.chaos(&["history", "--format", "json", "--last", "7"]).json();
    assert!(json["store"].as_str().unwrap().ends_with(".chaos/history"), "{json}");
    let experiment = &json["experiments"][0];
    assert_eq!((&experiment["runs"], experiment["newest"].as_array().unwrap().len()), (&30.into(), 7));
    let trends = experiment["trends"].as_array().unwrap();
    let trend = trends.iter().find(|trend| trend["claim"] == "during(p99 < 800ms)").unwrap();
    let change = &trend["change_points"][0];
    assert_eq!((&change["index"], &change["is_worse"]), (&20.into(), &true.into()));
    assert_eq!(change["commit"], commit(20)[..7]);
    assert_eq!(trend["points"].as_array().unwrap().len(), 30);
    let markdown = home.chaos(&["history", "--format", "markdown"]).out;
    assert!(markdown.contains("| claim | values | last | change |") && markdown.contains("rose 40 %"), "{markdown}");
}

#[test]
fn the_page_holds_it_all_and_loads_nothing() {
    let home = slower();
    let ended = home.chaos(&["history", "--html", "history.html"]);
    assert!(ended.out.contains("page: history.html"), "{ended:?}");
    let page = std::fs::read_to_string(home.path().join("history.html")).unwrap();
    assert!(page.contains("1 value is worse than before") && page.contains(&SENTENCE.replace('<', "&lt;")));
    assert!(page.contains(r#""k":"change""#), "the change is marked in the chart");
    assert!(!page.contains("src=\"http") && !page.contains("<link rel=\"stylesheet\""));
}

#[test]
fn names_and_profiles_choose() {
    let home = Home::new();
    let mut staging = named("orders", sample::passed());
    staging.run.profile = "staging".to_owned();
    home.keep([named("orders", sample::passed()), named("payments", sample::passed()), staging]);
    let names = |arguments: &[&str]| {
        let json = home.chaos(&[&["history", "--format=json"], arguments].concat()).json();
        let told = json["experiments"].as_array().unwrap().clone();
        told.iter().map(|one| format!("{} {}", one["name"], one["profile"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["orders local", "orders staging", "payments local"]);
    assert_eq!(names(&["order", "--profile", "staging"]), ["orders staging"]);
    assert!(home.chaos(&["history", "nothing"]).out.contains("no run of an experiment with `nothing` in its name"));
}

#[test]
fn what_another_machine_has_kept_is_added_once() {
    let home = Home::new();
    home.keep([sample::passed()]);
    let other = Store::open(home.path().join("artifact/nightly/history"));
    for i in 1..5 {
        other.append(&Entry::of(&on_day(i, sample::refuted()))).unwrap();
    }
    let ended = home.chaos(&["history", "--merge", "artifact"]);
    assert!(ended.out.contains("added 4 runs of experiments, 0 were known already"), "{ended:?}");
    assert!(ended.out.contains("✓✗✗✗✗"), "{ended:?}");
    let again = home.chaos(&["history", "--merge", "artifact", "--format=json"]).json();
    assert_eq!((&again["merged"]["added"], &again["merged"]["known"]), (&0.into(), &4.into()));
    let missing = home.chaos(&["history", "--merge", "nowhere"]);
    assert!(missing.code == Some(3) && missing.err.contains("help: "), "{missing:?}");
}

#[test]
fn folders_of_runs_give_what_the_history_lacks() {
    let home = Home::new();
    home.run("one", [sample::refuted(), named("skipped", sample::skipped())]);
    assert!(home.chaos(&["history"]).out.contains("no history yet"));
    let added = home.chaos(&["history", "--from-runs", "--format=json"]).json();
    assert_eq!((&added["merged"]["added"], added["experiments"].as_array().unwrap().len()), (&1.into(), 1));
}

#[test]
fn without_a_project_the_way_out_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-chaos"));
    command.args(["chaos", "history"]).current_dir(dir.path()).env_remove("CHAOS_DIR").env_remove("CHAOS_HISTORY");
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && error.contains("help: run it in the project's directory"), "{error}");
    let kept = Store::open(dir.path().join("kept"));
    kept.append(&Entry::of(&sample::passed())).unwrap();
    let output = command.env("CHAOS_HISTORY", dir.path().join("kept")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains(", 1 run;"), "who says where it lies needs none");
}
