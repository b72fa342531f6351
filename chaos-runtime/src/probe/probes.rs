//! All probes of an experiment.

use super::late::Late;
use super::polled::Polled;
use super::source::{Kind, Source};
use crate::clock::{Clock, Nanos, micros, nanos};
use crate::report::journal::ProbeRecord;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// All probes of an experiment.
#[derive(Debug)]
pub(crate) struct Probes {
    clock: Clock,
    /// The wall's time at the experiment's start.
    origin: SystemTime,
    running: Mutex<Vec<(String, Running)>>,
    /// Injections, confirmations and clearances: a sample says nothing about what is beyond the next one.
    boundaries: Mutex<Vec<Nanos>>,
}

#[derive(Debug)]
enum Running {
    Polled(Polled),
    Late(Arc<Late>),
}

/// A probe's samples in a span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sampled {
    pub(crate) unit: &'static str,
    pub(crate) interval: Duration,
    /// `None` = the sample failed.
    pub(crate) values: Vec<Option<f64>>,
}

impl Sampled {
    /// Why a claim in this unit can't be compared with it, if it can't.
    pub(crate) fn other_unit(&self, claimed: &str) -> Option<String> {
        self.values.iter().any(Option::is_some).then(|| other_unit(self.unit, claimed))?
    }
}

/// Why a claim in one unit can't be compared with values in another, if it can't.
pub(crate) fn other_unit(unit: &str, claimed: &str) -> Option<String> {
    let name = |unit: &str| if unit.is_empty() { "plain numbers".to_owned() } else { format!("`{unit}`") };
    (unit != claimed).then(|| format!("the probe gives {}, the claim speaks of {}", name(unit), name(claimed)))
}

impl Probes {
    /// Those of an experiment that starts now. `origin` = the wall's time.
    pub(crate) fn new(clock: Clock, origin: SystemTime) -> Self {
        Self { clock, origin, running: Mutex::default(), boundaries: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, Vec<(String, Running)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a probe on the current runtime.
    pub(crate) fn start(&self, name: String, source: Source) {
        let probe = match source.0 {
            Kind::Every(interval, sampling) => Running::Polled(Polled::start(interval, sampling, self.clock)),
            Kind::Late(source) => Running::Late(Arc::new(Late::start(source, self.clock, self.origin))),
        };
        self.running().push((name, probe));
    }

    /// Ends the probes that are sampled here and now; their samples stay. Values that come late still come.
    pub(crate) fn stop_sampling(&self) {
        for (_, probe) in self.running().iter() {
            if let Running::Polled(probe) = probe {
                probe.stop(self.clock);
            }
        }
    }

    /// Ends all probes.
    pub(crate) fn stop(&self) {
        self.stop_sampling();
        self.all_late().iter().for_each(|(_, probe)| probe.stop());
    }

    /// Whether a probe has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.running().iter().any(|(known, _)| known == name)
    }

    /// The probe of this name, if its values come late.
    pub(crate) fn late(&self, name: &str) -> Option<Arc<Late>> {
        self.running().iter().find_map(|(known, probe)| match probe {
            Running::Late(probe) if known == name => Some(probe.clone()),
            _ => None,
        })
    }

    /// All probes whose values come late, with their names.
    pub(crate) fn all_late(&self) -> Vec<(String, Arc<Late>)> {
        let late = |(name, probe): &(String, Running)| match probe {
            Running::Late(probe) => Some((name.clone(), probe.clone())),
            Running::Polled(_) => None,
        };
        self.running().iter().filter_map(late).collect()
    }

    fn polled<T>(&self, name: &str, read: impl FnOnce(&Polled) -> T) -> Option<T> {
        let running = self.running();
        running
            .iter()
            .find_map(|(known, probe)| match probe {
                Running::Polled(probe) if known == name => Some(probe),
                _ => None,
            })
            .map(read)
    }

    /// Harm begins or ends now: earlier samples stand for nothing that comes later.
    pub(crate) fn boundary(&self, at: Nanos) {
        self.boundaries.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }

    fn last_boundary(&self, before: Nanos) -> Option<Nanos> {
        let boundaries = self.boundaries.lock().unwrap_or_else(PoisonError::into_inner);
        boundaries.iter().copied().filter(|at| *at < before).max()
    }

    /// Whether a span without samples is one in which the first sample since the last boundary is still waited for.
    pub(crate) fn awaited(&self, name: &str, from: Nanos, to: Nanos) -> bool {
        let Some(boundary) = self.last_boundary(to) else { return false };
        self.polled(name, Polled::fresh).is_some_and(|fresh| from <= boundary + fresh)
    }

    /// A probe's samples in this unit, as [`Probes::between`] gives them; `None` also when it gives another one. Of
    /// values that come late, those that have come of whole periods.
    pub(crate) fn in_unit(&self, name: &str, unit: &str, from: Nanos, to: Nanos) -> Option<Vec<Option<f64>>> {
        if let Some(late) = self.late(name) {
            let same = late.unit().is_none_or(|known| known == unit);
            return same.then(|| late.arrived(from, to).into_iter().map(Some).collect());
        }
        let sampled = self.between(name, from, to)?;
        sampled.other_unit(unit).is_none().then_some(sampled.values)
    }

    /// A probe's samples in `from..to`; where none lies in it, the last one before counts for two intervals,
    /// but never beyond an injection or a clearance. `None` when no such probe is sampled here and now.
    pub(crate) fn between(&self, name: &str, from: Nanos, to: Nanos) -> Option<Sampled> {
        let boundary = self.last_boundary(to).unwrap_or(0);
        self.polled(name, |probe| {
            let values = probe.between(from, to, boundary);
            Sampled { unit: probe.samples().unit, interval: probe.interval, values }
        })
    }

    /// Why a claim in this unit can't be compared with a probe's values, as far as their unit is known.
    pub(crate) fn other_unit(&self, name: &str, claimed: &str) -> Option<String> {
        match self.late(name) {
            Some(late) => late.unit().and_then(|unit| other_unit(unit, claimed)),
            None => self.between(name, 0, self.clock.now())?.other_unit(claimed),
        }
    }

    /// For the journal.
    pub(crate) fn records(&self) -> Vec<ProbeRecord> {
        let now = self.clock.now();
        let record = |(name, probe): &(String, Running)| {
            let (samples, error, unit, period) = match probe {
                Running::Polled(probe) => {
                    let samples = probe.record();
                    let known = probe.samples();
                    (samples, known.error.clone(), known.unit, None)
                }
                Running::Late(probe) => {
                    let (samples, error, unit) = probe.record(now);
                    (samples, error, unit, Some(micros(nanos(probe.period()))))
                }
            };
            ProbeRecord { name: name.clone(), unit: unit.to_owned(), samples, error, period_us: period }
        };
        self.running().iter().map(record).collect()
    }
}
