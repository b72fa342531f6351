//! One fault of requests, ready to be asked.

use super::bucket::Bucket;
use super::hits::RequestHits;
use super::matcher::{Match, Scope};
use crate::proxy::draw;
use crate::units::Percent;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// What a fault does to the requests it hits.
#[derive(Debug)]
pub(crate) enum HttpEffect {
    /// The request, or the answer, goes on later.
    Delay { delay: Duration, jitter: Duration, of_answers: bool },
    /// More than a rate is answered with 429.
    RateLimit(Bucket),
    /// Answered by the proxy; the service gets nothing.
    Answer(Canned),
    /// The answer's body is another one.
    ReplaceBody { body: Bytes, content_type: Option<http::HeaderValue>, keep_length: bool },
    /// The answer lacks a header.
    RemoveHeader(HeaderName),
    /// The answer ends after so many bytes of its body.
    CutBody { after: u64 },
}

/// An answer that the proxy gives.
#[derive(Debug, Clone)]
pub(crate) struct Canned {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The order in which faults act, however they were set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Delay,
    RateLimit,
    Answer,
    DelayOfAnswer,
    ReplaceBody,
    RemoveHeader,
    CutBody,
}

/// A fault in the set.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(super) effect: HttpEffect,
    pub(super) scope: Scope,
    pub(super) share: Percent,
    pub(super) seed: u64,
    pub(super) hits: Arc<RequestHits>,
}

impl HttpEffect {
    pub(crate) fn rate_limit(rate: crate::units::Rate, burst: u32) -> Self {
        Self::RateLimit(Bucket::new(rate, burst))
    }

    fn stage(&self) -> Stage {
        match self {
            Self::Delay { of_answers: false, .. } => Stage::Delay,
            Self::RateLimit(_) => Stage::RateLimit,
            Self::Answer(_) => Stage::Answer,
            Self::Delay { of_answers: true, .. } => Stage::DelayOfAnswer,
            Self::ReplaceBody { .. } => Stage::ReplaceBody,
            Self::RemoveHeader(_) => Stage::RemoveHeader,
            Self::CutBody { .. } => Stage::CutBody,
        }
    }
}

impl Rule {
    pub(super) fn stage(&self) -> Stage {
        self.effect.stage()
    }

    /// Whether the fault is for a request; if so, the request's number among those. Counts it.
    pub(super) fn ask(&self, request: &Parts) -> Option<u64> {
        match self.scope.of(request) {
            Match::Other => None,
            Match::Excluded => {
                self.hits.excluded();
                None
            }
            Match::Matched => {
                let number = self.hits.matched();
                self.is_hit(number).then_some(number)
            }
        }
    }

    /// Whether the share includes a request: a function of the seed and the request's number among those that match, so
    /// that a replay hits the same.
    fn is_hit(&self, number: u64) -> bool {
        draw::of(self.seed, number) < self.share.fraction()
    }

    /// The delay of a request: uniform in `delay ± jitter`.
    pub(super) fn draw(&self, delay: Duration, jitter: Duration, number: u64) -> Duration {
        if jitter.is_zero() {
            return delay;
        }
        // Another draw than that of the share, or a share would favour short delays.
        (delay + jitter).saturating_sub(jitter.mul_f64(2.0 * draw::of(!self.seed, number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::http::matcher::Conditions;
    use crate::units::{millis, percent};

    fn rule(share: f64, seed: u64) -> Rule {
        let all = Conditions::default();
        Rule {
            effect: HttpEffect::CutBody { after: 0 },
            scope: Scope::new(&all, &all, false).unwrap(),
            share: percent(share),
            seed,
            hits: RequestHits::new(),
        }
    }

    fn hits(rule: &Rule, n: u64) -> Vec<u64> {
        (0..n).filter(|number| rule.is_hit(*number)).collect()
    }

    #[test]
    fn a_share_is_that_share_and_the_seed_decides_which() {
        let tenth = hits(&rule(10.0, 42), 10_000);
        // 99.9 % of Binomial(10,000, 0.1): 1,000 ± 3.29 · 30.
        assert!((901..=1_099).contains(&tenth.len()), "{} of 10,000", tenth.len());
        assert_eq!(tenth, hits(&rule(10.0, 42), 10_000));
        assert_ne!(tenth, hits(&rule(10.0, 43), 10_000));
        assert_eq!(hits(&rule(100.0, 1), 1_000).len(), 1_000);
    }

    #[test]
    fn delays_are_uniform_around_the_delay_whatever_the_share() {
        let rule = rule(10.0, 7);
        let draws: Vec<f64> = hits(&rule, 100_000)
            .into_iter()
            .map(|number| rule.draw(millis(300), millis(50), number).as_secs_f64())
            .collect();
        assert!(draws.iter().all(|d| (0.25..=0.35).contains(d)));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.3).abs() < 0.002, "mean {mean}");
    }
}
