//! The switch that steers streams.

use super::chaos_stream::ChaosStream;
use super::corruption::StreamCorruption;
use super::latency::StreamLatency;
use super::reset::StreamReset;
use super::slices::StreamSlices;
use super::stall::StreamStall;
use super::steering::Harm;
use crate::inside::switch::Switch;
use crate::units::Percent;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Says what happens to the streams that it has wrapped. Clones steer the same streams.
///
/// ```
/// use chaos_runtime::prelude::*;
/// use chaos_runtime::inside::StreamSwitch;
/// # async fn serve(_: impl tokio::io::AsyncRead + tokio::io::AsyncWrite) {}
///
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let switch = StreamSwitch::new();
/// let stream = tokio::net::TcpStream::connect("127.0.0.1:6379").await?;
/// let served = serve(switch.wrap(stream));
///
/// chaos.inject(switch.latency(millis(50)).reads()).hold(secs(5)).await?;
/// chaos.inject(switch.slices(3)).hold(secs(5)).await?;
/// chaos.inject(switch.reset().share(percent(10))).hold(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct StreamSwitch {
    pub(super) shared: Arc<Shared>,
    pub(super) name: Arc<str>,
}

/// What a switch and its streams share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) faults: Switch<Harm>,
    wrapped: AtomicU64,
    idle: Mutex<Vec<Weak<Idle>>>,
}

/// Who waits for a stream on which nothing happens, and has to hear of a fault.
#[derive(Debug, Default)]
pub(super) struct Idle {
    pub(super) read: AtomicWaker,
    pub(super) write: AtomicWaker,
}

impl Shared {
    /// How many streams were wrapped so far.
    pub(super) fn wrapped(&self) -> u64 {
        self.wrapped.load(Relaxed)
    }

    /// Makes all that wait look at the faults.
    pub(super) fn wake(&self) {
        for idle in self.idle.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
            idle.read.wake();
            idle.write.wake();
        }
    }
}

impl StreamSwitch {
    /// A switch with no fault on.
    #[expect(clippy::new_without_default, reason = "two defaults would be two switches, which is never what is meant")]
    pub fn new() -> Self {
        let (faults, wrapped, idle) = (Switch::default(), AtomicU64::new(0), Mutex::default());
        Self { shared: Arc::new(Shared { faults, wrapped, idle }), name: "stream switch".into() }
    }

    /// A name for reports, where there are several: `to the broker`.
    pub fn named(mut self, name: &str) -> Self {
        self.name = format!("stream switch `{name}`").into();
        self
    }

    /// The stream, with the faults of this switch. Streams are numbered in this order, which is what shares go by.
    pub fn wrap<S>(&self, stream: S) -> ChaosStream<S> {
        let idle = Arc::<Idle>::default();
        let mut known = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // Cleaned when it would grow, so that it costs each stream little and stays as large as the open ones.
        if known.len() == known.capacity() {
            known.retain(|idle| idle.strong_count() > 0);
        }
        known.push(Arc::downgrade(&idle));
        ChaosStream::new(stream, self.shared.clone(), self.shared.wrapped.fetch_add(1, Relaxed), idle)
    }

    /// A fault: each read hands out its bytes `delay` after they came, and each write is taken `delay` later.
    pub fn latency(&self, delay: Duration) -> StreamLatency {
        StreamLatency::new(self, delay)
    }

    /// A fault: no read gives and no write takes more than `most` bytes; how many is drawn anew each time, from
    /// `1 ..= most`. What code that expects whole messages of a read breaks on.
    pub fn slices(&self, most: usize) -> StreamSlices {
        StreamSlices::new(self, most)
    }

    /// A fault: reads and writes fail with [`ConnectionReset`](std::io::ErrorKind::ConnectionReset), those that wait
    /// too. A stream that was reset stays so.
    pub fn reset(&self) -> StreamReset {
        StreamReset::new(self)
    }

    /// A fault: reads and writes wait until it is over.
    pub fn stall(&self) -> StreamStall {
        StreamStall::new(self)
    }

    /// A fault: this share of bytes is changed into other ones.
    pub fn corruption(&self, share: Percent) -> StreamCorruption {
        StreamCorruption::new(self, share)
    }
}
