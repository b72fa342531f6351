//! Faults with and without an experiment.

use chaos_runtime::Chaos;
use chaos_runtime::bench;
use chaos_runtime::fault::{Evidence, Fault, Held, InjectCx};
use chaos_runtime::rollback::Undo;
use std::convert::Infallible;
use std::time::Duration;

/// At least as long is each fault on, so that several of the load's operations are due in it.
const LEAST: Duration = Duration::from_millis(400);

/// Injects a fault, does `look` while it is on, and clears it. Its evidence comes from the experiment's load.
///
/// # Errors
/// As those of [`Chaos::inject`].
pub async fn during<F: Held>(
    chaos: &Chaos,
    fault: F,
    look: impl Future<Output = ()> + Send,
) -> chaos_runtime::Result<()> {
    amid(chaos, fault, std::future::pending(), look).await
}

/// The same, where evidence needs more traffic than the load's: `traffic` goes on until the fault is confirmed.
///
/// # Errors
/// As those of [`Chaos::inject`].
pub async fn amid<F: Held>(
    chaos: &Chaos,
    fault: F,
    traffic: impl Future<Output = Infallible> + Send,
    look: impl Future<Output = ()> + Send,
) -> chaos_runtime::Result<()> {
    let active = tokio::select! {
        active = chaos.inject(fault).start() => active?,
        never = traffic => match never {},
    };
    tokio::join!(look, tokio::time::sleep(LEAST));
    active.clear().await
}

/// A fault without an experiment, injected as an experiment would.
#[must_use]
#[derive(Debug)]
pub struct Set<F> {
    fault: F,
    undo: Undo,
}

/// Injects a fault, for as long as it is not [cleared](Set::clear).
///
/// # Panics
/// If it is refused.
pub async fn set<F: Fault>(mut fault: F, seed: u64) -> Set<F> {
    let cx = InjectCx::new(seed, true, None);
    fault.prepare(&cx).await.unwrap_or_else(|error| panic!("{}: {error}", fault.describe()));
    let undo = fault.undo();
    fault.inject(&cx).await.unwrap_or_else(|error| panic!("{}: {error}", fault.describe()));
    Set { fault, undo }
}

impl<F: Fault> Set<F> {
    /// What it says of itself so far.
    ///
    /// # Panics
    /// If it can't.
    pub async fn evidence(&mut self) -> Evidence {
        self.fault.evidence().await.expect("a proxy counts")
    }

    /// Ends it, and gives its last evidence.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn clear(mut self) -> Evidence {
        bench::clear(&self.undo).await.expect("a fault of a proxy ends");
        self.evidence().await
    }
}
