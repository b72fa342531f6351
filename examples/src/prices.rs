//! The service that knows what things cost.

use crate::serve::{serve, url};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a look-up takes.
const WORK: Duration = Duration::from_millis(10);

/// A running price service: `GET /price`.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    addr: SocketAddr,
}

/// What the price service answers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Price {
    pub(crate) cents: u32,
}

impl Prices {
    /// Starts it on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::listen(0).await
    }

    /// Starts it on this port.
    pub async fn listen(port: u16) -> io::Result<Self> {
        Ok(Self { addr: serve(Router::new().route("/price", get(price)), port).await? })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A URL on it: `url("/price")`.
    pub fn url(&self, path: &str) -> String {
        url(self.addr, path)
    }
}

async fn price() -> Json<Price> {
    tokio::time::sleep(WORK).await;
    Json(Price { cents: 1999 })
}
