//! Directories, and what killed tests have left.

use super::check::Check;
use chaos_runtime::machine;
use chaos_runtime::rollback::{self, Leftover};
use std::io;
use std::path::Path;

const GROUP: &str = "places";
/// A run's journals take a few megabytes; the undo of a fault must always fit.
const LITTLE: u64 = 100 << 20;

pub(super) fn checks(reports: &Path) -> Vec<Check> {
    vec![
        writable(
            "reports",
            reports,
            "journals, junit.xml, and what must be on disk before a fault is injected",
            "make it writable, or name another directory: CHAOS_DIR",
        ),
        writable(
            "temporary files",
            &std::env::temp_dir(),
            "sockets, small disks, clocks of processes",
            "set TMPDIR to a directory in which files can be made",
        ),
        locks(),
        leftovers(&reports.join("undo")),
    ]
}

/// Writes a file and removes it, in the directory or, where that is not made yet, in the one in which it will be.
fn writable(name: &str, dir: &Path, why: &str, fix: &str) -> Check {
    let there = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    let shown = dir.display();
    if let Err(error) = tried(there) {
        let fix = if error.kind() == io::ErrorKind::StorageFull {
            "make room, or name another directory: CHAOS_DIR, TMPDIR"
        } else {
            fix
        };
        return Check::missing(GROUP, name, format!("no file can be written in {}: {error}", there.display()))
            .why(why)
            .fix(fix);
    }
    match machine::free_space(there) {
        Ok(free) if free < LITTLE => {
            Check::warning(GROUP, name, format!("{shown}: only {} free", machine::bytes(free)))
                .why(why)
                .fix("make room; `cargo clean` removes what was built")
        }
        Ok(free) => Check::ok(GROUP, name, format!("{shown}: {} free", machine::bytes(free))).why(why),
        Err(_) => Check::ok(GROUP, name, format!("{shown}: writable")).why(why),
    }
}

fn tried(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!("chaos-doctor-{}", std::process::id()));
    // A full disk takes a name and no bytes.
    let written = std::fs::write(&path, [0_u8; 4096]);
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

fn locks() -> Check {
    let (name, why) = ("turns", "experiments of this user wait for each other by files there");
    match machine::lock_directory() {
        Ok(dir) => Check::ok(GROUP, name, dir.display().to_string()).why(why),
        Err(error) => Check::because(GROUP, name, true, &error).why(why),
    }
}

fn leftovers(undo: &Path) -> Check {
    let (name, why) = ("left behind", "faults of tests that were killed may still be on");
    let left: Vec<_> = rollback::leftovers(undo).into_iter().filter(|left| !left.owned).collect();
    let Some(first) = left.first() else { return Check::ok(GROUP, name, "nothing").why(why) };
    let what = match &first.leftover {
        Leftover::Undo { what, target, experiment, .. } => format!("`{what}` on {target}, of {experiment}"),
        _ => format!("{}, which can't be read", first.file.display()),
    };
    let more = if left.len() > 1 { format!(", and {} more", left.len() - 1) } else { String::new() };
    Check::warning(GROUP, name, format!("{what}{more}"))
        .why(why)
        .fix("`cargo chaos recover`; the next chaos test does it, too")
}
