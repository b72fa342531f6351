//! Real sockets and pipes behind a switch.

use super::*;
use crate::fault::Fault;
use crate::inside::testbed::{clear, hold, proof};
use crate::units::{millis, percent, secs};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// A client behind a switch and the server's end.
async fn tcp(switch: &StreamSwitch) -> (ChaosStream<TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (switch.wrap(client), listener.accept().await.unwrap().0)
}

fn pipe(switch: &StreamSwitch) -> (ChaosStream<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(64 * 1024);
    (switch.wrap(near), far)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

/// Sends both ways at once and gives what arrived: at the far end, and here.
async fn exchange(near: &mut ChaosStream<TcpStream>, far: &mut TcpStream, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut there, mut here) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let ((mut near_read, mut near_write), (mut far_read, mut far_write)) = (tokio::io::split(near), far.split());
    let all = async {
        tokio::try_join!(
            near_write.write_all(bytes),
            far_write.write_all(bytes),
            far_read.read_exact(&mut there),
            near_read.read_exact(&mut here)
        )
    };
    timeout(secs(30), all).await.unwrap().unwrap();
    (there, here)
}

#[tokio::test]
async fn slices_cut_every_operation_and_keep_the_bytes() {
    let switch = StreamSwitch::new();
    let (mut near, mut far) = tcp(&switch).await;
    let bytes = pattern(20_000);
    let mut fault = switch.slices(100);
    let undo = hold(&mut fault).await.unwrap();
    let (there, here) = exchange(&mut near, &mut far, &bytes).await;
    assert!(there == bytes && here == bytes);
    let hits = fault.evidence().await.unwrap().hits().unwrap();
    // Slices of 50 bytes on average, both ways.
    assert!((600..1_200).contains(&hits), "{hits}");
    let mut buf = [0; 4_096];
    far.write_all(&bytes[..4_096]).await.unwrap();
    let got = near.read(&mut buf).await.unwrap();
    assert!((1..=100).contains(&got));
    near.read_exact(&mut buf[got..]).await.unwrap();
    assert!(buf == bytes[..4_096]);
    clear(&undo).await;
    let hits = fault.evidence().await.unwrap().hits();
    let (there, here) = exchange(&mut near, &mut far, &bytes).await;
    assert!(there == bytes && here == bytes);
    assert_eq!(fault.evidence().await.unwrap().hits(), hits);
}

#[tokio::test(start_paused = true)]
async fn latency_holds_back_each_direction_and_lets_go_when_it_is_cleared() {
    let switch = StreamSwitch::new();
    let (mut near, mut far) = pipe(&switch);
    let mut fault = switch.latency(millis(300)).reads();
    let undo = hold(&mut fault).await.unwrap();
    let took = async |near: &mut ChaosStream<DuplexStream>| {
        let started = Instant::now();
        assert_eq!(near.read_u8().await.unwrap(), 7);
        started.elapsed()
    };
    let started = Instant::now();
    near.write_all(b"x").await.unwrap();
    assert!(started.elapsed().is_zero(), "writes are not meant");
    far.write_all(&[7]).await.unwrap();
    assert!((millis(300)..millis(310)).contains(&took(&mut near).await));

    far.write_all(&[7]).await.unwrap();
    let (waited, ()) = tokio::join!(took(&mut near), async {
        tokio::time::sleep(millis(100)).await;
        clear(&undo).await;
    });
    assert!((millis(100)..millis(110)).contains(&waited), "{waited:?}");
    far.write_all(&[7]).await.unwrap();
    assert!(took(&mut near).await.is_zero());
    assert_eq!(proof(&mut fault).await, "2 operations delayed");

    let mut fault = switch.latency(millis(200)).writes();
    let _undo = hold(&mut fault).await.unwrap();
    let started = Instant::now();
    near.write_all(b"abc").await.unwrap();
    near.write_all(b"def").await.unwrap();
    assert!((millis(400)..millis(420)).contains(&started.elapsed()), "{:?}", started.elapsed());
    let mut got = [0; 7];
    far.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"xabcdef");
}

#[tokio::test]
async fn a_reset_ends_what_waits_and_the_stream_for_good() {
    let switch = StreamSwitch::new();
    let (mut near, _far) = tcp(&switch).await;
    let mut fault = switch.reset();
    let reading = tokio::spawn(async move {
        let error = near.read_u8().await.unwrap_err();
        (near, error)
    });
    tokio::time::sleep(millis(50)).await;
    let undo = hold(&mut fault).await.unwrap();
    let (mut near, error) = timeout(secs(10), reading).await.expect("an idle reader hears of it").unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    clear(&undo).await;
    assert_eq!(near.write_all(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(near.flush().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(proof(&mut fault).await, "1 stream reset");
    let (mut other, mut far) = tcp(&switch).await;
    exchange(&mut other, &mut far, b"later streams are whole").await;
}

#[tokio::test]
async fn a_share_of_streams_is_reset() {
    let switch = StreamSwitch::new();
    let mut streams: Vec<_> = (0..1_000).map(|_| pipe(&switch)).collect();
    let mut fault = switch.reset().share(percent(10));
    let _undo = hold(&mut fault).await.unwrap();
    let mut reset = 0;
    for (near, _far) in &mut streams {
        reset += u64::from(near.write_all(b"x").await.is_err());
        // The other direction is of the same mind.
        let _ = near.flush().await;
    }
    assert!((69..=131).contains(&reset), "{reset}");
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(reset));
}

#[tokio::test(start_paused = true)]
async fn a_stall_holds_everything_until_it_is_cleared_and_a_reset_ends_it() {
    let switch = StreamSwitch::new();
    let (mut near, mut far) = pipe(&switch);
    let mut fault = switch.stall();
    let undo = hold(&mut fault).await.unwrap();
    far.write_all(b"answer").await.unwrap();
    let mut answer = [0; 6];
    assert!(timeout(secs(60), near.read_exact(&mut answer)).await.is_err());
    assert!(timeout(secs(60), near.write_all(b"question")).await.is_err());
    let (read, ()) = tokio::join!(timeout(secs(60), near.read_exact(&mut answer)), clear(&undo));
    read.unwrap().unwrap();
    assert_eq!(&answer, b"answer");
    assert!(fault.evidence().await.unwrap().is_seen());

    let _stall = hold(&mut switch.stall()).await.unwrap();
    let mut reset = switch.reset();
    let (read, _undo) = tokio::join!(timeout(secs(60), near.read_u8()), async {
        tokio::time::sleep(secs(1)).await;
        hold(&mut reset).await.unwrap()
    });
    assert_eq!(read.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn corruption_changes_its_share_of_bytes_where_they_are() {
    let bytes = pattern(100_000);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let switch = StreamSwitch::new();
        let (mut near, mut far) = tcp(&switch).await;
        let mut fault = switch.corruption(percent(1));
        let undo = hold(&mut fault).await.unwrap();
        let (there, here) = exchange(&mut near, &mut far, &bytes).await;
        let changed = |got: &[u8]| got.iter().zip(&bytes).filter(|(a, b)| a != b).count() as u64;
        // 99.9 % of a binomial distribution: 1,000 ± 3.29 · 31.5.
        assert!((896..=1_104).contains(&changed(&there)), "{}", changed(&there));
        assert!((896..=1_104).contains(&changed(&here)), "{}", changed(&here));
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(changed(&there) + changed(&here)));
        clear(&undo).await;
        assert_eq!(exchange(&mut near, &mut far, &bytes).await, (bytes.clone(), bytes.clone()));
        runs.push((there, here));
    }
    assert!(runs[0] == runs[1], "the same seed changes the same bytes");
}

#[tokio::test]
async fn faults_that_come_and_go_lose_and_reorder_nothing() {
    let switch = StreamSwitch::new();
    let (mut near, mut far) = tcp(&switch).await;
    let words: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_be_bytes).collect();
    let toggling = tokio::spawn(async move {
        for round in 0.. {
            let latency = hold(&mut switch.latency(Duration::from_micros(300)).share(percent(20))).await.unwrap();
            let slices = hold(&mut switch.slices(1 + round % 900)).await.unwrap();
            let stall = hold(&mut switch.stall()).await.unwrap();
            tokio::time::sleep(millis(1)).await;
            for undo in [&latency, &stall, &slices] {
                clear(undo).await;
                tokio::time::sleep(millis(1)).await;
            }
        }
    });
    let (there, here) = exchange(&mut near, &mut far, &words).await;
    toggling.abort();
    assert!(there == words && here == words);
}

#[tokio::test]
async fn what_does_nothing_or_cannot_be_is_refused_and_no_evidence_says_why() {
    let switch = StreamSwitch::new().named("to the broker");
    assert!(hold(&mut switch.slices(0)).await.unwrap_err().message().contains("end of the stream"));
    assert!(hold(&mut switch.latency(Duration::ZERO)).await.unwrap_err().message().contains("does nothing"));
    assert!(hold(&mut switch.corruption(percent(0))).await.unwrap_err().message().contains("does nothing"));
    let mut fault = switch.stall().reads();
    let _undo = hold(&mut fault).await.unwrap();
    assert!(!fault.evidence().await.unwrap().is_seen());
    assert_eq!(proof(&mut fault).await, "no stream was wrapped by the stream switch `to the broker`");
    assert_eq!(fault.describe(), "reads stalled");
}
