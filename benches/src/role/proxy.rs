//! Proxies: ours, and the least that one can be.

use super::{Outcome, asked_to_end, text};
use crate::reading::Reading;
use chaos_runtime::bench::Network;
use chaos_runtime::fault::{Fault as _, InjectCx};
use chaos_runtime::millis;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Ours, with a latency towards the client.
pub(super) async fn ours(upstream: &str, latency: u64) -> Outcome {
    let network = Network::default();
    let proxy = network.proxy(upstream).await.map_err(text)?;
    let mut fault = proxy.latency(millis(latency));
    if latency > 0 {
        fault.inject(&InjectCx::new(1, true, None)).await.map_err(text)?;
    }
    println!("listening {}", proxy.addr());
    let _ = asked_to_end().await;
    Ok(Reading::default().with("ended", 1.0))
}

/// `copy_bidirectional` with its buffers of 8 KiB.
pub(super) async fn copy(upstream: &str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    println!("listening {}", listener.local_addr().map_err(text)?);
    let upstream: std::net::SocketAddr = upstream.parse().map_err(text)?;
    let mut end = asked_to_end();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut client, _) = accepted.map_err(text)?;
                tokio::task::spawn_local(async move {
                    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
                    let _ = (client.set_nodelay(true), server.set_nodelay(true));
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
            _ = &mut end => return Ok(Reading::default().with("ended", 1.0)),
        }
    }
}
