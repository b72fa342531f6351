//! Making the connection to the service, under the faults that are set meanwhile.

use super::alarm::Alarm;
use super::direction::Direction;
use super::faults::Seat;
use super::hold::Hold;
use super::plan::{Cut, Plan};
use super::socket::Socket;
use super::subject::Subject;
use super::upstream::Upstream;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// How the connection to the service came out.
pub(super) enum Dialed {
    Connected(Socket),
    /// `reset`: the service has taken the connection and reset it before it was noticed here.
    Failed {
        reset: bool,
    },
    Cut(Cut),
}

/// Connects to the service. In a black hole towards the service nothing is sent, in one towards the client a failure
/// does not get back.
pub(super) struct Dialing<'a> {
    /// In a box, for it is larger than all that a connection needs afterwards; none until the attempt begins.
    connecting: Option<BoxFuture<'a, io::Result<Socket>>>,
    upstream: &'a Upstream,
    seat: &'a Seat,
    subject: &'a Subject,
    accepted: Instant,
    plan: Arc<Plan>,
    seen: Option<u64>,
    failed: Option<bool>,
    up: Hold,
    down: Hold,
    alarm: Alarm,
}

impl<'a> Dialing<'a> {
    pub(super) fn new(upstream: &'a Upstream, seat: &'a Seat, subject: &'a Subject) -> Self {
        Self {
            connecting: None,
            upstream,
            seat,
            subject,
            accepted: Instant::now(),
            plan: Plan::none(),
            seen: None,
            failed: None,
            up: Hold::default(),
            down: Hold::default(),
            alarm: Alarm::default(),
        }
    }

    fn sync(&mut self) {
        if self.seen == Some(self.seat.faults().version()) {
            return;
        }
        let (version, plan) = self.subject.plan();
        self.plan = plan;
        self.seen = Some(version);
        self.up.follow(self.plan.lane(Direction::Upstream));
        self.down.follow(self.plan.lane(Direction::Downstream));
        self.seat.saw(version);
    }

    /// Ready when the attempt may begin.
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let slow = self.plan.slow_connects();
        let delay: Duration = slow.iter().map(|slow| slow.delay).sum();
        if delay.is_zero() {
            return Poll::Ready(());
        }
        slow.iter().for_each(|slow| slow.hits.strike(self.seat.id));
        self.alarm.poll_until(cx, self.seat.faults().timer(), self.accepted + delay)
    }
}

impl Future for Dialing<'_> {
    type Output = Dialed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Dialed> {
        let this = self.get_mut();
        this.sync();
        let (timer, id) = (this.seat.faults().timer(), this.seat.id);
        if let Some(cut) = this.plan.cut() {
            return Poll::Ready(Dialed::Cut(cut.clone()));
        }
        let limit = this.plan.connection_limit();
        if !this.seat.admit(limit.map(|limit| limit.most))
            && let Some(limit) = limit
        {
            return Poll::Ready(Dialed::Cut(Cut::close(limit.hits.clone())));
        }
        let lane = this.plan.lane(Direction::Upstream);
        if this.up.is_on() {
            this.up.note(lane, id);
            return this.up.poll_close(cx, timer, lane).map(Dialed::Cut);
        }
        if this.failed.is_none() && this.connecting.is_none() {
            ready!(this.poll_slow(cx));
        }
        let lane = this.plan.lane(Direction::Downstream);
        if this.failed.is_none() {
            let connecting = this.connecting.get_or_insert_with(|| match this.plan.wrong_answer() {
                Some(wrong) => wrong.connect(id),
                None => Box::pin(this.upstream.connect()),
            });
            match connecting.as_mut().poll(cx) {
                Poll::Ready(Ok(server)) => return Poll::Ready(Dialed::Connected(server)),
                Poll::Ready(Err(error)) => this.failed = Some(error.kind() == io::ErrorKind::ConnectionReset),
                Poll::Pending => return this.down.poll_close(cx, timer, lane).map(Dialed::Cut),
            }
        }
        if this.down.is_on() {
            this.down.note(lane, id);
            return this.down.poll_close(cx, timer, lane).map(Dialed::Cut);
        }
        Poll::Ready(Dialed::Failed { reset: this.failed.unwrap_or_default() })
    }
}
