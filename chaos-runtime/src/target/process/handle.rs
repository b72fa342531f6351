//! A child process as the experiment's body sees it.

use super::builder::ProcessBuilder;
use super::clock::Clock;
use super::forward::Forward;
use super::owner::{Order, Owner};
use super::status::Status;
use crate::experiment::core::Core;
use crate::rollback::marked::Marked;
use crate::rollback::{Leader, Recipe, Undo};
use crate::target::Signal;
use crate::target::output::Tail;
use crate::{Chaos, Error, Result};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// A child process. Clones speak of the same one; it is killed when the experiment ends.
#[derive(Clone)]
pub struct Process(Arc<Shared>);

struct Shared {
    target: String,
    token: String,
    addr: SocketAddr,
    tail: Tail,
    status: watch::Receiver<Status>,
    orders: mpsc::UnboundedSender<Order>,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    clock: Option<Clock>,
}

impl Chaos {
    /// Starts a child process and waits until it is ready (see [`Ready`](super::Ready)).
    ///
    /// # Errors
    /// If it can't be started, ends or is not ready in time; the message has its last lines.
    pub async fn process(&self, command: impl Into<ProcessBuilder>) -> Result<Process> {
        Process::start(&self.core, command.into()).await
    }
}

impl Process {
    async fn start(core: &Core, mut builder: ProcessBuilder) -> Result<Self> {
        let target = free_name(core, &builder.display_name());
        let token = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        if builder.faketime {
            builder.clock = Some(Clock::new(core, &target)?);
        }
        let forward = Forward::start(&core.net).await?;
        let (orders, taken) = mpsc::unbounded_channel();
        let (status, seen) = watch::channel(Status::default());
        let tail = Tail::default();
        let process = Self(Arc::new(Shared {
            target: target.clone(),
            token: token.clone(),
            addr: forward.addr(),
            tail: tail.clone(),
            status: seen,
            orders,
            clock: builder.clock.clone(),
        }));
        let recipe = Recipe::KillMarked { token: token.clone(), leaders: Vec::new() };
        let ended = process.clone();
        let undo = Undo::from_recipe(recipe.clone()).live(move || {
            let (ended, recipe) = (ended.clone(), recipe.clone());
            async move {
                match ended.order(Order::Shutdown).await {
                    Ok(()) => Ok(()),
                    // Its owner is gone, or failed: then as a replay would do it.
                    Err(_) => recipe.run().await.map(drop),
                }
            }
        });
        let undo = core.ledger.record(&format!("kill {target}"), &target, undo)?;
        let source = process.clone();
        let clock = core.clock;
        core.outputs.register(move || source.0.tail.record(&source.0.target, clock));
        let owner = Owner {
            builder,
            target,
            token,
            tail,
            status,
            forward,
            events: core.events.clone(),
            ledger: Arc::downgrade(&core.ledger),
            undo,
        };
        // On the experiment's own thread: the child dies with the thread that starts it.
        core.net.handle()?.spawn(owner.run(taken));
        let started = match process.order(Order::Start).await {
            Ok(()) => process.ready().await,
            Err(error) => Err(error),
        };
        if let Err(error) = started {
            // The message says what went wrong; what is left of it must not disturb the rest.
            core.ledger.undo(undo).await;
            return Err(error);
        }
        Ok(process)
    }

    /// Waits until it is ready again, as after [`restart_after`](crate::fault::Kill::restart_after).
    ///
    /// # Errors
    /// If it is down for good, failed to start, or was not ready within its limit.
    pub async fn ready(&self) -> Result<()> {
        let mut status = self.0.status.clone();
        let status = status.wait_for(Status::settled).await;
        let status = status.map_err(|_| self.gone())?.clone();
        match (status.ready, &status.failure) {
            (true, _) => Ok(()),
            (false, Some(failure)) => {
                Err(Error::new(format!("{} failed to start: {failure}{}", self.0.target, self.0.tail.block()))
                    .help("run the command by hand; if it is slow to start, allow more with `ready_within`"))
            }
            (false, None) => status.living(&self.0.target, &self.0.tail).map(drop),
        }
    }

    /// The address under which it is reached, whichever port it listens on, and which stays the same
    /// through restarts. While it is down, connections are accepted and closed at once.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// A URL on it: `url("/work")` is `http://127.0.0.1:4000/work`.
    pub fn url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("http://{}{slash}{path}", self.0.addr)
    }

    /// Its process id, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.0.status.borrow().pid
    }

    /// Whether it lives; a paused process does.
    pub fn is_running(&self) -> bool {
        self.pid().is_some()
    }

    /// The last lines that it wrote to standard output and standard error, 200 at most, oldest first;
    /// those of earlier runs included.
    pub fn output(&self) -> Vec<String> {
        self.0.tail.lines()
    }

    /// Sends a signal, as part of the test's set-up. To harm it use [`kill`](Self::kill) and
    /// [`pause`](Self::pause), which are confirmed, undone and reported.
    ///
    /// # Errors
    /// If it is not running.
    pub async fn signal(&self, signal: Signal) -> Result<()> {
        self.send(signal).await.map(drop)
    }

    /// Sends a signal; returns the run that got it.
    pub(crate) async fn send(&self, signal: Signal) -> Result<u32> {
        self.order(|reply| Order::Signal(signal, reply)).await
    }

    /// Sends a signal that is meant to end it; returns the run that got it.
    pub(crate) async fn end(&self, signal: Signal, restart_after: Option<std::time::Duration>) -> Result<u32> {
        self.order(|reply| Order::End(signal, restart_after, reply)).await
    }

    /// Starts it unless it runs; does not wait until it is ready.
    pub(crate) async fn start_again(&self) -> Result<()> {
        self.order(Order::Start).await
    }

    pub(crate) fn status(&self) -> Status {
        self.0.status.borrow().clone()
    }

    /// Waits until its status is as wished; the status as it is after `limit` otherwise.
    pub(crate) async fn status_when(&self, limit: std::time::Duration, wish: impl Fn(&Status) -> bool) -> Status {
        let mut status = self.0.status.clone();
        let _ = tokio::time::timeout(limit, status.wait_for(wish)).await;
        self.status()
    }

    /// Its id; the error says how it ended and what it wrote last.
    pub(crate) fn living(&self) -> Result<u32> {
        self.0.status.borrow().living(&self.0.target, &self.0.tail)
    }

    /// It and its descendants, as they are found at any time.
    pub(crate) fn marked(&self) -> Marked {
        let leaders: Vec<Leader> = self.pid().and_then(Leader::of).into_iter().collect();
        Marked::new(&self.0.token, &leaders)
    }

    /// Its own clock, if it was started with one.
    #[cfg(target_os = "linux")]
    pub(crate) fn clock(&self) -> Option<&Clock> {
        self.0.clock.as_ref()
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn token(&self) -> &str {
        &self.0.token
    }

    pub(crate) fn target(&self) -> &str {
        &self.0.target
    }

    /// A signal to the process and its descendants as a recipe.
    pub(crate) fn signal_recipe(&self, signal: Signal) -> Recipe {
        let leaders = self.pid().and_then(Leader::of).into_iter().collect();
        Recipe::SignalMarked { token: self.0.token.clone(), signal: signal.raw().as_raw(), leaders }
    }

    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.0.orders.send(order(reply)).map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    fn gone(&self) -> Error {
        Error::new(format!("{} was ended by the rollback", self.0.target))
    }
}

/// `process worker`, or `process worker 2` for the second of that name.
fn free_name(core: &Core, name: &str) -> String {
    let taken: Vec<String> = core.outputs.collect().into_iter().map(|output| output.target).collect();
    let name = format!("process {name}");
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name)
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("target", &self.0.target).field("status", &self.status()).finish()
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
