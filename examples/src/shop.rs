//! The shop: sells what the inventory has, at the price that the price service names.

use crate::inventory::Stock;
use crate::prices::{Price, Prices};
use crate::serve::{serve, url};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use reqwest::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection to an upstream service may take in the sound edition.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// How long a whole answer of an upstream service may take in the sound edition.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// A running shop: `GET /checkout`.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    addr: SocketAddr,
}

/// How the shop was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// Waits for no upstream longer than a second. Without inventory it says so at once (503), without
    /// prices it sells at the last known one.
    Sound,
    /// Waits for ever, and tries again for ever: many a service's first edition.
    Naive,
}

/// The services that the shop calls.
#[derive(Debug, Clone, Copy)]
pub struct Upstreams {
    /// Where the inventory service listens.
    pub inventory: SocketAddr,
    /// Where the price service listens.
    pub prices: SocketAddr,
}

impl Shop {
    /// A sound shop in front of this inventory, with a price service of its own.
    pub async fn start(inventory: SocketAddr) -> io::Result<Self> {
        let prices = Prices::start().await?.addr();
        Self::listen(0, Upstreams { inventory, prices }, Edition::Sound).await
    }

    /// The same shop as its first edition was.
    pub async fn start_naive(inventory: SocketAddr) -> io::Result<Self> {
        let prices = Prices::start().await?.addr();
        Self::listen(0, Upstreams { inventory, prices }, Edition::Naive).await
    }

    /// A shop on this port (0 = a free one), in front of these services.
    pub async fn listen(port: u16, upstreams: Upstreams, edition: Edition) -> io::Result<Self> {
        let client = Client::builder().no_proxy();
        let client = match edition {
            Edition::Sound => client.connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT),
            Edition::Naive => client,
        };
        let client = client.build().map_err(io::Error::other)?;
        let counter = Counter { client, upstreams, edition, last_price: Mutex::default() };
        let router = Router::new().route("/checkout", get(checkout)).with_state(Arc::new(counter));
        Ok(Self { addr: serve(router, port).await? })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A URL on it: `url("/checkout")`.
    pub fn url(&self, path: &str) -> String {
        url(self.addr, path)
    }
}

/// What every checkout shares.
struct Counter {
    client: Client,
    upstreams: Upstreams,
    edition: Edition,
    last_price: Mutex<Option<Price>>,
}

async fn checkout(State(counter): State<Arc<Counter>>) -> Result<Json<Value>, StatusCode> {
    let (stock, price) = tokio::join!(counter.stock(), counter.price());
    match (stock, price) {
        (Ok(stock), Ok(price)) => Ok(Json(json!({ "in_stock": stock.pieces, "cents": price.cents }))),
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

impl Counter {
    async fn stock(&self) -> reqwest::Result<Stock> {
        self.ask(self.upstreams.inventory, "/stock").await
    }

    async fn price(&self) -> reqwest::Result<Price> {
        let price = self.ask(self.upstreams.prices, "/price").await;
        let mut last = self.last_price.lock().unwrap_or_else(PoisonError::into_inner);
        match price {
            Ok(price) => Ok(*last.insert(price)),
            Err(error) => last.ok_or(error),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, service: SocketAddr, path: &str) -> reqwest::Result<T> {
        loop {
            let answer = self.ask_once(url(service, path)).await;
            if answer.is_ok() || self.edition == Edition::Sound {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ask_once<T: DeserializeOwned>(&self, url: String) -> reqwest::Result<T> {
        self.client.get(url).send().await?.error_for_status()?.json().await
    }
}
