//! What real experiments leave in the history: with the commit, beyond `cargo clean`, and never at the verdict's cost.
//!
//! The experiment in here is ignored: the tests run it in processes of their own, in projects of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::history::{Entry, Store};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use chaos_tests::home::{Ended, Home, run};
use std::fs;
use std::path::{Path, PathBuf};

#[chaos_test(
    steady_state(success_rate >= 50%),
    hypothesis(during(success_rate >= 50%), recovery <= 5s),
    warm_up = 20ms,
    baseline = 100ms,
    after = 100ms,
    bin = 50ms,
    parallel
)]
#[ignore = "run by the tests below"]
async fn short(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(200))).await?;
    let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
    // So long that a moment's lag of the driver at its end is no matter.
    chaos.inject(harmless).hold(secs(1)).await
}

/// A project under version control, with this test binary where cargo would have put it.
struct Project(Home);

impl Project {
    fn new() -> Self {
        let project = Self(Home::new());
        let deps = project.target().join("debug/deps");
        fs::create_dir_all(&deps).unwrap();
        fs::write(project.target().join("CACHEDIR.TAG"), "# This file is a cache directory tag created by cargo.")
            .unwrap();
        let exe = std::env::current_exe().unwrap();
        fs::hard_link(&exe, deps.join("history-0"))
            .or_else(|_| fs::copy(&exe, deps.join("history-0")).map(drop))
            .unwrap();
        fs::write(project.root().join("Cargo.toml"), "[package]\nname = \"shop\"\n\n[workspace]\n").unwrap();
        project.git(&["init", "--quiet", "--initial-branch=trunk"]);
        project.git(&["add", "Cargo.toml"]);
        project.git(&["commit", "--quiet", "-m", "first"]);
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn target(&self) -> PathBuf {
        self.root().join("target")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]);
        let ended = run({
            git.args(arguments).current_dir(self.root());
            git
        });
        assert!(ended.status.success(), "{}", ended.output);
        ended.output.trim().to_owned()
    }

    /// The experiment, as `cargo test` starts it, with what `change` makes of that.
    fn test(&self, change: impl FnOnce(&mut Command)) -> Ended {
        let mut command = Command::new(self.target().join("debug/deps/history-0"));
        command.args(["--exact", "short", "--ignored", "--nocapture"]).current_dir(self.root());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHAOS_") || name == "NEXTEST_RUN_ID" || name == "GITHUB_SHA" {
                command.env_remove(name);
            }
        }
        command.env("CARGO_MANIFEST_DIR", self.root()).env("TMPDIR", self.0.tmp());
        change(&mut command);
        run(command)
    }

    fn entries(&self, dir: &str) -> Vec<Entry> {
        let histories = Store::open(self.root().join(dir)).histories().unwrap();
        histories.into_iter().flat_map(|history| history.entries).collect()
    }
}

#[test]
fn each_run_is_kept_with_its_commit_beyond_cargo_clean() {
    let project = Project::new();
    let ended = project.test(|_| {});
    assert!(ended.status.success(), "{}", ended.output);
    let commit = project.git(&["rev-parse", "HEAD"]);
    fs::write(project.root().join("Cargo.toml"), "[package]\nname = \"shop\"\nversion = \"0.2.0\"\n\n[workspace]\n")
        .unwrap();
    assert!(project.test(|_| {}).status.success());
    assert!(
        project
            .test(|command| {
                command.env("CHAOS_REVISION", "v2-candidate");
            })
            .status
            .success()
    );
    fs::remove_dir_all(project.target()).unwrap();

    let entries = project.entries(".chaos/history");
    let revisions: Vec<_> = entries.iter().map(|entry| entry.revision.clone().unwrap()).collect();
    let told: Vec<_> = revisions.iter().map(|of| (of.commit.as_str(), of.dirty, of.branch.as_deref())).collect();
    let trunk = Some("trunk");
    assert_eq!(told, [(&*commit, Some(false), trunk), (&*commit, Some(true), trunk), ("v2-candidate", None, None)]);
    for entry in &entries {
        assert_eq!(
            (entry.name.as_str(), entry.verdict, entry.claims.len()),
            ("short", Verdict::Passed, 4),
            "{entry:?}"
        );
        assert!(
            entry.claims.iter().all(|claim| claim.value.is_some()) && entry.load.ends_with("at 200/s"),
            "{entry:?}"
        );
    }
    assert_eq!(project.git(&["status", "--porcelain"]), "M Cargo.toml", "nothing of it is to be committed");
}

#[test]
fn the_history_goes_where_it_is_asked_to() {
    let project = Project::new();
    assert!(
        project
            .test(|command| {
                command.env("CHAOS_DIR", project.root().join("reports"));
            })
            .status
            .success()
    );
    assert_eq!(project.entries("reports/history").len(), 1, "beside the reports");
    assert!(
        project
            .test(|command| {
                command.env("CHAOS_HISTORY", "kept");
            })
            .status
            .success()
    );
    assert_eq!(project.entries("kept").len(), 1, "a relative one counts from the workspace's root");
    assert!(!project.root().join(".chaos").exists());
}

#[test]
fn a_history_that_cannot_be_written_changes_no_verdict() {
    let project = Project::new();
    // A file where the directory should be; permissions would not bind root.
    fs::write(project.root().join(".chaos"), "").unwrap();
    assert!(project.test(|_| {}).status.success());
    assert_eq!(project.entries("target/chaos/history").len(), 1, "it goes beside the reports");
    fs::remove_dir_all(project.target().join("chaos/history")).unwrap();
    fs::write(project.target().join("chaos/history"), "").unwrap();
    let ended = project.test(|_| {});
    assert!(ended.status.success(), "{}", ended.output);
    assert!(ended.output.contains("can't write the history to"), "a note tells of it:\n{}", ended.output);
}
