//! The active faults of a proxy, sorted by what they do and where.

use super::delay::Delay;
use super::direction::Direction;
use super::draw;
use super::effect::{Effect, Entry, Slices};
use super::hits::{ConnectionId, Hits};
use super::resolve::Wrong;
use super::scope::{Scope, Who};
use crate::units::{ByteRate, Percent};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Most bytes of a link that latency keeps under way: 20 ms at 3.3 GB/s.
const LINE: usize = 64 * 1024 * 1024;
/// Bytes that wait for a link of limited rate; more stay with the sender, which so feels the rate.
const QUEUE: usize = 64 * 1024;

/// Active faults, as connections look them up. Never changed, only replaced.
///
/// The plan of a proxy holds all of them; [`of`](Self::of) makes the plan of one connection, in which everything is
/// meant for it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) refuses: bool,
    /// Who connects gets no answer.
    pub(super) is_deaf: bool,
    /// Some fault tells connections apart.
    picks: bool,
    /// Some fault asks for server names.
    pub(super) asks_for_names: bool,
    entries: Vec<Entry>,
    cuts: Vec<Cut>,
    limits: Vec<ConnectionLimit>,
    slow_connects: Vec<SlowConnect>,
    wrong_answers: Vec<Wrong>,
    upstream: Lane,
    downstream: Lane,
}

/// The faults that act on one direction.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) black_holes: Vec<BlackHole>,
    pub(super) data_limits: Vec<DataLimit>,
    pub(super) corruptions: Vec<Corruption>,
    pub(super) latencies: Vec<Latency>,
    slow_closes: Vec<SlowClose>,
    bandwidths: Vec<Bandwidth>,
    pub(super) slicer: Option<Slicer>,
}

/// An end of the connection that a fault asks for.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) reset_client: bool,
    pub(super) reset_server: bool,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug, Clone)]
pub(super) struct ConnectionLimit {
    pub(super) most: u64,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug, Clone)]
pub(super) struct SlowConnect {
    pub(super) delay: Duration,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct BlackHole {
    pub(super) close_after: Option<Duration>,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct DataLimit {
    pub(super) bytes: u64,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct Corruption {
    pub(super) bytes: Percent,
    pub(super) scope: Scope,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct Latency {
    delay: Delay,
    scope: Scope,
    pub(super) hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct SlowClose {
    delay: Duration,
    hits: Arc<Hits>,
}

#[derive(Debug)]
struct Bandwidth {
    rate: ByteRate,
    hits: Arc<Hits>,
}

#[derive(Debug)]
pub(super) struct Slicer {
    pub(super) slices: Slices,
    pub(super) scope: Scope,
    pub(super) hits: Arc<Hits>,
}

impl Plan {
    /// Without a fault; one for all.
    pub(super) fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);
        NONE.clone()
    }

    /// Of all faults of a proxy.
    pub(super) fn of_all(entries: &[Entry]) -> Self {
        let mut plan = Self::default();
        entries.iter().for_each(|entry| plan.add(entry));
        plan.picks = entries.iter().any(|entry| entry.scope.picks_connections());
        plan.asks_for_names = entries.iter().any(|entry| entry.scope.server_name.is_some());
        if plan.picks {
            plan.entries = entries.to_vec();
        }
        plan
    }

    /// What of it is meant for one connection.
    pub(super) fn of(self: &Arc<Self>, who: &Who<'_>) -> Arc<Self> {
        if !self.picks {
            return self.clone();
        }
        let mut own = Self { asks_for_names: self.asks_for_names, ..Self::default() };
        self.entries.iter().filter(|entry| entry.scope.picks(who)).for_each(|entry| own.add(entry));
        Arc::new(own)
    }

    fn add(&mut self, entry: &Entry) {
        let Entry { effect, scope, hits } = entry;
        let hits = || hits.clone();
        match *effect {
            Effect::Down { refuse } => {
                self.refuses |= refuse;
                self.cuts.push(Cut::close(hits()));
            }
            Effect::Reset => self.cuts.push(Cut {
                reset_client: scope.directions.contains(Direction::Downstream),
                reset_server: scope.directions.contains(Direction::Upstream),
                hits: hits(),
            }),
            Effect::ConnectionLimit { most } => self.limits.push(ConnectionLimit { most, hits: hits() }),
            Effect::SlowConnect { delay } => self.slow_connects.push(SlowConnect { delay, hits: hits() }),
            Effect::Dns(ref answers) => self.wrong_answers.push(Wrong { answers: answers.clone(), hits: hits() }),
            Effect::BlackHole { close_after, deaf } => {
                self.is_deaf |= deaf;
                self.each(scope, |lane| lane.black_holes.push(BlackHole { close_after, hits: hits() }));
            }
            Effect::LimitData { bytes } => {
                self.each(scope, |lane| lane.data_limits.push(DataLimit { bytes, hits: hits() }));
            }
            Effect::Corruption { bytes } => self.each(scope, |lane| {
                lane.corruptions.push(Corruption { bytes, scope: scope.clone(), hits: hits() });
            }),
            Effect::Latency { delay } => self.each(scope, |lane| {
                lane.latencies.push(Latency { delay, scope: scope.clone(), hits: hits() });
            }),
            Effect::SlowClose { delay } => {
                self.each(scope, |lane| lane.slow_closes.push(SlowClose { delay, hits: hits() }));
            }
            Effect::Bandwidth { rate } => {
                self.each(scope, |lane| lane.bandwidths.push(Bandwidth { rate, hits: hits() }))
            }
            Effect::Slicer { slices } => self.each(scope, |lane| {
                lane.slicer = Some(Slicer { slices, scope: scope.clone(), hits: hits() });
            }),
        }
    }

    fn each(&mut self, scope: &Scope, mut add: impl FnMut(&mut Lane)) {
        if scope.directions.contains(Direction::Upstream) {
            add(&mut self.upstream);
        }
        if scope.directions.contains(Direction::Downstream) {
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
    pub(super) fn cut(&self) -> Option<&Cut> {
        self.cuts.first()
    }

    /// The tightest limit on the number of connections.
    pub(super) fn connection_limit(&self) -> Option<&ConnectionLimit> {
        self.limits.iter().min_by_key(|limit| limit.most)
    }

    /// How much later the connection to the service is made: all together.
    pub(super) fn slow_connects(&self) -> &[SlowConnect] {
        &self.slow_connects
    }

    /// The answer that comes in place of the addresses of the service's name, of the oldest fault that gives one.
    pub(super) fn wrong_answer(&self) -> Option<&Wrong> {
        self.wrong_answers.first()
    }
}

impl Lane {
    /// Whether bytes pass as if there were no proxy.
    pub(super) fn is_clear(&self) -> bool {
        self.black_holes.is_empty()
            && self.data_limits.is_empty()
            && self.corruptions.is_empty()
            && self.latencies.is_empty()
            && self.bandwidths.is_empty()
            && self.slicer.is_none()
    }

    /// The rate of the narrowest place.
    pub(super) fn rate(&self) -> Option<ByteRate> {
        self.bandwidths.iter().map(|bandwidth| bandwidth.rate).min()
    }

    /// Counts a chunk that meets the faults of this lane, those that are not `known` to it; whether it met one. Done
    /// before it leaves, so that who has received it finds it counted.
    pub(super) fn count_unless(&self, chunk: ChunkOf, bytes: usize, known: impl Fn(&Arc<Hits>) -> bool) -> bool {
        let mut met = false;
        for latency in self.latencies.iter().filter(|latency| latency.picks(chunk) && !known(&latency.hits)) {
            latency.hits.add(1);
            if latency.scope.share.is_of_chunks() {
                latency.hits.touch(chunk.connection);
            }
            met = true;
        }
        for bandwidth in self.bandwidths.iter().filter(|bandwidth| !known(&bandwidth.hits)) {
            bandwidth.hits.add(bytes as u64);
            met = true;
        }
        met
    }

    /// Tells the counters of what meets every chunk that data of a connection met it.
    pub(super) fn touch(&self, connection: ConnectionId) {
        let latencies = self.latencies.iter().filter(|latency| !latency.scope.share.is_of_chunks());
        latencies.for_each(|latency| _ = latency.hits.touch(connection));
        self.bandwidths.iter().for_each(|bandwidth| _ = bandwidth.hits.touch(connection));
    }

    /// Whether a latency or bandwidth fault is in this lane.
    pub(super) fn knows(&self, hits: &Arc<Hits>) -> bool {
        let mut latencies = self.latencies.iter().map(|latency| &latency.hits);
        let mut bandwidths = self.bandwidths.iter().map(|bandwidth| &bandwidth.hits);
        latencies.any(|other| Arc::ptr_eq(other, hits)) || bandwidths.any(|other| Arc::ptr_eq(other, hits))
    }

    /// The delay of a chunk: those of all latency faults together.
    pub(super) fn delay(&self, chunk: ChunkOf) -> Duration {
        self.latencies.iter().filter(|latency| latency.picks(chunk)).map(|latency| latency.draw(chunk)).sum()
    }

    /// The delay of an orderly end, beside that of a chunk.
    pub(super) fn delay_of_end(&self, chunk: ChunkOf) -> Duration {
        self.delay(chunk) + self.slow_closes.iter().map(|slow| slow.delay).sum::<Duration>()
    }

    /// Counts an orderly end that slow closing makes late; a connection counts once.
    pub(super) fn count_end(&self, connection: ConnectionId) {
        self.slow_closes.iter().for_each(|slow| slow.hits.strike(connection));
    }

    /// Bytes that may be under way: what the latency keeps on the wire at the rate, and a queue before it.
    pub(super) fn capacity(&self) -> usize {
        let delay = self.longest_delay();
        match self.rate() {
            // What is sliced waits, and must not be read without end.
            None if delay.is_zero() => {
                if self.is_clear() {
                    0
                } else {
                    QUEUE
                }
            }
            None => LINE,
            Some(rate) => {
                let under_way = rate.as_bytes_per_second() as f64 * delay.as_secs_f64();
                QUEUE + (under_way as usize).min(LINE)
            }
        }
    }

    /// The longest delay that a chunk can get.
    fn longest_delay(&self) -> Duration {
        self.latencies.iter().fold(Duration::ZERO, |sum, latency| sum.saturating_add(latency.delay.longest()))
    }
}

/// A chunk of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkOf {
    pub(super) connection: ConnectionId,
    pub(super) direction: Direction,
    /// Which of its link, counted from 0.
    pub(super) number: u64,
}

impl Latency {
    fn picks(&self, chunk: ChunkOf) -> bool {
        self.scope.picks_chunk(chunk.connection, chunk.direction, chunk.number)
    }

    /// The delay of one chunk.
    fn draw(&self, chunk: ChunkOf) -> Duration {
        self.delay.at(draw::in_lane(self.scope.seed, chunk.connection, chunk.direction, chunk.number))
    }
}

impl Cut {
    /// Both sockets are closed.
    pub(super) fn close(hits: Arc<Hits>) -> Self {
        Self { reset_client: false, reset_server: false, hits }
    }
}
