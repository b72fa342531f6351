//! The engine's way of bytes, over real sockets: what a client sends and what a service gets, and the other way.

use crate::Chaos;
use crate::proxy::HttpProxy;
use crate::proxy::testbed::{next, nobody, pattern, service, timely};
use crate::units::{millis, secs};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

async fn proxy(addr: SocketAddr) -> (Chaos, HttpProxy) {
    let chaos = Chaos::for_tests();
    let proxy = chaos.http_proxy(addr).await.unwrap();
    (chaos, proxy)
}

/// Sends to a service of one answer; gives what the service got and what the client got.
async fn exchange(sent: &'static [u8], answer: &'static [u8]) -> (Vec<u8>, Vec<u8>) {
    let (got, mut gets) = mpsc::unbounded_channel();
    let addr = service(move |mut stream| {
        let got = got.clone();
        async move {
            let mut bytes = vec![0; sent.len()];
            // Shorter or other bytes show in the comparison.
            let read = tokio::time::timeout(secs(20), stream.read_exact(&mut bytes)).await;
            let bytes = if matches!(read, Ok(Ok(_))) { bytes } else { b"not all of it came".to_vec() };
            got.send(bytes).unwrap();
            stream.write_all(answer).await
        }
    })
    .await;
    let (_chaos, proxy) = proxy(addr).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(sent).await.unwrap();
    let mut answered = Vec::new();
    timely(client.read_to_end(&mut answered)).await.unwrap();
    (timely(gets.recv()).await.unwrap(), answered)
}

#[tokio::test]
async fn without_a_fault_every_byte_is_the_same() {
    for (sent, answer) in [
        (
            &b"GET /a?b=%20c HTTP/1.1\r\nHOST: x.example\r\nUser-Agent: T\r\nx-Odd-CASE: 1\r\naccept: */*\r\n\r\n"[..],
            &b"HTTP/1.1 200 OK\r\nServer: n\r\nX-tRaCe: 7\r\nContent-Length: 5\r\nLast: 1\r\n\r\nhello"[..],
        ),
        (
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 404 Nothing Here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            b"PURGE /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
        ),
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
        ),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 599 Odd One\r\nContent-Length: 0\r\n\r\n"),
        (
            b"GET http://x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-sum: 9\r\n\r\n",
        ),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nto the end"),
    ] {
        let (got, answered) = exchange(sent, answer).await;
        assert_eq!(got.escape_ascii().to_string(), sent.escape_ascii().to_string());
        assert_eq!(answered.escape_ascii().to_string(), answer.escape_ascii().to_string());
    }
}

#[tokio::test]
async fn what_is_no_http_passes_untouched_whoever_speaks_first() {
    for sent in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\x08\x04\xd2\x16\x2f", b"PING\r\n", b"\xff\0GET"]
    {
        let (got, answered) = exchange(sent, b"+PONG\r\n\0\xff").await;
        assert_eq!((&got[..], &answered[..]), (sent, &b"+PONG\r\n\0\xff"[..]));
    }
    let addr = service(|mut stream| async move {
        stream.write_all(b"220 mail").await?;
        crate::proxy::testbed::echo(stream).await
    })
    .await;
    let (_chaos, proxy) = proxy(addr).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let mut greeting = [0; 8];
    timely(client.read_exact(&mut greeting)).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut rest = Vec::new();
    timely(client.read_to_end(&mut rest)).await.unwrap();
    assert_eq!((&greeting[..], &rest[..]), (&b"220 mail"[..], &b"GET / HTTP/1.1\r\n\r\n"[..]));
}

#[tokio::test]
async fn an_upgrade_becomes_a_tunnel() {
    const ASK: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const YES: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let addr = service(|mut stream| async move {
        stream.read_exact(&mut vec![0; ASK.len()]).await?;
        stream.write_all(YES).await?;
        crate::proxy::testbed::echo(stream).await
    })
    .await;
    let (_chaos, proxy) = proxy(addr).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(ASK).await.unwrap();
    let mut yes = vec![0; YES.len()];
    timely(client.read_exact(&mut yes)).await.unwrap();
    assert_eq!(yes.escape_ascii().to_string(), YES.escape_ascii().to_string());
    crate::proxy::testbed::round_trip(&mut client, &pattern(1_000_000)).await;
    client.shutdown().await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_waits_until_the_service_says_continue() {
    const HEAD: &[u8] = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    const REFUSED: &[u8] = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
    for agrees in [true, false] {
        let addr = service(move |mut stream| async move {
            stream.read_exact(&mut vec![0; HEAD.len()]).await?;
            if !agrees {
                return stream.write_all(REFUSED).await;
            }
            tokio::time::sleep(millis(100)).await;
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            let mut body = [0; 4];
            stream.read_exact(&mut body).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").await?;
            stream.write_all(&body).await
        })
        .await;
        let (_chaos, proxy) = proxy(addr).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        client.write_all(HEAD).await.unwrap();
        let mut first = [0; 25];
        timely(client.read_exact(&mut first)).await.unwrap();
        if agrees {
            assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
            client.write_all(b"body").await.unwrap();
            let mut answer = Vec::new();
            timely(client.read_to_end(&mut answer)).await.unwrap();
            assert!(answer.ends_with(b"\r\n\r\nbody"), "{}", answer.escape_ascii());
        } else {
            assert!(first.starts_with(b"HTTP/1.1 417 "), "{}", first.escape_ascii());
        }
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order_on_one_connection() {
    let addr = service(|mut stream| async move {
        for i in 0..100 {
            let mut request = [0; 27];
            stream.read_exact(&mut request).await?;
            let body = String::from_utf8_lossy(&request[5..8]).into_owned();
            assert_eq!(body, format!("{i:03}"));
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{body}").as_bytes()).await?;
        }
        Ok(())
    })
    .await;
    let (_chaos, proxy) = proxy(addr).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let requests: String = (0..100).map(|i| format!("GET /{i:03} HTTP/1.1\r\nA: b\r\n\r\n")).collect();
    client.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    let end = tokio::time::timeout(crate::proxy::testbed::PATIENCE, client.read_to_end(&mut answers)).await;
    let answers = String::from_utf8(answers).unwrap();
    assert!(matches!(end, Ok(Ok(_))), "{end:?} after {}", &answers[answers.len().saturating_sub(200)..]);
    let bodies: Vec<_> = answers.split("\r\n\r\n").skip(1).map(|rest| rest[..3].to_owned()).collect();
    assert_eq!(bodies, (0..100).map(|i| format!("{i:03}")).collect::<Vec<_>>());
}

/// Resets on closing.
fn resets(stream: &TcpStream) {
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn resets_pass_both_ways_and_ends_stay_ends() {
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const PART: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first part";
    for (answer, reset) in [(&b""[..], true), (PART, true), (&b""[..], false), (PART, false)] {
        let read = Arc::new(Notify::new());
        let is_read = read.clone();
        let addr = service(move |mut stream| {
            let is_read = is_read.clone();
            async move {
                stream.read_exact(&mut vec![0; HEAD.len()]).await?;
                stream.write_all(answer).await?;
                tokio::time::sleep(millis(200)).await;
                // So that what was written is read before the reset.
                is_read.notified().await;
                if reset {
                    resets(&stream);
                }
                Ok(())
            }
        })
        .await;
        let (_chaos, proxy) = proxy(addr).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        client.write_all(HEAD).await.unwrap();
        let mut got = vec![0; answer.len()];
        timely(client.read_exact(&mut got)).await.unwrap();
        assert_eq!(got, answer);
        read.notify_one();
        match next(&mut client).await {
            Ok(n) => assert!(n == 0 && !reset, "{n} bytes more, reset: {reset}"),
            Err(error) => assert!(reset && error.kind() == io::ErrorKind::ConnectionReset, "{error}, reset: {reset}"),
        }
    }
    for reset in [true, false] {
        let (saw, mut seen) = mpsc::unbounded_channel();
        let begun = Arc::new(Notify::new());
        let has_begun = begun.clone();
        let addr = service(move |mut stream| {
            let (saw, begun) = (saw.clone(), begun.clone());
            async move {
                stream.read_exact(&mut vec![0; HEAD.len()]).await?;
                begun.notify_one();
                saw.send(stream.read(&mut [0; 10]).await.map_err(|error| error.kind())).unwrap();
                Ok(())
            }
        })
        .await;
        let (_chaos, proxy) = proxy(addr).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        client.write_all(HEAD).await.unwrap();
        timely(has_begun.notified()).await;
        tokio::time::sleep(millis(200)).await;
        if reset {
            resets(&client);
        }
        drop(client);
        let expected = if reset { Err(io::ErrorKind::ConnectionReset) } else { Ok(0) };
        assert_eq!(timely(seen.recv()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_closes_the_connection() {
    let (_reserved, addr) = nobody();
    let (_chaos, proxy) = proxy(addr).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), 0);
}

#[tokio::test]
async fn malformed_requests_are_refused_and_desynchronise_nothing() {
    let (got, mut gets) = mpsc::unbounded_channel();
    let addr = service(move |mut stream| {
        let got = got.clone();
        async move {
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            loop {
                let n = stream.read(&mut part).await?;
                if n == 0 {
                    return Ok(());
                }
                bytes.extend_from_slice(&part[..n]);
                if bytes.ends_with(b"\r\n\r\n") {
                    got.send(String::from_utf8_lossy(&bytes).into_owned()).unwrap();
                    bytes.clear();
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
                }
            }
        }
    })
    .await;
    let (_chaos, proxy) = proxy(addr).await;
    let bomb = format!("GET / HTTP/1.1\r\n{}\r\n", "x-a: 1\r\n".repeat(1_000));
    let long = format!("GET / HTTP/1.1\r\nx-a: {}\r\n\r\n", "a".repeat(2_000_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        ("GET / HTTP/9.9\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n", "400"),
        (&bomb, "431"),
        (&long, "431"),
    ] {
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        // It may be refused before all is sent.
        let _ = client.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        match timely(client.read_exact(&mut answer)).await {
            Ok(_) => assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{:.60}", request),
            Err(error) => assert!(status == "431", "{error} for {request:.60}"),
        }
        assert!(gets.try_recv().is_err(), "{request:.60} reached the service");
    }
    // Both lengths: the chunks count, what follows is not taken for a second request's beginning, and the connection ends.
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let smuggled = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
                    GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    client.write_all(smuggled.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timely(client.read_to_end(&mut answer)).await.ok();
    let first = timely(gets.recv()).await.unwrap();
    assert!(first.starts_with("POST /a ") && !first.to_lowercase().contains("content-length"), "{first}");
    assert!(gets.try_recv().is_err(), "the rest came through as a request");
    assert_eq!(String::from_utf8_lossy(&answer).matches("HTTP/1.1 ").count(), 1);
}
