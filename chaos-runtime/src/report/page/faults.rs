//! What was injected, what proves it, how the system came back, and what is left.

use super::text::{code, whole};
use crate::figure;
use crate::report::journal::{FaultRecord, Journal, RecoveryRecord, RollbackRecord};
use crate::report::text::harm;
use maud::{Markup, html};

/// Harm that is still there, with the way to end it. Comes before everything else.
pub(super) fn left_behind(journal: &Journal) -> Markup {
    let failed: Vec<_> = journal.rollback.iter().filter(|undo| undo.error.is_some()).collect();
    if failed.is_empty() {
        return html! {};
    }
    html! {
        div.left {
            h3 { "Left behind: undo this by hand" }
            ul { @for undo in failed { li {
                p { strong { (whole(&harm(&undo.what, &undo.target))) } " failed "
                    (figure::counted(undo.attempts.into(), "time")) ": " (code(undo.error.as_deref().unwrap_or_default())) }
                (command(&undo.by_hand))
            } } }
        }
    }
}

/// A command to be copied.
pub(super) fn command(text: &str) -> Markup {
    html! { div.command { pre { (whole(text)) } button.copy.needs-js type="button" data-copy { "Copy" } } }
}

/// A card for each fault.
pub(super) fn cards(journal: &Journal) -> Markup {
    if journal.faults.is_empty() {
        return html! {};
    }
    html! {
        h3 { @if journal.faults.len() == 1 { "Fault" } @else { "Faults" } }
        @for fault in &journal.faults { (card(fault)) }
    }
}

fn card(fault: &FaultRecord) -> Markup {
    let after = |us: Option<u64>| us.map(|us| figure::duration(us.saturating_sub(fault.injected_us)));
    let mut when = format!("injected at {}", figure::duration(fault.injected_us));
    match after(fault.confirmed_us) {
        Some(after) => when.push_str(&format!(", confirmed after {after}")),
        None => when.push_str(", never confirmed"),
    }
    if let Some(cleared) = fault.cleared_us {
        let held = after(Some(cleared)).unwrap_or_default();
        let ended = if fault.one_shot { "over at" } else { "cleared at" };
        when.push_str(&format!(", {ended} {} ({held} long)", figure::duration(cleared)));
    }
    let seen = fault.confirmed_us.is_some();
    html! {
        div.fault-card {
            p.what { (whole(&harm(&fault.what, &fault.target))) " "
                span.dim.small { @if fault.one_shot { "(one-shot)" } @else { "(held)" } } }
            dl.pairs {
                dt { "When" } dd { (when) }
                dt { @if seen { "Evidence" } @else { "No evidence" } }
                dd.(if seen { "" } else { "odd" }) { span.tone[!seen] { (whole(&fault.evidence)) }
                    @if let Some(hits) = fault.hits { " (" (figure::counted(hits, "hit")) ")" } }
                @if let Some(recovery) = &fault.recovery { dt { "Recovery" } dd { (told(recovery)) } }
            }
        }
    }
}

fn told(recovery: &RecoveryRecord) -> String {
    let mut text = recovery.state.name().to_owned();
    let mut add = |label: &str, us: Option<u64>, what: &str| {
        if let Some(us) = us {
            text.push_str(&format!("{label}{}{what}", figure::duration(us)));
        }
    };
    add(" ", recovery.from_clearance_us, " after clearance");
    add(", ", recovery.from_injection_us, " after injection");
    add("; first bad stretch ", recovery.time_to_detect_us, " after confirmation");
    add("; first success after ", recovery.first_success_us, "");
    add("; longest stretch without a success ", Some(recovery.unavailability_us), "");
    text
}

/// Undos and how they ended.
pub(super) fn rollback(journal: &Journal) -> Markup {
    if journal.rollback.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Rollback" }
        div.scroll { table {
            thead { tr { th { "Undo" } th.n { "At" } th.n { "Took" } th.n { "Attempts" } th { "Ended" } } }
            tbody { @for undo in &journal.rollback { (undone(undo)) } }
        } }
    }
}

fn undone(undo: &RollbackRecord) -> Markup {
    html! {
        tr.(if undo.error.is_some() { "bad" } else { "good" }) {
            td { (whole(&harm(&undo.what, &undo.target))) }
            td.n { (figure::duration(undo.at_us)) }
            td.n { (figure::duration(undo.took_us)) }
            td.n { (undo.attempts) }
            td { @match &undo.error {
                Some(error) => { strong.tone { "failed: " } (whole(error)) }
                None => { "undone" @if let Some(remark) = &undo.remark { ": " (whole(remark)) } }
            } }
        }
    }
}
