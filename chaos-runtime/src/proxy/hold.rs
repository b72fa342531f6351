//! What a black hole does to a connection or to one direction of it: hold it, and perhaps end it.

use super::alarm::{Alarm, Timer};
use super::hits::ConnectionId;
use super::plan::{Cut, Lane};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Since when something is held.
#[derive(Default)]
pub(super) struct Hold {
    since: Option<Instant>,
    noted: bool,
    alarm: Alarm,
}

impl Hold {
    /// Follows a change of plan.
    pub(super) fn follow(&mut self, lane: &Lane) {
        if !lane.black_holes.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.noted = false;
        } else {
            *self = Self::default();
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// Whether the next [`note`](Self::note) would be the first since the last change of plan.
    pub(super) fn is_unnoted(&self) -> bool {
        !self.noted
    }

    /// Notes that something would have passed. A connection counts once for each fault.
    pub(super) fn note(&mut self, lane: &Lane, connection: ConnectionId) {
        self.noted = true;
        for hole in &lane.black_holes {
            hole.hits.strike(connection);
        }
    }

    /// Ready when a black hole that closes connections has waited long enough.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>, timer: &Arc<Timer>, lane: &Lane) -> Poll<Cut> {
        let Some(since) = self.since else { return Poll::Pending };
        let closing = lane.black_holes.iter().filter_map(|hole| Some((since + hole.close_after?, hole)));
        let Some((at, hole)) = closing.min_by_key(|(at, _)| *at) else { return Poll::Pending };
        self.alarm.poll_until(cx, timer, at).map(|()| Cut::close(hole.hits.clone()))
    }
}
