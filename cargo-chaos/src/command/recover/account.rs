//! FIS experiments and templates of tests that have ended.

use super::found::{Item, Leftovers, PlaceOf, State};
use chaos_runtime::Result;
use chaos_runtime::aws::{Orphan, OrphanKind, orphans, sweep};

/// Adds what is in the profile's account, and ends it if asked to.
pub(super) fn look(profile: &str, undo: bool, leftovers: &mut Leftovers) -> Result<()> {
    super::wait(async {
        let found = orphans(profile).await?;
        let failed = if undo && !found.is_empty() { Some(sweep(profile).await?.failed) } else { None };
        for orphan in &found {
            leftovers.items.push(item(orphan, failed.as_deref()));
        }
        Ok(())
    })?
}

/// `failed`: what the sweep could not end, a line each that names the thing first; none if there was no sweep.
fn item(orphan: &Orphan, failed: Option<&[String]>) -> Item {
    let name = orphan.to_string();
    let why = failed.and_then(|failed| failed.iter().find_map(|line| line.strip_prefix(&format!("{name}: "))));
    let state = match (failed, why) {
        (None, _) => State::Left,
        (Some(_), None) => State::Undone,
        (Some(_), Some(_)) => State::Failed,
    };
    Item {
        place: PlaceOf::Account,
        state,
        what: match orphan.kind {
            OrphanKind::Template => "delete it".to_owned(),
            _ => "stop it".to_owned(),
        },
        target: name,
        experiment: Some(orphan.test.clone()),
        at: None,
        by_hand: Some(orphan.by_hand()),
        file: None,
        error: why.map(str::to_owned),
    }
}
