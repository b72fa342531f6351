//! One direction of a connection: read, faults, write.

use super::alarm::Alarm;
use super::buffer::{SCRATCH, Scratch};
use super::delay_line::DelayLine;
use super::direction::Direction;
use super::faults::{Faults, Seat};
use super::hits::ConnectionId;
use super::hold::Hold;
use super::pacer::Pacer;
use super::pipe::Pipe;
use super::plan::{Cut, Plan};
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A read of this many bytes is a sign that more follow.
const LARGE: usize = 32 * 1024;
/// After so many signs in a row bytes are moved within the kernel: calls that cost more, and bytes that cost less.
const MANY: u8 = 4;

/// One direction of a connection.
pub(super) struct Link {
    connection: ConnectionId,
    direction: Direction,
    faults: Arc<Faults>,
    version: u64,
    plan: Arc<Plan>,
    /// A fault asks for the end of the connection.
    cut: Option<Cut>,
    /// No fault acts on this direction.
    clear: bool,
    /// The counters of this lane know this connection.
    touched: bool,
    /// Bytes that may be under way before reading stops.
    capacity: usize,
    chunks: u64,
    /// How many reads in a row were large.
    large: u8,
    /// Bytes that are moved within the kernel; only while `clear`, and with nothing in the line.
    pipe: Option<Pipe>,
    line: DelayLine,
    pacer: Pacer,
    hold: Hold,
    alarm: Alarm,
    source_reset: bool,
    end: Option<End>,
}

/// The source's end, on its way through the line.
struct End {
    reset: bool,
    arrival: Instant,
    due: Instant,
}

/// How a link ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The source's FIN was passed on, after all bytes.
    Finished,
    /// The source was reset, and all bytes before that were passed on.
    Reset,
    /// The destination takes no more; `reset` says that a write has just taken its RST from the socket.
    Broken { reset: bool },
    /// A fault ends the connection.
    Cut(Cut),
}

impl Ended {
    fn broken(write: io::Result<usize>) -> Self {
        Self::Broken { reset: write.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) }
    }
}

impl Link {
    pub(super) fn new(direction: Direction, seat: &Seat) -> Self {
        Self {
            connection: seat.id,
            direction,
            faults: seat.faults().clone(),
            version: 0,
            plan: Plan::none(),
            cut: None,
            clear: true,
            touched: false,
            capacity: 0,
            chunks: 0,
            large: 0,
            pipe: None,
            line: DelayLine::default(),
            pacer: Pacer::default(),
            hold: Hold::default(),
            alarm: Alarm::default(),
            source_reset: false,
            end: None,
        }
    }

    /// The source was reset, as a write to it has found: an end that is read from it from now on means that.
    pub(super) fn source_was_reset(&mut self) {
        self.source_reset = true;
    }

    /// The number of the plan that this link obeys.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Moves bytes until nothing more can be done now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, from: &mut TcpStream, to: &mut TcpStream) -> Poll<Ended> {
        loop {
            self.sync();
            if let Some(cut) = self.cut.take() {
                return Poll::Ready(Ended::Cut(cut));
            }
            if self.hold.is_on() {
                return self.poll_held(cx, from).map(Ended::Cut);
            }
            if let Break(broken) = self.poll_write(cx, to) {
                return Poll::Ready(broken);
            }
            if let Some(end) = self.end.as_ref().filter(|_| self.line.is_empty()) {
                if end.due > Instant::now() {
                    ready!(self.alarm.poll_until(cx, self.faults.timer(), end.due));
                }
                if end.reset {
                    return Poll::Ready(Ended::Reset);
                }
                // It fails if the destination is gone already, which its own direction reports.
                let _ = ready!(Pin::new(to).poll_shutdown(cx));
                return Poll::Ready(Ended::Finished);
            }
            if self.end.is_some() || !(self.line.is_empty() || self.line.size() < self.capacity) {
                return Poll::Pending;
            }
            let moved = match self.pipe.is_some() || self.large >= MANY && self.clear && self.line.is_empty() {
                true => self.poll_splice(cx, from, to),
                false => self.poll_read(cx, from, to),
            };
            if let Break(broken) = ready!(moved) {
                return Poll::Ready(broken);
            }
        }
    }

    /// Takes up the current plan if it is a new one.
    fn sync(&mut self) {
        if self.version == self.faults.version() {
            return;
        }
        let (version, plan) = self.faults.current();
        let old = std::mem::replace(&mut self.plan, plan);
        self.version = version;
        let (old, lane, now) = (old.lane(self.direction), self.plan.lane(self.direction), Instant::now());
        self.cut = self.plan.cut(self.connection).cloned();
        self.clear = lane.is_clear(self.connection) && self.cut.is_none();
        self.touched = false;
        self.capacity = lane.capacity();
        self.pacer.set_rate(lane.rate(), now);
        self.hold.follow(lane, self.connection);
        if let Some(pipe) = self.pipe.take_if(|_| !self.clear) {
            // What the kernel has is under way as what is in the line.
            drain(pipe, &mut self.line, self.chunks.saturating_sub(1), now);
        }
        let delay = |chunk| lane.delay(self.connection, self.direction, chunk);
        self.line.retime(|chunk| {
            // What is under way meets the faults that are new; those it has met already know of it.
            lane.count_unless(chunk.rest().len(), |hits| old.knows(hits));
            self.touched = true;
            chunk.arrival + delay(chunk.number)
        });
        if self.touched {
            lane.touch(self.connection);
        }
        if let Some(end) = &mut self.end {
            end.due = self.line.in_order(end.arrival + if end.reset { Duration::ZERO } else { delay(self.chunks) });
        }
        if self.line.is_empty() && self.end.is_none() {
            self.alarm.disarm();
        }
    }

    /// Inside a black hole: notes what would pass, and waits for the end of the connection if there is one.
    fn poll_held(&mut self, cx: &mut Context<'_>, from: &mut TcpStream) -> Poll<Cut> {
        let lane = self.plan.lane(self.direction);
        if self.hold.is_unnoted() {
            let mut waiting = !self.line.is_empty() || self.end.is_some();
            if !waiting && let Poll::Ready(peek) = from.poll_peek(cx, &mut ReadBuf::new(&mut [0])) {
                waiting = true;
                // A socket tells of its reset only once: who hears it must keep it.
                self.source_reset |= peek.is_err();
            }
            if waiting {
                self.hold.note(lane, self.connection);
            }
        }
        self.hold.poll_close(cx, self.faults.timer(), lane, self.connection)
    }

    /// Writes what is due. Breaks if the destination takes no more.
    fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut TcpStream) -> ControlFlow<Ended> {
        while let Some(chunk) = self.line.front() {
            let now = Instant::now();
            let grant = self.pacer.grant(chunk.rest().len(), chunk.due, now);
            if grant.at > now {
                if self.alarm.poll_until(cx, self.faults.timer(), grant.at).is_pending() {
                    return Continue(());
                }
                continue;
            }
            match Pin::new(&mut *to).poll_write(cx, &chunk.rest()[..grant.bytes]) {
                Poll::Pending => {
                    self.pacer.stall();
                    return Continue(());
                }
                Poll::Ready(Ok(n)) if n > 0 => {
                    self.pacer.spent(n);
                    self.line.consume(n);
                }
                Poll::Ready(failed) => return Break(Ended::broken(failed)),
            }
        }
        Continue(())
    }

    /// Reads once, and writes at once what no fault holds up. Breaks if the destination takes no more.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut TcpStream,
        to: &mut TcpStream,
    ) -> Poll<ControlFlow<Ended>> {
        let mut scratch = Scratch::take();
        let room = if self.clear { SCRATCH } else { self.capacity.saturating_sub(self.line.size()).clamp(1, SCRATCH) };
        let mut buffer = ReadBuf::new(&mut scratch.bytes()[..room]);
        let read = ready!(Pin::new(from).poll_read(cx, &mut buffer));
        let len = buffer.filled().len();
        // The check that no chunk escapes: what was read is subject to the plan of now.
        self.sync();
        match read {
            Ok(()) if len == 0 => self.finish(self.source_reset),
            Ok(()) => return Poll::Ready(self.take(cx, scratch, len, to)),
            Err(_) => self.finish(true),
        }
        Poll::Ready(Continue(()))
    }

    fn take(&mut self, cx: &mut Context<'_>, mut bytes: Scratch, len: usize, to: &mut TcpStream) -> ControlFlow<Ended> {
        let number = self.count(len);
        let mut sent = 0;
        if self.clear && self.line.is_empty() {
            match Pin::new(to).poll_write(cx, &bytes.bytes()[..len]) {
                Poll::Ready(Ok(n)) if n == len => return Continue(()),
                Poll::Ready(Ok(n)) if n > 0 => sent = n,
                Poll::Ready(failed) => return Break(Ended::broken(failed)),
                Poll::Pending => {}
            }
        }
        let now = Instant::now();
        let lane = self.plan.lane(self.direction);
        let due = now + lane.delay(self.connection, self.direction, number);
        self.line.push(bytes.keep(sent..len), number, now, due);
        lane.count_unless(len - sent, |_| false);
        if !std::mem::replace(&mut self.touched, true) {
            lane.touch(self.connection);
        }
        Continue(())
    }

    /// Counts a chunk; its number.
    fn count(&mut self, len: usize) -> u64 {
        self.large = if len >= LARGE { self.large.saturating_add(1).min(2 * MANY) } else { self.large / 2 };
        self.chunks += 1;
        self.chunks - 1
    }

    /// Moves bytes within the kernel, a step at a time: before each the caller looks whether the plan is the same.
    /// Breaks if the destination takes no more.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut TcpStream,
        to: &mut TcpStream,
    ) -> Poll<ControlFlow<Ended>> {
        if let Some(pipe) = &mut self.pipe {
            match ready!(pipe.poll_empty(cx, to)) {
                Ok(n) if n > 0 => _ = self.pipe.take_if(|pipe| pipe.is_empty()),
                failed => return Poll::Ready(Break(Ended::broken(failed))),
            }
            return Poll::Ready(Continue(()));
        }
        let Some(mut pipe) = Pipe::take() else { return self.poll_read(cx, from, to) };
        match ready!(pipe.poll_fill(cx, from)) {
            Ok(0) => self.finish(self.source_reset),
            Ok(n) => {
                self.count(n);
                self.pipe = Some(pipe);
            }
            Err(_) => self.finish(true),
        }
        Poll::Ready(Continue(()))
    }

    /// The source has ended. A FIN is as late as data; a reset waits only for the data before it.
    fn finish(&mut self, reset: bool) {
        let arrival = Instant::now();
        let lane = self.plan.lane(self.direction);
        let delay = if reset { Duration::ZERO } else { lane.delay(self.connection, self.direction, self.chunks) };
        self.end = Some(End { reset, arrival, due: self.line.in_order(arrival + delay) });
    }
}

/// Copies what is in a pipe to a line, as one chunk that came when the pipe was filled.
fn drain(mut pipe: Pipe, line: &mut DelayLine, number: u64, now: Instant) {
    let arrival = pipe.arrival().unwrap_or(now);
    loop {
        let mut scratch = Scratch::take();
        // A pipe that holds bytes gives them.
        match pipe.read(scratch.bytes()) {
            Ok(n) if n > 0 => line.push(scratch.keep(0..n), number, arrival, arrival),
            _ => return,
        }
    }
}
