//! The catalogue for people at a terminal: a block for each binary, a row for each experiment.

use super::faults;
use chaos_runtime::report::catalogue::{Catalogue, CatalogueEntry};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use std::fmt::Write as _;

/// What is said where there is nothing.
pub(super) const NONE: &str = "no chaos tests are found here\n\
    help: name packages with -p or --workspace, or write the first one: `cargo chaos init`\n";

/// In lines of `width` characters, as far as the words allow.
pub(super) fn of(catalogue: &Catalogue, width: u16) -> String {
    if catalogue.experiments.is_empty() {
        return NONE.to_owned();
    }
    let mut text = String::new();
    for binary in catalogue.experiments.chunk_by(same_binary) {
        let _ = writeln!(text, "{}\n{}\n", heading(&binary[0]), rows(binary, width));
    }
    let _ = writeln!(text, "{}", count(catalogue));
    text
}

pub(super) fn same_binary(a: &CatalogueEntry, b: &CatalogueEntry) -> bool {
    (&a.package, &a.binary) == (&b.package, &b.binary)
}

/// `shop, test checkout (tests/checkout.rs)`
pub(super) fn heading(entry: &CatalogueEntry) -> String {
    let target = entry.target.name.as_ref().unwrap_or(&entry.binary);
    format!("{}, {} {target} ({})", entry.package, entry.target.kind.name(), entry.file)
}

/// `3 experiments in 2 binaries`
pub(super) fn count(catalogue: &Catalogue) -> String {
    let number = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let binaries = catalogue.experiments.chunk_by(same_binary).count();
    let experiments = number(catalogue.experiments.len(), "experiment", "experiments");
    format!("{experiments} in {}", number(binaries, "binary", "binaries"))
}

fn rows(entries: &[CatalogueEntry], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["experiment", "claims", "faults", "runs"]);
    for entry in entries {
        let summary = entry.summary();
        let name = if summary.is_empty() { entry.name.clone() } else { format!("{}\n{summary}", entry.name) };
        let claims: Vec<_> = claims(entry).map(|(before, claim)| format!("{before}{claim}")).collect();
        table.add_row([name, claims.join("\n"), faults::of(entry).join(", "), conditions(entry).join("\n")]);
    }
    // The same in every block, so that columns stand below each other.
    table.set_constraints([34, 34, 14, 18].map(|share| ColumnConstraint::Absolute(Width::Percentage(share))));
    table
}

/// What it claims, with words to be put before; guards apart. Without a hypothesis it is that all is well again.
pub(super) fn claims(entry: &CatalogueEntry) -> impl Iterator<Item = (&'static str, &str)> {
    let (before, claims) =
        if entry.hypothesis.is_empty() { ("before and after: ", &entry.steady_state) } else { ("", &entry.hypothesis) };
    claims.iter().map(move |claim| (before, claim.as_str()))
}

/// Where and when it runs.
pub(super) fn conditions(entry: &CatalogueEntry) -> Vec<String> {
    let mut conditions = Vec::new();
    if !entry.profiles.is_empty() {
        conditions.push(entry.profiles.join(", "));
    }
    if !entry.requires.is_empty() {
        conditions.push(format!("with {}", entry.requires.join(", ")));
    }
    if entry.parallel {
        conditions.push("beside others".to_owned());
    }
    if !entry.exclusive.is_empty() {
        conditions.push(format!("alone on {}", entry.exclusive.join(", ")));
    }
    if let Some(weakness) = &entry.known_weakness {
        conditions.push(format!("known weakness {} until {}", weakness.id, weakness.fix_by));
    }
    if let Some(reason) = &entry.ignored {
        conditions.push(if reason.is_empty() { "ignored".to_owned() } else { format!("ignored: {reason}") });
    }
    conditions
}
