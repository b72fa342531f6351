//! What PostgreSQL's streaming replication is asked and told.

use super::session::{Refused, Session};
use std::time::Duration;

/// How long a promotion may take: it replays what was received and not applied yet.
const PROMOTION: Duration = Duration::from_secs(60);

/// How far a reader is behind what it has received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backlog {
    /// Bytes of the log that it has received and not applied.
    pub(super) bytes: u64,
    /// The age of the last commit that it shows.
    pub(super) age: Duration,
}

impl Session {
    pub(super) async fn is_reader(&self) -> Result<bool, Refused> {
        self.is("SELECT pg_is_in_recovery()").await
    }

    /// Whether it takes a write, by one that changes nothing: drawing a transaction's number writes a commit to the log.
    pub(super) async fn takes_writes(&self) -> Result<bool, Refused> {
        match self.ask("SELECT pg_current_xact_id()").await {
            Ok(_) => Ok(true),
            Err(refused) if refused.is_read_only() => Ok(false),
            Err(refused) => Err(refused),
        }
    }

    /// Counts the promotions in its history.
    pub(super) async fn timeline(&self) -> Result<i64, Refused> {
        self.number("SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int8").await
    }

    /// A reader: it receives the log at this moment.
    pub(super) async fn is_streaming(&self) -> Result<bool, Refused> {
        self.is("SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')").await
    }

    /// A reader: nobody sends it the log any more.
    pub(super) async fn is_unplugged(&self) -> Result<bool, Refused> {
        self.is("SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)").await
    }

    /// How much of the log there is here, in bytes from its beginning: written by a writer, received by a reader.
    pub(super) async fn position(&self) -> Result<u64, Refused> {
        let sql = "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
             THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, '0/0')";
        Ok(self.number(sql).await?.unsigned_abs())
    }

    /// A reader: how much of the log it shows.
    pub(super) async fn shown(&self) -> Result<u64, Refused> {
        Ok(self.number("SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')").await?.unsigned_abs())
    }

    /// A reader: the age of the last commit that it shows.
    pub(super) async fn age(&self) -> Result<Duration, Refused> {
        let age = "SELECT coalesce((1000 * extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))::int8, 0)";
        Ok(Duration::from_millis(u64::try_from(self.number(age).await?).unwrap_or_default()))
    }

    /// A reader.
    pub(super) async fn backlog(&self) -> Result<Backlog, Refused> {
        let (shown, received) = (self.shown().await?, self.position().await?);
        Ok(Backlog { bytes: received.saturating_sub(shown), age: self.age().await? })
    }

    /// The number that the next transaction gets.
    pub(super) async fn next_transaction(&self) -> Result<i64, Refused> {
        self.number("SELECT pg_snapshot_xmax(pg_current_snapshot())").await
    }

    /// How many transactions from number `from` on are committed, for everybody to see.
    pub(super) async fn committed_since(&self, from: i64) -> Result<u64, Refused> {
        let next = self.next_transaction().await?;
        // Never more than a few seconds' worth.
        let sql = format!(
            "SELECT count(*) FROM generate_series({from}::int8, {next}::int8 - 1) AS x \
             WHERE pg_xact_status(x::text::xid8) = 'committed'"
        );
        Ok(self.number(&sql).await?.unsigned_abs())
    }

    /// How many backends wait for a reader to confirm their commit.
    pub(super) async fn waiting_for_readers(&self) -> Result<u64, Refused> {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        Ok(self.number(sql).await?.unsigned_abs())
    }

    /// From whom it receives the log, if it is a reader; a writer remembers it for the day when it is one. Empty: nobody.
    pub(super) async fn follow(&self, primary: &str) -> Result<(), Refused> {
        self.set("primary_conninfo", primary).await
    }

    /// Whether a commit waits until a reader has it. Matters while this is the writer.
    pub(super) async fn wait_for_readers(&self, wait: bool) -> Result<(), Refused> {
        self.set("synchronous_standby_names", if wait { "ANY 1 (*)" } else { "" }).await
    }

    /// A reader: how long a commit is kept back.
    pub(super) async fn keep_back(&self, delay: Duration) -> Result<(), Refused> {
        self.set("recovery_min_apply_delay", &format!("{}ms", delay.as_millis())).await
    }

    /// Changes a setting for this and later lives of the server. `value` is of our own making.
    async fn set(&self, name: &str, value: &str) -> Result<(), Refused> {
        // Two statements: the first one may stand in no transaction.
        self.ask(&format!("ALTER SYSTEM SET {name} = '{}'", value.replace('\'', "''"))).await?;
        self.ask("SELECT pg_reload_conf()").await.map(drop)
    }

    /// A writer: when it is started the next time, it is a reader.
    pub(super) async fn return_as_reader(&self) -> Result<(), Refused> {
        self.write_file("current_setting('data_directory') || '/standby.signal'", "").await
    }

    /// When it is started the next time, it takes all data from `primary`: see `node.sh`.
    pub(super) async fn return_rebuilt(&self, primary: &str) -> Result<(), Refused> {
        self.write_file("'/tmp/chaos_rebuild'", primary).await
    }

    async fn write_file(&self, path: &str, line: &str) -> Result<(), Refused> {
        let line = line.replace('\'', "''");
        let sql = format!("DO $$ BEGIN EXECUTE format('COPY (SELECT %L) TO %L', '{line}', {path}); END $$");
        self.ask(&sql).await.map(drop)
    }

    /// Makes a reader the writer, when it has applied all that it has received.
    pub(super) async fn promote(&self) -> Result<bool, Refused> {
        let sql = format!("SELECT pg_promote(true, {})", PROMOTION.as_secs());
        Ok(self.ask_within(PROMOTION + Duration::from_secs(1), &sql).await?.as_deref() == Some("t"))
    }
}
