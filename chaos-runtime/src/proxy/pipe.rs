//! Moving bytes from socket to socket within the kernel (Linux's `splice`).
//!
//! A pipe lies between the two. It is taken when there are bytes to move and given back when it is empty, so that
//! few pipes serve many connections, and only a connection whose receiver stalls holds one for longer.

use super::socket::Socket;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::time::Instant;

/// Bytes that a pipe takes. The system allows a user without rights 64 MiB of pipes.
const SIZE: usize = 1024 * 1024;
/// Pipes of a thread, so that other users of pipes get theirs.
const MOST: usize = 16;

thread_local! {
    static PIPES: RefCell<Pipes> = RefCell::default();
}

#[derive(Default)]
struct Pipes {
    spare: Vec<(OwnedFd, OwnedFd)>,
    lent: usize,
}

/// Bytes that went into pipes, so that tests know that they test this way.
#[cfg(test)]
pub(super) static FILLED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A pipe with bytes in it, or about to get some.
#[derive(Debug)]
pub(super) struct Pipe {
    ends: Option<(OwnedFd, OwnedFd)>,
    len: usize,
    arrival: Option<Instant>,
}

impl Pipe {
    /// An empty one; `None` if there is none to be had, and bytes must be copied.
    pub(super) fn take() -> Option<Self> {
        PIPES.with_borrow_mut(|pipes| {
            if pipes.lent >= MOST {
                return None;
            }
            let ends = pipes.spare.pop().or_else(make)?;
            pipes.lent += 1;
            Some(Self { ends: Some(ends), len: 0, arrival: None })
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the bytes in it were read.
    pub(super) fn arrival(&self) -> Option<Instant> {
        self.arrival
    }

    /// Moves bytes in; 0 is the end of the source. Only for an empty pipe: a full one can't be told from a source
    /// that has nothing.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, from: &Socket) -> Poll<io::Result<usize>> {
        debug_assert!(self.is_empty());
        loop {
            ready!(from.poll_read_ready(cx))?;
            match from.try_io(Interest::READABLE, || self.fill(from)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                filled => {
                    self.len = *filled.as_ref().unwrap_or(&0);
                    self.arrival = Some(Instant::now());
                    #[cfg(test)]
                    FILLED.fetch_add(self.len, std::sync::atomic::Ordering::Relaxed);
                    return Poll::Ready(filled);
                }
            }
        }
    }

    /// Moves bytes out.
    pub(super) fn poll_empty(&mut self, cx: &mut Context<'_>, to: &Socket) -> Poll<io::Result<usize>> {
        loop {
            ready!(to.poll_write_ready(cx))?;
            match to.try_io(Interest::WRITABLE, || self.empty(to)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                emptied => {
                    self.len -= *emptied.as_ref().unwrap_or(&0);
                    return Poll::Ready(emptied);
                }
            }
        }
    }

    /// Copies bytes out; 0 when none are left.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((read, _)) = self.ends.as_ref().filter(|_| self.len > 0) else { return Ok(0) };
        let n = rustix::io::read(read, buffer)?;
        self.len -= n;
        Ok(n)
    }

    fn fill(&self, from: &Socket) -> io::Result<usize> {
        let Some((_, write)) = &self.ends else { return Ok(0) };
        Ok(splice(from.as_fd(), None, write, None, SIZE, SpliceFlags::NONBLOCK | SpliceFlags::MOVE)?)
    }

    fn empty(&self, to: &Socket) -> io::Result<usize> {
        let Some((read, _)) = &self.ends else { return Ok(0) };
        Ok(splice(read, None, to.as_fd(), None, self.len, SpliceFlags::NONBLOCK | SpliceFlags::MOVE)?)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let ends = self.ends.take().filter(|_| self.len == 0);
        // When the thread ends its spares may be gone before its last connection.
        let _ = PIPES.try_with(|pipes| {
            let pipes = &mut pipes.borrow_mut();
            pipes.lent = pipes.lent.saturating_sub(1);
            pipes.spare.extend(ends);
        });
    }
}

/// A pipe of the full size; a smaller one is not worth its calls.
fn make() -> Option<(OwnedFd, OwnedFd)> {
    if !sigpipe_is_ignored() {
        return None;
    }
    let (read, write) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
    (fcntl_setpipe_size(&write, SIZE).ok()? >= SIZE).then_some((read, write))
}

/// Whether the signal that `splice` sends when the receiver is gone does nothing. Rust ignores it from the start, but
/// a program may choose otherwise; unlike `send`, `splice` has no flag against it.
fn sigpipe_is_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    /// SIGPIPE is signal 13 everywhere on Linux.
    const BIT: u64 = 1 << 12;
    *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & BIT != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emptied_pipe_is_used_again_and_one_with_bytes_is_not() {
        let spares = || PIPES.with_borrow(|pipes| (pipes.spare.len(), pipes.lent));
        drop(Pipe::take().expect("pipes can be had"));
        assert_eq!(spares(), (1, 0));
        let mut pipe = Pipe::take().unwrap();
        pipe.len = 5;
        assert_eq!(spares(), (0, 1));
        drop(pipe);
        assert_eq!(spares(), (0, 0));
    }

    #[test]
    fn pipes_are_bounded() {
        let all: Vec<_> = std::iter::from_fn(Pipe::take).take(MOST + 1).collect();
        assert_eq!(all.len(), MOST);
    }

    #[test]
    fn what_is_in_a_pipe_can_be_copied_out() {
        let mut pipe = Pipe::take().unwrap();
        pipe.len = rustix::io::write(&pipe.ends.as_ref().unwrap().1, b"under way").unwrap();
        let mut buffer = [0; 6];
        assert_eq!(pipe.read(&mut buffer).unwrap(), 6);
        assert_eq!(&buffer, b"under ");
        assert_eq!(pipe.read(&mut buffer).unwrap(), 3);
        assert_eq!(pipe.read(&mut buffer).unwrap(), 0);
        assert!(pipe.is_empty());
    }
}
