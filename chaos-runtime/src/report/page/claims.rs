//! Claims with what was found about them.

use super::interval;
use super::shell::icon;
use super::text::whole;
use crate::figure;
use crate::report::journal::{ClaimRecord, ClaimRole, Journal, Judgement};
use maud::{Markup, html};

/// The order in which a reader wants them.
const ROLES: [(ClaimRole, &str); 5] = [
    (ClaimRole::Hypothesis, "Hypothesis"),
    (ClaimRole::Expectation, "Expectations of the body"),
    (ClaimRole::Guard, "Guards"),
    (ClaimRole::SteadyState, "Steady state, before"),
    (ClaimRole::SteadyStateAfter, "Steady state, again"),
];

/// All of them in one table.
pub(super) fn table(journal: &Journal) -> Markup {
    if journal.claims.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Claims" }
        div.scroll {
            table.claims.stack {
                thead { tr {
                    th { span.visually-hidden { "Judgement" } }
                    th { "Claim" }
                    th.n { "Measured" } th.n { "Limit" } th.n { "Interval" } th.n { "n" }
                    th { span.visually-hidden { "Interval and limit as a picture" } }
                } }
                @for (role, title) in ROLES {
                    @let claims: Vec<_> = journal.claims.iter().filter(|claim| claim.role == role).collect();
                    @if !claims.is_empty() {
                        tbody {
                            tr.role { th colspan="7" scope="rowgroup" { (title) } }
                            @for claim in claims { (row(claim)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(claim: &ClaimRecord) -> Markup {
    let found = Found::of(claim);
    let judged = claim.judgement != Judgement::NotJudged;
    let value = |v: f64| figure::value(v, &claim.unit);
    html! {
        tr.(found.tone) {
            td { (icon(found.shape)) span.visually-hidden { (found.word) } }
            td {
                code { (whole(&claim.text)) }
                @if !claim.remark.is_empty() { span.remark { (whole(&claim.remark)) } }
                @if !judged { span.remark { "not judged: the experiment ended before" } }
            }
            @if judged {
                td.n data-label="measured" {
                    span.measured { @if found.tripped { "tripped: " } (whole(&claim.measured)) }
                }
                td.n data-label="limit" { @if let Some(limit) = claim.limit { (value(limit)) } }
                td.n data-label="interval" { @if let Some(of) = &claim.interval { (interval::ends(of, &claim.unit)) } }
                td.n data-label="n" { (figure::count(claim.samples)) }
                td { (interval::picture(claim)) }
            } @else {
                td.n {} td.n {} td.n {} td.n {} td {}
            }
        }
    }
}

/// How a judgement shows.
pub(super) struct Found {
    pub(super) tone: &'static str,
    shape: &'static str,
    word: &'static str,
    tripped: bool,
}

impl Found {
    /// A guard is fine when it does not hold.
    pub(super) fn of(claim: &ClaimRecord) -> Self {
        let guard = claim.role == ClaimRole::Guard;
        let (tone, shape, word) = match (claim.judgement, guard) {
            (Judgement::Holds, false) => ("good", "passed", "holds"),
            (Judgement::Broken, false) => ("bad", "refuted", "false"),
            (Judgement::Broken, true) => ("good", "passed", "not tripped"),
            (Judgement::Holds, true) => ("bad", "aborted", "tripped"),
            (Judgement::Inconclusive, _) => ("odd", "inconclusive", "can't be told"),
            (Judgement::NotJudged, _) => ("info", "skipped", "not judged"),
        };
        Self { tone, shape, word, tripped: guard && claim.judgement == Judgement::Holds }
    }
}
