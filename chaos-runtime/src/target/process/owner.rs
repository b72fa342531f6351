//! The task that owns a child process: the only one that waits for it and the only one that signals it,
//! so that no signal can reach another process that got the same id.

use super::builder::ProcessBuilder;
use super::forward::Forward;
use super::readiness;
use super::status::Status;
use crate::experiment::events::EventLog;
use crate::report::journal::EventKind;
use crate::rollback::marked::Marked;
use crate::rollback::{Leader, Recipe, UndoId, UndoLedger};
use crate::target::Signal;
use crate::target::output::Tail;
use crate::{Error, Result};
use rustix::process::{Pid, kill_process, kill_process_group};
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::Weak;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// How long a dead child's last output and a killed child's end are waited for.
const OUTPUT_LIMIT: Duration = Duration::from_millis(200);
const END_LIMIT: Duration = Duration::from_secs(5);

type Reply<T> = oneshot::Sender<Result<T>>;

/// What a child's owner can be asked to do.
pub(super) enum Order {
    /// Start it unless it runs. Answered when it is started, not when it is ready.
    Start(Reply<()>),
    /// Send a signal. Answered with the run that it was sent to.
    Signal(Signal, Reply<u32>),
    /// Send a signal that is meant to end it, and start it again that long after its end.
    End(Signal, Option<Duration>, Reply<u32>),
    /// Kill it with all of its descendants, for good.
    Shutdown(Reply<()>),
}

pub(super) struct Owner {
    pub(super) builder: ProcessBuilder,
    pub(super) target: String,
    pub(super) token: String,
    pub(super) tail: Tail,
    pub(super) status: watch::Sender<Status>,
    pub(super) forward: Forward,
    pub(super) events: EventLog,
    /// Weak: the ledger's undo holds the way to this task.
    pub(super) ledger: Weak<UndoLedger>,
    pub(super) undo: UndoId,
}

/// The parts of the owner's state that it waits on.
#[derive(Default)]
struct Waits {
    child: Option<Child>,
    starting: Option<Starting>,
    readers: Vec<JoinHandle<()>>,
    restart_after: Option<Duration>,
    restart_at: Option<Instant>,
}

/// Becoming ready; the error is the time-out.
type Starting = JoinHandle<Result<Option<SocketAddr>, Elapsed>>;

impl Owner {
    /// Runs until the shutdown, or until nobody can give orders any more.
    pub(super) async fn run(self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut waits = Waits::default();
        loop {
            tokio::select! {
                // A death comes before orders: they must not be carried out on a dead process.
                biased;
                status = ended(&mut waits.child) => self.on_end(status, &mut waits).await,
                outcome = settled(&mut waits.starting) => self.on_ready(outcome, &mut waits),
                order = orders.recv() => match order {
                    Some(Order::Start(reply)) => {
                        let started = if waits.child.is_some() { Ok(()) } else { self.start(&mut waits) };
                        let _ = reply.send(started);
                    }
                    Some(Order::Signal(signal, reply)) => drop(reply.send(self.signal(signal, &mut waits).await)),
                    Some(Order::End(signal, restart_after, reply)) => {
                        let sent = self.signal(signal, &mut waits).await;
                        if sent.is_ok() {
                            waits.restart_after = restart_after;
                        }
                        let _ = reply.send(sent);
                    }
                    Some(Order::Shutdown(reply)) => {
                        let _ = reply.send(self.shutdown(waits).await);
                        return;
                    }
                    None => return drop(self.shutdown(waits).await),
                },
                () = due(waits.restart_at) => drop(self.start(&mut waits)),
            }
        }
    }

    fn start(&self, waits: &mut Waits) -> Result<()> {
        waits.restart_at = None;
        waits.restart_after = None;
        let mut command = Command::from(self.builder.command(&self.token));
        let spawned = command.kill_on_drop(true).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                let error = Error::new(format!("failed to start `{}`", self.builder.program())).caused_by(error);
                self.events.note(EventKind::Target, format!("{}: {error}", self.target));
                self.status.send_modify(|status| {
                    status.run += 1;
                    status.restarting = false;
                    status.failure = Some(error.to_string());
                });
                return Err(error);
            }
        };
        let pid = child.id().unwrap_or_default();
        if let (Some(ledger), Some(leader)) = (self.ledger.upgrade(), Leader::of(pid)) {
            // The mark in its environment finds it as well; this is for programs that overwrite theirs.
            let _ = ledger.amend(self.undo, Recipe::KillMarked { token: self.token.clone(), leaders: vec![leader] });
        }
        let (listener, lines) = mpsc::unbounded_channel();
        waits.readers.clear();
        if let Some(stdout) = child.stdout.take() {
            waits.readers.push(tokio::spawn(self.tail.clone().follow(stdout, listener.clone())));
        }
        if let Some(stderr) = child.stderr.take() {
            waits.readers.push(tokio::spawn(self.tail.clone().follow(stderr, listener)));
        }
        let ready = readiness::wait(self.builder.ready.clone(), pid, self.token.clone(), lines);
        waits.starting = Some(tokio::spawn(tokio::time::timeout(self.builder.ready_within, ready)));
        waits.child = Some(child);
        self.events.note(EventKind::Target, format!("{} started as {pid}", self.target));
        self.status.send_modify(|status| {
            status.run += 1;
            status.pid = Some(pid);
            status.ready = false;
            status.restarting = false;
            status.failure = None;
        });
        Ok(())
    }

    fn on_ready(&self, outcome: Result<Result<Option<SocketAddr>, Elapsed>, JoinError>, waits: &mut Waits) {
        waits.starting = None;
        match outcome {
            Ok(Ok(upstream)) => {
                self.forward.set_upstream(upstream);
                let at = upstream.map(|addr| format!(", listening on {addr}")).unwrap_or_default();
                self.events.note(EventKind::Target, format!("{} is ready{at}", self.target));
                self.status.send_modify(|status| status.ready = true);
            }
            other => {
                let failure = match other {
                    Err(error) => format!("waiting until it is ready failed: {error}"),
                    Ok(_) => format!("it was not ready within {:?}: {}", self.builder.ready_within, self.builder.ready),
                };
                self.events.note(EventKind::Target, format!("{}: {failure}", self.target));
                self.status.send_modify(|status| status.failure = Some(failure));
            }
        }
    }

    async fn on_end(&self, exit: std::io::Result<ExitStatus>, waits: &mut Waits) {
        self.forward.set_upstream(None);
        waits.child = None;
        let text = match &exit {
            Ok(status) => status.to_string(),
            Err(error) => format!("an unknown status ({error})"),
        };
        let mut failure = exit.is_err().then(|| format!("it ended with {text}"));
        if let Some(starting) = waits.starting.take() {
            starting.abort();
            failure = Some(format!("it ended with {text} before it was ready"));
            // The reason is in its last lines; nobody measures this moment.
            let read = futures_util::future::join_all(std::mem::take(&mut waits.readers));
            let _ = tokio::time::timeout(OUTPUT_LIMIT, read).await;
        }
        self.events.note(EventKind::Target, format!("{} ended with {text}", self.target));
        waits.restart_at = waits.restart_after.take().map(|after| Instant::now() + after);
        self.status.send_modify(|status| {
            status.pid = None;
            status.ready = false;
            status.restarting = waits.restart_at.is_some();
            status.failure = failure;
            status.exit = exit.ok().map(|exit| (status.run, exit));
        });
    }

    /// The child is not reaped while this runs: a signal reaches it or nobody.
    async fn signal(&self, signal: Signal, waits: &mut Waits) -> Result<u32> {
        if let Some(Some(exit)) = waits.child.as_mut().and_then(|child| child.try_wait().ok()) {
            self.on_end(Ok(exit), waits).await;
        }
        let status = self.status.borrow().clone();
        let pid = status.living(&self.target, &self.tail)?;
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| Error::new(format!("{pid} is not the id of a process")))?;
        let sent =
            if signal.hits_group() { kill_process_group(id, signal.raw()) } else { kill_process(id, signal.raw()) };
        sent.map_err(|error| Error::new(format!("failed to send {signal} to {}", self.target)).caused_by(error))?;
        Ok(status.run)
    }

    async fn shutdown(&self, mut waits: Waits) -> Result<()> {
        self.status.send_modify(|status| status.closed = true);
        // An error means that it is gone already; the search below has the last word.
        let _ = self.signal(Signal::Kill, &mut waits).await;
        if waits.child.is_some()
            && let Ok(exit) = tokio::time::timeout(END_LIMIT, ended(&mut waits.child)).await
        {
            self.on_end(exit, &mut waits).await;
        }
        Marked::new(&self.token, &[]).kill().await
    }
}

async fn ended(child: &mut Option<Child>) -> std::io::Result<ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => std::future::pending().await,
    }
}

async fn settled(starting: &mut Option<Starting>) -> Result<Result<Option<SocketAddr>, Elapsed>, JoinError> {
    match starting {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
