//! A UDP service, a proxy in front of it and clients, for the tests of UDP proxies and of their faults.

use super::UdpProxy;
use super::relay::large_queue;
use crate::Chaos;
use crate::proxy::ToUpstream;
use crate::proxy::testbed::timely;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// An experiment with one proxy.
pub(crate) struct Testbed {
    /// The proxy ends with it.
    _chaos: Chaos,
    pub(crate) proxy: UdpProxy,
}

impl Testbed {
    /// In front of a service that sends back what it gets.
    pub(crate) async fn echo() -> Self {
        Self::in_front_of(echo("127.0.0.1:0").await).await
    }

    pub(crate) async fn in_front_of(upstream: impl ToUpstream) -> Self {
        let chaos = Chaos::for_tests();
        let proxy = chaos.udp_proxy(upstream).await.unwrap();
        Self { _chaos: chaos, proxy }
    }

    pub(crate) async fn client(&self) -> UdpSocket {
        client_of(self.proxy.addr()).await
    }
}

pub(crate) async fn client_of(addr: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((addr.ip(), 0)).await.unwrap();
    large_queue(&socket);
    socket.connect(addr).await.unwrap();
    socket
}

/// Starts a service that sends back what it gets; it lives as long as the test's runtime.
pub(crate) async fn echo(addr: &str) -> SocketAddr {
    echo_from(UdpSocket::bind(addr).await.unwrap())
}

/// The same on a socket that is there already.
pub(crate) fn echo_from(socket: UdpSocket) -> SocketAddr {
    // What the system throws away in front of a service that is slow is no loss of the proxy's.
    large_queue(&socket);
    let addr = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = vec![0; 65_536];
        while let Ok((n, client)) = socket.recv_from(&mut bytes).await {
            let _ = socket.send_to(&bytes[..n], client).await;
        }
    });
    addr
}

/// Sends a numbered datagram.
pub(crate) async fn send(client: &UdpSocket, number: u32) {
    client.send(&number.to_be_bytes()).await.unwrap();
}

/// The next datagram's number.
pub(crate) async fn receive(client: &UdpSocket) -> u32 {
    timely(numbered(client)).await
}

/// So many numbers, however long they take, and what comes after them until nothing does for that long.
pub(crate) async fn receive_and_all(client: &UdpSocket, count: usize, silence: Duration) -> Vec<u32> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(receive(client).await);
    }
    all.extend(receive_all(client, silence).await);
    all
}

/// The numbers of what comes until nothing does for that long.
pub(crate) async fn receive_all(client: &UdpSocket, silence: Duration) -> Vec<u32> {
    let mut all = Vec::new();
    while let Ok(number) = timeout(silence, numbered(client)).await {
        all.push(number);
    }
    all
}

async fn numbered(client: &UdpSocket) -> u32 {
    let mut bytes = [0; 64];
    let n = client.recv(&mut bytes).await.unwrap();
    u32::from_be_bytes(bytes[..n].try_into().unwrap())
}
