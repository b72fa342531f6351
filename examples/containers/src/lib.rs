//! What the chaos tests in `tests/` harm: a shop that can do without its cache, and a store of three nodes.

mod cluster;
mod shop;

pub use cluster::Cluster;
pub use shop::Shop;
