//! Just enough of Redis' protocol to load it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends an inline command on a connection of its own and gives the first line of the answer; fails after three seconds.
pub async fn ask(addr: SocketAddr, command: &str) -> io::Result<String> {
    let asked = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        while !answer.ends_with(b"\n") {
            match stream.read(&mut chunk).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => answer.extend_from_slice(&chunk[..n]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
    };
    tokio::time::timeout(Duration::from_secs(3), asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
