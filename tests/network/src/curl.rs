//! A web client.

use crate::program::{CURL, run};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

/// It could not connect.
pub const REFUSED: i32 = 7;
/// The body ended before its length.
pub const PARTIAL: i32 = 18;
/// It was not done in its time.
pub const TIMED_OUT: i32 = 28;
/// TLS could not be agreed on.
pub const NO_TLS: i32 = 35;
/// The connection ended without an answer.
pub const EMPTY: i32 = 52;
/// Sending failed.
pub const SENDING: i32 = 55;
/// Receiving failed: a reset.
pub const RECEIVING: i32 = 56;

/// The server's certificate does not hold: it is for another name, or not the one that is trusted.
pub const UNTRUSTED: i32 = 60;

/// One use of curl.
#[derive(Debug)]
pub struct Curl(std::process::Command);

/// What it reports.
#[derive(Debug)]
pub struct Fetched {
    /// Its exit code; 0 = all went well.
    pub exit: i32,
    /// The answer's status; 0: there was none.
    pub status: u16,
    /// The answer's body, as far as it came.
    pub body: Vec<u8>,
    /// From its start until the connection was there, on its own clock.
    pub connected: Duration,
    /// Until the first byte of the answer.
    pub first_byte: Duration,
    /// Until the end.
    pub total: Duration,
    /// What it says.
    pub says: String,
}

/// Gets a URL, which may take `limit`.
pub fn get(url: &str, limit: Duration) -> Curl {
    let mut command = CURL.command();
    // `-q`: whatever stands in the user's .curlrc.
    command.args(["-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", &limit.as_secs_f64().to_string()]);
    command.args(["--write-out", FIGURES, "--", url]);
    Curl(command)
}

/// To standard error, so that standard output is the body alone.
const FIGURES: &str = "%{stderr}\n%{http_code} %{time_connect} %{time_starttransfer} %{time_total}\n";

impl Curl {
    /// Sends a file.
    pub fn put(self, file: &Path) -> Self {
        self.with("--upload-file", file)
    }

    /// One more option.
    pub fn with(mut self, option: &str, value: impl AsRef<OsStr>) -> Self {
        let mut command = CURL.command();
        // Options come before the `--` that precedes the URL.
        command.args(["-q", option]).arg(value).args(self.0.get_args().skip(1));
        self.0 = command;
        self
    }

    /// Runs it.
    ///
    /// # Panics
    /// If it does not keep its own limit, or its report can't be read.
    pub async fn run(self) -> Fetched {
        let ended = run(self.0, &[], Duration::from_secs(120)).await;
        let exit = ended.code.expect("it keeps its own limit");
        let (says, figures) = ended.err.trim_end().rsplit_once('\n').unwrap_or(("", &ended.err));
        let figures: Vec<f64> = figures.split_whitespace().map(|figure| figure.parse().unwrap_or(-1.0)).collect();
        let [status, connected, first_byte, total] = figures[..] else { panic!("curl wrote: {}", ended.err) };
        let time = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Fetched {
            exit,
            status: status as u16,
            body: ended.out,
            connected: time(connected),
            first_byte: time(first_byte),
            total: time(total),
            says: says.trim().to_owned(),
        }
    }
}

impl Fetched {
    /// Whether all went well, with this body.
    pub fn is(&self, body: &[u8]) -> bool {
        self.exit == 0 && self.status == 200 && self.body == body
    }

    /// All but the body, for messages.
    pub fn in_short(&self) -> String {
        let Self { exit, status, body, connected, first_byte, total, says } = self;
        let n = body.len();
        format!(
            "exit {exit}, status {status}, {n} bytes, connected {connected:?}, first {first_byte:?}, {total:?}: {says}"
        )
    }
}
