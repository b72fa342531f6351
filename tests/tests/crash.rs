//! The test process is killed with SIGKILL, anywhere: its watchdog removes what it left behind, within moments; and
//! without one the next experiment does.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_tests::home::{Home, Started, run};
use chaos_tests::junit::Case;
use rustix::process::Signal as Kill;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Far more than a watchdog needs on the busiest machine.
const A_WHILE: Duration = Duration::from_secs(30);

/// Tells the killer how far it is.
fn at(place: &str) {
    eprintln!("at: {place}");
}

/// A full disk, a paused process, a killed one: every kind of thing that can be left behind.
#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 10s),
    warm_up = 400ms,
    baseline = 600ms,
    after = 10s,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn harms(chaos: &mut Chaos) -> chaos::Result {
    at("body");
    let server = chaos.process(Command::new(bin("answering")).arg("--with-child")).await?;
    at(&format!("address {}", server.addr()));
    chaos.load(http::get(server.url("/")).rate(per_second(50))).await?;
    at("load");
    let filler = std::env::temp_dir().join("filler");
    let undo = Undo::remove(&filler);
    let full = fault("fill the disk", async move || {
        std::fs::write(&filler, [0; 64])?;
        at("injecting");
        tokio::time::sleep(millis(250)).await;
        std::fs::write(&filler, [0; 4096])?;
        at("injected");
        std::io::Result::Ok(())
    });
    chaos.inject(full.undo(undo)).hold(millis(500)).await?;
    at("emptied");
    chaos.inject(server.pause()).hold(millis(500)).await?;
    at("continued");
    chaos.inject(server.kill().restart_after(millis(300))).await?;
    at("back");
    Ok(())
}

/// Whatever experiment comes next.
#[chaos_test]
#[ignore = "run by the tests below"]
async fn next(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

/// Where it is killed: so many milliseconds after this was printed. Its last phase is longer than any killer is late.
const POINTS: [(&str, u64); 24] = [
    ("at: body", 0),
    ("at: body", 4),
    ("at: address", 0),
    ("at: load", 0),
    ("at: load", 200),    // warm-up
    ("at: load", 500),    // baseline
    ("at: load", 900),    // baseline
    ("at: injecting", 0), // half the harm is done
    ("at: injecting", 125),
    ("at: injected", 0), // before it is confirmed
    ("at: injected", 20),
    ("at: injected", 250), // held
    ("at: injected", 490), // about to be undone
    ("at: emptied", 0),    // recovery
    ("at: emptied", 200),
    ("inject: pause", 0),
    ("inject: pause", 200), // the process is stopped
    ("at: continued", 0),
    ("inject: kill", 0), // the process is dead
    ("inject: kill", 150),
    ("inject: kill", 350), // about to be ready again
    ("at: back", 0),
    ("phase: after", 0),
    ("phase: after", 300),
];

/// How much was there to be undone.
#[derive(Default)]
struct Found {
    processes: AtomicUsize,
    files: AtomicUsize,
}

/// Four points at a time.
fn everywhere(killed_at: impl Fn(&str, u64) + Sync) {
    let turn = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((place, millis)) = POINTS.get(turn.fetch_add(1, Ordering::Relaxed)) {
                    killed_at(place, *millis);
                }
            });
        }
    });
}

/// Starts the experiment and kills it. What it printed.
fn kill_at(home: &Home, place: &str, millis: u64, watchdog: &str) -> String {
    let mut command = home.test("harms");
    command.env("CHAOS_WATCHDOG", watchdog);
    let mut victim = Started::new(command);
    victim.printed(place);
    std::thread::sleep(Duration::from_millis(millis));
    victim.signal(Kill::KILL);
    let ended = victim.wait();
    assert_eq!(ended.status.signal(), Some(9), "`{place}`, {millis} ms: it was still running\n{}", ended.output);
    ended.output
}

/// It is told that it was killed, without anybody who is left having to do it.
fn assert_killed(cases: &[Case], context: &str) {
    let case = cases.iter().find(|case| case.name == "harms").unwrap_or_else(|| panic!("{context}: {cases:?}"));
    assert_eq!(case.status, Some(("error".into(), "killed".into())), "{context}");
}

#[test]
fn after_a_kill_anywhere_the_watchdog_leaves_nothing() {
    let outlived = Mutex::new(Vec::new());
    everywhere(|place, millis| {
        let home = Home::new();
        let context = format!("killed {millis} ms after `{place}`");
        let output = kill_at(&home, place, millis, "on");
        let killed = Instant::now();
        // No experiment comes next: whatever goes away does so by the watchdog, or has died with its parent.
        loop {
            let left = home.left_now();
            if left.is_empty() {
                break;
            }
            assert!(killed.elapsed() < A_WHILE, "{context}: {left:?}\n{output}");
            std::thread::sleep(Duration::from_millis(2));
        }
        let gone = killed.elapsed();
        assert_killed(&home.junit(), &context);
        let undone = tells_of_the_watchdog(&home, &context);
        let next = run(home.test("next"));
        let notes = home.journal("next").notes;
        let told = notes.iter().filter(|note| note.contains("its watchdog undid it")).count();
        assert_eq!(told > 0, undone, "{context}: {notes:?}\n{}", next.output);
        assert!(!notes.iter().any(|note| note.contains("an earlier run had left")), "{context}: {notes:?}");
        run(home.test("next"));
        assert_eq!(home.journal("next").notes, [""; 0], "{context}: it is told once");
        outlived.lock().unwrap().push((context, gone, undone));
    });
    let mut outlived = outlived.into_inner().unwrap();
    outlived.sort_by_key(|(_, gone, _)| *gone);
    for (context, gone, undone) in &outlived {
        println!("{context}: all gone after {gone:?}{}", if *undone { "" } else { ", nothing to undo" });
    }
    // It is proven only if there was something to undo.
    let undone = outlived.iter().filter(|(_, _, undone)| *undone).count();
    assert!(undone >= 15, "the watchdog had something to undo at {undone} points only");
}

/// Whether the report of the dead test says that its watchdog has undone something, and nothing to the contrary.
fn tells_of_the_watchdog(home: &Home, context: &str) -> bool {
    let junit = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
    let undone = junit.contains("its faults were undone by the watchdog");
    if undone {
        assert!(!junit.contains("may still be active"), "{context}: {junit}");
    }
    undone
}

#[test]
fn without_a_watchdog_the_next_experiment_leaves_nothing() {
    let found = Found::default();
    everywhere(|place, millis| killed_at(place, millis, &found));
    // The undo is proven only if there was something to undo.
    let (processes, files) = (found.processes.into_inner(), found.files.into_inner());
    assert!(processes >= 15, "a process that survives its killed parent was there at {processes} points only");
    assert!(files >= 4, "the filler was there at {files} points only");
}

fn killed_at(place: &str, millis: u64, found: &Found) {
    let home = Home::new();
    let context = format!("killed {millis} ms after `{place}`");
    let output = kill_at(&home, place, millis, "off");
    // At once: nobody may be left who could write it.
    assert_killed(&home.junit(), &context);
    let processes = home.processes().len();
    found.processes.fetch_add(usize::from(processes > 0), Ordering::Relaxed);
    found.files.fetch_add(usize::from(home.tmp().join("filler").exists()), Ordering::Relaxed);
    // It is on disk before the harm is done.
    assert!(
        processes == 0 || !home.undo_files().is_empty(),
        "{context}: nothing says how to end {processes} processes"
    );

    let next = run(home.test("next"));
    assert_eq!(home.left_behind(), [""; 0], "{context}\n{output}\n{}", next.output);
    assert_killed(&home.junit(), &context);
    let notes = home.journal("next").notes;
    assert!(processes == 0 || notes.iter().any(|note| note.contains("it was undone")), "{context}: {notes:?}");
}
