//! What a claim is about, in words: `P99 in the fault phase`.

use crate::report::journal::ClaimRole;

/// The metric and the phase of a claim, for a sentence. A text that is no claim of the grammar stays as it is.
pub(super) fn of(claim: &str, role: ClaimRole) -> String {
    let claim = claim.trim();
    let (phase, inner) = match claim.split_once('(') {
        Some(("during", rest)) => (Some("in the fault phase"), rest.strip_suffix(')').unwrap_or(rest)),
        Some(("after", rest)) => (Some("in the after phase"), rest.strip_suffix(')').unwrap_or(rest)),
        _ => (None, claim),
    };
    let phase = phase.or(match role {
        ClaimRole::SteadyState => Some("in the baseline"),
        ClaimRole::SteadyStateAfter => Some("after the recovery"),
        _ => None,
    });
    let Some(at) = inner.find(['<', '>', '=', '!']) else { return claim.to_owned() };
    let metric = metric(inner[..at].trim());
    match phase {
        Some(phase) => format!("{metric} {phase}"),
        None => metric,
    }
}

fn metric(text: &str) -> String {
    if let Some(probe) = text.strip_prefix("probe(").and_then(|rest| rest.strip_suffix(')')) {
        return format!("probe {}", probe.trim_matches('"'));
    }
    let (load, metric) = match text.split_once('.') {
        // `p99.9` has a dot too.
        Some((load, metric)) if metric.starts_with(|c: char| c.is_ascii_alphabetic()) => (Some(load), metric),
        _ => (None, text),
    };
    let is_quantile = metric.strip_prefix('p').is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
    let words = if is_quantile { metric.to_uppercase() } else { metric.replace('_', " ") };
    match load {
        Some(load) => format!("{words} of {load}"),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_as_people_say_them() {
        let cases = [
            ("during(p99 < 300ms)", "P99 in the fault phase"),
            ("during(checkout.p99.9 < 300ms)", "P99.9 of checkout in the fault phase"),
            ("after(p99 <= 110% of baseline)", "P99 in the after phase"),
            ("recovery <= 5s", "recovery"),
            ("time_to_detect < 2s", "time to detect"),
            ("orders.lost == 0", "lost of orders"),
            ("probe(\"queue depth\") < 10", "probe queue depth"),
            ("the cache stays warm", "the cache stays warm"),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text, ClaimRole::Hypothesis), expected, "{text}");
        }
        assert_eq!(of("success_rate >= 99%", ClaimRole::SteadyState), "success rate in the baseline");
    }
}
