//! A stream socket, of TCP or of the machine's own kind.

use socket2::SockRef;
use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// One end of a connection.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// Without it the proxy would add Nagle's delay.
    pub(super) fn send_at_once(&self) {
        if let Self::Tcp(stream) = self {
            // It fails only on a socket that is gone.
            let _ = stream.set_nodelay(true);
        }
    }

    /// Ready when there is something to be read, or an end.
    pub(super) fn poll_peek(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_peek(cx, &mut ReadBuf::new(&mut [0])).map_ok(drop),
            #[cfg(unix)]
            Self::Unix(stream) => {
                use rustix::net::{RecvFlags, recv};
                let peek = || recv(stream, &mut [0_u8], RecvFlags::PEEK).map(drop).map_err(io::Error::from);
                loop {
                    std::task::ready!(stream.poll_read_ready(cx))?;
                    match stream.try_io(Interest::READABLE, peek) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        peeked => return Poll::Ready(peeked),
                    }
                }
            }
        }
    }

    /// Closes it; with a RST instead of a FIN if so wanted, which only TCP has.
    pub(super) fn close(self, reset: bool) {
        if reset {
            self.reset_on_close();
        }
        drop(self);
    }

    /// When it is closed, it is with a RST; which only TCP has.
    pub(super) fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            // It fails only on a socket that is gone, and then there is nobody to tell.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn try_io<R>(&self, interest: Interest, work: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        match self {
            Self::Tcp(stream) => stream.try_io(interest, work),
            Self::Unix(stream) => stream.try_io(interest, work),
        }
    }
}

#[cfg(unix)]
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back here.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
