//! Where `#[chaos_test]` enters the runtime: locks, records, threads and signals around one experiment.

use super::chaos::Chaos;
use super::conduct::{BodyEnd, conduct};
use super::core::Core;
use super::gate::Gate;
use super::identity;
use super::requirement;
use super::settings::Settings;
use super::spec::Spec;
use crate::config::Config;
use crate::error::panic_text;
use crate::report::journal::{Journal, Reason, ReasonKind, Verdict};
use crate::report::live::{self, LiveLine};
use crate::report::run::Run;
use crate::report::terminal::{self, Style};
use crate::rollback::{ExperimentLock, Registration, UndoLedger, recover, register, wait_for_death};
use crate::secret;
use crate::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The author's function, boxed: one engine serves every test, whatever their futures are.
pub type Body = for<'a> fn(&'a mut Chaos) -> LocalBoxFuture<'a, Result<()>>;

/// How long a cancelled body may take to drop what it holds.
const BODY_GRACE: Duration = Duration::from_secs(2);

/// Runs one experiment on the calling thread and panics with its report unless it ended well.
pub fn run(spec: &'static Spec, body: Body) {
    secret::redact_panics();
    secret::register_environment();
    let run = Run::current();
    let mut identity = identity::of(spec, run.id());
    let settings = Settings::from_env(spec);
    if let Ok(settings) = &settings {
        identity = identity::with(identity, spec, settings);
    }
    let ended = settings.map_err(|error| (ReasonKind::Requirement, error)).and_then(|settings| {
        let settings = configured(settings).map_err(|error| (ReasonKind::Config, error))?;
        match reason_not_to_run(spec, &settings) {
            Some((verdict, reason)) => {
                let journal = Journal { verdict, reasons: vec![reason], ..identity.clone() };
                let record = run.finish(&journal);
                Ok((journal, record))
            }
            None => experiment(spec, settings, body, run, &identity).map_err(|error| (ReasonKind::Requirement, error)),
        }
    });
    let (journal, record) = ended.unwrap_or_else(|(kind, error)| {
        let journal = errored(identity, kind, &error);
        let record = run.finish(&journal);
        (journal, record)
    });
    let report = terminal::render(&journal, record.as_deref().ok(), Style::detect());
    // One write, so that reports of tests that run at the same time do not mix.
    eprintln!("{report}");
    // libtest shows nothing of a test that is ok, and these must be seen all the same.
    if let Some(loud) = terminal::render_loud(&journal, Style::detect()) {
        crate::report::live::write(&format!("\n{loud}\n"));
    }
    if let Err(error) = record {
        eprintln!("{error}");
    }
    wait_for_death();
    if !journal.verdict.is_ok() {
        // The report says it all; a message of the panic hook and a backtrace of ours would bury it.
        std::panic::resume_unwind(Box::new(report));
    }
}

/// With what `chaos.toml` says, its names of secrets included.
fn configured(settings: Settings) -> Result<Settings> {
    let config = Config::load()?;
    if !config.secret_names.is_empty() {
        secret::register_environment();
    }
    settings.with_config(config)
}

/// Another profile, or something that is missing.
fn reason_not_to_run(spec: &Spec, settings: &Settings) -> Option<(Verdict, Reason)> {
    let profiles = spec.options.profiles;
    let elsewhere = !profiles.is_empty() && !profiles.contains(&settings.profile.as_str());
    let skip = || Reason {
        kind: ReasonKind::Profile,
        message: format!("runs in profile {}, and this is `{}`", profiles.join(", "), settings.profile),
        help: Some(format!("CHAOS_PROFILE={} runs it", profiles.first().unwrap_or(&"local"))),
    };
    if elsewhere { Some((Verdict::Skipped, skip())) } else { requirement::missing(spec.options.requires) }
}

fn errored(identity: Journal, kind: ReasonKind, error: &Error) -> Journal {
    let kind = match error.kind() {
        crate::ErrorKind::Cancelled => ReasonKind::Interrupted,
        _ => kind,
    };
    let verdict = if kind == ReasonKind::Interrupted { Verdict::Aborted } else { Verdict::Errored };
    let text = error.to_string();
    let message = text.split("\nhelp: ").next().unwrap_or_default().to_owned();
    let reason = Reason { kind, message, help: error.help_text().map(Into::into) };
    Journal { verdict, reasons: vec![reason], ..identity }
}

/// A journal and where its record lies.
type Ended = (Journal, Result<PathBuf>);

fn experiment(
    spec: &'static Spec,
    settings: Settings,
    body: Body,
    run: &'static Run,
    identity: &Journal,
) -> Result<Ended> {
    let name = &identity.experiment.name;
    let options = &spec.options;
    let lock = ExperimentLock::acquire(name, options.parallel, options.exclusive, |holder| live::waits(name, holder))?;
    // The wait is not part of it. And the live line is for the experiment that runs, not for one that waits.
    let identity = &identity::starting_now(identity.clone());
    let live = LiveLine::new(name.as_str());
    // A record that can't be written is told at the end; the experiment itself does not need it.
    let _ = run.begin(identity);
    let mut left_over = Vec::new();
    for left in recover(&run.undo_dir()) {
        left_over.push(identity::of_leftover(&left));
    }
    let ledger = UndoLedger::on_disk(run.undo_dir(), name.clone());
    let record = Arc::new(Record { run, written: Mutex::default() });
    let (last_words, of_last_words) = (identity.clone(), record.clone());
    let registration = register(ledger.clone(), move |signal| {
        let reason = Reason { kind: ReasonKind::Interrupted, message: format!("interrupted by {signal}"), help: None };
        of_last_words.write_unless_written(&Journal { verdict: Verdict::Aborted, reasons: vec![reason], ..last_words });
    })?;
    // Before the body can build an HTTP client of its own.
    crate::load::http::provide_crypto();
    let core = Core::new(spec, settings, ledger);
    left_over.iter().for_each(|left| core.note(left.as_str()));
    let ended = on_threads(&core, body, &live, &registration, &record, identity.clone())?;
    drop(core);
    // Only now: a signal that came meanwhile waits for the record to be written.
    drop(registration);
    drop(lock);
    Ok(ended)
}

/// An experiment's record, which the experiment writes, or the signals' owner if the experiment can't.
struct Record {
    run: &'static Run,
    written: Mutex<bool>,
}

impl Record {
    fn write(&self, journal: &Journal) -> Result<PathBuf> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        *written = true;
        self.run.finish(journal)
    }

    /// A journal that knows less must not replace one that knows more.
    fn write_unless_written(&self, journal: &Journal) {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !*written {
            // Nobody is left who could be told of a failure.
            let _ = self.run.finish(journal);
        }
    }
}

/// The body on a thread and runtime of its own, everything else on this one, so that a body that blocks
/// stops neither guards, nor time-out, nor rollback.
fn on_threads(
    core: &Arc<Core>,
    body: Body,
    live: &LiveLine,
    registration: &Registration,
    record: &Record,
    identity: Journal,
) -> Result<Ended> {
    let no_runtime = |error: std::io::Error| Error::new("failed to start a runtime").caused_by(error);
    let gate = Arc::new(tokio::sync::Mutex::new(Gate::default()));
    let (ended, end) = oneshot::channel();
    let (done, is_done) = oneshot::channel::<()>();
    let (dropped, is_dropped) = oneshot::channel::<()>();
    let threads = core.spec.options.worker_threads.unwrap_or(2).max(1);
    let users = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("chaos-body")
        .enable_all()
        .build()
        .map_err(no_runtime)?;
    let chaos = Chaos::new(core.clone(), gate.clone());
    let cancel = core.cancel.clone();
    std::thread::Builder::new()
        .name(core.spec.name.to_owned())
        .spawn(move || {
            users.block_on(async move {
                let end = run_body(body, chaos, cancel.cancelled()).await;
                // Nobody listens any more when the experiment was cut short.
                let _ = ended.send(end);
                drop(dropped);
                // Services that the body started as tasks serve recovery and the after phase.
                let _ = is_done.await;
            });
            users.shutdown_background();
        })
        .map_err(no_runtime)?;
    let engine = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let ended = engine.block_on(async {
        let body = async { end.await.unwrap_or_else(|_| BodyEnd::Panicked("its thread ended".into())) };
        let journal = conduct(core, &gate, live, body, registration.interrupted(), identity).await;
        // Before a body that may block is waited for: after a signal there is no time for that.
        let record = record.write(&journal);
        if core.cancel.is_cancelled() {
            let _ = tokio::time::timeout(BODY_GRACE, is_dropped).await;
        }
        (journal, record)
    });
    drop(done);
    Ok(ended)
}

/// Runs a body until it ends or is cancelled; `None` = cancelled.
pub(super) async fn run_body(body: Body, mut chaos: Chaos, cancelled: impl Future<Output = ()>) -> BodyEnd {
    let body = AssertUnwindSafe(async { body(&mut chaos).await }).catch_unwind();
    tokio::select! {
        biased;
        () = cancelled => BodyEnd::Returned(Err(Error::of(crate::ErrorKind::Cancelled, "cancelled"))),
        end = body => match end {
            Ok(result) => BodyEnd::Returned(result),
            Err(panic) => BodyEnd::Panicked(panic_text(&*panic)),
        },
    }
}

/// Where the rollback ledgers of this target directory lie.
pub fn undo_dir() -> PathBuf {
    Run::current().undo_dir()
}
