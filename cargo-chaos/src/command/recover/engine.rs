//! Containers and networks of tests that have ended.

use super::found::{Item, Leftovers, PlaceOf, State};
use chaos_runtime::Result;
use chaos_runtime::target::container::{Orphan, orphans, remove_orphan};

/// Adds what is there, and removes it if asked to. An engine that is not there has nothing of ours, and is a note.
pub(super) fn look(undo: bool, leftovers: &mut Leftovers) -> Result<()> {
    super::wait(async {
        let found = match orphans().await {
            Ok(found) => found,
            Err(error) => {
                leftovers.note(format!("containers were not looked for: {}", error.message()));
                return;
            }
        };
        for orphan in found {
            let removed = if undo { Some(remove_orphan(&orphan).await) } else { None };
            leftovers.items.push(item(&orphan, removed));
        }
    })
}

fn item(orphan: &Orphan, removed: Option<Result<()>>) -> Item {
    let (state, error) = match removed {
        None => (State::Left, None),
        Some(Ok(())) => (State::Undone, None),
        Some(Err(error)) => (State::Failed, Some(error.to_string())),
    };
    Item {
        place: PlaceOf::Engine,
        state,
        what: "remove it".to_owned(),
        target: orphan.to_string(),
        experiment: orphan.test.clone(),
        at: None,
        by_hand: Some(orphan.by_hand()),
        file: None,
        error,
    }
}
