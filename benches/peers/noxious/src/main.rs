//! noxious as a process: its library with one proxy, `chaos-noxious-peer UPSTREAM LATENCY_MS`. crates.io has the
//! library only.

use noxious::proxy::{ProxyConfig, ProxyRunner, Runner, Toxics};
use noxious::signal::{Close, Stop};
use noxious::socket::TcpListener;
use noxious::toxic::{StreamDirection, Toxic, ToxicKind};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (upstream, latency) = (args.next().ok_or("no upstream")?, args.next().ok_or("no latency")?.parse()?);
    let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let config =
        ProxyConfig { name: "bench".to_owned(), listen: listen.clone(), upstream, enabled: true, rand_seed: None };
    let mut toxics = Toxics::empty();
    if latency > 0 {
        toxics.downstream.push(Toxic {
            kind: ToxicKind::Latency { latency, jitter: 0 },
            name: "late".to_owned(),
            toxicity: 1.0,
            direction: StreamDirection::Downstream,
        });
    }
    let (listener, info) = ProxyRunner::initialize_proxy::<TcpListener>(config, toxics).await?;
    // Kept, or the runner takes their end for a request to stop.
    let ((stop, _stopper), (_close, closer)) = (Stop::new(), Close::new());
    let (_toxics, events) = bmrng::channel(1);
    println!("listening {listen}");
    ProxyRunner::run_proxy(listener, info, events, stop, closer).await?;
    Ok(())
}
