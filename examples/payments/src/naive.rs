//! The edition that was never tried against a failover.

use crate::{Failure, card};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::{Config, NoTls};

const CONNECTIONS: usize = 16;

pub(crate) struct Naive {
    pool: Pool,
}

impl Naive {
    pub(crate) async fn open(database: Config) -> Result<Self, Failure> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(database, NoTls, recycling)).max_size(CONNECTIONS).build()?;
        let table = "CREATE TABLE IF NOT EXISTS payments (id text NOT NULL, settled boolean NOT NULL DEFAULT false)";
        pool.get().await?.batch_execute(table).await?;
        Ok(Self { pool })
    }

    pub(crate) async fn pay(&self, id: &str) -> Result<(), Failure> {
        let connection = self.pool.get().await?;
        // Two statements are two transactions: when the second one fails, the customer sees an error, tries again,
        // and has paid twice.
        let insert = connection.prepare_cached("INSERT INTO payments (id) VALUES ($1)").await?;
        connection.execute(&insert, &[&id]).await?;
        card::charge(id).await;
        let settle = connection.prepare_cached("UPDATE payments SET settled = true WHERE id = $1").await?;
        connection.execute(&settle, &[&id]).await?;
        Ok(())
    }
}
