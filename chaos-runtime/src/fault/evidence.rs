//! Proof that a fault bites.

/// What is known about a fault's effect since it was injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    seen: bool,
    text: String,
    hits: Option<u64>,
    hopeless: bool,
    /// It has not come to its end yet, or not even begun, and that is as it should be.
    to_come: bool,
}

impl Evidence {
    /// The effect was seen: `12 connections reset`, `process 4711 is stopped`.
    pub fn seen(text: impl Into<String>) -> Self {
        Self { seen: true, text: text.into(), hits: None, hopeless: false, to_come: false }
    }

    /// No effect so far, and why that may be: `no connection came through the proxy`.
    pub fn none(text: impl Into<String>) -> Self {
        Self { seen: false, text: text.into(), hits: None, hopeless: false, to_come: false }
    }

    /// No effect, and none to be expected any more: the confirmation is not waited for.
    pub fn never(text: impl Into<String>) -> Self {
        Self { hopeless: true, ..Self::none(text) }
    }

    /// Seen if `hits` is above zero; the number goes into the journal.
    pub fn counted(hits: u64, text: impl Into<String>) -> Self {
        Self { seen: hits > 0, text: text.into(), hits: Some(hits), hopeless: false, to_come: false }
    }

    /// Whether the effect was seen.
    pub fn is_seen(&self) -> bool {
        self.seen
    }

    /// Whether it is of no use to look again.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.hopeless
    }

    /// There is more to come, as it should be.
    pub(crate) fn with_more_to_come(mut self) -> Self {
        self.to_come = true;
        self
    }

    /// Whether there is more to come.
    pub(crate) fn is_to_come(&self) -> bool {
        self.to_come
    }

    /// With this number of hits, if there is one.
    pub(crate) fn with_hits(mut self, hits: Option<u64>) -> Self {
        self.hits = hits;
        self
    }

    /// The proof in words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How often the fault hit, where it counts.
    pub fn hits(&self) -> Option<u64> {
        self.hits
    }
}
