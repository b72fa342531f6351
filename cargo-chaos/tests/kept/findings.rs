use crate::home::{Home, commit, named};
use chaos_runtime::report::journal::Journal;
use chaos_runtime::report::sample;
use std::process::Command;

fn due(day: &str) -> Journal {
    let mut journal = sample::known_weakness();
    journal.finding.as_mut().unwrap().fix_by = Some(day.to_owned());
    journal
}

/// Open and overdue, open, resolved.
fn three() -> Home {
    let home = Home::new();
    home.keep([named("late", due("2026-01-31")), named("late", due("2026-01-31"))]);
    home.keep([named("plain", sample::passed()), named("plain", sample::refuted())]);
    home.keep([named("fixed", sample::refuted()), named("fixed", sample::refuted()), named("fixed", sample::passed())]);
    home
}

#[test]
fn an_overdue_one_is_bad_news_and_comes_first() {
    let home = three();
    let ended = home.chaos(&["findings"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.starts_with("2 open findings, 1 overdue\n\nOVERDUE shop::resilience late\n"), "{}", ended.out);
    assert!(ended.out.contains("PAY-142, high, payments team, to be fixed by 2026-01-31"), "{}", ended.out);
    assert!(ended.out.contains("no ticket, no urgency set, no owner set, no date set"), "{}", ended.out);
    assert!(ended.out.contains("✗ during(success_rate >= 99%)  measured 91.84 %"), "{}", ended.out);
    let seen = format!("seen 2 times from 2026-11-01 ({}) to 2026-11-02 ({})", &commit(0)[..7], &commit(1)[..7]);
    assert!(ended.out.contains(&seen), "{}", ended.out);
}

#[test]
fn nothing_overdue_is_fine() {
    let home = Home::new();
    assert_eq!(home.chaos(&["findings"]).code, Some(0), "nothing is kept yet");
    home.keep([named("plain", sample::refuted()), named("known", due("2999-01-01"))]);
    assert_eq!(home.chaos(&["findings"]).code, Some(0));
}

#[test]
fn states_and_dates_choose() {
    let home = three();
    let names = |arguments: &[&str]| {
        let json = home.chaos(&[&["findings", "--format=json"], arguments].concat()).json();
        assert_eq!(json["overdue"], 1);
        let found = json["findings"].as_array().unwrap().clone();
        found.iter().map(|one| format!("{} {}", one["name"], one["state"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["late open", "plain open"]);
    assert_eq!(names(&["--resolved"]), ["fixed resolved"]);
    assert_eq!(names(&["--all"]), ["late open", "fixed resolved", "plain open"]);
    assert_eq!(names(&["--all", "--since", "2026-11-02"]), ["fixed resolved", "plain open"]);
    let wrong = home.chaos(&["findings", "--since", "v99"]);
    assert!(wrong.code == Some(3) && wrong.err.contains("`v99` is neither a date nor a tag or commit"), "{wrong:?}");
    assert_eq!(home.chaos(&["findings", "--changelog"]).code, Some(2), "since when?");
}

#[test]
fn release_notes_tell_what_happened_since_a_tag() {
    let home = three();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        git.args(who).args(arguments).current_dir(home.path()).env("GIT_COMMITTER_DATE", "2026-11-02T00:00:00Z");
        let output = git.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "first"]);
    git(&["tag", "v1.4"]);
    let ended = home.chaos(&["findings", "--changelog", "--since", "v1.4"]);
    assert_eq!(ended.code, Some(1), "one is overdue: {ended:?}");
    let expected = "### Resilience

#### Resolved since v1.4

- **fixed**: `during(success_rate >= 99%)` (was 91.84 %), `during(p99 < 800ms)` (was failed) holds since 2026-11-03 (abc0002)

#### New since v1.4

- **plain**: `during(success_rate >= 99%)` (measured 91.84 %), `during(p99 < 800ms)` (measured failed) does not hold since 2026-11-02 (abc0001)

#### Still open

- **PAY-142** late: `during(success_rate >= 99%)` (measured 91.84 %), `during(p99 < 800ms)` (measured failed) does not hold since 2026-11-01 (abc0000); high; payments team; to be fixed by 2026-01-31, **overdue**
";
    assert_eq!(ended.out, expected);
    let table = home.chaos(&["findings", "--all", "--format", "markdown"]).out;
    assert!(table.starts_with("## 3 findings, 1 overdue\n\n| finding |"), "{table}");
    assert!(table.contains("**2026-01-31, overdue**") && table.contains(", resolved 2026-11-03"), "{table}");
}
