//! Which packages have chaos tests, and what of chaos-runtime they use.

use cargo_metadata::{DependencyKind, Metadata, Package};
use serde::Serialize;
use std::path::PathBuf;

/// A package that depends on chaos-runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct User {
    /// Its name.
    pub(super) package: String,
    /// Where its Cargo.toml lies.
    #[serde(skip)]
    pub(super) dir: PathBuf,
    /// The features of chaos-runtime that it switches on.
    pub(super) features: Vec<String>,
    /// Whether chaos-runtime is a dependency of more than its tests.
    #[serde(skip)]
    pub(super) ships_it: bool,
}

/// What this project uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) root: PathBuf,
    pub(super) users: Vec<User>,
}

impl Project {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let users = metadata.workspace_packages().into_iter().filter_map(user).collect();
        Self { root: metadata.workspace_root.clone().into_std_path_buf(), users }
    }

    /// Who uses a feature, for a sentence; `None`: nobody.
    pub(super) fn users_of(&self, feature: &str) -> Option<String> {
        let uses = |user: &&User| user.features.iter().any(|used| used == feature);
        let names: Vec<&str> = self.users.iter().filter(uses).map(|user| &*user.package).collect();
        (!names.is_empty()).then(|| format!("feature `{feature}` of chaos-runtime in {}", names.join(", ")))
    }
}

fn user(package: &Package) -> Option<User> {
    let of_runtime: Vec<_> = package.dependencies.iter().filter(|found| found.name == "chaos-runtime").collect();
    if of_runtime.is_empty() {
        return None;
    }
    let mut features: Vec<String> = of_runtime.iter().flat_map(|found| found.features.iter().cloned()).collect();
    // The package's own features may switch on more: `aws = ["chaos-runtime/aws"]`.
    let own = package.features.values().flatten();
    features.extend(own.filter_map(|own| own.strip_prefix("chaos-runtime/").map(str::to_owned)));
    features.sort();
    features.dedup();
    Some(User {
        package: package.name.to_string(),
        dir: package.manifest_path.parent().map(|dir| dir.to_path_buf().into_std_path_buf()).unwrap_or_default(),
        features,
        ships_it: of_runtime.iter().all(|found| found.kind == DependencyKind::Normal && !found.optional),
    })
}
