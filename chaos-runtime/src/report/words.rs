//! Sentences that all reports share.

use super::journal::{FaultRecord, Finding, RecoveryRecord, RecoveryState};
use crate::figure::duration;

/// `injected at 4 s, confirmed after 50 ms, cleared at 14.1 s`
pub(super) fn times(fault: &FaultRecord) -> String {
    let confirmed = match fault.confirmed_us {
        Some(at) => format!("confirmed after {}", duration(at.saturating_sub(fault.injected_us))),
        None => "never confirmed".to_owned(),
    };
    let cleared = match fault.cleared_us {
        Some(at) if fault.one_shot => format!("over at {}", duration(at)),
        Some(at) => format!("cleared at {}", duration(at)),
        None if fault.one_shot => "not over at the end".to_owned(),
        None => "not cleared".to_owned(),
    };
    format!("injected at {}, {confirmed}, {cleared}", duration(fault.injected_us))
}

/// `recovered 1.95 s after clearance (11.9 s after injection), first bad stretch …`
pub(super) fn recovery(recovery: &RecoveryRecord) -> String {
    let mut parts = Vec::new();
    let clearance = recovery.from_clearance_us.map(|us| format!("{} after clearance", duration(us)));
    let injection = recovery.from_injection_us.map(|us| format!("{} after injection", duration(us)));
    // The clock that `recovery` claims read comes first.
    let clocks = if recovery.counts_from_clearance { [clearance, injection] } else { [injection, clearance] };
    let clocks = clocks.into_iter().flatten().collect::<Vec<_>>();
    parts.push(match (recovery.state, clocks.as_slice()) {
        (RecoveryState::NoEffect, _) => "no effect: the steady state was never left".to_owned(),
        (state, []) => state.name().to_owned(),
        (state, [one]) => format!("{} {one}", state.name()),
        (state, [first, second, ..]) => format!("{} {first} ({second})", state.name()),
    });
    parts.extend(recovery.time_to_detect_us.map(|us| format!("first bad stretch {} after confirmation", duration(us))));
    parts.extend(recovery.first_success_us.map(|us| format!("first success after {}", duration(us))));
    parts.push(format!("longest stretch without a success {}", duration(recovery.unavailability_us)));
    parts.join(", ")
}

/// What is known of a finding beyond its claims: `PAY-142 · urgency high · owner payments · fix by 2027-01-31`. Empty
/// if that is nothing.
pub(super) fn finding(finding: &Finding) -> String {
    let urgency = finding.urgency.map(|urgency| format!("{urgency:?}").to_lowercase());
    let parts = [
        finding.id.clone(),
        urgency.map(|urgency| format!("urgency {urgency}")),
        finding.owner.as_ref().map(|owner| format!("owner {owner}")),
        finding.fix_by.as_ref().map(|date| format!("fix by {date}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The first paragraph of a doc comment in one line; its lines were broken for the source file.
pub(super) fn summary(doc: &str) -> String {
    doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
