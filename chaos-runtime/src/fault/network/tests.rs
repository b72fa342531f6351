//! Each fault bites as it says, and stops.

use crate::fault::Fault;
use crate::proxy::testbed::{
    Testbed, clear, echo, hold, is_silent, next, pattern, round_trip, service, timely, trips_below,
};
use crate::units::{millis, percent, secs};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Reads to the end.
async fn all(client: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    timely(client.read_to_end(&mut got)).await.unwrap();
    got
}

/// A service that sends so much and ends.
async fn sender(bytes: usize) -> Testbed {
    let addr = service(move |mut stream: TcpStream| async move {
        stream.write_all(&pattern(bytes)).await?;
        stream.shutdown().await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    });
    Testbed::in_front_of(addr.await).await
}

#[tokio::test]
async fn slices_are_as_large_as_they_should_be_and_the_bytes_are_the_same() {
    let bed = sender(256 * 1024).await;
    let mut fault = bed.proxy.slicer(1024).variation(512).pause(millis(1));
    let undo = hold(&mut fault).await.unwrap();
    assert_eq!(fault.describe(), "slices of 1024 ± 512 bytes, 1ms apart, towards the client");
    let (mut before, mut reads) = (0, 0_u64);
    // A client that the machine does not let run gets many slices at once: then another one looks.
    for _ in 0..10 {
        let mut client = bed.connect().await;
        let (mut got, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        reads = 0;
        loop {
            let n = timely(client.read(&mut buffer)).await.unwrap();
            if n == 0 {
                break;
            }
            reads += 1;
            got.extend_from_slice(&buffer[..n]);
        }
        assert!(got == pattern(256 * 1024));
        let all = fault.evidence().await.unwrap().hits().unwrap();
        let slices = all - std::mem::replace(&mut before, all);
        // 256 KiB in pieces of 512 to 1536 bytes.
        assert!((171..=512).contains(&slices), "{slices} slices");
        assert!(reads <= slices, "{slices} slices were {reads} reads");
        if reads >= 20 {
            break;
        }
    }
    assert!(reads >= 20, "all slices came in {reads} reads");
    clear(&undo).await;
    let slices = fault.evidence().await.unwrap().hits();
    assert!(all(&mut bed.connect().await).await == pattern(256 * 1024));
    assert_eq!(fault.evidence().await.unwrap().hits(), slices, "whole again");
}

#[tokio::test]
async fn after_so_many_bytes_a_connection_ends_and_not_one_earlier() {
    let bed = sender(300_000).await;
    let mut fault = bed.proxy.limit_data(100_001);
    let undo = hold(&mut fault).await.unwrap();
    let mut client = bed.connect().await;
    // What the client has sent and nobody reads must not cost it the last bytes.
    client.write_all(b"unread").await.unwrap();
    assert!(all(&mut client).await == pattern(300_000)[..100_001]);
    assert_eq!(fault.evidence().await.unwrap().text(), "1 connection ended");
    clear(&undo).await;
    assert_eq!(all(&mut bed.connect().await).await.len(), 300_000);

    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    round_trip(&mut client, &pattern(5_000)).await;
    let mut fault = bed.proxy.limit_data(10).upstream();
    let _undo = hold(&mut fault).await.unwrap();
    round_trip(&mut client, b"nine byte").await;
    client.write_all(b"beyond").await.unwrap();
    assert_eq!(all(&mut client).await, b"b", "what was before the fault does not count");
}

#[tokio::test]
async fn bytes_become_others_as_often_as_asked_and_by_the_seed() {
    let bed = Testbed::echo().await;
    let (mut client, sent) = (bed.connect().await, pattern(100_000));
    round_trip(&mut client, &sent).await;
    let mut fault = bed.proxy.corruption(percent(1));
    let undo = hold(&mut fault).await.unwrap();
    let mut got = vec![0; sent.len()];
    let (mut read, mut write) = client.split();
    let (a, b) = timely(async { tokio::join!(write.write_all(&sent), read.read_exact(&mut got)) }).await;
    a.unwrap();
    b.unwrap();
    let changed = got.iter().zip(&sent).filter(|(a, b)| a != b).count();
    // Binomial, n = 100,000, p = 0.01: 8 standard deviations.
    assert!((750..1_250).contains(&changed), "{changed} of 100,000 bytes");
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(changed as u64));
    clear(&undo).await;
    round_trip(&mut client, &sent).await;

    let mut every = bed.proxy.corruption(percent(100)).upstream();
    let undo = hold(&mut every).await.unwrap();
    client.write_all(&sent).await.unwrap();
    timely(client.read_exact(&mut got)).await.unwrap();
    assert!(got.iter().zip(&sent).all(|(a, b)| a != b));
    clear(&undo).await;
    round_trip(&mut client, &sent).await;
}

#[tokio::test]
async fn an_end_is_late_and_data_is_not() {
    let bed = sender(10_000).await;
    let mut fault = bed.proxy.slow_close(millis(400));
    let undo = hold(&mut fault).await.unwrap();
    let (mut client, started) = (bed.connect().await, Instant::now());
    timely(client.read_exact(&mut vec![0; 10_000])).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), 0);
    assert!(started.elapsed() >= millis(400), "{:?}", started.elapsed());
    assert_eq!(fault.evidence().await.unwrap().text(), "1 connection closed late");
    clear(&undo).await;
    let mut again = bed.proxy.slow_close(secs(3_600));
    let undo = hold(&mut again).await.unwrap();
    let mut waits = bed.connect().await;
    // An hour before the end.
    timely(waits.read_exact(&mut vec![0; 10_000])).await.unwrap();
    assert!(is_silent(&mut waits, millis(100)).await);
    clear(&undo).await;
    assert_eq!(next(&mut waits).await.unwrap(), 0, "let go at the clearance");
}

#[tokio::test]
async fn new_connections_are_served_late_and_open_ones_as_ever() {
    let bed = Testbed::echo().await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"open").await;
    let mut fault = bed.proxy.slow_connect(millis(300));
    let undo = hold(&mut fault).await.unwrap();
    assert!(!fault.evidence().await.unwrap().is_seen());
    trips_below(millis(300), &mut open, b"open").await;
    let (mut new, started) = (bed.connect().await, Instant::now());
    round_trip(&mut new, b"first").await;
    assert!(started.elapsed() >= millis(300), "took {:?}", started.elapsed());
    trips_below(millis(300), &mut new, b"second").await;
    assert_eq!(fault.evidence().await.unwrap().text(), "1 connection opened late");
    clear(&undo).await;
}

#[tokio::test]
async fn who_comes_too_many_is_turned_away_until_there_is_room() {
    let bed = Testbed::echo().await;
    let mut open = [bed.connect().await, bed.connect().await];
    for client in &mut open {
        round_trip(client, b"open").await;
    }
    let mut fault = bed.proxy.connection_limit(2);
    let undo = hold(&mut fault).await.unwrap();
    assert_eq!(next(&mut bed.connect().await).await.unwrap(), 0);
    assert_eq!(fault.evidence().await.unwrap().text(), "1 connection turned away");
    let [mut one, other] = open;
    round_trip(&mut one, b"stays").await;
    drop(other);
    // The end of a connection takes a moment to get through.
    let mut room = bed.connect().await;
    while timely(async { room.write_all(b"x").await.is_err() || room.read_u8().await.is_err() }).await {
        room = bed.connect().await;
    }
    clear(&undo).await;
    round_trip(&mut bed.connect().await, b"any number").await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn in_a_partition_nobody_gets_an_answer_and_afterwards_everybody() {
    let bed = Testbed::echo().await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"open").await;
    for round in 0..3 {
        let mut fault = bed.proxy.partition();
        let undo = hold(&mut fault).await.unwrap();
        let evidence = fault.evidence().await.unwrap();
        assert!(evidence.is_seen() && evidence.text().contains("answers no attempt"), "{}", evidence.text());
        open.write_all(b"late").await.unwrap();
        assert!(is_silent(&mut open, millis(50)).await);
        let addr = bed.proxy.addr();
        let waiting = tokio::spawn(async move { TcpStream::connect(addr).await });
        tokio::time::sleep(millis(100)).await;
        assert!(!waiting.is_finished(), "round {round}");
        clear(&undo).await;
        let mut late = [0; 4];
        timely(open.read_exact(&mut late)).await.unwrap();
        assert_eq!(&late, b"late");
        round_trip(&mut timely(waiting).await.unwrap().unwrap(), b"through").await;
        round_trip(&mut bed.connect().await, b"at once").await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_proxy_that_refuses_in_a_partition_is_in_the_partition_again_afterwards() {
    let bed = Testbed::echo().await;
    let partition = hold(&mut bed.proxy.partition()).await.unwrap();
    let refusal = hold(&mut bed.proxy.down().refuse()).await.unwrap();
    crate::proxy::testbed::until_refused(bed.proxy.addr()).await;
    clear(&refusal).await;
    let addr = bed.proxy.addr();
    let waiting = tokio::spawn(async move { TcpStream::connect(addr).await });
    tokio::time::sleep(millis(100)).await;
    assert!(!waiting.is_finished(), "nobody is answered");
    clear(&partition).await;
    round_trip(&mut timely(waiting).await.unwrap().unwrap(), b"through").await;
    round_trip(&mut bed.connect().await, b"at once").await;
}

#[tokio::test]
async fn a_share_hits_the_same_connections_at_every_look() {
    let bed = Testbed::echo().await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = bed.connect().await;
        round_trip(&mut client, b"x").await;
        clients.push(client);
    }
    let mut hit = Vec::new();
    for _ in 0..2 {
        let mut fault = bed.proxy.black_hole().share(percent(30));
        let undo = hold(&mut fault).await.unwrap();
        for client in &mut clients {
            client.write_all(b"x").await.unwrap();
        }
        // Each either gets its answer or is counted as held.
        let mut answered = vec![false; clients.len()];
        let mut held = 0;
        let all_told = async {
            while held + answered.iter().filter(|answered| **answered).count() < clients.len() {
                tokio::time::sleep(millis(5)).await;
                held = fault.evidence().await.unwrap().hits().unwrap() as usize;
                for (client, answered) in clients.iter().zip(&mut answered) {
                    *answered |= client.try_read(&mut [0]).is_ok();
                }
            }
        };
        timely(all_told).await;
        assert!((10..50).contains(&held), "{held} of 100");
        clear(&undo).await;
        for (client, _) in clients.iter_mut().zip(&answered).filter(|(_, answered)| !**answered) {
            timely(client.read_u8()).await.unwrap();
        }
        hit.push(answered);
    }
    assert_eq!(hit[0], hit[1]);
}

/// What a curl sends first that asks for `api.example.com`.
const HELLO: &[u8] = include_bytes!("../../proxy/tests/hellos/curl.bin");

#[tokio::test]
async fn a_server_name_picks_connections_however_its_hello_is_cut() {
    let bed = Testbed::echo().await;
    let mut plain = bed.connect().await;
    round_trip(&mut plain, b"GET / HTTP/1.1").await;
    let mut named = bed.connect().await;
    round_trip(&mut named, HELLO).await;
    let mut fault = bed.proxy.latency(millis(300)).sni("*.example.com");
    let undo = hold(&mut fault).await.unwrap();
    assert_eq!(fault.describe(), "latency 300ms towards the client for the server name *.example.com");
    // One that was open before, and new ones, whole and in pieces.
    assert!(round_trip(&mut named, b"more").await >= millis(300));
    assert!(round_trip(&mut bed.connect().await, HELLO).await >= millis(300));
    for cut in [1, 5, 100, HELLO.len() - 1] {
        let mut client = bed.connect().await;
        client.set_nodelay(true).unwrap();
        client.write_all(&HELLO[..cut]).await.unwrap();
        assert!(is_silent(&mut client, millis(30)).await, "the first {cut} bytes wait for the others");
        let started = Instant::now();
        client.write_all(&HELLO[cut..]).await.unwrap();
        let mut back = vec![0; HELLO.len()];
        timely(client.read_exact(&mut back)).await.unwrap();
        assert!(started.elapsed() >= millis(300) && back == HELLO, "cut at {cut}: {:?}", started.elapsed());
    }
    // What is echoed may come back in two chunks.
    let before = fault.evidence().await.unwrap();
    assert!(before.text().ends_with("chunks delayed on 6 connections"), "{}", before.text());
    round_trip(&mut plain, b"as ever").await;
    assert_eq!(fault.evidence().await.unwrap().hits(), before.hits(), "others are not touched");

    // What waits is let go when nobody asks for a name any more.
    let mut waits = bed.connect().await;
    waits.write_all(&HELLO[..100]).await.unwrap();
    assert!(is_silent(&mut waits, millis(30)).await);
    clear(&undo).await;
    let mut back = [0; 100];
    timely(waits.read_exact(&mut back)).await.unwrap();
    assert_eq!(back, HELLO[..100]);
    round_trip(&mut waits, &HELLO[100..]).await;
}

#[tokio::test]
async fn no_share_disturbs_nobody_and_all_is_all() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    let mut none = bed.proxy.down().share(percent(0));
    let undo = hold(&mut none).await.unwrap();
    for _ in 0..20 {
        round_trip(&mut client, b"open").await;
        round_trip(&mut bed.connect().await, b"new").await;
    }
    let evidence = none.evidence().await.unwrap();
    assert!(!evidence.is_seen() && evidence.text().contains("of those that the share picked"), "{}", evidence.text());
    clear(&undo).await;
    let mut all = bed.proxy.down().share(percent(100));
    let _undo = hold(&mut all).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), 0);
    for _ in 0..20 {
        assert_eq!(next(&mut bed.connect().await).await.unwrap(), 0);
    }
    // One that was dropped just before may still have been open.
    assert!(all.evidence().await.unwrap().hits() >= Some(21));
}

#[tokio::test]
async fn a_share_of_chunks_leaves_the_others_alone() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    let mut fault = bed.proxy.latency(millis(60)).share_of_chunks(percent(20));
    let _undo = hold(&mut fault).await.unwrap();
    let mut late = 0;
    for _ in 0..100 {
        late += u64::from(round_trip(&mut client, b"x").await >= millis(60));
    }
    let hits = fault.evidence().await.unwrap().hits().unwrap();
    assert!((5..45).contains(&hits), "{hits} of 100");
    // Others may be late because this machine is busy.
    assert!(late >= hits && late < 90, "{late} late, {hits} hit");
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_pass_bytes_meet_faults_and_leave_nothing() {
    use tokio::net::{UnixListener, UnixStream};
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("service.sock");
    let listener = UnixListener::bind(&at).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await?;
                write.shutdown().await
            });
        }
    });
    let bed = Testbed::in_front_of(format!("unix:{}", at.display())).await;
    let path = bed.proxy.path().unwrap().to_owned();
    assert_eq!(path.file_name().unwrap(), "service.sock");
    let connect = async || timely(UnixStream::connect(&path)).await;
    // By TCP as well.
    round_trip(&mut bed.connect().await, &pattern(1_000_000)).await;

    let mut client = connect().await.unwrap();
    let bytes = pattern(8_000_000);
    let mut back = vec![0; bytes.len()];
    let (mut read, mut write) = client.split();
    let (a, b) = timely(async { tokio::join!(write.write_all(&bytes), read.read_exact(&mut back)) }).await;
    a.unwrap();
    b.unwrap();
    assert!(back == bytes);

    let mut late = bed.proxy.latency(millis(200)).both_ways();
    let undo = hold(&mut late).await.unwrap();
    let started = Instant::now();
    client.write_all(b"x").await.unwrap();
    timely(client.read_u8()).await.unwrap();
    assert!(started.elapsed() >= millis(400));
    clear(&undo).await;

    let undo = hold(&mut bed.proxy.black_hole()).await.unwrap();
    client.write_all(b"x").await.unwrap();
    assert!(tokio::time::timeout(millis(100), client.read_u8()).await.is_err());
    clear(&undo).await;
    timely(client.read_u8()).await.unwrap();

    for _ in 0..2 {
        let undo = hold(&mut bed.proxy.down().refuse()).await.unwrap();
        // As with `until_refused`.
        let error = timely(async {
            loop {
                match connect().await {
                    Ok(_) => tokio::time::sleep(millis(5)).await,
                    Err(error) => break error,
                }
            }
        });
        assert_eq!(error.await.kind(), io::ErrorKind::ConnectionRefused);
        clear(&undo).await;
        connect().await.unwrap();
    }
    bed.chaos.core.ledger.undo_all().await;
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn what_does_nothing_or_cannot_be_is_refused_with_a_way_out() {
    let proxy = Testbed::in_front_of(service(echo).await).await.proxy;
    async fn refused(mut fault: impl Fault) -> String {
        let error = hold(&mut fault).await.unwrap_err();
        assert!(error.help_text().is_some(), "{error}");
        error.message().to_owned()
    }
    assert!(refused(proxy.slicer(0)).await.contains("zero bytes"));
    assert!(refused(proxy.slicer(10).variation(10)).await.contains("some would be empty"));
    assert!(refused(proxy.limit_data(0)).await.contains("zero bytes"));
    assert!(refused(proxy.connection_limit(0)).await.contains("no connection at all"));
    assert!(refused(proxy.connection_limit(1).share(percent(5))).await.contains("all of them"));
    assert!(refused(proxy.corruption(percent(0))).await.contains("0 %"));
    assert!(refused(proxy.corruption(percent(101))).await.contains("101 %"));
    assert!(refused(proxy.slow_close(millis(0))).await.contains("not late"));
    assert!(refused(proxy.slow_connect(millis(0))).await.contains("not late"));
    assert!(refused(proxy.slow_connect(millis(5)).sni("a.example")).await.contains("server name"));
    assert!(refused(proxy.latency(millis(5)).pareto(1.0)).await.contains("mean is infinite"));
    assert!(refused(proxy.latency(millis(5)).share(percent(120))).await.contains("120 %"));
    assert!(refused(proxy.down().refuse().share(percent(5))).await.contains("only all connections"));
    assert!(refused(proxy.reset().sni("not a name")).await.contains("not a name"));
}
