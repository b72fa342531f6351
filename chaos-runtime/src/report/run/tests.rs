use super::*;
#[cfg(unix)]
use crate::clock::processor_time;
use crate::report::journal::{ReasonKind, Verdict};
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
fn the_journals_of_earlier_attempts_stay_and_show_as_reruns() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let attempts = [sample::refuted(), sample::passed(), sample::panicked(), sample::passed()];
    for journal in &attempts {
        run.begin(&small("again", Verdict::Running)).unwrap();
        run.finish(&named("again", journal.clone())).unwrap();
    }
    for (i, journal) in attempts.iter().take(3).enumerate() {
        let kept = dir.path().join(format!("runs/one/attempts/shop.resilience.again.{}.json", i + 1));
        assert_eq!(super::record::read(&kept).unwrap().verdict, journal.verdict);
    }
    let xml = junit(&run);
    let count = |text: &str| xml.matches(text).count();
    assert_eq!(suites(&xml), 1);
    assert_eq!((count("<flakyFailure "), count("<flakyError ")), (1, 1), "passed repetitions are no reruns:\n{xml}");
    assert!(xml.contains("3 earlier attempts in this run: refuted, passed, errored"), "{xml}");

    run.begin(&small("again", Verdict::Running)).unwrap();
    run.finish(&named("again", sample::refuted())).unwrap();
    let xml = junit(&run);
    let count = |text: &str| xml.matches(text).count();
    assert_eq!((count("<flaky"), count("<rerunFailure "), count("<rerunError ")), (0, 1, 1), "{xml}");
}

#[test]
fn of_a_thousand_repetitions_some_journals_are_kept_and_all_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    for i in 0..60 {
        run.begin(&small("again", Verdict::Running)).unwrap();
        run.finish(&small("again", if i % 3 == 0 { Verdict::Refuted } else { Verdict::Passed })).unwrap();
    }
    let kept = std::fs::read_dir(dir.path().join("runs/one/attempts")).unwrap().count();
    let xml = junit(&run);
    assert_eq!((kept, xml.matches("<flakyFailure ").count()), (20, 10));
    assert!(xml.contains("59 earlier attempts in this run: 20 refuted, 39 passed"), "{xml}");
}

#[test]
fn begun_again_after_a_wait_it_is_the_same_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let mut waiting = small("late", Verdict::Running);
    let message = "waiting for shop::first (process 4711), 2 more ahead".to_owned();
    waiting.reasons = vec![crate::report::journal::Reason { kind: ReasonKind::Waiting, message, help: None }];
    run.begin(&waiting).unwrap();
    assert!(junit(&run).contains("killed, or still waiting for shop::first (process 4711)"), "{}", junit(&run));
    run.begin(&small("late", Verdict::Running)).unwrap();
    assert!(junit(&run).contains("still running") && !junit(&run).contains("attempt"), "{}", junit(&run));
    run.finish(&small("late", Verdict::Passed)).unwrap();
    assert!(!junit(&run).contains("attempt"), "{}", junit(&run));

    // The same, killed meanwhile: the lock of its sign of life is gone with the process.
    let killed = Run::at(dir.path().to_owned(), "two");
    killed.begin(&waiting).unwrap();
    drop(killed);
    wait_for_the_end(&dir.path().join("runs/two/state/shop.resilience.late.lock"));
    let run = Run::at(dir.path().to_owned(), "two");
    run.finish(&small("other", Verdict::Passed)).unwrap();
    let xml = junit(&run);
    assert!(xml.contains("killed while waiting for shop::first (process 4711), 2 more ahead"), "{xml}");
    assert!(!xml.contains("still waiting") && xml.contains(r#"type="killed""#), "{xml}");
    run.begin(&small("late", Verdict::Running)).unwrap();
    run.finish(&small("late", Verdict::Passed)).unwrap();
    assert!(junit(&run).contains("1 earlier attempt in this run: killed"), "{}", junit(&run));
    assert_eq!(junit(&run).matches("<flakyError ").count(), 1);
}

#[test]
fn the_newest_run_is_the_one_that_began_last_whatever_the_clock_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = |run: &str| dir.path().join("runs").join(run).join("state/started");
    let top = || std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    Run::at(dir.path().to_owned(), "before").finish(&small("before", Verdict::Passed)).unwrap();
    // The clock was an hour ahead then, and has been set right since.
    let started: u128 = std::fs::read_to_string(path("before")).unwrap().parse().unwrap();
    std::fs::write(path("before"), (started + 3_600_000_000_000).to_string()).unwrap();
    for i in 0..25 {
        let name = format!("after{i:02}");
        Run::at(dir.path().to_owned(), &name).finish(&small(&name, Verdict::Passed)).unwrap();
        assert!(top().contains(&format!(r#"name="{name}""#)), "{}", top());
    }
    // The oldest ones are removed, and not those that began while the clock was behind.
    Run::at(dir.path().to_owned(), "last").begin(&small("last", Verdict::Running)).unwrap();
    assert!(!path("before").exists() && !path("after05").exists() && path("after06").exists());
    assert!(top().contains(r#"name="last""#));

    // Cut off by a power failure: no reason to leave the run out.
    std::fs::write(path("last"), "").unwrap();
    let last = Run::at(dir.path().to_owned(), "last");
    last.finish(&small("last", Verdict::Passed)).unwrap();
    assert!(top() == junit(&last) && !top().contains("still running"), "{}", top());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_file_whole_and_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    run.finish(&small("first", Verdict::Passed)).unwrap();
    let before = junit(&run);
    let new = run.junit().with_extension("xml.new");
    std::os::unix::fs::symlink("/dev/full", &new).unwrap();
    let error = run.finish(&small("second", Verdict::Passed)).unwrap_err().to_string();
    assert!(error.contains("No space left on device") && error.contains("help: "), "{error}");
    assert_eq!(junit(&run), before);
    assert!(std::fs::symlink_metadata(&new).is_err(), "nothing is left beside it");
    run.finish(&small("third", Verdict::Passed)).unwrap();
    assert_eq!(suites(&junit(&run)), 3, "what was written in between is made up for");
}

#[test]
fn an_index_that_is_cut_off_or_about_another_file_costs_time_only() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let index = dir.path().join("runs/one/state/index");
    for i in 0..8 {
        run.finish(&small(&format!("t{i}"), Verdict::Passed)).unwrap();
    }
    let whole = std::fs::read(&index).unwrap();
    for cut in (0..whole.len()).step_by(37) {
        std::fs::write(&index, &whole[..cut]).unwrap();
        run.finish(&small("t0", Verdict::Passed)).unwrap();
        assert_eq!(suites(&junit(&run)), 8, "cut at {cut}");
    }
    // Another file, in which everything is where the index says; later by more than a tick of the clock of files.
    std::fs::write(run.junit(), junit(&run).replace("t5", "x5")).unwrap();
    let other = File::options().write(true).open(run.junit()).unwrap();
    other.set_modified(std::time::SystemTime::now() + Duration::from_secs(1)).unwrap();
    run.finish(&small("t0", Verdict::Passed)).unwrap();
    assert!(suites(&junit(&run)) == 8 && !junit(&run).contains("x5"), "{}", junit(&run));
    // A record that is gone takes its suite with it, and the numbers close up.
    std::fs::remove_file(dir.path().join("runs/one/shop.resilience.t3.json")).unwrap();
    run.finish(&small("t0", Verdict::Refuted)).unwrap();
    let xml = junit(&run);
    assert_eq!((suites(&xml), xml.matches("t3").count()), (7, 0));
    (0..7).for_each(|id| assert_eq!(xml.matches(&format!(r#" id="{id}" "#)).count(), 1, "{id}:\n{xml}"));
    assert_eq!(xml.matches("<failure ").count(), 1);
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

/// Until nobody holds this sign of life: a process that another test is just starting has a copy of this one's files
/// before it becomes another program.
fn wait_for_the_end(sign: &Path) {
    let sign = File::open(sign).unwrap();
    wait_for(|| sign.try_lock().is_ok());
    // Also of such a copy.
    sign.unlock().unwrap();
}

/// `begin` and `finish` of one more test in a process of its own, in a run of `others` tests that have ended.
#[cfg(unix)]
fn cost_of_one_more(others: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let fill = Run::at(dir.path().to_owned(), "large");
    let template = fill.finish(&named("t0000", sample::passed())).unwrap();
    for i in 1..others {
        let name = format!("t{i:04}");
        let journal = crate::report::text::publish(&named(&name, sample::passed()));
        let file = template.with_file_name(format!("shop.resilience.{name}.json"));
        std::fs::write(file, serde_json::to_vec_pretty(&journal).unwrap()).unwrap();
    }
    fill.finish(&named("t0000", sample::passed())).unwrap();
    let mut took: Vec<_> = (0..5)
        .map(|i| {
            // As a new process: nothing is known yet.
            let run = Run::at(dir.path().to_owned(), "large");
            let name = format!("more{i}");
            let start = processor_time();
            run.begin(&small(&name, Verdict::Running)).unwrap();
            run.finish(&named(&name, sample::passed())).unwrap();
            processor_time() - start
        })
        .collect();
    took.sort_unstable();
    let bytes = std::fs::metadata(fill.junit()).unwrap().len();
    println!("{others} tests, {bytes} bytes: one more costs {:?}", took[2]);
    assert_eq!(suites(&junit(&fill)), others + 5);
    took[2]
}

/// Typically 25 ms more for 1,000 tests and 7 MB than for 50, in a debug build; seconds where all records are read again.
#[cfg(unix)]
#[test]
fn one_more_test_costs_little_in_a_large_run() {
    let (few, many) = (cost_of_one_more(50), cost_of_one_more(1_000));
    assert!(many < few + Duration::from_millis(250), "{many:?} instead of {few:?}");
}

fn page(run: &Run) -> String {
    std::fs::read_to_string(run.junit().with_file_name("report.html")).unwrap()
}

#[test]
fn the_page_is_there_from_the_start_and_at_the_top_for_the_newest_run() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let record = run.begin(&named("first", sample::running())).unwrap();
    assert!(page(&run).contains("The experiment is still running"), "alive");
    assert_eq!(page_beside(&record), run.junit().with_file_name("report.html"));
    let earlier = record.parent().unwrap().join("attempts").join("first.1.json");
    assert_eq!(page_beside(&earlier), page_beside(&record));
    run.finish(&named("first", sample::refuted())).unwrap();
    run.finish(&named("second", sample::passed())).unwrap();
    let text = page(&run);
    assert!(text.contains("1 of 2 experiments failed"));
    assert_eq!(std::fs::read_to_string(dir.path().join("report.html")).unwrap(), text);
    assert!(
        std::fs::read_dir(dir.path()).unwrap().flatten().all(|e| !e.file_name().to_string_lossy().ends_with(".new"))
    );
}

#[test]
fn a_killed_test_shows_on_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    run.begin(&named("killed", sample::running())).unwrap();
    drop(run);
    wait_for_the_end(&dir.path().join("runs/one/state/shop.resilience.killed.lock"));
    let run = Run::at(dir.path().to_owned(), "one");
    run.finish(&named("next", sample::passed())).unwrap();
    assert!(page(&run).contains("the test process was killed before it could write a verdict"));
    assert!(page(&run).contains("1 of 2 experiments failed"));
}

#[test]
fn parts_of_a_page_are_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    let first = run.finish(&named("first", sample::refuted())).unwrap();
    // As long and as old as before, and no journal any more: who reads it again can't show it.
    let file = std::fs::OpenOptions::new().write(true).open(&first).unwrap();
    let was = file.metadata().unwrap();
    std::io::Write::write_all(&mut &file, b"no journal").unwrap();
    file.set_modified(was.modified().unwrap()).unwrap();
    run.finish(&named("second", sample::passed())).unwrap();
    assert!(page(&run).contains("<h2>first</h2>") && page(&run).contains("<h2>second</h2>"));
    // A record that did change is read again, and what can't be read is said.
    std::fs::write(&first, "no journal at all").unwrap();
    run.finish(&named("third", sample::passed())).unwrap();
    let text = page(&run);
    assert!(!text.contains("<h2>first</h2>") && text.contains("<h2>second</h2>") && text.contains("<h2>third</h2>"));
    assert!(text.contains("shop.resilience.first.json was left out: not a journal"), "said why");
}

#[test]
fn a_page_that_is_not_what_was_written_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    run.finish(&named("first", sample::refuted())).unwrap();
    let path = run.junit().with_file_name("report.html");
    for foul in ["", "<html>cut off", &"x".repeat(1_000_000)] {
        std::fs::write(&path, foul).unwrap();
        run.finish(&named("second", sample::passed())).unwrap();
        assert_eq!(page(&run).matches("<details class=\"exp").count(), 2);
    }
    std::fs::write(dir.path().join("runs/one/state/page.json"), "{}").unwrap();
    run.finish(&named("third", sample::passed())).unwrap();
    assert_eq!(page(&run).matches("<details class=\"exp").count(), 3);
}

#[test]
fn a_page_that_can_not_be_written_costs_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path().to_owned(), "one");
    run.finish(&small("first", Verdict::Passed)).unwrap();
    let path = run.junit().with_file_name("report.html");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    run.finish(&small("second", Verdict::Passed)).unwrap();
    assert_eq!(suites(&junit(&run)), 2);
    std::fs::remove_dir(&path).unwrap();
    run.finish(&small("third", Verdict::Passed)).unwrap();
    assert_eq!(page(&run).matches("<details class=\"exp").count(), 3, "made up for");
}
