//! Which package gets the test, and what it depends on already.

use crate::context::Place;
use cargo_metadata::{DependencyKind, Metadata, Package};
use chaos_runtime::{Error, Result};
use std::path::{Path, PathBuf};

/// The package that the test is for.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) name: String,
    /// Where its Cargo.toml lies.
    pub(super) dir: PathBuf,
    pub(super) manifest: PathBuf,
    pub(super) workspace: PathBuf,
    /// Whether cargo has to be told which package is meant.
    pub(super) is_one_of_several: bool,
    dependencies: Vec<(String, Vec<String>, bool)>,
    /// Where the chaos-runtime lies that it depends on already.
    pub(super) runtime: Option<Origin>,
}

/// Where a crate comes from, other than a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Path(PathBuf),
    Git(String),
}

impl Chosen {
    /// The named one, else the one here, else the only one.
    pub(super) fn of(place: &Place, named: Option<&str>) -> Result<Self> {
        let metadata = place.metadata()?;
        let packages = metadata.workspace_packages();
        let names = || {
            let mut names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
            names.sort_unstable();
            names.join(", ")
        };
        let found = match (named, &*packages) {
            (Some(named), packages) => packages.iter().find(|package| package.name == named),
            (None, [only]) => Some(only),
            (None, packages) => {
                let here = here(place);
                packages.iter().find(|package| here.as_deref() == Some(package.manifest_path.as_std_path()))
            }
        };
        match (found, named) {
            (Some(package), _) => Ok(Self::from(&metadata, package, packages.len() > 1)),
            (None, Some(named)) => {
                Err(Error::new(format!("no package `{named}` in this workspace")).help(format!("it has {}", names())))
            }
            (None, None) => Err(Error::new("this workspace has several packages")
                .help(format!("say which one gets the test: `-p NAME`, with one of {}", names()))),
        }
    }

    fn from(metadata: &Metadata, package: &Package, is_one_of_several: bool) -> Self {
        let manifest = package.manifest_path.clone().into_std_path_buf();
        // What is for tests on one platform only may not be there.
        let plain = package.dependencies.iter().filter(|one| one.target.is_none() && !one.optional);
        let usable = plain.filter(|one| one.kind != DependencyKind::Build);
        let of_runtime = package.dependencies.iter().find(|one| one.name == "chaos-runtime");
        let runtime = of_runtime.and_then(|one| {
            let source = one.source.as_ref().map(ToString::to_string).unwrap_or_default();
            let url = source.strip_prefix("git+").and_then(|url| url.split(['?', '#']).next()).map(str::to_owned);
            let path = one.path.as_ref().map(|path| Origin::Path(path.clone().into_std_path_buf()));
            path.or(url.map(Origin::Git))
        });
        Self {
            runtime,
            name: package.name.to_string(),
            dir: manifest.parent().unwrap_or(Path::new("")).to_owned(),
            workspace: metadata.workspace_root.clone().into_std_path_buf(),
            is_one_of_several,
            dependencies: usable
                .map(|one| {
                    let is_for_tests = one.kind == DependencyKind::Development;
                    (one.rename.clone().unwrap_or_else(|| one.name.clone()), one.features.clone(), is_for_tests)
                })
                .collect(),
            manifest,
        }
    }

    /// Whether its tests have this crate with these features.
    pub(super) fn has(&self, name: &str, features: &[&str]) -> bool {
        let of_it: Vec<&str> = self
            .dependencies
            .iter()
            .filter(|(known, ..)| known == name)
            .flat_map(|(_, on, _)| on)
            .map(|on| &**on)
            .collect();
        let is_there = self.dependencies.iter().any(|(known, ..)| known == name);
        is_there && (of_it.contains(&"full") || features.iter().all(|feature| of_it.contains(feature)))
    }

    /// `-p shop `, where cargo has to be told.
    pub(super) fn flag(&self) -> String {
        if self.is_one_of_several { format!("-p {} ", self.name) } else { String::new() }
    }

    /// For people: from here.
    pub(super) fn shown(path: &Path) -> String {
        let here = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
        relative(&here, path).display().to_string()
    }
}

/// The way from a directory to a path, both absolute: `../shop/tests`. As it is, where they have nothing in common.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    // The root alone says nothing.
    if common < 2 {
        return to.to_owned();
    }
    let up = from.components().skip(common).map(|_| std::path::Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

/// The Cargo.toml that cargo takes for the one here.
fn here(place: &Place) -> Option<PathBuf> {
    let manifest = match &place.manifest_path {
        Some(path) => std::path::absolute(path).ok()?,
        None => {
            let dir = std::env::current_dir().ok()?;
            dir.ancestors().map(|dir| dir.join("Cargo.toml")).find(|path| path.is_file())?
        }
    };
    std::fs::canonicalize(manifest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_path() {
        let of = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(of("/src/ada/shop", "/src/ada/shop/tests/a.rs"), "tests/a.rs");
        assert_eq!(of("/src/ada/shop", "/src/ada/chaos-test/cargo-chaos"), "../chaos-test/cargo-chaos");
        assert_eq!(of("/src/ada/shop", "/opt/chaos"), "/opt/chaos");
    }
}
