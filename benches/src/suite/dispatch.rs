//! What an arrival costs from the schedule to the record, when the operation does nothing.

use crate::bench::{Bench, Side};
use crate::row::{Row, Target};
use crate::series::{Contestant, Series, alternate};

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    // The first is paced arrival by arrival; at the second no machine sleeps in between, so they come in batches.
    for rate in [100_000, 1_000_000] {
        let series = series(bench, rate);
        rows.push(Row::absolute(
            &format!("CPU µs per arrival, {rate}/s"),
            &series,
            "cpu_us",
            if rate == 1_000_000 { Target::AtMost(1.0) } else { Target::None },
        ));
        rows.push(Row::absolute(&format!("achieved per second, {rate}/s"), &series, "per_second", Target::None));
        let lag = format!("the driver's own lag, P50 µs, {rate}/s");
        rows.push(Row::absolute(&lag, &series, "own_lag_p50_us", Target::None));
        let lag = format!("the driver's own lag, P99 µs, {rate}/s");
        rows.push(Row::absolute(&lag, &series, "own_lag_p99_us", Target::None));
    }
    Ok(rows)
}

/// Empty operations at a rate.
pub(super) fn series(bench: &Bench, rate: u32) -> Series {
    let (rate, seconds) = (rate.to_string(), bench.seconds.to_string());
    let run = move || bench.ask(Side::Measured, &["dispatch", &rate, &seconds]);
    alternate(bench.repeats, vec![Contestant::new("ours", run)]).remove(0)
}
