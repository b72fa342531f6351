//! The last lines that a child process wrote.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc::UnboundedSender;

/// How many lines are kept, and how much of each, in bytes.
const LINES: usize = 200;
const LINE_LIMIT: usize = 4_096;

/// The last lines of both streams, in the order in which they were read. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    pub(super) fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The last few lines as a block for an error message; empty if nothing was written.
    pub(super) fn block(&self) -> String {
        let lines = self.lines();
        let shown = &lines[lines.len().saturating_sub(10)..];
        if shown.is_empty() {
            return "\nit wrote nothing".to_owned();
        }
        shown.iter().fold("\nits last lines:".to_owned(), |block, line| block + "\n  | " + line)
    }

    /// Reads a stream to its end, so that the child never blocks on a full pipe. Every line also goes
    /// to `listener` as long as somebody listens.
    pub(super) async fn follow(self, mut stream: impl AsyncRead + Unpin, listener: UnboundedSender<String>) {
        let take = |line: &[u8]| {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            let _ = listener.send(line.clone());
            self.push(line);
        };
        let mut chunk = [0; 8_192];
        let mut partial: Vec<u8> = Vec::new();
        while let Ok(n @ 1..) = stream.read(&mut chunk).await {
            for piece in chunk[..n].split_inclusive(|byte| *byte == b'\n') {
                match piece.strip_suffix(b"\n") {
                    Some(end) => {
                        partial.extend_from_slice(end);
                        take(&partial);
                        partial.clear();
                    }
                    None => partial.extend_from_slice(piece),
                }
                if partial.len() > LINE_LIMIT {
                    take(&partial);
                    partial.clear();
                }
            }
        }
        if !partial.is_empty() {
            take(&partial);
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
    async fn a_line_without_end_does_not_grow_for_ever() {
        let (lines, _) = followed(&vec![b'x'; 3_000_000]).await;
        assert!(lines.len() == LINES && lines.iter().all(|line| line.len() <= LINE_LIMIT + 8_192));
    }
}
