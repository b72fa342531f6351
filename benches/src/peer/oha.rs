//! oha: closed and open loops on hyper.

use crate::bench::{Bench, Side, find};
use crate::process::Child;
use crate::reading::Reading;
use std::path::{Path, PathBuf};

pub(crate) fn installed() -> Option<PathBuf> {
    find("oha")
}

/// A closed loop.
pub(crate) fn closed(
    bench: &Bench,
    oha: &Path,
    url: &str,
    connections: usize,
    seconds: u64,
) -> Result<Reading, String> {
    run(bench, oha, &["-z", &format!("{seconds}s"), "-c", &connections.to_string(), url])
}

/// An open loop whose latencies count from when a request was due.
pub(crate) fn open(bench: &Bench, oha: &Path, url: &str, rate: u32, seconds: u64) -> Result<Reading, String> {
    let (time, rate) = (format!("{seconds}s"), rate.to_string());
    run(bench, oha, &["-z", &time, "-c", "64", "-q", &rate, "--latency-correction", url])
}

fn run(bench: &Bench, oha: &Path, args: &[&str]) -> Result<Reading, String> {
    let args = [&["--no-tui", "--output-format", "json", "--worker-threads", "1"], args].concat();
    let ended = Child::start(bench.program(Side::Measured, oha, &args))?.end()?;
    let reading = parse(&ended.output)?;
    let requests = reading.get("operations").unwrap_or(f64::NAN);
    Ok(reading.with("cpu_us", ended.cpu.as_secs_f64() * 1e6 / requests))
}

/// The JSON that it prints.
fn parse(output: &str) -> Result<Reading, String> {
    let json: serde_json::Value = serde_json::from_str(output).map_err(|error| format!("oha: {error}"))?;
    let codes = json["statusCodeDistribution"].as_object().ok_or("oha: no status codes")?;
    if let Some(code) = codes.keys().find(|code| *code != "200") {
        return Err(format!("oha: answers of status {code}"));
    }
    // It counts what was in flight when the time was over as aborted.
    let errors = json["errorDistribution"].as_object().into_iter().flatten();
    if let Some((error, _)) = errors.into_iter().find(|(error, _)| !error.contains("deadline")) {
        return Err(format!("oha: {error}"));
    }
    let requests = codes.get("200").and_then(serde_json::Value::as_f64).ok_or("oha: nothing was answered")?;
    let us = |name: &str| json["latencyPercentiles"][name].as_f64().unwrap_or(f64::NAN) * 1e6;
    let seconds = json["summary"]["total"].as_f64().ok_or("oha: no duration")?;
    Ok(Reading::default()
        .with("operations", requests)
        .with("per_second", requests / seconds)
        .with("p50_us", us("p50"))
        .with("p99_us", us("p99"))
        .with("p999_us", us("p99.9")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("samples/oha.json");

    #[test]
    fn its_summary_is_read() {
        let reading = parse(SAMPLE).unwrap();
        assert_eq!(reading.get("operations"), Some(46_223.0));
        assert!(reading.get("per_second").unwrap() > 1.0);
        assert!(reading.get("p99_us").unwrap() >= reading.get("p50_us").unwrap());
    }

    #[test]
    fn its_errors_are_errors() {
        assert!(parse(&SAMPLE.replace("\"200\"", "\"503\"")).unwrap_err().contains("503"));
        let refused = SAMPLE.replace("aborted due to deadline", "connection refused");
        assert!(parse(&refused).unwrap_err().contains("refused"));
        assert!(parse("").is_err());
    }
}
