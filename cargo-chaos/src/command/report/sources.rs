//! Which journals are meant.

use crate::context::Place;
use chaos_runtime::report::{self, Gathered};
use chaos_runtime::{Error, Result};
use std::path::{Path, PathBuf};

/// Those at the paths, those of the runs that are named, or those of the newest run.
pub(super) fn gathered(named: &[PathBuf], place: &Place) -> Result<Gathered> {
    if named.is_empty() {
        let reports = place.reports()?;
        let newest = report::runs(&reports).into_iter().next();
        let newest = newest.ok_or_else(|| {
            Error::new(format!("no run is found in {}", reports.display()))
                .help("run chaos tests first (`cargo chaos run`), or name where their reports lie")
        })?;
        return report::gather(&[newest]);
    }
    let paths = named.iter().map(|path| of(path, place)).collect::<Result<Vec<_>>>()?;
    report::gather(&paths)
}

/// A path as it is, or the folder of the run with this id.
fn of(named: &Path, place: &Place) -> Result<PathBuf> {
    if named.exists() || named.components().count() != 1 {
        return Ok(named.to_owned());
    }
    // Outside of a project a word can only be a path.
    let Ok(reports) = place.reports() else { return Ok(named.to_owned()) };
    let run = reports.join("runs").join(named);
    if run.is_dir() {
        return Ok(run);
    }
    Err(Error::new(format!("`{}` is neither a path nor the id of a run in {}", named.display(), reports.display()))
        .help("`cargo chaos history` lists the runs"))
}
