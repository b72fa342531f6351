//! Which state of the code is tested.

use crate::report::journal::Revision;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// No test waits longer than this for a version control that hangs.
const PATIENCE: Duration = Duration::from_secs(1);

/// Of pipelines: the commit they run for.
const COMMITS: [&str; 12] = [
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "TRAVIS_COMMIT",
    "DRONE_COMMIT_SHA",
    "BUILD_SOURCEVERSION",
    "BITBUCKET_COMMIT",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "SEMAPHORE_GIT_SHA",
    "GIT_COMMIT",
    "COMMIT_SHA",
];

const BRANCHES: [&str; 9] = [
    "GITHUB_HEAD_REF",
    "CI_COMMIT_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "TRAVIS_BRANCH",
    "DRONE_BRANCH",
    "BITBUCKET_BRANCH",
    "BRANCH_NAME",
    "GIT_BRANCH",
];

const TAGS: [&str; 5] = ["CI_COMMIT_TAG", "BUILDKITE_TAG", "CIRCLE_TAG", "TRAVIS_TAG", "BITBUCKET_TAG"];

/// `CHAOS_REVISION`, else what the pipeline's variables say, else what git says of the package's directory. Asked for
/// once in a process.
pub(super) fn current() -> Option<Revision> {
    static CURRENT: OnceLock<Option<Revision>> = OnceLock::new();
    let package = || std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
    CURRENT.get_or_init(|| told(|name| std::env::var(name).ok()).or_else(|| of_git(Path::new(&package())))).clone()
}

fn told(env: impl Fn(&str) -> Option<String>) -> Option<Revision> {
    let set = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let first = |names: &[&str]| names.iter().find_map(|name| set(name));
    if let Some(commit) = set("CHAOS_REVISION") {
        return Some(Revision { commit, ..Revision::default() });
    }
    let commit = first(&COMMITS)?;
    let of_github = |kind: &str| set("GITHUB_REF_NAME").filter(|_| set("GITHUB_REF_TYPE").as_deref() == Some(kind));
    let branch = first(&BRANCHES).or_else(|| of_github("branch"));
    let tag = first(&TAGS).or_else(|| of_github("tag"));
    Some(Revision { commit, dirty: None, branch, tag })
}

/// One call tells commit, branch and whether files differ. What is not under version control does not count: build
/// outputs and reports are among it, and looking for it takes long.
fn of_git(package: &Path) -> Option<Revision> {
    let arguments = ["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"];
    let mut git = Command::new("git");
    git.args(arguments).current_dir(package).env("GIT_TERMINAL_PROMPT", "0");
    read(&output_of(git)?)
}

/// What a command writes, if it succeeds in time.
fn output_of(mut command: Command) -> Option<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text);
        // Nobody listens any more when it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    let text = receiver.recv_timeout(PATIENCE);
    if text.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    text.ok()?.ok().filter(|_| status.success())
}

fn read(status: &str) -> Option<Revision> {
    let header = |name: &str| {
        let mut lines = status.lines();
        lines.find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(' '))
    };
    // Before the first commit it is `(initial)`, without a branch `(detached)`.
    let named = |text: &&str| !text.starts_with('(');
    let commit = header("branch.oid").filter(named)?.to_owned();
    let branch = header("branch.head").filter(named).map(str::to_owned);
    let dirty = Some(status.lines().any(|line| !line.starts_with('#')));
    Some(Revision { commit, dirty, branch, tag: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_tells_and_who_runs_the_test_outranks_it() {
        let told_by = |variables: &[(&str, &str)]| {
            told(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(told_by(&[]), None);
        assert_eq!(told_by(&[("GITHUB_SHA", " ")]), None);
        let github = [("GITHUB_SHA", "abc"), ("GITHUB_REF_NAME", "v1.4"), ("GITHUB_REF_TYPE", "tag")];
        let tagged = told_by(&github).unwrap();
        assert_eq!((tagged.commit.as_str(), tagged.tag.as_deref(), tagged.branch), ("abc", Some("v1.4"), None));
        let gitlab = told_by(&[("CI_COMMIT_SHA", "def"), ("CI_COMMIT_BRANCH", "main")]).unwrap();
        assert_eq!((gitlab.commit.as_str(), gitlab.branch.as_deref()), ("def", Some("main")));
        let own = told_by(&[("GITHUB_SHA", "abc"), ("CHAOS_REVISION", "release-7")]).unwrap();
        assert_eq!(own, Revision { commit: "release-7".to_owned(), ..Revision::default() });
    }

    #[test]
    fn git_tells_commit_branch_and_whether_files_differ() {
        let clean = "# branch.oid 0123456789abcdef\n# branch.head main\n# branch.upstream origin/main\n";
        let revision = read(clean).unwrap();
        assert_eq!((revision.short(), revision.branch.as_deref()), ("0123456", Some("main")));
        assert_eq!(revision.dirty, Some(false));
        let changed = format!("{clean}1 .M N... 100644 100644 100644 1 1 src/lib.rs\n");
        assert_eq!(read(&changed).unwrap().dirty, Some(true));
        assert_eq!(read("# branch.oid 0123\n# branch.head (detached)\n").unwrap().branch, None);
        assert_eq!(read("# branch.oid (initial)\n# branch.head main\n"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_directory_without_version_control_has_no_revision() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of_git(dir.path()), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_version_control_that_hangs_is_not_waited_for() {
        let mut hangs = Command::new("sleep");
        hangs.arg("600");
        let start = std::time::Instant::now();
        assert_eq!(output_of(hangs), None);
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
