//! The edition that survives a failover.

use crate::{Failure, card};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Config, NoTls};

const CONNECTIONS: usize = 16;

/// How long a connection may take to be made, and how long a payment waits for one.
const CONNECT: Duration = Duration::from_secs(1);

/// How long a statement may take. A hundred times of what it needs, and short enough for a connection that is silent
/// for good to cost a second.
const STATEMENT: Duration = Duration::from_secs(1);

/// How long a payment is tried: well below what callers wait.
const PATIENCE: Duration = Duration::from_secs(8);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct Careful {
    pool: Pool,
}

impl Careful {
    pub(crate) async fn open(mut database: Config) -> Result<Self, Failure> {
        database
            .connect_timeout(CONNECT)
            // A connection to a server that takes no writes is none: the endpoint may not have moved yet.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            // Whatever we have given up on ends there too, instead of storing a payment long afterwards.
            .options(format!("-c statement_timeout={}", STATEMENT.as_millis()));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(database, NoTls, recycling))
            .max_size(CONNECTIONS)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .runtime(Runtime::Tokio1)
            .build()?;
        let table = "CREATE TABLE IF NOT EXISTS payments (id text PRIMARY KEY, settled boolean NOT NULL DEFAULT false)";
        pool.get().await?.batch_execute(table).await?;
        Ok(Self { pool })
    }

    /// Tries until it is done, or for [`PATIENCE`].
    pub(crate) async fn pay(&self, id: &str) -> Result<(), Failure> {
        let given_up = Instant::now() + PATIENCE;
        let mut ceiling = FIRST_PAUSE;
        loop {
            let failure = match self.attempt(id).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            // Payments that failed together must not come back together.
            let pause = ceiling.mul_f64(fastrand::f64());
            if !failure.is_passing() || Instant::now() + pause >= given_up {
                return Err(failure);
            }
            sleep(pause).await;
            ceiling = (ceiling * 2).min(LONGEST_PAUSE);
        }
    }

    /// May be repeated at any point: each step of it may have been done before.
    async fn attempt(&self, id: &str) -> Result<(), Failure> {
        self.execute("INSERT INTO payments (id) VALUES ($1) ON CONFLICT DO NOTHING", id).await?;
        card::charge(id).await;
        match self.execute("UPDATE payments SET settled = true WHERE id = $1", id).await? {
            0 => Err(Failure::Forgotten),
            _ => Ok(()),
        }
    }

    /// Carries out a statement; the number of rows that it changed.
    async fn execute(&self, sql: &str, id: &str) -> Result<u64, Failure> {
        let connection = self.pool.get().await?;
        let changed = timeout(STATEMENT, async {
            let statement = connection.prepare_cached(sql).await?;
            connection.execute(&statement, &[&id]).await
        });
        let failure = match changed.await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => Failure::Statement(error),
            Err(_) => Failure::Silence,
        };
        if failure.ends_connection() {
            drop(Object::take(connection));
            // Where one connection is dead, those beside it are: each would cost the next payment the same time.
            self.pool.retain(|_, _| false);
        }
        Err(failure)
    }
}
