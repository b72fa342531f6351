//! Journals from wherever they lie put together: run folders, roots of reports, single files, and folders into which
//! the artifacts of several machines were downloaded.

use super::journal::{Journal, Verdict};
use super::recorded::{RecordedExperiment, RecordedRun};
use super::run::Folder;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How deep folders are looked through: artifacts of artifacts, and no loop of links.
const DEPTH: usize = 12;

/// What was found.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// The runs by their start, the experiments of a run on several machines together.
    pub runs: Vec<RecordedRun>,
    /// In a sentence each, which records can't be read and why.
    pub unreadable: Vec<String>,
    /// In a sentence each, where two records of one experiment say different things. Both are kept, unless one of them
    /// has only been written while it was running.
    pub conflicts: Vec<String>,
    /// How many records were found more than once, the same each time.
    pub doubles: usize,
}

/// Reads all journals at these paths: files, or folders that hold them at any depth.
///
/// Experiments of one run id are put together, wherever they were found; the path of such a run is the first one's.
/// What was found twice counts once. Journals of earlier attempts (`attempts/`) are left to the run that has them.
///
/// # Errors
/// When a path does not exist, when one that is a file is no journal, or when there is no journal at all.
pub fn gather(paths: &[PathBuf]) -> Result<Gathered> {
    let mut files = BTreeSet::new();
    for path in paths {
        let metadata = std::fs::metadata(path)
            .map_err(|error| Error::new(format!("can't read {}", path.display())).caused_by(error))?;
        if metadata.is_dir() {
            find(path, DEPTH, &mut files);
        } else if is_journal(path) == Some(false) {
            return Err(Error::new(format!("{} is no journal", path.display())).help(
                "name journals (`<package>.<binary>.<test>.json`), folders of runs, or folders that hold such folders",
            ));
        } else {
            files.insert(path.clone());
        }
    }
    let mut gathered = Gathered { runs: Vec::new(), unreadable: Vec::new(), conflicts: Vec::new(), doubles: 0 };
    let mut found = Vec::new();
    for path in files {
        match Folder::experiment(&path) {
            Ok(journal) => found.push(RecordedExperiment { journal, path }),
            Err(why) => gathered.unreadable.push(format!("{}: {why}", path.parent().unwrap_or(&path).display())),
        }
    }
    if found.is_empty() && gathered.unreadable.is_empty() {
        let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::new(format!("no journal is found in {}", named.join(", ")))
            .help("run chaos tests first, or name where their reports lie, such as `target/chaos`"));
    }
    let mut runs: BTreeMap<String, Vec<RecordedExperiment>> = BTreeMap::new();
    for one in gathered.settle(found) {
        runs.entry(one.journal.run.id.clone()).or_default().push(one);
    }
    gathered.runs = runs.into_iter().map(|(id, experiments)| run(id, experiments)).collect();
    gathered.runs.sort_by_key(|run| (run.experiments.first().and_then(started), run.id.clone()));
    Ok(gathered)
}

impl Gathered {
    /// Everything as one run, in the order in which the experiments started. Of several runs the id names all, up to
    /// three.
    pub fn merged(&self) -> RecordedRun {
        let ids: Vec<&str> = self.runs.iter().map(|run| run.id.as_str()).collect();
        let id = match ids.as_slice() {
            [] => "none".to_owned(),
            ids if ids.len() <= 3 => ids.join(" + "),
            [first, .., last] => format!("{} runs, {first} to {last}", ids.len()),
            [one] => (*one).to_owned(),
        };
        let experiments = self.runs.iter().flat_map(|run| run.experiments.iter().cloned()).collect();
        let path = self.runs.first().map(|run| run.path.clone()).unwrap_or_default();
        let mut unreadable = self.unreadable.clone();
        unreadable.extend(self.conflicts.iter().cloned());
        let RecordedRun { path, experiments, .. } = run_at(path, id.clone(), experiments);
        RecordedRun { id, path, experiments, unreadable }
    }

    /// Takes out what is there twice, and notes what differs.
    fn settle(&mut self, found: Vec<RecordedExperiment>) -> Vec<RecordedExperiment> {
        let mut kept: Vec<RecordedExperiment> = Vec::new();
        let mut known: BTreeMap<[String; 5], Vec<usize>> = BTreeMap::new();
        for one in found {
            let of_the_same = known.entry(key(&one.journal)).or_default();
            if of_the_same.iter().any(|at| kept[*at].journal == one.journal) {
                self.doubles += 1;
                continue;
            }
            // A record that was copied while the test ran, and the one with its end.
            if let Some(at) =
                of_the_same.iter().find(|at| is_unfinished(&kept[**at].journal) != is_unfinished(&one.journal))
            {
                let other = &mut kept[*at];
                self.doubles += 1;
                self.conflicts.push(conflict(other, &one, "the one with a verdict counts"));
                if is_unfinished(&other.journal) {
                    *other = one;
                }
                continue;
            }
            if let Some(at) = of_the_same.first() {
                self.conflicts.push(conflict(&kept[*at], &one, "both are shown"));
            }
            of_the_same.push(kept.len());
            kept.push(one);
        }
        kept
    }
}

fn conflict(a: &RecordedExperiment, b: &RecordedExperiment, so: &str) -> String {
    format!(
        "`{}` of run {} is recorded as {} in {} and as {} in {}; {so}",
        a.journal.experiment.name,
        a.journal.run.id,
        a.journal.verdict.name(),
        a.path.display(),
        b.journal.verdict.name(),
        b.path.display()
    )
}

/// One start of one experiment. Machines have clocks with microseconds, so two starts never share one by accident.
fn key(journal: &Journal) -> [String; 5] {
    let (experiment, run) = (&journal.experiment, &journal.run);
    [&run.id, &experiment.package, &experiment.binary, &experiment.name, &run.started_at].map(String::clone)
}

/// Whether the journal was written by an experiment that had not ended.
fn is_unfinished(journal: &Journal) -> bool {
    use super::journal::ReasonKind::Killed;
    journal.verdict == Verdict::Running || journal.reasons.first().is_some_and(|reason| reason.kind == Killed)
}

fn started(experiment: &RecordedExperiment) -> Option<jiff::Timestamp> {
    experiment.journal.run.started_at.parse().ok()
}

fn run(id: String, experiments: Vec<RecordedExperiment>) -> RecordedRun {
    let path = experiments.first().and_then(|one| one.path.parent()).map(Path::to_owned).unwrap_or_default();
    run_at(path, id, experiments)
}

fn run_at(path: PathBuf, id: String, mut experiments: Vec<RecordedExperiment>) -> RecordedRun {
    experiments.sort_by(|a, b| started(a).cmp(&started(b)).then_with(|| a.path.cmp(&b.path)));
    RecordedRun { id, path, experiments, unreadable: Vec::new() }
}

/// The journals below a folder.
fn find(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        // Links into what is looked through anyway would only be doubles, or loops.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "attempts" && name != "state" => find(&path, depth, files),
            Ok(kind) if kind.is_file() && is_record(&path) => {
                files.insert(path);
            }
            _ => {}
        }
    }
}

/// Whether a file is a journal, or may once have been one.
fn is_record(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json") && is_journal(path) != Some(false)
}

/// Whether a file is a journal; `None` if that can't be told, as it is cut off or can't be read.
fn is_journal(path: &Path) -> Option<bool> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        schema: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        experiment: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        run: Option<serde::de::IgnoredAny>,
    }
    let text = std::fs::read(path).ok()?;
    match serde_json::from_slice::<Head>(&text) {
        Ok(head) => Some(head.schema.is_some() && head.experiment.is_some() && head.run.is_some()),
        // JSON of another shape, such as an array, is none of ours; what is no JSON may once have been a journal.
        Err(_) => serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok().then_some(false),
    }
}

#[cfg(test)]
#[path = "gathered_tests.rs"]
mod tests;
