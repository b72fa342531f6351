//! What shows while experiments run: a line for each, rewritten in place, or plain lines.
//!
//! Own code instead of a crate such as indicatif: what draws must leave the cursor where libtest's own lines go on, must
//! go past libtest's capture, and may not wake up by itself beside what measures. Lines are drawn by the experiments'
//! supervisors, which look at their loads several times a second anyway.

mod board;

use super::terminal::{self, may_rewrite};
use super::text;
use crate::experiment::invocation;
use crate::figure;
use crate::rollback::Wait;
use board::{Board, Doing};
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What this process shows.
static BOARD: Mutex<Board> = Mutex::new(Board::new());

/// More of a line of its own is no help.
const MOST_CHARS: usize = 500;

/// Between two lines that say for whom an experiment waits, at first and at most.
const WAIT_INTERVALS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(300)];

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

/// The line that shows an experiment's progress on a terminal someone watches. Elsewhere (CI, a pipe, `TERM=dumb`,
/// `NO_COLOR`, tests that print for themselves) nothing is rewritten and [`plain`](LiveLine::plain) lines come instead.
///
/// Writes to standard error directly, as libtest would capture it otherwise. Cleared when dropped.
pub(crate) struct LiveLine {
    name: String,
    mode: Mode,
    /// Its place on the board.
    row: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One line, again and again.
    Rewritten,
    /// A line for each event.
    Plain,
    Silent,
}

impl Mode {
    fn current() -> Self {
        if may_rewrite() && !shows_output() {
            Self::Rewritten
        } else if invocation::current().quiet {
            Self::Silent
        } else {
            Self::Plain
        }
    }
}

/// Whether tests print to the terminal themselves, over whatever stands there.
fn shows_output() -> bool {
    let asked = std::env::args().any(|argument| argument == "--nocapture" || argument == "--no-capture");
    asked || std::env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0")
}

impl LiveLine {
    /// The line of the experiment `name`.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let (name, mode) = (name.into(), Mode::current());
        let row = (mode == Mode::Rewritten).then(|| board().add(&name));
        Self { name, mode, row }
    }

    /// A line that never shows, for experiments in virtual time.
    #[cfg(feature = "virtual-time")]
    pub(crate) fn silent() -> Self {
        Self { name: String::new(), mode: Mode::Silent, row: None }
    }

    /// Whether a line is shown, so that its figures are worth having.
    pub(crate) fn is_active(&self) -> bool {
        self.mode == Mode::Rewritten
    }

    /// Shows how far it is, unless something has just been shown.
    pub(crate) fn update(&self, progress: &Progress) {
        // Where another one is stuck with a terminal that takes nothing (Ctrl-S), this one goes on without a line.
        if let Some(row) = self.row
            && let Ok(mut board) = BOARD.try_lock()
        {
            board.set(row, Doing::Runs(rendered(progress)));
            // Real time on purpose: eyes do not follow a virtual clock.
            if let Some(drawn) = board.draw_if_due(Instant::now(), terminal::size) {
                put(&drawn);
            }
        }
    }

    /// Takes the line away, so that something else can be written.
    pub(crate) fn clear(&self) {
        if let Some(row) = self.row {
            let mut board = board();
            board.remove(row);
            put(board.make_way());
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

impl Drop for LiveLine {
    fn drop(&mut self) {
        if let Some(row) = self.row {
            let mut board = board();
            board.remove(row);
            // The harness will tell how the test has ended: on a line that nothing stands on.
            put(board.make_room(Instant::now()));
        }
    }
}

/// The wait of one experiment for the lock. Ends when dropped.
pub(crate) struct Queue {
    name: String,
    mode: Mode,
    row: Option<u64>,
    told: Option<(Instant, Duration)>,
}

impl Queue {
    /// Shows nothing until there is a wait.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), mode: Mode::current(), row: None, told: None }
    }

    /// Tells who has the lock and how many come before.
    ///
    /// Where another process has it nothing else shows why nothing happens, so libtest may not capture that.
    pub(crate) fn waits(&mut self, wait: &Wait) {
        if self.mode == Mode::Rewritten {
            let mut board = board();
            let row = *self.row.get_or_insert_with(|| board.add(&self.name));
            board.set(row, Doing::Waits(text::tell(&wait.to_string())));
            if let Some(drawn) = board.draw_now(Instant::now(), terminal::size) {
                put(&drawn);
            }
            return;
        }
        if !self.is_due(wait, Instant::now()) {
            return;
        }
        let line = plain_line(&self.name, &format!("waits for {wait}"));
        if !wait.holder.ends_with(&format!("(process {})", std::process::id())) {
            write(&format!("{line}\n"));
        } else if self.mode == Mode::Plain {
            tell(&line);
        }
    }

    /// At once, when its turn is next, and else after ever longer times: others' turns are no news.
    fn is_due(&mut self, wait: &Wait, now: Instant) -> bool {
        let [first, most] = WAIT_INTERVALS;
        let next = match self.told {
            None => first,
            Some((told, interval)) if now.duration_since(told) >= interval => (interval * 2).min(most),
            Some((_, interval)) if wait.ahead <= 1 => interval,
            Some(_) => return false,
        };
        self.told = Some((now, next));
        true
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Some(row) = self.row {
            board().remove(row);
        }
    }
}

/// Takes the lines away for good: the process ends now.
pub(crate) fn close() {
    // Whoever holds it may be stuck with a terminal that takes nothing any more; then there is nothing to take away.
    if let Ok(mut board) = BOARD.try_lock() {
        put(board.close());
    }
}

fn board() -> MutexGuard<'static, Board> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lines that libtest may capture, in one write. `eprintln!` alone can be captured, and it panics when nobody reads
/// any more (`cargo test 2>&1 | head`) or the disk behind it is full. That is no reason to lose a verdict.
pub(crate) fn tell(lines: &str) {
    // Not under the board's lock, as what captures may be anything.
    put(board().make_way());
    let _ = std::panic::catch_unwind(|| eprintln!("{lines}"));
}

/// Past libtest's capture. A terminal that went away is no reason to fail.
pub(crate) fn write(text: &str) {
    let mut board = board();
    put(&format!("{}{text}", board.make_way()));
}

fn put(text: &str) {
    if !text.is_empty() {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

fn plain_line(name: &str, event: &str) -> String {
    format!("chaos {name}: {}", text::line(&text::tell(event), MOST_CHARS))
}

/// `fault 12 s · 200/s · 99.84 % · p99 412 ms · latency 300ms`
fn rendered(progress: &Progress) -> String {
    let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let mut parts = vec![format!("{} {}", progress.phase, figure::duration(us(progress.elapsed)))];
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
        assert_eq!(rendered(&progress), "fault 12.3 s · 200/s · 99.84 % · p99 412 ms · latency 300ms");
        let nothing = Progress {
            phase: "waiting for the lock",
            rate: None,
            p99: None,
            success: None,
            note: String::new(),
            ..progress
        };
        assert_eq!(rendered(&nothing), "waiting for the lock 12.3 s");
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
        assert!(rendered(&progress).ends_with("login as [redacted]"));
    }

    #[test]
    fn a_plain_line_is_one_line_without_terminal_sequences() {
        assert_eq!(plain_line("slow", "inject:\u{1b}[31m latency\n300ms"), "chaos slow: inject: latency 300ms");
    }

    #[test]
    fn a_wait_is_told_at_once_and_then_more_and_more_rarely() {
        let mut queue = Queue { name: "slow".to_owned(), mode: Mode::Plain, row: None, told: None };
        let wait = |ahead| Wait { holder: "other (process 1)".to_owned(), ahead };
        let start = Instant::now();
        let told: Vec<u64> = (0..4_000).filter(|s| queue.is_due(&wait(7), start + Duration::from_secs(*s))).collect();
        assert_eq!(told[..8], [0, 5, 15, 35, 75, 155, 315, 615]);
        assert!(told.windows(2).skip(6).all(|pair| pair[1] - pair[0] == 300), "{told:?}");
        assert!(queue.is_due(&wait(1), start + Duration::from_secs(4_001)), "its turn is next");
    }
}
