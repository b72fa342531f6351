//! A shop that reads products through a cache, and from its catalogue when the cache does not answer at once. The
//! number of today's visitors is the cache's alone: without it the page does not show one.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Router, http::StatusCode};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisError, RedisResult};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Longer than the cache ever needs, and short enough that nobody notices.
const CACHE_LIMIT: Duration = Duration::from_millis(100);
/// A bit for each customer.
const VISITORS: &str = "visitors";
const CUSTOMERS: usize = 32_000_000;
/// What reading the catalogue takes.
const CATALOGUE: Duration = Duration::from_millis(5);

/// A running shop. Ends with the runtime.
#[derive(Debug, Clone)]
pub struct Shop {
    addr: SocketAddr,
}

impl Shop {
    /// Starts it in front of a Redis.
    pub async fn with_cache(cache: SocketAddr) -> io::Result<Self> {
        let client = redis::Client::open(format!("redis://{cache}")).map_err(io::Error::other)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CACHE_LIMIT))
            .set_response_timeout(Some(CACHE_LIMIT))
            .set_max_delay(Duration::from_millis(200))
            .set_number_of_retries(1);
        let cache = client.get_connection_manager_lazy(config).map_err(io::Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let shop = Router::new().route("/product/{id}", get(product)).with_state(cache);
        tokio::spawn(async move { axum::serve(listener, shop).await });
        Ok(Self { addr })
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

async fn product(State(cache): State<ConnectionManager>, Path(id): Path<u32>) -> (StatusCode, String) {
    if let Some(name) = cached(cache.clone(), id).await {
        return (StatusCode::OK, name);
    }
    tokio::time::sleep(CATALOGUE).await;
    let name = format!("product {id}");
    let stored = name.clone();
    tokio::spawn(async move { store(cache, id, stored).await });
    (StatusCode::OK, name)
}

/// What the cache has; whatever goes wrong with it is no concern of the customer's.
async fn cached(mut cache: ConnectionManager, id: u32) -> Option<String> {
    let mut page = redis::pipe();
    page.get(format!("product:{id}")).cmd("BITCOUNT").arg(VISITORS);
    let answer: RedisResult<(Option<String>, u64)> =
        timeout(CACHE_LIMIT, page.query_async(&mut cache)).await.unwrap_or_else(|_| Err(late()));
    let (name, visitors) = answer.ok()?;
    Some(format!("{}, seen by {visitors} today", name?))
}

async fn store(mut cache: ConnectionManager, id: u32, name: String) -> RedisResult<()> {
    let mut visit = redis::pipe();
    visit.set_ex(format!("product:{id}"), name, 60).ignore().setbit(VISITORS, CUSTOMERS - 1, true).ignore();
    timeout(CACHE_LIMIT, visit.query_async(&mut cache)).await.unwrap_or_else(|_| Err(late()))
}

fn late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
