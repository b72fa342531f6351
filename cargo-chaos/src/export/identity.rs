//! Who an exported experiment is: its labels, its instants, its ids.

use super::series::{Labels, Series};
use super::{annotation::Annotation, load, outcome, probe, timeline};
use chaos_runtime::report::journal::Journal;
use chaos_runtime::{Error, Result};
use std::collections::HashMap;

/// What all exported experiments have in common.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// `service.name`, and Prometheus's `job`.
    pub(crate) service: String,
    /// What is added to every series.
    pub(crate) labels: Vec<(String, String)>,
    /// What is added to the resource, from OTEL_RESOURCE_ATTRIBUTES.
    pub(crate) resource: Vec<(String, String)>,
}

/// An experiment on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) journal: Journal,
    pub(crate) origin: Origin,
    /// When it started, in microseconds of the epoch.
    start_us: i64,
}

impl Experiment {
    /// # Errors
    /// When the journal does not say when it started: nothing of it has a place in time then.
    pub(crate) fn new(journal: Journal, origin: &Origin) -> Result<Self> {
        let start: jiff::Timestamp = journal.run.started_at.parse().map_err(|error| {
            let name = &journal.experiment.name;
            Error::new(format!("`{name}` does not say when it started: {:?}", journal.run.started_at)).caused_by(error)
        })?;
        Ok(Self { start_us: start.as_microsecond(), journal, origin: origin.clone() })
    }

    /// An instant of the journal, in microseconds of the epoch.
    pub(crate) fn at(&self, at_us: u64) -> i64 {
        self.start_us.saturating_add(i64::try_from(at_us).unwrap_or(i64::MAX))
    }

    /// The end of the experiment, in microseconds since its start.
    pub(crate) fn end_us(&self) -> u64 {
        self.journal.phases.last().map_or(0, |phase| phase.end_us).max(self.journal.duration_us)
    }

    /// Whose series these are.
    pub(crate) fn labels(&self) -> Labels {
        let Journal { experiment, run, .. } = &self.journal;
        let own = [
            ("experiment", &experiment.name),
            ("package", &experiment.package),
            ("binary", &experiment.binary),
            ("run", &run.id),
            ("profile", &run.profile),
        ];
        let given = self.origin.labels.iter().map(|(name, value)| (name.as_str(), value));
        Labels::of(given.chain(own))
    }

    /// Everything that was measured, sorted by metric and labels.
    pub(crate) fn series(&self) -> Vec<Series> {
        let mut series = Vec::new();
        timeline::collect(self, &mut series);
        load::collect(self, &mut series);
        probe::collect(self, &mut series);
        outcome::collect(self, &mut series);
        series.iter_mut().for_each(Series::put_in_order);
        series.retain(|series| !series.points.is_empty());
        series.sort_by(|a, b| a.key().cmp(&b.key()));
        series
    }

    /// The same for Prometheus, which knows no resources: `job` and `instance` take their place.
    pub(crate) fn targeted_series(&self) -> Vec<Series> {
        let mut series = self.series();
        for series in &mut series {
            series.labels = series.labels.with("job", &self.origin.service).with("instance", &self.journal.run.host);
        }
        series
    }

    /// Its phases and faults as Grafana shows them.
    pub(crate) fn annotations(&self) -> Vec<Annotation> {
        Annotation::of(self)
    }

    /// The id of its trace: the same whenever the same experiment of the same run is exported.
    pub(crate) fn trace_id(&self) -> [u8; 16] {
        let Journal { experiment, run, .. } = &self.journal;
        let parts = [&run.id, &experiment.package, &experiment.binary, &experiment.name, &run.started_at];
        fnv1a(parts.into_iter().flat_map(|part| part.bytes().chain([0]))).to_be_bytes()
    }

    /// The id of one of its spans or annotations.
    pub(crate) fn id_of(&self, what: &str) -> [u8; 8] {
        let wide = fnv1a(self.trace_id().into_iter().chain(what.bytes()));
        ((wide >> 64) as u64 ^ wide as u64).max(1).to_be_bytes()
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// FNV-1a, 128 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), which no release of `std` will change. Never 0,
/// which is no valid id.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)).max(1)
}

/// Tells apart what has the same name: the second `latency` is `latency #2`.
#[derive(Debug, Default)]
pub(crate) struct Numbered(HashMap<String, u32>);

impl Numbered {
    /// The name for what has this `name`, among all that has the same `key`.
    pub(crate) fn name(&mut self, key: &str, name: &str) -> String {
        let seen = self.0.entry(key.to_owned()).or_default();
        *seen += 1;
        if *seen == 1 { name.to_owned() } else { format!("{name} #{seen}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaos_runtime::report::sample;

    #[test]
    fn ids_are_stable_and_differ_by_experiment_run_and_span() {
        // Of the authors' test vectors.
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
        let of = |change: fn(&mut Journal)| {
            let mut journal = sample::passed();
            change(&mut journal);
            let origin = Origin { service: String::new(), labels: vec![], resource: vec![] };
            Experiment::new(journal, &origin).unwrap()
        };
        let first = of(|_| ());
        assert_eq!(hex(&first.trace_id()), hex(&of(|_| ()).trace_id()));
        let others = [
            of(|journal| journal.run.id.push('1')),
            of(|journal| journal.experiment.name.push('1')),
            of(|journal| journal.experiment.package.push('1')),
            of(|journal| journal.run.started_at = "2026-03-01T10:20:31Z".to_owned()),
        ];
        for other in others {
            assert_ne!(first.trace_id(), other.trace_id());
            assert_ne!(first.id_of("phase 0"), other.id_of("phase 0"));
        }
        assert_ne!(first.id_of("phase 0"), first.id_of("phase 1"));
    }

    #[test]
    fn instants_count_from_the_start_and_an_unknown_start_is_an_error() {
        let origin = Origin { service: String::new(), labels: vec![], resource: vec![] };
        let experiment = Experiment::new(sample::passed(), &origin).unwrap();
        assert_eq!(experiment.at(0), 1_772_360_430_123_456);
        assert_eq!(experiment.at(1_500_000), 1_772_360_431_623_456);
        let mut journal = sample::passed();
        journal.run.started_at = "yesterday".to_owned();
        assert!(Experiment::new(journal, &origin).unwrap_err().to_string().contains("when it started: \"yesterday\""));
    }
}
