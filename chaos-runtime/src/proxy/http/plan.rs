//! The active faults of requests in the order in which they act, and what they decide about one request.

use super::rule::{Canned, HttpEffect, Rule, Stage};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// All active faults of requests. Never changed, only replaced.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By stage, those of a stage in the order in which they were set.
    rules: Vec<Arc<Rule>>,
}

/// What is done to one request; decided at its arrival and kept to, whatever is set or cleared meanwhile.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// Before the request goes on.
    pub(super) delays: Vec<(Duration, Arc<Rule>)>,
    /// Instead of the service's answer; counted already.
    pub(super) answer: Option<Canned>,
    /// Before the service's answer goes on.
    pub(super) delays_of_answer: Vec<(Duration, Arc<Rule>)>,
    /// To the service's answer, in this order.
    pub(super) changes: Vec<Arc<Rule>>,
}

impl Plan {
    pub(super) fn of(rules: &[Arc<Rule>]) -> Self {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|rule| rule.stage());
        Self { rules }
    }

    /// Decides about a request that arrives now.
    pub(super) fn decide(&self, request: &Parts) -> Decision {
        let mut decision = Decision::default();
        for rule in &self.rules {
            rule.hits.saw();
            if decision.answer.is_some() {
                // Faults of the service's answer don't act on the proxy's.
                continue;
            }
            let Some(number) = rule.ask(request) else { continue };
            match &rule.effect {
                HttpEffect::Delay { delay, jitter, .. } => {
                    let drawn = (rule.draw(*delay, *jitter, number), rule.clone());
                    match rule.stage() {
                        Stage::Delay => decision.delays.push(drawn),
                        _ => decision.delays_of_answer.push(drawn),
                    }
                }
                HttpEffect::RateLimit(bucket) => {
                    if let Err(wait) = bucket.take(Instant::now()) {
                        rule.hits.hit();
                        decision.answer = Some(too_many(wait));
                    }
                }
                HttpEffect::Answer(canned) => {
                    rule.hits.hit();
                    decision.answer = Some(canned.clone());
                }
                _ => decision.changes.push(rule.clone()),
            }
        }
        decision
    }
}

/// 429, with the whole seconds after which there is a token again.
fn too_many(wait: Duration) -> Canned {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))]);
    Canned { status: StatusCode::TOO_MANY_REQUESTS, headers, body: bytes::Bytes::new() }
}
