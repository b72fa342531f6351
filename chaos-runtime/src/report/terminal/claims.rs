//! Claims with what was found about them.

use super::page::{Page, Tone};
use crate::figure;
use crate::report::columns;
use crate::report::journal::{ClaimRecord, ClaimRole, Journal, Judgement};

/// The order in which a reader wants them.
const ROLES: [ClaimRole; 5] = [
    ClaimRole::Hypothesis,
    ClaimRole::Expectation,
    ClaimRole::Guard,
    ClaimRole::SteadyState,
    ClaimRole::SteadyStateAfter,
];

/// One group for each role, with intervals and remarks.
pub(super) fn by_role(page: &mut Page, journal: &Journal) {
    let width = text_width(journal.claims.iter());
    for role in ROLES {
        let claims: Vec<_> = journal.claims.iter().filter(|claim| claim.role == role).collect();
        if claims.is_empty() {
            continue;
        }
        page.heading(super::role(role));
        if claims.iter().all(|claim| claim.judgement == Judgement::NotJudged) {
            let texts: Vec<_> = claims.iter().map(|claim| claim.text.as_str()).collect();
            page.marked(2, "·", &format!("not judged, the experiment ended before: {}", texts.join(", ")));
            continue;
        }
        for claim in claims {
            line(page, claim, width, true);
            if !claim.remark.is_empty() {
                page.wrapped(6, &claim.remark);
            }
        }
    }
}

/// The claims of a passed experiment: hypothesis and expectations, and whether the steady state was and is there.
pub(super) fn one_block(page: &mut Page, journal: &Journal) {
    let told = |claim: &&ClaimRecord| matches!(claim.role, ClaimRole::Hypothesis | ClaimRole::Expectation);
    let width = text_width(journal.claims.iter().filter(told));
    for claim in journal.claims.iter().filter(told) {
        line(page, claim, width, false);
        if !claim.remark.is_empty() {
            page.wrapped(6, &claim.remark);
        }
    }
    let held = |role| {
        let claims = journal.claims.iter().filter(|claim| claim.role == role);
        claims.clone().count() > 0 && claims.into_iter().all(|claim| claim.judgement == Judgement::Holds)
    };
    let text = match (held(ClaimRole::SteadyState), held(ClaimRole::SteadyStateAfter)) {
        (true, true) => "steady state met before and again after",
        (true, false) => "steady state met before",
        (false, true) => "steady state met after",
        (false, false) => return,
    };
    let mark = page.paint(Tone::Good, "✓");
    page.marked(2, &mark, text);
}

fn text_width<'a>(claims: impl Iterator<Item = &'a ClaimRecord>) -> usize {
    claims.map(|claim| columns::of(&claim.text)).max().unwrap_or(0).min(44)
}

/// `✗ during(p99 < 800ms)   1.21 s, limit 800 ms  (95 % interval …, n = 2,010)`
fn line(page: &mut Page, claim: &ClaimRecord, width: usize, details: bool) {
    let (tone, mark) = mark(claim);
    let mark = page.paint(tone, mark);
    let mut found = match claim.judgement {
        Judgement::NotJudged => "not judged: the experiment ended before".to_owned(),
        _ if claim.role == ClaimRole::Guard && claim.judgement == Judgement::Holds => {
            format!("tripped: {}", claim.measured)
        }
        _ => claim.measured.clone(),
    };
    let mut facts = Vec::new();
    if claim.judgement != Judgement::NotJudged {
        if let Some(limit) = claim.limit {
            found.push_str(&format!(", limit {}", figure::value(limit, &claim.unit)));
        }
        if details {
            facts.extend(claim.interval.as_ref().map(|interval| figure::interval(interval, &claim.unit)));
        }
        facts.push(format!("n = {}", figure::count(claim.samples)));
    }
    let facts = facts.join(", ");
    let room = page.width() - 4;
    let head = format!("{}  {found}", columns::padded(&claim.text, width));
    let whole = if facts.is_empty() { head.clone() } else { format!("{head}  ({facts})") };
    // Lines that fit are not wrapped, so that the columns stay.
    if columns::of(&whole) <= room {
        page.raw(&format!("  {mark} {whole}"));
        return;
    }
    if columns::of(&head) <= room {
        page.raw(&format!("  {mark} {head}"));
    } else {
        page.marked(2, &mark, &claim.text);
        page.wrapped(6, &found);
    }
    page.wrapped(6, &facts);
}

/// A guard is fine when it does not hold.
fn mark(claim: &ClaimRecord) -> (Tone, &'static str) {
    match (claim.judgement, claim.role) {
        (Judgement::Broken, ClaimRole::Guard) => (Tone::Good, "✓"),
        (Judgement::Holds, ClaimRole::Guard) => (Tone::Bad, "✗"),
        (Judgement::Holds, _) => (Tone::Good, "✓"),
        (Judgement::Broken, _) => (Tone::Bad, "✗"),
        (Judgement::Inconclusive, _) => (Tone::Odd, "?"),
        (Judgement::NotJudged, _) => (Tone::Odd, "·"),
    }
}
