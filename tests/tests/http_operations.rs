//! What becomes of HTTP requests, told apart against real sockets on loopback.

use chaos_runtime::load::{OpId, Operation, http, op};
use chaos_runtime::measure::{ErrorClass, Outcome};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\norder: paid";

/// A peer that does the same to every connection, each on a thread of its own.
struct Peer {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Peer {
    fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (connections, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counter, over, serve) = (connections.clone(), ended.clone(), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                counter.fetch_add(1, Ordering::SeqCst);
                let (serve, over) = (serve.clone(), over.clone());
                std::thread::spawn(move || {
                    serve(stream);
                    over.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { addr, connections, ended }
    }

    /// Answers every request of a connection with this text, then goes on.
    fn answering(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::start(
            move |mut stream| while read_request(&stream).is_some() && stream.write_all(answer.as_bytes()).is_ok() {},
        )
    }

    /// Reads one request, answers with this text and closes.
    fn closing_after(answer: &'static str) -> Self {
        Self::start(move |mut stream| {
            read_request(&stream);
            stream.write_all(answer.as_bytes()).unwrap();
        })
    }

    fn url(&self) -> String {
        format!("http://{}/checkout", self.addr)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until it has ended so many connections, and a moment more, so that a client has seen it.
    async fn has_ended(&self, connections: usize) {
        while self.ended.load(Ordering::SeqCst) < connections {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Head and body of one request; `None` at the end of the connection.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.push_str(&String::from_utf8(body).unwrap());
    Some(request)
}

/// Closes with a RST, as lingering for zero seconds does.
#[cfg(unix)]
fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// Both ways to speak HTTP/1.1, ready to send.
fn both(request: http::HttpRequest) -> [http::HttpRequest; 2] {
    [request.clone(), request.bare_http1()].map(|mut request| {
        request.prepare().unwrap();
        request
    })
}

async fn once(request: &http::HttpRequest) -> Outcome {
    request.attempt(OpId::new(1, 0, 0)).await
}

/// What becomes of a request, which is the same on both ways.
async fn attempt(request: http::HttpRequest) -> Outcome {
    let [client, bare] = both(request);
    let (client, bare) = (once(&client).await, once(&bare).await);
    println!("{client:?}\n{bare:?}");
    assert_eq!((client.error, client.status), (bare.error, bare.status), "{client:?}\n{bare:?}");
    client
}

async fn class(request: http::HttpRequest) -> Option<ErrorClass> {
    let outcome = attempt(request).await;
    assert_eq!(outcome.error.is_some(), outcome.message.is_some(), "{outcome:?}");
    outcome.error
}

/// The class where only the client can speak what is spoken.
async fn class_by_client(mut request: http::HttpRequest) -> Option<ErrorClass> {
    request.prepare().unwrap();
    once(&request).await.error
}

#[tokio::test]
async fn nobody_listens() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(class(http::get(format_args!("http://{unused}/"))).await, Some(ErrorClass::Refused));
}

#[cfg(unix)]
#[tokio::test]
async fn resets_before_and_within_the_answer() {
    let before = Peer::start(|stream| {
        read_request(&stream);
        reset(stream);
    });
    assert_eq!(class(http::get(before.url())).await, Some(ErrorClass::Reset));
    let within = Peer::start(|mut stream| {
        read_request(&stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart").unwrap();
        // The head must have been read, else it is thrown away together with the connection.
        std::thread::sleep(Duration::from_secs(2));
        reset(stream);
    });
    let outcome = attempt(http::get(within.url())).await;
    assert_eq!((outcome.error, outcome.status), (Some(ErrorClass::Reset), Some(200)), "{outcome:?}");
}

#[tokio::test]
async fn closes_before_and_within_the_answer() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart"] {
        let peer = Peer::closing_after(answer);
        assert_eq!(class(http::get(peer.url())).await, Some(ErrorClass::Closed), "after {answer:?}");
    }
    let chunked = Peer::closing_after("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n");
    assert_eq!(class(http::get(chunked.url())).await, Some(ErrorClass::Closed));
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    assert_eq!(class(http::get("http://nowhere.invalid/")).await, Some(ErrorClass::Dns));
}

#[tokio::test]
async fn answers_that_are_no_http() {
    let garbage = Peer::closing_after("220 mail.example ESMTP\r\n\r\n");
    assert_eq!(class(http::get(garbage.url())).await, Some(ErrorClass::Body));
    let chunks = Peer::closing_after("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n");
    assert_eq!(class(http::get(chunks.url())).await, Some(ErrorClass::Body));
}

#[tokio::test]
async fn statuses() {
    let of = |status: &str| Peer::answering(format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nbody"));
    let unavailable = attempt(http::get(of("503 Service Unavailable").url())).await;
    assert_eq!((unavailable.error, unavailable.status), (Some(ErrorClass::Status), Some(503)));
    assert_eq!(unavailable.message.as_deref(), Some("status 503, expected 200 to 399"));
    let missing = of("404 Not Found");
    assert_eq!(class(http::get(missing.url())).await, Some(ErrorClass::Status));
    assert_eq!(attempt(http::get(missing.url()).expect_status(404)).await, Outcome::OK.with_status(404));
    assert_eq!(class(http::get(missing.url()).expect_status([200, 404])).await, None);
    assert_eq!(class(http::get(missing.url()).expect_status(200..=299)).await, Some(ErrorClass::Status));
    // A redirect is an answer, and is not followed to a host that nobody listens on.
    let moved = Peer::answering("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(attempt(http::get(moved.url())).await, Outcome::OK.with_status(302));
}

#[tokio::test]
async fn bodies() {
    let peer = Peer::answering(GOOD);
    assert_eq!(class(http::get(peer.url()).expect_body_contains("paid")).await, None);
    assert_eq!(class(http::get(peer.url()).expect_body_contains("refused")).await, Some(ErrorClass::Body));
    assert_eq!(class(http::get(peer.url()).expect_body(|body| body.len() == 11)).await, None);
    assert_eq!(class(http::get(peer.url()).expect_body(<[u8]>::is_empty)).await, Some(ErrorClass::Body));
}

#[tokio::test]
async fn what_is_sent() {
    let (requests, received) = std::sync::mpsc::channel();
    let peer = Peer::start(move |mut stream| {
        while let Some(request) = read_request(&stream) {
            requests.send(request).unwrap();
            stream.write_all(GOOD.as_bytes()).unwrap();
        }
    });
    let pay = http::post(peer.url())
        .query("currency", "EUR & more")
        .header("x-shop", 7)
        .bearer("token")
        .json(&serde_json::json!({"amount": 3}));
    assert_eq!(class(pay).await, None);
    let sorted = |request: &str| {
        let mut lines: Vec<_> = request.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let request = || {
        let [client, bare] = [received.recv().unwrap(), received.recv().unwrap()];
        assert_eq!(sorted(&client), sorted(&bare), "both send the same, in whatever order");
        assert_eq!(client.lines().next(), bare.lines().next());
        client
    };
    let (pay, next) = (request(), request);
    let request = pay;
    assert!(request.starts_with("POST /checkout?currency=EUR+%26+more HTTP/1.1\r\n"), "{request}");
    for line in
        ["x-shop: 7", "authorization: Bearer token", "content-type: application/json", "user-agent: chaos-test/"]
    {
        assert!(request.contains(line), "{line} in {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"amount\":3}"), "{request}");
    for request in [http::put(peer.url()), http::delete(peer.url()), http::patch(peer.url())] {
        let method = request.describe().split(' ').next().unwrap().to_owned();
        assert_eq!(class(request).await, None);
        assert!(next().starts_with(&method));
    }
}

#[tokio::test]
async fn who_asks_is_said_as_the_url_says_it_unless_a_header_does() {
    let (requests, received) = std::sync::mpsc::channel();
    let peer = Peer::start(move |mut stream| {
        while let Some(request) = read_request(&stream) {
            requests.send(request).unwrap();
            stream.write_all(GOOD.as_bytes()).unwrap();
        }
    });
    let url = format!("http://ann:s%20cret@{}/", peer.addr);
    // base64 of `ann:s cret`.
    for (request, expected) in [
        (http::get(&url), "authorization: Basic YW5uOnMgY3JldA=="),
        (http::get(&url).bearer("token"), "authorization: Bearer token"),
    ] {
        assert_eq!(class(request).await, None);
        for sent in [received.recv().unwrap(), received.recv().unwrap()] {
            let said: Vec<_> = sent.lines().filter(|line| line.starts_with("authorization:")).collect();
            assert_eq!(said, [expected], "{sent}");
            assert!(sent.contains(&format!("host: {}\r\n", peer.addr)), "{sent}");
        }
    }
}

#[tokio::test]
async fn connections_are_kept_even_after_failures_unless_asked_not_to() {
    for answer in [GOOD, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbody"] {
        for way in 0..2 {
            let kept = Peer::answering(answer);
            let request = &both(http::get(kept.url()))[way];
            for _ in 0..20 {
                once(request).await;
            }
            assert_eq!(kept.connections(), 1);
        }
    }
    for way in 0..2 {
        let fresh = Peer::answering(GOOD);
        let request = &both(http::get(fresh.url()).no_keep_alive())[way];
        for _ in 0..5 {
            assert_eq!(once(request).await, Outcome::OK.with_status(200));
        }
        assert_eq!(fresh.connections(), 5);
    }
}

#[tokio::test]
async fn an_answer_ends_where_it_ends_and_the_next_one_begins_there() {
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\norder:\r\n5\r\n paid\r\n0\r\nx-sum: 7\r\n\r\n";
    const LONG: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n";
    let long = format!("{LONG}{}", "x".repeat(3_000_000));
    for (request, answer, status, bytes) in [
        (http::get as fn(String) -> http::HttpRequest, CHUNKED, 200, 11),
        (http::get, &long, 200, 3_000_000),
        // Lengths of what is not sent.
        (http::head, "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", 200, 0),
        (http::get, "HTTP/1.1 304 Not Modified\r\ncontent-length: 11\r\n\r\n", 304, 0),
        (http::delete, "HTTP/1.1 204 No Content\r\n\r\n", 204, 0),
    ] {
        for way in 0..2 {
            let peer = Peer::answering(answer);
            let whole = request(peer.url()).expect_body(move |body| body.len() == bytes);
            let whole = &both(whole)[way];
            for _ in 0..3 {
                assert_eq!(once(whole).await, Outcome::OK.with_status(status), "way {way}");
            }
            assert_eq!(peer.connections(), 1, "way {way}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_peer_gave_up_is_no_error() {
    for answer in [GOOD, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end"] {
        for way in 0..2 {
            let peer = Peer::closing_after(answer);
            let request = &both(http::get(peer.url()))[way];
            for connection in 1..=3 {
                assert_eq!(once(request).await, Outcome::OK.with_status(200), "way {way}");
                peer.has_ended(connection).await;
            }
            assert_eq!(peer.connections(), 3, "way {way}");
        }
    }
}

#[tokio::test]
async fn an_attempt_that_is_given_up_takes_its_connection_with_it() {
    for way in 0..2 {
        let given_up = Arc::new(AtomicBool::new(false));
        let may_answer = given_up.clone();
        let peer = Peer::start(move |mut stream| {
            read_request(&stream);
            while !may_answer.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            // Too late: whoever comes next must not take it for the answer to another request.
            let _ = stream.write_all(b"HTTP/1.1 500 Late\r\ncontent-length: 0\r\n\r\n");
        });
        let request = &both(http::get(peer.url()).expect_status(500))[way];
        let outcome = tokio::time::timeout(Duration::from_millis(300), once(request)).await;
        assert!(outcome.is_err(), "{outcome:?}");
        given_up.store(true, Ordering::SeqCst);
        peer.has_ended(1).await;
        assert_eq!(once(request).await, Outcome::OK.with_status(500));
        assert_eq!(peer.connections(), 2, "way {way}");
    }
}

#[tokio::test]
async fn as_many_connections_as_operations_in_flight_and_no_more() {
    for way in 0..2 {
        let peer = Peer::start(|mut stream| {
            while read_request(&stream).is_some() {
                std::thread::sleep(Duration::from_millis(50));
                if stream.write_all(GOOD.as_bytes()).is_err() {
                    return;
                }
            }
        });
        let request = &both(http::get(peer.url()))[way];
        for _ in 0..3 {
            let mut at_once: Vec<_> = (0..10).map(|_| Box::pin(once(request))).collect();
            let ended = std::future::poll_fn(|cx| {
                at_once.retain_mut(|one| match one.as_mut().poll(cx) {
                    std::task::Poll::Ready(outcome) => {
                        assert_eq!(outcome, Outcome::OK.with_status(200));
                        false
                    }
                    std::task::Poll::Pending => true,
                });
                if at_once.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            });
            ended.await;
        }
        assert_eq!(peer.connections(), 10, "way {way}");
    }
}

#[tokio::test]
async fn a_load_s_time_out_and_errors_of_other_clients() {
    let silent = Peer::start(|stream| {
        read_request(&stream);
        std::thread::sleep(Duration::from_secs(60));
    });
    let addr = silent.addr;
    let id = OpId::new(1, 0, 0);
    // With TLS an experiment does this before its body runs; without it, a client of one's own panics.
    #[cfg(feature = "tls")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The user's own clients: reqwest with a time-out, tokio's time-out, a raw socket.
    let client = reqwest::Client::builder().timeout(Duration::from_millis(100)).build().unwrap();
    let own = op(move |_| client.get(format!("http://{addr}/")).send());
    assert_eq!(own.attempt(id).await.error, Some(ErrorClass::Timeout));
    let tokio = op(move |_| async move {
        tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await?;
        anyhow::Ok(())
    });
    assert_eq!(tokio.attempt(id).await.error, Some(ErrorClass::Timeout));
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let raw = op(move |_| async move {
        tokio::net::TcpStream::connect(unused).await?;
        Ok::<_, chaos_runtime::Error>(())
    });
    assert_eq!(raw.attempt(id).await.error, Some(ErrorClass::Refused));
    let through_anyhow = op(move |_| async move {
        reqwest::get(format!("http://{unused}/?token=secret")).await?;
        anyhow::Ok(())
    });
    let outcome = through_anyhow.attempt(id).await;
    assert_eq!(outcome.error, Some(ErrorClass::Refused), "{outcome:?}");
    // A status that the client itself made an error keeps its number.
    let missing = Peer::answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").url();
    let strict = op(move |_| {
        let url = missing.clone();
        async move { reqwest::get(url).await?.error_for_status() }
    });
    let outcome = strict.attempt(id).await;
    assert_eq!((outcome.error, outcome.status), (Some(ErrorClass::Status), Some(404)), "{outcome:?}");
}

#[cfg(feature = "tls")]
mod tls {
    use super::class_by_client as class;
    use super::*;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    const AUTHORITY: &[u8] = include_bytes!("../data/tls/ca.pem");

    fn server() -> Peer {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("../data/tls/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../data/tls/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        Peer::start(move |stream| {
            let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).unwrap(), stream);
            // Fails when the client does not trust the certificate.
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|bytes| bytes > 0) {
                let _ = stream.write_all(GOOD.as_bytes());
                let _ = stream.flush();
                let _ = stream.read(&mut request);
            }
        })
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_trusts() {
        let peer = server();
        assert_eq!(class(http::get(format_args!("https://{}/", peer.addr))).await, Some(ErrorClass::Tls));
    }

    #[tokio::test]
    async fn a_certificate_that_the_request_trusts() {
        let peer = server();
        for host in ["127.0.0.1", "localhost"] {
            let request = http::get(format_args!("https://{host}:{}/", peer.addr.port())).trust(AUTHORITY);
            assert_eq!(class(request.expect_body_contains("paid")).await, None);
        }
    }

    #[tokio::test]
    async fn a_port_that_speaks_no_tls() {
        let plain = Peer::start(|mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.read(&mut [0; 1024]);
        });
        assert_eq!(class(http::get(format_args!("https://{}/", plain.addr))).await, Some(ErrorClass::Tls));
    }

    #[tokio::test]
    async fn a_peer_that_closes_in_the_handshake() {
        let peer = Peer::start(|mut stream| {
            let _ = stream.read(&mut [0; 1024]);
        });
        assert_eq!(class(http::get(format_args!("https://{}/", peer.addr))).await, Some(ErrorClass::Closed));
    }

    #[test]
    fn what_is_no_certificate_is_said_so() {
        let problem = http::get("https://127.0.0.1/").trust("nonsense").prepare().unwrap_err().to_string();
        assert!(problem.contains("no PEM certificate"), "{problem}");
    }
}

mod http2 {
    use super::class_by_client as class;
    use super::*;

    #[tokio::test]
    async fn requests_share_a_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let version = |request: axum::extract::Request| async move { format!("{:?}", request.version()) };
        tokio::spawn(axum::serve(listener, axum::Router::new().route("/", axum::routing::get(version))).into_future());
        let request = http::get(format_args!("http://{addr}/")).http2_prior_knowledge();
        assert_eq!(class(request.expect_body_contains("HTTP/2.0")).await, None);
    }

    /// Reads until the client waits for an answer: a connection closed with unread bytes would be reset.
    fn read_all(stream: &mut TcpStream) {
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        while stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {}
    }

    #[tokio::test]
    async fn peers_that_close_or_speak_http1() {
        let closing = Peer::start(|mut stream| read_all(&mut stream));
        assert_eq!(class(http::get(closing.url()).http2_prior_knowledge()).await, Some(ErrorClass::Closed));
        let http1 = Peer::start(|mut stream| {
            read_all(&mut stream);
            stream.write_all(GOOD.as_bytes()).unwrap();
            read_all(&mut stream);
        });
        assert_eq!(class(http::get(http1.url()).http2_prior_knowledge()).await, Some(ErrorClass::Body));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_reset() {
        let resetting = Peer::start(|mut stream| {
            read_all(&mut stream);
            reset(stream);
        });
        assert_eq!(class(http::get(resetting.url()).http2_prior_knowledge()).await, Some(ErrorClass::Reset));
    }
}
