//! Ledgers: what was said to be kept, and what was found.

use super::page::Page;
use crate::figure;
use crate::report::journal::{Journal, LedgerIds, LedgerRecord};

/// How many ids of a kind are shown; the journal has more.
const SHOWN: usize = 10;

/// One block for each ledger.
pub(super) fn all(page: &mut Page, journal: &Journal) {
    if journal.ledgers.is_empty() {
        return;
    }
    page.heading("ledgers");
    for ledger in &journal.ledgers {
        page.marked(2, "-", &headline(ledger));
        let LedgerRecord { lost, duplicated, unexpected, resurrected, recovered, .. } = ledger;
        for (kind, ids) in [
            ("lost", lost),
            ("duplicated", duplicated),
            ("unexpected", unexpected),
            ("resurrected", resurrected),
            ("recovered (allowed)", recovered),
        ] {
            if ids.count > 0 {
                page.wrapped(4, &format!("{kind}: {}", shown(ids)));
            }
        }
    }
}

fn headline(ledger: &LedgerRecord) -> String {
    if let Some(error) = &ledger.error {
        return format!("{}: could not be read: {error}", ledger.name);
    }
    let LedgerRecord { name, attempted, acknowledged, refused, found, .. } = ledger;
    let [attempted, acknowledged, refused, found] =
        [attempted, acknowledged, refused, found].map(|n| figure::count(*n));
    format!("{name}: {attempted} attempted, {acknowledged} acknowledged, {refused} refused, {found} found")
}

/// `3: a, b, c` or `2,000: a, b, … and 1,990 more`.
fn shown(ids: &LedgerIds) -> String {
    let first = ids.ids.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = ids.count.saturating_sub(ids.ids.len().min(SHOWN) as u64);
    let more = if more > 0 { format!(" and {} more", figure::count(more)) } else { String::new() };
    format!("{}: {first}{more}", figure::count(ids.count))
}
