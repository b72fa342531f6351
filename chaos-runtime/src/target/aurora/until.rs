//! When a cluster takes writes again, by a write of the user's own.

use crate::claim::display;
use futures_util::future::BoxFuture;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How many writes in a row must succeed: one may still be answered by a writer that is about to go.
pub(super) const IN_A_ROW: u64 = 3;

/// How long a write may take: one on a connection of before may never be answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two writes.
const PAUSE: Duration = Duration::from_millis(100);

/// A write that tells whether the cluster takes writes.
#[derive(Clone)]
pub(super) struct Until(Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>);

impl Until {
    pub(super) fn new<F, Fut, T, E>(write: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Display,
    {
        Self(Arc::new(move || {
            let write = write();
            Box::pin(async move { write.await.map(drop).map_err(|error| error.to_string()) })
        }))
    }

    /// Writes until it went well [`IN_A_ROW`] times in a row; gives the instant at which the first of these began. Fails at the deadline with
    /// what the last one that failed said.
    pub(super) async fn in_a_row(&self, deadline: Instant) -> Result<Instant, String> {
        let (mut good, mut first, mut said) = (0, Instant::now(), None);
        loop {
            let begun = Instant::now();
            let written = timeout(PATIENCE, (self.0)()).await;
            match written.unwrap_or_else(|_| Err(format!("no answer within {}", display::duration(PATIENCE)))) {
                Ok(()) => {
                    first = if good == 0 { begun } else { first };
                    good += 1;
                    if good == IN_A_ROW {
                        return Ok(first);
                    }
                }
                Err(error) => (good, said) = (0, Some(error)),
            }
            if Instant::now() >= deadline {
                return Err(said.unwrap_or_else(|| format!("only {good} succeeded in time")));
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Writes that go as told, and well from then on; how many were made in all.
    async fn written(going: &'static [Result<(), &str>], patience: Duration) -> (Result<Duration, String>, usize) {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let until = Until::new(move || {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            async move { going.get(number).copied().unwrap_or(Ok(())) }
        });
        let begun = Instant::now();
        let outcome = until.in_a_row(begun + patience).await;
        (outcome.map(|first| first - begun), made.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn three_in_a_row_count_from_the_first_of_them() {
        assert_eq!(written(&[], Duration::from_secs(9)).await, (Ok(Duration::ZERO), 3));
        let going = &[Err("read-only"), Ok(()), Ok(()), Err("read-only")];
        assert_eq!(written(going, Duration::from_secs(9)).await, (Ok(PAUSE * 4), 7));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_in_time_with_what_was_said() {
        let (outcome, made) = written(&[Err("read-only"); 1_000], Duration::from_secs(1)).await;
        assert_eq!(outcome.unwrap_err(), "read-only");
        assert!(made > 5, "{made}");
        let hanging = Until::new(std::future::pending::<Result<(), String>>);
        let error = hanging.in_a_row(Instant::now() + Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error, "no answer within 5 s");
    }
}
