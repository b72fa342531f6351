//! One part of a composed fault: its evidence while it is on.

use super::reins::Reins;
use crate::Result;
use crate::experiment::settings::{DEFAULT_CONFIRM, LAST_LOOK, LAST_LOOK_FAR, LOOK};
use crate::fault::{DynFault, Evidence, InjectCx};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a part may take until there is evidence.
pub(super) fn confirm_within(part: &dyn DynFault, cx: &InjectCx) -> Duration {
    cx.around.confirm.unwrap_or_else(|| part.confirm_within().unwrap_or_default().max(DEFAULT_CONFIRM))
}

/// Looks until there is evidence, or none is to be expected any more: the last look. An error when the undo is asked for.
pub(super) async fn confirm(part: &mut dyn DynFault, reins: &Reins, cx: &InjectCx) -> Result<Evidence> {
    let limit = Instant::now() + confirm_within(part, cx);
    let mut last: Option<Evidence> = None;
    loop {
        let left = limit.saturating_duration_since(Instant::now()).max(LOOK);
        let evidence = match reins.unless_stopped(timeout(left, part.evidence())).await? {
            Ok(evidence) => evidence.unwrap_or_else(|error| none_to_be_had(&error)),
            Err(_) => last.unwrap_or_else(|| Evidence::none("the confirmation did not answer")),
        };
        if evidence.is_seen() || evidence.is_hopeless() || Instant::now() >= limit {
            return Ok(evidence);
        }
        last = Some(evidence);
        reins.rest(LOOK).await?;
    }
}

/// What a part has to show right before its undo; `None` if it does not say so in time.
pub(super) async fn last_look(part: &mut dyn DynFault) -> Option<Evidence> {
    let limit = if part.confirm_within().is_some() { LAST_LOOK_FAR } else { LAST_LOOK };
    let evidence = timeout(limit, part.evidence()).await.ok()?;
    Some(evidence.unwrap_or_else(|error| none_to_be_had(&error)))
}

pub(super) fn none_to_be_had(error: &crate::Error) -> Evidence {
    Evidence::none(format!("no evidence to be had: {}", error.without_help()))
}

/// The distinct targets of parts.
pub(super) fn targets<'a>(parts: impl Iterator<Item = &'a dyn DynFault>) -> Vec<String> {
    let mut targets = Vec::new();
    for part in parts {
        let target = part.target();
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// The sum of hits, where anything was counted.
pub(super) fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}
