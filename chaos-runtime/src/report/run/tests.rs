use super::*;
use crate::report::journal::Verdict;
use crate::report::sample;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn named(name: &str, mut journal: Journal) -> Journal {
    journal.experiment.name = name.to_owned();
    journal
}

/// A small journal: these tests rebuild hundreds of files.
fn small(name: &str, verdict: Verdict) -> Journal {
    let mut journal = named(name, sample::running());
    journal.verdict = verdict;
    journal
}

fn junit(run: &Run) -> String {
    std::fs::read_to_string(run.junit()).unwrap()
}

/// How many suites there are in a file that must be whole.
fn suites(xml: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut open = 0;
    let mut suites = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml}")) {
            quick_xml::events::Event::Start(start) => {
                open += 1;
                suites += usize::from(start.name().as_ref() == "testsuite");
            }
            quick_xml::events::Event::End(_) => open -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert!(open == 0 && xml.ends_with("</testsuites>\n"), "cut off:\n{xml}");
    suites
}

#[test]
fn a_record_is_there_from_the_start_and_has_its_verdict_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let record = run.begin(&small("a::b", Verdict::Running)).unwrap();
    assert_eq!(record, dir.path().join("runs/one/shop.resilience.a.b.json"));
    assert!(junit(&run).contains("still running"), "red until it has ended:\n{}", junit(&run));

    let journal = named("a::b", sample::refuted());
    assert_eq!(run.finish(&journal).unwrap(), record);
    let read = super::record::read(&record).unwrap();
    assert!(read == crate::report::text::publish(&journal), "reads back, maps with their keys included");
    assert_eq!(read.loads[0].phases[2].errors.len(), 2);
    assert_eq!(read.loads[0].phases[2].statuses[&503], 82);
    assert!(!junit(&run).contains("still running"));
    assert!(junit(&run).contains(r#"type="hypothesis""#));
    assert_eq!(std::fs::read_to_string(dir.path().join("junit.xml")).unwrap(), junit(&run));
    assert_eq!(run.undo_dir(), dir.path().join("undo"));
}

#[test]
fn a_second_attempt_replaces_the_first_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    for verdict in [Verdict::Refuted, Verdict::Errored, Verdict::Passed] {
        run.begin(&small("again", Verdict::Running)).unwrap();
        run.finish(&small("again", verdict)).unwrap();
    }
    let xml = junit(&run);
    assert_eq!(suites(&xml), 1);
    assert!(!xml.contains("<failure") && !xml.contains("<error"), "{xml}");
    assert!(xml.contains("2 earlier attempts in this run: refuted, errored"), "{xml}");
}

#[test]
fn what_is_no_record_of_ours_is_left_out_with_a_remark() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    run.finish(&small("ours", Verdict::Passed)).unwrap();
    let folder = dir.path().join("runs/one");
    std::fs::write(folder.join("newer.json"), r#"{"schema": 99, "anything": []}"#).unwrap();
    std::fs::write(folder.join("foreign.json"), r#"["no", "journal"]"#).unwrap();
    std::fs::write(folder.join("broken.json"), "{\"schema\": 1, \0").unwrap();
    std::fs::write(folder.join("lacking.json"), r#"{"schema": 1}"#).unwrap();
    std::fs::write(folder.join("notes.txt"), "hello").unwrap();
    std::fs::create_dir(folder.join("folder.json")).unwrap();
    run.finish(&small("ours too", Verdict::Passed)).unwrap();
    let xml = junit(&run);
    assert_eq!(suites(&xml), 2);
    for name in ["newer", "foreign", "broken", "lacking", "folder"] {
        assert!(xml.contains(&format!("<!-- {name}.json was left out")), "{name}:\n{xml}");
    }
    assert!(!xml.contains("notes.txt"));
}

#[test]
fn an_unknown_field_is_no_reason_to_leave_a_record_out() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let record = run.finish(&small("ours", Verdict::Passed)).unwrap();
    let json = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, json.replacen('{', r#"{"new_field": {"x": 1},"#, 1)).unwrap();
    run.finish(&small("another", Verdict::Passed)).unwrap();
    assert_eq!(suites(&junit(&run)), 2);
}

#[test]
fn a_killed_test_shows_as_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = writer(dir.path(), "hang");
    let run = Run::at(dir.path().to_owned(), "shared");
    wait_for(|| run.junit().exists());

    run.finish(&small("alive", Verdict::Passed)).unwrap();
    assert!(junit(&run).contains("still running"), "{}", junit(&run));
    child.kill().unwrap();
    child.wait().unwrap();
    run.finish(&small("later", Verdict::Passed)).unwrap();
    let xml = junit(&run);
    assert!(xml.contains(r#"type="killed""#) && !xml.contains("still running"), "{xml}");
    assert_eq!(suites(&xml), 3);

    // A retry of the killed test is told apart from one that ended.
    run.begin(&small("hang", Verdict::Running)).unwrap();
    run.finish(&small("hang", Verdict::Passed)).unwrap();
    assert!(junit(&run).contains("1 earlier attempt in this run: killed"), "{}", junit(&run));
}

#[test]
fn only_the_newest_runs_are_kept_and_nothing_that_is_not_ours_goes() {
    let dir = tempfile::tempdir().unwrap();
    let busy = Run::at(dir.path().to_owned(), "busy");
    busy.begin(&small("long", Verdict::Running)).unwrap();
    let foreign = dir.path().join("runs/precious");
    std::fs::create_dir_all(&foreign).unwrap();
    for i in 0..25 {
        Run::at(dir.path().to_owned(), &format!("run-{i:02}")).finish(&small("x", Verdict::Passed)).unwrap();
    }
    let last = Run::at(dir.path().to_owned(), "run-99");
    last.begin(&small("x", Verdict::Running)).unwrap();
    let mut left: Vec<_> = std::fs::read_dir(dir.path().join("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("run-"))
        .collect();
    left.sort();
    assert_eq!(left.len(), 20, "{left:?}");
    assert_eq!(left[0], "run-06");
    assert!(busy.junit().exists(), "a run at work stays, however old");
    assert!(foreign.exists(), "a folder that is no run stays");
    assert!(last.junit().exists());
}

#[test]
fn an_older_run_does_not_take_the_top_back() {
    let dir = tempfile::tempdir().unwrap();
    let older = Run::at(dir.path().to_owned(), "older");
    older.begin(&small("tortoise", Verdict::Running)).unwrap();
    let newer = Run::at(dir.path().to_owned(), "newer");
    newer.finish(&small("hare", Verdict::Passed)).unwrap();
    older.finish(&small("tortoise", Verdict::Passed)).unwrap();
    let top = std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(top.contains("hare") && !top.contains("tortoise"), "{top}");
}

#[test]
fn a_run_is_newer_than_those_before_it_whatever_the_clock_says() {
    let dir = tempfile::tempdir().unwrap();
    let before = Run::at(dir.path().to_owned(), "before");
    before.finish(&small("yesterday", Verdict::Passed)).unwrap();
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
    let nanos = tomorrow.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    std::fs::write(dir.path().join("runs/before/state/started"), nanos.to_string()).unwrap();
    Run::at(dir.path().to_owned(), "after").finish(&small("today", Verdict::Passed)).unwrap();
    let top = std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(top.contains("today") && !top.contains("yesterday"), "{top}");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Run::at(file, "one").begin(&small("x", Verdict::Running)).unwrap_err();
    assert!(error.to_string().contains("help: set CHAOS_DIR"), "{error}");
}

/// Reads the file over and over while `write` runs.
fn watched(path: &Path, write: impl FnOnce()) -> usize {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut most = 0;
            let mut reads = 0_u32;
            loop {
                let last = done.load(Ordering::SeqCst);
                if let Ok(xml) = std::fs::read_to_string(path) {
                    let now = suites(&xml);
                    assert!(now >= most, "{now} suites after {most}");
                    most = now;
                    reads += 1;
                } else {
                    assert_eq!(most, 0, "once there, always there");
                }
                if last {
                    break;
                }
                // Leaves the writers some of the processor.
                std::thread::sleep(Duration::from_millis(1));
            }
            assert!(reads > 10, "{reads} reads prove nothing");
            most
        });
        write();
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    })
}

const WRITERS: usize = 8;
const RECORDS: usize = 25;

fn write_records(run: &Run, writer: &str) {
    for i in 0..RECORDS {
        let name = format!("w{writer}::t{i}");
        run.begin(&small(&name, Verdict::Running)).unwrap();
        run.finish(&small(&name, Verdict::Passed)).unwrap();
    }
}

#[test]
fn threads_that_write_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "shared");
    let seen = watched(&run.junit(), || {
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let run = &run;
                scope.spawn(move || write_records(run, &writer.to_string()));
            }
        });
    });
    assert_eq!(seen, WRITERS * RECORDS);
    assert!(!junit(&run).contains("<error"), "all have ended");
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "shared");
    let seen = watched(&run.junit(), || {
        let children: Vec<_> = (0..WRITERS).map(|i| writer(dir.path(), &i.to_string())).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    });
    assert_eq!(seen, WRITERS * RECORDS);
    assert!(!junit(&run).contains("<error"), "all have ended");
}

/// This test binary again, as a process that writes records into `root`.
fn writer(root: &Path, job: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "report::run::tests::writes_records_for_others", "--ignored"])
        .env("CHAOS_TEST_WRITER_ROOT", root)
        .env("CHAOS_TEST_WRITER_JOB", job)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the other process of the tests above"]
fn writes_records_for_others() {
    let root = PathBuf::from(std::env::var_os("CHAOS_TEST_WRITER_ROOT").expect("started by another test"));
    let job = std::env::var("CHAOS_TEST_WRITER_JOB").unwrap();
    let run = Run::at(root, "shared");
    if job == "hang" {
        run.begin(&small("hang", Verdict::Running)).unwrap();
        std::thread::sleep(Duration::from_secs(600));
    }
    write_records(&run, &job);
}

fn wait_for(condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}
