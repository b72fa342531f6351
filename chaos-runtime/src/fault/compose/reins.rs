//! The reins of a composed fault: whoever harms takes a turn, and the undo takes the last one.

use crate::error::ErrorKind;
use crate::fault::{Around, DynFault, InjectCx};
use crate::mix::mix;
use crate::report::journal::EventKind;
use crate::report::text;
use crate::rollback::{COMPOSER_LIMIT, Recipe, Remark, Undo, carry_out, sum_up};
use crate::{Error, Result};
use futures_util::FutureExt as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as Turn, MutexGuard as TurnGuard, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the undo waits for an injection that is under way, before it ends the composition by force, and then again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many injections of parts stand in the journal with their ends: a link may flap for hours.
const MOST_NOTED: u32 = 50;

// Twice the patience is within what an undo of this kind is given.
const _: () = assert!(2 * PATIENCE.as_secs() < COMPOSER_LIMIT.as_secs());

/// What all that belongs to one composed fault shares: the undos of its parts, and who may do harm.
pub(super) struct Reins {
    state: Mutex<State>,
    /// Held by whoever does harm, for as long as that takes.
    turn: Turn<()>,
    /// The undo was asked for: nobody takes a turn any more.
    stopped: watch::Sender<bool>,
    /// How the work in the background has ended.
    ended: watch::Sender<Option<Ended>>,
}

#[derive(Default)]
struct State {
    /// What may have to be undone, in the order of injection.
    entries: Vec<Arc<Entry>>,
    armed: bool,
    /// What the ledger knows.
    written: Option<Recipe>,
    around: Option<Around>,
    /// How many injections stand in the journal.
    noted: u32,
    worker: Option<AbortHandle>,
}

/// The undo of a part.
pub(super) struct Entry {
    what: String,
    undo: Undo,
    /// It may have become more than `undo` knows.
    recipe: Mutex<Recipe>,
    /// Held while it runs, so that who asks at the same time waits; then what is worth knowing about it.
    done: Turn<Option<Remark>>,
    /// Its injection stands in the journal, so its end has to.
    noted: AtomicBool,
}

/// How the work in the background has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// All is done.
    Done,
    /// Something went wrong, in words.
    Failed(String),
    /// The undo was asked for.
    Stopped,
}

/// The part of an error that tells a stop from a failure.
fn stopped() -> Error {
    Error::of(ErrorKind::Cancelled, "the composed fault is being undone: nothing more is injected")
}

impl Reins {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            turn: Turn::new(()),
            stopped: watch::Sender::new(false),
            ended: watch::Sender::new(None),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up the undos of the parts that are known from the start, once; all entries.
    pub(super) fn arm<'a>(&self, parts: impl Iterator<Item = &'a dyn DynFault>) -> Vec<Arc<Entry>> {
        let armed = std::mem::replace(&mut self.state().armed, true);
        if !armed {
            // What a part says of its undo is its own code: not under the lock.
            parts.for_each(|part| drop(self.add(part)));
        }
        self.state().entries.clone()
    }

    /// Takes up one more; it has to be written down before it is injected, see [`Reins::write_down`].
    pub(super) fn add(&self, part: &dyn DynFault) -> Arc<Entry> {
        let undo = part.undo();
        let what = name(part);
        let recipe = Mutex::new(undo.recipe().clone());
        let entry = Arc::new(Entry { what, undo, recipe, done: Turn::new(None), noted: AtomicBool::new(false) });
        self.state().entries.push(entry.clone());
        entry
    }

    /// The undo of all.
    pub(super) fn undo(self: &Arc<Self>) -> Undo {
        let recipes = self.recipes();
        self.state().written = Some(Recipe::all(recipes.clone()));
        let reins = self.clone();
        Undo::composed(recipes, move || {
            let reins = reins.clone();
            async move { reins.undo_all().await }
        })
    }

    fn recipes(&self) -> Vec<Recipe> {
        let recipe = |entry: &Arc<Entry>| entry.recipe.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.state().entries.iter().map(recipe).collect()
    }

    /// What a part is injected with.
    pub(super) fn cx(self: &Arc<Self>, cx: &InjectCx, index: u64, held: bool, hold: Option<Duration>) -> InjectCx {
        let mut part = InjectCx { seed: part_seed(cx.seed, index), held, hold, ..cx.clone() };
        part.around.amend = None;
        part
    }

    /// The same for a part that is about to be injected: it may find more to undo later.
    fn cx_of(self: &Arc<Self>, cx: &InjectCx, entry: &Arc<Entry>) -> InjectCx {
        let mut cx = cx.clone();
        // Weak: the part is held by its entry, and the entry by these reins.
        let (reins, entry) = (Arc::downgrade(self), Arc::downgrade(entry));
        cx.around.amend_by(move |recipe| {
            let (Some(reins), Some(entry)) = (reins.upgrade(), entry.upgrade()) else { return Err(stopped()) };
            *entry.recipe.lock().unwrap_or_else(PoisonError::into_inner) = recipe;
            reins.write_down()
        });
        cx
    }

    /// On return all that may have to be undone stands in the ledger, if there is one.
    pub(super) fn write_down(&self) -> Result<()> {
        let recipe = Recipe::all(self.recipes());
        let amend = {
            let state = self.state();
            if state.written.as_ref() == Some(&recipe) {
                return Ok(());
            }
            state.around.as_ref().and_then(|around| around.amend.clone())
        };
        if let Some(amend) = amend {
            amend(recipe.clone())?;
        }
        self.state().written = Some(recipe);
        Ok(())
    }

    /// The experiment around it, as the engine has it when it injects.
    pub(super) fn begin(&self, cx: &InjectCx) {
        self.state().around = Some(cx.around.clone());
    }

    /// Notes what becomes of a part.
    pub(super) fn note(&self, kind: EventKind, text: &str) {
        let around = {
            let mut state = self.state();
            state.noted += u32::from(kind == EventKind::Inject);
            state.around.clone()
        };
        if let Some(around) = around {
            around.note(kind, format!("part: {text}"));
        }
    }

    /// A turn for harm, unless the undo was asked for.
    pub(super) async fn turn(&self) -> Result<TurnGuard<'_, ()>> {
        let turn = self.turn.lock().await;
        if *self.stopped.borrow() { Err(stopped()) } else { Ok(turn) }
    }

    /// Injects a part, in a turn of its own.
    pub(super) async fn inject(
        self: &Arc<Self>,
        part: &mut dyn DynFault,
        entry: &Arc<Entry>,
        cx: &InjectCx,
    ) -> Result<()> {
        let turn = self.turn().await?;
        self.inject_in(&turn, part, entry, cx).await
    }

    /// Injects a part within a turn.
    pub(super) async fn inject_in(
        self: &Arc<Self>,
        _turn: &TurnGuard<'_, ()>,
        part: &mut dyn DynFault,
        entry: &Arc<Entry>,
        cx: &InjectCx,
    ) -> Result<()> {
        if self.state().noted < MOST_NOTED {
            self.note(EventKind::Inject, &entry.what);
            entry.noted.store(true, Ordering::Relaxed);
        }
        let cx = self.cx_of(cx, entry);
        part.inject(cx).await.map_err(|error| failed(&format!("failed to inject `{}`", entry.what), &error))
    }

    /// Works in the background until it is done or the undo is asked for.
    pub(super) fn work(self: &Arc<Self>, work: impl Future<Output = Result<()>> + Send + 'static) {
        let reins = self.clone();
        let worker = tokio::spawn(async move {
            let ended = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(Ok(())) => Ended::Done,
                Ok(Err(error)) if error.kind() == ErrorKind::Cancelled => Ended::Stopped,
                Ok(Err(error)) => Ended::Failed(error.without_help()),
                Err(_) => Ended::Failed("a part panicked".to_owned()),
            };
            reins.ended.send_replace(Some(ended));
        });
        self.state().worker = Some(worker.abort_handle());
    }

    /// How the work has ended, if it has.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    /// Waits for the end of the work.
    pub(super) async fn end(&self) -> Ended {
        let mut ended = self.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ended::Stopped),
            Err(_) => Ended::Stopped,
        }
    }

    /// Lets time pass; an error when the undo is asked for meanwhile.
    pub(super) async fn rest(&self, rest: Duration) -> Result<()> {
        self.rest_until(Instant::now() + rest).await
    }

    /// The same until an instant.
    pub(super) async fn rest_until(&self, until: Instant) -> Result<()> {
        self.unless_stopped(sleep_until(until)).await
    }

    /// Waits for something that does no harm; an error when the undo is asked for meanwhile.
    pub(super) async fn unless_stopped<T>(&self, what: impl Future<Output = T>) -> Result<T> {
        let mut stop = self.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => Err(stopped()),
            done = what => Ok(done),
        }
    }

    /// Undoes one part, once: a second call waits for the first. The part is forgotten, unless its undo fails.
    pub(super) async fn undo_one(&self, entry: &Arc<Entry>) -> Result<Remark> {
        let mut done = entry.done.lock().await;
        if let Some(remark) = &*done {
            return Ok(remark.clone());
        }
        let (_, outcome) = carry_out(&entry.undo).await;
        let outcome = outcome.map_err(|error| failed(&format!("failed to undo `{}`", entry.what), &error));
        if let Ok(remark) = &outcome {
            *done = Some(remark.clone());
            if entry.noted.load(Ordering::Relaxed) {
                self.note(EventKind::Clear, &entry.what);
            }
            self.state().entries.retain(|other| !Arc::ptr_eq(other, entry));
        }
        outcome
    }

    /// Stops the composition, then undoes what is left, the last injected first. Any number of times, also at once.
    pub(super) async fn undo_all(&self) -> Result<Remark> {
        self.stopped.send_replace(true);
        // From here on nobody gets a turn; who has one is waited for.
        if timeout(PATIENCE, self.turn.lock()).await.is_err() {
            if let Some(worker) = &self.state().worker {
                worker.abort();
            }
            let _ = timeout(PATIENCE, self.turn.lock()).await;
        }
        let left: Vec<Arc<Entry>> = self.state().entries.iter().rev().cloned().collect();
        let mut outcomes = Vec::with_capacity(left.len());
        for entry in left {
            outcomes.push(self.undo_one(&entry).await);
        }
        sum_up(outcomes)
    }

    /// The same, not to be cancelled half-way together with its caller.
    pub(super) async fn undo_all_shielded(self: &Arc<Self>) {
        let reins = self.clone();
        // What fails is tried again, and told, when the engine asks for the undo.
        let _ = tokio::spawn(async move { reins.undo_all().await }).await;
    }
}

/// A part in words: `latency 300ms towards the client on proxy 127.0.0.1:4000`.
pub(super) fn name(part: &dyn DynFault) -> String {
    text::harm(&part.describe(), &part.target())
}

/// The same error, with what could not be done before it.
pub(super) fn failed(what: &str, error: &Error) -> Error {
    let whole = Error::of(error.kind(), format!("{what}: {}", error.without_help()));
    match error.help_text() {
        Some(help) => whole.help(help),
        None => whole,
    }
}

/// A seed for a part, which says nothing about those of others.
fn part_seed(seed: u64, index: u64) -> u64 {
    mix(seed.wrapping_add(mix(index)))
}
