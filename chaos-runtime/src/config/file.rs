//! Which file is in charge.

use super::{Config, parse};
use crate::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const NAME: &str = "chaos.toml";

/// `CHAOS_CONFIG`, else the nearest `chaos.toml` from the package's directory up to the workspace's root.
pub(super) fn find() -> Result<Option<PathBuf>> {
    // cargo test and nextest set it; a binary that is started by hand is started in the package's directory.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| std::env::current_dir().ok());
    choose(std::env::var_os("CHAOS_CONFIG"), package.as_deref())
}

fn choose(named: Option<OsString>, package: Option<&Path>) -> Result<Option<PathBuf>> {
    if let Some(named) = named.filter(|name| !name.is_empty()) {
        let path = PathBuf::from(named);
        if !path.is_file() {
            return Err(Error::new(format!("CHAOS_CONFIG names `{}`, which is no file", path.display()))
                .help("unset it, or give a path from the package's directory or an absolute one"));
        }
        return Ok(Some(path));
    }
    let Some(package) = package else { return Ok(None) };
    // Above a package that is in no workspace lies nothing of its own.
    let root = package.ancestors().find(|dir| is_workspace(dir)).unwrap_or(package);
    let dirs = package.ancestors().take_while(|dir| dir.starts_with(root));
    Ok(dirs.map(|dir| dir.join(NAME)).find(|path| path.is_file()))
}

fn is_workspace(dir: &Path) -> bool {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim_start().starts_with("[workspace"))
}

pub(super) fn read(path: PathBuf) -> Result<Config> {
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Error::new(format!("can't read {}", path.display()))
            .caused_by(error)
            .help("make it readable UTF-8, or name another file with CHAOS_CONFIG")
    })?;
    match parse(&text) {
        Ok(config) => Ok(Config { path: Some(path), ..config }),
        Err(problem) => Err(problem.in_file(&path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_up_to_the_root_of_the_workspace_counts() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("workspace");
        let package = root.join("crates/shop");
        std::fs::create_dir_all(&package).unwrap();
        let found = || choose(None, Some(&package)).unwrap();
        std::fs::write(package.join("Cargo.toml"), "[package]\nname = \"shop\"").unwrap();
        std::fs::write(dir.path().join(NAME), "").unwrap();
        assert_eq!(found(), None, "not of this workspace, as far as anyone knows");
        std::fs::write(root.join("Cargo.toml"), "[workspace.package]\n[workspace]").unwrap();
        assert_eq!(found(), None, "above the workspace");
        std::fs::write(root.join(NAME), "").unwrap();
        assert_eq!(found(), Some(root.join(NAME)));
        std::fs::write(package.join(NAME), "").unwrap();
        assert_eq!(found(), Some(package.join(NAME)));
        let named = choose(Some(root.join(NAME).into()), Some(&package)).unwrap();
        assert_eq!(named, Some(root.join(NAME)));
        assert_eq!(choose(Some("".into()), Some(&package)).unwrap(), Some(package.join(NAME)));
        let missing = choose(Some("/no/such/file".into()), None).unwrap_err().to_string();
        assert!(missing.starts_with("CHAOS_CONFIG names `/no/such/file`, which is no file\nhelp: unset"), "{missing}");
    }

    #[test]
    fn what_can_not_be_read_is_said_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, b"\xff").unwrap();
        let error = read(path.clone()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("can't read {}: ", path.display())), "{error}");
    }
}
