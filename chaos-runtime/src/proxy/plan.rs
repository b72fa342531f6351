//! The active faults of a proxy, sorted by what they do and where.

use super::direction::{Direction, Directions};
use super::hits::{ConnectionId, Hits};
use crate::units::ByteRate;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Most bytes of a link that latency keeps under way: 20 ms at 3.3 GB/s.
const LINE: usize = 64 * 1024 * 1024;
/// Bytes that wait for a link of limited rate; more stay with the sender, which so feels the rate.
const QUEUE: usize = 64 * 1024;

/// What one fault does.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Connections are closed, new ones too; with `refuse` nobody listens.
    Down { refuse: bool },
    /// Connections are reset: those accepted before number `before`, or all.
    Reset { seen_by: Directions, before: Option<ConnectionId> },
    /// Nothing passes, on connections accepted before number `before` or on all; after `close_after` the connection is
    /// closed.
    BlackHole { directions: Directions, close_after: Option<Duration>, before: Option<ConnectionId> },
    /// Everything arrives later.
    Latency { directions: Directions, delay: Duration, jitter: Duration, seed: u64 },
    /// Everything arrives at no more than a rate.
    Bandwidth { directions: Directions, rate: ByteRate },
}

/// A fault in the set.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) hits: Arc<Hits>,
}

/// All active faults, as connections look them up. Never changed, only replaced.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) refuses: bool,
    cuts: Vec<(Cut, Option<ConnectionId>)>,
    upstream: Lane,
    downstream: Lane,
}

/// The faults that act on one direction.
#[derive(Debug, Default)]
pub(super) struct Lane {
    black_holes: Vec<BlackHole>,
    pub(super) latencies: Vec<Latency>,
    pub(super) bandwidths: Vec<Bandwidth>,
}

/// An end of the connection that a fault asks for.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) reset_client: bool,
    pub(super) reset_server: bool,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct BlackHole {
    pub(super) close_after: Option<Duration>,
    before: Option<ConnectionId>,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct Latency {
    delay: Duration,
    jitter: Duration,
    seed: u64,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct Bandwidth {
    pub(super) rate: ByteRate,
    pub(super) hits: Arc<Hits>,
}

impl Plan {
    /// Without a fault; one for all.
    pub(super) fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);
        NONE.clone()
    }

    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut plan = Self::default();
        for Entry { effect, hits } in entries {
            plan.add(effect, hits);
        }
        plan
    }

    fn add(&mut self, effect: &Effect, hits: &Arc<Hits>) {
        let hits = || hits.clone();
        match *effect {
            Effect::Down { refuse } => {
                self.refuses |= refuse;
                self.cuts.push((Cut::close(hits()), None));
            }
            Effect::Reset { seen_by, before } => {
                let cut = Cut {
                    reset_client: seen_by.contains(Direction::Downstream),
                    reset_server: seen_by.contains(Direction::Upstream),
                    hits: hits(),
                };
                self.cuts.push((cut, before));
            }
            Effect::BlackHole { directions, close_after, before } => {
                self.each(directions, |lane| lane.black_holes.push(BlackHole { close_after, before, hits: hits() }));
            }
            Effect::Latency { directions, delay, jitter, seed } => {
                self.each(directions, |lane| lane.latencies.push(Latency { delay, jitter, seed, hits: hits() }));
            }
            Effect::Bandwidth { directions, rate } => {
                self.each(directions, |lane| lane.bandwidths.push(Bandwidth { rate, hits: hits() }));
            }
        }
    }

    fn each(&mut self, directions: Directions, mut add: impl FnMut(&mut Lane)) {
        if directions.contains(Direction::Upstream) {
            add(&mut self.upstream);
        }
        if directions.contains(Direction::Downstream) {
            add(&mut self.downstream);
        }
    }

    pub(super) fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        }
    }

    /// The end that a connection must take, if one of the faults asks for it; the oldest fault wins.
    pub(super) fn cut(&self, connection: ConnectionId) -> Option<&Cut> {
        self.cuts.iter().find(|(_, before)| before.is_none_or(|before| connection < before)).map(|(cut, _)| cut)
    }
}

impl Lane {
    /// Whether bytes of a connection pass as if there were no proxy.
    pub(super) fn is_clear(&self, connection: ConnectionId) -> bool {
        !self.is_black_hole(connection) && self.latencies.is_empty() && self.bandwidths.is_empty()
    }

    pub(super) fn is_black_hole(&self, connection: ConnectionId) -> bool {
        self.holes(connection).next().is_some()
    }

    /// The black holes in which a connection is.
    pub(super) fn holes(&self, connection: ConnectionId) -> impl Iterator<Item = &BlackHole> {
        self.black_holes.iter().filter(move |hole| hole.before.is_none_or(|before| connection < before))
    }

    /// The rate of the narrowest place.
    pub(super) fn rate(&self) -> Option<ByteRate> {
        self.bandwidths.iter().map(|bandwidth| bandwidth.rate).min()
    }

    /// Counts a chunk that meets the faults of this lane. Done before it leaves, so that who has received
    /// it finds it counted.
    pub(super) fn count_unless(&self, bytes: usize, known: impl Fn(&Arc<Hits>) -> bool) {
        for latency in self.latencies.iter().filter(|latency| !known(&latency.hits)) {
            latency.hits.add(1);
        }
        for bandwidth in self.bandwidths.iter().filter(|bandwidth| !known(&bandwidth.hits)) {
            bandwidth.hits.add(bytes as u64);
        }
    }

    /// Tells the counters of latency and bandwidth that data of a connection met them.
    pub(super) fn touch(&self, connection: ConnectionId) {
        self.latencies.iter().for_each(|latency| _ = latency.hits.touch(connection));
        self.bandwidths.iter().for_each(|bandwidth| _ = bandwidth.hits.touch(connection));
    }

    /// Whether a latency or bandwidth fault is in this lane.
    pub(super) fn knows(&self, hits: &Arc<Hits>) -> bool {
        let mut latencies = self.latencies.iter().map(|latency| &latency.hits);
        let mut bandwidths = self.bandwidths.iter().map(|bandwidth| &bandwidth.hits);
        latencies.any(|other| Arc::ptr_eq(other, hits)) || bandwidths.any(|other| Arc::ptr_eq(other, hits))
    }

    /// The delay of a chunk: those of all latency faults together.
    pub(super) fn delay(&self, connection: ConnectionId, direction: Direction, chunk: u64) -> Duration {
        self.latencies.iter().map(|latency| latency.draw(connection, direction, chunk)).sum()
    }

    /// Bytes that may be under way: what the latency keeps on the wire at the rate, and a queue before it.
    pub(super) fn capacity(&self) -> usize {
        let delay = self.longest_delay();
        match self.rate() {
            None if delay.is_zero() => 0,
            None => LINE,
            Some(rate) => {
                let under_way = rate.as_bytes_per_second() as f64 * delay.as_secs_f64();
                QUEUE + (under_way as usize).min(LINE)
            }
        }
    }

    /// The longest delay that a chunk can get.
    fn longest_delay(&self) -> Duration {
        self.latencies.iter().fold(Duration::ZERO, |sum, l| sum.saturating_add(l.delay).saturating_add(l.jitter))
    }
}

impl Cut {
    /// Both sockets are closed.
    pub(super) fn close(hits: Arc<Hits>) -> Self {
        Self { reset_client: false, reset_server: false, hits }
    }
}

impl Latency {
    /// The delay of one chunk: uniform in `delay ± jitter`. A function of the seed, the connection, the
    /// direction and the chunk's number, so that a replay draws the same and a second look does too.
    pub(super) fn draw(&self, connection: ConnectionId, direction: Direction, chunk: u64) -> Duration {
        if self.jitter.is_zero() {
            return self.delay;
        }
        let lane = connection << 1 | u64::from(direction == Direction::Downstream);
        let unit = (mix(mix(self.seed ^ mix(lane)) ^ chunk) >> 11) as f64 / (1_u64 << 53) as f64;
        (self.delay + self.jitter).saturating_sub(self.jitter.mul_f64(2.0 * unit))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{kilobytes_per_second, millis};

    fn latency(delay: u64, jitter: u64, seed: u64) -> Latency {
        Latency { delay: millis(delay), jitter: millis(jitter), seed, hits: Hits::new() }
    }

    #[test]
    fn jitter_is_uniform_around_the_delay() {
        let latency = latency(300, 50, 42);
        let draws: Vec<_> = (0..10_000).map(|i| latency.draw(i % 7, Direction::Downstream, i).as_secs_f64()).collect();
        assert!(draws.iter().all(|d| (0.25..=0.35).contains(d)));
        let mean = draws.iter().sum::<f64>() / 1e4;
        assert!((mean - 0.3).abs() < 0.002, "mean {mean}");
        let outer = draws.iter().filter(|d| (**d - 0.3).abs() > 0.025).count();
        assert!((4_700..5_300).contains(&outer), "{outer} of 10,000 in the outer half");
    }

    #[test]
    fn the_seed_decides_the_draws() {
        let draws =
            |seed| -> Vec<_> { (0..8).map(|i| latency(100, 100, seed).draw(3, Direction::Upstream, i)).collect() };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }

    #[test]
    fn a_cut_of_open_connections_spares_later_ones() {
        let effect = Effect::Reset { seen_by: Directions::Both, before: Some(3) };
        let plan = Plan::of(&[Entry { effect, hits: Hits::new() }]);
        assert!(plan.cut(2).is_some());
        assert!(plan.cut(3).is_none());
    }

    #[test]
    fn each_direction_has_its_own_faults() {
        let hits = Hits::new;
        let slow = |rate| Effect::Bandwidth { directions: Directions::Upstream, rate: kilobytes_per_second(rate) };
        let plan = Plan::of(&[Entry { effect: slow(9), hits: hits() }, Entry { effect: slow(5), hits: hits() }]);
        assert!(plan.lane(Direction::Downstream).is_clear(0));
        assert_eq!(plan.lane(Direction::Upstream).rate(), Some(kilobytes_per_second(5)));
    }
}
