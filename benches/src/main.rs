//! Benchmarks of chaos-runtime beside its peers.

use chaos_runtime::bench::{Figures, Loads, Network};
use chaos_runtime::fault::{Fault as _, InjectCx};
use chaos_runtime::load::OperationExt as _;
use chaos_runtime::{Result, load::http, millis, per_second};
use std::time::Duration;

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let done = runtime.block_on(async {
        match args[..] {
            ["closed", url, connections, seconds] => {
                let workers = connections.parse().expect("connections");
                drive(http::get(url).closed_loop(workers), seconds).await
            }
            ["open", url, rate, workers, seconds] => {
                let rate = per_second(rate.parse::<u32>().expect("a rate"));
                let workers = workers.parse().expect("workers");
                drive(http::get(url).rate(rate).max_in_flight(workers), seconds).await
            }
            ["proxy", upstream, latency] => proxy(upstream, latency.parse().expect("milliseconds")).await,
            _ => {
                println!("closed URL CONNECTIONS SECONDS | open URL RATE WORKERS SECONDS | proxy UPSTREAM LATENCY_MS");
                Ok(())
            }
        }
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn drive<O: chaos_runtime::load::Operation>(load: chaos_runtime::load::Load<O>, seconds: &str) -> Result<()> {
    let time = Duration::from_secs_f64(seconds.parse().expect("seconds"));
    let mut loads = Loads::default();
    loads.start(load).await?;
    loads.run(time).await;
    let figures = loads.stop().await;
    let total: u64 = figures.iter().map(|f: &Figures| f.operations).sum();
    println!("{figures:#?}");
    println!("{:.0}/s", total as f64 / time.as_secs_f64());
    Ok(())
}

async fn proxy(upstream: &str, latency: u64) -> Result<()> {
    let network = Network::default();
    let proxy = network.proxy(upstream).await?;
    if latency > 0 {
        let mut fault = proxy.latency(millis(latency));
        fault.inject(&InjectCx { seed: 1, held: true, hold: None }).await?;
    }
    println!("{}", proxy.addr());
    std::future::pending().await
}
