//! JUnit files as readers that are not ours read them: junitparser and junit2html, which CI scripts use, and the one of
//! cargo-nextest. `tests/readers/install` provides the first two.

use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_runtime::report::{JunitProfile, RecordedRun, sample};
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The samples as a run in a folder, the refuted one after two attempts that ended otherwise.
fn run(folder: &Path) -> RecordedRun {
    for (name, mut journal) in sample::all() {
        journal.experiment.name = format!("checkout::{}", name.replace('-', "_"));
        let json = serde_json::to_vec(&journal).unwrap();
        std::fs::write(folder.join(format!("shop.resilience.{name}.json")), json).unwrap();
    }
    let attempts = folder.join("attempts");
    std::fs::create_dir_all(folder.join("state")).unwrap();
    std::fs::create_dir_all(&attempts).unwrap();
    std::fs::write(folder.join("state/shop.resilience.refuted.attempts"), "refuted\nerrored\n").unwrap();
    for (at, journal) in [sample::refuted(), sample::panicked()].iter().enumerate() {
        let name = format!("shop.resilience.refuted.{}.json", at + 1);
        std::fs::write(attempts.join(name), serde_json::to_vec(journal).unwrap()).unwrap();
    }
    let run = RecordedRun::read(folder).unwrap();
    assert_eq!(run.experiments.len(), sample::all().len(), "{:?}", run.unreadable);
    run
}

/// The files of a profile, written down.
fn written(run: &RecordedRun, profile: JunitProfile, folder: &Path) -> Vec<PathBuf> {
    let write = |file: chaos_runtime::report::JunitFile| {
        let path = folder.join(file.name);
        std::fs::write(&path, file.xml).unwrap();
        path
    };
    run.junit(profile).into_iter().map(write).collect()
}

/// The directory of the readers' programs.
fn readers() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers/install");
        let ran = Command::new(&script).output().expect("bash is there");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "tests/readers/install failed; it needs PyPI when it is first run:\n{said}");
        Path::new(String::from_utf8_lossy(&ran.stdout).trim()).join("bin")
    })
}

/// What a reader must say of an experiment: `None` passed.
fn status(journal: &Journal) -> Option<(&'static str, Option<&'static str>)> {
    match journal.verdict {
        Verdict::Passed => None,
        Verdict::KnownWeakness | Verdict::Skipped => Some(("Skipped", None)),
        Verdict::RollbackFailed => Some(("Error", Some("rollback"))),
        Verdict::Running => Some(("Error", Some("killed"))),
        _ => {
            let kind = journal.reasons[0].kind;
            Some((if kind.is_failure() { "Failure" } else { "Error" }, Some(kind.name())))
        }
    }
}

fn in_python(files: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers/read.py");
    let ran = Command::new(readers().join("python")).arg(script).args(files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn junitparser_reads_every_profile() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    for profile in [JunitProfile::Strict, JunitProfile::Nextest, JunitProfile::Surefire] {
        let out = tempfile::tempdir().unwrap();
        let suites = in_python(&written(&run, profile, out.path()));
        assert_eq!(suites.len(), run.experiments.len(), "{profile:?}");
        for experiment in &run.experiments {
            let journal = &experiment.journal;
            let name = &journal.experiment.name;
            let suite = suites.iter().find(|suite| suite["name"] == format!("resilience::{name}"));
            let suite = suite.unwrap_or_else(|| panic!("{profile:?}: no suite {name}"));
            let cases = suite["cases"].as_array().unwrap();
            assert_eq!(suite["tests"], cases.len(), "{profile:?}: {name}");
            for (total, class) in [("failures", "Failure"), ("errors", "Error"), ("skipped", "Skipped")] {
                let counted =
                    cases.iter().filter(|case| case["results"].to_string().contains(&format!("[\"{class}\"")));
                assert_eq!(suite[total], counted.count(), "{profile:?}: {name}: {total}");
            }
            assert_eq!(suite["properties"]["seed"], journal.run.seed.to_string(), "{profile:?}: {name}");
            assert_eq!(suite["properties"]["verdict"], journal.verdict.name(), "{profile:?}: {name}");
            assert_eq!(suite["time"], journal.duration_us as f64 / 1e6, "{profile:?}: {name}");
            let own = &cases[0];
            assert_eq!(own["name"], name.as_str());
            assert_eq!(own["classname"], "shop::resilience");
            let result = own["results"].get(0).map(|result| (result[0].as_str().unwrap(), result[1].as_str()));
            assert_eq!(result, status(journal), "{profile:?}: {name}");
            if let Some(reason) = journal.reasons.first() {
                let message = own["results"][0][2].as_str().unwrap();
                let first: Vec<_> = reason.message.lines().next().unwrap().split_whitespace().collect();
                assert_eq!(message, first.join(" "), "{profile:?}: {name}");
            }
            let reruns = match (name.ends_with("::refuted"), profile) {
                (true, JunitProfile::Nextest | JunitProfile::Surefire) => {
                    serde_json::json!(["rerunFailure", "rerunError"])
                }
                _ => serde_json::json!([]),
            };
            assert_eq!(own["reruns"], reruns, "{profile:?}: {name}");
        }
    }
}

#[test]
fn junit2html_shows_every_experiment_and_why_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    for profile in [JunitProfile::Strict, JunitProfile::Nextest] {
        let out = tempfile::tempdir().unwrap();
        let file = &written(&run, profile, out.path())[0];
        let page = out.path().join("page.html");
        let ran = Command::new(readers().join("junit2html")).arg(file).arg(&page).output().unwrap();
        assert!(ran.status.success(), "{profile:?}: {}", String::from_utf8_lossy(&ran.stderr));
        let html = std::fs::read_to_string(page).unwrap();
        for experiment in &run.experiments {
            assert!(html.contains(&experiment.journal.experiment.name), "{profile:?}");
        }
        assert!(
            html.contains("during(success_rate &gt;= 99%) is false: 91.84 % of 2,010 operations succeeded"),
            "{profile:?}"
        );
        assert!(!html.contains("<script>alert(1)"), "{profile:?}: what is hostile stays text");
    }
}

#[test]
fn the_reader_of_nextest_reads_its_profile() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    let file = run.junit(JunitProfile::Nextest).remove(0);
    let report = Report::deserialize_from_str(&file.xml).unwrap();
    assert_eq!(report.name.as_ref().map(|name| name.as_str()), Some("4711-1234567"));
    assert_eq!(report.test_suites.len(), run.experiments.len());
    assert_eq!(report.tests, report.test_suites.iter().map(|suite| suite.test_cases.len()).sum::<usize>());
    for experiment in &run.experiments {
        let journal = &experiment.journal;
        let name = &journal.experiment.name;
        let suite = report.test_suites.iter().find(|suite| suite.name.as_str() == format!("resilience::{name}"));
        let suite = suite.unwrap_or_else(|| panic!("no suite {name}"));
        assert_eq!(suite.tests, suite.test_cases.len(), "{name}");
        let started: jiff::Timestamp = journal.run.started_at.parse().unwrap();
        assert_eq!(suite.timestamp.map(|at| at.timestamp()), Some(started.as_second()), "{name}");
        assert_eq!(suite.time.map(|time| time.as_millis() as u64), Some(journal.duration_us / 1_000), "{name}");
        let seed = suite.properties.iter().find(|property| property.name.as_str() == "seed").unwrap();
        assert_eq!(seed.value.as_str(), journal.run.seed.to_string(), "{name}");
        let own = &suite.test_cases[0];
        assert_eq!(own.name.as_str(), name);
        assert_eq!(own.classname.as_ref().map(|class| class.as_str()), Some("shop::resilience"));
        let found = match &own.status {
            TestCaseStatus::Success { .. } => None,
            TestCaseStatus::Skipped { .. } => Some(("Skipped", None)),
            TestCaseStatus::NonSuccess { kind, ty, reruns, .. } => {
                let expected = if name.ends_with("::refuted") { 2 } else { 0 };
                assert_eq!(reruns.runs.len(), expected, "{name}");
                let class = if *kind == NonSuccessKind::Failure { "Failure" } else { "Error" };
                Some((class, ty.as_ref().map(|ty| ty.as_str())))
            }
        };
        assert_eq!(found, status(journal), "{name}");
    }
    // What a strict file says of instants nextest can't read: they have no zone there.
    let strict = run.junit(JunitProfile::Strict).remove(0);
    assert!(Report::deserialize_from_str(&strict.xml).is_err(), "then the third profile would not be needed any more");
}
