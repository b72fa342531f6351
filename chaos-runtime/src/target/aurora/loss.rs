//! A reader is lost, for a while or until it is brought back.

use super::handle::Aurora;
use super::place::Place;
use super::work::Prepared;
use crate::Result;
use crate::claim::display;
use crate::fault::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::rollback::Undo;
use std::marker::PhantomData;
use std::time::Duration;

/// It is away until the fault is cleared.
#[derive(Debug)]
pub enum StaysAway {}

/// It comes back by itself.
#[derive(Debug)]
pub enum Restarts {}

/// See [`Aurora::lose_reader`]. `End` says how it ends: [`StaysAway`] or [`Restarts`].
#[must_use = "a fault does nothing until it is injected"]
pub struct LoseReader<End = StaysAway> {
    aurora: Aurora,
    asked: Option<String>,
    restart_after: Option<Duration>,
    prepared: Prepared,
    end: PhantomData<fn() -> End>,
}

impl Aurora {
    /// A fault: a reader is killed and stays away until the fault is cleared; the reader endpoint leads to the others
    /// meanwhile, or to the writer. A held fault; with [`restart_after`](LoseReader::restart_after) a one-shot one. For
    /// clusters in containers.
    ///
    /// One is drawn at random unless [`named`](LoseReader::named).
    pub fn lose_reader(&self) -> LoseReader {
        LoseReader {
            aurora: self.clone(),
            asked: None,
            restart_after: None,
            prepared: Prepared::default(),
            end: PhantomData,
        }
    }
}

impl<End> LoseReader<End> {
    /// Which reader, by its [name](super::Instance::name).
    pub fn named(mut self, reader: impl Into<String>) -> Self {
        self.asked = Some(reader.into());
        self
    }
}

impl LoseReader {
    /// It is started again this long after its end, by itself.
    pub fn restart_after(self, delay: Duration) -> LoseReader<Restarts> {
        let Self { aurora, asked, prepared, .. } = self;
        LoseReader { aurora, asked, restart_after: Some(delay), prepared, end: PhantomData }
    }
}

impl<End: 'static> Fault for LoseReader<End> {
    fn describe(&self) -> String {
        let which = self.asked.as_deref().unwrap_or("a reader");
        let back = self.restart_after.map(|delay| format!(", restart after {}", display::duration(delay)));
        format!("loss of {which}{}", back.unwrap_or_default())
    }

    fn target(&self) -> String {
        self.aurora.place().target()
    }

    #[cfg_attr(not(feature = "docker"), allow(unused_variables, reason = "only containers are drawn"))]
    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        match self.aurora.place() {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => {
                let loss = super::local::Loss::prepare(cluster, self.asked.as_deref(), self.restart_after, cx.seed)?;
                self.prepared.set(loss);
                Ok(())
            }
            #[cfg(feature = "aws")]
            place @ Place::Rds(_) => {
                let way_out = "reboot it by FIS (aws:rds:reboot-db-instances); in profile `local` a reader can be lost";
                Err(place.not_here("its readers can't be taken away and given back", way_out))
            }
        }
    }

    fn undo(&self) -> Undo {
        self.prepared.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.prepared.inject(cx).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        self.prepared.evidence().await
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        self.prepared.completion().await
    }
}

impl Held for LoseReader<StaysAway> {}
impl OneShot for LoseReader<Restarts> {}

impl<End> std::fmt::Debug for LoseReader<End> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoseReader")
            .field("target", &self.aurora.place().target())
            .field("reader", &self.asked)
            .finish_non_exhaustive()
    }
}
