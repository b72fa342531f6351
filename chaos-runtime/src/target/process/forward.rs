//! A stable address in front of a process whose port changes with every restart.

use crate::experiment::net::Net;
use crate::{Error, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Accepts connections on a port of its own and passes them on; ends with its last handle.
#[derive(Debug)]
pub(super) struct Forward {
    addr: SocketAddr,
    upstream: watch::Sender<Option<SocketAddr>>,
}

impl Forward {
    /// Listens on a free port of the loopback interface.
    pub(super) async fn start(net: &Net) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new("failed to listen on the address in front of the process").caused_by(error)
        };
        let listener = net.run(TcpListener::bind(("127.0.0.1", 0))).await?.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let (upstream, current) = watch::channel(None);
        net.handle()?.spawn(accept(listener, current));
        Ok(Self { addr, upstream })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where connections go from now on. `None`: they are accepted and closed at once.
    pub(super) fn set_upstream(&self, upstream: Option<SocketAddr>) {
        self.upstream.send_replace(upstream);
    }
}

async fn accept(listener: TcpListener, mut current: watch::Receiver<Option<SocketAddr>>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Other changes are read when they are needed.
            changed = current.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        match accepted {
            Ok((client, _)) => {
                let upstream = *current.borrow();
                if let Some(upstream) = upstream {
                    tokio::spawn(pass_on(client, upstream));
                }
            }
            // Out of file descriptors, most likely: not a reason to stop for good, nor to spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn pass_on(mut client: TcpStream, upstream: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(upstream).await {
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        // An error means that one side is gone; dropping both tells the other.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn read_all(addr: SocketAddr) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut text = String::new();
        // A reset is an end too.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    async fn server(text: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        addr
    }

    #[tokio::test]
    async fn the_address_stays_while_the_upstream_changes() {
        let net = Net::default();
        let forward = Forward::start(&net).await.unwrap();
        let addr = forward.addr();
        let closed = tokio::time::timeout(Duration::from_secs(30), read_all(addr)).await;
        assert_eq!(closed.expect("closed at once"), "");
        for text in ["one", "two"] {
            forward.set_upstream(Some(server(text).await));
            assert_eq!(read_all(addr).await, text);
        }
        forward.set_upstream(None);
        assert_eq!(read_all(addr).await, "");
        drop(forward);
        while TcpStream::connect(addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
