//! Our own connection to the server of a node.

use crate::{Error, Result};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// How long a statement may take: none of ours has work to do, and a frozen server must not hold up a rollback.
const STATEMENT: Duration = Duration::from_secs(5);

/// A connection to one server, as its superuser.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    /// For messages: `payments-1`.
    node: String,
}

/// Why a statement failed.
#[derive(Debug)]
pub(super) struct Refused {
    node: String,
    said: String,
    code: Option<SqlState>,
}

impl Session {
    pub(super) async fn open(node: &str, config: &Config) -> Result<Self, Refused> {
        let refused = |said: String, code| Refused { node: node.to_owned(), said, code };
        let (client, connection) = timeout(STATEMENT, config.connect(NoTls))
            .await
            .map_err(|_| refused(format!("no connection within {} s", STATEMENT.as_secs()), None))?
            .map_err(|error| refused(in_words(&error), error.code().cloned()))?;
        let connection = tokio::spawn(async move {
            // Its end shows at the client.
            let _ = connection.await;
        });
        Ok(Self { client, connection, node: node.to_owned() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a statement; the first column of its first row, if there is one.
    pub(super) async fn ask(&self, sql: &str) -> Result<Option<String>, Refused> {
        self.ask_within(STATEMENT, sql).await
    }

    /// Runs a statement that may take longer.
    pub(super) async fn ask_within(&self, limit: Duration, sql: &str) -> Result<Option<String>, Refused> {
        let refused = |said, code| Refused { node: self.node.clone(), said, code };
        let answer = timeout(limit, self.client.simple_query(sql))
            .await
            .map_err(|_| refused(format!("no answer within {} s", limit.as_secs()), None))?
            .map_err(|error| refused(in_words(&error), error.code().cloned()))?;
        Ok(answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Runs a statement that gives a number.
    pub(super) async fn number(&self, sql: &str) -> Result<i64, Refused> {
        let answer = self.ask(sql).await?;
        let number = answer.as_deref().and_then(|answer| answer.parse().ok());
        let said = || format!("`{sql}` gave {answer:?} instead of a number");
        number.ok_or_else(|| Refused { node: self.node.clone(), said: said(), code: None })
    }

    /// Runs a statement that says whether something is so.
    pub(super) async fn is(&self, sql: &str) -> Result<bool, Refused> {
        Ok(self.ask(sql).await?.as_deref() == Some("t"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Refused {
    /// The server takes no writes.
    pub(super) fn is_read_only(&self) -> bool {
        self.code == Some(SqlState::READ_ONLY_SQL_TRANSACTION)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.node, self.said)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::new(refused.to_string())
    }
}

/// The server's own words; the driver's are no more than `db error`.
fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}
