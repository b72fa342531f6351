//! How many bytes may still pass a link whose data is limited.

use super::alarm::{Alarm, Timer};
use super::hits::{ConnectionId, Hits};
use super::plan::{Cut, Lane};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// From the end that the receiver is told to the close of both sockets: closing at once, with something unread that the
/// receiver has sent, would be a reset, which could overtake the last bytes.
const GRACE: Duration = Duration::from_millis(50);

/// The limits that a link is under.
#[derive(Default)]
pub(super) struct Quota {
    limits: Vec<(Arc<Hits>, u64)>,
    used_up: Option<(Instant, Arc<Hits>)>,
    alarm: Alarm,
}

impl Quota {
    /// Follows a change of plan: limits that stay go on counting.
    pub(super) fn follow(&mut self, lane: &Lane) {
        let old = std::mem::take(&mut self.limits);
        let left = |hits: &Arc<Hits>, all: u64| {
            old.iter().find(|(other, _)| Arc::ptr_eq(other, hits)).map_or(all, |(_, left)| *left)
        };
        self.limits =
            lane.data_limits.iter().map(|limit| (limit.hits.clone(), left(&limit.hits, limit.bytes))).collect();
    }

    /// How many bytes may pass.
    pub(super) fn left(&self) -> usize {
        let least = self.limits.iter().map(|(_, left)| *left).min();
        least.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Notes that `n` bytes passed; whether that was the last that may.
    pub(super) fn spent(&mut self, n: usize, connection: ConnectionId) -> bool {
        for (hits, left) in &mut self.limits {
            *left = left.saturating_sub(n as u64);
            if *left == 0 && self.used_up.is_none() {
                hits.strike(connection);
                self.used_up = Some((Instant::now() + GRACE, hits.clone()));
            }
        }
        self.is_used_up()
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.used_up.is_some()
    }

    /// Ready when the connection is to be closed.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>, timer: &Arc<Timer>) -> Poll<Cut> {
        match &self.used_up {
            Some((at, hits)) => self.alarm.poll_until(cx, timer, *at).map(|()| Cut::close(hits.clone())),
            None => Poll::Pending,
        }
    }
}
