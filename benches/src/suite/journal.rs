//! What an hour at 10,000/s leaves: recorded by the real recorder, without waiting for it.

use crate::bench::{Bench, Side};
use crate::row::{Row, Target};
use crate::series::{Contestant, Series, alternate};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let series = series(bench, bench.long_repeats());
    Ok(vec![
        Row::absolute("journal, KB", &series, "journal_kb", Target::None),
        Row::absolute("journal and JUnit, KB", &series, "files_kb", Target::None),
        Row::absolute("report for the terminal, KB", &series, "terminal_kb", Target::None),
        Row::absolute("CPU to make and write them, ms", &series, "report_cpu_ms", Target::None),
        Row::absolute("CPU µs per operation recorded", &series, "cpu_us", Target::None),
        Row::absolute("peak memory when recorded, MB", &series, "recorded_mb", Target::None),
        Row::absolute("peak memory when written, MB", &series, "written_mb", Target::AtMost(64.0)),
    ])
}

/// The hour; a minute where it must be quick.
pub(super) fn series(bench: &Bench, repeats: usize) -> Series {
    let folder = bench.scratch.join("hour");
    let seconds = if bench.quick { "60" } else { "3600" };
    let run = move || {
        let _ = std::fs::remove_dir_all(&folder);
        bench.ask(Side::Measured, &["hour", "10000", seconds, &folder.to_string_lossy()])
    };
    alternate(repeats, vec![Contestant::new("ours", run)]).remove(0)
}
