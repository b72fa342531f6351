//! Without a fault a proxy is as if it were not there.

use crate::proxy::testbed::{
    Testbed, clear, echo, hold, is_silent, next, nobody, pattern, round_trip, serve_from, service, service_on, timely,
};
use socket2::SockRef;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

#[tokio::test]
async fn megabytes_come_back_unchanged() {
    let bed = Testbed::echo().await;
    let mut client = bed.connect().await;
    for len in [1, 2, 65_536, 262_145, 30_000_001] {
        round_trip(&mut client, &pattern(len)).await;
    }
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    let bed = Testbed::echo().await;
    let (mut read, mut write) = bed.connect().await.into_split();
    let sent = pattern(20_000_000);
    let copy = sent.clone();
    let writer = tokio::spawn(async move {
        write.write_all(&copy).await.unwrap();
        write.shutdown().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut back = Vec::new();
    timely(read.read_to_end(&mut back)).await.unwrap();
    assert!(back == sent);
    writer.await.unwrap();
}

#[tokio::test]
async fn the_clients_half_close_reaches_the_service_and_the_answer_still_returns() {
    let addr = service(async |mut stream: TcpStream| {
        let mut request = Vec::new();
        stream.read_to_end(&mut request).await?;
        stream.write_all(&[&b"got "[..], &request].concat()).await
    })
    .await;
    let bed = Testbed::in_front_of(addr).await;
    let mut client = bed.connect().await;
    client.write_all(b"everything").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    timely(client.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(answer, "got everything");
}

#[tokio::test]
async fn the_services_half_close_reaches_the_client_and_the_request_still_passes() {
    let (got, mut gets) = mpsc::channel(1);
    let addr = service(move |mut stream: TcpStream| {
        let got = got.clone();
        async move {
            stream.shutdown().await?;
            let mut request = String::new();
            stream.read_to_string(&mut request).await?;
            let _ = got.send(request).await;
            Ok(())
        }
    })
    .await;
    let bed = Testbed::in_front_of(addr).await;
    let mut client = bed.connect().await;
    assert_eq!(next(&mut client).await.unwrap(), 0);
    client.write_all(b"late").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(timely(gets.recv()).await.unwrap(), "late");
}

#[tokio::test]
async fn a_reset_by_the_service_is_a_reset_for_the_client() {
    let addr = service(async |stream: TcpStream| {
        stream.readable().await?;
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))
    })
    .await;
    let bed = Testbed::in_front_of(addr).await;
    let mut client = bed.connect().await;
    client.write_all(b"x").await.unwrap();
    assert_eq!(next(&mut client).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_resets_at_once_resets_the_client_whoever_is_first() {
    let addr = service(async |stream: TcpStream| SockRef::from(&stream).set_linger(Some(Duration::ZERO))).await;
    let bed = Testbed::in_front_of(addr).await;
    for _ in 0..200 {
        let error = match timely(TcpStream::connect(bed.proxy.addr())).await {
            Ok(mut client) => next(&mut client).await.unwrap_err(),
            // It may be as fast as that.
            Err(error) => error,
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn a_reset_by_the_client_is_a_reset_for_the_service() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bed = Testbed::in_front_of(listener.local_addr().unwrap()).await;
    let client = bed.connect().await;
    let (mut server, _) = timely(listener.accept()).await.unwrap();
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(next(&mut server).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reset_in_a_black_hole_is_still_one_afterwards() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bed = Testbed::in_front_of(listener.local_addr().unwrap()).await;
    for found_by_a_write in [false, true] {
        let mut client = bed.connect().await;
        let (mut server, _) = timely(listener.accept()).await.unwrap();
        let undo = hold(&mut bed.proxy.black_hole().downstream()).await.unwrap();
        if found_by_a_write {
            server.write_all(b"y").await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
        drop(server);
        tokio::time::sleep(Duration::from_millis(50)).await;
        if found_by_a_write {
            client.write_all(b"x").await.unwrap();
        }
        assert!(is_silent(&mut client, Duration::from_millis(50)).await);
        clear(&undo).await;
        if found_by_a_write {
            assert_eq!(timely(client.read_u8()).await.unwrap(), b'y');
        }
        assert_eq!(next(&mut client).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_gets_through() {
    let addr = service(async |mut stream: TcpStream| {
        stream.read_exact(&mut [0]).await?;
        stream.write_all(b"413").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    })
    .await;
    let bed = Testbed::in_front_of(addr).await;
    let (mut read, mut write) = bed.connect().await.into_split();
    let writer = tokio::spawn(async move { while write.write_all(&[7; 4096]).await.is_ok() {} });
    let mut answer = [0; 3];
    timely(read.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"413");
    timely(writer).await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_not_there_means_accepted_and_closed() {
    let (_reserved, gone) = nobody();
    let bed = Testbed::in_front_of(gone).await;
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let started = Instant::now();
        let mut client = bed.connect().await;
        assert_eq!(next(&mut client).await.unwrap(), 0);
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < Duration::from_millis(500), "took {fastest:?}");
}

#[tokio::test]
async fn a_service_that_comes_later_is_reached() {
    let (reserved, addr) = nobody();
    let bed = Testbed::in_front_of(addr).await;
    assert_eq!(next(&mut bed.connect().await).await.unwrap(), 0);
    reserved.listen(128).unwrap();
    reserved.set_nonblocking(true).unwrap();
    serve_from(TcpListener::from_std(reserved.into()).unwrap(), echo);
    round_trip(&mut bed.connect().await, b"there").await;
}

#[tokio::test]
async fn ipv6_all_the_way() {
    let Ok(addr) = service_on("[::1]:0", echo).await else {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    };
    let bed = Testbed::in_front_of(addr).await;
    assert_eq!(bed.proxy.addr().ip(), Ipv6Addr::LOCALHOST);
    round_trip(&mut bed.connect().await, &pattern(100_000)).await;
}

#[tokio::test]
async fn a_name_is_resolved_when_a_client_connects() {
    let addr: SocketAddr = service(echo).await;
    let bed = Testbed::in_front_of(("localhost", addr.port())).await;
    round_trip(&mut bed.connect().await, b"hello").await;
}

#[tokio::test]
async fn a_url_has_one_slash() {
    let bed = Testbed::echo().await;
    let addr = bed.proxy.addr();
    assert_eq!(bed.proxy.url("/stock?id=1"), format!("http://{addr}/stock?id=1"));
    assert_eq!(bed.proxy.url("stock"), format!("http://{addr}/stock"));
}
