//! What the test needs in Cargo.toml, by `cargo add`.

use super::package::{Chosen, Origin, relative};
use chaos_runtime::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `tests/resilience.rs` uses of tokio.
const TOKIO: [&str; 3] = ["io-util", "net", "rt"];

/// Where chaos-runtime comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Source {
    /// The directory of chaos-runtime, if it is not the one beside which this program was built.
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    path: Option<PathBuf>,
    /// The repository of chaos-runtime.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// Ask no registry: cargo knows what it has.
    #[arg(long)]
    offline: bool,
}

/// A call of cargo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    arguments: Vec<OsString>,
}

impl Source {
    /// What is missing in the package, as calls of cargo.
    pub(super) fn calls(&self, package: &Chosen) -> Vec<Call> {
        let mut calls = Vec::new();
        if !package.has("chaos-runtime", &[]) {
            calls.push(self.add(package, "chaos-runtime", self.of_runtime()));
        }
        if !package.has("tokio", &TOKIO) {
            calls.push(self.add(package, "tokio", vec!["--features".into(), TOKIO.join(",").into()]));
        }
        calls
    }

    fn add(&self, package: &Chosen, name: &str, more: Vec<OsString>) -> Call {
        let mut arguments: Vec<OsString> = ["add", "--dev", name].map(OsString::from).into();
        arguments.extend(more);
        arguments.extend(["--package".into(), OsString::from(&package.name)]);
        if package.manifest.parent() != std::env::current_dir().ok().as_deref() {
            arguments.extend(["--manifest-path".into(), package.manifest.clone().into()]);
        }
        if self.offline {
            arguments.push("--offline".into());
        }
        Call { arguments }
    }

    fn of_runtime(&self) -> Vec<OsString> {
        match (&self.path, &self.git, beside_this_program()) {
            (Some(path), ..) => vec!["--path".into(), path.into()],
            (None, Some(url), _) => vec!["--git".into(), url.into()],
            (None, None, Some(path)) => vec!["--path".into(), path.into()],
            (None, None, None) => Vec::new(),
        }
    }

    /// What `cargo install` is told in a pipeline, so that it takes the same.
    pub(super) fn install(&self, package: &Chosen) -> String {
        let named = self.path.clone().map(Origin::Path).or(self.git.clone().map(Origin::Git));
        let origin = package.runtime.clone().or(named).or_else(|| beside_this_program().map(Origin::Path));
        match origin {
            Some(Origin::Path(runtime)) => {
                let runtime = std::fs::canonicalize(&runtime).unwrap_or(runtime);
                let beside = runtime.parent().unwrap_or(Path::new("..")).join("cargo-chaos");
                format!("--locked --path {}", relative(&package.workspace, &beside).display())
            }
            Some(Origin::Git(url)) => format!("--locked --git {url} cargo-chaos"),
            None => "--locked cargo-chaos".to_owned(),
        }
    }
}

/// Whoever built this program from a working copy has chaos-runtime there, too. What cargo keeps of registries and
/// repositories is nobody's to depend on.
fn beside_this_program() -> Option<PathBuf> {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let is_of_cargo = copy.iter().any(|part| part == "registry" || part == "checkouts");
    let runtime = copy.join("chaos-runtime");
    (!is_of_cargo && runtime.join("Cargo.toml").is_file()).then_some(runtime)
}

impl Call {
    pub(super) fn shown(&self) -> String {
        let words: Vec<_> = self.arguments.iter().map(|word| word.to_string_lossy()).collect();
        format!("cargo {}", words.join(" "))
    }

    /// Runs it.
    pub(super) fn run(&self) -> Result {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let failed = |why: &str| {
            Error::new(format!("`{}` failed: {why}", self.shown())).help(
                "say where chaos-runtime lies: `cargo chaos init --path ../chaos-test/chaos-runtime`, or `--git URL`; \
                 nothing else was changed",
            )
        };
        let ended = Command::new(cargo).args(&self.arguments).stdin(Stdio::null()).output();
        let ended = ended.map_err(|error| failed(&error.to_string()))?;
        if ended.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let line = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(said.trim());
        Err(failed(line))
    }
}
