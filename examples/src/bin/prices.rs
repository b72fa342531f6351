//! The price service as a process: `prices --port=0`. Prints its address.

use chaos_examples::{Prices, flags::Flags};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = Flags::read(&["port"])?.get("port")?.unwrap_or(0);
    println!("listening on {}", Prices::listen(port).await?.addr());
    std::future::pending().await
}
