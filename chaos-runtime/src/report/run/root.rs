//! Where reports go.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `CHAOS_DIR`, else `chaos` in cargo's target directory, else a folder for temporary files.
///
/// A relative `CHAOS_DIR` counts from the working directory, which `cargo test` sets to the package's folder.
pub(super) fn find() -> PathBuf {
    let root = choose(|name| std::env::var_os(name), std::env::current_exe().ok().as_deref());
    // Later changes of the working directory must not move it.
    std::path::absolute(&root).unwrap_or(root)
}

fn choose(env: impl Fn(&str) -> Option<OsString>, exe: Option<&Path>) -> PathBuf {
    let set = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CHAOS_DIR")
        .or_else(|| Some(exe?.ancestors().skip(1).find(|dir| is_target_dir(dir))?.join("chaos")))
        .or_else(|| Some(set("CARGO_TARGET_DIR")?.join("chaos")))
        .unwrap_or_else(|| std::env::temp_dir().join("chaos-test"))
}

/// Other tools tag their caches too; cargo signs its own.
fn is_target_dir(dir: &Path) -> bool {
    std::fs::read_to_string(dir.join("CACHEDIR.TAG")).is_ok_and(|tag| tag.contains("cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_is_known_counts() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        let exe = target.join("debug/deps/resilience-0123");
        std::fs::create_dir_all(exe.parent().unwrap()).unwrap();
        let none = |_: &str| None;
        let cargo = |name: &str| (name == "CARGO_TARGET_DIR").then(|| OsString::from("/elsewhere"));
        let all = |name: &str| if name == "CHAOS_DIR" { Some(OsString::from("/reports")) } else { cargo(name) };

        assert_eq!(choose(none, Some(&exe)), std::env::temp_dir().join("chaos-test"));
        assert_eq!(choose(cargo, Some(&exe)), Path::new("/elsewhere/chaos"));
        std::fs::write(dir.path().join("CACHEDIR.TAG"), "Signature: someone else's cache").unwrap();
        assert_eq!(choose(cargo, Some(&exe)), Path::new("/elsewhere/chaos"));
        std::fs::write(target.join("CACHEDIR.TAG"), "# This file is a cache directory tag created by cargo.").unwrap();
        assert_eq!(choose(cargo, Some(&exe)), target.join("chaos"));
        assert_eq!(choose(all, Some(&exe)), Path::new("/reports"));
    }

    #[test]
    fn this_test_reports_into_a_target_directory_or_where_it_was_told() {
        assert!(find().is_absolute());
    }
}
