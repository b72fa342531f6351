//! What is kept beyond `cargo clean`: the project's history.

use crate::context::Place;
use chaos_runtime::Result;
use chaos_runtime::history::Store;
use std::path::PathBuf;

/// The history that the project's tests write.
pub(crate) fn store(place: &Place) -> Result<Store> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let asked = place.dir.clone().or_else(|| set("CHAOS_DIR"));
    let root = match place.metadata() {
        Ok(metadata) => metadata.workspace_root.into_std_path_buf(),
        // Who says where it lies needs no project.
        Err(_) if asked.is_some() || set("CHAOS_HISTORY").is_some() => PathBuf::from("."),
        Err(error) => return Err(error),
    };
    let store = Store::of_project(&root, asked.as_deref());
    if store.exists() {
        return Ok(store);
    }
    // Where the workspace could not be written to, tests use this one.
    let beside = Store::beside_reports(&place.reports().unwrap_or_default());
    Ok(if beside.exists() { beside } else { store })
}

/// What to do where nothing is kept yet.
pub(crate) fn nothing(store: &Store) -> String {
    format!(
        "no history yet: nothing is kept in {}\nrun your chaos tests (`cargo chaos run`), or add what another machine has \
         kept with `cargo chaos history --merge DIR`\n",
        store.dir().display()
    )
}
