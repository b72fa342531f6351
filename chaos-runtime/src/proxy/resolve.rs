//! The addresses of a name: the right ones, and those that a fault gives instead.

use super::hits::{ConnectionId, Hits};
use super::socket::Socket;
use super::upstream::Upstream;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// A name, and who knows its addresses.
#[derive(Clone)]
pub(super) struct Resolver {
    pub(super) name: String,
    resolve: Arc<Resolve>,
}

type Resolve = dyn Fn() -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

impl Resolver {
    pub(super) fn new<F>(name: String, resolve: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self { name, resolve: Arc::new(move || Box::pin(resolve())) }
    }

    pub(super) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        (self.resolve)().await
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.resolve, &other.resolve)
    }
}

impl Eq for Resolver {}

/// What is answered instead of the addresses that a name has.
#[derive(Debug, Clone)]
pub(crate) enum Answers {
    /// There is no such name.
    None,
    /// Always the same.
    Fixed(Upstream),
    /// Now the one, now the other.
    Turns(Arc<Turns>),
}

/// Two answers that take turns.
#[derive(Debug)]
pub(crate) struct Turns {
    answers: [Upstream; 2],
    /// How long each holds; without it they alternate from one resolution to the next.
    every: Option<Duration>,
    begun: Instant,
    given: AtomicU64,
}

impl Turns {
    /// From now on, the first one first.
    pub(crate) fn new(answers: [Upstream; 2], every: Option<Duration>) -> Arc<Self> {
        Arc::new(Self { answers, every, begun: Instant::now(), given: AtomicU64::new(0) })
    }

    fn next(&self) -> &Upstream {
        let turn = match self.every {
            None => u128::from(self.given.fetch_add(1, Relaxed)),
            Some(every) => self.begun.elapsed().as_nanos() / every.as_nanos().max(1),
        };
        let [first, second] = &self.answers;
        if turn.is_multiple_of(2) { first } else { second }
    }
}

/// A fault of that kind.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    pub(super) answers: Answers,
    pub(super) hits: Arc<Hits>,
}

impl Wrong {
    /// Connects where the answer leads to. The resolution is counted.
    pub(super) fn connect(&self, connection: ConnectionId) -> BoxFuture<'static, io::Result<Socket>> {
        self.hits.strike(connection);
        let answer = match &self.answers {
            Answers::None => return Box::pin(std::future::ready(Err(io::ErrorKind::NotFound.into()))),
            Answers::Fixed(answer) => answer.clone(),
            Answers::Turns(turns) => turns.next().clone(),
        };
        Box::pin(async move { answer.connect().await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ToUpstream;
    use crate::units::millis;

    fn turns(every: Option<Duration>) -> Arc<Turns> {
        Turns::new(["127.0.0.1:1", "127.0.0.2:1"].map(|addr| addr.to_upstream().unwrap()), every)
    }

    #[test]
    fn answers_alternate() {
        let turns = turns(None);
        let given: Vec<String> = (0..4).map(|_| turns.next().to_string()).collect();
        assert_eq!(given, ["127.0.0.1:1", "127.0.0.2:1", "127.0.0.1:1", "127.0.0.2:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn or_each_holds_for_a_while() {
        let turns = turns(Some(millis(100)));
        for (wait, expected) in [(0, 1), (99, 1), (1, 2), (99, 2), (1, 1), (200, 1), (100, 2)] {
            tokio::time::sleep(millis(wait)).await;
            assert_eq!(turns.next().to_string(), format!("127.0.0.{expected}:1"));
        }
    }
}
