//! A way to the engine that can be cut.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

/// A Unix socket in front of the engine's own.
pub struct Relay {
    path: PathBuf,
    /// Both ends of every connection; `None` while it is cut.
    open: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl Relay {
    /// Listens in this directory.
    pub fn new(dir: &Path) -> Self {
        let relay = Self { path: dir.join("engine.sock"), open: Arc::default() };
        relay.mend();
        relay
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// As when the engine ends: open connections are closed, new ones are refused.
    pub fn cut(&self) {
        std::fs::remove_file(&self.path).expect("it is there");
        for stream in self.open.lock().expect("nobody panicked").take().into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// As when it is back.
    pub fn mend(&self) {
        *self.open.lock().expect("nobody panicked") = Some(Vec::new());
        let listener = UnixListener::bind(&self.path).expect("nobody listens there");
        let open = self.open.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(engine) = UnixStream::connect("/var/run/docker.sock") else { return };
                let mut open = open.lock().expect("nobody panicked");
                let Some(open) = open.as_mut() else { return };
                for (from, to) in [(&client, &engine), (&engine, &client)] {
                    let (mut from, mut to) = (clone(from), clone(to));
                    open.push(clone(&from));
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
    }
}

fn clone(stream: &UnixStream) -> UnixStream {
    stream.try_clone().expect("there are descriptors left")
}
