//! The outcomes so far.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Operations on different ids rarely meet at one lock.
const SHARDS: usize = 16;

/// What is known of one id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) attempts: u32,
    /// Attempts that definitely had no effect.
    pub(crate) refused: u32,
    pub(crate) acknowledged: bool,
}

impl Entry {
    /// No attempt may have taken effect.
    pub(crate) fn is_refused(&self) -> bool {
        !self.acknowledged && self.refused > 0 && self.refused >= self.attempts
    }
}

/// The outcomes of all operations of one ledger.
#[derive(Debug, Default)]
pub(crate) struct Book {
    hasher: RandomState,
    shards: [Mutex<HashMap<String, Entry>>; SHARDS],
}

impl Book {
    pub(crate) fn begin(&self, id: &str) {
        self.change(id, |entry| entry.attempts += 1);
    }

    pub(crate) fn acknowledge(&self, id: &str) {
        self.change(id, |entry| entry.acknowledged = true);
    }

    pub(crate) fn refuse(&self, id: &str) {
        self.change(id, |entry| entry.refused += 1);
    }

    /// All entries as they are now.
    pub(crate) fn entries(&self) -> HashMap<String, Entry> {
        let shards = self.shards.iter().map(lock);
        shards.flat_map(|shard| shard.iter().map(|(id, entry)| (id.clone(), *entry)).collect::<Vec<_>>()).collect()
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Entry)) {
        let shard = usize::try_from(self.hasher.hash_one(id) % SHARDS as u64).unwrap_or_default();
        let mut shard = lock(&self.shards[shard]);
        match shard.get_mut(id) {
            Some(entry) => change(entry),
            None => change(shard.entry(id.to_owned()).or_default()),
        }
    }
}

fn lock(shard: &Mutex<HashMap<String, Entry>>) -> MutexGuard<'_, HashMap<String, Entry>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
