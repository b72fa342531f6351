//! The exported metrics: names and units.

/// A metric under OpenTelemetry's naming; Prometheus's name is made of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    /// `chaos.load.latency`.
    pub(crate) name: &'static str,
    /// In UCUM: `s`, `1`, `%`, `/s`, `{operation}/s`, or empty for a plain number.
    pub(crate) unit: &'static str,
    /// What it is.
    pub(crate) help: &'static str,
}

impl Metric {
    /// The name that a Prometheus which takes OTLP gives it, so that dashboards work whichever way the values came:
    /// `chaos_load_latency_seconds`
    /// (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>).
    pub(crate) fn prometheus(&self) -> String {
        let name = self.name.replace('.', "_");
        match self.prometheus_unit() {
            "" => name,
            unit => format!("{name}_{unit}"),
        }
    }

    /// Its unit in words, as Prometheus writes it.
    pub(crate) fn prometheus_unit(&self) -> &'static str {
        match self.unit {
            "s" => "seconds",
            "1" => "ratio",
            "%" => "percent",
            "/s" | "{operation}/s" => "per_second",
            _ => "",
        }
    }
}

macro_rules! metrics {
    ($($constant:ident = $name:literal [$unit:literal] $help:literal;)*) => {
        $(pub(crate) const $constant: Metric = Metric { name: $name, unit: $unit, help: $help };)*
        /// All of them.
        #[cfg(test)]
        pub(crate) const ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    PHASE = "chaos.phase" [""] "1 while the experiment is in this phase, else 0.";
    FAULT_ACTIVE = "chaos.fault.active" [""] "1 from the injection of the fault to its clearance, else 0.";
    FAULT_CONFIRMED = "chaos.fault.confirmed" [""] "1 from the first evidence that the fault bites to its clearance, else 0.";
    FAULT_RECOVERY = "chaos.fault.recovery" ["s"] "Time to recovery, on the clock that claims read.";
    FAULT_DETECTION = "chaos.fault.detection" ["s"] "From confirmed injection to the first bad bin.";
    FAULT_UNAVAILABILITY = "chaos.fault.unavailability" ["s"] "Longest stretch without a successful operation.";
    THROUGHPUT = "chaos.load.throughput" ["{operation}/s"] "Completed operations per second, by when they were due, in the bin that begins here.";
    DUE = "chaos.load.due" ["{operation}/s"] "Operations due per second in the bin that begins here.";
    SUCCESS = "chaos.load.success" ["1"] "Share of completed operations that succeeded at the first attempt, in the bin that begins here.";
    LATENCY = "chaos.load.latency" ["s"] "Quantile of the latency from due time to end, of all completed operations in the bin that begins here.";
    STEADY = "chaos.load.steady" [""] "1 if the steady state held in the bin that begins here, else 0.";
    PROBE = "chaos.probe" [""] "Sample of a probe that has no unit.";
    PROBE_TIME = "chaos.probe.time" ["s"] "Sample of a probe of a duration.";
    PROBE_SHARE = "chaos.probe.share" ["%"] "Sample of a probe of a percentage.";
    PROBE_RATE = "chaos.probe.rate" ["/s"] "Sample of a probe of a rate.";
    LIMIT = "chaos.claim.limit" [""] "Limit of a claim about a number, while the claim is about what happens.";
    LIMIT_TIME = "chaos.claim.limit.time" ["s"] "Limit of a claim about a duration, while the claim is about what happens.";
    LIMIT_SHARE = "chaos.claim.limit.share" ["%"] "Limit of a claim about a percentage, while the claim is about what happens.";
    LIMIT_RATE = "chaos.claim.limit.rate" ["/s"] "Limit of a claim about a rate, while the claim is about what happens.";
    MEASURED = "chaos.claim.value" [""] "Measured value of a claim about a number, at the experiment's end.";
    MEASURED_TIME = "chaos.claim.value.time" ["s"] "Measured value of a claim about a duration, at the experiment's end.";
    MEASURED_SHARE = "chaos.claim.value.share" ["%"] "Measured value of a claim about a percentage, at the experiment's end.";
    MEASURED_RATE = "chaos.claim.value.rate" ["/s"] "Measured value of a claim about a rate, at the experiment's end.";
    CLAIM_HOLDS = "chaos.claim.holds" [""] "1 if the claim is true, 0 if it is false, at the experiment's end; of a guard, 1 means that it tripped.";
    VERDICT = "chaos.experiment.verdict" [""] "1 for the verdict, at the experiment's end.";
    OK = "chaos.experiment.ok" [""] "1 if the test is reported as ok, else 0, at the experiment's end.";
    DURATION = "chaos.experiment.duration" ["s"] "How long the experiment took, at its end.";
}

/// The metrics of one thing in different units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByUnit {
    pub(crate) plain: &'static Metric,
    pub(crate) time: &'static Metric,
    pub(crate) share: &'static Metric,
    pub(crate) rate: &'static Metric,
}

pub(crate) const PROBES: ByUnit = ByUnit { plain: &PROBE, time: &PROBE_TIME, share: &PROBE_SHARE, rate: &PROBE_RATE };
pub(crate) const LIMITS: ByUnit = ByUnit { plain: &LIMIT, time: &LIMIT_TIME, share: &LIMIT_SHARE, rate: &LIMIT_RATE };
pub(crate) const VALUES: ByUnit =
    ByUnit { plain: &MEASURED, time: &MEASURED_TIME, share: &MEASURED_SHARE, rate: &MEASURED_RATE };

impl ByUnit {
    /// The one for a unit of the journal.
    pub(crate) fn of(self, unit: &str) -> &'static Metric {
        match unit {
            "s" => self.time,
            "%" => self.share,
            "/s" => self.rate,
            _ => self.plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn prometheus_gives_each_metric_a_name_of_its_own_that_ends_with_its_unit() {
        let names: HashSet<_> = ALL.iter().map(|metric| metric.prometheus()).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(LATENCY.prometheus(), "chaos_load_latency_seconds");
        assert_eq!(THROUGHPUT.prometheus(), "chaos_load_throughput_per_second");
        assert_eq!(SUCCESS.prometheus(), "chaos_load_success_ratio");
        assert_eq!(PROBE_SHARE.prometheus(), "chaos_probe_share_percent");
        assert_eq!(PHASE.prometheus(), "chaos_phase");
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
    }

    #[test]
    fn the_documentation_has_all_of_them() {
        let page = include_str!("../../../docs/export.md");
        for metric in ALL {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", metric.prometheus())));
            let row = row.unwrap_or_else(|| panic!("docs/export.md lacks {}", metric.prometheus()));
            assert!(row.contains(&format!("`{}`", metric.name)), "{row}");
            if !metric.unit.is_empty() {
                assert!(row.contains(&format!("`{}`", metric.unit)), "{row}");
            }
        }
        let rows = page.lines().filter(|line| line.contains("` | `chaos.")).count();
        assert_eq!(rows, ALL.len(), "docs/export.md has metrics that there are not");
    }
}
