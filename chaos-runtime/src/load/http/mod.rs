//! Requests as operations: `http::get("http://127.0.0.1:4000/checkout")`.
//!
//! A request is checked and built once, before the first attempt, together with a client of its own that measures the
//! service and nothing else: connections are kept alive without limit, redirects are not followed, nothing is
//! attempted again, proxies of the environment are ignored, and there is no time-out but the load's. Every body is read
//! to its end.
//!
//! An operation of microseconds at tens of thousands a second is measured more truly with
//! [`bare_http1`](HttpRequest::bare_http1), which sends the same bytes at about half the cost. Everything below holds
//! for both.
//!
//! | what happened | class |
//! |---|---|
//! | nobody listens | `refused` |
//! | the peer sent a RST | `reset` |
//! | the peer closed before the answer was whole: no answer, half a head, fewer bytes than `content-length` | `closed` |
//! | the load's time-out passed | `timeout` |
//! | the name does not resolve | `dns` |
//! | no TLS spoken, certificate not trusted | `tls` |
//! | a status that was not expected | `status` |
//! | whole but not what was expected, or no HTTP | `body` |

mod bare;
mod client;
mod exchange;
mod expect;
mod request;

pub(crate) use client::provide_crypto;
pub use expect::StatusSet;
pub use request::HttpRequest;

use std::fmt::Display;

/// A `GET` of this URL.
pub fn get(url: impl Display) -> HttpRequest {
    request("GET", url)
}

/// A `POST` to this URL.
pub fn post(url: impl Display) -> HttpRequest {
    request("POST", url)
}

/// A `PUT` to this URL.
pub fn put(url: impl Display) -> HttpRequest {
    request("PUT", url)
}

/// A `PATCH` of this URL.
pub fn patch(url: impl Display) -> HttpRequest {
    request("PATCH", url)
}

/// A `DELETE` of this URL.
pub fn delete(url: impl Display) -> HttpRequest {
    request("DELETE", url)
}

/// A `HEAD` of this URL.
pub fn head(url: impl Display) -> HttpRequest {
    request("HEAD", url)
}

/// A request with any method, given as text or as `http::Method`.
pub fn request(method: impl AsRef<str>, url: impl Display) -> HttpRequest {
    HttpRequest::new(method.as_ref(), url.to_string())
}
