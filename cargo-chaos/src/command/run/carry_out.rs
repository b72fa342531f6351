//! Running them: call after call, repetition after repetition, until done or interrupted.

use super::Run;
use super::interruption::Interruption;
use super::plan::{self, How};
use super::summary::Summary;
use crate::context::Place;
use crate::output::Plain;
use chaos_runtime::report::RecordedRun;
use chaos_runtime::report::catalogue::CatalogueEntry;
use chaos_runtime::{Error, Result};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long the tests of a run that was interrupted are waited for: cargo dies at once, and they still roll back.
const ROLLBACK: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(50);

/// Runs `meant` of `all` as often as asked for, and tells the summary how it went.
pub(super) fn all(
    run: &Run,
    place: &Place,
    all: &[CatalogueEntry],
    meant: &[&CatalogueEntry],
    summary: &mut Summary,
) -> Result {
    let interruption = Interruption::listen()?;
    let how = How {
        runner: run.runner(),
        ignored: run.ignored,
        include_ignored: run.include_ignored,
        fail_fast: run.fail_fast,
        arguments: &run.arguments,
    };
    let calls = plan::calls(how.runner, all, meant);
    // Repetitions with one seed would all be the same.
    let first_seed = run.seed.or_else(|| (run.repeat.get() > 1).then(drawn));
    for repetition in 0..run.repeat.get() {
        let seed = first_seed.map(|seed| seed.wrapping_add(repetition.into()));
        if run.repeat.get() > 1 {
            let seed = seed.unwrap_or_default();
            eprintln!("chaos-test: repetition {} of {}, with seed {seed}", repetition + 1, run.repeat);
        }
        let mut failed = false;
        for call in &calls {
            let mut command = call.command(&run.selection, place, how);
            command.env("CHAOS_RUN_ID", &summary.run).env("CHAOS_DIR", summary.reports());
            command.envs(run.choice.profile.as_ref().map(|profile| ("CHAOS_PROFILE", profile)));
            command.envs(seed.map(|seed| ("CHAOS_SEED", seed.to_string())));
            let cargo = ended(command, run.format)?;
            interruption.look_at(cargo);
            failed |= !cargo.success();
            if interruption.has_come() || (failed && run.fail_fast) {
                break;
            }
        }
        summary.interrupted = interruption.has_come();
        summary.add(meant, recorded(summary), failed);
        if summary.interrupted || (failed && run.fail_fast) {
            break;
        }
    }
    Ok(())
}

/// Runs a command at the caller's terminal.
fn ended(mut command: Command, format: Plain) -> Result<ExitStatus> {
    if format == Plain::Json {
        // Standard output is for the summary alone.
        command.stdout(Stdio::from(std::io::stderr()));
    }
    command.status().map_err(|error| Error::new("can't run cargo").caused_by(error))
}

/// What the tests have written down; nothing if not even one of them has begun.
fn recorded(summary: &Summary) -> Option<RecordedRun> {
    let until = Instant::now() + ROLLBACK;
    loop {
        let run = RecordedRun::read(&summary.path).ok()?;
        // Without an interruption nobody is left who could still end it.
        if !summary.interrupted || !run.is_running() || Instant::now() > until {
            return Some(run);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Of few digits, as somebody may want to type it.
fn drawn() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id()) >> 32
}
