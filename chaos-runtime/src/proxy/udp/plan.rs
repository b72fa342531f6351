//! The active faults of a UDP proxy, sorted by what they do and where.

use super::draw::Mark;
use super::tally::Tally;
use crate::proxy::delay::Delay;
use crate::proxy::direction::{Direction, Directions};
use crate::units::Percent;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What one fault does to the datagrams of some directions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effect {
    pub(crate) harm: Harm,
    pub(crate) directions: Directions,
    pub(crate) seed: u64,
}

/// What is done to a datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Harm {
    /// Nothing passes.
    Down,
    /// A share gets lost.
    Loss(Percent),
    /// A byte of a share is another one.
    Corruption(Percent),
    /// All arrive later.
    Latency(Delay),
    /// A share waits until the next one has passed, but no longer than `within`.
    Reordering { share: Percent, within: Duration },
    /// A share arrives twice.
    Duplication(Percent),
}

/// A fault in the set.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) tally: Arc<Tally>,
}

/// All active faults, as datagrams look them up. Never changed, only replaced.
#[derive(Debug, Default)]
pub(super) struct Plan {
    upstream: Lane,
    downstream: Lane,
}

/// The faults that act on one direction.
#[derive(Debug, Default)]
pub(super) struct Lane {
    downs: Vec<Arc<Tally>>,
    losses: Vec<Chance>,
    corruptions: Vec<Chance>,
    latencies: Vec<Latency>,
    reorderings: Vec<(Chance, Duration)>,
    duplications: Vec<Chance>,
}

/// Something that happens to a share of datagrams.
#[derive(Debug)]
struct Chance {
    share: f64,
    seed: u64,
    tally: Arc<Tally>,
}

#[derive(Debug)]
struct Latency {
    delay: Delay,
    seed: u64,
    tally: Arc<Tally>,
}

/// What becomes of a datagram that has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Lost,
    /// It goes on after that time.
    Passes(Duration),
}

impl Plan {
    /// Without a fault; one for all.
    pub(super) fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);
        NONE.clone()
    }

    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut plan = Self::default();
        for Entry { effect, tally } in entries {
            if effect.directions.contains(Direction::Upstream) {
                plan.upstream.add(effect, tally);
            }
            if effect.directions.contains(Direction::Downstream) {
                plan.downstream.add(effect, tally);
            }
        }
        plan
    }

    pub(super) fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        }
    }
}

impl Lane {
    fn add(&mut self, effect: &Effect, tally: &Arc<Tally>) {
        let (seed, tally) = (effect.seed, tally.clone());
        let chance = |share: Percent, tally| Chance { share: share.fraction(), seed, tally };
        match effect.harm {
            Harm::Down => self.downs.push(tally),
            Harm::Loss(share) => self.losses.push(chance(share, tally)),
            Harm::Corruption(share) => self.corruptions.push(chance(share, tally)),
            Harm::Latency(delay) => self.latencies.push(Latency { delay, seed, tally }),
            Harm::Reordering { share, within } => self.reorderings.push((chance(share, tally), within)),
            Harm::Duplication(share) => self.duplications.push(chance(share, tally)),
        }
    }

    /// Whether datagrams pass as if there were no proxy.
    pub(super) fn is_clear(&self) -> bool {
        let Self { downs, losses, corruptions, latencies, reorderings, duplications } = self;
        downs.is_empty()
            && losses.is_empty()
            && corruptions.is_empty()
            && latencies.is_empty()
            && reorderings.is_empty()
            && duplications.is_empty()
    }

    /// Decides about a datagram that has come, and changes its bytes where it is to arrive corrupted.
    pub(super) fn meet(&self, mark: Mark, bytes: &mut [u8]) -> Fate {
        if self.is_down() || self.losses.iter().any(|loss| loss.strikes(mark)) {
            return Fate::Lost;
        }
        for corruption in &self.corruptions {
            // One without a byte can't be changed.
            if !bytes.is_empty() && corruption.strikes(mark) {
                corruption.change(mark, bytes);
            }
        }
        Fate::Passes(
            self.latencies.iter().map(|latency| latency.meet(mark)).fold(Duration::ZERO, Duration::saturating_add),
        )
    }

    /// Whether nothing passes; counts a datagram for it.
    pub(super) fn is_down(&self) -> bool {
        self.downs.first().is_some_and(|tally| tally.see(true))
    }

    /// The latency of a datagram, without counting it.
    pub(super) fn delay(&self, mark: Mark) -> Duration {
        self.latencies.iter().map(|latency| latency.draw(mark)).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Counts a datagram for which there is no room where late ones wait.
    pub(super) fn overflow(&self) {
        if let Some(latency) = self.latencies.first() {
            latency.tally.overflow();
        }
    }

    pub(super) fn reorders(&self) -> bool {
        !self.reorderings.is_empty()
    }

    /// Whether a datagram waits for the next one: for how long at most, and who counts it once it is overtaken.
    pub(super) fn holds(&self, mark: Mark) -> Option<(Duration, &Arc<Tally>)> {
        let mut reorderings = self.reorderings.iter();
        let held = reorderings.find(|(chance, _)| chance.draws(mark));
        self.reorderings.iter().for_each(|(chance, _)| _ = chance.tally.see(false));
        held.map(|(chance, within)| (*within, &chance.tally))
    }

    /// Counts a datagram that overtakes, which reordering therefore never holds back.
    pub(super) fn overtakes(&self) {
        self.reorderings.iter().for_each(|(chance, _)| _ = chance.tally.see(false));
    }

    /// How many of a datagram arrive.
    pub(super) fn copies(&self, mark: Mark) -> usize {
        1 + self.duplications.iter().filter(|duplication| duplication.strikes(mark)).count()
    }
}

impl Chance {
    /// Exact at both ends: a share of 0 draws none, of 1 all.
    fn draws(&self, mark: Mark) -> bool {
        mark.unit(self.seed) < self.share
    }

    fn strikes(&self, mark: Mark) -> bool {
        self.tally.see(self.draws(mark))
    }

    /// Makes one byte another one.
    fn change(&self, mark: Mark, bytes: &mut [u8]) {
        // Neither draw is the one that has decided whether to change anything.
        let at = mark.one_of(bytes.len(), !self.seed);
        if let Some(byte) = bytes.get_mut(at) {
            // By 1 to 255, so that it is another one in any case.
            *byte = byte.wrapping_add(mark.one_of(255, self.seed.rotate_left(32)) as u8 + 1);
        }
    }
}

impl Latency {
    fn draw(&self, mark: Mark) -> Duration {
        self.delay.at(mark.unit(self.seed))
    }

    fn meet(&self, mark: Mark) -> Duration {
        self.tally.see(true);
        self.draw(mark)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
