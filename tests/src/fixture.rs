//! A user's crate outside of the workspace, on which tests run cargo's real commands.

use crate::home::{Home, run};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The crate in `tests/fixture`.
#[derive(Debug, Clone, Copy)]
pub struct Fixture(());

/// The build of this workspace must not shine through: cargo would build anew, nextest would believe in a run.
const FOREIGN: [&str; 6] = ["CARGO", "NEXTEST", "RUST", "LD_LIBRARY_PATH", "DYLD", "__"];

impl Fixture {
    /// Built once per process, in a directory of its own beside the workspace's build outputs.
    ///
    /// # Panics
    /// If it does not build.
    pub fn get() -> Self {
        static BUILT: OnceLock<()> = OnceLock::new();
        BUILT.get_or_init(|| {
            let mut build = Self(()).bare("test");
            build.args(["--no-run", "--quiet"]);
            let built = run(build);
            assert!(built.status.success(), "the fixture does not build:\n{}", built.output);
        });
        Self(())
    }

    /// `cargo <subcommand> <arguments>` on the crate, with reports and locks in `home`.
    pub fn cargo(self, home: &Home, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = self.bare(subcommand);
        command.args(arguments);
        home.settle(&mut command);
        command
    }

    /// `cargo nextest run <arguments>`, as the README tells users to set it up.
    pub fn nextest(self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = self.cargo(home, "nextest", &["run"]);
        command.args(["--color=never", "--config-file"]).arg(workspace().join("nextest.toml")).args(arguments);
        command
    }

    /// `cargo nextest run <arguments>` with a configuration of the test's own.
    pub fn nextest_with(self, home: &Home, config: &str, arguments: &[&str]) -> Command {
        let file = home.path().join("nextest.toml");
        std::fs::write(&file, config).expect("a home can be written to");
        let mut command = self.cargo(home, "nextest", &["run"]);
        command.args(["--color=never", "--config-file"]).arg(file).args(arguments);
        command
    }

    /// The command that a report has printed for replay, in words.
    ///
    /// # Panics
    /// If that is no `cargo test` with variables in front.
    pub fn replay(self, home: &Home, command: &str) -> Command {
        let (variables, arguments) = command.split_once("cargo test ").unwrap_or_else(|| panic!("{command}"));
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let mut command = self.cargo(home, "test", &arguments);
        command.envs(variables.split_whitespace().map(|set| set.split_once('=').expect("NAME=value")));
        command
    }

    fn bare(self, subcommand: &str) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let kept = matches!(&*text, "CARGO_HOME" | "RUSTUP_HOME" | "RUSTUP_TOOLCHAIN" | "CARGO_NET_OFFLINE");
            if !kept && FOREIGN.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TARGET_DIR", target().join("fixture")).env("CARGO_TERM_COLOR", "never");
        command.current_dir(workspace().join("tests/fixture")).arg(subcommand);
        command
    }
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// Where cargo has put this very test binary: `<target>/debug/deps/…`.
fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its executable");
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    target.expect("a test binary lies in a target directory").to_owned()
}
