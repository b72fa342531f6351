//! The catalogue of a build: what its test binaries claim, asked of all of them at once.

use crate::context::Place;
use crate::section::can_be_asked;
use crate::selection::{Runner, Selection};
use cargo_metadata::{Artifact, Message, TargetKind};
use chaos_runtime::report::catalogue::{Catalogue, CatalogueEntry, CatalogueTargetKind};
use chaos_runtime::{Error, Result};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, Stdio};
use std::thread::JoinHandle;

/// What a build claims to survive.
#[derive(Debug)]
pub(crate) struct Promises {
    pub(crate) catalogue: Catalogue,
    /// In a sentence each: test binaries that hold experiments and could not be asked.
    pub(crate) unasked: Vec<String>,
}

impl Promises {
    /// Builds the tests and asks those that hold experiments.
    pub(crate) fn of(selection: &Selection, place: &Place) -> Result<Self> {
        // Elsewhere nothing would be found, which looks as if nothing were claimed.
        if cfg!(not(target_os = "linux")) {
            return Err(Error::new("test binaries can be asked for their experiments on Linux only").help(
                "run `cargo chaos` on Linux, in a container for instance; `cargo test` runs the tests everywhere",
            ));
        }
        let (mut asked, mut unasked) = (Vec::new(), Vec::new());
        for artifact in build(selection, place)? {
            let Some(executable) = artifact.executable.as_ref().map(|path| path.as_std_path()) else { continue };
            match can_be_asked(executable) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    unasked.push(format!("{}: {error}", executable.display()));
                    continue;
                }
            }
            match Catalogue::ask(executable) {
                Ok(answering) => asked.push((artifact, answering)),
                Err(error) => unasked.push(error.to_string()),
            }
        }
        let mut experiments = Vec::new();
        for (artifact, answering) in asked {
            match answering.answer() {
                Ok(catalogue) => experiments.extend(catalogue.experiments.into_iter().map(|one| of(&artifact, one))),
                Err(error) => unasked.push(format!("{}: {error}", artifact.target.name)),
            }
        }
        Ok(Self { catalogue: Catalogue::new(experiments), unasked })
    }

    /// Says on standard error which binaries are missing from the answer.
    pub(crate) fn tell_unasked(&self) {
        for why in &self.unasked {
            eprintln!("warning: a test binary could not be asked for its experiments: {why}");
        }
    }
}

/// cargo knows the target's name, where the compiler knows only that of the crate.
fn of(artifact: &Artifact, mut entry: CatalogueEntry) -> CatalogueEntry {
    entry.target.name = Some(artifact.target.name.clone());
    entry.target.kind = match artifact.target.kind.first() {
        Some(TargetKind::Test) => CatalogueTargetKind::Test,
        Some(TargetKind::Bin) => CatalogueTargetKind::Bin,
        Some(TargetKind::Example) => CatalogueTargetKind::Example,
        Some(TargetKind::Bench) => CatalogueTargetKind::Bench,
        Some(_) => CatalogueTargetKind::Lib,
        None => CatalogueTargetKind::Unknown,
    };
    entry
}

/// The test executables of a build that cargo has brought up to date.
fn build(selection: &Selection, place: &Place) -> Result<Vec<Artifact>> {
    let mut command = selection.command(Runner::Cargo, place);
    command.args(["--no-run", "--message-format=json-render-diagnostics"]);
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        command.arg("--color=always");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |error: std::io::Error| Error::new("can't run cargo").caused_by(error);
    let mut cargo = command.spawn().map_err(failed)?;
    let told = cargo.stderr.take().map(pass_on);
    let artifacts = artifacts(&mut cargo);
    let status = cargo.wait().map_err(failed)?;
    let _ = told.map(JoinHandle::join);
    if !status.success() {
        return Err(Error::new("the tests were not built").help("cargo has said why, above"));
    }
    Ok(artifacts)
}

fn artifacts(cargo: &mut Child) -> Vec<Artifact> {
    let Some(out) = cargo.stdout.take() else { return Vec::new() };
    let messages = Message::parse_stream(BufReader::new(out)).map_while(std::result::Result::ok);
    let tests = messages.filter_map(|message| match message {
        Message::CompilerArtifact(artifact) if artifact.profile.test => Some(artifact),
        _ => None,
    });
    tests.collect()
}

/// Shows what cargo says, as it comes, but for the lists of executables that it has built.
fn pass_on(stderr: ChildStderr) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stderr).split(b'\n');
        while let Some(Ok(mut line)) = lines.next() {
            if !is_about_executables(&String::from_utf8_lossy(&line)) {
                line.push(b'\n');
                let _ = std::io::stderr().write_all(&line);
            }
        }
    })
}

fn is_about_executables(line: &str) -> bool {
    let plain: String = strip_colors(line);
    let word = plain.split_whitespace().next().unwrap_or_default();
    plain.starts_with(' ') && matches!(word, "Executable" | "Finished")
}

/// Without the sequences by which cargo colours.
fn strip_colors(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    plain.extend(parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest)));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_executables_is_left_out_and_everything_else_is_not() {
        assert!(is_about_executables("  Executable tests/chaos.rs (target/debug/deps/chaos-1)"));
        assert!(is_about_executables("\u{1b}[1m\u{1b}[92m    Finished\u{1b}[0m `test` profile"));
        assert!(is_about_executables("    \u{1b}[1m\u{1b}[92mFinished\u{1b}[0m `test` profile"));
        for line in ["   Compiling shop v0.1.0", "error: no such package", "Finished badly", ""] {
            assert!(!is_about_executables(line), "{line}");
        }
    }
}
