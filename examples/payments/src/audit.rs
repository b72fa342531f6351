//! What the database has, read past the service.

use crate::Failure;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Config, NoTls};

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(5);

/// A look at the database under way.
pub type Reading = Pin<Box<dyn Future<Output = Result<Vec<String>, Failure>> + Send>>;

/// Looks at the payments that a database has.
///
/// Makes a connection for every look, and only to a server that takes writes: after a failover a look is at what the
/// writer of that moment has, if the URL is that of the cluster endpoint.
#[derive(Debug, Clone)]
pub struct Audit {
    database: Config,
}

impl Audit {
    /// Of the database with this URL: `postgres://user:password@host:port/database`.
    pub fn of(url: impl AsRef<str>) -> Result<Self, Failure> {
        Ok(Self { database: database(url.as_ref())? })
    }

    /// The ids of all payments, each as often as it is there: what `chaos.ledger(…)` takes.
    pub fn stored_payments(&self) -> impl Fn() -> Reading + Send + Sync + 'static + use<> {
        let audit = self.clone();
        move || {
            let audit = audit.clone();
            Box::pin(async move { timeout(LOOK, audit.read()).await.unwrap_or(Err(Failure::Silence)) })
        }
    }

    async fn read(mut self) -> Result<Vec<String>, Failure> {
        self.database.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let (client, connection) = self.database.connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        let rows = client.query("SELECT id FROM payments", &[]).await;
        connection.abort();
        Ok(rows?.iter().map(|row| row.get(0)).collect())
    }
}

/// The settings that a URL stands for.
pub(crate) fn database(url: &str) -> Result<Config, Failure> {
    url.parse().map_err(Failure::Url)
}
