//! The watchdog: there when a fault outlives its process, gone with the test, and hard to be rid of in between.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use chaos_tests::home::{Home, Started, run};
use rustix::process::{Pid, Signal as Sent, kill_process, kill_process_group};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// Far more than a watchdog needs on the busiest machine.
const A_WHILE: Duration = Duration::from_secs(30);

mod fixture {
    use super::*;

    /// Says how far it is, and ends or stays here if `STOP_AT` says so: `<place> waiting|aborting`.
    async fn stop_at(place: &str) {
        eprintln!("at: {place}");
        let wanted = std::env::var("STOP_AT").unwrap_or_default();
        match wanted.rsplit_once(' ') {
            Some((wanted, "waiting")) if wanted == place => tokio::time::sleep(minutes(2)).await,
            Some((wanted, "aborting")) if wanted == place => std::process::abort(),
            _ => {}
        }
    }

    /// Two files and a process with a child of its own. One file goes by a command, which tells what it was given.
    async fn harm(chaos: &Chaos, name: &str) -> chaos::Result {
        stop_at(&format!("{name} begins")).await;
        if name == "second" {
            // Whoever kills its watchdog does so before there is harm.
            tokio::time::sleep(secs(5)).await;
        }
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let (filler, rule) = (std::env::temp_dir().join("filler"), std::env::temp_dir().join("rule"));
        let told = std::env::var("CHAOS_DIR").unwrap_or_default();
        let undo = Undo::command(
            "sh",
            ["-c", &format!("env > '{told}/environment'; pwd >> '{told}/environment'; rm -f '{}'", rule.display())],
        );
        let full = fault("fill the disk", move || std::fs::write(filler, [0; 64]));
        let full = full.undo(Undo::remove(std::env::temp_dir().join("filler")));
        let full = chaos.inject(full).start().await?;
        let place = format!("{name} injects");
        let ruled = fault("set a rule", async move || {
            std::fs::write(rule, "drop")?;
            stop_at(&place).await;
            std::io::Result::Ok(())
        });
        let ruled = chaos.inject(ruled.undo(undo)).start().await?;
        let server = chaos.process(Command::new(bin("answering")).arg("--with-child")).await?;
        let paused = chaos.inject(server.pause()).start().await?;
        stop_at(&format!("{name} harms")).await;
        for fault in [paused, ruled, full] {
            fault.clear().await?;
        }
        Ok(())
    }

    macro_rules! experiments {
        ($($name:ident)*) => { $(
            #[chaos_test(warm_up = 10ms, baseline = 50ms)]
            #[ignore = "run by the tests below"]
            async fn $name(chaos: &mut Chaos) -> chaos::Result {
                harm(chaos, stringify!($name)).await
            }
        )* };
    }
    experiments!(first second);

    /// Nothing here means anything outside of its process.
    #[chaos_test(warm_up = 10ms, baseline = 50ms)]
    #[ignore = "run by the tests below"]
    async fn in_memory(chaos: &mut Chaos) -> chaos::Result {
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
        let fault = chaos.inject(harmless).start().await?;
        stop_at("in_memory harms").await;
        fault.clear().await
    }

    /// Its undo hangs for as long as the process lives.
    #[chaos_test(warm_up = 10ms, baseline = 50ms)]
    #[ignore = "run by the tests below"]
    async fn hangs_in_its_undo(chaos: &mut Chaos) -> chaos::Result {
        chaos.load(op(|_| async {}).rate(per_second(200))).await?;
        let filler = std::env::temp_dir().join("filler");
        let undo = Undo::remove(&filler).live(std::future::pending::<chaos::Result>);
        let full = fault("fill the disk", move || std::fs::write(filler, [0; 64]));
        let full = chaos.inject(full.undo(undo)).start().await?;
        stop_at("hangs_in_its_undo harms").await;
        full.clear().await
    }

    /// Whatever experiment comes next.
    #[chaos_test]
    #[ignore = "run by the tests below"]
    async fn next(_chaos: &mut Chaos) -> chaos::Result {
        Ok(())
    }
}

/// An experiment on its way, stopped where it was told to.
fn stopped(home: &Home, test: &str, place: &str) -> Started {
    let mut command = home.test(&format!("fixture::{test}"));
    command.env("STOP_AT", format!("{place} waiting"));
    started(command, place)
}

fn started(command: std::process::Command, place: &str) -> Started {
    let mut started = Started::new(command);
    started.printed(&format!("at: {place}"));
    started
}

/// Gives a command the environment of another one.
fn settle(command: &mut std::process::Command, other: &std::process::Command) {
    for (name, value) in other.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

fn pid(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

fn the_watchdog(home: &Home) -> u32 {
    let found = home.watchdogs();
    assert_eq!(found.len(), 1, "{found:?}: one for each test process");
    found[0]
}

/// The files of the two faults that are there.
fn harm(home: &Home) -> Vec<&'static str> {
    ["filler", "rule"].into_iter().filter(|name| home.tmp().join(name).exists()).collect()
}

/// Waits until nothing is left, with nobody's help but the watchdog's.
fn gone(home: &Home) {
    let started = Instant::now();
    while !home.left_now().is_empty() {
        assert!(started.elapsed() < A_WHILE, "{:?}", home.left_now());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn junit(home: &Home) -> String {
    std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap()
}

#[test]
fn it_watches_while_a_fault_is_on_and_ends_with_the_test() {
    let home = Home::new();
    // A test that has been given more than it asked for: a descriptor, and the mark of another experiment's child.
    let test = home.test("fixture::first");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "exec 7</dev/zero; exec \"$0\" \"$@\""]).arg(test.get_program()).args(test.get_args());
    settle(&mut command, &test);
    command.env("STOP_AT", "first harms waiting").env("CHAOS_CHILD", "of another experiment");
    let victim = started(command, "first harms");
    let inherited = Path::new("/proc").join(victim.pid().to_string()).join("fd/7");
    assert_eq!(std::fs::read_link(inherited).unwrap(), Path::new("/dev/zero"));
    let watchdog = the_watchdog(&home);
    let proc = |name: &str| Path::new("/proc").join(watchdog.to_string()).join(name);
    let stat = || std::fs::read_to_string(proc("stat")).unwrap();
    // Asleep, once it has come up.
    let came_up = Instant::now();
    while !(stat().contains("(chaos-watchdog) S")) {
        assert!(came_up.elapsed() < A_WHILE, "{}", stat());
        std::thread::sleep(Duration::from_millis(2));
    }
    let descriptors = || {
        let open = std::fs::read_dir(proc("fd")).unwrap().flatten();
        // One that it is about to close may be gone meanwhile.
        let open =
            open.filter_map(|fd| Some((fd.file_name().into_string().ok()?, std::fs::read_link(fd.path()).ok()?)));
        let mut open: Vec<_> = open.map(|(fd, to)| format!("{fd} {}", to.display())).collect();
        open.sort();
        open
    };
    while descriptors() != ["0 anon_inode:[pidfd]", "1 /dev/null", "2 /dev/null"] {
        assert!(came_up.elapsed() < A_WHILE, "{:?}", descriptors());
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    let fields: Vec<String> = stat().rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect();
    assert_eq!(fields[2..4], [watchdog.to_string(), watchdog.to_string()], "a group and a session of its own");
    assert_eq!(std::fs::read_link(proc("cwd")).unwrap(), Path::new("/"));
    let environment = std::fs::read(proc("environ")).unwrap();
    assert!(!environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(b"CHAOS_CHILD=")));
    let memory = std::fs::read_to_string(proc("status")).unwrap();
    let memory: Vec<&str> =
        memory.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("Rss")).collect();
    println!("a watchdog's memory: {memory:?}");

    victim.signal(Sent::TERM);
    let ended = victim.wait();
    assert_eq!(ended.status.signal(), Some(Sent::TERM.as_raw()), "{}", ended.output);
    assert_eq!(harm(&home), [""; 0], "rolled back by the test itself");
    gone(&home);
    assert!(!junit(&home).contains("the watchdog"), "there is nothing to tell:\n{}", junit(&home));
    assert!(!home.chaos().join("rescued").exists());
}

#[test]
fn it_ends_with_a_test_that_ends_well() {
    let home = Home::new();
    let ended = run(home.test("fixture::first"));
    assert_eq!(home.journal("fixture::first").verdict, Verdict::Inconclusive, "without claims\n{}", ended.output);
    gone(&home);
    assert!(!home.chaos().join("rescued").exists() && !junit(&home).contains("the watchdog"));
}

#[test]
fn nothing_is_started_for_faults_that_die_with_the_process_or_if_it_is_switched_off() {
    let home = Home::new();
    let victim = stopped(&home, "in_memory", "in_memory harms");
    assert_eq!(home.watchdogs(), [0; 0]);
    victim.signal(Sent::KILL);
    victim.wait();
    assert_eq!(home.left_behind(), [""; 0]);

    let mut command = home.test("fixture::first");
    command.env("STOP_AT", "first harms waiting").env("CHAOS_WATCHDOG", "off");
    let victim = started(command, "first harms");
    assert_eq!(home.watchdogs(), [0; 0]);
    victim.signal(Sent::KILL);
    victim.wait();
    assert_eq!(harm(&home), ["filler", "rule"]);
    run(home.test("fixture::next"));
    assert_eq!(home.left_behind(), [""; 0]);

    let mut command = home.test("fixture::first");
    command.env("CHAOS_WATCHDOG", "maybe");
    let ended = run(command);
    assert!(ended.output.contains("CHAOS_WATCHDOG is neither `on` nor `off`: `maybe`"), "{}", ended.output);
    assert_eq!(home.journal("fixture::first").verdict, Verdict::Errored);
    assert_eq!(harm(&home), [""; 0]);
}

#[test]
fn a_kill_of_the_whole_process_group_spares_it() {
    let home = Home::new();
    let mut command = home.test("fixture::first");
    command.env("STOP_AT", "first harms waiting").process_group(0);
    let victim = started(command, "first harms");
    kill_process_group(pid(victim.pid()), Sent::KILL).unwrap();
    victim.wait();
    gone(&home);
    let told = junit(&home);
    for what in
        ["its faults were undone by the watchdog", "`fill the disk`", "`set a rule`", "`kill process answering`"]
    {
        assert!(told.contains(what), "{what}:\n{told}");
    }
    // The command that undid the rule got the test's environment and no mark.
    let environment = std::fs::read_to_string(home.chaos().join("environment")).unwrap();
    let tmp = format!("TMPDIR={}", home.tmp().display());
    assert!(environment.lines().any(|line| line == tmp) && environment.ends_with("\n/\n"), "{environment}");
    assert!(!environment.contains("CHAOS_CHILD="), "{environment}");
}

/// It is the watchdog that undoes, not chance: while it is stopped nothing happens. And a death that it could not
/// see is not missed.
#[test]
fn a_death_while_it_could_not_look_is_seen_later() {
    let home = Home::new();
    let victim = stopped(&home, "first", "first harms");
    let watchdog = pid(the_watchdog(&home));
    kill_process(watchdog, Sent::STOP).unwrap();
    victim.signal(Sent::KILL);
    victim.wait();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(harm(&home), ["filler", "rule"]);
    assert!(junit(&home).contains("still running"), "nobody has written since:\n{}", junit(&home));
    kill_process(watchdog, Sent::CONT).unwrap();
    gone(&home);
    assert!(junit(&home).contains("its faults were undone by the watchdog"), "{}", junit(&home));
}

/// The test ends in the injection that comes right after the watchdog's start, as early as a fault can be on.
#[test]
fn an_abort_right_after_its_start_is_not_missed() {
    let home = Home::new();
    let mut command = home.test("fixture::first");
    command.env("STOP_AT", "first injects aborting");
    let ended = run(command);
    assert_eq!(ended.status.signal(), Some(Sent::ABORT.as_raw()), "{}", ended.output);
    gone(&home);
    assert!(junit(&home).contains("its faults were undone by the watchdog"), "{}", junit(&home));
}

#[test]
fn should_it_be_killed_itself_the_next_run_undoes() {
    let home = Home::new();
    let victim = stopped(&home, "first", "first harms");
    kill_process(pid(the_watchdog(&home)), Sent::KILL).unwrap();
    victim.signal(Sent::KILL);
    victim.wait();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(harm(&home), ["filler", "rule"], "nobody is left who could undo them");
    run(home.test("fixture::next"));
    assert_eq!(home.left_behind(), [""; 0]);
    let notes = home.journal("fixture::next").notes;
    assert_eq!(notes.iter().filter(|note| note.contains("it was undone")).count(), 4, "{notes:?}");
    let told = junit(&home);
    assert!(told.contains("may still be active") && !told.contains("by the watchdog"), "{told}");
}

#[test]
fn two_experiments_of_a_process_share_it_and_a_killed_one_is_replaced() {
    let home = Home::new();
    let mut command = home.command(&[
        "fixture::",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
        "--skip=hangs",
        "--skip=next",
        "--skip=in_memory",
    ]);
    command.env("STOP_AT", "second harms waiting");
    let mut victim = started(command, "first harms");
    let watchdog = the_watchdog(&home);
    victim.printed("at: second begins");
    assert_eq!(home.watchdogs(), [watchdog], "it waits for the process, not for the experiment");
    kill_process(pid(watchdog), Sent::KILL).unwrap();
    victim.printed("at: second harms");
    assert_ne!(the_watchdog(&home), watchdog);
    victim.signal(Sent::KILL);
    victim.wait();
    gone(&home);
    let statuses: Vec<_> = home.junit().into_iter().map(|case| (case.name, case.status.unwrap().1)).collect();
    assert_eq!(
        statuses,
        [("fixture::first".into(), "inconclusive".into()), ("fixture::second".into(), "killed".into())]
    );
    assert!(junit(&home).contains("its faults were undone by the watchdog"), "{}", junit(&home));
}

/// After a signal the process dies within 10 s, whatever hangs. What hung is undone all the same.
#[test]
fn what_a_signal_could_not_roll_back_it_undoes() {
    let home = Home::new();
    let victim = stopped(&home, "hangs_in_its_undo", "hangs_in_its_undo harms");
    victim.signal(Sent::TERM);
    let ended = victim.wait();
    assert_eq!(ended.status.signal(), Some(Sent::TERM.as_raw()), "{}", ended.output);
    gone(&home);
    let hung = home.journal("fixture::hangs_in_its_undo");
    assert_eq!(hung.verdict, Verdict::RollbackFailed, "{:?}", hung.reasons);
    assert!(hung.notes.iter().any(|note| note.contains("its watchdog undid it")), "{:?}", hung.notes);
    assert!(junit(&home).contains("its watchdog undid it"), "{}", junit(&home));
    run(home.test("fixture::next"));
    let notes = home.journal("fixture::next").notes;
    assert!(notes.len() == 1 && notes[0].contains("its watchdog undid it"), "{notes:?}");
}

#[test]
fn it_runs_the_binary_of_the_test_also_when_that_was_removed() {
    let home = Home::new();
    let exe = std::env::current_exe().unwrap();
    let copy = exe.with_file_name(format!("soon removed {}", std::process::id()));
    std::fs::hard_link(&exe, &copy).unwrap();
    let mut command = std::process::Command::new(&copy);
    let arguments = home.test("fixture::first");
    command.args(arguments.get_args());
    settle(&mut command, &arguments);
    command.env("STOP_AT", "first harms waiting");
    let mut victim = Started::new(command);
    victim.printed("running 1 test");
    std::fs::remove_file(&copy).unwrap();
    victim.printed("at: first harms");
    let runs = std::fs::read_link(format!("/proc/{}/exe", the_watchdog(&home))).unwrap();
    println!("the watchdog runs {}", runs.display());
    victim.signal(Sent::KILL);
    victim.wait();
    gone(&home);
    assert!(junit(&home).contains("its faults were undone by the watchdog"), "{}", junit(&home));
}
