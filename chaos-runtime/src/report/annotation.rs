//! Workflow commands of GitHub Actions: a failed experiment shows at its line of the pull request.
//!
//! The runner reads them in the log of a step, at the start of a line. `CHAOS_ANNOTATIONS=off` is for runs in which
//! failures are expected.

use super::journal::{Journal, Verdict};
use super::{overview, text};
use std::path::Path;

/// The command for an experiment that someone has to look at, where a runner of GitHub reads it.
pub(crate) fn current(journal: &Journal) -> Option<String> {
    of(journal, |name| std::env::var(name).ok())
}

fn of(journal: &Journal, env: impl Fn(&str) -> Option<String>) -> Option<String> {
    if env("GITHUB_ACTIONS").as_deref() != Some("true") || env("CHAOS_ANNOTATIONS").as_deref() == Some("off") {
        return None;
    }
    let level = match journal.verdict {
        Verdict::Passed | Verdict::Running => return None,
        Verdict::KnownWeakness => "warning",
        Verdict::Skipped => "notice",
        _ => "error",
    };
    let journal = &text::publish(journal);
    let experiment = &journal.experiment;
    let file = in_repository(&experiment.file, env("CARGO_MANIFEST_DIR"), env("GITHUB_WORKSPACE"));
    let title = text::line(&format!("chaos: {} {}", experiment.name, journal.verdict.name()), 200);
    let mut message = text::line(&overview::decisive(journal), 1_000);
    if let Some(help) = journal.reasons.first().and_then(|reason| reason.help.as_ref()) {
        message.push_str(&format!("\nhelp: {}", text::line(help, 1_000)));
    }
    message.push_str(&format!("\nreplay: {}", text::line(&journal.replay, 2_000)));
    Some(format!(
        "::{level} file={},line={},col={},title={}::{}",
        property(&file),
        experiment.line,
        experiment.column,
        property(&title),
        data(&message)
    ))
}

/// The compiler names files from the workspace's root, GitHub from the repository's.
fn in_repository(file: &str, manifest: Option<String>, repository: Option<String>) -> String {
    let (Some(manifest), Some(repository)) = (manifest, repository) else { return file.to_owned() };
    let roots = Path::new(&manifest).ancestors().filter(|root| root.join(file).is_file());
    let within = roots.filter_map(|root| Some(root.join(file).strip_prefix(&repository).ok()?.to_owned()));
    // The outermost is the workspace.
    within.last().map_or_else(|| file.to_owned(), |path| path.display().to_string())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn on_github(name: &str) -> Option<String> {
        (name == "GITHUB_ACTIONS").then(|| "true".to_owned())
    }

    #[test]
    fn a_failed_experiment_is_an_error_at_its_line() {
        assert_eq!(
            of(&sample::refuted(), on_github).unwrap(),
            "::error file=shop/tests/resilience/checkout.rs,line=14,col=10,title=chaos%3A \
             checkout%3A%3Asurvives_slow_inventory refuted::during(success_rate >= 99%25) is false: 91.84 %25 of \
             2,010 operations succeeded%0Ahelp: the first failure was a timeout after 2 s: is there a retry, and does \
             the caller's time-out leave room for it?%0Areplay: CHAOS_SEED=42 cargo test -p shop --test resilience \
             checkout::survives_slow_inventory -- --exact"
        );
    }

    #[test]
    fn every_verdict_has_its_level() {
        for (name, journal) in sample::all() {
            let told = of(&journal, on_github);
            let level = told.as_deref().and_then(|told| told.split(' ').next());
            let expected = match journal.verdict {
                Verdict::Passed | Verdict::Running => None,
                Verdict::KnownWeakness => Some("::warning"),
                Verdict::Skipped => Some("::notice"),
                _ => Some("::error"),
            };
            assert_eq!(level, expected, "{name}");
            assert!(told.is_none_or(|told| !told.contains(['\n', '\r'])), "{name}: one line");
            assert_eq!(of(&journal, |_| None), None, "{name}: elsewhere nobody reads it");
            let off = |name: &str| if name == "CHAOS_ANNOTATIONS" { Some("off".to_owned()) } else { on_github(name) };
            assert_eq!(of(&journal, off), None, "{name}: nobody wants it");
        }
    }

    #[test]
    fn hostile_names_stay_within_their_property() {
        let mut journal = sample::refuted();
        journal.experiment.file = "a,line=1::x\n::error::b".to_owned();
        let told = of(&journal, on_github).unwrap();
        assert!(told.starts_with("::error file=a%2Cline=1%3A%3Ax%0A%3A%3Aerror%3A%3Ab,line=14"), "{told}");
    }

    #[test]
    fn a_workspace_below_the_repository_is_found() {
        let repository = tempfile::tempdir().unwrap();
        let package = repository.path().join("backend/shop");
        std::fs::create_dir_all(package.join("tests")).unwrap();
        std::fs::write(package.join("tests/chaos.rs"), "").unwrap();
        let text = |path: &Path| Some(path.display().to_string());
        let found = in_repository("shop/tests/chaos.rs", text(&package), text(repository.path()));
        assert_eq!(found, "backend/shop/tests/chaos.rs");
        assert_eq!(in_repository("gone.rs", text(&package), text(repository.path())), "gone.rs");
        assert_eq!(in_repository("shop/tests/chaos.rs", None, None), "shop/tests/chaos.rs");
    }
}
