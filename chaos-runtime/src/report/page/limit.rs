//! Which line of which chart a claim limits, read from its text.

use crate::report::journal::{ClaimRecord, ClaimRole, Judgement};

/// Where a claim is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    During,
    After,
    /// From injection on; for the steady state the baseline.
    Bare,
}

/// What it limits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Metric {
    /// 0.99 for P99.
    Quantile(f64),
    Max,
    Mean,
    SuccessRate,
    ErrorRate,
    Throughput,
    Probe(String),
}

/// A claim that limits a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limited<'a> {
    pub(super) scope: Scope,
    /// Of which load, if it names one.
    pub(super) load: Option<&'a str>,
    pub(super) metric: Metric,
    /// `p99 < 300ms`.
    pub(super) text: &'a str,
    /// In the claim's unit.
    pub(super) limit: f64,
    pub(super) role: ClaimRole,
    pub(super) judgement: Judgement,
}

impl<'a> Limited<'a> {
    /// `None` for claims that limit no line: recovery, ledgers, counts.
    pub(super) fn read(claim: &'a ClaimRecord) -> Option<Self> {
        let text = claim.text.trim();
        let inside = |word: &str| text.strip_prefix(word)?.trim_start().strip_prefix('(')?.strip_suffix(')');
        let (scope, text) = match (inside("during"), inside("after")) {
            (Some(text), _) => (Scope::During, text.trim()),
            (_, Some(text)) => (Scope::After, text.trim()),
            _ => (Scope::Bare, text),
        };
        let left = text.split(['<', '>', '=']).next()?.trim();
        let (load, metric) = match metric(left) {
            Some(metric) => (None, metric),
            None => {
                let (load, rest) = left.split_once('.')?;
                (Some(load.trim()), metric(rest.trim())?)
            }
        };
        let limit = claim.limit.filter(|limit| limit.is_finite())?;
        Some(Self { scope, load, metric, text, limit, role: claim.role, judgement: claim.judgement })
    }

    /// Whether it is about the load `name`; one that names none is about all.
    pub(super) fn is_about(&self, name: &str) -> bool {
        self.load.is_none_or(|load| load == name)
    }

    /// For latencies: microseconds.
    pub(super) fn micros(&self) -> Option<f64> {
        matches!(self.metric, Metric::Quantile(_) | Metric::Max | Metric::Mean).then_some(self.limit * 1e6)
    }

    /// For success and error rates: the share of successes in percent.
    pub(super) fn success(&self) -> Option<f64> {
        match self.metric {
            Metric::SuccessRate => Some(self.limit),
            Metric::ErrorRate => Some(100.0 - self.limit),
            _ => None,
        }
    }
}

fn metric(name: &str) -> Option<Metric> {
    Some(match name {
        "max" => Metric::Max,
        "mean" => Metric::Mean,
        "success_rate" => Metric::SuccessRate,
        "error_rate" => Metric::ErrorRate,
        "throughput" => Metric::Throughput,
        _ => {
            if let Some(probe) = name.strip_prefix("probe(").and_then(|rest| rest.strip_suffix(')')) {
                return Some(Metric::Probe(probe.trim().trim_matches('"').to_owned()));
            }
            let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
            return (0.0..100.0).contains(&percent).then_some(Metric::Quantile(percent / 100.0));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn read(text: &str) -> Option<(Scope, Option<String>, Metric)> {
        let mut claim = sample::passed().claims[0].clone();
        claim.text = text.to_owned();
        Limited::read(&claim).map(|l| (l.scope, l.load.map(str::to_owned), l.metric))
    }

    #[test]
    fn a_claim_says_what_it_limits() {
        assert_eq!(read("during(p99 < 300ms)"), Some((Scope::During, None, Metric::Quantile(0.99))));
        let (scope, load, metric) = read("after(checkout.p99.9 <= 110% of baseline)").unwrap();
        assert_eq!((scope, load.as_deref()), (Scope::After, Some("checkout")));
        assert!(matches!(metric, Metric::Quantile(q) if (q - 0.999).abs() < 1e-9));
        assert_eq!(read("error_rate > 50%"), Some((Scope::Bare, None, Metric::ErrorRate)));
        assert_eq!(read("orders.max < 1s"), Some((Scope::Bare, Some("orders".to_owned()), Metric::Max)));
        assert_eq!(read("probe(\"lag\") < 5"), Some((Scope::Bare, None, Metric::Probe("lag".to_owned()))));
        for other in ["recovery <= 5s", "orders.lost == 0", "status(503) < 3", "p < 3", "", "during("] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn an_error_rate_limits_the_success_rate_from_the_other_side() {
        let mut claim = sample::passed().claims[0].clone();
        claim.text = "during(error_rate < 2%)".to_owned();
        claim.limit = Some(2.0);
        assert_eq!(Limited::read(&claim).unwrap().success(), Some(98.0));
        claim.limit = Some(f64::INFINITY);
        assert_eq!(Limited::read(&claim), None, "nothing to draw");
    }
}
