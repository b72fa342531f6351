//! Cargo's own flags for choosing what is built, and how.

use crate::context::Place;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

const CHOICE: &str = "Selection, as in cargo test";
const FEATURES: &str = "Features";
const COMPILATION: &str = "Compilation";

/// What `cargo test` would build. Handed on to it as it stands.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// Only tests of these packages
    #[arg(short, long, value_name = "SPEC", help_heading = CHOICE)]
    package: Vec<String>,
    /// Tests of all packages of the workspace
    #[arg(long, alias = "all", help_heading = CHOICE)]
    workspace: bool,
    /// Not tests of these packages (with --workspace)
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = CHOICE)]
    exclude: Vec<String>,
    /// Unit tests of the library
    #[arg(long, help_heading = CHOICE)]
    lib: bool,
    /// Unit tests of all binaries
    #[arg(long, help_heading = CHOICE)]
    bins: bool,
    /// Unit tests of this binary
    #[arg(long, value_name = "NAME", help_heading = CHOICE)]
    bin: Vec<String>,
    /// Unit tests of all examples
    #[arg(long, help_heading = CHOICE)]
    examples: bool,
    /// Unit tests of this example
    #[arg(long, value_name = "NAME", help_heading = CHOICE)]
    example: Vec<String>,
    /// All targets that have tests by default
    #[arg(long, help_heading = CHOICE)]
    tests: bool,
    /// This integration test
    #[arg(long, value_name = "NAME", help_heading = CHOICE)]
    test: Vec<String>,
    /// All targets
    #[arg(long, help_heading = CHOICE)]
    all_targets: bool,
    /// Features to switch on, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = FEATURES)]
    features: Vec<String>,
    /// Switch on all features
    #[arg(long, help_heading = FEATURES)]
    all_features: bool,
    /// Leave the default features off
    #[arg(long, help_heading = FEATURES)]
    no_default_features: bool,
    /// Build with optimisation
    #[arg(short, long, help_heading = COMPILATION)]
    release: bool,
    /// Build with this profile of Cargo.toml (`--profile` is the experiments')
    #[arg(long, value_name = "PROFILE", conflicts_with = "release", help_heading = COMPILATION)]
    cargo_profile: Option<String>,
    /// How many jobs build at once
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, help_heading = COMPILATION)]
    jobs: Option<String>,
    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE", help_heading = COMPILATION)]
    target: Option<String>,
    /// Where cargo builds
    #[arg(long, value_name = "DIR", help_heading = COMPILATION)]
    target_dir: Option<PathBuf>,
    /// Refuse to change Cargo.lock
    #[arg(long, help_heading = COMPILATION)]
    locked: bool,
    /// Never reach for the network
    #[arg(long, help_heading = COMPILATION)]
    offline: bool,
    /// Both of these
    #[arg(long, help_heading = COMPILATION)]
    frozen: bool,
    /// A setting of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE", help_heading = COMPILATION)]
    config: Vec<String>,
}

/// Who runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo test`
    Cargo,
    /// `cargo nextest run`
    Nextest,
}

impl Selection {
    /// Where cargo builds, if the flags say so.
    pub(crate) fn target_dir(&self) -> Option<&PathBuf> {
        self.target_dir.as_ref()
    }

    /// The command up to and with these flags.
    pub(crate) fn command(&self, runner: Runner, place: &Place) -> Command {
        let mut command = self.command_for(runner, place, None);
        self.targets(&mut command);
        command
    }

    /// The same without the targets, and if so asked with one package instead of those that the flags say.
    pub(crate) fn command_for(&self, runner: Runner, place: &Place, only: Option<&str>) -> Command {
        let mut command = Command::new(cargo());
        match runner {
            Runner::Cargo => command.arg("test"),
            Runner::Nextest => command.args(["nextest", "run"]),
        };
        if let Some(path) = &place.manifest_path {
            command.arg("--manifest-path").arg(path);
        }
        let profile = if runner == Runner::Cargo { "--profile" } else { "--cargo-profile" };
        match only {
            Some(package) => {
                command.args(["--package", package]);
            }
            None => {
                each(&mut command, "--package", &self.package);
                each(&mut command, "--exclude", &self.exclude);
                command.args(self.workspace.then_some("--workspace"));
            }
        }
        each(&mut command, "--features", &self.features);
        each(&mut command, "--config", &self.config);
        each(&mut command, profile, &self.cargo_profile);
        // nextest has given `-j` to the tests; theirs is `--build-jobs`.
        each(&mut command, if runner == Runner::Cargo { "--jobs" } else { "--build-jobs" }, &self.jobs);
        each(&mut command, "--target", &self.target);
        if let Some(dir) = &self.target_dir {
            command.arg("--target-dir").arg(dir);
        }
        for (flag, set) in [
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
            ("--release", self.release),
            ("--locked", self.locked),
            ("--offline", self.offline),
            ("--frozen", self.frozen),
        ] {
            command.args(set.then_some(flag));
        }
        command
    }

    fn targets(&self, command: &mut Command) {
        each(command, "--bin", &self.bin);
        each(command, "--example", &self.example);
        each(command, "--test", &self.test);
        for (flag, set) in [
            ("--lib", self.lib),
            ("--bins", self.bins),
            ("--examples", self.examples),
            ("--tests", self.tests),
            ("--all-targets", self.all_targets),
        ] {
            command.args(set.then_some(flag));
        }
    }
}

fn each<'a>(command: &mut Command, flag: &str, values: impl IntoIterator<Item = &'a String>) {
    for value in values {
        command.args([flag, value]);
    }
}

/// The cargo by which this was called, else the one in `PATH`.
fn cargo() -> OsString {
    std::env::var_os("CARGO").filter(|path| !path.is_empty()).unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};

    fn arguments(line: &str, runner: Runner, targets: bool) -> String {
        let command = Selection::augment_args(clap::Command::new("x"));
        let matches = command.try_get_matches_from(format!("x {line}").split_whitespace()).unwrap();
        let selection = Selection::from_arg_matches(&matches).unwrap();
        let place = Place { manifest_path: Some("a/Cargo.toml".into()), dir: None };
        let command =
            if targets { selection.command(runner, &place) } else { selection.command_for(runner, &place, None) };
        command.get_args().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn cargo_gets_its_flags_as_they_are() {
        let line = "-p a -p b --test x --lib -F c,d --cargo-profile ci --target-dir t --locked -j 2";
        assert_eq!(
            arguments(line, Runner::Cargo, true),
            "test --manifest-path a/Cargo.toml --package a --package b --features c,d --profile ci --jobs 2 \
             --target-dir t --locked --test x --lib"
        );
        assert_eq!(
            arguments(line, Runner::Nextest, false),
            "nextest run --manifest-path a/Cargo.toml --package a --package b --features c,d --cargo-profile ci \
             --build-jobs 2 --target-dir t --locked"
        );
        assert_eq!(
            arguments("--all --exclude a -r --all-targets", Runner::Cargo, true),
            "test --manifest-path a/Cargo.toml --exclude a --workspace --release --all-targets"
        );
    }
}
