//! Datagrams on their way: late ones, and those that wait for the next one to overtake them.

use super::draw::{Mark, SessionId};
use super::plan::Plan;
use super::session::Session;
use super::tally::Tally;
use crate::proxy::alarm::{Alarm, Timer};
use crate::proxy::direction::Direction;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Most memory of datagrams that wait, their bookkeeping included.
const MOST: usize = 64 * 1024 * 1024;
/// What a datagram costs beside its bytes.
const EXTRA: usize = 256;

/// A datagram that is kept for a while.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) session: Arc<Session>,
    pub(super) mark: Mark,
    pub(super) bytes: Box<[u8]>,
    arrived: Instant,
}

impl Parcel {
    pub(super) fn new(session: &Arc<Session>, mark: Mark, bytes: &[u8]) -> Self {
        Self { session: session.clone(), mark, bytes: bytes.into(), arrived: Instant::now() }
    }

    fn size(&self) -> usize {
        self.bytes.len() + EXTRA
    }
}

/// What a datagram that leaves the line still has before it.
#[derive(Debug)]
pub(super) enum Due {
    /// Reordering and duplication.
    Late(Parcel),
    /// Duplication: it was held back, and not overtaken in time.
    Held(Parcel),
}

/// The datagrams of a proxy that wait, and the timer they wait for.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: Mutex<Waiting>,
    timer: Arc<Timer>,
}

#[derive(Debug, Default)]
struct Waiting {
    due: BTreeMap<Key, Item>,
    held: HashMap<Lane, Held>,
    /// Memory of all parcels.
    size: usize,
    last: u64,
    waker: Option<Waker>,
}

/// Parcels of the same instant differ by their numbers, and leave in the order they came.
type Key = (Instant, u64);
type Lane = (SessionId, Direction);

#[derive(Debug)]
enum Item {
    Late(Parcel),
    /// The one that is held in that lane has waited long enough.
    Bound(Lane),
}

#[derive(Debug)]
struct Held {
    parcel: Parcel,
    bound: Key,
    tally: Arc<Tally>,
}

impl Line {
    /// Lets a datagram wait. `false` if too much does.
    pub(super) fn delay(&self, parcel: Parcel, time: Duration) -> bool {
        let mut waiting = self.waiting();
        if !waiting.has_room(&parcel) {
            return false;
        }
        let due = far(parcel.arrived, time);
        waiting.size += parcel.size();
        waiting.put(due, Item::Late(parcel));
        true
    }

    /// Holds a datagram back until another one of its session and direction has passed. Gives it back if too much waits.
    pub(super) fn hold(&self, parcel: Parcel, within: Duration, tally: &Arc<Tally>) -> Result<(), Parcel> {
        let mut waiting = self.waiting();
        if !waiting.has_room(&parcel) {
            return Err(parcel);
        }
        let lane = (parcel.mark.session, parcel.mark.direction);
        waiting.size += parcel.size();
        let bound = waiting.put(far(Instant::now(), within), Item::Bound(lane));
        waiting.held.insert(lane, Held { parcel, bound, tally: tally.clone() });
        Ok(())
    }

    /// The datagram that waited for this one to pass. It is counted as overtaken.
    pub(super) fn overtaken(&self, mark: Mark) -> Option<Parcel> {
        let mut waiting = self.waiting();
        let held = waiting.held.remove(&(mark.session, mark.direction))?;
        waiting.due.remove(&held.bound);
        waiting.size -= held.parcel.size();
        held.tally.hit();
        Some(held.parcel)
    }

    /// Follows a change of faults: what waits for a fault that is gone goes on now. What waits never waits longer for
    /// a fault that came later.
    pub(super) fn follow(&self, plan: &Plan) {
        let mut waiting = self.waiting();
        for (key, item) in std::mem::take(&mut waiting.due) {
            let due = match &item {
                Item::Late(Parcel { mark, arrived, .. }) => {
                    key.0.min(far(*arrived, plan.lane(mark.direction).delay(*mark)))
                }
                Item::Bound((_, direction)) if plan.lane(*direction).reorders() => key.0,
                Item::Bound(_) => Instant::now(),
            };
            let key = (due, key.1);
            if let Item::Bound(lane) = &item
                && let Some(held) = waiting.held.get_mut(lane)
            {
                held.bound = key;
            }
            waiting.due.insert(key, item);
        }
        waiting.wake();
    }

    /// The next datagram that has waited long enough.
    pub(super) fn poll_due(&self, cx: &mut Context<'_>, alarm: &mut Alarm) -> Poll<Due> {
        let next = {
            let mut waiting = self.waiting();
            match waiting.take_due() {
                Ok(due) => return Poll::Ready(due),
                Err(next) => {
                    if waiting.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                        waiting.waker = Some(cx.waker().clone());
                    }
                    next
                }
            }
        };
        match next {
            None => alarm.disarm(),
            Some(at) => {
                if alarm.poll_until(cx, &self.timer, at).is_ready() {
                    // Due since the look.
                    cx.waker().wake_by_ref();
                }
            }
        }
        Poll::Pending
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.waiting().size
    }
}

impl Waiting {
    fn has_room(&self, parcel: &Parcel) -> bool {
        self.size + parcel.size() <= MOST
    }

    fn put(&mut self, due: Instant, item: Item) -> Key {
        self.last += 1;
        let key = (due, self.last);
        let is_first = self.due.first_key_value().is_none_or(|(first, _)| key < *first);
        self.due.insert(key, item);
        if is_first {
            self.wake();
        }
        key
    }

    /// The first one that is due, or when the first one will be.
    fn take_due(&mut self) -> Result<Due, Option<Instant>> {
        let now = Instant::now();
        loop {
            let Some(first) = self.due.first_entry() else { return Err(None) };
            if first.key().0 > now {
                return Err(Some(first.key().0));
            }
            let due = match first.remove() {
                Item::Late(parcel) => Due::Late(parcel),
                // Of one that has been overtaken the bound is gone too; without it the next is looked at.
                Item::Bound(lane) => match self.held.remove(&lane) {
                    Some(held) => Due::Held(held.parcel),
                    None => continue,
                },
            };
            let (Due::Late(parcel) | Due::Held(parcel)) = &due;
            self.size -= parcel.size();
            return Ok(due);
        }
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// That much later, or as late as can be told.
fn far(from: Instant, time: Duration) -> Instant {
    /// Longer than any experiment.
    const MOST: Duration = Duration::from_secs(365 * 24 * 3_600);
    from + time.min(MOST)
}
