//! The service that is called.

use axum::Router;
use axum::routing::get;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long an answer takes.
const WORK: Duration = Duration::from_millis(5);

/// A running service of quotes: `GET /quote`. Runs until the runtime ends.
#[derive(Debug, Clone, Copy)]
pub struct Quotes {
    addr: SocketAddr,
}

impl Quotes {
    /// Starts it on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, Router::new().route("/quote", get(quote))).into_future());
        Ok(Self { addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn quote() -> &'static str {
    tokio::time::sleep(WORK).await;
    "42"
}
