//! How long an answer takes at a rate at which nothing waits.

use super::{Outcome, Stopwatch, text};
use crate::statistics::quantile;
use chaos_runtime::bench::Pacer;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One request after the other on as many connections as the rate needs at 25 ms each, timed from the writing.
pub(super) async fn run(address: &str, rate: u32, time: Duration) -> Outcome {
    let connections = (rate / 40).max(1);
    let watch = Stopwatch::start();
    let mut times = Vec::new();
    let tasks: Vec<_> = (0..connections)
        .map(|lane| {
            let address = address.to_owned();
            tokio::task::spawn_local(async move { line(&address, lane, connections, rate, time).await })
        })
        .collect();
    for task in tasks {
        times.extend(task.await.map_err(text)??);
    }
    times.sort_unstable();
    let us = |q| quantile(&times, q) as f64 / 1_000.0;
    Ok(watch.reading(times.len() as u64).with("p50_us", us(0.5)).with("p99_us", us(0.99)).with("p999_us", us(0.999)))
}

async fn line(address: &str, lane: u32, lanes: u32, rate: u32, time: Duration) -> Result<Vec<u64>, String> {
    let mut stream = TcpStream::connect(address).await.map_err(text)?;
    stream.set_nodelay(true).map_err(text)?;
    let request = request(address);
    let mut times = Vec::new();
    // Past the connection's first answer.
    exchange(&mut stream, &request).await?;
    let pacer = Pacer::start();
    for index in 0.. {
        let due = Duration::from_secs_f64(f64::from(index * lanes + lane) / f64::from(rate));
        if due >= time {
            return Ok(times);
        }
        pacer.sleep_until(due).await;
        let sent = Instant::now();
        exchange(&mut stream, &request).await?;
        times.push(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(times)
}

pub(super) fn request(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
}

/// A request and its answer, which must be a 200 that ends in `ok`.
pub(super) async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<(), String> {
    stream.write_all(request).await.map_err(text)?;
    let (mut buffer, mut held) = ([0; 1_024], 0);
    loop {
        match stream.read(&mut buffer[held..]).await.map_err(text)? {
            0 => return Err("closed before the answer was whole".to_owned()),
            read => held += read,
        }
        if buffer[..held].ends_with(b"\r\n\r\nok\n") {
            let ok = buffer.starts_with(b"HTTP/1.1 200");
            return ok.then_some(()).ok_or_else(|| String::from_utf8_lossy(&buffer[..held]).into_owned());
        }
    }
}
