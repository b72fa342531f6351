//! The job of a pipeline.

use super::file::{File, There};
use super::package::Chosen;
use std::path::Path;

/// Whose pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Ci {
    /// `.github/workflows/resilience.yml`
    Github,
    /// `.gitlab-ci.yml`, or a file to include in it
    Gitlab,
    /// No job
    None,
}

const GITHUB: &str = include_str!("files/github.yml");
const GITLAB: &str = include_str!("files/gitlab.yml");

impl Ci {
    /// By what lies in the workspace's root.
    pub(super) fn of_project(root: &Path) -> Self {
        let remote = std::fs::read_to_string(root.join(".git/config")).unwrap_or_default();
        if root.join(".gitlab-ci.yml").is_file() || remote.contains("gitlab") {
            Self::Gitlab
        } else if root.join(".github").is_dir() || remote.contains("github.com") {
            Self::Github
        } else {
            Self::None
        }
    }

    pub(super) fn file(self, package: &Chosen, install: &str) -> Option<File> {
        let root = &package.workspace;
        let filled = |text: &str| text.replace("{INSTALL}", install).replace("{PACKAGE}", &package.flag());
        let what = "runs the tests in CI, keeps their history, shows and keeps the results";
        match self {
            Self::None => None,
            Self::Github => Some(File {
                path: root.join(".github/workflows/resilience.yml"),
                text: filled(GITHUB),
                what,
                otherwise: "it is another one; move it away and run this again to see ours".to_owned(),
            }),
            Self::Gitlab => {
                let otherwise = "it is another one; move it away and run this again to see ours".to_owned();
                let own = File { path: root.join(".gitlab-ci.yml"), text: filled(GITLAB), what, otherwise };
                if own.there() != There::Other {
                    return Some(own);
                }
                Some(File { path: root.join(".gitlab/resilience.yml"), ..own })
            }
        }
    }

    /// What is left to do by hand.
    pub(super) fn by_hand(self, package: &Chosen, file: &File) -> Option<String> {
        let is_included = file.path.ends_with(".gitlab/resilience.yml");
        let include = is_included
            .then(|| {
                let theirs = std::fs::read_to_string(package.workspace.join(".gitlab-ci.yml")).unwrap_or_default();
                (!theirs.contains(".gitlab/resilience.yml"))
                    .then(|| "add to .gitlab-ci.yml: `include: [{ local: .gitlab/resilience.yml }]`".to_owned())
            })
            .flatten();
        let repository = package.workspace.ancestors().skip(1).find(|dir| dir.join(".git").exists());
        let moved = repository.filter(|_| !package.workspace.join(".git").exists()).map(|dir| {
            format!(
                "the repository begins at {}: move the file there, and let its commands run in this directory",
                dir.display()
            )
        });
        include.or(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cargo;
    use clap::Parser as _;

    /// The commands of `cargo chaos` in a file.
    fn commands(text: &str) -> Vec<Vec<&str>> {
        let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
        let ours = lines.filter(|line| line.starts_with("cargo chaos "));
        ours.map(|line| line.split(" >> ").next().unwrap_or(line).split_whitespace().collect()).collect()
    }

    #[test]
    fn every_command_in_the_files_is_one_of_ours() {
        for text in [GITHUB, GITLAB] {
            let commands = commands(text);
            assert!(commands.len() >= 3, "{commands:?}");
            for command in commands {
                if let Err(error) = Cargo::try_parse_from(&command) {
                    panic!("{command:?}: {error}");
                }
            }
        }
    }

    #[test]
    fn whose_pipeline_it_is_shows_in_the_project() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Ci::of_project(dir.path()), Ci::None);
        std::fs::create_dir(dir.path().join(".github")).unwrap();
        assert_eq!(Ci::of_project(dir.path()), Ci::Github);
        std::fs::write(dir.path().join(".gitlab-ci.yml"), "").unwrap();
        assert_eq!(Ci::of_project(dir.path()), Ci::Gitlab);
    }
}
