//! Header removal: answers lack a header.

use super::abort::{is_framing, name_of};
use super::on::{Harm, OnRequests};
use crate::proxy::http::{HttpEffect, HttpProxy};
use crate::{Error, Result};

/// The service's answers lack a header. Made by [`HttpProxy::remove_header`]. Only answers that had it count as hit.
#[derive(Debug, Clone)]
pub struct RemoveHeader {
    name: String,
}

impl HttpProxy {
    /// A fault: answers come without this header. See [`OnRequests`] for the requests that are meant.
    pub fn remove_header(&self, name: impl Into<String>) -> OnRequests<RemoveHeader> {
        OnRequests::new(self, RemoveHeader { name: name.into() })
    }
}

impl Harm for RemoveHeader {
    fn describe(&self) -> String {
        format!("removal of header {}", self.name)
    }

    fn effect(&self) -> Result<HttpEffect> {
        let name = name_of(&self.name)?;
        if is_framing(&name) {
            return Err(Error::new(format!("the header `{name}` can't be removed: the connection depends on it"))
                .help("for an answer without its end use proxy.cut_body(0)"));
        }
        Ok(HttpEffect::RemoveHeader(name))
    }

    fn done(&self) -> String {
        format!("answered without {}", self.name)
    }

    fn nothing(&self) -> String {
        format!("no answer had the header {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold, refusal};

    #[tokio::test]
    async fn answers_lack_it_and_nothing_else() {
        let bed = Bed::new().await;
        let (mut etag, mut other) = (bed.proxy.remove_header("ETag"), bed.proxy.remove_header("x-none"));
        let (_etag, _other) = (hold(&mut etag).await.unwrap(), hold(&mut other).await.unwrap());
        let answer = bed.get("/").await;
        assert!(!answer.headers().contains_key("etag"));
        assert_eq!(answer.headers()["x-service"], "real");
        assert_eq!(answer.text().await.unwrap(), "hello / ");
        assert_eq!(etag.evidence().await.unwrap().text(), "1 of 1 request answered without ETag");
        let none = other.evidence().await.unwrap();
        assert!(!none.is_seen() && none.text().ends_with("but no answer had the header x-none"), "{}", none.text());
    }

    #[tokio::test]
    async fn what_the_connection_needs_is_refused() {
        let proxy = &Bed::new().await.proxy;
        assert!(refusal(proxy.remove_header("content-length")).await.contains("the connection depends on it"));
        assert!(refusal(proxy.remove_header("e tag")).await.contains("`e tag` is no name"));
    }
}
