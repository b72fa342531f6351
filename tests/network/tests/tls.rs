//! TLS passes through the proxy as it is: what goes wrong is what the faults do, and both ends see that nobody read or
//! changed anything.

#![cfg(target_os = "linux")]

use chaos_network_tests::curl::{self, Curl, Fetched, get};
use chaos_network_tests::fault::during;
use chaos_network_tests::nginx::Nginx;
use chaos_network_tests::pattern;
use chaos_network_tests::program::{OPENSSL, run};
use chaos_runtime::prelude::*;
use chaos_runtime::proxy::Proxy;
use std::path::Path;
use std::sync::Arc;

const API: &str = "api.example.com";
const WWW: &str = "www.example.com";
const SMALL: usize = 2_000;
const LARGE: usize = 6_000_000;

/// curl, which trusts nobody but this server, by one of its names.
fn https(proxy: &Proxy, name: &str, file: &str, certificate: &Path) -> Curl {
    let port = proxy.addr().port();
    let resolve = format!("{name}:{port}:127.0.0.1");
    get(&format!("https://{name}:{port}/{file}"), secs(30)).with("--resolve", resolve).with("--cacert", certificate)
}

/// curl verifies the certificate each time; faults show as without TLS, and where they end a handshake, as its failure.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn tls_passes_through_untouched(chaos: &mut Chaos) -> chaos::Result {
    let nginx = Arc::new(Nginx::with_tls(chaos, &[API, WWW]).await?);
    let (small, large) = (pattern::bytes(3, 0, SMALL), pattern::bytes(4, 0, LARGE));
    nginx.give("small", &small);
    nginx.give("large", &large);
    let sent = nginx.file("sent", &large);
    let proxy = chaos.proxy(nginx.addr).await?;
    // The load outlives this body, and what it gets must do so too.
    let (behind, body, kept) = (proxy.clone(), small.clone(), nginx.clone());
    let load = op(async move |_| {
        let fetched = https(&behind, API, "small", &kept.certificate()).run().await;
        if fetched.is(&body) { Ok(()) } else { Err(fetched.in_short()) }
    });
    chaos.load(load.rate(per_second(8)).timeout(secs(10))).await?;
    let certificate = nginx.certificate();
    let fetch = async |name: &str, file: &str| https(&proxy, name, file, &certificate).run().await;
    let both_ways = async || {
        let up = https(&proxy, WWW, "put/large", &certificate).put(&sent).run().await;
        assert!(up.exit == 0 && [201, 204].contains(&up.status), "{}", up.in_short());
        assert!(nginx.taken("large").is_some_and(|taken| taken == large), "what was put is not what was sent");
        let down = fetch(API, "large").await;
        assert!(down.is(&large), "{}", down.in_short());
    };

    both_ways().await;
    let mut other = OPENSSL.command();
    other.args(["s_client", "-connect", &proxy.addr().to_string(), "-servername", API, "-verify_return_error"]);
    other.args(["-verify_hostname", API, "-ign_eof", "-CAfile"]).arg(&certificate);
    let spoken = run(other, b"GET /small HTTP/1.0\r\n\r\n", secs(30)).await;
    let contains = |part: &[u8]| spoken.out.windows(part.len()).any(|window| window == part);
    assert!(spoken.code == Some(0) && contains(b"Verify return code: 0 (ok)"), "{}", spoken.err);
    assert!(contains(&small), "{}", spoken.text());

    during(chaos, proxy.latency(millis(300)), async {
        let late = fetch(API, "small").await;
        // An answer to the hello, and one to the request.
        assert!(late.is(&small) && late.first_byte >= late.connected + millis(600), "{}", late.in_short());
        both_ways().await;
    })
    .await?;

    during(chaos, proxy.down(), async {
        let closed = fetch(API, "small").await;
        assert_eq!(closed.exit, curl::NO_TLS, "{}", closed.in_short());
    })
    .await?;

    during(chaos, proxy.black_hole().downstream(), async {
        let hanging = https(&proxy, API, "small", &certificate).with("--max-time", "0.7").run().await;
        assert_eq!((hanging.exit, hanging.status), (curl::TIMED_OUT, 0), "{}", hanging.in_short());
    })
    .await?;

    // The name is read along, and nothing else: one of two services behind the same address.
    during(chaos, proxy.latency(millis(900)).sni(API), async {
        let late = fetch(API, "small").await;
        assert!(late.is(&small) && late.total >= late.connected + millis(900), "{}", late.in_short());
        let soon = fastest(|| https(&proxy, WWW, "small", &certificate)).await;
        assert!(soon.is(&small) && soon.total < soon.connected + millis(900), "{}", soon.in_short());
    })
    .await?;

    during(chaos, proxy.down().sni("*.example.com"), async {
        for name in [API, WWW] {
            let closed = fetch(name, "small").await;
            assert_eq!(closed.exit, curl::NO_TLS, "{}", closed.in_short());
        }
        // Without a name, or without TLS, it is none of those.
        let nameless = get(&format!("https://{}/small", proxy.addr()), secs(30)).with("--cacert", &certificate);
        let nameless = nameless.run().await;
        assert_eq!(nameless.exit, curl::UNTRUSTED, "the server was reached: {}", nameless.in_short());
    })
    .await?;

    // Without a checksum it would be wrong data.
    during(chaos, proxy.corruption(percent(0.1)), async {
        for _ in 0..5 {
            let broken = fetch(API, "large").await;
            // The certificate comes in the clear where TLS 1.2 is spoken.
            assert!([curl::NO_TLS, curl::RECEIVING, curl::UNTRUSTED].contains(&broken.exit), "{}", broken.in_short());
            assert!(broken.body.len() < LARGE && large.starts_with(&broken.body), "{}", broken.in_short());
        }
    })
    .await?;

    during(chaos, proxy.slicer(50).variation(20).both_ways(), async {
        let sliced = fetch(API, "small").await;
        assert!(sliced.is(&small), "{}", sliced.in_short());
    })
    .await?;

    both_ways().await;
    let mut client = tokio::net::TcpStream::connect(proxy.addr()).await?;
    // What speaks no TLS meets the server, not the proxy.
    tokio::io::AsyncWriteExt::write_all(&mut client, b"GET /small HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut client, &mut answer).await?;
    assert!(answer.contains("plain HTTP request was sent to HTTPS port"), "{answer}");
    Ok(())
}

/// The fastest of some, as a busy machine may be late now and then.
async fn fastest(fetch: impl Fn() -> Curl) -> Fetched {
    let mut fastest = fetch().run().await;
    for _ in 0..3 {
        let other = fetch().run().await;
        if other.exit == 0 && other.total < fastest.total {
            fastest = other;
        }
    }
    fastest
}
