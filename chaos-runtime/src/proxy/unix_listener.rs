//! Where clients connect by a Unix socket: a directory of its own, with a socket named as the service's.

use super::connection;
use super::faults::Faults;
use super::socket::Socket;
use super::upstream::Upstream;
use crate::descriptors;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{UnixListener as Listening, UnixStream};

/// After a failed accept (no more descriptors), the time until the next try.
const PAUSE: Duration = Duration::from_millis(10);

/// The listening side of a proxy on a Unix socket.
#[derive(Debug)]
pub(super) struct UnixListener {
    path: PathBuf,
    door: Mutex<Door>,
}

#[derive(Debug, Default)]
struct Door {
    listening: Option<Listening>,
    waker: Option<Waker>,
}

impl UnixListener {
    /// The path of a directory that is not there yet.
    pub(super) fn new_directory() -> PathBuf {
        std::env::temp_dir().join(format!("chaos-{:012x}", fastrand::u64(..1 << 48)))
    }

    /// Makes the directory, which only this user may enter, and listens in it. Must be called within a runtime.
    pub(super) fn bind(dir: &Path, service: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(dir)?;
        let path = dir.join(service.file_name().unwrap_or(service.as_os_str()));
        let door = Door { listening: Some(Listening::bind(&path)?), waker: None };
        Ok(Self { path, door: Mutex::new(door) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Stops or begins to listen; the socket's file stays, so that who connects is refused. Must be called within a
    /// runtime.
    pub(super) fn refuse(&self, refuse: bool) -> io::Result<()> {
        let mut door = self.door();
        if refuse {
            door.listening = None;
        } else if door.listening.is_none() {
            // A socket is bound to a file once.
            std::fs::remove_file(&self.path)?;
            door.listening = Some(Listening::bind(&self.path)?);
            if let Some(waker) = door.waker.take() {
                waker.wake();
            }
        }
        Ok(())
    }

    /// Accepts and serves connections as long as the runtime lives.
    pub(super) async fn serve(self: Arc<Self>, upstream: Upstream, faults: Arc<Faults>) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(client) => {
                    let seat = faults.enter();
                    tokio::spawn(connection::serve(Socket::Unix(client), upstream.clone(), seat));
                }
                Err(error) => {
                    descriptors::note(&error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        let mut door = self.door();
        let accepted = match &door.listening {
            Some(listener) => listener.poll_accept(cx),
            None => Poll::Pending,
        };
        if accepted.is_pending() {
            door.waker = Some(cx.waker().clone());
        }
        accepted.map_ok(|(client, _)| client)
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        // The directory's undo removes what can't be removed here.
        let _ = std::fs::remove_file(&self.path);
    }
}
