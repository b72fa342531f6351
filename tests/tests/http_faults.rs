//! Faults of single requests between a client and a server that aren't ours: curl and nginx, over HTTP/1.1 and HTTP/2.
//!
//! On a machine without one of them the tests fail and say so: `apt-get install curl nginx-light`.
#![cfg(unix)]

use chaos_runtime::bench::{self, Network};
use chaos_runtime::fault::{Fault, InjectCx};
use chaos_runtime::prelude::*;
use chaos_runtime::proxy::HttpProxy;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// Nothing here takes that long.
const PATIENCE: Duration = Duration::from_secs(120);
const LARGE: usize = 64 * 1024 * 1024;
const PROTOCOLS: [&str; 2] = ["--http1.1", "--http2-prior-knowledge"];

/// nginx with a directory of its own, as a child.
struct Nginx {
    dir: tempfile::TempDir,
    http1: SocketAddr,
    http2: SocketAddr,
    _child: Child,
}

impl Nginx {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (http1, http2) = (free(), free());
        std::fs::create_dir(dir.path().join("www")).unwrap();
        let text = format!(
            "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log {0}/error.log;
            events {{ worker_connections 4096; }}
            http {{
                access_log {0}/access.log; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;
                fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
                client_max_body_size 1g; keepalive_requests 10000000; http2_max_concurrent_streams 1000;
                server {{
                    listen {http1}; listen {http2} http2; listen unix:{0}/socket;
                    root {0}/www; location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
                    location /gone {{ return 410 \"gone\\n\"; }}
                }}
            }}",
            dir.path().display()
        );
        std::fs::write(dir.path().join("nginx.conf"), text).unwrap();
        let child = tokio::process::Command::new("/usr/sbin/nginx")
            .args(["-e", "error.log", "-p"])
            .arg(dir.path())
            .args(["-c", "nginx.conf"])
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx is missing: apt-get install nginx-light");
        let nginx = Self { dir, http1, http2, _child: child };
        nginx.file("index.html", b"front page\n");
        let started = Instant::now();
        while tokio::net::TcpStream::connect(http1).await.is_err() {
            assert!(started.elapsed() < PATIENCE, "nginx did not start");
            tokio::time::sleep(millis(20)).await;
        }
        nginx
    }

    fn of(&self, protocol: &str) -> SocketAddr {
        if protocol == PROTOCOLS[0] { self.http1 } else { self.http2 }
    }

    fn file(&self, name: &str, content: &[u8]) {
        std::fs::write(self.dir.path().join("www").join(name), content).unwrap();
    }

    fn stored(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join("www").join(name)).unwrap()
    }

    /// Requests it has served whose line has this text in it.
    fn served(&self, text: &str) -> usize {
        let log = std::fs::read_to_string(self.dir.path().join("access.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    }
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn curl(arguments: &[&str]) -> Output {
    let run = tokio::process::Command::new("curl").args(["-sS", "--max-time", "100"]).args(arguments).output();
    tokio::time::timeout(PATIENCE, run).await.expect("curl hangs").expect("curl is missing: apt-get install curl")
}

/// What it printed; panics if it failed.
async fn ok(arguments: &[&str]) -> String {
    let output = curl(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn hold(fault: &mut impl Fault) -> Undo {
    let cx = InjectCx::new(42, true, Some(secs(60)));
    fault.prepare(&cx).await.unwrap();
    let undo = fault.undo();
    fault.inject(&cx).await.unwrap();
    undo
}

fn pattern(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(len).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fault_curl_sees_what_nginx_sends_and_nginx_gets_what_curl_sends() {
    let (nginx, network, here) = (Nginx::start().await, Network::default(), tempfile::tempdir().unwrap());
    let large = pattern(LARGE);
    let (source, target) = (here.path().join("source"), here.path().join("target"));
    std::fs::write(&source, &large).unwrap();
    nginx.file("large", &large);
    for protocol in PROTOCOLS {
        let addr = nginx.of(protocol);
        let proxy = network.http_proxy(addr).await.unwrap();
        for arguments in [
            &["/index.html"][..],
            &["/index.html", "-I"],
            &["/none"],
            &["/gone", "-X", "DELETE"],
            &["/large", "-r", "1000-1099"],
            &["/index.html", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"],
            &["/index.html", "-X", "OPTIONS"],
            &["/index.html", "-H", "X-Odd-CASE: a"],
            &["/index.html", "-H", "Connection: close"][..if protocol == "--http1.1" { 3 } else { 1 }],
        ] {
            let mut seen = Vec::new();
            for base in [format!("http://{addr}"), proxy.url("/")] {
                let url = format!("{}{}", base.trim_end_matches('/'), arguments[0]);
                let output = curl(&[&["-i", protocol, &url][..], &arguments[1..]].concat()).await;
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let same = text.lines().filter(|line| !line.to_lowercase().starts_with("date: "));
                seen.push(same.collect::<Vec<_>>().join("\n"));
            }
            assert!(seen[0].starts_with("HTTP/"), "{protocol} {arguments:?}: {}", seen[0]);
            assert_eq!(seen[0], seen[1], "{protocol} {arguments:?}");
        }
        ok(&[protocol, &proxy.url("/large"), "-o", text(&target)]).await;
        assert!(std::fs::read(&target).unwrap() == large, "{protocol}: the download differs");
        // With a length and "100 Continue", and without a length.
        for (name, header) in [("sent", "X-A: b"), ("chunked", "Transfer-Encoding: chunked")] {
            let header = if protocol == "--http1.1" { header } else { "X-A: b" };
            ok(&[protocol, "-T", text(&source), "-H", header, &proxy.url(name)]).await;
            assert!(nginx.stored(name) == large, "{protocol}: the upload {name} differs");
            std::fs::remove_file(nginx.dir.path().join("www").join(name)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_hits_one_endpoint_and_nginx_never_hears_of_it() {
    let (nginx, network, here) = (Nginx::start().await, Network::default(), tempfile::tempdir().unwrap());
    nginx.file("other", b"other\n");
    let upload = here.path().join("upload");
    std::fs::write(&upload, pattern(3_000_000)).unwrap();
    for protocol in PROTOCOLS {
        let proxy = network.http_proxy(nginx.of(protocol)).await.unwrap();
        let (page, other) = (proxy.url("/index.html"), proxy.url("/other"));
        let mut fault = proxy.abort(503).header("Retry-After", "7").body("later\n").on_path("/index.*");
        let served = nginx.served("/index.html");
        let undo = hold(&mut fault).await;
        for _ in 0..10 {
            let answer = ok(&[protocol, "-i", &page]).await.to_lowercase();
            assert!(answer.contains(" 503 ") && answer.contains("retry-after: 7\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nlater\n") && !answer.contains("nginx"), "{answer}");
        }
        // One connection for what is aborted and what is not. (curl 7.88 uses none a second time with prior knowledge.)
        if protocol == "--http1.1" {
            let both = ok(&[protocol, &page, &other, &page, &other, "-w", "%{num_connects}\n"]).await;
            assert_eq!(both, "later\n1\nother\n0\nlater\n0\nother\n0\n");
        } else {
            for (url, text) in [(&page, "later\n"), (&other, "other\n"), (&page, "later\n"), (&other, "other\n")] {
                assert_eq!(ok(&[protocol, url]).await, text);
            }
        }
        assert_eq!(nginx.served("/index.html"), served);
        let evidence = fault.evidence().await.unwrap();
        assert_eq!(evidence.text(), "12 of 14 requests answered with 503, 12 matched", "{protocol}");
        bench::clear(&undo).await.unwrap();
        assert_eq!(ok(&[protocol, &page]).await, "front page\n");

        // A body that nobody reads.
        let mut fault = proxy.abort(500).on_method("PUT");
        let undo = hold(&mut fault).await;
        let up = proxy.url("/up");
        let code = ok(&[protocol, "-T", text(&upload), "-H", "Expect:", &up, "-w", "%{http_code}"]).await;
        assert_eq!(code, "500", "{protocol}");
        assert_eq!(ok(&[protocol, "-T", text(&upload), &up, "-w", "%{http_code}"]).await, "500", "it may ask first");
        assert_eq!(ok(&[protocol, &other]).await, "other\n");
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(2));
        assert!(!nginx.dir.path().join("www/up").exists());
        bench::clear(&undo).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_nginx_are_cut_delayed_changed_and_limited() {
    let (nginx, network, here) = (Nginx::start().await, Network::default(), tempfile::tempdir().unwrap());
    let (content, target) = (pattern(5_000_000), here.path().join("target"));
    nginx.file("file", &content);
    for (protocol, exit_code) in PROTOCOLS.into_iter().zip([18, 92]) {
        let proxy = network.http_proxy(nginx.of(protocol)).await.unwrap();
        let file = proxy.url("/file");

        for after in [0, 1, 16_384, 1_234_567, 4_999_999] {
            let mut fault = proxy.cut_body(after);
            let undo = hold(&mut fault).await;
            let _ = std::fs::remove_file(&target);
            let cut = curl(&[protocol, &file, "-o", text(&target)]).await;
            assert_eq!(
                cut.status.code(),
                Some(exit_code),
                "{protocol} {after}: {}",
                String::from_utf8_lossy(&cut.stderr)
            );
            let got = std::fs::read(&target).unwrap_or_default();
            if protocol == "--http1.1" {
                assert_eq!(got.len() as u64, after);
            } else {
                // curl drops what it has not written yet when a stream is reset; another client does not.
                assert!(got.len() as u64 <= after);
                assert!(http2_until_error(&file).await == content[..after as usize], "{after} bytes");
            }
            assert!(got == content[..got.len()], "{protocol}: the bytes before the cut differ");
            assert!(fault.evidence().await.unwrap().is_seen());
            bench::clear(&undo).await.unwrap();
        }
        let mut fault = proxy.cut_body(5_000_000);
        let undo = hold(&mut fault).await;
        ok(&[protocol, &file, "-o", text(&target)]).await;
        assert!(!fault.evidence().await.unwrap().is_seen(), "what is not longer is not cut");
        bench::clear(&undo).await.unwrap();

        let page = proxy.url("/index.html");
        for mut fault in [proxy.http_delay(millis(500)), proxy.http_delay(millis(500)).of_answers()] {
            let undo = hold(&mut fault).await;
            let started = Instant::now();
            assert_eq!(ok(&[protocol, &page]).await, "front page\n");
            assert!(started.elapsed() >= millis(500), "{protocol}: {:?}", started.elapsed());
            bench::clear(&undo).await.unwrap();
        }

        let plain = ok(&[protocol, "-i", &page]).await.to_lowercase();
        assert!(plain.contains("\r\netag: ") && plain.contains("\r\ncontent-length: 11\r\n"), "{plain}");
        let (mut header, mut body) = (proxy.remove_header("ETag"), proxy.replace_body("wrong"));
        let undos = [hold(&mut header).await, hold(&mut body).await];
        let changed = ok(&[protocol, "-i", &page]).await.to_lowercase();
        assert!(!changed.contains("\r\netag: ") && changed.contains("\r\ncontent-length: 5\r\n"), "{changed}");
        assert!(changed.ends_with("\r\n\r\nwrong") && changed.contains("server: nginx"), "{changed}");
        for undo in &undos {
            bench::clear(undo).await.unwrap();
        }

        let mut fault = proxy.rate_limit(per_minute(1)).burst(3);
        let undo = hold(&mut fault).await;
        let mut codes = String::new();
        for _ in 0..6 {
            codes += &ok(&[protocol, "-o", "/dev/null", "-w", "%{http_code} ", &page]).await;
        }
        assert_eq!(codes, "200 200 200 429 429 429 ", "{protocol}");
        assert!(ok(&[protocol, "-i", &page]).await.to_lowercase().contains("\r\nretry-after: "));
        assert_eq!(fault.evidence().await.unwrap().text(), "4 of 7 requests answered with 429");
        bench::clear(&undo).await.unwrap();
    }
}

/// The bytes that reqwest gets of a body before the stream is reset.
async fn http2_until_error(url: &str) -> Vec<u8> {
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let mut answer = client.get(url).send().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout(PATIENCE, answer.chunk()).await.expect("the body hangs") {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => panic!("the body ended in order after {} bytes", bytes.len()),
            Err(_) => return bytes,
        }
    }
}

/// Starts a client that asks again and again on one connection; gives what it was answered, `body status` a line.
/// curl, but for HTTP/2, where it can't use a connection twice without asking for it.
fn busy(proxy: &HttpProxy, protocol: &'static str, requests: u32) -> tokio::task::JoinHandle<String> {
    let url = proxy.url("/text");
    tokio::spawn(async move {
        if protocol == "--http1.1" {
            let printed = ok(&[&format!("{url}?[1-{requests}]"), "-w", "%{http_code} %{num_connects}\n"]).await;
            let lines: Vec<_> = printed.lines().collect();
            let mut connects = 0;
            let mut answers = String::new();
            for pair in lines.chunks(2) {
                let (status, opened) = pair[1].split_once(' ').unwrap();
                connects += opened.parse::<u32>().unwrap();
                answers += &format!("{} {status}\n", pair[0]);
            }
            assert_eq!(connects, 1, "a toggle cost a connection");
            return answers;
        }
        let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
        let mut answers = String::new();
        for _ in 0..requests {
            let answer = client.get(&url).send().await.unwrap();
            let status = answer.status().as_u16();
            answers += &format!("{} {status}\n", answer.text().await.unwrap().trim_end());
        }
        answers
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_toggles_under_64_busy_connections_break_no_answer() {
    const CONNECTIONS: usize = 64;
    const REQUESTS: u32 = 150;
    let (nginx, network) = (Nginx::start().await, Network::default());
    nginx.file("text", format!("{}\n", "s".repeat(2_000)).as_bytes());
    let real = format!("{} 200", "s".repeat(2_000));
    let aborted = format!("{} 503", "f".repeat(1_000));
    for protocol in PROTOCOLS {
        let proxy = network.http_proxy(nginx.of(protocol)).await.unwrap();
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| busy(&proxy, protocol, REQUESTS)).collect();
        let (mut toggles, mut hits) = (0, 0);
        while toggles < 500 || clients.iter().any(|client| !client.is_finished()) {
            let mut fault = proxy.abort(503).body(format!("{}\n", "f".repeat(1_000)));
            let undo = hold(&mut fault).await;
            tokio::time::sleep(millis(3)).await;
            bench::clear(&undo).await.unwrap();
            hits += fault.evidence().await.unwrap().hits().unwrap();
            toggles += 1;
            tokio::time::sleep(millis(3)).await;
        }
        let (mut of_service, mut of_fault) = (0, 0);
        for client in clients {
            let printed = client.await.unwrap();
            for answer in printed.lines() {
                match answer {
                    answer if answer == real => of_service += 1,
                    answer if answer == aborted => of_fault += 1,
                    answer => panic!("{protocol}: neither whole nor of one: {answer:.100}"),
                }
            }
        }
        assert_eq!(of_service + of_fault, CONNECTIONS * REQUESTS as usize);
        assert_eq!(of_fault as u64, hits, "{protocol}: the evidence counts every answer");
        assert!(of_service > 0 && of_fault > 0, "{protocol}: {of_service} of the service, {of_fault} of the fault");
        let version = if protocol == PROTOCOLS[0] { "HTTP/1.1" } else { "HTTP/2.0" };
        let started = Instant::now();
        // It logs a request when it has answered it.
        while nginx.served(version) < of_service && started.elapsed() < PATIENCE {
            tokio::time::sleep(millis(20)).await;
        }
        assert_eq!(nginx.served(version), of_service, "{protocol}: nginx has served what came from it, no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_network_act_on_the_same_proxy() {
    let (nginx, network) = (Nginx::start().await, Network::default());
    let proxy = network.http_proxy(nginx.http1).await.unwrap();
    let page = proxy.url("/index.html");
    let (mut slow, mut late) = (proxy.latency(millis(300)), proxy.http_delay(millis(300)));
    let undos = [hold(&mut slow).await, hold(&mut late).await];
    let started = Instant::now();
    assert_eq!(ok(&[&page]).await, "front page\n");
    assert!(started.elapsed() >= millis(600), "{:?}", started.elapsed());
    for undo in &undos {
        bench::clear(undo).await.unwrap();
    }
    let undo = hold(&mut proxy.down()).await;
    // An empty reply, or a reset where the request was there before the end: a socket that is closed unread is reset.
    let code = curl(&[&page]).await.status.code();
    assert!(matches!(code, Some(52 | 56)), "{code:?}");
    bench::clear(&undo).await.unwrap();
    assert_eq!(ok(&[&page]).await, "front page\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_a_unix_socket_is_reached_and_tls_is_said_to_be_opaque() {
    let (nginx, network) = (Nginx::start().await, Network::default());
    let proxy = network.http_proxy(format!("unix:{}/socket", nginx.dir.path().display())).await.unwrap();
    let page = proxy.url("/index.html");
    let undo = hold(&mut proxy.abort(503).share(percent(50))).await;
    let codes = ok(&["-o", "/dev/null", "-w", "%{http_code} ", &format!("{page}?[1-40]")]).await;
    assert!(codes.contains("200 ") && codes.contains("503 "), "{codes}");
    bench::clear(&undo).await.unwrap();
    assert_eq!(ok(&[&page]).await, "front page\n");

    let proxy = network.http_proxy(nginx.http1).await.unwrap();
    let mut fault = proxy.abort(503);
    let undo = hold(&mut fault).await;
    let hello = curl(&["-k", &proxy.url("/").replace("http:", "https:")]).await;
    assert!(!hello.status.success(), "nginx speaks no TLS here");
    let none = fault.evidence().await.unwrap();
    assert!(!none.is_seen() && none.text().contains("their traffic was TLS"), "{}", none.text());
    bench::clear(&undo).await.unwrap();
}

/// The median time of a request on one connection, one after another.
async fn median(addr: SocketAddr) -> Duration {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let started = Instant::now();
        stream.write_all(b"GET /index.html HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let (mut answer, mut len) = ([0; 4096], 0);
        while !answer[..len].ends_with(b"front page\n") {
            len += stream.read(&mut answer[len..]).await.unwrap();
        }
        times.push(started.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test --release -p chaos-tests --test http_faults -- --ignored --nocapture"]
async fn what_a_request_costs() {
    let (nginx, network) = (Nginx::start().await, Network::default());
    let (plain, proxy) = (network.proxy(nginx.http1).await.unwrap(), network.http_proxy(nginx.http1).await.unwrap());
    println!("nginx itself: {:?}", median(nginx.http1).await);
    println!("through a proxy: {:?}", median(plain.addr()).await);
    println!("through an HTTP proxy: {:?}", median(proxy.addr()).await);
    let _undo = hold(&mut proxy.abort(503).on_path("/other/*").on_header("x-customer", "gold")).await;
    println!("with a fault that does not match: {:?}", median(proxy.addr()).await);
}
