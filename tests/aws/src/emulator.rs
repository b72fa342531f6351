//! One emulator as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Starting takes two seconds; a machine at its limit needs more.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many lines of its output are shown when something fails.
const SHOWN: usize = 80;

/// A running emulator. It ends with this value or with this process, whichever is first, even by SIGKILL:
/// its standard input is a pipe whose other end is here, and it ends when that is closed.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    child: Child,
    lifeline: Option<ChildStdin>,
    output: Arc<Mutex<Vec<String>>>,
}

impl Emulator {
    /// `serve.py <arguments>`, ready when it answers at `ready`.
    ///
    /// # Panics
    /// If it does not start, with what it has printed.
    pub(crate) fn start(arguments: &[&str], ready: &str) -> Self {
        let mut command = Command::new(environment().join("bin/python"));
        // -B: nothing is written into the source tree. -I would hide `world` beside the script.
        command.arg("-B").arg(folder().join("serve.py")).args(arguments);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            // Nothing of the developer's AWS, Python or emulators gets in.
            if ["AWS_", "MOTO_", "PYTHON", "MINISTACK_"].iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the environment has a Python");
        let output: Arc<Mutex<Vec<String>>> = Arc::default();
        follow(child.stderr.take().expect("it is piped"), Arc::clone(&output));
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut url = String::new();
        let read = stdout.read_line(&mut url);
        follow(stdout, Arc::clone(&output));
        let lifeline = child.stdin.take();
        let emulator = Self { url: url.trim().to_owned(), child, lifeline, output };
        let started = read.is_ok() && emulator.url.starts_with("http://127.0.0.1:");
        assert!(started, "{arguments:?} does not start:\n{}", emulator.output());
        if let Err(error) = emulator.answers(ready) {
            panic!("{arguments:?} does not answer at {ready}: {error}\n{}", emulator.output());
        }
        emulator
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The last lines that it has printed.
    pub fn output(&self) -> String {
        let lines = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }

    /// It listens before it serves, so the first request waits until it does.
    fn answers(&self, path: &str) -> std::io::Result<()> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        match status.split(' ').nth(1) {
            Some("200") => Ok(()),
            _ => Err(std::io::Error::other(status)),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the last of {}:\n{}", self.url, self.output());
        }
    }
}

/// Where the emulators lie in the source tree.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("emulators")
}

/// The Python environment with the emulators, installed by the first test that needs it.
fn environment() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let install = Command::new("bash").arg(folder().join("install")).stderr(Stdio::inherit()).output();
        let installed = install.expect("there is a bash");
        let path = String::from_utf8_lossy(&installed.stdout).trim().to_owned();
        assert!(installed.status.success() && !path.is_empty(), "the emulators of AWS can't be installed; see above");
        path.into()
    })
}

fn follow(stream: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
