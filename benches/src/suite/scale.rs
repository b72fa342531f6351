//! Whether an operation costs the same at every rate, and whether loads cost more beside each other.

use super::dispatch;
use crate::bench::{Bench, Side};
use crate::peer::nginx;
use crate::row::{Row, Target};
use crate::series::{Contestant, alternate};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for rate in [10, 100, 1_000, 10_000, 100_000] {
        let series = dispatch::series(bench, rate);
        let what = format!("CPU µs per empty operation, {rate}/s asked for");
        rows.push(Row::absolute(&what, &series, "cpu_us", Target::None));
        let what = format!("share of a core, %, {rate}/s asked for");
        rows.push(Row::absolute(&what, &series, "cpu_percent", Target::None));
    }
    let (_server, address) = nginx::start(bench)?;
    let (url, seconds) = (&format!("http://{address}/"), &bench.seconds.to_string());
    let loads = |name, loads: &'static str, rate: &'static str| {
        Contestant::new(name, move || bench.ask(Side::Measured, &["loads", url, loads, rate, seconds]))
    };
    let all = alternate(bench.repeats, vec![loads("ten of 1,000/s", "10", "1000"), loads("one", "1", "10000")]);
    let what = "ten loads of 1,000/s at once: CPU µs per request";
    rows.push(Row::ratio(what, &all[0], &all[1], "cpu_us", Target::None));
    rows.push(Row::ratio("ten loads of 1,000/s at once: req/s", &all[0], &all[1], "per_second", Target::AtLeast(0.99)));
    rows.push(Row::ratio("ten loads of 1,000/s at once: peak memory, MB", &all[0], &all[1], "peak_mb", Target::None));
    Ok(rows)
}
