//! What this executable is as a child of itself: one contestant, server or client in a process of its own.

mod closed;
mod inside;
mod many;
mod open;
mod proxy;
mod roundtrip;
mod serve;
mod stream;

use crate::reading::Reading;
use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

type Outcome = Result<Reading, String>;

/// Runs a role to its end; what it has measured goes to standard output.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let done = on_this_thread(async {
        match *args {
            ["closed", how, url, connections, seconds] => {
                closed::run(how, url, number(connections)?, time(seconds)?).await
            }
            ["open", how, url, rate, workers, seconds] => {
                open::run(how, url, number(rate)?, number(workers)?, time(seconds)?).await
            }
            ["loads", url, loads, rate, seconds] => {
                open::loads(url, number(loads)?, number(rate)?, time(seconds)?).await
            }
            ["serve", rate] => serve::run(number(rate)?).await,
            ["proxy", upstream, latency] => proxy::ours(upstream, number(latency)?).await,
            ["copy", upstream] => proxy::copy(upstream).await,
            ["roundtrip", address, rate, seconds] => roundtrip::run(address, number(rate)?, time(seconds)?).await,
            ["source"] => stream::source().await,
            ["sink", address, seconds] => stream::sink(address, time(seconds)?).await,
            ["many", address, connections, seconds] => many::run(address, number(connections)?, time(seconds)?).await,
            ["dispatch", rate, seconds] => inside::dispatch(number(rate)?, time(seconds)?).await,
            ["recorder", operations] => inside::recorder(number(operations)?),
            ["hour", rate, seconds, folder] => inside::hour(number(rate)?, number(seconds)?, folder),
            _ => Err(format!("no such role: {args:?}")),
        }
    })?;
    match done {
        Ok(reading) => println!("{reading}"),
        Err(failure) => println!("failed: {failure}"),
    }
    Ok(())
}

/// Runs a future that may spawn local tasks.
fn on_this_thread<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(Default::default()).map_err(text)?;
    Ok(runtime.block_on(future))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn time(seconds: &str) -> Result<Duration, String> {
    Ok(Duration::from_secs_f64(number(seconds)?))
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Wall clock and processor time of this process.
struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self { started: Instant::now(), cpu: cpu() }
    }

    /// Throughput and cost of so many operations.
    fn reading(&self, operations: u64) -> Reading {
        let (wall, cpu) = (self.started.elapsed().as_secs_f64(), (cpu() - self.cpu).as_secs_f64());
        Reading::default()
            .with("operations", operations as f64)
            .with("per_second", operations as f64 / wall)
            .with("cpu_us", cpu * 1e6 / operations as f64)
            .with("cpu_percent", cpu / wall * 100.0)
            .with("peak_mb", crate::process::own_peak_mb())
    }
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Becomes true when whoever started this process asks it to end: standard input is closed.
fn asked_to_end() -> tokio::sync::oneshot::Receiver<()> {
    let (told, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = told.send(());
    });
    end
}
