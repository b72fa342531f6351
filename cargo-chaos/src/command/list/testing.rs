//! For tests: entries of a catalogue.

use chaos_runtime::report::catalogue::{CatalogueEntry, CatalogueTarget, CatalogueTargetKind};

/// An experiment that claims nothing.
pub(crate) fn entry(package: &str, kind: CatalogueTargetKind, target: &str, name: &str) -> CatalogueEntry {
    CatalogueEntry {
        name: name.to_owned(),
        package: package.to_owned(),
        binary: target.replace('-', "_"),
        target: CatalogueTarget { kind, name: Some(target.to_owned()) },
        file: format!("tests/{target}.rs"),
        line: 1,
        column: 1,
        doc: String::new(),
        steady_state: vec![],
        hypothesis: vec![],
        guards: vec![],
        profiles: vec![],
        requires: vec![],
        uses: vec![],
        known_weakness: None,
        parallel: false,
        exclusive: vec![],
        seed: None,
        confidence: None,
        timeout_us: None,
        ignored: None,
        should_panic: None,
        calls: vec![],
    }
}
