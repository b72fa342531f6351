//! Where `#[chaos_test]` enters the runtime: locks, records, threads and signals around one experiment.

use super::assemble::last_words;
use super::chaos::Chaos;
use super::conduct::{BodyEnd, conduct};
use super::core::Core;
use super::gate::Gate;
use super::requirement;
use super::settings::Settings;
use super::spec::Spec;
use super::{identity, invocation, revision};
use crate::config::Config;
use crate::descriptors;
use crate::error::panic_text;
use crate::history::Store;
use crate::report::annotation;
use crate::report::journal::{Journal, Reason, ReasonKind, Verdict};
use crate::report::live::{self, LiveLine};
use crate::report::run::Run;
use crate::report::terminal::{self, Style};
use crate::rollback::{ExperimentLock, Registration, UndoLedger, recover, register, wait_for_death};
use crate::secret;
use crate::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The author's function, boxed: one engine serves every test, whatever their futures are.
pub type Body = for<'a> fn(&'a mut Chaos) -> LocalBoxFuture<'a, Result<()>>;

/// How long a cancelled body may take to drop what it holds.
const BODY_GRACE: Duration = Duration::from_secs(2);

/// What a `#[chaos_test]` runs.
#[derive(Debug, Clone, Copy)]
pub struct Experiment {
    /// What the attribute says.
    pub spec: &'static Spec,
    /// The author's function.
    pub body: Body,
}

/// Runs one experiment on the calling thread and panics with its report unless it ended well.
pub fn run(experiment: Experiment) {
    let Outcome { journal, report, .. } = carry_out(experiment);
    if !journal.verdict.is_ok() {
        // The report says it all; a message of the panic hook and a backtrace of ours would bury it.
        std::panic::resume_unwind(Box::new(report));
    }
}

/// What an experiment came to.
pub(crate) struct Outcome {
    /// With its verdict.
    pub(crate) journal: Journal,
    /// The report, which has been shown already if it is worth seeing.
    pub(crate) report: String,
    /// Where the journal lies.
    #[cfg_attr(not(feature = "harness"), expect(dead_code))]
    pub(crate) record: Option<PathBuf>,
}

/// Runs one experiment on the calling thread, and tells what it came to on standard error.
pub(crate) fn carry_out(Experiment { spec, body }: Experiment) -> Outcome {
    secret::redact_panics();
    secret::register_environment();
    let run = Run::current();
    let mut identity = identity::of(spec, run.id());
    identity.run.revision = revision::current();
    let settings = Settings::current(spec);
    if let Ok(settings) = &settings {
        identity = identity::with(identity, spec, settings);
    }
    // Ours is not to panic, but if something beneath us does, there is a verdict all the same.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let requirement = |error| (ReasonKind::Requirement, error);
        let settings = configured(spec, settings.map_err(requirement)?).map_err(|error| (ReasonKind::Config, error))?;
        match reason_not_to_run(spec, &settings) {
            Some((verdict, reason)) => {
                let mut journal = Journal { verdict, reasons: vec![reason], ..identity.clone() };
                let record = finish(run, &mut journal);
                Ok((journal, record))
            }
            None => experiment(spec, settings, body, run, &identity).map_err(requirement),
        }
    }));
    let ended = ended.unwrap_or_else(|panic| {
        let message = format!("the experiment broke off, as chaos-runtime panicked: {}", panic_text(&*panic));
        Err((ReasonKind::Requirement, Error::new(message)))
    });
    let (journal, record) = ended.unwrap_or_else(|(kind, error)| {
        let mut journal = errored(identity, kind, &error);
        let record = finish(run, &mut journal);
        (journal, record)
    });
    let report = terminal::render(&journal, record.as_deref().ok(), Style::detect());
    if !(journal.verdict.is_ok() && invocation::current().quiet) {
        live::tell(&report);
    }
    // libtest shows nothing of a test that is ok, and these must be seen all the same.
    if let Some(loud) = terminal::render_loud(&journal, Style::detect()) {
        live::write(&format!("\n{loud}\n"));
    }
    if let Some(annotation) = annotation::current(&journal) {
        // The runner looks for it at the start of a line, and the harness may be in the middle of one.
        live::write(&format!("\n{annotation}\n"));
    }
    if let Err(error) = &record {
        live::tell(&error.to_string());
    }
    wait_for_death();
    Outcome { journal, report, record: record.ok() }
}

/// With what `chaos.toml` says, its names of secrets included.
fn configured(spec: &Spec, settings: Settings) -> Result<Settings> {
    let config = Config::load(&settings.profile)?;
    if !config.secret_names.is_empty() {
        secret::register_environment();
    }
    settings.with_config(spec, config)
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
    let reason = Reason { kind, message: error.without_help(), help: error.help_text().map(Into::into) };
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
    descriptors::enough()?;
    let name = &identity.experiment.name;
    let options = &spec.options;
    let mut queue = live::Queue::new(name);
    let lock = ExperimentLock::acquire(name, options.parallel, options.exclusive, |wait| {
        queue.waits(wait);
        // Should it be killed before its turn comes, nothing else would tell of it.
        let _ = run.begin(&identity::waiting(identity.clone(), wait));
    })?;
    drop(queue);
    // The wait is not part of it. And the live line is for the experiment that runs, not for one that waits.
    let identity = &identity::starting_now(identity.clone());
    let live = LiveLine::new(name.as_str());
    // A record that can't be written is told at the end; the experiment itself does not need it.
    let _ = run.begin(identity);
    let mut left_over: Vec<String> = recover(&run.undo_dir()).iter().map(identity::of_leftover).collect();
    left_over.extend(run.take_rescues());
    let ledger = UndoLedger::on_disk(run.undo_dir(), name.clone(), settings.watchdog.then(|| run.watchdog()));
    let core = Core::new(spec, settings, ledger.clone());
    let record = Arc::new(Record { run, written: Mutex::default() });
    let (of_identity, of_core, of_record) = (identity.clone(), core.clone(), record.clone());
    let registration = register(ledger, move |signal| {
        of_record.write_unless_written(|| last_words(&of_core, of_identity, signal));
    })?;
    // Before the body can build an HTTP client of its own.
    crate::load::http::provide_crypto();
    left_over.iter().for_each(|left| core.note(left.as_str()));
    let conducted = AssertUnwindSafe(|| on_threads(&core, body, &live, &registration, &record, identity.clone()));
    let ended = match catch_unwind(conducted) {
        Ok(ended) => ended?,
        Err(panic) => {
            roll_back_after(&core);
            resume_unwind(panic);
        }
    };
    drop(core);
    // Only now: a signal that came meanwhile waits for the record to be written.
    drop(registration);
    drop(lock);
    Ok(ended)
}

/// Ends all harm when the one who should have done it has panicked.
fn roll_back_after(core: &Core) {
    core.ledger.close("the experiment broke off");
    core.cancel.cancel();
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(core.ledger.undo_all());
    }
}

/// Writes the record of an experiment that has ended, and adds it to the history. A history that can't be written to
/// changes no verdict; a note tells of it.
fn finish(run: &Run, journal: &mut Journal) -> Result<PathBuf> {
    let record = run.finish(journal);
    match Store::append_of_this_process(run.root(), journal) {
        Err(error) if record.is_ok() => {
            journal.notes.push(error.to_string());
            run.finish(journal)
        }
        _ => record,
    }
}

/// An experiment's record, which the experiment writes, or the signals' owner if the experiment can't.
struct Record {
    run: &'static Run,
    written: Mutex<bool>,
}

impl Record {
    fn write(&self, journal: &mut Journal) -> Result<PathBuf> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        *written = true;
        finish(self.run, journal)
    }

    /// A journal that knows less must not replace one that knows more.
    fn write_unless_written(&self, journal: impl FnOnce() -> Journal) {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !*written {
            let mut journal = journal();
            let record = finish(self.run, &mut journal);
            tell_of_interruption(&journal, &record);
        }
    }
}

/// The report of an experiment that a signal has ended is lost in the harness' capture: the process dies before the
/// harness shows it. So a short form goes to standard error directly.
fn tell_of_interruption(journal: &Journal, record: &Result<PathBuf>) {
    if journal.reasons.iter().any(|reason| reason.kind == ReasonKind::Interrupted) {
        live::write(&terminal::render_interrupted(journal, record.as_deref().ok(), Style::detect()));
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
    let engine = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
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
    let ended = engine.block_on(async {
        let body = async { end.await.unwrap_or_else(|_| BodyEnd::Panicked("its thread ended".into())) };
        let mut journal = conduct(core, &gate, live, body, registration.interrupted(), identity).await;
        // Before a body that may block is waited for: after a signal there is no time for that.
        let record = record.write(&mut journal);
        tell_of_interruption(&journal, &record);
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
