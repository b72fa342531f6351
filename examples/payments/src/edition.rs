//! How a payment service treats its database.

use crate::Failure;
use crate::careful::Careful;
use crate::naive::Naive;
use tokio_postgres::Config;

/// How the service treats its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// Gives up connections that are broken, hang, or lead to a database that takes no writes; tries again for a
    /// while; and knows a payment by its id, so that nobody is charged twice.
    Careful,
    /// Keeps its connections whatever they answer, waits for ever, tries nothing again, and takes every request for a
    /// new payment.
    Naive,
}

/// A running edition.
pub(crate) enum Desk {
    Careful(Careful),
    Naive(Naive),
}

impl Desk {
    pub(crate) async fn open(edition: Edition, database: Config) -> Result<Self, Failure> {
        Ok(match edition {
            Edition::Careful => Self::Careful(Careful::open(database).await?),
            Edition::Naive => Self::Naive(Naive::open(database).await?),
        })
    }

    pub(crate) async fn pay(&self, id: &str) -> Result<(), Failure> {
        match self {
            Self::Careful(desk) => desk.pay(id).await,
            Self::Naive(desk) => desk.pay(id).await,
        }
    }
}
