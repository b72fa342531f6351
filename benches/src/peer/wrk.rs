//! wrk: a closed loop in C.

use crate::bench::{Bench, Side, find};
use crate::process::Child;
use crate::reading::Reading;
use std::path::{Path, PathBuf};

pub(crate) fn installed() -> Option<PathBuf> {
    find("wrk")
}

/// One thread, so many connections.
pub(crate) fn run(
    bench: &Bench,
    side: Side,
    wrk: &Path,
    url: &str,
    connections: usize,
    seconds: u64,
) -> Result<Reading, String> {
    let args = ["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency", url];
    let ended = Child::start(bench.program(side, wrk, &args))?.end()?;
    let reading = parse(&ended.output)?;
    let requests = reading.get("operations").unwrap_or(f64::NAN);
    Ok(reading.with("cpu_us", ended.cpu.as_secs_f64() * 1e6 / requests))
}

/// The summary that it prints.
fn parse(output: &str) -> Result<Reading, String> {
    for trouble in ["Socket errors:", "Non-2xx or 3xx responses:"] {
        if let Some(line) = output.lines().find(|line| line.trim_start().starts_with(trouble)) {
            return Err(format!("wrk: {}", line.trim()));
        }
    }
    let rate = output.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    let requests = output.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let (Some(rate), Some(requests)) = (rate, requests) else { return Err("wrk printed no summary".to_owned()) };
    let quantile = |name: &str| {
        output.lines().find_map(|line| microseconds(line.trim().strip_prefix(name)?.trim())).unwrap_or(f64::NAN)
    };
    Ok(Reading::default()
        .with("per_second", rate)
        .with("operations", requests)
        .with("p50_us", quantile("50%"))
        .with("p99_us", quantile("99%")))
}

/// `40.00us`, `1.23ms`, `2.00s`
fn microseconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let unit = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("samples/wrk.txt");

    #[test]
    fn its_summary_is_read() {
        let reading = parse(SAMPLE).unwrap();
        assert_eq!((reading.get("per_second"), reading.get("operations")), (Some(52_529.22), Some(57_801.0)));
        assert_eq!((reading.get("p50_us"), reading.get("p99_us")), (Some(130.0), Some(588.0)));
    }

    #[test]
    fn its_errors_are_errors() {
        let refused =
            SAMPLE.replace("Requests/sec", "  Socket errors: connect 64, read 0, write 0, timeout 0\nRequests/sec");
        assert!(parse(&refused).unwrap_err().contains("connect 64"));
        let other = SAMPLE.replace("Requests/sec", "  Non-2xx or 3xx responses: 17\nRequests/sec");
        assert!(parse(&other).unwrap_err().contains("17"));
        assert!(parse("unable to connect to 127.0.0.1:1 Connection refused").is_err());
    }
}
