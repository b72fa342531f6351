//! The `<properties>` of an experiment: everything a dashboard may want to plot or filter by.

use super::case;
use crate::figure;
use crate::report::journal::{FaultRecord, Journal, LoadRecord, PhaseRecord, PhaseStats};
use crate::report::text;

/// Most characters of a value.
const VALUE_CHARS: usize = 2_000;
/// From more earlier attempts than this on they are counted.
const LISTED: usize = 10;

/// Names and values in a fixed order.
pub(super) fn of(journal: &Journal, earlier: &[String]) -> Vec<(String, String)> {
    let run = &journal.run;
    let experiment = &journal.experiment;
    let mut properties = vec![
        ("verdict".to_owned(), journal.verdict.name().to_owned()),
        ("seed".to_owned(), run.seed.to_string()),
        ("run".to_owned(), run.id.clone()),
        ("profile".to_owned(), run.profile.clone()),
        ("location".to_owned(), format!("{}:{}:{}", experiment.file, experiment.line, experiment.column)),
        ("doc".to_owned(), experiment.doc.clone()),
        ("os".to_owned(), run.os.clone()),
        ("chaos-runtime".to_owned(), run.version.clone()),
        ("replay".to_owned(), journal.replay.clone()),
    ];
    if let Some(confidence) = run.confidence {
        properties.push(("confidence".to_owned(), figure::percent(100.0 * confidence)));
    }
    if !earlier.is_empty() {
        let n = earlier.len() as u64;
        let text = format!("{} in this run: {}", figure::counted(n, "earlier attempt"), ends(earlier));
        properties.push(("attempts".to_owned(), text));
    }
    for phase in &journal.phases {
        properties.push((
            format!("phase.{}.seconds", phase.kind.name()),
            figure::seconds(phase.end_us - phase.start_us.min(phase.end_us)),
        ));
    }
    for (i, fault) in journal.faults.iter().enumerate() {
        fault_properties(&mut properties, &format!("fault.{}", i + 1), fault);
    }
    for load in &journal.loads {
        load_properties(&mut properties, load, &journal.phases);
    }
    for (i, claim) in journal.claims.iter().enumerate() {
        properties.push((format!("claim.{}", i + 1), format!("{}: {}", claim.text, case::bounds(claim))));
    }
    if let Some(finding) = &journal.finding {
        let fields = [("id", &finding.id), ("owner", &finding.owner), ("fix_by", &finding.fix_by)];
        for (name, value) in fields {
            properties.extend(value.as_ref().map(|value| (format!("finding.{name}"), value.clone())));
        }
    }
    properties.extend(journal.notes.iter().map(|note| ("note".to_owned(), note.clone())));
    for (name, value) in &mut properties {
        *name = text::line(name, 200);
        *value = text::line(value, VALUE_CHARS);
    }
    properties
}

/// `refuted, killed`; of many attempts `passed 998 times, refuted twice` as figures: `998 passed, 2 refuted`.
fn ends(earlier: &[String]) -> String {
    if earlier.len() <= LISTED {
        return earlier.join(", ");
    }
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for end in earlier {
        match counts.iter_mut().find(|(known, _)| known == end) {
            Some((_, count)) => *count += 1,
            None => counts.push((end, 1)),
        }
    }
    counts.iter().map(|(end, count)| format!("{} {end}", figure::count(*count))).collect::<Vec<_>>().join(", ")
}

fn fault_properties(properties: &mut Vec<(String, String)>, prefix: &str, fault: &FaultRecord) {
    properties.push((prefix.to_owned(), text::harm(&fault.what, &fault.target)));
    properties.push((format!("{prefix}.evidence"), fault.evidence.clone()));
    let confirmed = fault.confirmed_us.map(|at| at.saturating_sub(fault.injected_us));
    let recovery = fault.recovery.as_ref();
    let figures = [
        ("seconds_to_confirm", confirmed),
        ("seconds_to_detect", recovery.and_then(|r| r.time_to_detect_us)),
        ("recovery_seconds", recovery.and_then(|r| r.counted_us())),
        ("unavailability_seconds", recovery.map(|r| r.unavailability_us)),
    ];
    properties
        .extend(figures.into_iter().filter_map(|(name, us)| Some((format!("{prefix}.{name}"), figure::seconds(us?)))));
    properties.extend(fault.hits.map(|hits| (format!("{prefix}.hits"), hits.to_string())));
    properties.extend(recovery.map(|r| (format!("{prefix}.recovery"), r.state.name().to_owned())));
}

fn load_properties(properties: &mut Vec<(String, String)>, load: &LoadRecord, phases: &[PhaseRecord]) {
    let name = if load.control { format!("{} (control)", load.name) } else { load.name.clone() };
    properties.push((format!("load.{name}"), load.what.clone()));
    for (stats, phase) in load.phases.iter().zip(phases) {
        let PhaseStats { operations, succeeded, response, failure_response, .. } = stats;
        let prefix = format!("load.{name}.{}", stats.phase.name());
        let length = phase.end_us.saturating_sub(phase.start_us) as f64 / 1e6;
        properties.push((format!("{prefix}.operations"), operations.to_string()));
        if *operations > 0 {
            let rate = 100.0 * *succeeded as f64 / *operations as f64;
            properties.push((format!("{prefix}.success_percent"), format!("{rate:.4}")));
        }
        if length > 0.0 {
            properties.push((format!("{prefix}.per_second"), format!("{:.3}", *operations as f64 / length)));
        }
        // As in the terminal: quantiles of what succeeded, the slowest of all.
        let slowest = response.max_us.max(failure_response.max_us);
        let figures = [
            ("p50", response.p50_us, response.count),
            ("p99", response.p99_us, response.count),
            ("max", slowest, response.count + failure_response.count),
        ];
        let measured = figures.into_iter().filter(|(.., count)| *count > 0);
        properties.extend(
            measured.map(|(name, us, _)| (format!("{prefix}.{name}_seconds"), format!("{:.6}", us as f64 / 1e6))),
        );
    }
}
