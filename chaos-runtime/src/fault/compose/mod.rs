//! Composition: faults made of faults.
//!
//! | | what it does | ends |
//! |---|---|---|
//! | [`sequence`] | parts one after the other, each held for its own time, with pauses | by itself |
//! | [`repeated`] | the same `n` times | by itself |
//! | [`parallel`] | parts at once | as its parts do |
//! | [`flapping`] | harm for a while, none for a while, over and over | by its undo |
//! | [`ramp`](FaultExt::ramp) | a parameter moves while the fault is on | by its undo |
//! | [`after`](FaultExt::after) | begins later than what it is part of | as its part does |
//! | [`held_for`](FaultExt::held_for) | a held fault for so long, as a one-shot one | by itself |
//!
//! ```no_run
//! # use chaos_runtime::prelude::*;
//! # async fn body(chaos: &mut Chaos) -> chaos::Result {
//! # let (proxy, worker) = (chaos.proxy("127.0.0.1:9").await?, chaos.process(Command::new("worker")).await?);
//! // A slow network for 10 s, a rest, then a crash.
//! chaos.inject(sequence().hold(proxy.latency(millis(300)), secs(10)).pause(secs(5)).once(worker.kill())).await?;
//! // A slow network, and 3 s into it a paused worker, for 10 s.
//! chaos.inject(parallel((proxy.latency(millis(300)), worker.pause().after(secs(3))))).hold(secs(10)).await?;
//! // A link that is there for 2 s and gone for 1 s.
//! let down = proxy.clone();
//! chaos.inject(flapping(secs(2), secs(1), move || down.down())).hold(secs(30)).await?;
//! // Three crashes.
//! chaos.inject(repeated(3, secs(5), move || worker.kill())).await
//! # }
//! ```
//!
//! **Each is an ordinary fault**, so that what is composed can be composed again.
//!
//! **Held or one-shot.** What ends by itself is one-shot: a sequence, whatever its parts are. The clocks of recovery
//! follow from that. A held fault's starts with its clearance. A sequence does harm until its last step has ended, so
//! it [`lasts`](super::Fault::lasts): its recovery counts from there too, not from the confirmation of its first step. At
//! that moment its undo runs; a last step that ends later than it is confirmed (a kill with a restart) is given its time by a
//! `.pause(…)` behind it. `parallel` is held if its first part is, and one-shot if all parts are.
//!
//! **Evidence** is that of all parts, by name. A step of a sequence that is not seen to bite ends the sequence: the
//! experiment is inconclusive, and says which step it was.
//!
//! **Undo.** Before the first harm is done, the undos of all parts that will ever be injected are on disk as one, for
//! whoever finds them after a SIGKILL; they run in the reverse of the order of injection. In the living process the undo
//! first stops the composition: no part is injected once it has begun. It waits for an injection that is under way, then
//! undoes each part once, those that were never injected included, as with every fault.

mod adjustable;
mod boxed;
mod delayed;
mod ext;
mod flapping;
mod gradual;
mod parallel;
mod part;
mod ramped;
mod reins;
mod repeated;
mod sequence;

pub use adjustable::{Adjustable, AdjustableFault, SetFn, fault_with};
pub use boxed::BoxedFault;
pub use delayed::Delayed;
pub use ext::FaultExt;
pub use flapping::{Flapping, flapping};
pub use gradual::Gradual;
pub use parallel::{Parallel, Parts, parallel};
pub use ramped::Ramped;
pub use repeated::repeated;
pub use sequence::{Sequence, sequence};

#[cfg(test)]
mod races_tests;
#[cfg(test)]
mod undo_tests;
