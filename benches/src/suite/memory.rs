//! Whether memory grows with the length of a run.

use super::journal;
use crate::bench::{Bench, Side};
use crate::peer::nginx;
use crate::row::{Row, Target};
use crate::series::{Contestant, alternate, named};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let (_server, address) = nginx::start(bench)?;
    let url = &format!("http://{address}/");
    let lengths: &[u64] = if bench.quick { &[1, 2] } else { &[5, 15, 45] };
    let mut rows = Vec::new();
    for (index, seconds) in lengths.iter().enumerate() {
        let length = seconds.to_string();
        let ours = move || bench.ask(Side::Measured, &["open", "ours", url, "10000", "64", &length]);
        let all = alternate(1, vec![Contestant::new("ours", ours)]);
        let Some(series) = named(&all, "ours") else { continue };
        let last = index + 1 == lengths.len();
        let target = if last { Target::AtMost(64.0) } else { Target::None };
        rows.push(Row::absolute(&format!("peak memory, MB, {seconds} s"), series, "peak_mb", target));
    }
    let hour = journal::series(bench, 1);
    let what = if bench.quick { "a minute" } else { "an hour" };
    rows.push(Row::absolute(
        &format!("peak memory, MB, {what} simulated, without a client, reports included"),
        &hour,
        "written_mb",
        Target::AtMost(64.0),
    ));
    Ok(rows)
}
