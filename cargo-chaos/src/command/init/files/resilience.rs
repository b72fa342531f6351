//! What this project survives: chaos tests. `cargo test --test resilience` runs them,
//! `cargo test --test resilience -- --nocapture` shows what a pass rests on.

use chaos_runtime::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Customers get their answers while the network is slow.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 500ms),
    hypothesis(during(success_rate >= 99%, p99 < 1s), recovery <= 5s),
)]
async fn survives_a_slow_network(chaos: &mut Chaos) -> chaos::Result {
    // Your service goes here: what listens already (`chaos.http("orders")` by chaos.toml, `chaos.proxy(address)`), or
    // what the test starts: `chaos.process(Command::new(bin("shop")))`.
    let service = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = chaos.proxy(service.local_addr()?).await?;
    tokio::spawn(serve(service));

    chaos.load(http::get(proxy.url("/")).rate(per_second(100))).await?;
    chaos.inject(proxy.latency(millis(100)).jitter(millis(20))).hold(secs(3)).await?;
    Ok(())
}

/// Stands for your service, until you put it there: it answers every request with `200 OK`.
async fn serve(listener: TcpListener) {
    while let Ok((mut socket, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut request = [0; 1024];
            while socket.read(&mut request).await.is_ok_and(|read| read > 0) {
                if socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
                    break;
                }
            }
        });
    }
}
