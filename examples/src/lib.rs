//! A demo shop and the services around it, for the chaos tests in `tests/` to harm.
//!
//! ```text
//! customer → shop ┬→ inventory
//!                 └→ prices
//! ```
//!
//! - [`Shop`]: answers `GET /checkout`; in a [sound](Edition::Sound) and a [naive](Edition::Naive) edition
//! - [`Inventory`], [`Prices`]: its upstream services
//! - [`Service`]: a journal of orders with a replica on another [`Disk`]
//!
//! `start()` runs a service as a task of the current runtime. Its handle is an address: dropping it stops
//! nothing, the service ends with the runtime. The binaries run the same services as processes.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod disk;
pub mod flags;
mod inventory;
mod orders;
mod prices;
mod serve;
mod shop;

pub use disk::Disk;
pub use inventory::Inventory;
pub use orders::Service;
pub use prices::Prices;
pub use shop::{Edition, Shop, Upstreams};
