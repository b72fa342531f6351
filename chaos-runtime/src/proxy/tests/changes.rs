//! Faults come and go; no connection misses one, and no byte is lost.

use crate::fault::Fault;
use crate::proxy::Hits;
use crate::proxy::testbed::{PATIENCE, Testbed, clear, hold, is_silent, pattern, round_trip, timely, trips_below};
use crate::units::{kilobytes_per_second, millis, secs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_arrive_in_order_while_latency_is_switched_on_and_off() {
    let bed = Testbed::echo().await;
    let client = bed.connect().await;
    client.set_nodelay(true).unwrap();
    let (mut read, mut write) = client.into_split();
    // So many words at least, and as many as the faults need to come and go.
    let enough = Arc::new(AtomicBool::new(false));
    let writer = {
        let enough = enough.clone();
        tokio::spawn(async move {
            let mut words = 0_u64;
            while words < 65_535 || !enough.load(Relaxed) {
                write.write_all(&(words as u16).to_be_bytes()).await.unwrap();
                if words.is_multiple_of(512) {
                    tokio::time::sleep(millis(1)).await;
                }
                words += 1;
            }
            write.shutdown().await.unwrap();
            words
        })
    };
    let reader = tokio::spawn(async move {
        let mut words = 0_u64;
        let mut bytes = [0; 2];
        while timely(read.read_exact(&mut bytes)).await.is_ok() {
            assert_eq!(u16::from_be_bytes(bytes), words as u16);
            words += 1;
        }
        words
    });
    let started = Instant::now();
    let (mut rounds, mut delayed) = (0, 0);
    while !reader.is_finished() {
        let mut fault = bed.proxy.latency(millis(10)).jitter(millis(10)).both_ways();
        let undo = hold(&mut fault).await.unwrap();
        tokio::time::sleep(millis(3)).await;
        clear(&undo).await;
        tokio::time::sleep(millis(2)).await;
        rounds += 1;
        delayed += fault.evidence().await.unwrap().hits().unwrap();
        enough.store((rounds >= 5 && delayed > 0) || started.elapsed() > PATIENCE, Relaxed);
    }
    let read = reader.await.unwrap();
    assert_eq!(read, writer.await.unwrap(), "some were lost");
    assert!(rounds >= 5 && delayed > 0, "{delayed} chunks delayed in {rounds} rounds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_connections_lose_nothing_while_a_fault_is_toggled() {
    let bed = Testbed::echo().await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..64)
        .map(|i| {
            let (addr, stop) = (bed.proxy.addr(), stop.clone());
            tokio::spawn(async move {
                let mut client = timely(tokio::net::TcpStream::connect(addr)).await.unwrap();
                let (bytes, mut rounds) = (pattern(1_000 + 500 * i), 0_u64);
                loop {
                    round_trip(&mut client, &bytes).await;
                    rounds += 1;
                    if stop.load(Relaxed) {
                        break rounds;
                    }
                }
            })
        })
        .collect();
    let (mut hits, started) = (0, Instant::now());
    for toggle in 0.. {
        // More where the machine does not let the clients run.
        if toggle >= 200 && (hits >= 200 || started.elapsed() > PATIENCE / 2) {
            break;
        }
        hits += match toggle % 3 {
            0 => toggle_once(bed.proxy.latency(millis(4)).jitter(millis(4)).both_ways()).await,
            1 => toggle_once(bed.proxy.bandwidth(kilobytes_per_second(2_000)).both_ways()).await,
            _ => toggle_once(bed.proxy.black_hole()).await,
        };
    }
    stop.store(true, Relaxed);
    for client in clients {
        assert!(timely(client).await.unwrap() > 0);
    }
    assert!(hits >= 200, "{hits} hits");
}

async fn toggle_once(mut fault: impl Fault) -> u64 {
    let undo = hold(&mut fault).await.unwrap();
    tokio::time::sleep(millis(3)).await;
    clear(&undo).await;
    fault.evidence().await.unwrap().hits().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_chunk_escapes_a_fault_once_it_is_injected() {
    let bed = Testbed::echo().await;
    let mut clients = Vec::new();
    for _ in 0..16 {
        clients.push(bed.connect().await);
    }
    for _ in 0..20 {
        let undo = hold(&mut bed.proxy.latency(millis(40))).await.unwrap();
        clients.push(bed.connect().await);
        let trips = clients.drain(..).map(|mut client| async {
            let took = round_trip(&mut client, b"?").await;
            (client, took)
        });
        for (client, took) in futures_util::future::join_all(trips).await {
            assert!(took >= millis(40), "a chunk took {took:?}");
            clients.push(client);
        }
        clear(&undo).await;
        let mut fastest = Duration::MAX;
        for client in &mut clients {
            fastest = fastest.min(round_trip(client, b"?").await);
        }
        assert!(fastest < millis(40), "after the clearance a chunk took {fastest:?}");
    }
}

#[tokio::test]
async fn a_connection_that_waits_in_a_fault_is_let_go_when_it_is_cleared() {
    let bed = Testbed::echo().await;
    for slow in [0, 1] {
        let mut client = bed.connect().await;
        let undo = match slow {
            0 => hold(&mut bed.proxy.latency(secs(3_600))).await,
            _ => hold(&mut bed.proxy.bandwidth(kilobytes_per_second(1))).await,
        }
        .unwrap();
        let bytes = pattern(500_000);
        let trip = tokio::spawn(async move { round_trip(&mut client, &bytes).await });
        tokio::time::sleep(millis(200)).await;
        assert!(!trip.is_finished());
        let cleared = Instant::now();
        clear(&undo).await;
        trip.await.unwrap();
        assert!(cleared.elapsed() < secs(30), "let go after {:?}", cleared.elapsed());
    }
}

#[tokio::test]
async fn an_undo_may_run_first_and_again() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    let mut fault = bed.proxy.black_hole();
    let undo = fault.undo();
    clear(&undo).await;
    clear(&undo).await;
    round_trip(&mut client, b"passes").await;

    let mut fault_after = bed.proxy.black_hole();
    let undo_after = hold(&mut fault_after).await.unwrap();
    clear(&undo_after).await;
    clear(&undo_after).await;
    round_trip(&mut client, b"passes").await;
    // A fault that was cancelled while it was injected stays cancelled.
    let _undo = hold(&mut fault).await.unwrap();
    round_trip(&mut client, b"passes").await;
}

#[tokio::test]
async fn faults_of_different_kinds_act_one_after_the_other() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    let late = hold(&mut bed.proxy.latency(millis(300))).await.unwrap();
    let narrow = hold(&mut bed.proxy.bandwidth(kilobytes_per_second(1_000))).await.unwrap();
    // The last byte is on the line 200 ms after the first, which is 300 ms late.
    let bytes = pattern(200_000);
    let trips = trips_below(secs(3), &mut client, &bytes).await;
    assert!(trips.iter().all(|took| *took >= millis(500)), "took {trips:?}");
    clear(&late).await;
    let trips = trips_below(millis(500), &mut client, &bytes).await;
    assert!(trips.iter().all(|took| *took >= millis(200)), "without the latency it took {trips:?}");
    clear(&narrow).await;
}

#[tokio::test]
async fn what_a_black_hole_lets_go_is_late_as_everything_else() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    round_trip(&mut client, b"open").await;
    let hole = hold(&mut bed.proxy.black_hole()).await.unwrap();
    let _late = hold(&mut bed.proxy.latency(millis(300)).upstream()).await.unwrap();
    client.write_all(b"x").await.unwrap();
    tokio::time::sleep(millis(400)).await;
    let cleared = Instant::now();
    clear(&hole).await;
    assert_eq!(timely(client.read_u8()).await.unwrap(), b'x');
    assert!(cleared.elapsed() >= millis(300), "came {:?} after the clearance", cleared.elapsed());
}

#[tokio::test]
async fn open_connections_hang_while_later_ones_pass() {
    let bed = Testbed::echo().await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"open").await;
    // Connected, and perhaps not accepted yet: it counts as open.
    let mut waiting = bed.connect().await;
    let hits = Hits::new();
    bed.proxy.hang_open(&hits).await.unwrap();
    let mut later = bed.connect().await;
    round_trip(&mut later, &pattern(300_000)).await;
    for client in [&mut open, &mut waiting] {
        client.write_all(b"hello?").await.unwrap();
        assert!(is_silent(client, millis(100)).await);
    }
    round_trip(&mut later, b"still").await;
    assert_eq!(hits.count(), 2, "what hangs is counted, and nothing else");
    bed.proxy.unset(&hits).await.unwrap();
    let mut back = [0; 6];
    timely(open.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"hello?");
}
