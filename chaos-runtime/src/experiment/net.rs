//! The thread on which proxies, child processes and rollbacks live, apart from the code under test.
//!
//! Whatever the body does to its own runtime (block it, drop it, panic in it), this one goes on.

use crate::{Error, Result};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A lazily started thread with a current-thread runtime. Clones share it; it ends with the last clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Net(Arc<Mutex<Option<Thread>>>);

#[derive(Debug)]
struct Thread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    join: Option<JoinHandle<()>>,
}

impl Net {
    /// The runtime's handle; starts the thread at the first call.
    pub(crate) fn handle(&self) -> Result<Handle> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &*slot {
            return Ok(thread.handle.clone());
        }
        let thread = Thread::start()?;
        let handle = thread.handle.clone();
        *slot = Some(thread);
        Ok(handle)
    }

    /// Runs a future on the thread and waits for its value.
    pub(crate) async fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Result<T> {
        self.handle()?
            .spawn(future)
            .await
            .map_err(|error| Error::new("a task of the experiment's own thread panicked").caused_by(error))
    }
}

impl Thread {
    fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new("failed to start the runtime of proxies and processes").caused_by(error))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let join = std::thread::Builder::new()
            .name("chaos-net".into())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            })
            .map_err(|error| Error::new("failed to start the thread of proxies and processes").caused_by(error))?;
        Ok(Self { handle, stop: Some(stop), join: Some(join) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The last clone may be dropped on the thread itself; it can't wait for its own end.
        if let Some(join) = self.join.take().filter(|join| join.thread().id() != std::thread::current().id()) {
            let _ = join.join();
        }
    }
}
