//! Acknowledged operations against what was found.

use super::text::whole;
use crate::figure;
use crate::report::journal::{Journal, LedgerIds, LedgerRecord};
use maud::{Markup, html};

/// How many ids of a kind are shown; the journal has more.
const SHOWN: usize = 100;

pub(super) fn all(journal: &Journal) -> Markup {
    html! { @for ledger in &journal.ledgers { (one(ledger)) } }
}

fn one(ledger: &LedgerRecord) -> Markup {
    let LedgerRecord { lost, duplicated, unexpected, resurrected, recovered, .. } = ledger;
    let kinds = [
        ("lost", "acknowledged, not found", lost, true),
        ("duplicated", "found more than once", duplicated, true),
        ("unexpected", "found, never attempted", unexpected, true),
        ("resurrected", "found although refused", resurrected, true),
        ("recovered", "found, neither acknowledged nor refused", recovered, false),
    ];
    html! {
        h3 { "Ledger " code { (whole(&ledger.name)) } }
        @if let Some(error) = &ledger.error {
            p.bad { strong.tone { "It could not be read: " } (whole(error)) }
        } @else {
            p { (figure::count(ledger.attempted)) " attempted · " (figure::count(ledger.acknowledged)) " acknowledged · "
                (figure::count(ledger.refused)) " refused · " (figure::count(ledger.found)) " found" }
            div.scroll { table {
                thead { tr { th { "Difference" } th.n { "Count" } th { "Meaning" } th { "Ids" } } }
                tbody { @for (name, meaning, ids, grave) in kinds {
                    tr.(if grave && ids.count > 0 { "bad" } else { "" }) {
                        th scope="row" { (name) }
                        td.n { span.tone[grave && ids.count > 0] { (figure::count(ids.count)) } }
                        td.dim { (meaning) }
                        td { (list(ids)) }
                    }
                } }
            } }
        }
    }
}

fn list(ids: &LedgerIds) -> Markup {
    let shown = ids.ids.iter().take(SHOWN).map(|id| crate::report::text::line(id, 120)).collect::<Vec<_>>();
    let rest = ids.count.saturating_sub(shown.len() as u64);
    let few = shown.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    html! {
        @if shown.len() > 5 {
            details.fold { summary { code { (few) } " …" }
                code { (shown[5..].join(", ")) } @if rest > 0 { " and " (figure::count(rest)) " more" } }
        } @else if !shown.is_empty() { code { (few) } @if rest > 0 { " and " (figure::count(rest)) " more" } }
    }
}
