//! Bulk: as many bytes as go through, each of which must be the right one.

use super::{Outcome, Stopwatch, asked_to_end, text};
use crate::reading::Reading;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const CHUNK: usize = 256 * 1_024;
/// Bytes repeat after a prime number, so that a lost or doubled piece of any usual size shows.
const PERIOD: usize = 65_521;

fn pattern() -> Vec<u8> {
    (0..PERIOD + CHUNK).map(|index| (index % PERIOD * 31 % 251) as u8).collect()
}

/// Sends to whoever connects.
pub(super) async fn source() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    println!("listening {}", listener.local_addr().map_err(text)?);
    let mut end = asked_to_end();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut stream, _) = accepted.map_err(text)?;
                tokio::task::spawn_local(async move {
                    let (pattern, mut at) = (pattern(), 0);
                    while let Ok(written) = stream.write(&pattern[at..at + CHUNK]).await {
                        at = (at + written) % PERIOD;
                    }
                });
            }
            _ = &mut end => return Ok(Reading::default().with("ended", 1.0)),
        }
    }
}

/// Reads for a while.
pub(super) async fn sink(address: &str, time: Duration) -> Outcome {
    let mut stream = TcpStream::connect(address).await.map_err(text)?;
    let (pattern, mut buffer, mut at) = (pattern(), vec![0; CHUNK], 0);
    let (mut bytes, watch, started) = (0_u64, Stopwatch::start(), Instant::now());
    while started.elapsed() < time {
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await;
        let read = read.map_err(|_| "nothing came for 5 s")?.map_err(text)?;
        if read == 0 {
            return Err("closed by the other side".to_owned());
        }
        if buffer[..read] != pattern[at..at + read] {
            return Err(format!("other bytes than were sent after {bytes}"));
        }
        at = (at + read) % PERIOD;
        bytes += read as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(watch.reading(bytes).with("bytes", bytes as f64).with("mb_per_second", bytes as f64 / 1e6 / seconds))
}
