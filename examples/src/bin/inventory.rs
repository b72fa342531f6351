//! The inventory service as a process: `inventory --port=0`. Prints its address.

use chaos_examples::{Inventory, flags::Flags};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = Flags::read(&["port"])?.get("port")?.unwrap_or(0);
    println!("listening on {}", Inventory::listen(port).await?.addr());
    std::future::pending().await
}
