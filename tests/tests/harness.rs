//! Chaos tests are ordinary tests: listed, filtered, ignored, expected to panic; and one runs at a time.
//!
//! The experiments in `fixture` also run by themselves. The tests run them again in processes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::report::journal::Verdict;
use chaos_tests::harness::{intervals, one_after_the_other};
use chaos_tests::home::{Ended, Home, Started, run};
use rustix::process::Signal;
use std::time::{Duration, Instant};

mod fixture {
    use chaos_runtime::Result;
    use chaos_runtime::prelude::*;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    /// The shortest experiment that proves something.
    async fn short(chaos: &Chaos) -> Result {
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
        chaos.inject(harmless).hold(millis(100)).await
    }

    macro_rules! short_experiments {
        ($($(#[$attribute:meta])* $name:ident($($claims:tt)*);)*) => { $(
            #[chaos_test(
                steady_state(success_rate >= 50%),
                warm_up = 20ms,
                baseline = 100ms,
                after = 100ms,
                bin = 50ms,
                $($claims)*
            )]
            $(#[$attribute])*
            async fn $name(chaos: &mut Chaos) -> chaos::Result {
                short(chaos).await
            }
        )* };
    }

    short_experiments! {
        serial_one(hypothesis(recovery <= 5s));
        serial_two(hypothesis(recovery <= 5s));
        serial_three(hypothesis(recovery <= 5s));
        parallel_one(hypothesis(recovery <= 5s), parallel);
        parallel_two(hypothesis(recovery <= 5s), parallel);
        parallel_three(hypothesis(recovery <= 5s), parallel);
        shares_the_database(hypothesis(recovery <= 5s), exclusive("database"));
        shares_the_database_too(hypothesis(recovery <= 5s), exclusive("cache", "database"));
        #[ignore = "only when asked for"]
        ignored(hypothesis(recovery <= 5s), parallel);
        #[should_panic(expected = "REFUTED")]
        refuted(hypothesis(during(throughput > 1000000/s)), parallel);
    }

    /// Arrivals drawn from the seed, and where they really were.
    #[chaos_test(steady_state(success_rate >= 50%), warm_up = 20ms, baseline = 100ms, parallel)]
    #[ignore = "run by the tests below"]
    async fn random(chaos: &mut Chaos) -> chaos::Result {
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let noted = arrivals.clone();
        let note = op(move |_| {
            noted.lock().unwrap().push(Instant::now());
            async {}
        });
        chaos.load(note.rate(poisson(per_second(40)))).await?;
        tokio::time::sleep(secs(3)).await;
        let arrivals = arrivals.lock().unwrap().clone();
        let gaps: Vec<String> =
            arrivals.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis().to_string()).collect();
        eprintln!("gaps: {}", gaps.join(" "));
        eprintln!("drawn: {}", chaos.seed());
        Ok(())
    }

    /// Holds the lock until it is killed.
    #[chaos_test]
    #[ignore = "run by the tests below"]
    async fn endless(_chaos: &mut Chaos) -> chaos::Result {
        eprintln!("at: endless");
        std::future::pending().await
    }
}

const FIXTURES: [&str; 10] = [
    "serial_one",
    "serial_two",
    "serial_three",
    "parallel_one",
    "parallel_two",
    "parallel_three",
    "shares_the_database",
    "shares_the_database_too",
    "ignored",
    "refuted",
];

fn assert_counts(ended: &Ended, passed: usize, failed: usize, ignored: usize) {
    let counts = format!("{passed} passed; {failed} failed; {ignored} ignored");
    assert!(ended.output.contains(&counts), "not {counts}:\n{}", ended.output);
    assert_eq!(ended.status.code(), Some(if failed == 0 { 0 } else { 101 }), "{}", ended.output);
}

#[test]
fn listing_lists_and_runs_nothing() {
    let home = Home::new();
    let ended = run(home.command(&["--list"]));
    for name in FIXTURES {
        assert!(ended.output.contains(&format!("fixture::{name}: test")), "{name}:\n{}", ended.output);
    }
    assert!(home.journals().is_empty() && home.left_behind().is_empty());
    let ended = run(home.command(&["--list", "--ignored", "--format=terse"]));
    assert!(ended.output.contains("fixture::ignored: test"), "{}", ended.output);
    assert!(!ended.output.contains("fixture::serial_one"), "{}", ended.output);
}

#[test]
fn filters_choose() {
    let home = Home::new();
    assert_counts(&run(home.command(&["fixture::parallel_t"])), 2, 0, 0);
    assert_counts(&run(home.command(&["--exact", "fixture::shares_the_database"])), 1, 0, 0);
    assert_counts(&run(home.command(&["fixture::shares_the_database", "--skip", "too"])), 1, 0, 0);
    assert_counts(&run(home.command(&["--exact", "fixture::ignored"])), 0, 0, 1);
    assert_counts(&run(home.command(&["--exact", "fixture::ignored", "--ignored"])), 1, 0, 0);
    assert_counts(&run(home.command(&["--exact", "fixture::ignored", "--include-ignored"])), 1, 0, 0);
    let mut ran: Vec<_> = home.journals().into_iter().map(|journal| journal.experiment.name).collect();
    ran.sort_unstable();
    ran.dedup();
    let expected = ["fixture::ignored", "fixture::parallel_three", "fixture::parallel_two"];
    assert_eq!(ran, [&expected[..], &["fixture::shares_the_database"]].concat());
}

#[test]
fn a_refuted_hypothesis_is_a_panic_with_the_report() {
    let home = Home::new();
    let ended = run(home.command(&["--exact", "fixture::refuted"]));
    assert!(ended.output.contains("fixture::refuted - should panic ... ok"), "{}", ended.output);
    assert_counts(&ended, 1, 0, 0);
    assert_eq!(home.journal("fixture::refuted").verdict, Verdict::Refuted);
}

#[test]
fn experiments_take_turns_whatever_the_number_of_threads() {
    for threads in ["--test-threads=1", "--test-threads=8"] {
        let home = Home::new();
        assert_counts(&run(home.command(&["fixture::serial", threads])), 3, 0, 0);
        let intervals = intervals(&home.journals());
        assert!(intervals.len() == 3 && one_after_the_other(&intervals), "{threads}: {intervals:?}");
    }
}

#[test]
fn parallel_experiments_overlap() {
    let at_once = || {
        let home = Home::new();
        assert_counts(&run(home.command(&["fixture::parallel", "--test-threads=8"])), 3, 0, 0);
        let overlapping = intervals(&home.journals());
        assert_eq!(overlapping.len(), 3);
        let last_start = overlapping.iter().map(|(start, _)| start).max();
        let first_end = overlapping.iter().map(|(_, end)| end).min();
        last_start < first_end
    };
    // A busy machine may take long to start a thread.
    assert!((0..5).any(|_| at_once()), "all three ran at once");

    let home = Home::new();
    assert_counts(&run(home.command(&["fixture::parallel", "--test-threads=1"])), 3, 0, 0);
    assert!(one_after_the_other(&intervals(&home.journals())), "libtest has the last word");
}

#[test]
fn experiments_that_share_a_name_take_turns() {
    let home = Home::new();
    assert_counts(&run(home.command(&["fixture::shares", "--test-threads=8"])), 2, 0, 0);
    let intervals = intervals(&home.journals());
    assert!(intervals.len() == 2 && one_after_the_other(&intervals), "{intervals:?}");
}

#[test]
fn another_process_waits_and_says_for_whom() {
    let home = Home::new();
    let mut holder = Started::new(home.test("fixture::endless"));
    holder.printed("at: endless");
    // Without `--nocapture`: whoever waits wants to know why.
    let mut waiting = Started::new(home.command(&["--exact", "fixture::serial_one"]));
    let line = waiting.printed("waits for");
    let expected = format!("chaos fixture::serial_one: waits for fixture::endless (process {})", holder.pid());
    assert_eq!(line, expected);
    assert_counts(&run(home.command(&["--exact", "fixture::parallel_one"])), 1, 0, 0);
    assert_eq!(home.journal("fixture::serial_one").verdict, Verdict::Running, "it still waits");
    // A third one is told how many there are, and killed before its turn: the report says for whom it waited.
    let mut third = Started::new(home.command(&["--exact", "fixture::serial_two"]));
    let line = third.printed("waits for");
    assert!(line.ends_with(&format!("waits for fixture::endless (process {}), 1 more ahead", holder.pid())), "{line}");
    // It is told before it is written.
    let begun = || home.junit().iter().any(|case| case.name == "fixture::serial_two");
    let since = Instant::now();
    while !begun() {
        assert!(since.elapsed() < Duration::from_secs(60), "nothing is written of who waits");
        std::thread::sleep(Duration::from_millis(2));
    }
    third.signal(Signal::KILL);
    third.wait();
    let holder_pid = holder.pid();
    holder.signal(Signal::KILL);
    holder.wait();
    assert_counts(&waiting.wait(), 1, 0, 0);
    let journal = home.journal("fixture::serial_one");
    assert!(journal.duration_us < 60_000_000, "the wait does not count: {}", journal.duration_us);
    let xml = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
    let killed = format!("killed while waiting for fixture::endless (process {holder_pid}), 1 more ahead");
    assert!(xml.contains(&killed), "`{killed}` is not in:\n{xml}");
    assert!(!xml.contains("earlier attempt"), "who waited has begun once:\n{xml}");
}

/// The gaps between arrivals, in milliseconds.
fn gaps(home: &Home, ended: &Ended) -> Vec<i64> {
    let seed = home.journal("fixture::random").run.seed;
    assert!(ended.output.contains(&format!("drawn: {seed}")), "{}", ended.output);
    let line = ended.output.lines().find_map(|line| line.split("gaps: ").nth(1));
    let line = line.unwrap_or_else(|| panic!("no gaps:\n{}", ended.output));
    line.split(' ').map(|gap| gap.parse().unwrap()).collect()
}

/// How many of the gaps agree, up to what a busy machine does to them.
fn agreement(one: &[i64], other: &[i64]) -> f64 {
    let pairs = one.len().min(other.len()).min(50);
    let agree = one.iter().zip(other).take(pairs).filter(|(a, b)| (*a - *b).abs() <= 5).count();
    agree as f64 / pairs as f64
}

#[test]
fn a_seed_gives_the_same_arrivals_and_the_printed_command_replays_them() {
    // A driver that stands still sends late what was due meanwhile.
    assert!((0..5).any(|_| the_seed_decides()), "the gaps are those of the seed");
}

/// Whether a replay has the same gaps, and another run has others.
fn the_seed_decides() -> bool {
    let home = Home::new();
    let first = run(home.test("fixture::random"));
    let journal = home.journal("fixture::random");
    assert!(first.output.contains(&format!("CHAOS_SEED={}", journal.run.seed)), "{}", first.output);
    let first = gaps(&home, &first);
    assert!(first.len() > 50, "{first:?}");

    let other = run(home.test("fixture::random"));
    let other = gaps(&home, &other);

    // What follows `--` goes to the test binary, and so does the name before it; the rest chooses the binary.
    let (environment, command) =
        journal.replay.split_once(" cargo test -p chaos-tests --test harness ").expect(&journal.replay);
    let (variable, seed) = environment.split_once('=').expect(environment);
    let (name, flags) = command.split_once(" -- ").expect(command);
    let arguments: Vec<&str> = [name].into_iter().chain(flags.split(' ')).chain(["--nocapture"]).collect();
    let mut command = home.command(&arguments);
    command.env(variable, seed);
    let replayed = run(command);
    assert!(replayed.output.contains("running 1 test\n"), "{}", replayed.output);
    assert_eq!(home.journal("fixture::random").run.seed, journal.run.seed);
    let replayed = gaps(&home, &replayed);
    println!("{first:?}\nwith another seed {other:?}\nwith the same one {replayed:?}");
    agreement(&first, &other) < 0.6 && agreement(&first, &replayed) >= 0.8
}
