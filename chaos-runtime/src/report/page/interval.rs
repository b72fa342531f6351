//! The interval of a measured value against the limit, as a small picture.

use super::claims::Found;
use crate::figure;
use crate::report::journal::{ClaimRecord, Interval};
use maud::{Markup, html};

const WIDTH: f64 = 150.0;
const MARGIN: f64 = 10.0;

/// `371 ms – 453 ms`, at the usual level; open where there is no bound.
pub(super) fn ends(interval: &Interval, unit: &str) -> String {
    let value = |v: f64| figure::value(v, unit);
    match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{} – {}", value(low), value(high)),
        (Some(low), None) => format!("from {}", value(low)),
        (None, Some(high)) => format!("up to {}", value(high)),
        (None, None) => "none at this n".to_owned(),
    }
}

/// Value, interval and limit on one rail; nothing without both a limit and something measured.
pub(super) fn picture(claim: &ClaimRecord) -> Markup {
    let finite = |v: Option<f64>| v.filter(|v| v.is_finite());
    let (value, limit) = (finite(claim.value), finite(claim.limit));
    let low = finite(claim.interval.as_ref().and_then(|i| i.low));
    let high = finite(claim.interval.as_ref().and_then(|i| i.high));
    let Some(limit) = limit else { return html! {} };
    let known: Vec<f64> = [value, low, high, Some(limit)].into_iter().flatten().collect();
    if known.len() < 2 {
        return html! {};
    }
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Where one end is many times the other, the smaller ones would be one blot.
    let log = least > 0.0 && most / least > 8.0;
    let scale = |v: f64| if log { v.ln() } else { v };
    let (from, span) = (scale(least), scale(most) - scale(least));
    let place = |v: f64| {
        let share = if span > 0.0 { (scale(v) - from) / span } else { 0.5 };
        format!("{:.1}", MARGIN + share * (WIDTH - 2.0 * MARGIN))
    };
    // An end without a bound reaches the picture's edge.
    let has_interval = claim.interval.is_some() && (low.is_some() || high.is_some());
    let start = low.map_or_else(|| "0".to_owned(), place);
    let end = high.map_or_else(|| WIDTH.to_string(), place);
    let mut told = format!("measured {}", claim.measured);
    if let Some(interval) = &claim.interval {
        told.push_str(&format!(", {}", figure::interval(interval, &claim.unit)));
    }
    told.push_str(&format!(", limit {}", figure::value(limit, &claim.unit)));
    html! {
        svg.interval.(Found::of(claim).tone) viewBox="0 0 150 20" role="img" aria-label=(told) {
            title { (told) }
            line.rail x1="0" x2="150" y1="10" y2="10" {}
            @if has_interval { line.range x1=(start) x2=(end) y1="10" y2="10" {} }
            line.limit x1=(place(limit)) x2=(place(limit)) y1="1" y2="19" {}
            @if let Some(value) = value { circle.dot cx=(place(value)) cy="10" r="4" {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_value_beyond_its_limit_lies_beyond_it() {
        let mut claim = sample::passed().claims[3].clone();
        let at = |claim: &ClaimRecord| {
            let svg = picture(claim).0;
            let number = |key: &str| svg.split(key).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
            (number("cx=\""), number("class=\"limit\" x1=\""))
        };
        let (value, limit) = at(&claim);
        assert!(value < limit, "412 ms, limit 800 ms");
        claim.value = Some(30.0);
        let (value, limit) = at(&claim);
        assert!(value > limit);
    }

    #[test]
    fn what_is_not_known_is_not_drawn() {
        let mut claim = sample::passed().claims[3].clone();
        claim.value = Some(f64::NAN);
        claim.interval = None;
        assert!(picture(&claim).0.is_empty(), "a limit alone");
        claim.interval = Some(Interval { low: Some(1.9), high: None, level: 0.95, decides: true });
        let svg = picture(&claim).0;
        assert!(svg.contains("x2=\"150\"") && !svg.contains("<circle"), "{svg}");
        claim.limit = None;
        assert!(picture(&claim).0.is_empty());
    }
}
