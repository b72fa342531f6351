use super::*;
use crate::report::{RecordedRun, sample, snapshot};

#[test]
fn what_is_written_reads_as_its_snapshot_and_as_what_it_was() {
    for (name, journal) in sample::all() {
        let json = serde_json::to_string_pretty(&journal).unwrap();
        assert_eq!(serde_json::from_str::<Journal>(&json).unwrap(), journal, "{name}");
        // The others have no fields that these have not.
        if matches!(name, "skipped" | "probes" | "ledger" | "hostile") {
            snapshot::check(&format!("journal/{name}.json"), &format!("{json}\n"));
        }
    }
}

/// Files as former versions have written them, one for each version of the format. They are never written anew: what
/// teams keep of last year must stay readable.
#[test]
fn journals_of_every_version_of_the_format_stay_readable() {
    let frozen = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/journal/frozen");
    for version in 1..=SCHEMA_VERSION {
        let file = frozen.join(format!("v{version}.json"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(&file, folder.path().join("shop.resilience.checkout.json")).unwrap();
        let run = RecordedRun::read(folder.path()).unwrap();
        assert_eq!(run.unreadable, [""; 0], "version {version}");
        let journal = &run.experiments[0].journal;
        assert_eq!(journal.schema, version);
        assert_eq!(journal.verdict, Verdict::Refuted);
        assert_eq!(journal.experiment.name, "orders::are_never_lost");
        assert_eq!(journal.loads[0].phases[2].operations, 2_010);
        assert_eq!(journal.claims.iter().filter(|claim| claim.judgement == Judgement::Broken).count(), 3);
        assert!(
            run.markdown().contains("1 of 1 experiment failed")
                && run.terminal(crate::report::Style::PLAIN).contains("REFUTED")
        );
    }
}
