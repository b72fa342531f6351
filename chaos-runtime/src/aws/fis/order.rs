//! Which action starts when.

use super::Plan;
use std::collections::HashMap;
use std::time::Duration;

/// The names of the actions for which no other one waits.
pub(super) fn leaves(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.actions()
        .filter(|(name, _)| !plan.actions().any(|(_, other)| other.after.iter().any(|after| after == name)))
        .map(|(name, _)| name)
}

/// The names of the actions that wait for themselves, or for such a one.
pub(super) fn never_start(plan: &Plan) -> Vec<&str> {
    let mut waiting: Vec<_> = plan.actions().collect();
    loop {
        let before = waiting.len();
        let names: Vec<&str> = waiting.iter().map(|(name, _)| *name).collect();
        waiting.retain(|(_, action)| action.after.iter().any(|after| names.contains(&after.as_str())));
        if waiting.len() == before {
            return waiting.into_iter().map(|(name, _)| name).collect();
        }
    }
}

/// The time of the longest way through the plan.
pub(super) fn lasts(plan: &Plan) -> Option<Duration> {
    if !never_start(plan).is_empty() {
        return None;
    }
    let mut ends: HashMap<&str, Duration> = HashMap::new();
    let mut waiting: Vec<_> = plan.actions().collect();
    while !waiting.is_empty() {
        let names: Vec<&str> = waiting.iter().map(|(name, _)| *name).collect();
        let ready = |after: &[String]| !after.iter().any(|after| names.contains(&after.as_str()));
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, action)| ready(&action.after));
        for (name, action) in now {
            let starts = action.after.iter().filter_map(|after| ends.get(after.as_str())).max().copied();
            let end = starts.unwrap_or_default().checked_add(action.lasts()?)?;
            let known = ends.entry(name).or_default();
            *known = end.max(*known);
        }
        waiting = later;
    }
    Some(ends.into_values().max().unwrap_or_default())
}
