//! Body cut: answers end before their end.

use super::on::{Harm, OnRequests};
use crate::Result;
use crate::proxy::http::{HttpEffect, HttpProxy};

/// The service's answers end in the midst of their body. Made by [`HttpProxy::cut_body`].
///
/// The client gets the head and exactly so many bytes of the body; then, in HTTP/1.1, its connection is closed, and in
/// HTTP/2 the stream is reset with `INTERNAL_ERROR`, while others on the connection go on. Bodies that are not longer
/// pass whole and don't count as hit.
#[derive(Debug, Clone)]
pub struct CutBody {
    after: u64,
}

impl HttpProxy {
    /// A fault: answers end after so many bytes of their body. See [`CutBody`], and [`OnRequests`] for the requests that are
    /// meant.
    pub fn cut_body(&self, after_bytes: u64) -> OnRequests<CutBody> {
        OnRequests::new(self, CutBody { after: after_bytes })
    }
}

impl Harm for CutBody {
    fn describe(&self) -> String {
        format!("cut of bodies after {} bytes", self.after)
    }

    fn effect(&self) -> Result<HttpEffect> {
        Ok(HttpEffect::CutBody { after: self.after })
    }

    fn done(&self) -> String {
        format!("cut off after {} bytes of the answer's body", self.after)
    }

    fn nothing(&self) -> String {
        format!("no answer in the share had more than {} bytes", self.after)
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold};
    use crate::proxy::testbed::{clear, timely};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    /// The bytes of an answer's body until the connection ends, and what the head says they are.
    async fn raw(bed: &Bed) -> (Vec<u8>, usize) {
        let mut stream = TcpStream::connect(bed.proxy.addr()).await.unwrap();
        stream.write_all(b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut bytes = Vec::new();
        timely(stream.read_to_end(&mut bytes)).await.unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        (bytes[end..].to_vec(), length)
    }

    #[tokio::test]
    async fn exactly_so_many_bytes_arrive_of_the_length_that_was_promised() {
        let bed = Bed::new().await;
        let whole = b"hello /x ";
        for after in 0..whole.len() {
            let mut fault = bed.proxy.cut_body(after as u64);
            let undo = hold(&mut fault).await.unwrap();
            assert_eq!(raw(&bed).await, (whole[..after].to_vec(), whole.len()));
            let text = format!("1 of 1 request cut off after {after} bytes of the answer's body");
            assert_eq!(fault.evidence().await.unwrap().text(), text);
            clear(&undo).await;
        }
        let mut fault = bed.proxy.cut_body(whole.len() as u64);
        let _undo = hold(&mut fault).await.unwrap();
        assert_eq!(raw(&bed).await, (whole.to_vec(), whole.len()));
        let none = fault.evidence().await.unwrap();
        assert!(!none.is_seen() && none.text().ends_with("no answer in the share had more than 9 bytes"), "{none:?}");
    }
}
