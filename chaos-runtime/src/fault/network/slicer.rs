//! Slicer: everything arrives in small pieces.

use super::on::{Chunked, Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope, Slices};
use crate::{Error, Result};
use std::time::Duration;

/// Data arrives in small pieces, towards the client unless said otherwise. Made by [`Proxy::slicer`].
///
/// For readers that take one read for one message. The receiver's system may join pieces that wait to be read; a
/// [pause](OnProxy::pause) after each keeps them apart. Of several at once the one that was set last counts.
#[derive(Debug, Clone, Copy)]
pub struct Slicer {
    slices: Slices,
}

impl Proxy {
    /// A fault: answers arrive in pieces of `average` bytes. See [`OnProxy`] for their variation, and pauses.
    pub fn slicer(&self, average: usize) -> OnProxy<Slicer> {
        let slices = Slices { average, variation: 0, pause: Duration::ZERO };
        OnProxy::new(self, Directions::Downstream, Slicer { slices })
    }
}

impl OnProxy<Slicer> {
    /// Each piece's size is drawn from `average - bytes ..= average + bytes`, uniformly and by the run's seed.
    pub fn variation(self, bytes: usize) -> Self {
        self.with(|slicer| slicer.slices.variation = bytes)
    }

    /// This much time between two pieces.
    pub fn pause(self, pause: Duration) -> Self {
        self.with(|slicer| slicer.slices.pause = pause)
    }
}

impl Harm for Slicer {
    fn describe(&self) -> String {
        let Slices { average, variation, pause } = self.slices;
        let variation = if variation == 0 { String::new() } else { format!(" ± {variation}") };
        let pause = if pause.is_zero() { String::new() } else { format!(", {pause:?} apart,") };
        format!("slices of {average}{variation} bytes{pause}")
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        let Slices { average, variation, .. } = self.slices;
        if average == 0 {
            return Err(Error::new("slices of zero bytes can't be").help("use one at least: proxy.slicer(1)"));
        }
        if variation >= average {
            return Err(Error::new(format!(
                "slices of {average} bytes can't vary by {variation}: some would be empty"
            ))
            .help(format!("use a variation of {} at most", average - 1)));
        }
        Ok(())
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Slicer { slices: self.slices }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence("slice", "sent")
    }
}

impl Directed for Slicer {}
impl Chunked for Slicer {}
