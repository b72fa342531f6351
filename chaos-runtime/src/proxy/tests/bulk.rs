//! Where much passes, the kernel moves it from socket to socket; nobody but the clock can tell.

use crate::fault::Fault;
use crate::proxy::pipe::FILLED;
use crate::proxy::testbed::{Testbed, clear, hold, is_silent, next, pattern, seen, service, timely};
use crate::units::{megabytes_per_second, millis};
use socket2::SockRef;
use std::future::pending;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BULK: usize = 64_000_000;

/// A service that sends much and then `ends`.
async fn source<F>(ends: impl Fn(TcpStream) -> F + Clone + Send + 'static) -> Testbed
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let addr = service(move |mut stream: TcpStream| {
        let ends = ends.clone();
        async move {
            stream.write_all(&pattern(BULK)).await?;
            ends(stream).await
        }
    });
    Testbed::in_front_of(addr.await).await
}

/// Reads as much as there is within a short time.
async fn read_some(client: &mut TcpStream, got: &mut Vec<u8>) {
    while let Ok(Ok(1..)) = tokio::time::timeout(millis(200), client.read_buf(got)).await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_passes_through_the_kernel_unchanged_to_its_end() {
    let before = FILLED.load(Relaxed);
    let bed = source(async |mut stream: TcpStream| stream.shutdown().await).await;
    let (mut client, mut got) = (bed.connect().await, Vec::new());
    timely(client.read_to_end(&mut got)).await.unwrap();
    assert!(got == pattern(BULK));
    let moved = FILLED.load(Relaxed) - before;
    assert!(moved > BULK / 4, "only {moved} bytes went that way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_after_much_is_still_a_reset() {
    let bed = source(async |stream: TcpStream| SockRef::from(&stream).set_linger(Some(Duration::ZERO))).await;
    let mut client = bed.connect().await;
    let error = loop {
        match next(&mut client).await {
            Ok(0) => panic!("an orderly end"),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_gone_is_a_reset_for_a_service_that_sends_much() {
    let (told, mut tells) = tokio::sync::mpsc::channel(1);
    let addr = service(move |mut stream: TcpStream| {
        let told = told.clone();
        async move {
            let block = pattern(1 << 20);
            let error = loop {
                if let Err(error) = stream.write_all(&block).await {
                    break error;
                }
            };
            let _ = told.send(error.kind()).await;
            Ok(())
        }
    });
    let bed = Testbed::in_front_of(addr.await).await;
    let mut client = bed.connect().await;
    timely(client.read_exact(&mut vec![0; BULK])).await.unwrap();
    drop(client);
    let kind = timely(tells.recv()).await.unwrap();
    assert!(matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{kind:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_kernel_meets_the_faults_that_come() {
    let bed = source(async |_stream| pending().await).await;
    let (mut client, mut got) = (bed.connect().await, Vec::new());
    // First it flows, so that it flows through the kernel; then the client stalls, and it is full everywhere.
    got.resize(BULK / 4, 0);
    timely(client.read_exact(&mut got)).await.unwrap();
    tokio::time::sleep(millis(200)).await;

    let mut hole = bed.proxy.black_hole().downstream();
    let undo = hold(&mut hole).await.unwrap();
    assert_eq!(seen(&mut hole).await.hits(), Some(1), "what is held is counted");
    read_some(&mut client, &mut got).await;
    let held = got.len();
    assert!(held < BULK, "nothing was held");
    assert!(is_silent(&mut client, millis(100)).await);
    clear(&undo).await;

    let mut late = bed.proxy.latency(millis(300));
    let undo = hold(&mut late).await.unwrap();
    seen(&mut late).await;
    tokio::time::sleep(millis(100)).await;
    clear(&undo).await;
    timely(async {
        while got.len() < BULK {
            client.read_buf(&mut got).await.unwrap();
        }
    })
    .await;
    assert!(got == pattern(BULK));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_come_and_go_lose_none_of_much() {
    let bed = source(async |mut stream: TcpStream| stream.shutdown().await).await;
    // It is there before the first byte, so that at least this one bites, however the threads run.
    let mut first = bed.proxy.latency(millis(3));
    let undo = hold(&mut first).await.unwrap();
    let mut client = bed.connect().await;
    let reader = tokio::spawn(async move {
        let mut got = Vec::new();
        timely(client.read_to_end(&mut got)).await.unwrap();
        got
    });
    let mut hits = seen(&mut first).await.hits().unwrap();
    clear(&undo).await;
    for round in 0.. {
        if reader.is_finished() {
            break;
        }
        hits += match round % 3 {
            0 => toggle(bed.proxy.latency(millis(3)).jitter(millis(3))).await,
            1 => toggle(bed.proxy.bandwidth(megabytes_per_second(100))).await,
            _ => toggle(bed.proxy.black_hole().downstream()).await,
        };
    }
    assert!(timely(reader).await.unwrap() == pattern(BULK));
    assert!(hits > 0);
}

async fn toggle(mut fault: impl Fault) -> u64 {
    let undo = hold(&mut fault).await.unwrap();
    tokio::time::sleep(millis(4)).await;
    clear(&undo).await;
    tokio::time::sleep(millis(4)).await;
    fault.evidence().await.unwrap().hits().unwrap()
}
