//! Faults: the trait, evidence, one file per fault, and [their composition](compose).

mod around;
mod closure;
pub mod compose;
#[cfg(feature = "docker")]
pub mod container;
#[cfg(unix)]
mod disk_full;
mod dyn_fault;
mod evidence;
pub mod http;
pub mod network;
#[cfg(unix)]
pub mod process;
pub mod udp;

pub(crate) use around::Around;
pub use closure::{
    ClosureFault, ConfirmFn, Confirmed, EndUnknown, EndsByItself, EndsByUndo, InjectFn, Injected, KnownEnd, fault,
};
#[cfg(feature = "docker")]
pub(crate) use container::container_rules_work;
#[cfg(unix)]
pub use disk_full::DiskFull;
pub(crate) use dyn_fault::{DynFault, Erased};
pub use evidence::Evidence;
#[cfg(unix)]
pub use process::{Kill, Pause};

use crate::Result;
use crate::rollback::Undo;
use std::future::Future;
use std::time::Duration;

/// Something that harms a target, can prove that it bites, and can be undone. Five methods are asked for: what it does
/// ([`describe`](Fault::describe)) to whom ([`target`](Fault::target)), how that ends ([`undo`](Fault::undo)), the harm
/// ([`inject`](Fault::inject)) and the proof ([`evidence`](Fault::evidence)). For a short one a closure is enough:
/// [`fault`]. The guide `docs/write-your-own-fault.md` has both, on a real Redis.
///
/// The engine calls, in this order: [`prepare`](Fault::prepare), [`undo`](Fault::undo) (written to disk), [`inject`](Fault::inject),
/// [`evidence`](Fault::evidence) every 10 ms until it is [`seen`](Evidence::is_seen) or the confirmation time (5 s) is over,
/// `evidence` once more at the end of a hold, and the undo. A one-shot fault that takes a while is waited for with
/// [`completion`](Fault::completion).
///
/// Implement [`Held`] too if the harm lasts until it is undone, [`OneShot`] if it ends by itself.
pub trait Fault: Send + 'static {
    /// What it does, in a line: `latency 300ms ± 50ms towards the client`.
    fn describe(&self) -> String;

    /// What it harms: `proxy 127.0.0.1:4000`. Undos of different targets run concurrently.
    fn target(&self) -> String;

    /// What can be done ahead without any harm: checks (does the target exist, can this host do it?), reading what the
    /// undo restores, starting what is needed for the injection. An error means that nothing was injected. The steady
    /// state is watched meanwhile; nothing of it counts as the fault's time.
    fn prepare(&mut self, cx: &InjectCx) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        std::future::ready(Ok(()))
    }

    /// For a dry run (`CHAOS_DRY_RUN=1`), instead of the injection: what would be harmed, in words, found out without any
    /// harm. The undo is on record meanwhile, and runs afterwards. An error if nothing would be harmed.
    fn preview(&mut self, cx: &InjectCx) -> impl Future<Output = Result<String>> + Send {
        let _ = cx;
        std::future::ready(Ok(format!("{} on {}", self.describe(), self.target())))
    }

    /// How the harm ends. Asked for before the injection, so that it is on disk first. It may run twice, and although
    /// nothing was injected: it must not mind.
    fn undo(&self) -> Undo;

    /// Does the harm.
    fn inject(&mut self, cx: &InjectCx) -> impl Future<Output = Result<()>> + Send;

    /// Whether the harm has been seen to bite since the injection, and how.
    fn evidence(&mut self) -> impl Future<Output = Result<Evidence>> + Send;

    /// How long it may take until there is evidence, where the usual 5 s are too short: what happens elsewhere shows late.
    /// `confirm = …` in the attribute outranks it.
    fn confirm_within(&self) -> Option<Duration> {
        None
    }

    /// Whether a one-shot fault does its harm until its [completion](Fault::completion), and not only once: recovery counts
    /// from then, as it counts from the clearance of a held one. Asked for after the confirmation.
    fn lasts(&self) -> bool {
        false
    }

    /// For a one-shot fault that goes on for a while after it was confirmed: waits for its end and says what came of it,
    /// as a failover has a writer again. That text then stands in the report. An error, or evidence that is not
    /// [`seen`](Evidence::seen), makes the experiment inconclusive: the fault was not the one that was asked for.
    ///
    /// The load goes on meanwhile, and recovery counts from the confirmation all the same. `None`: nothing to wait for.
    fn completion(&mut self) -> impl Future<Output = Result<Option<Evidence>>> + Send {
        std::future::ready(Ok(None))
    }
}

/// A fault that lasts until it is undone: `chaos.inject(fault).hold(secs(10)).await`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` ends by itself, so it can't be held",
    label = "a one-shot fault",
    note = "write `chaos.inject(fault).await?`"
)]
pub trait Held: Fault {}

/// A fault that ends by itself (a kill, a failover): `chaos.inject(fault).await`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` lasts until it is undone, so it needs an end",
    label = "a held fault",
    note = "write `chaos.inject(fault).hold(secs(10)).await?`, or `.start().await?` and clear it yourself"
)]
pub trait OneShot: Fault {}

/// What a fault may need to know while it is injected. For tests of your own there is [`InjectCx::new`].
#[derive(Debug, Clone)]
pub struct InjectCx {
    /// A seed of the fault's own, drawn from the run's seed: the same run, the same draws.
    pub seed: u64,
    /// It is held until it is undone; else it acts once. Matters for faults that can be both.
    pub held: bool,
    /// How long it will be held, where that is known.
    pub hold: Option<Duration>,
    pub(crate) around: Around,
}
