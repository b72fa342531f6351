use crate::home::{Home, named, with_p99};
use chaos_runtime::report::sample;

fn two_runs() -> Home {
    let home = Home::new();
    home.run(
        "aa-1",
        [
            named("slower", with_p99(sample::passed(), 0.25)),
            named("broken", sample::passed()),
            named("gone", sample::passed()),
            named("calm", sample::passed()),
        ],
    );
    home.run(
        "bb-2",
        [
            named("slower", with_p99(sample::passed(), 0.35)),
            named("broken", sample::refuted()),
            named("new", sample::passed()),
            named("calm", sample::passed()),
        ],
    );
    home
}

#[test]
fn what_got_worse_is_bad_news() {
    let ended = two_runs().chaos(&["diff", "latest~1", "latest"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in [
        "a  aa-1 of 2026-03-01T10:20\nb  bb-2",
        "▲ shop::resilience broken\n  passed → refuted",
        "- shop::resilience gone\n  not in b; it was passed",
        "+ shop::resilience new\n  new: passed",
        "▲ shop::resilience slower\n  passed in both\n  ▲ during(p99 < 800ms)  250 ms ✓ (n = 2010) → 350 ms ✓ (n = 2010)  +40 %\n      the intervals are apart",
        "1 experiments without a difference beyond chance",
        "1 verdict fell, 3 values are worse beyond chance",
    ] {
        assert!(ended.out.contains(part), "no `{part}` in\n{}", ended.out);
    }
}

#[test]
fn better_and_the_same_are_fine() {
    let home = two_runs();
    home.run("cc-3", [named("slower", with_p99(sample::passed(), 0.25)), named("broken", sample::passed())]);
    let ended = home.chaos(&["diff", "bb", "cc"]);
    assert!(ended.code == Some(0) && ended.out.contains("Nothing is worse beyond chance"), "{ended:?}");
    assert!(ended.out.contains("refuted → passed"), "{ended:?}");
    assert_eq!(home.chaos(&["diff", "latest", "latest"]).code, Some(0));
}

#[test]
fn programs_and_pull_requests_read_the_same() {
    let home = two_runs();
    let folder = home.path().join("target/chaos/runs/aa-1");
    let json = home.chaos(&["diff", folder.to_str().unwrap(), "bb-2", "--format=json"]);
    assert_eq!(json.code, Some(1));
    let json = json.json();
    assert_eq!((&json["a"]["id"], &json["b"]["id"]), (&"aa-1".into(), &"bb-2".into()));
    let changes: Vec<_> =
        json["experiments"].as_array().unwrap().iter().map(|one| one["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["worse", "same", "removed", "added", "same"]);
    let slower = &json["experiments"][4]["claims"];
    let claim = slower.as_array().unwrap().iter().find(|claim| claim["claim"] == "during(p99 < 800ms)").unwrap();
    assert_eq!((&claim["beyond_chance"], &claim["is_worse"]), (&true.into(), &true.into()));
    let markdown = home.chaos(&["diff", "--format=markdown"]).out;
    assert!(markdown.contains("| ▲ | broken | verdict | passed | refuted | |"), "{markdown}");
    assert!(
        markdown.contains("| ▲ | slower | `during(p99 < 800ms)` | 250 ms | 350 ms | +40 % the intervals are apart |"),
        "{markdown}"
    );
}

#[test]
fn what_is_not_there_is_said_with_the_way_out() {
    let home = Home::new();
    let none = home.chaos(&["diff"]);
    assert!(none.code == Some(3) && none.err.contains("help: there is none in"), "{none:?}");
    let home = two_runs();
    let unknown = home.chaos(&["diff", "zz", "latest"]);
    assert!(unknown.code == Some(3) && unknown.err.contains("help: the newest runs are bb-2, aa-1"), "{unknown:?}");
}
