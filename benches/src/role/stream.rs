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
    // Scrambled, or it would repeat itself within the period.
    (0..PERIOD + CHUNK).map(|index| ((index % PERIOD) as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
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

/// How much is looked at byte by byte. After that the ends of what each call has read are: what is lost, doubled or
/// out of order shows there too, and comparing all of it would be what is measured.
const WHOLLY: u64 = 64 << 20;
const ENDS: usize = 64;

/// Whether these are the bytes that belong at `at`.
fn right(read: &[u8], pattern: &[u8], at: usize, wholly: bool) -> bool {
    let expected = &pattern[at..at + read.len()];
    if wholly || read.len() < 2 * ENDS {
        return read == expected;
    }
    let last = read.len() - ENDS;
    read[..ENDS] == expected[..ENDS] && read[last..] == expected[last..]
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
        if !right(&buffer[..read], &pattern, at, bytes < WHOLLY) {
            return Err(format!("other bytes than were sent after {bytes}"));
        }
        at = (at + read) % PERIOD;
        bytes += read as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(watch.reading(bytes).with("bytes", bytes as f64).with("mb_per_second", bytes as f64 / 1e6 / seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_doubled_or_wrong_is_found() {
        let pattern = pattern();
        let read = &pattern[1_000..9_000];
        assert!(right(read, &pattern, 1_000, true) && right(read, &pattern, 1_000, false));
        for shift in [1, 251, 1_448, 8_192, 65_483] {
            assert!(!right(read, &pattern, (1_000 + shift) % PERIOD, false), "{shift}");
        }
        let mut wrong = read.to_vec();
        wrong[4_000] ^= 1;
        assert!(!right(&wrong, &pattern, 1_000, true));
    }
}
