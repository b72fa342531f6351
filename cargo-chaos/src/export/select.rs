//! Which experiments are exported.

use super::identity::{Experiment, Origin};
use chaos_runtime::report::journal::Verdict;
use chaos_runtime::report::{RecordedRun, runs};
use chaos_runtime::{Error, Result};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What was asked for, read.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Each experiment once, by run and start.
    pub(crate) experiments: Vec<Experiment>,
    /// The runs that they are of, in order.
    pub(crate) runs: Vec<String>,
    /// In a sentence each, what is left out and why, although that is as it should be.
    pub(crate) left_out: Vec<String>,
    /// In a sentence each, what can't be read.
    pub(crate) unreadable: Vec<String>,
    seen: HashSet<[u8; 16]>,
}

impl Selection {
    /// Runs by id, folders of runs, folders that hold such folders, and single journals; the newest run if `which` is
    /// empty. `reports` says where reports lie, and is asked only if that matters.
    pub(crate) fn read(which: &[String], origin: &Origin, reports: impl FnOnce() -> Result<PathBuf>) -> Result<Self> {
        let mut selection = Self::default();
        let mut reports = Reports::Unknown(reports);
        if which.is_empty() {
            let root = reports.root()?;
            let newest = runs(root).into_iter().next().ok_or_else(|| {
                Error::new(format!("there is no run in {}", root.display()))
                    .help("run some chaos tests first, or name a run's folder or a journal")
            })?;
            selection.add_run(&newest, None, origin)?;
        }
        for what in which {
            let path = Path::new(what);
            if path.is_file() {
                let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                selection.add_run(folder.unwrap_or(Path::new(".")), path.file_name(), origin)?;
            } else if path.is_dir() {
                selection.add_folder(path, origin)?;
            } else {
                let root = reports.root()?;
                let folder = root.join("runs").join(what);
                if what.contains(['/', '\\']) || !folder.is_dir() {
                    return Err(no_such_run(what, root));
                }
                selection.add_run(&folder, None, origin)?;
            }
        }
        if selection.experiments.is_empty() && selection.left_out.is_empty() && selection.unreadable.is_empty() {
            return Err(Error::new("there is no experiment in what was named")
                .help("name a run's id, its folder (`target/chaos/runs/<id>`), or a journal (a .json file in it)"));
        }
        Ok(selection)
    }

    fn add_folder(&mut self, path: &Path, origin: &Origin) -> Result {
        let all = runs(path);
        if let Some(newest) = all.first() {
            return self.add_run(newest, None, origin);
        }
        if holds_records(path) {
            return self.add_run(path, None, origin);
        }
        // What a pipeline collected: folders of runs beside each other.
        let mut folders: Vec<PathBuf> =
            fs::read_dir(path)?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders.iter().filter(|folder| holds_records(folder)).try_for_each(|folder| self.add_run(folder, None, origin))
    }

    /// Adds a run, or of it the experiment in the file `only`.
    fn add_run(&mut self, folder: &Path, only: Option<&std::ffi::OsStr>, origin: &Origin) -> Result {
        let run = RecordedRun::read(folder)?;
        let mut found = false;
        for recorded in run.experiments {
            if only.is_some_and(|name| recorded.path.file_name() != Some(name)) {
                continue;
            }
            found = true;
            let journal = recorded.journal;
            if journal.verdict == Verdict::Running {
                self.left_out.push(format!("`{}` of run {} still runs", journal.experiment.name, journal.run.id));
                continue;
            }
            let run = journal.run.id.clone();
            match Experiment::new(journal, origin) {
                Ok(experiment) => {
                    if self.seen.insert(experiment.trace_id()) {
                        self.experiments.push(experiment);
                    }
                    if !self.runs.contains(&run) {
                        self.runs.push(run);
                    }
                }
                Err(error) => self.unreadable.push(error.to_string()),
            }
        }
        match only {
            Some(name) if !found => {
                let name = name.to_string_lossy();
                let why = run.unreadable.into_iter().find(|why| why.contains(&*name));
                Err(Error::new(why.unwrap_or_else(|| format!("{name} is no journal")))
                    .help("journals are the .json files in `target/chaos/runs/<id>`"))
            }
            Some(_) => Ok(()),
            None => {
                self.unreadable.extend(run.unreadable);
                Ok(())
            }
        }
    }
}

/// Where reports lie, asked for at most once.
enum Reports<F> {
    Unknown(F),
    Known(PathBuf),
    Failed,
}

impl<F: FnOnce() -> Result<PathBuf>> Reports<F> {
    fn root(&mut self) -> Result<&Path> {
        *self = match std::mem::replace(self, Self::Failed) {
            Self::Unknown(ask) => Self::Known(ask()?),
            asked => asked,
        };
        match self {
            Self::Known(root) => Ok(root),
            _ => Err(Error::new("it is not known where reports lie")),
        }
    }
}

fn holds_records(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|extension| extension == "json"))
}

fn no_such_run(what: &str, root: &Path) -> Error {
    let newest: Vec<String> =
        runs(root).iter().take(5).filter_map(|path| Some(format!("`{}`", path.file_name()?.to_str()?))).collect();
    let error = Error::new(format!("`{what}` is neither a run in {} nor a path", root.display()));
    if newest.is_empty() {
        error.help("there is no run there: name a folder or a journal, or run some chaos tests first")
    } else {
        error.help(format!("the newest runs there are {}", newest.join(", ")))
    }
}
