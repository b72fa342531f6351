//! What a claim measured in earlier runs, as a small line with the change marked.

use crate::figure;
use crate::history;
use crate::report::journal::{ClaimRole, Journal};
use crate::report::text;
use maud::{Markup, html};

/// A claim's measured values, the oldest run first, this one last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trend {
    /// The claim's text.
    pub(super) claim: String,
    /// As in [`ClaimRecord`](crate::report::journal::ClaimRecord): `s`, `%`, `/s`, or nothing.
    pub(super) unit: String,
    /// One value a run; `None` where the run has none.
    pub(super) values: Vec<Option<f64>>,
    /// Since when it is different.
    pub(super) change: Option<Change>,
}

impl Trend {
    /// What a reader of this journal wants to see of its claims' past: the hypothesis, and whatever changed.
    pub(crate) fn of(journal: &Journal, past: &[history::Trend]) -> Vec<Self> {
        let told = |role| matches!(role, ClaimRole::Hypothesis | ClaimRole::Expectation);
        let found = journal.claims.iter().filter_map(|claim| {
            let trend = past.iter().find(|trend| trend.is_of(journal, &claim.text, claim.role))?;
            let change = trend.change_points.last().map(|change| Change {
                at: change.index,
                told: trend.sentence(change),
                is_worse: change.is_worse,
            });
            (told(claim.role) || change.is_some()).then(|| Self {
                claim: claim.text.clone(),
                unit: trend.unit.clone(),
                values: trend.points.iter().map(|point| point.value).collect(),
                change,
            })
        });
        found.collect()
    }
}

/// A change in a [`Trend`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The first value after it.
    pub(super) at: usize,
    /// In words: `rose 40 % since commit abc123`.
    pub(super) told: String,
    /// For the worse or for the better, where that can be told.
    pub(super) is_worse: Option<bool>,
}

impl Change {
    fn tone(&self) -> &'static str {
        match self.is_worse {
            Some(true) => "bad",
            Some(false) => "good",
            None => "odd",
        }
    }
}

const WIDTH: f64 = 180.0;
const HEIGHT: f64 = 34.0;

/// A table of trends with a line each; nothing for fewer than three runs.
pub(super) fn trends(trends: &[Trend]) -> Markup {
    let told: Vec<_> = trends.iter().filter(|trend| trend.values.iter().flatten().count() >= 3).collect();
    if told.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Trend" }
        div.scroll { table {
            thead { tr { th { "Claim" } th { "Runs, this one last" } th.n { "Now" } th { "Since when" } } }
            tbody { @for trend in told {
                tr.(trend.change.as_ref().map_or("", Change::tone)) {
                    td { code { (text::line(&trend.claim, 200)) } }
                    td { (sparkline(trend)) }
                    td.n { @if let Some(last) = trend.values.iter().rev().flatten().next() { (figure::value(*last, &trend.unit)) } }
                    td { @match &trend.change {
                        Some(change) => strong.tone { (text::line(&change.told, 200)) },
                        None => span.dim { "steady" },
                    } }
                }
            } }
        } }
    }
}

/// The values as a line, with limit and change.
fn sparkline(trend: &Trend) -> Markup {
    let known = || trend.values.iter().enumerate().filter_map(|(i, v)| Some((i, v.filter(|v| v.is_finite())?)));
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (_, v)| (l.min(v), h.max(v)));
    let span = if high > low { high - low } else { 1.0 };
    let last = trend.values.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| 3.0 + i as f64 / last * (WIDTH - 6.0);
    let y = |v: f64| HEIGHT - 4.0 - (v - low) / span * (HEIGHT - 8.0);
    let points: Vec<String> = known().map(|(i, v)| format!("{:.1},{:.1}", x(i), y(v))).collect();
    let runs = figure::counted(trend.values.len() as u64, "run");
    let mut told = format!("{runs}, from {} to {}", figure::value(low, &trend.unit), figure::value(high, &trend.unit));
    if let Some(change) = &trend.change {
        told.push_str(&format!(", {}", text::line(&change.told, 200)));
    }
    html! {
        svg.sparkline viewBox="0 0 180 34" role="img" aria-label=(told) {
            title { (told) }
            @if let Some(change) = &trend.change {
                @let at = x(change.at.min(trend.values.len())) - 0.5 / last * (WIDTH - 6.0);
                line.change x1=(format!("{at:.1}")) x2=(format!("{at:.1}")) y1="0" y2="34" {}
            }
            polyline.path points=(points.join(" ")) {}
            @if let Some((i, v)) = known().next_back() { circle.last cx=(format!("{:.1}", x(i))) cy=(format!("{:.1}", y(v))) r="3" {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: &[f64]) -> Trend {
        Trend {
            claim: "during(p99 < 800ms)".to_owned(),
            unit: "s".to_owned(),
            values: values.iter().copied().map(Some).collect(),
            change: Some(Change { at: 2, told: "rose 40 % since commit <abc>".to_owned(), is_worse: Some(true) }),
        }
    }

    #[test]
    fn a_change_is_marked_between_the_runs_before_and_after_it() {
        let html = trends(&[trend(&[0.2, 0.2, 0.4, 0.4, 0.4])]).0;
        assert!(html.contains("class=\"change\" x1=\"68.2\""), "{html}");
        assert!(html.contains("rose 40 % since commit &lt;abc&gt;"), "{html}");
        assert!(html.contains("400 ms"));
    }

    #[test]
    fn two_runs_are_no_trend() {
        assert!(trends(&[trend(&[0.2, 0.4])]).0.is_empty());
        let mut odd = trend(&[f64::NAN, 1.0, 1.0, 1.0]);
        odd.values.push(None);
        assert!(!trends(&[odd]).0.contains("NaN"));
    }
}
