//! The service as its callers see it.

use crate::Failure;
use crate::audit::{Audit, Reading, database};
use crate::edition::{Desk, Edition};
use crate::server::serve;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running payment service. Clones are handles of the same one; it ends with the runtime.
#[derive(Debug, Clone)]
pub struct PaymentApi {
    addr: SocketAddr,
    http: reqwest::Client,
    audit: Audit,
}

/// Why a payment was not acknowledged. It may have been made all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayError {
    /// No answer came.
    #[error(transparent)]
    NoAnswer(#[from] reqwest::Error),
    /// The service said that it could not.
    #[error("{status}: {reason}")]
    Failed {
        /// What it answered with.
        status: reqwest::StatusCode,
        /// In its words.
        reason: String,
    },
}

impl PaymentApi {
    /// Starts the [careful](Edition::Careful) edition on the database with this URL.
    pub async fn start(url: impl AsRef<str>) -> Result<Self, StartError> {
        Self::start_edition(Edition::Careful, url).await
    }

    /// Starts this edition on the database with this URL.
    pub async fn start_edition(edition: Edition, url: impl AsRef<str>) -> Result<Self, StartError> {
        let desk = Desk::open(edition, database(url.as_ref())?).await?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { addr: serve(desk).await?, http, audit: Audit::of(url)? })
    }

    /// Pays. Any number of calls with one id are meant to be one payment.
    pub async fn pay(&self, id: impl Display) -> Result<(), PayError> {
        let answer = self.http.post(format!("http://{}/payments/{id}", self.addr)).send().await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(PayError::Failed { status, reason: answer.text().await? }),
        }
    }

    /// The ids of all payments that the database has: see [`Audit::stored_payments`].
    pub fn stored_payments(&self) -> impl Fn() -> Reading + Send + Sync + 'static + use<> {
        self.audit.stored_payments()
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Database(#[from] Failure),
    /// No port to listen on.
    #[error("failed to listen: {0}")]
    Port(#[from] std::io::Error),
    /// No client for its callers.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}
