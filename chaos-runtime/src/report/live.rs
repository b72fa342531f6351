//! What shows while an experiment runs: one line that is rewritten, or plain lines.

use super::terminal::may_rewrite;
use super::text;
use crate::experiment::invocation;
use crate::figure;
use crate::rollback::Wait;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// At most five times a second; more is flicker.
const INTERVAL: Duration = Duration::from_millis(200);

/// A terminal cuts the line at its own width; this is where it ends at the latest.
const MOST_COLUMNS: usize = 200;

/// Whether some experiment of this process has the line. Several would overwrite each other.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How far an experiment is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The phase, or what is waited for.
    pub(crate) phase: &'static str,
    /// Time since the experiment's start.
    pub(crate) elapsed: Duration,
    /// Operations per second, of the last bin.
    pub(crate) rate: Option<f64>,
    /// P99 of the last bin.
    pub(crate) p99: Option<Duration>,
    /// Share of successful operations in the last bin, 0 to 1.
    pub(crate) success: Option<f64>,
    /// Anything else, such as the active fault. May be empty.
    pub(crate) note: String,
}

/// The one line that shows an experiment's progress on a terminal someone watches. Elsewhere (CI,
/// a pipe, `TERM=dumb`, `NO_COLOR`) nothing is rewritten and [`plain`](LiveLine::plain) lines come instead.
///
/// Writes to standard error directly, as libtest would capture it otherwise. Cleared when dropped.
pub(crate) struct LiveLine {
    name: String,
    mode: Mode,
    drawn: Mutex<Drawn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One line, again and again.
    Rewritten,
    /// A line for each event.
    Plain,
    Silent,
}

#[derive(Default)]
struct Drawn {
    last: Option<Instant>,
    visible: bool,
}

impl LiveLine {
    /// The line of the experiment `name`.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let active = may_rewrite() && !TAKEN.swap(true, Ordering::SeqCst);
        let mode = match active {
            true => Mode::Rewritten,
            false if invocation::current().quiet => Mode::Silent,
            false => Mode::Plain,
        };
        Self { name: name.into(), mode, drawn: Mutex::default() }
    }

    /// A line that never shows, for experiments in virtual time.
    #[cfg(feature = "virtual-time")]
    pub(crate) fn silent() -> Self {
        Self { name: String::new(), mode: Mode::Silent, drawn: Mutex::default() }
    }

    /// Whether a line is shown, so that its figures are worth having.
    pub(crate) fn is_active(&self) -> bool {
        self.mode == Mode::Rewritten
    }

    /// Shows how far it is, unless it has just been shown.
    pub(crate) fn update(&self, progress: &Progress) {
        if self.mode != Mode::Rewritten {
            return;
        }
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        // Real time on purpose: eyes do not follow a virtual clock.
        if drawn.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        drawn.last = Some(Instant::now());
        drawn.visible = true;
        // Without wrapping, as half of a wrapped line would stay for good.
        let line = text::line(&rendered(&self.name, progress), MOST_COLUMNS);
        write(&format!("\r\u{1b}[2K\u{1b}[?7l{line}\u{1b}[?7h"));
    }

    /// Takes the line away, so that something else can be written.
    pub(crate) fn clear(&self) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut drawn.visible) {
            write("\r\u{1b}[2K");
        }
    }

    /// A line of its own, such as `inject: latency 300ms`, where there is no live line. Goes through
    /// libtest's capture.
    pub(crate) fn plain(&self, event: &str) {
        if self.mode == Mode::Plain {
            tell(&plain_line(&self.name, event));
        }
    }
}

/// Tells that the experiment `name` waits for the lock, who has it and how many come before.
///
/// Where another process has it nothing else shows why nothing happens, so libtest may not capture that.
pub(crate) fn waits(name: &str, wait: &Wait) {
    let line = plain_line(name, &format!("waits for {wait}"));
    if wait.holder.ends_with(&format!("(process {})", std::process::id())) {
        if !invocation::current().quiet {
            tell(&line);
        }
    } else {
        let over = if may_rewrite() { "\r\u{1b}[2K" } else { "" };
        write(&format!("{over}{line}\n"));
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.clear();
        if self.mode == Mode::Rewritten {
            TAKEN.store(false, Ordering::SeqCst);
        }
    }
}

/// Lines that libtest may capture, in one write. `eprintln!` alone can be captured, and it panics when nobody reads
/// any more (`cargo test 2>&1 | head`) or the disk behind it is full. That is no reason to lose a verdict.
pub(crate) fn tell(lines: &str) {
    let _ = std::panic::catch_unwind(|| eprintln!("{lines}"));
}

/// Past libtest's capture. A terminal that went away is no reason to fail.
pub(crate) fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn plain_line(name: &str, event: &str) -> String {
    format!("chaos {name}: {}", text::line(&text::tell(event), 500))
}

/// `name  fault 12 s  200/s  99.84 %  p99 412 ms  latency 300ms`
fn rendered(name: &str, progress: &Progress) -> String {
    let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let mut parts = vec![name.to_owned(), format!("{} {}", progress.phase, figure::duration(us(progress.elapsed)))];
    parts.extend(progress.rate.map(figure::rate));
    parts.extend(progress.success.map(|share| figure::percent(100.0 * share)));
    parts.extend(progress.p99.map(|p99| format!("p99 {}", figure::duration(us(p99)))));
    if !progress.note.is_empty() {
        parts.push(text::tell(&progress.note));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_phase_time_and_figures() {
        let progress = Progress {
            phase: "fault",
            elapsed: Duration::from_millis(12_340),
            rate: Some(200.0),
            p99: Some(Duration::from_millis(412)),
            success: Some(0.9984),
            note: "latency 300ms".to_owned(),
        };
        assert_eq!(rendered("slow", &progress), "slow · fault 12.3 s · 200/s · 99.84 % · p99 412 ms · latency 300ms");
        let nothing = Progress {
            phase: "waiting for the lock",
            rate: None,
            p99: None,
            success: None,
            note: String::new(),
            ..progress
        };
        assert_eq!(rendered("slow", &nothing), "slow · waiting for the lock 12.3 s");
    }

    #[test]
    fn neither_line_shows_a_secret() {
        let secret = crate::Secret::new("l1ve-line-secret");
        assert_eq!(
            plain_line("slow", &format!("inject: login as {}", secret.expose())),
            "chaos slow: inject: login as [redacted]"
        );
        let progress = Progress {
            phase: "fault",
            elapsed: Duration::ZERO,
            rate: None,
            p99: None,
            success: None,
            note: format!("login as {}", secret.expose()),
        };
        assert!(rendered("slow", &progress).ends_with("login as [redacted]"));
    }

    #[test]
    fn a_plain_line_is_one_line_without_terminal_sequences() {
        assert_eq!(plain_line("slow", "inject:\u{1b}[31m latency\n300ms"), "chaos slow: inject: latency 300ms");
    }
}
