//! The project that a command is about.

use cargo_metadata::{Metadata, MetadataCommand};
use chaos_runtime::{Error, Result};
use std::path::PathBuf;

/// Where things lie.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The project's Cargo.toml, if it is not the one here or above.
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Where reports lie [default: $CHAOS_DIR, else `chaos` in cargo's target directory].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) dir: Option<PathBuf>,
}

impl Place {
    /// What cargo knows of the project, without its dependencies.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &self.manifest_path {
            command.manifest_path(path);
        }
        command.exec().map_err(|error| {
            Error::new("no cargo project is found")
                .caused_by(error.to_string().trim())
                .help("run it in the project's directory, or name its Cargo.toml with --manifest-path")
        })
    }

    /// Where reports lie, if the flag or the environment says so.
    pub(crate) fn named_reports(&self) -> Option<PathBuf> {
        let set = std::env::var_os("CHAOS_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        self.dir.clone().or(set)
    }

    /// Where the reports of the project's tests lie.
    pub(crate) fn reports(&self) -> Result<PathBuf> {
        if let Some(dir) = self.named_reports() {
            return Ok(dir);
        }
        Ok(self.metadata()?.target_directory.into_std_path_buf().join("chaos"))
    }
}
