//! `cargo chaos report`, on planted journals.

mod support;

use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_runtime::report::sample;
use std::fs;
use support::{Home, plant};

fn of(run: &str, name: &str, journal: Journal) -> Journal {
    let mut journal = journal;
    journal.run.id = run.to_owned();
    journal.experiment.name = name.to_owned();
    journal
}

#[test]
fn the_newest_run_or_one_by_its_id() {
    let home = Home::new();
    let none = home.run("report").with(3).err;
    assert!(none.contains("no run is found") && none.contains("help: "), "{none}");
    home.plant("old", "a", &of("old", "first", sample::passed()));
    home.plant("new", "a", &of("new", "second", sample::refuted()));
    fs::write(home.reports().join("runs/new/state/started"), "2").unwrap();
    let newest = home.run("report").with(0).out;
    assert!(newest.contains("`second` REFUTED") && newest.contains("1 experiment of run new: 1 refuted"), "{newest}");
    assert!(!newest.contains("`first`"));
    let old = home.run("report old").with(0).out;
    assert!(old.contains("`first` PASSED"), "{old}");
    let wrong = home.run("report older").with(3).err;
    assert!(wrong.contains("neither a path nor the id of a run"), "{wrong}");
}

#[test]
fn machines_of_one_run_are_put_together_and_contradictions_are_told() {
    let home = Home::new();
    let (one, two) = (home.path().join("artifacts/one/chaos/runs/ci"), home.path().join("artifacts/two/runs/ci"));
    plant(&one, "a", &of("ci", "slow", sample::passed()));
    plant(&two, "b", &of("ci", "down", sample::refuted()));
    let artifacts = home.path().join("artifacts");
    let line = format!("report {} --format json", artifacts.display());
    let both = home.run(&line).with(0).valid("report");
    assert_eq!((both["runs"].as_array().unwrap().len(), &both["ok"]), (1, &false.into()));
    assert_eq!(both["verdicts"], serde_json::json!({ "passed": 1, "refuted": 1 }));
    let names: Vec<_> =
        both["runs"][0]["experiments"].as_array().unwrap().iter().map(|one| &one["experiment"]["name"]).collect();
    assert_eq!(names.len(), 2, "{names:?}");

    // The same twice is one; two verdicts of one start are a contradiction.
    plant(&two, "c", &of("ci", "slow", sample::passed()));
    let again = home.run(&line).with(0).json();
    assert_eq!(again["doubles"], 1);
    plant(&two, "d", &Journal { verdict: Verdict::Unsteady, ..of("ci", "slow", sample::passed()) });
    let ended = home.run(&line).with(1);
    assert!(ended.err.contains("is recorded as passed in") && ended.err.contains("both are shown"), "{}", ended.err);
    assert_eq!(ended.json()["runs"][0]["experiments"].as_array().unwrap().len(), 3);
}

/// By the desktop's own way to open a file, which stands in front of whatever this machine has.
#[cfg(target_os = "linux")]
#[test]
fn the_page_is_written_and_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.plant("new", "a", &of("new", "second", sample::refuted()));
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let opener = |script: &str| {
        fs::write(bin.join("xdg-open"), script).unwrap();
        fs::set_permissions(bin.join("xdg-open"), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let report = |path: String| {
        let mut command = home.chaos("report --open");
        command.env("PATH", path);
        support::ended(command)
    };
    let opened = home.path().join("opened");
    opener(&format!("#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n", opened.display()));
    let page = home.reports().join("runs/new/report.html");
    let told = report(format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())).with(0).out;
    assert_eq!(told.trim(), page.display().to_string());
    // It goes on by itself.
    for _ in 0..3_000 {
        if opened.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(&opened).unwrap(), page.display().to_string());
    assert!(fs::read_to_string(&page).unwrap().contains("second"));

    // Where there is nothing to open it with, it is written all the same.
    fs::remove_file(&page).unwrap();
    let nowhere = report(home.path().join("nothing").display().to_string()).with(3).err;
    assert!(nowhere.contains("can't open") && nowhere.contains("help: it is written; open it by hand"), "{nowhere}");
    assert!(page.exists());
}

#[test]
fn junit_is_the_runtimes_own_and_names_what_it_leaves_out() {
    let home = Home::new();
    let folder = home.path().join("r");
    plant(&folder, "a", &of("r", "slow", sample::refuted()));
    fs::write(folder.join("cut.json"), "{\"schema\":1,").unwrap();
    let file = home.path().join("all.xml");
    let ended = home.run(&format!("report {} --output {}", folder.display(), file.display())).with(1);
    assert!(ended.err.contains("cut.json was left out: not a journal"), "{}", ended.err);
    assert_eq!(ended.out.trim(), file.display().to_string());
    let xml = fs::read_to_string(&file).unwrap();
    assert!(xml.starts_with("<?xml") && xml.contains("<failure type=\"hypothesis\""), "{xml}");
    assert!(xml.contains("cut.json was left out"), "{xml}");
    let mut reader = quick_xml::Reader::from_str(&xml);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            _ => continue,
        }
    }
}

#[test]
fn every_shape_of_junit_and_every_other_format_is_written() {
    let home = Home::new();
    let folder = home.path().join("r");
    plant(&folder, "a", &of("r", "slow", sample::refuted()));
    plant(&folder, "b", &of("r", "fast", sample::passed()));
    let line = |rest: &str| format!("report {} {rest}", folder.display());
    let nextest = home.run(&line("--format junit --junit nextest")).with(0);
    assert!(
        nextest.out.contains("<testsuites name=\"r\"") && nextest.out.contains("failures=\"3\""),
        "{}",
        nextest.out
    );
    let several = home.path().join("surefire");
    let told = home.run(&line(&format!("--format junit --junit surefire --output {}", several.display()))).with(0);
    let files: Vec<_> = told.out.lines().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(files.len() == 2 && files.iter().all(|file| file.contains("<testsuite ")), "{}", told.out);
    let nowhere = home.run(&line("--format junit --junit surefire")).with(3);
    assert!(nowhere.err.contains("name their folder: --output"), "{}", nowhere.err);

    let markdown = home.run(&line("--format markdown")).with(0);
    assert!(markdown.out.contains("1 of 2 experiments failed"), "{}", markdown.out);
    let page = home.path().join("all.html");
    home.run(&line(&format!("--output {}", page.display()))).with(0);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("1 of 2 experiments failed"), "{}", &page[..200]);
}

#[test]
fn what_is_no_journal_is_refused_and_an_output_that_cannot_be_written_is_told() {
    let home = Home::new();
    let path = home.path().join("package.json");
    fs::write(&path, "{\"name\":\"web\"}").unwrap();
    let ended = home.run(&format!("report {}", path.display())).with(3);
    assert!(ended.err.contains("is no journal\n"), "{}", ended.err);
    let run = home.plant("r", "a", &of("r", "slow", sample::passed()));
    let nowhere = home.path().join("no/such/folder.txt");
    let ended = home.run(&format!("report {} -o {}", run.display(), nowhere.display())).with(3);
    assert!(ended.err.contains("can't write"), "{}", ended.err);
    // A single journal is a report, too.
    let out = home.run(&format!("report {}", run.display())).with(0).out;
    assert!(out.contains("`slow` PASSED"), "{out}");
}
