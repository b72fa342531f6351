//! Rows in PostgreSQL: written, looked for, and who takes them.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config, NoTls};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a reader may take to show a commit, on a machine that has much to do.
const APPLIED: Duration = Duration::from_secs(60);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What [`Accounts::stored`] gives.
pub type Reading = Pin<Box<dyn Future<Output = Result<Vec<String>, Failure>> + Send>>;

/// Why something failed, in a word that tests compare: a SQLSTATE where the server gave one.
#[derive(Debug)]
pub struct Failure(pub String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned()))
    }
}

impl From<Elapsed> for Failure {
    fn from(_: Elapsed) -> Self {
        Self("no answer".to_owned())
    }
}

/// A table behind a URL. Clones share the connection on which rows are written; every other call has one of its own.
#[derive(Clone)]
pub struct Accounts {
    config: Config,
    /// One for all writers: a connection each would be a storm as soon as the server is slow.
    writing: Arc<Mutex<Option<Arc<Connection>>>>,
}

/// One connection, kept open.
pub struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl Accounts {
    /// Whatever is behind the URL.
    pub fn at(url: &str) -> Result<Self, Failure> {
        Ok(Self { config: url.parse()?, writing: Arc::default() })
    }

    /// Makes the table.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let accounts = Self::at(url)?;
        accounts.session().await?.client.batch_execute("CREATE TABLE rows (id text PRIMARY KEY)").await?;
        Ok(accounts)
    }

    /// Waits until the table is there. Readers show a commit a moment after the writer has acknowledged it, also where
    /// the writer waits until they have received it.
    pub async fn until_shown(&self) -> Result<(), Failure> {
        let since = Instant::now();
        loop {
            let looked = async {
                let session = self.session().await?;
                timeout(PATIENCE, session.client.batch_execute("SELECT FROM rows LIMIT 0")).await??;
                Ok::<_, Failure>(())
            };
            match looked.await {
                Err(Failure(code)) if code == "42P01" && since.elapsed() < APPLIED => sleep(LOOK).await,
                outcome => return outcome,
            }
        }
    }

    /// A connection that stays.
    pub async fn session(&self) -> Result<Connection, Failure> {
        let (client, connection) = timeout(PATIENCE, self.config.connect(NoTls)).await??;
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { client, task })
    }

    /// Stores a row, if it is not there.
    pub async fn write(&self, id: impl Display) -> Result<(), Failure> {
        let insert = format!("INSERT INTO rows VALUES ('{id}') ON CONFLICT DO NOTHING");
        let connection = self.writing().await?;
        let written = timeout(PATIENCE, connection.client.batch_execute(&insert)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.writing.lock().await.take_if(|current| Arc::ptr_eq(current, &connection));
        }
        Ok(written??)
    }

    async fn writing(&self) -> Result<Arc<Connection>, Failure> {
        let mut slot = timeout(PATIENCE, self.writing.lock()).await?;
        if let Some(connection) = slot.as_ref().filter(|connection| !connection.client.is_closed()) {
            return Ok(connection.clone());
        }
        let connection = Arc::new(self.session().await?);
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Tries a write that changes nothing. `None`: it went well; else the SQLSTATE, or that no answer came.
    pub async fn try_to_write(&self) -> Option<String> {
        let tried = async {
            let session = self.session().await?;
            timeout(PATIENCE, session.client.batch_execute("INSERT INTO rows SELECT WHERE false")).await??;
            Ok::<_, Failure>(())
        };
        tried.await.err().map(|failure| failure.0)
    }

    /// What is there, on a server that takes writes: for a ledger.
    pub fn stored(&self) -> impl Fn() -> Reading + Send + Sync + use<> {
        let mut config = self.config.clone();
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        move || {
            let accounts = Self { config: config.clone(), writing: Arc::default() };
            Box::pin(async move {
                let session = accounts.session().await?;
                let rows = timeout(PATIENCE, session.client.query("SELECT id FROM rows", &[])).await??;
                Ok(rows.iter().map(|row| row.get(0)).collect())
            })
        }
    }
}

impl Connection {
    /// Whether it answers at all: `None` if neither an answer nor an end comes.
    pub async fn ask(&mut self, sql: &str) -> Option<String> {
        let answer = timeout(PATIENCE, self.client.batch_execute(sql)).await.ok()?;
        Some(answer.map_or_else(|error| Failure::from(error).0, |()| "well".to_owned()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
