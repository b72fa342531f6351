//! Which file is in charge.

use super::problem::Problem;
use super::{Config, parse, variable};
use crate::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "chaos.toml";

/// `CHAOS_CONFIG`, else the nearest `chaos.toml` from the package's directory up to the workspace's root.
pub(super) fn find() -> Result<Option<PathBuf>> {
    // cargo test and nextest set it; a binary that is started by hand is started in the package's directory.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| std::env::current_dir().ok());
    choose(std::env::var_os("CHAOS_CONFIG"), package.as_deref())
}

/// The same for the package in this directory.
pub(super) fn find_for(package: &Path) -> Result<Option<PathBuf>> {
    choose(std::env::var_os("CHAOS_CONFIG"), Some(package))
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
    let root = workspace_root(package);
    let dirs = package.ancestors().take_while(|dir| dir.starts_with(root));
    Ok(dirs.map(|dir| dir.join(NAME)).find(|path| path.is_file()))
}

/// The root of the workspace that a package's directory is in. Above a package that is in none lies nothing of its own.
pub(crate) fn workspace_root(package: &Path) -> &Path {
    package.ancestors().find(|dir| is_workspace(dir)).unwrap_or(package)
}

fn is_workspace(dir: &Path) -> bool {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim_start().starts_with("[workspace"))
}

/// The file, if there is one, and the variables that outrank it.
pub(super) fn read(
    path: Option<PathBuf>,
    profile: &str,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config> {
    let named = path.as_deref().unwrap_or_else(|| Path::new(NAME));
    let bytes = match &path {
        None => Vec::new(),
        Some(path) => std::fs::read(path).map_err(|error| {
            Error::new(format!("can't read {}", path.display()))
                .caused_by(error)
                .help("make it readable, or name another file with CHAOS_CONFIG")
        })?,
    };
    let config = of_bytes(&bytes, profile, environment).map_err(|problem| problem.in_file(named))?;
    Ok(Config { path, ..config })
}

pub(super) fn of_bytes(
    bytes: &[u8],
    profile: &str,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config, Problem> {
    let text = parse::utf8(bytes)?;
    let variables = variable::of_environment(environment)?;
    parse::read(text, profile, &variables)
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

    fn error(path: &Path) -> String {
        read(Some(path.to_owned()), "local", std::iter::empty()).unwrap_err().to_string()
    }

    #[test]
    fn what_can_not_be_read_is_said_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let error = error(dir.path());
        let expected = format!("can't read {}: ", dir.path().display());
        assert!(error.starts_with(&expected) && error.contains("\nhelp: make it readable"), "{error}");
    }

    #[test]
    fn what_is_not_utf8_is_said_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, b"[redact]\n# \xc3\xa4\xff\n").unwrap();
        let expected = format!("{}:2:4: a byte that is not UTF-8\nhelp: save the file as UTF-8", path.display());
        assert_eq!(error(&path), expected);
    }
}
