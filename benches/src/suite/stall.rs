//! The stall test: what is reported of a server that stands still for a second of ten, against what must be.

use crate::bench::{Bench, Side};
use crate::fifo::Stop;
use crate::process::Child;
use crate::reading::Reading;
use crate::row::{Row, Target};
use crate::series::{Contestant, Series, alternate, named};
use crate::statistics::quantile;
use rustix::process::Signal;
use std::thread::sleep;
use std::time::{Duration, Instant};

const CONNECTIONS: &str = "64";

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>, String> {
    let (mut rows, seconds) = (Vec::new(), if bench.quick { 4 } else { 10 });
    for rate in [2_000, 10_000] {
        let ours = |how: &'static str| Contestant::new(how, move || stall(bench, how, rate, seconds));
        let all = alternate(bench.long_repeats(), vec![ours("ours"), ours("ours-bare")]);
        for (how, call) in [("ours", "`http::get`"), ("ours-bare", "`bare_http1`")] {
            let Some(series) = named(&all, how) else { continue };
            let truth = Series { name: "truth".to_owned(), readings: series.readings.clone() };
            for quantile in ["P95", "P99", "P99.9"] {
                let row = Row::absolute(
                    &format!("{call}: {quantile} off the truth, %, {rate}/s"),
                    series,
                    &format!("{quantile} off by %"),
                    Target::AtMost(1.0),
                );
                let [reported, true_ms] = ["reported ms", "true ms"].map(|what| format!("{quantile} {what}"));
                let reported_series = Series { name: "reported ms".to_owned(), ..series.clone() };
                let truth = Series { name: "true ms".to_owned(), ..truth.clone() };
                rows.push(row.beside(&reported_series, &reported).beside(&truth, &true_ms));
            }
            let what = format!("{call}: peak memory, MB, {rate}/s");
            rows.push(Row::absolute(&what, series, "peak_mb", Target::AtMost(12.0)));
        }
    }
    Ok(rows)
}

fn stall(bench: &Bench, how: &str, rate: u32, seconds: u64) -> Result<Reading, String> {
    let (server, address) = bench.serve(Side::Server, &["serve", "0"])?;
    let url = format!("http://{address}/");
    // The service time with all connections busy is that of the bare client, on which ours is built.
    let bare = if how == "ours" { "reqwest" } else { "hyper" };
    let capacity = bench.ask(Side::Measured, &["closed", bare, &url, CONNECTIONS, "1"])?;
    let service = 1.0 / capacity.get("per_second").ok_or("no throughput was measured")?;

    let args = ["open", how, &url, &rate.to_string(), CONNECTIONS, &seconds.to_string()];
    let mut driver = Child::start(bench.role(Side::Measured, &args))?;
    driver.line()?;
    let started = Instant::now();
    sleep(Duration::from_secs_f64(seconds as f64 * 0.4));
    let signal = |signal| server.signal(signal).map_err(|error| format!("the server can't be stopped: {error}"));
    signal(Signal::STOP)?;
    let from = started.elapsed().as_secs_f64();
    sleep(Duration::from_secs(1).saturating_sub(started.elapsed() - Duration::from_secs_f64(from)));
    let until = started.elapsed().as_secs_f64();
    signal(Signal::CONT)?;
    let reading = Reading::parse(&driver.end()?.output)?;

    let due = reading.get("due").ok_or("the load does not say what was due")?;
    let truth = Stop { from, until, service }.responses(f64::from(rate), due as usize);
    let quantiles = [("P95", 0.95, "p95_us"), ("P99", 0.99, "p99_us"), ("P99.9", 0.999, "p999_us")];
    Ok(quantiles.into_iter().fold(reading.clone(), |all, (name, q, key)| {
        let (reported, truth) = (reading.get(key).unwrap_or(f64::NAN) / 1e3, quantile(&truth, q) as f64 / 1e6);
        all.with(&format!("{name} reported ms"), reported)
            .with(&format!("{name} true ms"), truth)
            .with(&format!("{name} off by %"), (reported / truth - 1.0).abs() * 100.0)
    }))
}
