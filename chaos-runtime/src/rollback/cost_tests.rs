//! What the safety costs, as a table. Measure it yourself:
//! `cargo test --release -p chaos-runtime --lib -- --ignored --nocapture what_the_safety_costs`.

use super::ledger_file::{Entry, LedgerFile};
use super::*;
use crate::report::run::Run;
use crate::report::sample;
use crate::watchdog::{self, Watchdog};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// In each of them everything is measured once, in turn, so that whatever else the machine does hits all alike.
const ROUNDS: usize = 60;

/// The times that each thing took, in the order of the table.
#[derive(Default)]
struct Table {
    names: Vec<&'static str>,
    times: BTreeMap<&'static str, Vec<Duration>>,
}

impl Table {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = black_box(work());
        let took = started.elapsed();
        if !self.times.contains_key(name) {
            self.names.push(name);
        }
        self.times.entry(name).or_default().push(took);
        result
    }

    fn print(&mut self) {
        println!("{:<66} {:>10} {:>10} {:>10}", "", "median", "10 %", "90 %");
        for name in &self.names {
            let Some(times) = self.times.get_mut(name) else { continue };
            times.sort_unstable();
            let at = |share: usize| {
                let micros = times[(times.len() - 1) * share / 100].as_nanos() as f64 / 1_000.0;
                format!("{micros:.1} µs")
            };
            println!("{name:<66} {:>10} {:>10} {:>10}", at(50), at(10), at(90));
        }
    }
}

fn entry(path: &Path) -> (Undo, Recipe) {
    let undo = Undo::remove(path.join("nothing"));
    let recipe = undo.recipe().clone();
    (undo, recipe)
}

#[test]
#[ignore = "a measurement: see above"]
fn what_the_safety_costs() {
    // Beside the test binary: the temporary directory may be memory, where fsync costs nothing.
    let dir = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let run = Run::at(dir.path().join("chaos"), "cost");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut table = Table::default();
    let running = run.watchdog();
    running.ensure().unwrap();
    for _ in 0..ROUNDS {
        // Each fault.
        let ledger = UndoLedger::on_disk(run.undo_dir(), "cost".into(), None);
        let in_memory = Undo::in_process("nothing", async || Ok(()));
        table.time("per fault: undo recorded in memory", || ledger.record("it", "t", in_memory).unwrap());
        let (undo, _) = entry(dir.path());
        table.time("per fault: undo on disk, the first of an experiment (new file)", || {
            ledger.record("first", "t", undo).unwrap()
        });
        let (undo, _) = entry(dir.path());
        let id =
            table.time("per fault: undo on disk, the next ones (fsync)", || ledger.record("it", "t", undo).unwrap());
        let (_, recipe) = entry(dir.path());
        table.time("  the same line without fsync", || ledger.amend(id, recipe).unwrap());
        table.time("per fault: a look whether the watchdog lives", || running.ensure().unwrap());
        table.time("per fault: carried out and marked as done, three of them", || {
            runtime.block_on(ledger.undo_all());
        });
        drop(ledger);
        let (_, recipe) = entry(dir.path());
        let mut file = LedgerFile::create(&run.undo_dir()).unwrap();
        table
            .time("  write, fsync: the file alone", || file.record(Entry::new(1, "cost", "it", "t", &recipe)).unwrap());
        file.remove().unwrap();

        // Each test.
        table.time("per test: experiment lock, taken and let go, nobody waits", || {
            ExperimentLock::acquire("cost", false, &["what the safety costs"], |_| {}).unwrap()
        });
        table.time("per test: look for leftovers, none", || (recover(&run.undo_dir()), run.take_rescues()));
        table.time("per test: registered for signals and off again", || {
            register(UndoLedger::in_memory(), |_| {}).unwrap()
        });
        let journal = sample::running();
        table.time("per test: record begun, junit.xml rebuilt", || run.begin(&journal).unwrap());
        let journal = sample::refuted();
        table.time("per test: record finished, junit.xml rebuilt", || run.finish(&journal).unwrap());

        // Each process. They end with this one.
        let watchdog = Watchdog::new(dir.path(), "cost");
        table.time("per process, at its first undo on disk: watchdog started", || watchdog.ensure().unwrap());
        table.time("per process, before main: is this one a watchdog?", || {
            assert!(watchdog::arguments(std::env::args_os().collect()).is_none());
        });
    }
    table.print();
}
