//! Which commands run exactly the experiments that are meant.

use crate::context::Place;
use crate::selection::{Runner, Selection};
use chaos_runtime::report::catalogue::{CatalogueEntry, CatalogueTargetKind};
use std::collections::BTreeMap;
use std::process::Command;

/// How many bytes of names one command line has: Linux takes 128 KiB in one argument.
const LINE: usize = 64 * 1024;

/// Experiments that one call runs.
#[derive(Debug, PartialEq)]
pub(super) struct Call<'a> {
    /// Of this package only: where names alone would choose too much.
    package: Option<&'a str>,
    experiments: Vec<&'a CatalogueEntry>,
}

/// How they are run.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) runner: Runner,
    pub(super) ignored: bool,
    pub(super) include_ignored: bool,
    pub(super) fail_fast: bool,
    pub(super) arguments: &'a [String],
}

/// The calls that run `meant` of `all`, and no other experiment.
///
/// cargo chooses binaries by the names of targets and tests by their own names. So targets that are called the same in
/// several packages share a call, as long as that chooses none that is not meant: other packages in the selection would
/// mean other features, and a new build.
pub(super) fn calls<'a>(runner: Runner, all: &'a [CatalogueEntry], meant: &[&'a CatalogueEntry]) -> Vec<Call<'a>> {
    if runner == Runner::Nextest {
        return chunks(None, meant.to_vec(), |entry| expression(entry).len() + 3);
    }
    let mut targets: BTreeMap<_, Vec<&CatalogueEntry>> = BTreeMap::new();
    for entry in meant {
        targets.entry(target(entry)).or_default().push(entry);
    }
    let mut calls = Vec::new();
    for (of_target, experiments) in targets {
        let chosen = |entry: &&CatalogueEntry| {
            target(entry) == of_target && experiments.iter().any(|one| one.name == entry.name)
        };
        let too_many = all.iter().filter(chosen).any(|entry| !experiments.iter().any(|one| std::ptr::eq(*one, entry)));
        if too_many {
            for package in experiments.chunk_by(|a, b| a.package == b.package) {
                calls.extend(chunks(Some(&package[0].package), package.to_vec(), |entry| entry.name.len() + 1));
            }
        } else {
            calls.extend(chunks(None, experiments, |entry| entry.name.len() + 1));
        }
    }
    calls
}

/// What cargo's flags know of a target.
fn target(entry: &CatalogueEntry) -> (CatalogueTargetKind, &str) {
    match entry.target.kind {
        CatalogueTargetKind::Lib => (CatalogueTargetKind::Lib, ""),
        kind => (kind, entry.target.name.as_deref().unwrap_or(&entry.binary)),
    }
}

fn chunks<'a>(
    package: Option<&'a str>,
    experiments: Vec<&'a CatalogueEntry>,
    length: impl Fn(&CatalogueEntry) -> usize,
) -> Vec<Call<'a>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut bytes = LINE;
    for entry in experiments {
        bytes += length(entry);
        match calls.last_mut().filter(|_| bytes <= LINE) {
            Some(call) => call.experiments.push(entry),
            None => {
                bytes = length(entry);
                calls.push(Call { package, experiments: vec![entry] });
            }
        }
    }
    calls
}

/// The experiment in nextest's language.
fn expression(entry: &CatalogueEntry) -> String {
    let (kind, _) = target(entry);
    let name = entry.target.name.as_deref().unwrap_or(&entry.binary);
    let (package, kind, test) = (&entry.package, kind.name(), &entry.name);
    format!("(package(={package}) & kind(={kind}) & binary(={name}) & test(={test}))")
}

impl Call<'_> {
    /// The command.
    pub(super) fn command(&self, selection: &Selection, place: &Place, how: How<'_>) -> Command {
        let mut command = selection.command_for(how.runner, place, self.package);
        let names = self.experiments.iter().map(|entry| &entry.name);
        match how.runner {
            Runner::Cargo => {
                let (kind, name) = target(self.experiments[0]);
                match kind {
                    CatalogueTargetKind::Lib => command.arg("--lib"),
                    kind => command.args([format!("--{}", kind.name()).as_str(), name]),
                };
                command.args((!how.fail_fast).then_some("--no-fail-fast"));
                command.args(["--", "--exact"]).args(names);
                command.args(how.ignored.then_some("--ignored"));
                command.args(how.include_ignored.then_some("--include-ignored"));
                command.args(how.arguments);
            }
            Runner::Nextest => {
                command.args([
                    "--run-ignored",
                    if how.ignored {
                        "only"
                    } else if how.include_ignored {
                        "all"
                    } else {
                        "default"
                    },
                ]);
                command.arg(if how.fail_fast { "--fail-fast" } else { "--no-fail-fast" });
                command.args(how.arguments);
                let expressions: Vec<_> = self.experiments.iter().map(|entry| expression(entry)).collect();
                command.arg("--filterset").arg(expressions.join(" + "));
            }
        }
        command
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
