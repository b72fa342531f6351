//! A payment service on PostgreSQL, for the chaos tests in `tests/` to take its database away.
//!
//! ```text
//! customer → PaymentApi → HTTP → Careful | Naive → PostgreSQL
//!                                       └→ card network
//! ```
//!
//! - [`PaymentApi`]: starts the service and calls it: `POST /payments/<id>`
//! - [`Edition`]: what it does when the database fails over
//! - [`Audit`]: which payments the database has, read past the service: the source of a ledger
//!
//! Both editions do the same work for a payment: store it, charge the card, note that it is settled.

mod api;
mod audit;
mod card;
mod careful;
mod edition;
mod failure;
mod naive;
mod server;

pub use api::{PayError, PaymentApi, StartError};
pub use audit::{Audit, Reading};
pub use edition::Edition;
pub use failure::Failure;
