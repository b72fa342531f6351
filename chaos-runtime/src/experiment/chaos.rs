//! The handle that an experiment's body gets.

use super::core::Core;
use super::gate::Gate;
use super::inject::{self, Injection};
use super::meter::LoadInfo;
use crate::claim::Claim;
use crate::clock::Nanos;
use crate::condition::Condition;
use crate::fault::Fault;
use crate::ledger::{self, Ledger};
use crate::load::{DriverCx, Load, Operation};
use crate::probe::IntoProbe;
use crate::report::journal::{EventKind, PhaseKind, ReasonKind};
use crate::{Error, ErrorKind, Result};
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// The experiment as its body sees it: start targets and load, inject faults, state expectations.
///
/// All calls take `&self`, so `tokio::join!` of two of them works.
pub struct Chaos {
    pub(crate) core: Arc<Core>,
    pub(super) gate: Arc<tokio::sync::Mutex<Gate>>,
    /// Names of the loads so far, and when the last one began.
    loads: Arc<Mutex<(Vec<String>, Option<Nanos>)>>,
}

impl Chaos {
    pub(super) fn new(core: Arc<Core>, gate: Arc<tokio::sync::Mutex<Gate>>) -> Self {
        Self { core, gate, loads: Arc::default() }
    }

    /// Starts a load. It runs through all phases until the experiment ends.
    ///
    /// # Errors
    /// When its operation can't be prepared (a malformed URL), its rate is impossible or its name is taken.
    pub async fn load<O: Operation>(&self, load: Load<O>) -> Result<()> {
        self.core.still_on()?;
        let (name, index) = self.name(load.name())?;
        let info = LoadInfo {
            name,
            what: load.describe(),
            closed_loop: load.expected_rate().is_none(),
            rate: load.expected_rate(),
            drain: load.drain_time(),
        };
        let cx = DriverCx {
            clock: self.core.clock,
            phases: self.core.phases.clone(),
            bin: self.core.settings.bin_ns(),
            virtual_time: self.core.settings.virtual_time,
            events: self.core.meter.events(),
        };
        if self.core.timeline.current().is_none() {
            self.core.timeline.begin(PhaseKind::WarmUp).await;
        }
        let control = load.has_control();
        self.core.events.note(EventKind::Load, format!("`{}`: {}", info.name, info.what));
        let seed = self.core.settings.seed.wrapping_add(u64::from(index) << 32);
        let driver = load.start(index, seed, cx).await?;
        self.core.meter.add(info, driver, control).await;
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(self.core.clock.now());
        Ok(())
    }

    fn name(&self, asked: Option<&str>) -> Result<(String, u32)> {
        let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        let index = u32::try_from(loads.0.len()).unwrap_or(u32::MAX);
        let name = match asked {
            Some(name) => name.to_owned(),
            None if index == 0 => "load".to_owned(),
            None => format!("load_{}", index + 1),
        };
        if loads.0.contains(&name) {
            return Err(Error::new(format!("two loads are named `{name}`"))
                .help("give each its own name: `.named(\"checkout\")`"));
        }
        loads.0.push(name.clone());
        Ok((name, index))
    }

    pub(super) fn load_started(&self) -> Option<Nanos> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Injects a fault into a system whose steady state holds.
    ///
    /// The first injection waits for warm-up and baseline and is refused when the gate does not hold; every
    /// later one waits until the steady state is back. A held fault needs `.hold(…)`:
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos, disk: std::path::PathBuf) -> chaos::Result {
    /// let filler = disk.clone();
    /// let full = fault("fill the disk", move || std::fs::write(filler, vec![0; 1 << 20]));
    /// chaos.inject(full.undo(Undo::remove(disk))).hold(secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the steady state is not met, the fault can't be injected, or no evidence of it is seen in
    /// time. Each ends the body through `?` with the verdict that it deserves.
    pub fn inject<F: Fault>(&self, fault: F) -> Injection<'_, F> {
        Injection::new(self, fault)
    }

    /// Finds out what this fault would harm, and harms nothing: what a dry run (`CHAOS_DRY_RUN=1`) does instead of every
    /// injection. What may be asked for ahead is asked for, such as guard rails; the steady state is not.
    ///
    /// # Errors
    /// When the fault would be refused, or would harm nothing. The verdict is decided by it, as by a refused injection.
    pub async fn preview<F: Fault>(&self, fault: F) -> Result<String> {
        inject::preview_of(&self.core, fault).await
    }

    /// Samples a value through all phases, for claims such as `probe("replication lag") < 10s`.
    ///
    /// Takes [`probe::every`](crate::probe::every) for values that can be asked for at any moment, and values of periods
    /// that come late: CloudWatch metrics and [`probe::periods`](crate::probe::periods).
    pub fn probe<Kind>(&self, name: impl Into<String>, probe: impl IntoProbe<Kind>) {
        let name = name.into();
        if self.core.probes.has(&name) {
            // There is no `Result` to return it in; nothing is injected from now on.
            let message = format!("two probes are named `{name}`");
            let _ = self.core.decide(ReasonKind::Body, ErrorKind::Failed, message, Some("give each its own name"));
            return;
        }
        self.core.probes.start(name, probe.into_source());
    }

    /// Lets nothing be injected unless this condition, such as an alarm of CloudWatch, says that all is well: asked when
    /// the first injection is asked for and again at the end of the baseline. Not well is *unsteady*; a state that can't
    /// be told is *inconclusive*.
    pub fn require(&self, condition: impl Condition) {
        self.core.conditions.require(Arc::new(condition));
    }

    /// The same, and while there is harm the condition is asked again every 5 s: as soon as it says that all is not
    /// well, all faults are undone and the verdict is *aborted*. One that can't tell any more, or that can't be asked
    /// for a minute, guards nothing: then the experiment ends too, *inconclusive*.
    pub fn abort_on(&self, condition: impl Condition) {
        self.core.conditions.watch(Arc::new(condition), self.core.clock);
    }

    /// Opens a ledger for claims such as `payments.lost == 0`; see [`ledger`](crate::ledger).
    ///
    /// `found` gives the ids of everything that is there, each as often as it is there. It is called on this runtime
    /// when the load has ended and the steady state is back, and again for up to 5 s while something acknowledged is
    /// missing, or for up to 30 s while it fails.
    pub fn ledger<F, Fut, I, E>(&self, name: &str, found: F) -> Ledger
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = std::result::Result<I, E>> + Send + 'static,
        I: IntoIterator<Item: Display> + 'static,
        E: Display,
    {
        let book = self.core.ledgers.open(name, ledger::source(found)).unwrap_or_else(|error| {
            // There is no `Result` to return it in; nothing is injected from now on.
            let help = error.help_text().map(str::to_owned);
            let _ = self.core.decide(ReasonKind::Body, ErrorKind::Failed, error.message().to_owned(), help.as_deref());
            Arc::default()
        });
        Ledger::new(book)
    }

    /// States one more claim, which is judged with the hypothesis at the end; the body goes on.
    pub fn expect(&self, claim: Claim) {
        self.core.expectations.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
    }

    /// Puts a remark of the body's own into the journal's events.
    pub fn note(&self, text: impl Into<String>) {
        self.core.events.note(EventKind::Note, text);
    }

    /// The seed of everything random in this run. Draw your own randomness from it, and a replay is exact.
    pub fn seed(&self) -> u64 {
        self.core.settings.seed
    }

    /// The profile in which the experiment runs: `local`, `staging`, …
    pub fn profile(&self) -> &str {
        &self.core.settings.profile
    }
}

#[cfg(test)]
impl Chaos {
    /// The handle of an experiment that has just started, for tests of targets.
    pub(crate) fn for_tests() -> Self {
        Self::new(Core::for_tests(), Arc::default())
    }
}
