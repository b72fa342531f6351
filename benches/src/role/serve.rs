//! A server that answers at once, and notes when requests arrive.

use super::{Outcome, asked_to_end, text};
use crate::reading::Reading;
use crate::statistics::{quantile, variation};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n";

/// Until it is asked to end; `rate` is what the arrivals are compared with.
pub(super) async fn run(rate: u32) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    println!("listening {}", listener.local_addr().map_err(text)?);
    let arrivals = Rc::<RefCell<Vec<u64>>>::default();
    let (origin, mut end) = (Instant::now(), asked_to_end());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.map_err(text)?;
                tokio::task::spawn_local(answer(stream, origin, arrivals.clone()));
            }
            _ = &mut end => break,
        }
    }
    Ok(against_schedule(&arrivals.borrow(), rate))
}

async fn answer(mut stream: TcpStream, origin: Instant, arrivals: Rc<RefCell<Vec<u64>>>) {
    let _ = stream.set_nodelay(true);
    let (mut buffer, mut held) = ([0; 16 * 1_024], 0);
    while let Ok(read @ 1..) = stream.read(&mut buffer[held..]).await {
        let at = u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        held += read;
        while let Some(end) = buffer[..held].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            arrivals.borrow_mut().push(at);
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
            buffer.copy_within(end + 4..held, 0);
            held -= end + 4;
        }
        if held == buffer.len() {
            return;
        }
    }
}

/// How arrivals lie to a schedule of this rate. Its start is not known here, so it is where the promptest arrival of
/// all was on time; the first tenth, in which connections are made, is left out.
fn against_schedule(arrivals: &[u64], rate: u32) -> Reading {
    let reading = Reading::default().with("arrived", arrivals.len() as f64);
    if rate == 0 || arrivals.len() < 100 {
        return reading;
    }
    let first = arrivals.len() / 10;
    let gap = 1e9 / f64::from(rate);
    let offsets = || arrivals.iter().enumerate().skip(first).map(|(index, at)| *at as f64 - index as f64 * gap);
    let start = offsets().fold(f64::INFINITY, f64::min);
    let mut lags: Vec<u64> = offsets().map(|offset| (offset - start) as u64).collect();
    lags.sort_unstable();
    let gaps: Vec<u64> = arrivals[first..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    let us = |q| quantile(&lags, q) as f64 / 1_000.0;
    let seconds = (arrivals[arrivals.len() - 1] - arrivals[first]) as f64 / 1e9;
    reading
        .with("achieved_per_second", gaps.len() as f64 / seconds)
        .with("lag_p50_us", us(0.5))
        .with("lag_p99_us", us(0.99))
        .with("lag_p999_us", us(0.999))
        .with("variation", variation(&gaps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_arrival_is_late_and_the_rest_is_not() {
        let mut arrivals: Vec<u64> = (0..2_000).map(|index| 7_000_000 + index * 1_000_000).collect();
        let reading = against_schedule(&arrivals, 1_000);
        assert_eq!((reading.get("lag_p999_us"), reading.get("variation")), (Some(0.0), Some(0.0)));
        assert!((reading.get("achieved_per_second").unwrap() - 1_000.0).abs() < 1e-6);
        arrivals[1_500..1_600].iter_mut().for_each(|at| *at += 400_000);
        let reading = against_schedule(&arrivals, 1_000);
        assert_eq!(reading.get("lag_p50_us"), Some(0.0));
        assert_eq!(reading.get("lag_p99_us"), Some(400.0));
        assert!(reading.get("variation").unwrap() > 0.0);
    }
}
