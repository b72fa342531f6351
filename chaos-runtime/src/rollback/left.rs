//! What is left, looked at without undoing any of it.

use super::ledger_file::LedgerFile;
use super::replay::{Leftover, ledger_files};
use super::undo::Undo;
use crate::secret::{self, redact, register_environment};
use std::path::{Path, PathBuf};

/// Something that stands in the rollback ledger, and whether somebody still answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// The ledger file in which it stands.
    pub file: PathBuf,
    /// What it is.
    pub leftover: Leftover,
    /// Whether it belongs to a process that lives, which will undo it itself: then it is not left over.
    pub owned: bool,
    /// For what can't be read, why.
    pub error: Option<String>,
}

/// What stands in the ledger files of `dir` (`target/chaos/undo`), newest first; nothing is undone or changed.
///
/// Unlike [`recover`](super::recover) it also names what belongs to running experiments, and the files that earlier
/// replays have kept aside as `*.unreadable`. A missing directory means that nothing was left.
pub fn leftovers(dir: &Path) -> Vec<Left> {
    register_environment();
    let unreadable = |file: PathBuf, error: String| Left {
        file,
        leftover: Leftover::Unreadable,
        owned: false,
        error: Some(redact(&error).into_owned()),
    };
    let mut left = Vec::new();
    let paths = match ledger_files(dir) {
        Ok(paths) => paths,
        Err(error) => return vec![unreadable(dir.to_owned(), error.to_string())],
    };
    for path in paths {
        let (contents, owned) = match LedgerFile::look(&path) {
            Ok(looked) => looked,
            // Its owner was faster.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                left.push(unreadable(path, error.to_string()));
                continue;
            }
        };
        if let Some(version) = contents.newer {
            let error = format!("written by a later version of chaos-runtime (format {version}), which must undo it");
            left.push(Left { owned, ..unreadable(path, error) });
            continue;
        }
        for entry in contents.pending {
            secret::register(&entry.secrets);
            left.push(Left {
                leftover: Leftover::Undo {
                    experiment: entry.experiment,
                    what: redact(&entry.what).into_owned(),
                    target: redact(&entry.target).into_owned(),
                    at: entry.at,
                    by_hand: Undo::from_recipe(entry.recipe).recipe.by_hand(Some(&path)),
                },
                file: path.clone(),
                owned,
                error: None,
            });
        }
        if !contents.unreadable.is_empty() {
            let lines: Vec<String> = contents.unreadable.iter().map(ToString::to_string).collect();
            left.push(Left { owned, ..unreadable(path, format!("line {} is not readable", lines.join(", "))) });
        }
    }
    left.sort_by_key(|left| std::cmp::Reverse(at(left)));
    let aside = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut aside: Vec<_> = aside.filter(|path| path.extension().is_some_and(|end| end == "unreadable")).collect();
    aside.sort();
    let kept = "an earlier replay could not read all of it and kept it: look at it, undo by hand, remove it";
    left.extend(aside.into_iter().map(|path| unreadable(path, kept.to_owned())));
    left
}

fn at(left: &Left) -> Option<jiff::Timestamp> {
    match &left.leftover {
        Leftover::Undo { at, .. } => at.parse().ok(),
        Leftover::Unreadable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollback::{Recipe, recover};

    fn written(dir: &Path, target: &Path) -> LedgerFile {
        let mut file = LedgerFile::create(dir).unwrap();
        let recipe = Recipe::Remove { path: target.to_owned() };
        file.record(super::super::ledger_file::Entry::new(1, "survives", "fill the disk", "disk", &recipe)).unwrap();
        file
    }

    #[test]
    fn what_a_living_process_owns_is_shown_as_owned_and_what_nobody_owns_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let (undo, harm) = (dir.path().join("undo"), dir.path().join("harm"));
        std::fs::write(&harm, "").unwrap();
        assert_eq!(leftovers(&undo), []);
        let file = written(&undo, &harm);
        assert!(matches!(&*leftovers(&undo), [Left { owned: true, .. }]));
        drop(file);
        let left = leftovers(&undo);
        let [Left { owned: false, leftover: Leftover::Undo { experiment, by_hand, .. }, .. }] = &*left else {
            panic!("{left:?}")
        };
        assert!(experiment == "survives" && by_hand.contains(harm.to_str().unwrap()), "{left:?}");
        assert!(harm.exists(), "looking undoes nothing");
        assert_eq!(leftovers(&undo), left, "nor does it change what the next one sees");
        assert!(recover(&undo).iter().all(|recovered| recovered.error.is_none()));
        assert!(!harm.exists());
        assert_eq!(leftovers(&undo), []);
    }

    #[test]
    fn what_makes_no_sense_is_told_before_and_after_a_replay() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("1-a.jsonl"), "garbage\n").unwrap();
        std::fs::write(dir.path().join("2-b.jsonl"), "{\"version\":9,\"line\":\"undo\"}\n").unwrap();
        let told = |left: &[Left]| left.iter().filter_map(|left| left.error.clone()).collect::<Vec<_>>().join("\n");
        let before = told(&leftovers(dir.path()));
        assert!(before.contains("line 1 is not readable") && before.contains("format 9"), "{before}");
        recover(dir.path());
        let after = told(&leftovers(dir.path()));
        assert!(after.contains("kept it: look at it") && after.contains("format 9"), "{after}");
    }
}
