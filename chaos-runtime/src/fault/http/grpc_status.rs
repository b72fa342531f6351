//! gRPC status: calls fail with a status of gRPC.

use super::on::{Harm, OnRequests};
use crate::Result;
use crate::proxy::http::{Canned, HttpEffect, HttpProxy};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::fmt;
use std::fmt::Write as _;

/// Why a call of gRPC failed (gRPC, "Status codes and their use in gRPC"). Without `OK`, which is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum GrpcCode {
    /// The call was cancelled, typically by the caller.
    Cancelled = 1,
    /// An unknown error.
    Unknown = 2,
    /// The client gave an invalid argument.
    InvalidArgument = 3,
    /// The deadline expired before the call could complete.
    DeadlineExceeded = 4,
    /// Something that was asked for was not found.
    NotFound = 5,
    /// What the client wanted to create exists.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// Something is exhausted: a quota, or space.
    ResourceExhausted = 8,
    /// The system is not in a state in which this can be done.
    FailedPrecondition = 9,
    /// The call was aborted, typically for concurrency.
    Aborted = 10,
    /// The call went past the valid range.
    OutOfRange = 11,
    /// The call is not implemented or not supported.
    Unimplemented = 12,
    /// An internal error.
    Internal = 13,
    /// The service is unavailable at present; what clients may try again.
    Unavailable = 14,
    /// Data was lost or corrupted for good.
    DataLoss = 15,
    /// The caller's credentials are missing or not valid.
    Unauthenticated = 16,
}

impl fmt::Display for GrpcCode {
    /// `14 (Unavailable)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self:?})", *self as u8)
    }
}

/// Calls of gRPC fail with a status, and the service sees nothing of them. Made by [`HttpProxy::grpc_status`].
///
/// The answer is what gRPC calls trailers-only: HTTP status 200 and one block of headers with `grpc-status`. Requests
/// whose content type is not gRPC's are left alone.
#[derive(Debug, Clone)]
pub struct GrpcStatus {
    code: GrpcCode,
    message: String,
}

impl HttpProxy {
    /// A fault: calls of gRPC fail with this status. See [`GrpcStatus`] for the message, and [`OnRequests`] for the calls
    /// that are meant: `.on_path("/shop.Orders/*")`.
    pub fn grpc_status(&self, code: GrpcCode) -> OnRequests<GrpcStatus> {
        OnRequests::new(self, GrpcStatus { code, message: String::new() })
    }
}

impl OnRequests<GrpcStatus> {
    /// The status's message.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.harm.message = message.into();
        self
    }
}

impl Harm for GrpcStatus {
    fn describe(&self) -> String {
        format!("gRPC status {}", self.code)
    }

    fn effect(&self) -> Result<HttpEffect> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from(self.code as u16));
        if !self.message.is_empty() {
            // Percent-encoded, so nothing in it is no value of a header.
            if let Ok(message) = HeaderValue::from_str(&encode(&self.message)) {
                headers.insert(HeaderName::from_static("grpc-message"), message);
            }
        }
        Ok(HttpEffect::Answer(Canned { status: StatusCode::OK, headers, body: Bytes::new() }))
    }

    fn done(&self) -> String {
        format!("answered with gRPC status {}", self.code)
    }

    const GRPC: bool = true;
}

/// Percent-encodes all but printable ASCII, and the percent sign (gRPC over HTTP2, "Status-Message").
fn encode(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b'%' | ..b' ' | 0x7f.. => _ = write!(text, "%{byte:02X}"),
            _ => text.push(byte.into()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(encode("50 % off, naïve\n~"), "50 %25 off, na%C3%AFve%0A~");
        assert_eq!(GrpcCode::Unavailable.to_string(), "14 (Unavailable)");
    }
}
