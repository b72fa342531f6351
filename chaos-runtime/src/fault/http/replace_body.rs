//! Wrong content: answers have another body.

use super::on::{Harm, OnRequests};
use crate::proxy::http::{HttpEffect, HttpProxy};
use crate::{Error, Result};
use bytes::Bytes;
use http::HeaderValue;

/// The service's answers have another body. Made by [`HttpProxy::replace_body`].
///
/// Status and headers stay, an `ETag` or a digest too, so that the content is wrong as after a broken cache; but
/// `Content-Length` says the new length, and `Content-Encoding` and trailers are gone. The service does its work and
/// what it sends is thrown away. Answers that have no body (to HEAD, or with 204 or 304) are left alone.
#[derive(Debug, Clone)]
pub struct ReplaceBody {
    body: Bytes,
    content_type: Option<String>,
    keep_length: bool,
}

impl HttpProxy {
    /// A fault: answers have this body. See [`ReplaceBody`] for its type and a wrong length, and [`OnRequests`] for the
    /// requests that are meant.
    pub fn replace_body(&self, body: impl Into<Bytes>) -> OnRequests<ReplaceBody> {
        OnRequests::new(self, ReplaceBody { body: body.into(), content_type: None, keep_length: false })
    }
}

impl OnRequests<ReplaceBody> {
    /// The body's type: `"text/html"`. Default: what the service says of its own.
    pub fn content_type(mut self, kind: impl Into<String>) -> Self {
        self.harm.content_type = Some(kind.into());
        self
    }

    /// Keeps the service's `Content-Length`, wrong as it is: a shorter body then ends too early, and of a longer one
    /// HTTP/1.1 sends only so much.
    pub fn keep_length(mut self) -> Self {
        self.harm.keep_length = true;
        self
    }
}

impl Harm for ReplaceBody {
    fn describe(&self) -> String {
        format!("another body of {} bytes", self.body.len())
    }

    fn effect(&self) -> Result<HttpEffect> {
        let content_type = self.content_type.as_deref().map(|kind| {
            HeaderValue::from_str(kind).map_err(|_| {
                Error::new(format!("`{}` is no content type", kind.escape_debug())).help("write it as in \"text/html\"")
            })
        });
        Ok(HttpEffect::ReplaceBody {
            body: self.body.clone(),
            content_type: content_type.transpose()?,
            keep_length: self.keep_length,
        })
    }

    fn done(&self) -> String {
        "answered with another body".to_owned()
    }

    fn nothing(&self) -> String {
        "none in the share had an answer with a body".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold, refusal};
    use crate::proxy::testbed::clear;

    #[tokio::test]
    async fn answers_have_another_body_of_an_honest_length() {
        let bed = Bed::new().await;
        let mut fault = bed.proxy.replace_body("<html>oops").content_type("text/html");
        let undo = hold(&mut fault).await.unwrap();
        for _ in 0..3 {
            let answer = bed.get("/").await;
            assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(10)));
            assert_eq!(answer.headers()["etag"], "\"1\"");
            assert_eq!(answer.headers()["content-type"], "text/html");
            assert_eq!(answer.text().await.unwrap(), "<html>oops");
        }
        let head = bed.client.head(bed.proxy.url("/")).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(fault.evidence().await.unwrap().text(), "3 of 4 requests answered with another body");
        clear(&undo).await;
        assert_eq!(bed.get("/").await.text().await.unwrap(), "hello / ");
    }

    #[tokio::test]
    async fn a_length_that_is_kept_is_wrong() {
        let bed = Bed::new().await;
        let undo = hold(&mut bed.proxy.replace_body("short").keep_length()).await.unwrap();
        let answer = bed.get("/").await;
        assert_eq!(answer.content_length(), Some(8));
        assert!(answer.text().await.is_err(), "it ends after 5 of 8 bytes");
        clear(&undo).await;
        let _undo = hold(&mut bed.proxy.replace_body("longer than hello").keep_length()).await.unwrap();
        assert_eq!(bed.get("/").await.text().await.unwrap(), "longer t");
    }

    #[tokio::test]
    async fn what_is_no_type_is_refused() {
        let proxy = &Bed::new().await.proxy;
        assert!(refusal(proxy.replace_body("x").content_type("text/\nhtml")).await.contains("no content type"));
    }
}
