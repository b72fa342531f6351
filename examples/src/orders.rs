//! A journal of orders, replicated to a second disk.

use crate::Disk;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How often the replica is brought up to date.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long replication waits after its first failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The size of the replica's disk, in bytes.
const CAPACITY: u64 = 1 << 20;

/// A running journal of orders. Clones are handles of the same one; its files go with the last of them.
///
/// An order is acknowledged when it is in the journal, and replicated soon after. Its weakness: replication
/// that fails waits twice as long each time, without a bound.
#[derive(Debug, Clone)]
pub struct Service(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    disk: Disk,
    _dir: TempDir,
}

#[derive(Debug)]
struct State {
    journal: File,
    orders: u64,
    /// Entries that the replica has not, with the time of their acknowledgement.
    waiting: VecDeque<(Instant, String)>,
}

impl Service {
    /// Starts it with an empty journal, in a folder for temporary files.
    pub async fn start() -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let replica = dir.path().join("replica");
        std::fs::create_dir(&replica)?;
        let journal = OpenOptions::new().create_new(true).append(true).open(dir.path().join("orders"))?;
        let state = Mutex::new(State { journal, orders: 0, waiting: VecDeque::new() });
        let service = Self(Arc::new(Shared { state, disk: Disk::new(&replica, CAPACITY), _dir: dir }));
        tokio::spawn(service.clone().replicate());
        Ok(service)
    }

    /// Takes an order.
    pub async fn write(&self) -> io::Result<()> {
        let service = self.clone();
        tokio::task::spawn_blocking(move || service.append()).await?
    }

    /// How old the oldest order is that the replica has not.
    pub fn replication_lag(&self) -> Duration {
        self.0.state().waiting.front().map_or(Duration::ZERO, |(since, _)| since.elapsed())
    }

    /// The replica's disk.
    pub fn disk(&self) -> Disk {
        self.0.disk.clone()
    }

    /// The file with which [`Disk::fill`] fills the replica's disk.
    pub fn filler_path(&self) -> &str {
        self.0.disk.filler_path()
    }

    fn append(&self) -> io::Result<()> {
        let mut state = self.0.state();
        state.orders += 1;
        let entry = format!("order {}\n", state.orders);
        state.journal.write_all(entry.as_bytes())?;
        state.waiting.push_back((Instant::now(), entry));
        Ok(())
    }

    async fn replicate(self) {
        let mut wait = FIRST_WAIT;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let service = self.clone();
            let copied = tokio::task::spawn_blocking(move || service.copy()).await;
            if matches!(copied, Ok(Ok(()))) {
                wait = FIRST_WAIT;
            } else {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
    }

    /// Brings the replica up to date.
    fn copy(&self) -> io::Result<()> {
        let mut state = self.0.state();
        let entries: String = state.waiting.iter().map(|(_, entry)| entry.as_str()).collect();
        self.0.disk.append("orders", entries.as_bytes())?;
        state.waiting.clear();
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
