//! Findings for people.

use super::Told;
use super::since::Since;
use crate::command::history::escaped;
use chaos_runtime::experiment::Urgency;
use chaos_runtime::history::{FindingState, Sighting, TrackedFinding};
use std::fmt::Write as _;

pub(super) fn render(findings: &[Told<'_>], what: &str) -> String {
    let mut text = headline(findings, what);
    for Told { finding, overdue } in findings {
        let mark = if *overdue { "OVERDUE " } else { "" };
        let _ = writeln!(text, "\n{mark}{}::{} {}", finding.package, finding.binary, finding.name);
        let _ = writeln!(text, "  {}", duty(finding));
        for claim in &finding.claims {
            let _ = writeln!(text, "  ✗ {}  measured {}", claim.text, claim.measured);
        }
        if finding.claims.is_empty() {
            let _ = writeln!(text, "  {}", finding.reason);
        }
        let _ = writeln!(text, "  {}", life(finding));
    }
    text
}

pub(super) fn markdown(findings: &[Told<'_>], what: &str) -> String {
    let mut text = format!("## {}\n", headline(findings, what).trim_end());
    if findings.is_empty() {
        return text;
    }
    text += "\n| finding | does not hold | urgency | owner | fix by | first seen | last seen |\n|---|---|---|---|---|---|---|\n";
    for Told { finding, overdue } in findings {
        let claims = finding
            .claims
            .iter()
            .map(|claim| format!("`{}`: {}", claim.text.replace('|', "\\|"), escaped(&claim.measured)));
        let due = finding.fix_by.as_deref().unwrap_or("–");
        let due = if *overdue { format!("**{due}, overdue**") } else { due.to_owned() };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {due} | {} | {} |",
            escaped(&finding.title()),
            claims.collect::<Vec<_>>().join("<br>"),
            urgency(finding),
            escaped(finding.owner.as_deref().unwrap_or("–")),
            sighting(&finding.first_seen),
            finding.resolved.as_ref().map_or_else(
                || format!("{} ({}×)", sighting(&finding.last_seen), finding.seen),
                |resolved| format!("{}, resolved {}", sighting(&finding.last_seen), sighting(resolved))
            ),
        );
    }
    text
}

/// The section of release notes: what was resolved, what is new, what is still open.
pub(super) fn changelog(all: &[TrackedFinding], since: &Since, today: &str) -> String {
    let name = escaped(&since.name);
    let is_open = |finding: &&TrackedFinding| finding.state == FindingState::Open;
    let resolved: Vec<_> = all.iter().filter(|finding| since.is_resolved(finding)).collect();
    let new: Vec<_> = all.iter().filter(is_open).filter(|finding| since.is_new(finding)).collect();
    let still: Vec<_> = all.iter().filter(is_open).filter(|finding| !since.is_new(finding)).collect();
    let mut text = "### Resilience\n".to_owned();
    for (title, findings) in [
        (format!("Resolved since {name}"), resolved),
        (format!("New since {name}"), new),
        ("Still open".to_owned(), still),
    ] {
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n#### {title}\n");
        for finding in findings {
            let _ = writeln!(text, "- {}", item(finding, today));
        }
    }
    if text.lines().count() == 1 {
        let _ = writeln!(text, "\nNo findings, open or resolved, since {name}.");
    }
    text
}

/// `**PAY-142** checkout: `during(p99 < 800ms)` (was 1.9 s) holds since 2026-11-20 (abc1234)`
fn item(finding: &TrackedFinding, today: &str) -> String {
    let title = match &finding.id {
        Some(id) => format!("**{}** {}", escaped(id), escaped(&finding.name)),
        None => format!("**{}**", escaped(&finding.name)),
    };
    let is_resolved = finding.state == FindingState::Resolved;
    let word = if is_resolved { "was" } else { "measured" };
    let claims = finding.claims.iter().map(|claim| format!("`{}` ({word} {})", claim.text, escaped(&claim.measured)));
    let claims = claims.collect::<Vec<_>>().join(", ");
    let claims = if claims.is_empty() { escaped(&finding.reason) } else { claims };
    match &finding.resolved {
        Some(resolved) if is_resolved => format!("{title}: {claims} holds since {}", sighting(resolved)),
        _ => {
            let mut text = format!("{title}: {claims} does not hold since {}", sighting(&finding.first_seen));
            if finding.urgency.is_some() {
                text += &format!("; {}", urgency(finding));
            }
            if let Some(owner) = &finding.owner {
                text += &format!("; {}", escaped(owner));
            }
            if let Some(fix_by) = &finding.fix_by {
                let overdue = if finding.is_overdue(today) { ", **overdue**" } else { "" };
                text += &format!("; to be fixed by {fix_by}{overdue}");
            }
            text
        }
    }
}

fn headline(findings: &[Told<'_>], what: &str) -> String {
    let overdue = findings.iter().filter(|told| told.overdue).count();
    let overdue = if overdue > 0 { format!(", {overdue} overdue") } else { String::new() };
    match findings.len() {
        0 => format!("No {what}s\n"),
        1 => format!("1 {what}{overdue}\n"),
        many => format!("{many} {what}s{overdue}\n"),
    }
}

/// `PAY-142, high, payments team, to be fixed by 2027-01-31`
fn duty(finding: &TrackedFinding) -> String {
    let id = finding.id.clone().unwrap_or_else(|| "no ticket".to_owned());
    let owner = finding.owner.as_deref().unwrap_or("no owner set");
    let due = finding.fix_by.as_ref().map_or_else(|| "no date set".to_owned(), |day| format!("to be fixed by {day}"));
    format!("{id}, {}, {owner}, {due}", urgency(finding))
}

fn urgency(finding: &TrackedFinding) -> &'static str {
    match finding.urgency {
        None => "no urgency set",
        Some(Urgency::Low) => "low",
        Some(Urgency::Medium) => "medium",
        Some(Urgency::High) => "high",
        Some(Urgency::Critical) => "critical",
    }
}

/// `profile local, seen 12 times from 2026-11-02 (abc1234) to 2026-11-20 (def5678)`
fn life(finding: &TrackedFinding) -> String {
    let seen = if finding.seen == 1 {
        format!("seen once, {}", sighting(&finding.first_seen))
    } else {
        let (first, last) = (sighting(&finding.first_seen), sighting(&finding.last_seen));
        format!("seen {} times from {first} to {last}", finding.seen)
    };
    let resolved = finding.resolved.as_ref().map(|at| format!(", resolved {}", sighting(at))).unwrap_or_default();
    let again = match finding.earlier_times {
        0 => String::new(),
        1 => "; had been resolved once before".to_owned(),
        many => format!("; had been resolved {many} times before"),
    };
    format!("profile {}, {seen}{resolved}{again}", finding.profile)
}

/// `2026-11-02 (abc1234)`
fn sighting(sighting: &Sighting) -> String {
    match &sighting.commit {
        Some(commit) => {
            format!("{} ({})", sighting.day(), commit.get(..7).filter(|_| commit.len() >= 12).unwrap_or(commit))
        }
        None => sighting.day().to_owned(),
    }
}
