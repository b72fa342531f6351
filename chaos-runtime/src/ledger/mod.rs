//! Ledgers: acknowledged operations against what is found afterwards.
//!
//! Latency and success rates do not show whether a system kept what it said it kept. A ledger remembers the outcome
//! of every operation by a unique id and, when the load has ended and the steady state is back, looks for all of them:
//!
//! ```no_run
//! # use chaos_runtime::prelude::*;
//! # #[derive(Clone)] struct Api;
//! # impl Api {
//! #     async fn pay(&self, id: OpId) -> std::io::Result<()> { Ok(()) }
//! #     async fn stored(&self) -> std::io::Result<Vec<String>> { Ok(vec![]) }
//! # }
//! #[chaos_test(hypothesis(payments.lost == 0, payments.duplicated == 0))]
//! async fn no_payment_is_lost(chaos: &mut Chaos) -> chaos::Result {
//!     let api = Api;
//!     let store = api.clone();
//!     let payments = chaos.ledger("payments", move || {
//!         let store = store.clone();
//!         async move { store.stored().await }
//!     });
//!     let pay = op(move |id: OpId| {
//!         let (api, payments) = (api.clone(), payments.clone());
//!         async move { payments.attempt(id, api.pay(id)).await }
//!     });
//!     chaos.load(pay.rate(per_second(100))).await?;
//!     // … inject a fault …
//!     Ok(())
//! }
//! ```
//!
//! Per id, as in Jepsen's checkers of sets and queues, tightened:
//!
//! | claim | an id counts when it was |
//! |---|---|
//! | `.lost` | acknowledged, and not found |
//! | `.duplicated` | attempted (however many retries that took), and found more than once |
//! | `.unexpected` | found, and never attempted |
//! | `.resurrected` | found although every attempt was definitely refused |
//! | `.recovered` | found, and neither acknowledged nor refused: allowed, as its outcome was unknown |
//!
//! Against a percentage, `.lost` is a share of the acknowledged ids, `.resurrected` of the refused ones, and the others
//! of the attempted ones. Where nothing was acknowledged, or what is there could not be read, every claim on the ledger
//! is inconclusive.

mod book;
mod reader;
mod reconcile;

pub(crate) use book::Book;
pub(crate) use reader::{Ledgers, source};
pub(crate) use reconcile::Account;

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

/// What became of every operation, by its unique id. Made by [`Chaos::ledger`](crate::Chaos::ledger); clones share it.
///
/// Ids are compared by their text. An [`OpId`](crate::load::OpId) is unique across runs, so a table that still holds
/// rows of an earlier run needs no clearing if only ids of this run are looked for.
#[derive(Debug, Clone)]
pub struct Ledger {
    book: Arc<Book>,
}

impl Ledger {
    pub(crate) fn new(book: Arc<Book>) -> Self {
        Self { book }
    }

    /// Carries out one attempt of the operation `id`: noted before it begins, so that one which is cut off counts as
    /// attempted, and acknowledged when it succeeds. An error leaves the outcome unknown: the attempt may have taken
    /// effect. If it surely did not, say so with [`refused`](Self::refused).
    pub async fn attempt<T, E>(&self, id: impl Display, attempt: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let id = id.to_string();
        self.book.begin(&id);
        let result = attempt.await;
        if result.is_ok() {
            self.book.acknowledge(&id);
        }
        result
    }

    /// Notes an attempt that has ended: acknowledged if `result` is `Ok`, of unknown outcome otherwise. Returns it.
    ///
    /// An attempt that was cut off before its end is not known here; found afterwards, it would be `.unexpected`.
    /// [`attempt`](Self::attempt) knows it.
    pub fn acknowledged<T, E>(&self, id: impl Display, result: Result<T, E>) -> Result<T, E> {
        let id = id.to_string();
        self.book.begin(&id);
        if result.is_ok() {
            self.book.acknowledge(&id);
        }
        result
    }

    /// Says that the last attempt of `id` definitely had no effect, such as a payment that was declined. An id all of
    /// whose attempts were refused must not be found.
    pub fn refused(&self, id: impl Display) {
        self.book.refuse(&id.to_string());
    }
}
