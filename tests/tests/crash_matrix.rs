//! Every way to die in every phase, under every harness: a table of what was left, and for how long.
//!
//! `cargo test -p chaos-tests --test crash_matrix -- --nocapture` prints it.

#![cfg(target_os = "linux")]

use chaos_tests::fixture::Fixture;
use chaos_tests::full_disk::SmallDisk;
use chaos_tests::home::{Home, Started, run};
use chaos_tests::side_by_side;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A fault that outlives its process for longer is left behind.
const LEFT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harness {
    CargoTest,
    Nextest,
    /// `chaos_runtime::main!()` under `cargo test`.
    OwnMain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Kill,
    Terminate,
    Interrupt,
    InterruptTwice,
    Panic,
    Abort,
    Timeout,
    DiskFull,
}

/// Where the experiment is when it happens: its name, and the line that says so.
type Phase = (&'static str, &'static str);

const HARNESSES: [(Harness, &str); 3] =
    [(Harness::CargoTest, "cargo test"), (Harness::Nextest, "nextest"), (Harness::OwnMain, "main!()")];

const WAYS: [(Way, &str); 8] = [
    (Way::Kill, "SIGKILL"),
    (Way::Terminate, "SIGTERM"),
    (Way::Interrupt, "SIGINT"),
    (Way::InterruptTwice, "SIGINT twice"),
    (Way::Panic, "panic"),
    (Way::Abort, "abort"),
    (Way::Timeout, "timeout"),
    (Way::DiskFull, "disk full"),
];

const PHASES: [Phase; 7] = [
    ("body", "at: body"),
    ("warm-up", "at: warm-up"),
    ("baseline", "phase: baseline"),
    ("injection", "at: injection"),
    ("fault", "at: fault"),
    ("recovery", "at: recovery"),
    ("after", "phase: after"),
];

#[derive(Debug, Clone, Copy)]
struct Cell {
    phase: Phase,
    way: Way,
    harness: Harness,
}

/// How it went: how long the fault was still there when the process was gone, or what is wrong.
type Outcome = Result<Duration, String>;

#[test]
fn every_cell_is_clean() {
    let fixture = Fixture::get();
    let cells: Vec<Cell> = PHASES
        .iter()
        .flat_map(|phase| WAYS.map(|(way, _)| (*phase, way)))
        // The body has returned by then: nothing of it can panic.
        .filter(|(phase, way)| (phase.0, *way) != ("after", Way::Panic))
        .flat_map(|(phase, way)| HARNESSES.map(|(harness, _)| Cell { phase, way, harness }))
        .collect();
    let outcomes = Mutex::new(Vec::new());
    side_by_side(6, &cells, |cell| {
        let outcome = cell.run(fixture);
        outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((*cell, outcome));
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}", table(&outcomes));
    let dirty: Vec<_> = outcomes.iter().filter_map(|(cell, outcome)| Some((cell, outcome.as_ref().err()?))).collect();
    let dirty: Vec<String> = dirty.iter().map(|(cell, why)| format!("{cell:?}: {why}")).collect();
    assert_eq!(outcomes.len(), cells.len());
    assert!(dirty.is_empty(), "{} of {} cells are not clean:\n{}", dirty.len(), cells.len(), dirty.join("\n\n"));
}

impl Cell {
    fn run(self, fixture: Fixture) -> Outcome {
        let home = Home::new();
        // Mounted only where it is needed.
        let disk = (self.way == Way::DiskFull).then(|| SmallDisk::on(&home));
        let mut victim = Started::new(self.command(fixture, &home));
        let line = victim.printed("at: process");
        let pid = line.rsplit(' ').next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw).expect("its id");
        // Those that stop by themselves are past the line when they stop.
        victim.printed(self.phase.1);
        self.strike(pid, &victim, disk.as_ref());
        let died = wait_for_death(pid).ok_or_else(|| format!("it does not die\n{}", victim.output()))?;
        let outlived = loop {
            let left = faults(&home);
            if left.is_empty() {
                break died.elapsed();
            }
            if died.elapsed() > LEFT {
                return Err(format!("left behind: {left:?}\n{}", victim.output()));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let ended = victim.wait();
        self.is_told(&home, &ended.output)?;
        let all_gone = |home: &Home| home.left_behind().is_empty();
        let _disk = disk.map(SmallDisk::empty);
        if !all_gone(&home) {
            // Only the ledger of what is undone may be there, for the next run to remove.
            run(fixture.binary(&home, "chaos_harms", &["--ignored", "--exact", "next"]));
        }
        if all_gone(&home) { Ok(outlived) } else { Err(format!("{:?}\n{}", home.left_behind(), ended.output)) }
    }

    /// Whatever the end, the reports have it.
    fn is_told(self, home: &Home, output: &str) -> Result<(), String> {
        if self.way == Way::DiskFull {
            // Nothing can be written, so it is said.
            let said = output.contains(&format!("chaos test `{}` ", self.test()));
            return if said { Ok(()) } else { Err(format!("no verdict:\n{output}")) };
        }
        let expected: &[&str] = match self.way {
            Way::Kill | Way::Abort => &["killed"],
            // At the second Ctrl-C nextest kills its tests at once.
            Way::InterruptTwice if self.harness == Harness::Nextest => &["interrupted", "killed"],
            Way::Terminate | Way::Interrupt | Way::InterruptTwice => &["interrupted"],
            Way::Panic => &["panic"],
            Way::Timeout | Way::DiskFull => &["timeout"],
        };
        let case = home.junit().into_iter().find(|case| case.name == self.test());
        let status = case.and_then(|case| case.status);
        match &status {
            Some((element, kind)) if element == "error" && expected.contains(&kind.as_str()) => Ok(()),
            _ => Err(format!("junit.xml says {status:?} instead of {expected:?}\n{output}")),
        }
    }

    fn test(self) -> String {
        let name = match self.way {
            Way::Timeout if self.phase.0 == "baseline" => "runs_out_of_time_soon",
            Way::Timeout => "runs_out_of_time",
            _ => "harms",
        };
        let module = if self.harness == Harness::OwnMain { "harms::" } else { "" };
        format!("{module}{name}")
    }

    fn command(self, fixture: Fixture, home: &Home) -> Command {
        let (phase, _) = self.phase;
        let test = self.test();
        let mut command = match self.harness {
            Harness::CargoTest => {
                let arguments = ["--test", "chaos_harms", "--", "--ignored", "--nocapture", "--exact", &test];
                fixture.cargo(home, "test", &arguments)
            }
            Harness::OwnMain => {
                let arguments = ["--test", "chaos_main_harms", "--", "--ignored", "--nocapture", "--exact", &test];
                fixture.cargo(home, "test", &arguments)
            }
            Harness::Nextest => {
                let filter = format!("binary(chaos_harms) & test(={test})");
                fixture.nextest(home, &["--no-capture", "--run-ignored=only", "-E", &filter])
            }
        };
        let how = match self.way {
            Way::Panic => Some("panicking"),
            // Goes on, so that it meets the full disk.
            Way::DiskFull => None,
            _ if matches!(phase, "baseline" | "after") => None,
            _ => Some("waiting"),
        };
        if let Some(how) = how {
            command.env("STOP_AT", format!("{phase} {how}"));
        }
        // As a terminal does: Ctrl-C goes to the whole group.
        command.process_group(0);
        command
    }

    fn strike(self, pid: Pid, victim: &Started, disk: Option<&SmallDisk>) {
        let group = i32::try_from(victim.pid()).ok().and_then(Pid::from_raw).expect("ids are positive");
        let to_all = |signal| kill_process_group(group, signal).expect("the harness waits for its test");
        match self.way {
            Way::Kill => kill_process(pid, Signal::KILL).expect("it runs"),
            Way::Abort => kill_process(pid, Signal::ABORT).expect("it runs"),
            Way::Terminate => to_all(Signal::TERM),
            Way::Interrupt => to_all(Signal::INT),
            Way::InterruptTwice => {
                to_all(Signal::INT);
                std::thread::sleep(Duration::from_millis(20));
                // The harness may be gone already.
                let _ = kill_process_group(group, Signal::INT);
            }
            Way::Panic | Way::Timeout => {}
            Way::DiskFull => disk.expect("made for it").fill(),
        }
    }
}

/// When it was gone, or `None` if it does not end.
fn wait_for_death(pid: Pid) -> Option<Instant> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(90) {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        // A zombie has let go of everything.
        if matches!(state, None | Some('Z' | 'X')) {
            return Some(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

/// What the experiment has done to the world: the full disk, and its processes, which have its mark.
fn faults(home: &Home) -> Vec<String> {
    let files = std::fs::read_dir(home.tmp()).into_iter().flatten().flatten();
    let files = files.map(|file| file.file_name().to_string_lossy().into_owned()).filter(|n| n.starts_with("filler"));
    let marked = home.processes().into_iter().filter(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(b"CHAOS_CHILD="))
    });
    files.chain(marked.map(|pid| format!("process {pid}"))).collect()
}

fn table(outcomes: &[(Cell, Outcome)]) -> String {
    let mut table = format!("\n{:26}", "phase × way to die");
    for (_, name) in HARNESSES {
        let _ = write!(table, "{name:>18}");
    }
    for phase in PHASES {
        for (way, name) in WAYS {
            let _ = write!(table, "\n{:26}", format!("{} × {name}", phase.0));
            for (harness, _) in HARNESSES {
                let is_it = |cell: &Cell| (cell.phase.0, cell.way, cell.harness) == (phase.0, way, harness);
                let text = match outcomes.iter().find(|(cell, _)| is_it(cell)) {
                    Some((_, Ok(outlived))) => format!("clean {:>6.3} s", outlived.as_secs_f64()),
                    Some((_, Err(_))) => "LEFT BEHIND".to_owned(),
                    None => "–".to_owned(),
                };
                let _ = write!(table, "{text:>18}");
            }
        }
    }
    table
}
