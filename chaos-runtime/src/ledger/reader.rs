//! Reading what is there, when the load has ended.

use super::{Account, Book};
use crate::{Error, Result};
use futures_util::future::{BoxFuture, join_all};
use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

/// How long one reading may take.
const READING: Duration = Duration::from_secs(20);

/// How long readings that fail are tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long acknowledged operations that are missing may still turn up, behind a queue or on a replica.
const SETTLE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(500);

/// Gives the ids of all that is there at this moment, each as often as it is there.
pub(crate) type Source = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync>;

/// A source from a closure.
pub(crate) fn source<F, Fut, I, E>(found: F) -> Source
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<I, E>> + Send + 'static,
    I: IntoIterator<Item: Display> + 'static,
    E: Display,
{
    Box::new(move || {
        let reading = found();
        Box::pin(async move {
            let found = reading.await.map_err(|error| error.to_string())?;
            Ok(found.into_iter().map(|id| id.to_string()).collect())
        })
    })
}

/// A ledger of the experiment, and how to find out what became of it.
pub(crate) struct Reader {
    name: String,
    book: Arc<Book>,
    source: Source,
    /// The body's runtime: the clients that the source uses may be bound to it.
    runtime: Handle,
}

impl Reader {
    /// Reads until everything acknowledged is there, or for as long as it may still turn up.
    async fn read(self: Arc<Self>) -> Result<Account, String> {
        let begun = Instant::now();
        let mut settled = None;
        loop {
            let reading = self.runtime.spawn((self.source)());
            let found = match timeout(READING, reading).await {
                Ok(Ok(found)) => found,
                Ok(Err(_)) => Err("reading it panicked".to_owned()),
                Err(_) => Err(format!("reading it took more than {} s", READING.as_secs())),
            };
            match found {
                Ok(found) => {
                    let account = Account::of(&self.book.entries(), found);
                    let settled = *settled.get_or_insert_with(|| Instant::now() + SETTLE);
                    if account.lost.is_empty() || Instant::now() >= settled {
                        return Ok(account);
                    }
                }
                Err(error) if begun.elapsed() >= PATIENCE => return Err(error),
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }
}

/// All ledgers of an experiment.
#[derive(Default)]
pub(crate) struct Ledgers {
    readers: Mutex<Vec<Arc<Reader>>>,
    /// In the same order, once they are read.
    accounts: Mutex<Vec<(String, Result<Account, String>)>>,
}

impl Ledgers {
    /// Opens a ledger. Must be called on the body's runtime. Fails if its name is taken.
    pub(crate) fn open(&self, name: &str, source: Source) -> Result<Arc<Book>> {
        let mut readers = lock(&self.readers);
        if readers.iter().any(|reader| reader.name == name) {
            return Err(Error::new(format!("two ledgers are named `{name}`")).help("give each its own name"));
        }
        let book = Arc::new(Book::default());
        let reader = Reader { name: name.to_owned(), book: book.clone(), source, runtime: Handle::current() };
        readers.push(Arc::new(reader));
        Ok(book)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.readers).iter().map(|reader| reader.name.clone()).collect()
    }

    /// Reads all of them at once.
    pub(crate) async fn read(&self) {
        let readers = lock(&self.readers).clone();
        let read = |reader: Arc<Reader>| async move { (reader.name.clone(), reader.read().await) };
        let accounts = join_all(readers.into_iter().map(read)).await;
        *lock(&self.accounts) = accounts;
    }

    /// What was found, by name. Empty until they are read.
    pub(crate) fn accounts(&self) -> MutexGuard<'_, Vec<(String, Result<Account, String>)>> {
        lock(&self.accounts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
