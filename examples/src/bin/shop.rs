//! The shop as a process: `shop --port=0 --inventory=HOST:PORT --prices=HOST:PORT [--edition=naive]`.
//! Prints its address.

use chaos_examples::{Edition, Shop, Upstreams, flags::Flags};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = Flags::read(&["port", "inventory", "prices", "edition"])?;
    let edition = match flags.get::<String>("edition")?.as_deref() {
        None | Some("sound") => Edition::Sound,
        Some("naive") => Edition::Naive,
        Some(other) => return Err(format!("--edition: `{other}` is neither `sound` nor `naive`").into()),
    };
    let upstreams = Upstreams { inventory: flags.need("inventory")?, prices: flags.need("prices")? };
    let shop = Shop::listen(flags.get("port")?.unwrap_or(0), upstreams, edition).await?;
    println!("listening on {}", shop.addr());
    std::future::pending().await
}
