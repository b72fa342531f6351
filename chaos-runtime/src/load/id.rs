//! The identity of one operation.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// The low 48 bits tell runs apart.
const RUN_BITS: u64 = (1 << 48) - 1;

/// The identity of one operation, unique across loads, runs and machines, and the same in each of its attempts, so that
/// it can serve as an idempotency key.
///
/// Shown, serialized and parsed as `7f3ac01b22de-0-000042`: run, load, index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OpId {
    run: u64,
    load: u32,
    index: u64,
}

impl OpId {
    /// Operation `index` of load number `load` in the run that [`draw_run`](Self::draw_run) drew. The experiment makes
    /// them; tests of an operation may too.
    pub fn new(run: u64, load: u32, index: u64) -> Self {
        Self { run: run & RUN_BITS, load, index }
    }

    /// Draws the number of a run: 48 random bits, never from an experiment's seed, because a replay must not reuse ids
    /// that a database may still hold.
    pub fn draw_run() -> u64 {
        // Every RandomState has keys of its own, seeded by the operating system; time and process tell apart the rest.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.write_u128(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()));
        hasher.finish() & RUN_BITS
    }

    /// The load's position among the experiment's loads.
    pub fn load(self) -> u32 {
        self.load
    }

    /// The operation's position in its load, from 0, without gaps.
    pub fn index(self) -> u64 {
        self.index
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}-{}-{:06}", self.run, self.load, self.index)
    }
}

/// A text that is no operation's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no operation id, which looks like `7f3ac01b22de-0-000042`")]
pub struct ParseOpIdError(String);

impl FromStr for OpId {
    type Err = ParseOpIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = (|| {
            let mut parts = text.split('-');
            let run = parts.next().filter(|run| run.len() == 12)?;
            let run = u64::from_str_radix(run, 16).ok()?;
            let (load, index) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(Self { run, load, index })
        })();
        // Only the canonical spelling: no upper case, signs or missing zeros, so equal ids have equal texts.
        parsed.filter(|id| id.to_string() == text).ok_or_else(|| ParseOpIdError(text.to_owned()))
    }
}

impl TryFrom<String> for OpId {
    type Error = ParseOpIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OpId> for String {
    fn from(id: OpId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_id_survives_its_text_and_json() {
        for id in [OpId::new(0x7f3a_c01b_22de, 0, 42), OpId::new(0, 3, 0), OpId::new(u64::MAX, u32::MAX, u64::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("\"{id}\""));
            assert_eq!(serde_json::from_str::<OpId>(&json).unwrap(), id);
        }
        assert_eq!(OpId::new(0x7f3a_c01b_22de, 0, 42).to_string(), "7f3ac01b22de-0-000042");
    }

    #[test]
    fn other_texts_are_no_ids() {
        let bad = ["", "42", "7f3ac01b22de-0", "7f3ac01b22de-0-42", "7F3AC01B22DE-0-000042", "+f3ac01b22de-0-000042"];
        for text in bad.into_iter().chain(["7f3ac01b22de-0-000042-1", "7f3ac01b22de-0-+00042"]) {
            assert!(text.parse::<OpId>().is_err(), "{text}");
        }
    }

    #[test]
    fn runs_differ_and_operations_sort_by_their_order() {
        let runs: HashSet<u64> = (0..1_000).map(|_| OpId::draw_run()).collect();
        assert_eq!(runs.len(), 1_000);
        assert!(OpId::new(1, 0, 9) < OpId::new(1, 0, 10));
        assert!(OpId::new(1, 0, 10) < OpId::new(1, 1, 0));
    }
}
