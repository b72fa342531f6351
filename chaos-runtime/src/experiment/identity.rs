//! Which experiment and which run: the part of a journal that is known before anything happens.

use super::replay;
use super::settings::Settings;
use super::spec::Spec;
use crate::report::journal::{ExperimentInfo, Journal, Reason, ReasonKind, RunInfo, SCHEMA_VERSION, Verdict};
use crate::rollback::{Leftover, Recovered, Wait};
use jiff::Timestamp;

/// The journal of an experiment that starts now.
pub(crate) fn of(spec: &Spec, run_id: &str) -> Journal {
    let binary = spec.module.split("::").next().unwrap_or_default();
    Journal {
        schema: SCHEMA_VERSION,
        experiment: ExperimentInfo {
            name: spec.test_name(),
            package: spec.package.to_owned(),
            binary: binary.to_owned(),
            file: spec.file.to_owned(),
            line: spec.line,
            column: spec.column,
            doc: spec.doc.to_owned(),
        },
        run: RunInfo {
            id: run_id.to_owned(),
            profile: "local".to_owned(),
            seed: 0,
            started_at: now(),
            host: host(),
            os: std::env::consts::OS.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            confidence: spec.options.confidence,
            revision: None,
        },
        verdict: Verdict::Running,
        reasons: Vec::new(),
        notes: Vec::new(),
        duration_us: 0,
        phases: Vec::new(),
        faults: Vec::new(),
        claims: Vec::new(),
        loads: Vec::new(),
        probes: Vec::new(),
        ledgers: Vec::new(),
        events: Vec::new(),
        rollback: Vec::new(),
        outputs: Vec::new(),
        finding: None,
        replay: String::new(),
    }
}

/// The same with what the settings add: seed, profile, and the command that runs it again.
pub(crate) fn with(mut journal: Journal, spec: &Spec, settings: &Settings) -> Journal {
    journal.run.seed = settings.seed;
    journal.run.profile.clone_from(&settings.profile);
    journal.replay = replay::command(spec, settings);
    journal
}

/// The same while others have the lock.
pub(crate) fn waiting(mut journal: Journal, wait: &Wait) -> Journal {
    let reason = Reason { kind: ReasonKind::Waiting, message: format!("waiting for {wait}"), help: None };
    journal.reasons = vec![reason];
    journal
}

/// The same, started at this moment.
pub(crate) fn starting_now(mut journal: Journal) -> Journal {
    journal.run.started_at = now();
    journal
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

/// What an earlier run had left behind, as a note.
pub(crate) fn of_leftover(recovered: &Recovered) -> String {
    let what = match &recovered.leftover {
        Leftover::Undo { experiment, what, target, .. } => format!("`{what}` on {target} of `{experiment}`"),
        Leftover::Unreadable => format!("the ledger {}", recovered.file.display()),
    };
    match &recovered.error {
        None => format!("an earlier run had left {what}; it was undone"),
        Some(error) => format!("an earlier run has left {what}, which could not be undone: {error}"),
    }
}

fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
