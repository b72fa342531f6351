//! Waiting until a child process is ready.

use super::builder::Ready;
use super::listening;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Pauses between two looks at the kernel's tables: short at first, for programs that start fast.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(50);

/// Waits, without a bound, until the process is ready. Returns the address on which it listens.
/// `lines` are the lines that it prints.
pub(super) async fn wait(
    ready: Ready,
    pid: u32,
    token: String,
    mut lines: UnboundedReceiver<String>,
) -> Option<SocketAddr> {
    match ready {
        Ready::Started => None,
        Ready::Listening => Some(address(pid, &token, |_| true, &mut lines).await),
        Ready::Port(port) => Some(address(pid, &token, move |addr| addr.port() == port, &mut lines).await),
        Ready::Line(text) => line(pid, &token, &text, &mut lines).await,
    }
}

#[cfg(target_os = "linux")]
async fn address(
    pid: u32,
    token: &str,
    wanted: impl Fn(&SocketAddr) -> bool,
    _lines: &mut UnboundedReceiver<String>,
) -> SocketAddr {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(found) = addresses(pid, token).await.into_iter().find(&wanted) {
            return found;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

#[cfg(target_os = "linux")]
async fn line(pid: u32, token: &str, text: &str, lines: &mut UnboundedReceiver<String>) -> Option<SocketAddr> {
    while let Some(line) = lines.recv().await {
        if line.contains(text) {
            return addresses(pid, token).await.first().copied();
        }
    }
    // It closed its output without saying so; its end or the time-out comes next.
    std::future::pending().await
}

/// Of the process itself, else of its descendants: `cargo run` and shell scripts only start the server.
#[cfg(target_os = "linux")]
async fn addresses(pid: u32, token: &str) -> Vec<SocketAddr> {
    let marked = crate::rollback::marked::Marked::new(token, &[]);
    // Reading /proc takes milliseconds on a big machine, in which proxies would stand still.
    let found = tokio::task::spawn_blocking(move || {
        let own = listening::listening(pid);
        if own.is_empty() { marked.find().into_iter().flat_map(listening::listening).collect() } else { own }
    });
    found.await.unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
async fn address(
    _pid: u32,
    _token: &str,
    wanted: impl Fn(&SocketAddr) -> bool,
    lines: &mut UnboundedReceiver<String>,
) -> SocketAddr {
    while let Some(line) = lines.recv().await {
        if let Some(found) = listening::printed(&line).filter(&wanted) {
            return found;
        }
    }
    std::future::pending().await
}

#[cfg(not(target_os = "linux"))]
async fn line(_pid: u32, _token: &str, text: &str, lines: &mut UnboundedReceiver<String>) -> Option<SocketAddr> {
    let mut addr = None;
    while let Some(line) = lines.recv().await {
        addr = addr.or_else(|| listening::printed(&line));
        if line.contains(text) {
            return addr;
        }
    }
    std::future::pending().await
}
