//! Where the history lies.

use crate::config;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// In the workspace's root, as what `cargo clean` removes would be no history.
const FOLDER: &str = ".chaos";

/// Beneath it, and beneath a directory for reports.
const NAME: &str = "history";

/// `CHAOS_HISTORY` (relative: from the workspace's root), else `history` in the directory that reports are asked to go to,
/// else `.chaos/history` in the root of the workspace that holds `package`. `None` where there is none of these.
pub(super) fn choose(named: Option<OsString>, asked: Option<&Path>, package: Option<&Path>) -> Option<PathBuf> {
    let root = package.map(config::workspace_root).filter(|root| root.join("Cargo.toml").is_file());
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return Some(root.map_or_else(|| PathBuf::from(&named), |root| root.join(&named)));
    }
    asked.map(beside).or_else(|| Some(root?.join(FOLDER).join(NAME)))
}

/// In the directory where reports lie.
pub(super) fn beside(reports: &Path) -> PathBuf {
    reports.join(NAME)
}

/// Makes the directory. In a `.chaos` of our own making nothing is put under version control; who wants that removes its
/// `.gitignore`, and it stays so.
pub(super) fn make(dir: &Path) -> std::io::Result<()> {
    let folder = dir.parent().filter(|parent| parent.ends_with(FOLDER));
    let is_new = folder.is_some_and(|folder| !folder.exists());
    std::fs::create_dir_all(dir)?;
    match folder {
        Some(folder) if is_new => std::fs::write(folder.join(".gitignore"), "*\n"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_is_known_counts() {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("crates/shop");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("Cargo.toml"), "[package]\nname = \"shop\"\n").unwrap();
        let of = |named: &str, asked: Option<&Path>| choose(Some(named.into()), asked, Some(&package)).unwrap();
        assert_eq!(of("", None), package.join(".chaos/history"), "it is in no workspace");
        std::fs::write(dir.path().join("Cargo.toml"), "[workspace]\n").unwrap();
        assert_eq!(of("", None), dir.path().join(".chaos/history"));
        assert_eq!(of("", Some(Path::new("/reports"))), Path::new("/reports/history"));
        assert_eq!(of("kept", Some(Path::new("/reports"))), dir.path().join("kept"));
        assert_eq!(of("/kept", None), Path::new("/kept"));
        let bare = tempfile::tempdir().unwrap();
        assert_eq!(choose(None, None, Some(bare.path())), None, "no project");
        assert_eq!(choose(None, None, None), None);
    }

    #[test]
    fn what_is_made_is_left_out_of_version_control_once() {
        let dir = tempfile::tempdir().unwrap();
        let history = dir.path().join(".chaos/history");
        make(&history).unwrap();
        let ignored = dir.path().join(".chaos/.gitignore");
        assert_eq!(std::fs::read_to_string(&ignored).unwrap(), "*\n");
        std::fs::remove_file(&ignored).unwrap();
        make(&history).unwrap();
        assert!(!ignored.exists(), "who removed it wants it gone");
        make(&dir.path().join("reports/history")).unwrap();
        assert!(!dir.path().join("reports/.gitignore").exists());
    }
}
