use super::*;
use crate::clock::processor_time;
use crate::report::sample;
use proptest::prelude::*;
use std::io::BufRead as _;
use std::process::{Command, Stdio};

fn numbered(test: &str, run: &str, seed: u64) -> Entry {
    let mut journal = sample::passed();
    journal.experiment.name = test.to_owned();
    journal.run.id = run.to_owned();
    journal.run.seed = seed;
    journal.claims[0].value = Some(seed as f64);
    journal.run.started_at =
        format!("{:.3}", jiff::Timestamp::from_millisecond(1_767_225_600_000 + seed as i64).unwrap());
    Entry::of(&journal)
}

fn info(test: &str) -> ExperimentInfo {
    ExperimentInfo { name: test.to_owned(), ..sample::passed().experiment }
}

#[test]
fn what_was_appended_is_read_in_the_order_of_its_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("history"));
    assert!(!store.exists() && store.histories().unwrap().is_empty(), "nothing was kept yet");
    assert_eq!(store.history(&info("a::b")).unwrap().entries, []);
    for seed in [3, 1, 2] {
        store.append(&numbered("a::b", "one", seed)).unwrap();
    }
    store.append(&numbered("c", "one", 1)).unwrap();
    let histories = store.histories().unwrap();
    let names: Vec<_> = histories.iter().map(|history| (history.name.as_str(), history.entries.len())).collect();
    assert_eq!(names, [("a::b", 3), ("c", 1)]);
    let history = store.history(&info("a::b")).unwrap();
    assert_eq!(history, histories[0]);
    assert!(history.entries.iter().map(|entry| entry.seed).eq([1, 2, 3]));
    assert!(store.dir().join("shop.resilience.a.b.jsonl").exists());
}

#[test]
fn what_was_skipped_or_has_not_ended_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    store.append_journal(&sample::skipped()).unwrap();
    store.append_journal(&sample::running()).unwrap();
    assert_eq!(store.histories().unwrap(), []);
    store.append_journal(&sample::panicked()).unwrap();
    assert_eq!(store.histories().unwrap()[0].entries.len(), 1);
}

#[test]
fn a_line_that_was_cut_off_costs_itself_alone() {
    let whole = numbered("x", "one", 1).line();
    for cut in [1, whole.len() / 2, whole.len() - 1] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path());
        store.append(&numbered("x", "one", 0)).unwrap();
        let path = dir.path().join("shop.resilience.x.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&whole.as_bytes()[..cut]).unwrap();
        store.append(&numbered("x", "one", 2)).unwrap();
        let history = store.history(&info("x")).unwrap();
        assert!(history.entries.iter().map(|entry| entry.seed).eq([0, 2]), "cut at {cut}");
        assert_eq!(history.unreadable, 1);
    }
}

#[test]
fn lines_of_others_are_counted_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    store.append(&numbered("x", "one", 0)).unwrap();
    let path = dir.path().join("shop.resilience.x.jsonl");
    let foreign = b"{\"schema\":99}\n\xff\xfe\n[]\n\n";
    OpenOptions::new().append(true).open(&path).unwrap().write_all(foreign).unwrap();
    store.append(&numbered("x", "one", 1)).unwrap();
    let history = store.history(&info("x")).unwrap();
    assert_eq!((history.entries.len(), history.unreadable), (2, 3));
    assert!(fs::read(&path).unwrap().windows(foreign.len()).any(|bytes| bytes == foreign));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_half_line_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    std::os::unix::fs::symlink("/dev/full", dir.path().join("shop.resilience.x.jsonl")).unwrap();
    let error = store.append(&numbered("x", "one", 0)).unwrap_err().to_string();
    assert!(error.contains("can't write the history") && error.contains("help: set CHAOS_HISTORY"), "{error}");
}

#[test]
fn of_two_that_tell_of_the_same_attempt_the_one_that_knows_more_counts() {
    let killed = crate::report::journal::ReasonKind::Killed;
    let dir = tempfile::tempdir().unwrap();
    let whole = numbered("x", "one", 0);
    let mut torn = whole.clone();
    torn.claims.clear();
    torn.verdict = Verdict::Errored;
    torn.reason = Some(super::super::EntryReason { kind: killed, message: "killed".to_owned() });
    for (name, order) in [("a", [&whole, &torn]), ("b", [&torn, &whole])] {
        let store = Store::open(dir.path().join(name));
        order.into_iter().for_each(|entry| store.append(entry).unwrap());
        assert_eq!(store.history(&info("x")).unwrap().entries, std::slice::from_ref(&whole), "{name}");
    }
}

#[test]
fn a_merge_finds_the_files_wherever_an_artifact_has_them() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path().join("artifact/.chaos/history")).append(&numbered("x", "ci", 5)).unwrap();
    let store = Store::open(dir.path().join("mine"));
    store.append(&numbered("x", "local", 1)).unwrap();
    let merged = store.merge(&dir.path().join("artifact")).unwrap();
    assert_eq!(merged, Merged { files: 1, added: 1, known: 0, unreadable: 0 });
    assert_eq!(store.merge(&dir.path().join("artifact")).unwrap().added, 0, "twice changes nothing");
    assert_eq!(store.history(&info("x")).unwrap().entries.len(), 2);
    let nothing = store.merge(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(nothing.contains("help: name a directory"), "{nothing}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(store.merge(&dir.path().join("empty")).unwrap_err().to_string().contains("no file of a history"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn merging_is_a_union_in_whatever_order(parts in prop::collection::vec(prop::collection::vec((0..3_u8, 0..12_u64), 0..12), 3)) {
        let dir = tempfile::tempdir().unwrap();
        let sources: Vec<Store> = (0..3).map(|i| Store::open(dir.path().join(i.to_string()))).collect();
        for (store, part) in sources.iter().zip(&parts) {
            place::make(store.dir()).unwrap();
            fs::write(store.dir().join("shop.resilience.none.jsonl"), "").unwrap();
            for (test, seed) in part {
                store.append(&numbered(&format!("t{test}"), "run", *seed)).unwrap();
            }
        }
        let merge = |name: &str, order: &[usize]| {
            let store = Store::open(dir.path().join(name));
            for &from in order {
                store.merge(sources[from].dir()).unwrap();
            }
            store.histories().unwrap()
        };
        let once = merge("once", &[0, 1, 2]);
        prop_assert_eq!(&once, &merge("otherwise", &[2, 0, 1]));
        prop_assert_eq!(&once, &merge("again", &[1, 0, 1, 2, 2, 0]));
        let mut all: Vec<_> = parts.concat();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(once.iter().map(|history| history.entries.len()).sum::<usize>(), all.len());
    }
}

/// This test binary again, as a process that appends until it is killed and says what it has appended.
fn writer(dir: &Path, job: usize) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::store::tests::appends_for_others", "--ignored", "--nocapture"])
        .env("CHAOS_TEST_HISTORY", dir)
        .env("CHAOS_TEST_JOB", job.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the other process of the test below"]
fn appends_for_others() {
    let store = Store::open(std::env::var_os("CHAOS_TEST_HISTORY").expect("started by another test"));
    let job = std::env::var("CHAOS_TEST_JOB").unwrap();
    let entry = numbered("shared", &job, 0);
    for seed in 0.. {
        // Whoever has the lock may be kept from going on for longer than it is waited for.
        while let Err(error) = store.append(&Entry { seed, ..entry.clone() }) {
            assert!(error.to_string().contains("has held its lock"), "{error}");
        }
        println!("appended {seed}");
    }
}

#[test]
fn processes_that_are_killed_while_they_append_lose_nothing_that_was_written() {
    const WRITERS: usize = 8;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    // Whom each kill hits in the middle of a line is chance, so there are several rounds.
    let mut random = fastrand::Rng::with_seed(1);
    let mut last = vec![Vec::new(); WRITERS];
    for round in 0..3 {
        let jobs: Vec<usize> = (0..WRITERS).map(|writer| round * WRITERS + writer).collect();
        let children: Vec<_> = jobs.iter().map(|&job| writer(dir.path(), job)).collect();
        let readers: Vec<_> = children
            .into_iter()
            .map(|mut child| {
                let enough = random.u64(5..60);
                std::thread::spawn(move || {
                    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
                    let mut last = None;
                    for line in lines.map_while(Result::ok) {
                        last = line.strip_prefix("appended ").and_then(|seed| seed.parse::<u64>().ok()).or(last);
                        if last.is_some_and(|last| last >= enough) {
                            let _ = child.kill();
                        }
                    }
                    child.wait().unwrap();
                    last.unwrap()
                })
            })
            .collect();
        for (writer, reader) in readers.into_iter().enumerate() {
            last[writer].push(reader.join().unwrap());
        }
    }
    let history = store.history(&info("shared")).unwrap();
    let expected = numbered("shared", "", 0);
    for (writer, last) in last.iter().enumerate() {
        for (round, &last) in last.iter().enumerate() {
            let run = (round * WRITERS + writer).to_string();
            let mut seeds: Vec<u64> = history.entries.iter().filter(|e| e.run == run).map(|e| e.seed).collect();
            seeds.sort_unstable();
            // The one after the last that it told of may have been written already.
            assert!(seeds.iter().copied().eq(0..seeds.len() as u64), "no gap in {run}: {seeds:?}");
            assert!(seeds.len() as u64 > last && seeds.len() as u64 <= last + 2, "{run}: {} after {last}", seeds.len());
        }
    }
    for entry in &history.entries {
        assert_eq!(
            &Entry { run: String::new(), seed: 0, ..entry.clone() },
            &expected,
            "no line is read as something else"
        );
    }
    assert!(history.unreadable <= 3 * WRITERS, "{}", history.unreadable);
    println!("{} lines, {} cut off", history.entries.len(), history.unreadable);
}

/// What one of several appends to a history of so many runs usually takes of a processor: how busy machine and disk
/// are is not counted.
fn cost_of_one_more(runs: u64) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path());
    let entries = (0..runs).map(|seed| numbered("long", "one", seed));
    let text: String = entries.map(|entry| entry.line() + "\n").collect();
    place::make(store.dir()).unwrap();
    fs::write(dir.path().join("shop.resilience.long.jsonl"), text).unwrap();
    let mut took: Vec<Duration> = (0..21)
        .map(|i| {
            let entry = numbered("long", "more", i);
            let start = processor_time();
            store.append(&entry).unwrap();
            processor_time() - start
        })
        .collect();
    took.sort_unstable();
    let start = Instant::now();
    let history = store.history(&info("long")).unwrap();
    let read = start.elapsed();
    let trends = history.trends();
    println!(
        "{runs} runs: appending takes {:?}, reading {read:?}, {} trends {:?}",
        took[10],
        trends.len(),
        start.elapsed() - read
    );
    assert_eq!(history.entries.len() as u64, runs + 21);
    took[10]
}

#[test]
fn appending_to_a_long_history_costs_what_a_short_one_does() {
    let (short, long) = (cost_of_one_more(10), cost_of_one_more(10_000));
    assert!(long < 4 * short + Duration::from_millis(2), "{long:?} instead of {short:?}");
}
