use super::*;
use crate::report::sample;
use std::fs;

fn plant(folder: &Path, name: &str, journal: &Journal) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, serde_json::to_vec(journal).unwrap()).unwrap();
    path
}

fn of(run: &str, name: &str, started_at: &str) -> Journal {
    let mut journal = sample::passed();
    journal.run.id = run.to_owned();
    journal.run.started_at = started_at.to_owned();
    journal.experiment.name = name.to_owned();
    journal
}

const EARLY: &str = "2026-11-22T10:00:00Z";
const LATE: &str = "2026-11-22T10:00:01.5Z";

#[test]
fn shards_of_one_run_come_together_in_the_order_of_their_starts() {
    let dir = tempfile::tempdir().unwrap();
    plant(&dir.path().join("shard-1/chaos/runs/ci-7"), "b", &of("ci-7", "second", LATE));
    plant(&dir.path().join("shard-2/chaos/runs/ci-7"), "a", &of("ci-7", "first", EARLY));
    let gathered = gather(&[dir.path().to_owned()]).unwrap();
    let names: Vec<_> = gathered.runs[0].experiments.iter().map(|one| &*one.journal.experiment.name).collect();
    assert_eq!((gathered.runs.len(), names), (1, vec!["first", "second"]));
    assert_eq!((gathered.merged().id.as_str(), gathered.doubles), ("ci-7", 0));
}

#[test]
fn different_runs_stay_apart_until_they_are_merged() {
    let dir = tempfile::tempdir().unwrap();
    plant(&dir.path().join("one"), "a", &of("one", "x", LATE));
    plant(&dir.path().join("two"), "a", &of("two", "x", EARLY));
    let gathered = gather(&[dir.path().join("one"), dir.path().join("two")]).unwrap();
    let ids: Vec<_> = gathered.runs.iter().map(|run| &*run.id).collect();
    assert_eq!(ids, ["two", "one"], "by start");
    let merged = gathered.merged();
    assert_eq!((merged.id.as_str(), merged.experiments.len()), ("two + one", 2));
    assert_eq!(merged.experiments[0].journal.run.id, "two");
}

#[test]
fn the_same_record_twice_counts_once_and_different_ones_are_both_kept_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let one = of("r", "x", EARLY);
    plant(&dir.path().join("a"), "x", &one);
    plant(&dir.path().join("b"), "x", &one);
    let again = gather(&[dir.path().to_owned(), dir.path().join("a")]).unwrap();
    assert_eq!((again.runs[0].experiments.len(), again.doubles, again.conflicts.len()), (1, 1, 0));
    plant(&dir.path().join("c"), "x", &Journal { verdict: Verdict::Refuted, ..one.clone() });
    let gathered = gather(&[dir.path().to_owned()]).unwrap();
    assert_eq!(gathered.runs[0].experiments.len(), 2);
    assert!(gathered.conflicts[0].contains("passed") && gathered.conflicts[0].contains("refuted"));
    assert_eq!(gathered.merged().unreadable, gathered.conflicts, "no report may be silent about it");
    // Another start of it is another attempt, and no conflict.
    plant(&dir.path().join("d"), "x", &of("r", "x", LATE));
    assert_eq!(gather(&[dir.path().join("a"), dir.path().join("d")]).unwrap().conflicts, [""; 0]);
}

#[test]
fn of_a_copy_made_meanwhile_and_the_end_the_end_counts() {
    for names in [["a", "b"], ["b", "a"]] {
        let dir = tempfile::tempdir().unwrap();
        let ended = of("r", "x", EARLY);
        let meanwhile = Journal { verdict: Verdict::Running, reasons: vec![], ..ended.clone() };
        plant(&dir.path().join(names[0]), "x", &ended);
        plant(&dir.path().join(names[1]), "x", &meanwhile);
        let gathered = gather(&[dir.path().to_owned()]).unwrap();
        let verdicts: Vec<_> = gathered.runs[0].experiments.iter().map(|one| one.journal.verdict).collect();
        assert_eq!((verdicts, gathered.conflicts.len()), (vec![Verdict::Passed], 1), "{names:?}");
    }
}

#[test]
fn a_record_without_an_end_and_without_a_writer_is_a_killed_test() {
    let dir = tempfile::tempdir().unwrap();
    let path = plant(dir.path(), "x", &Journal { verdict: Verdict::Running, reasons: vec![], ..of("r", "x", EARLY) });
    let gathered = gather(&[path]).unwrap();
    assert_eq!(gathered.runs[0].experiments[0].journal.verdict, Verdict::Errored);
    assert!(!gathered.runs[0].is_ok());
}

#[test]
fn what_is_cut_off_is_told_and_what_was_never_a_journal_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let whole = plant(dir.path(), "whole", &of("r", "x", EARLY));
    let text = fs::read(&whole).unwrap();
    fs::write(dir.path().join("cut.json"), &text[..text.len() / 2]).unwrap();
    fs::write(dir.path().join("package.json"), r#"{"name":"web","schema":1}"#).unwrap();
    fs::write(dir.path().join("list.json"), "[1,2]").unwrap();
    // Those are read by the run that has them.
    plant(&dir.path().join("attempts"), "x.1", &of("r", "x", LATE));
    let gathered = gather(&[dir.path().to_owned()]).unwrap();
    assert_eq!(gathered.runs[0].experiments.len(), 1);
    assert!(gathered.unreadable.len() == 1 && gathered.unreadable[0].contains("cut.json"), "{:?}", gathered.unreadable);
    assert!(gather(&[dir.path().join("package.json")]).unwrap_err().to_string().contains("no journal"));
    assert!(gather(&[dir.path().join("missing")]).is_err());
    let empty = tempfile::tempdir().unwrap();
    assert!(gather(&[empty.path().to_owned()]).unwrap_err().to_string().contains("no journal is found"));
}
