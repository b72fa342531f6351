//! A worker as a process: `worker --port=0`, then `GET /work`. Prints its address.

use axum::{Router, routing::get};
use chaos_examples::flags::Flags;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = Flags::read(&["port"])?.get("port")?.unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/work", get(work))).await?;
    Ok(())
}

async fn work() -> &'static str {
    tokio::time::sleep(Duration::from_millis(5)).await;
    "done\n"
}
