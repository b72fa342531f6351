//! A user's crate outside of the workspace, on which tests run cargo's real commands.

use crate::home::Home;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The crate in `tests/fixture`.
#[derive(Debug, Clone, Copy)]
pub struct Fixture(());

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
            // Takes minutes on a new machine, so it is waited for without a limit.
            let built = build.output().expect("cargo can be started");
            assert!(built.status.success(), "the fixture does not build:\n{}", String::from_utf8_lossy(&built.stderr));
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

    /// One of its test binaries, started as an editor's run button does: without cargo.
    ///
    /// # Panics
    /// If it has no such binary.
    pub fn binary(self, home: &Home, name: &str, arguments: &[&str]) -> Command {
        static PATHS: OnceLock<Vec<PathBuf>> = OnceLock::new();
        let paths = PATHS.get_or_init(|| {
            let mut list = self.bare("test");
            list.args(["--no-run", "--message-format=json"]).stderr(Stdio::null());
            let messages = list.output().expect("cargo can be started").stdout;
            let messages = String::from_utf8(messages).expect("JSON is UTF-8");
            let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
        });
        // `<name>-<hash>`: no hash has a dash.
        let is_named = |path: &&PathBuf| {
            let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
            path.parent().is_some_and(|dir| dir.ends_with("deps"))
                && file.rsplit_once('-').is_some_and(|(f, _)| f == name)
        };
        let path = paths.iter().find(is_named).unwrap_or_else(|| panic!("no test binary `{name}` in {paths:?}"));
        let mut command = Command::new(path);
        scrub(&mut command);
        let directory = workspace().join("tests/fixture");
        command.args(arguments).env("CARGO_MANIFEST_DIR", &directory).current_dir(directory);
        home.settle(&mut command);
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
        scrub(&mut command);
        command.env("CARGO_TARGET_DIR", target().join("fixture")).env("CARGO_TERM_COLOR", "never");
        command.current_dir(workspace().join("tests/fixture")).arg(subcommand);
        command
    }
}

/// The build of this workspace must not shine through: cargo would build anew, nextest would believe in a run.
fn scrub(command: &mut Command) {
    const FOREIGN: [&str; 6] = ["CARGO", "NEXTEST", "RUST", "LD_LIBRARY_PATH", "DYLD", "__"];
    const KEPT: [&str; 4] = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_NET_OFFLINE"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if !KEPT.contains(&&*text) && FOREIGN.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
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
