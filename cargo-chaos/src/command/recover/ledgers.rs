//! What stands in the undo ledgers of this machine.

use super::found::{Item, Leftovers, PlaceOf, State};
use crate::context::Place;
use chaos_runtime::Result;
use chaos_runtime::rollback::{self, Leftover};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Adds what stands there, and undoes what nobody owns if asked to.
pub(super) fn look(place: &Place, undo: bool, leftovers: &mut Leftovers) -> Result<()> {
    for folder in folders(place)? {
        let found = rollback::leftovers(&folder);
        let shown = found.iter().filter(|left| !undo || left.owned || is_aside(&left.file));
        leftovers.items.extend(shown.map(|left| {
            let state = if left.owned { State::InUse } else { State::Left };
            item(&left.file, &left.leftover, state, left.error.clone())
        }));
        if undo {
            leftovers.items.extend(rollback::recover(&folder).iter().filter(|one| !is_aside(&one.file)).map(|one| {
                let state = if one.error.is_none() { State::Undone } else { State::Failed };
                item(&one.file, &one.leftover, state, one.error.clone())
            }));
            // What the replay itself has just kept aside.
            let before: BTreeSet<_> = found.iter().map(|left| left.file.clone()).collect();
            let aside = rollback::leftovers(&folder).into_iter().filter(|left| is_aside(&left.file));
            let aside = aside.filter(|left| !before.contains(&left.file));
            leftovers.items.extend(aside.map(|left| item(&left.file, &left.leftover, State::Failed, left.error)));
        }
    }
    Ok(())
}

fn item(file: &Path, leftover: &Leftover, state: State, error: Option<String>) -> Item {
    let (place, file) = (PlaceOf::Machine, Some(file.to_owned()));
    match leftover.clone() {
        Leftover::Undo { experiment, what, target, at, by_hand } => Item {
            place,
            state,
            what,
            target,
            experiment: Some(experiment),
            at: Some(at),
            by_hand: Some(by_hand),
            file,
            error,
        },
        _ => Item {
            place,
            state,
            what: "a ledger that can't be read".to_owned(),
            target: "this machine".to_owned(),
            experiment: None,
            at: None,
            by_hand: None,
            file,
            error,
        },
    }
}

/// Whether a replay could not read all of it, and has kept it for a person to look at.
fn is_aside(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "unreadable")
}

/// Where ledgers may lie: beside the reports, in the target directory, and where tests without either write.
fn folders(place: &Place) -> Result<BTreeSet<PathBuf>> {
    let mut roots = vec![place.reports()?, std::env::temp_dir().join("chaos-test")];
    // Whoever names a place from outside of a project means that one.
    if let Ok(metadata) = place.metadata() {
        roots.push(metadata.target_directory.into_std_path_buf().join("chaos"));
    }
    // One place by several names is one place.
    Ok(roots.into_iter().filter_map(|root| root.join("undo").canonicalize().ok()).collect())
}
