//! Ledgers in the journal.

use serde::{Deserialize, Serialize};

/// How many ids of each kind are kept.
const KEPT: usize = 1_000;

/// Acknowledged operations against what was found; the kinds are explained in [`crate::ledger`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerRecord {
    /// Its name in claims.
    pub name: String,
    /// Different ids that were attempted.
    pub attempted: u64,
    /// Of these, acknowledged.
    pub acknowledged: u64,
    /// Of these, definitely refused in every attempt.
    pub refused: u64,
    /// Different ids that were found.
    pub found: u64,
    /// Acknowledged, not found.
    pub lost: LedgerIds,
    /// Found more than once.
    pub duplicated: LedgerIds,
    /// Found, never attempted.
    pub unexpected: LedgerIds,
    /// Found although refused.
    pub resurrected: LedgerIds,
    /// Found, neither acknowledged nor refused.
    pub recovered: LedgerIds,
    /// Why it could not be read; then the counts above are 0.
    pub error: Option<String>,
}

/// Ids of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerIds {
    /// How many there are.
    pub count: u64,
    /// The first 1,000 of them, in order.
    pub ids: Vec<String>,
}

impl LedgerIds {
    pub(crate) fn of(mut ids: Vec<String>) -> Self {
        let count = ids.len() as u64;
        ids.truncate(KEPT);
        Self { count, ids }
    }
}
