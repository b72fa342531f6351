//! What a terminal shows while experiments run, and what stays on it: read from a real one, as a user sees it.
//!
//! The experiments in `fixture` are run by the tests in processes of their own.

#![cfg(target_os = "linux")]

use chaos_tests::home::Home;
use chaos_tests::terminal::Terminal;
use std::os::unix::process::ExitStatusExt;

mod fixture {
    use chaos_runtime::prelude::*;

    async fn held(chaos: &Chaos, hold: std::time::Duration) -> chaos_runtime::Result {
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
        chaos.inject(harmless).hold(hold).await
    }

    macro_rules! experiments {
        ($($name:ident($hold:expr, $($options:tt)*);)*) => { $(
            #[chaos_test(
                steady_state(success_rate >= 50%),
                warm_up = 20ms,
                baseline = 100ms,
                after = 100ms,
                bin = 50ms,
                $($options)*
            )]
            #[ignore = "run by the tests below"]
            async fn $name(chaos: &mut Chaos) -> chaos::Result {
                held(chaos, $hold).await
            }
        )* };
    }

    experiments! {
        // Each state lasts for longer than a busy machine takes to show it.
        parallel_one(secs(5), hypothesis(recovery <= 5s), parallel);
        parallel_two(secs(5), hypothesis(recovery <= 5s), parallel);
        serial_one(secs(3), hypothesis(recovery <= 5s));
        serial_two(secs(3), hypothesis(recovery <= 5s));
        serial_three(secs(3), hypothesis(recovery <= 5s));
        serial_four(secs(3), hypothesis(recovery <= 5s));
        refuted(millis(100), hypothesis(during(throughput > 1000000/s)), parallel);
    }
}

/// This test binary in a terminal, with the experiments of `fixture` whose names start so.
fn terminal(home: &Home, threads: u32, prefix: &str, columns: u16, rows: u16) -> Terminal {
    let threads = format!("--test-threads={threads}");
    let mut command = home.command(&["--ignored", &threads, &format!("fixture::{prefix}")]);
    command.env("CHAOS_WATCHDOG", "off");
    Terminal::start(&command, columns, rows)
}

/// How many lines of the screen are those of experiments.
fn live(lines: &[String]) -> Vec<&String> {
    lines.iter().filter(|line| line.starts_with("  fixture::") || line.starts_with("  and ")).collect()
}

/// Nothing but what libtest says of tests that are ok stays.
fn assert_only_results(lines: &[String], passed: usize) {
    let mut ok = 0;
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let is_ok = line.starts_with("test fixture::") && line.ends_with(" ... ok");
        ok += usize::from(is_ok);
        // libtest says of a test that it has been running for over 60 seconds, which none here is.
        let known = is_ok || line.starts_with("running ") || line.starts_with("test result: ok. ");
        assert!(known, "{line:?} stays:\n{}", lines.join("\n"));
    }
    assert_eq!(ok, passed, "{}", lines.join("\n"));
}

#[test]
fn two_at_once_have_a_line_each_and_nothing_stays() {
    let home = Home::new();
    let mut terminal = terminal(&home, 4, "parallel", 100, 24);
    let seen = terminal.until("both in their fault phase", |lines| {
        live(lines).iter().filter(|line| line.contains("  fault ") && line.contains("nothing")).count() == 2
    });
    assert!(seen.iter().any(|line| line.starts_with("  fixture::parallel_one  fault ")), "{seen:?}");
    assert!(seen.iter().any(|line| line.starts_with("  fixture::parallel_two  fault ")), "{seen:?}");
    let (status, left) = terminal.wait();
    assert!(status.success(), "{}", left.join("\n"));
    assert_only_results(&left, 2);
}

#[test]
fn a_result_that_the_harness_has_begun_stays_on_its_line() {
    let home = Home::new();
    let mut terminal = terminal(&home, 1, "parallel_one", 100, 24);
    terminal.until("the line below that of the harness", |lines| {
        let begun = lines.iter().position(|line| line == "test fixture::parallel_one ...");
        begun.is_some_and(|at| lines.get(at + 1).is_some_and(|line| line.contains("  fault ")))
    });
    let (status, left) = terminal.wait();
    assert!(status.success(), "{}", left.join("\n"));
    assert_only_results(&left, 1);
}

#[test]
fn three_that_wait_are_shown_with_whom_they_wait_for_on_a_terminal_that_shrinks() {
    let home = Home::new();
    let mut terminal = terminal(&home, 4, "serial", 100, 24);
    let seen = terminal.until("one at work and three that wait", |lines| {
        live(lines).len() == 4 && lines.iter().filter(|line| line.contains("  waits for fixture::serial_")).count() == 3
    });
    let first = live(&seen)[0].clone();
    assert!(!first.contains("waits for"), "who is at work comes first: {seen:?}");
    terminal.resize(44, 5);
    let seen = terminal.until("the rest together, where there is no room", |lines| {
        lines.iter().any(|line| line.starts_with("  and ") && line.contains("more waiting for fixture"))
    });
    assert!(live(&seen).len() <= 3 && live(&seen).iter().all(|line| line.chars().count() < 44), "{seen:?}");
    terminal.resize(100, 24);
    let (status, left) = terminal.wait();
    assert!(status.success(), "{}", left.join("\n"));
    assert_eq!(live(&left), [""; 0], "{}", left.join("\n"));
    assert!(left.iter().any(|line| line.starts_with("test result: ok. 4 passed")), "{}", left.join("\n"));
}

#[test]
fn ctrl_c_leaves_the_words_of_the_end_and_no_line() {
    let home = Home::new();
    let mut terminal = terminal(&home, 4, "serial", 100, 40);
    terminal.until("one in its fault phase and three that wait", |lines| {
        live(lines).len() == 4 && lines.iter().any(|line| line.contains("  fault "))
    });
    terminal.press("\u{3}");
    let (status, left) = terminal.wait();
    assert_eq!(status.signal(), Some(rustix::process::Signal::INT.as_raw()), "{}", left.join("\n"));
    assert_eq!(live(&left), [""; 0], "{}", left.join("\n"));
    assert!(left.iter().any(|line| line.contains("chaos-test: SIGINT: rolling back")), "{}", left.join("\n"));
    assert!(left.iter().any(|line| line.contains("ABORTED")), "{}", left.join("\n"));
}

#[test]
fn a_report_fits_in_the_terminal_and_in_its_characters() {
    let home = Home::new();
    let mut command = home.command(&["--ignored", "fixture::refuted"]);
    command.env("LANG", "C");
    let (status, left) = Terminal::start(&command, 72, 200).wait();
    assert!(!status.success(), "{}", left.join("\n"));
    let from = left.iter().position(|line| line.starts_with("chaos test `fixture::refuted`"));
    let to = left.iter().position(|line| line.starts_with("  verdict  REFUTED: "));
    let report = &left[from.expect("a headline")..=to.expect("a verdict at the end")];
    assert!(report.iter().all(|line| line.is_ascii()), "{}", report.join("\n"));
    let phases = report.iter().find(|line| line.starts_with("  phase ")).expect("a timeline");
    assert!((60..=72).contains(&phases.chars().count()), "as wide as the terminal: {phases}");
}
