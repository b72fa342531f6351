//! The last lines that a target wrote.

use crate::clock::{Clock, micros};
use crate::report::journal::OutputRecord;
use crate::secret;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// How many lines are kept, and how much of each, in bytes.
const LINES: usize = 200;
const LINE_LIMIT: usize = 4_096;

/// Where a longer line is cut, at most this much of its end is kept for the next piece: a secret that has only begun.
const HELD_BACK: usize = 2_048;

/// The last lines of both streams, in the order in which they were read, and when that was. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<(Instant, String)>>>);

impl Tail {
    pub(crate) fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back((Instant::now(), line));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, line)| line.clone()).collect()
    }

    /// For the journal: the lines and when they were read.
    pub(crate) fn record(&self, target: &str, clock: Clock) -> OutputRecord {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at_us, lines) = kept.iter().map(|(at, line)| (micros(clock.at(*at)), line.clone())).unzip();
        OutputRecord { target: target.to_owned(), lines, at_us }
    }

    /// The last few lines as a block for an error message; empty if nothing was written.
    pub(crate) fn block(&self) -> String {
        let lines = self.lines();
        let shown = &lines[lines.len().saturating_sub(10)..];
        if shown.is_empty() {
            return "\nit wrote nothing".to_owned();
        }
        shown.iter().fold("\nits last lines:".to_owned(), |block, line| block + "\n  | " + line)
    }

    /// Reads a stream to its end, so that the child never blocks on a full pipe. Every line also goes
    /// to `listener` as long as somebody listens.
    pub(crate) async fn follow(self, mut stream: impl AsyncRead + Unpin, listener: UnboundedSender<String>) {
        let mut lines = self.lines_of();
        lines.listener = Some(listener);
        let mut chunk = [0; 8_192];
        while let Ok(n @ 1..) = stream.read(&mut chunk).await {
            lines.take(&chunk[..n]);
        }
        lines.end();
    }

    /// Takes one more stream, as it comes.
    pub(crate) fn lines_of(&self) -> Lines {
        Lines { tail: self.clone(), partial: Vec::new(), listener: None }
    }
}

/// One stream that is cut into lines.
pub(crate) struct Lines {
    tail: Tail,
    partial: Vec<u8>,
    listener: Option<UnboundedSender<String>>,
}

impl Lines {
    /// Takes the next piece.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.partial.extend_from_slice(end);
                    let line = std::mem::take(&mut self.partial);
                    self.push(&line);
                }
                None => self.partial.extend_from_slice(piece),
            }
            if self.partial.len() > LINE_LIMIT {
                let cut = cut(&self.partial);
                let line: Vec<u8> = self.partial.drain(..cut).collect();
                self.push(&line);
            }
        }
    }

    /// What has no end of line is a line too.
    pub(crate) fn end(mut self) {
        let line = std::mem::take(&mut self.partial);
        if !line.is_empty() {
            self.push(&line);
        }
    }

    fn push(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        if let Some(listener) = &self.listener {
            let _ = listener.send(line.clone());
        }
        self.tail.push(line);
    }
}

/// Where to cut a line that is too long: not through a secret. Always more than nothing.
fn cut(line: &[u8]) -> usize {
    let at = line.len() - HELD_BACK;
    match std::str::from_utf8(line) {
        Ok(text) => match secret::cut_before(text, at) {
            0 => at,
            cut => cut,
        },
        // Cut in the middle of a character, or no text at all.
        Err(error) => {
            match std::str::from_utf8(&line[..error.valid_up_to()]).map(|text| secret::cut_before(text, at)) {
                Ok(cut @ 1..) => cut,
                _ => at,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn followed(input: &[u8]) -> (Vec<String>, usize) {
        let (listener, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let tail = Tail::default();
        tail.clone().follow(input, listener).await;
        let mut count = 0;
        while heard.recv().await.is_some() {
            count += 1;
        }
        (tail.lines(), count)
    }

    #[tokio::test]
    async fn lines_end_at_breaks_and_at_the_end() {
        assert_eq!(followed(b"one\r\n\ntwo\nthree").await.0, ["one", "", "two", "three"]);
        assert_eq!(followed(b"\xff\n").await.0, ["\u{fffd}"]);
    }

    #[tokio::test]
    async fn the_last_lines_are_kept_and_all_are_heard() {
        let input: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
        let (lines, heard) = followed(input.as_bytes()).await;
        assert_eq!((lines.len(), heard), (LINES, 1_000));
        assert_eq!((lines[0].as_str(), lines[LINES - 1].as_str()), ("line 800", "line 999"));
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_not_cut_through_a_secret() {
        let secret = crate::Secret::new("0verlong-l1ne-secret");
        for before in (LINE_LIMIT - HELD_BACK - 30)..(LINE_LIMIT + 10) {
            let line = format!("{}{}{}", "ä".repeat(before / 2), secret.expose(), "x".repeat(LINE_LIMIT));
            let (lines, _) = followed(line.as_bytes()).await;
            assert!(lines.len() > 1 && lines.concat() == line, "{before}: {} lines", lines.len());
            assert!(lines.iter().any(|line| line.contains(secret.expose())), "{before}: cut in two");
        }
    }

    #[tokio::test]
    async fn a_line_without_end_does_not_grow_for_ever() {
        let (lines, _) = followed(&vec![b'x'; 3_000_000]).await;
        assert!(lines.len() == LINES && lines.iter().all(|line| line.len() <= LINE_LIMIT + 8_192));
    }
}
