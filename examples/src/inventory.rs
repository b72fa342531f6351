//! The service that knows how many pieces are in stock.

use crate::serve::{serve, url};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a look-up takes.
const WORK: Duration = Duration::from_millis(50);

/// A running inventory service: `GET /stock`.
#[derive(Debug, Clone, Copy)]
pub struct Inventory {
    addr: SocketAddr,
}

/// What the inventory answers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Stock {
    pub(crate) pieces: u32,
}

impl Inventory {
    /// Starts it on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::listen(0).await
    }

    /// Starts it on this port.
    pub async fn listen(port: u16) -> io::Result<Self> {
        Ok(Self { addr: serve(Router::new().route("/stock", get(stock)), port).await? })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A URL on it: `url("/stock")`.
    pub fn url(&self, path: &str) -> String {
        url(self.addr, path)
    }
}

async fn stock() -> Json<Stock> {
    tokio::time::sleep(WORK).await;
    Json(Stock { pieces: 7 })
}
