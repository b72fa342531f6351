//! What was said against what is there.

use super::book::Entry;
use crate::claim::LedgerMetric;
use std::collections::{BTreeMap, HashMap};

/// The difference between a ledger and what was found, by MEASURE's definitions: see the table of [`super`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) attempted: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    /// Different ids that were found.
    pub(crate) found: u64,
    pub(crate) lost: Vec<String>,
    /// With how often each was found.
    pub(crate) duplicated: Vec<(String, u64)>,
    pub(crate) unexpected: Vec<String>,
    pub(crate) resurrected: Vec<String>,
    pub(crate) recovered: Vec<String>,
}

impl Account {
    pub(crate) fn of(entries: &HashMap<String, Entry>, found: impl IntoIterator<Item = String>) -> Self {
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for id in found {
            *times.entry(id).or_default() += 1;
        }
        let count = |counts: fn(&Entry) -> bool| entries.values().filter(|entry| counts(entry)).count() as u64;
        let mut account = Self {
            attempted: entries.len() as u64,
            acknowledged: count(|entry| entry.acknowledged),
            refused: count(Entry::is_refused),
            found: times.len() as u64,
            ..Self::default()
        };
        let missing = entries.iter().filter(|(id, entry)| entry.acknowledged && !times.contains_key(*id));
        account.lost = missing.map(|(id, _)| id.clone()).collect();
        account.lost.sort_unstable();
        for (id, times) in times {
            let Some(entry) = entries.get(&id) else {
                account.unexpected.push(id);
                continue;
            };
            if times > 1 {
                account.duplicated.push((id.clone(), times));
            }
            if entry.is_refused() {
                account.resurrected.push(id);
            } else if !entry.acknowledged {
                account.recovered.push(id);
            }
        }
        account
    }

    /// How many ids a claim speaks of, and out of how many.
    pub(crate) fn count(&self, metric: LedgerMetric) -> (u64, u64) {
        let (ids, of) = match metric {
            LedgerMetric::Lost => (self.lost.len(), self.acknowledged),
            LedgerMetric::Duplicated => (self.duplicated.len(), self.attempted),
            LedgerMetric::Unexpected => (self.unexpected.len(), self.attempted),
            LedgerMetric::Resurrected => (self.resurrected.len(), self.refused),
            LedgerMetric::Recovered => (self.recovered.len(), self.attempted),
        };
        (ids as u64, of)
    }

    /// The ids that a claim counts, in order.
    pub(crate) fn ids(&self, metric: LedgerMetric) -> Vec<String> {
        match metric {
            LedgerMetric::Lost => self.lost.clone(),
            LedgerMetric::Duplicated => {
                self.duplicated.iter().map(|(id, times)| format!("{id} ({times} times)")).collect()
            }
            LedgerMetric::Unexpected => self.unexpected.clone(),
            LedgerMetric::Resurrected => self.resurrected.clone(),
            LedgerMetric::Recovered => self.recovered.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Book;
    use super::*;
    use proptest::prelude::*;

    fn account(write: impl FnOnce(&Book), found: &[&str]) -> Account {
        let book = Book::default();
        write(&book);
        Account::of(&book.entries(), found.iter().map(ToString::to_string))
    }

    fn acknowledge(book: &Book, id: &str) {
        book.begin(id);
        book.acknowledge(id);
    }

    #[test]
    fn equal_counts_prove_nothing() {
        let account = account(|book| ["1", "2"].into_iter().for_each(|id| acknowledge(book, id)), &["1", "1"]);
        assert_eq!((account.acknowledged, account.found), (2, 1));
        assert_eq!(account.lost, ["2"]);
        assert_eq!(account.duplicated, [("1".to_owned(), 2)]);
    }

    #[test]
    fn what_was_never_acknowledged_may_be_there_or_not() {
        let account = account(|book| ["1", "2"].into_iter().for_each(|id| book.begin(id)), &["1"]);
        assert_eq!((account.lost.len(), account.recovered.len(), account.unexpected.len()), (0, 1, 0));
    }

    #[test]
    fn what_was_never_attempted_is_unexpected_however_often_it_is_there() {
        let account = account(|book| acknowledge(book, "1"), &["1", "9", "9"]);
        assert_eq!(account.unexpected, ["9"]);
        assert_eq!(account.duplicated, []);
    }

    #[test]
    fn what_was_refused_must_not_be_there() {
        let refused = |book: &Book| {
            book.begin("1");
            book.refuse("1");
        };
        let resurrected = account(refused, &["1"]);
        assert_eq!((resurrected.resurrected.len(), resurrected.recovered.len(), resurrected.refused), (1, 0, 1));
        assert_eq!(account(refused, &[]), Account { attempted: 1, refused: 1, ..Account::default() });
        // Another attempt may have taken effect.
        let unknown = account(
            |book| {
                refused(book);
                book.begin("1");
            },
            &["1"],
        );
        assert_eq!((unknown.resurrected.len(), unknown.recovered.len(), unknown.refused), (0, 1, 0));
        // And one that was acknowledged did.
        let acknowledged = account(
            |book| {
                refused(book);
                acknowledge(book, "1");
            },
            &[],
        );
        assert_eq!((acknowledged.lost.len(), acknowledged.refused), (1, 0));
    }

    #[test]
    fn retries_of_one_operation_are_one_operation() {
        let account = account(|book| (0..3).for_each(|_| acknowledge(book, "1")), &["1", "1"]);
        assert_eq!(account.duplicated, [("1".to_owned(), 2)], "stored twice, however often it was tried");
    }

    proptest! {
        /// Against the definitions, id by id.
        #[test]
        fn every_id_is_judged_by_itself(
            ids in proptest::collection::btree_map(0_u8..30, (0_u8..4, 0_u8..3), 0..30),
        ) {
            let book = Book::default();
            let mut found = Vec::new();
            for (id, (fate, times)) in &ids {
                let id = id.to_string();
                match fate {
                    0 => {}
                    1 => book.begin(&id),
                    2 => acknowledge(&book, &id),
                    _ => { book.begin(&id); book.refuse(&id); }
                }
                found.extend(std::iter::repeat_n(id, usize::from(*times)));
            }
            let account = Account::of(&book.entries(), found);
            let count = |is: &dyn Fn(u8, u8) -> bool| ids.values().filter(|(fate, times)| is(*fate, *times)).count();
            prop_assert_eq!(account.lost.len(), count(&|fate, times| fate == 2 && times == 0));
            prop_assert_eq!(account.duplicated.len(), count(&|fate, times| fate > 0 && times > 1));
            prop_assert_eq!(account.unexpected.len(), count(&|fate, times| fate == 0 && times > 0));
            prop_assert_eq!(account.recovered.len(), count(&|fate, times| fate == 1 && times > 0));
            prop_assert_eq!(account.resurrected.len(), count(&|fate, times| fate == 3 && times > 0));
            prop_assert_eq!(account.found as usize, count(&|_, times| times > 0));
        }
    }
}
