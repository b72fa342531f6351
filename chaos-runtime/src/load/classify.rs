//! Errors of any library to classes, from the types in their chain of causes.

use crate::descriptors;
use crate::measure::{ErrorClass, Outcome};
use std::error::Error;
use std::io;

/// The class of an error, found by looking through its chain of causes.
///
/// The innermost cause that is known by its type decides (`io::Error`, tokio's `Elapsed`, `reqwest::Error`,
/// `hyper::Error`, TLS errors): "error sending request" is `refused` when a refused connection lies below it. Only where
/// no type is known, as with errors that a library turned into text, do well-known phrases such as "connection refused"
/// count.
pub fn classify(error: &(dyn Error + 'static)) -> ErrorClass {
    let mut vague = None;
    for cause in Chain(Some(error)) {
        match by_type(cause) {
            Known::Exactly(class) => return class,
            Known::AtLeast(class) => vague = Some(class),
            Known::Not => {}
        }
    }
    vague.or_else(|| Chain(Some(error)).find_map(|cause| by_text(&cause.to_string()))).unwrap_or(ErrorClass::Other)
}

/// An error as the outcome of an attempt.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Outcome {
    // Not the target's fault, whatever class it gets.
    Chain(Some(error)).filter_map(|cause| cause.downcast_ref()).for_each(descriptors::note);
    let mut outcome = Outcome::failed(classify(error), message(error));
    outcome.status =
        Chain(Some(error)).find_map(|cause| cause.downcast_ref::<reqwest::Error>()?.status()).map(|s| s.as_u16());
    outcome
}

/// An error with its causes in one line, without repetitions and without a URL's query, which may hold a secret.
fn message(error: &(dyn Error + 'static)) -> String {
    let mut message = String::new();
    for cause in Chain(Some(error)) {
        let mut text = cause.to_string();
        if let Some(url) = cause.downcast_ref::<reqwest::Error>().and_then(reqwest::Error::url) {
            text = text.replace(&format!(" for url ({url})"), "");
        }
        if !message.contains(&text) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text);
        }
    }
    message
}

/// An error and its causes, from the outside in.
struct Chain<'a>(Option<&'a (dyn Error + 'static)>);

impl<'a> Iterator for Chain<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.0?;
        // `io::Error::source` skips the error that it wraps, and gives that one's source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        self.0 = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source());
        Some(error)
    }
}

/// What a type says about the class.
enum Known {
    /// This class, whatever lies below.
    Exactly(ErrorClass),
    /// This class, unless a cause says it more exactly.
    AtLeast(ErrorClass),
    Not,
}

fn by_type(error: &(dyn Error + 'static)) -> Known {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return by_kind(error);
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Known::Exactly(ErrorClass::Timeout);
    }
    #[cfg(feature = "tls")]
    if error.is::<rustls::Error>() {
        return Known::Exactly(ErrorClass::Tls);
    }
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return if error.is_timeout() {
            Known::Exactly(ErrorClass::Timeout)
        } else if error.is_dns() {
            Known::Exactly(ErrorClass::Dns)
        } else if error.is_status() {
            Known::Exactly(ErrorClass::Status)
        } else if error.is_body() || error.is_decode() {
            Known::AtLeast(ErrorClass::Body)
        } else {
            Known::Not
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_timeout() {
            Known::Exactly(ErrorClass::Timeout)
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Known::AtLeast(ErrorClass::Closed)
        } else if error.is_parse() {
            Known::AtLeast(ErrorClass::Body)
        } else {
            Known::Not
        };
    }
    Known::Not
}

fn by_kind(error: &io::Error) -> Known {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Known::Exactly(ErrorClass::Refused),
        Kind::ConnectionReset => Known::Exactly(ErrorClass::Reset),
        Kind::TimedOut | Kind::WouldBlock => Known::Exactly(ErrorClass::Timeout),
        Kind::BrokenPipe | Kind::ConnectionAborted | Kind::UnexpectedEof | Kind::NotConnected | Kind::WriteZero => {
            Known::AtLeast(ErrorClass::Closed)
        }
        // The standard library has no kind for getaddrinfo's errors, only this text.
        _ if error.to_string().starts_with("failed to lookup address") => Known::Exactly(ErrorClass::Dns),
        _ => Known::Not,
    }
}

/// The last resort: phrases of the operating system, hyper, h2, rustls and database drivers.
fn by_text(text: &str) -> Option<ErrorClass> {
    const PHRASES: [(&str, ErrorClass); 20] = [
        ("connection refused", ErrorClass::Refused),
        ("connection reset", ErrorClass::Reset),
        // h2: what the peer sent (RST_STREAM, GOAWAY), and what it should not have sent.
        ("stream error received", ErrorClass::Reset),
        ("connection error received", ErrorClass::Closed),
        ("connection error detected", ErrorClass::Body),
        ("stream error detected", ErrorClass::Body),
        ("failed to lookup address", ErrorClass::Dns),
        ("dns error", ErrorClass::Dns),
        ("name or service not known", ErrorClass::Dns),
        ("invalid peer certificate", ErrorClass::Tls),
        ("tls handshake", ErrorClass::Tls),
        ("certificate verify failed", ErrorClass::Tls),
        ("timed out", ErrorClass::Timeout),
        ("timeout", ErrorClass::Timeout),
        ("deadline has elapsed", ErrorClass::Timeout),
        ("deadline exceeded", ErrorClass::Timeout),
        ("broken pipe", ErrorClass::Closed),
        ("connection closed", ErrorClass::Closed),
        ("connection aborted", ErrorClass::Closed),
        ("unexpected eof", ErrorClass::Closed),
    ];
    let text = text.to_lowercase();
    PHRASES.iter().find(|(phrase, _)| text.contains(phrase)).map(|&(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[derive(Debug, thiserror::Error)]
    #[error("could not save the order")]
    struct Wrapper(#[source] Box<dyn Error + Send + Sync>);

    fn deep(error: impl Into<Box<dyn Error + Send + Sync>>) -> Wrapper {
        Wrapper(Box::new(Wrapper(error.into())))
    }

    #[test]
    fn kinds_of_io_errors() {
        use io::ErrorKind as Kind;
        for (kind, class) in [
            (Kind::ConnectionRefused, ErrorClass::Refused),
            (Kind::ConnectionReset, ErrorClass::Reset),
            (Kind::BrokenPipe, ErrorClass::Closed),
            (Kind::UnexpectedEof, ErrorClass::Closed),
            (Kind::TimedOut, ErrorClass::Timeout),
            (Kind::PermissionDenied, ErrorClass::Other),
        ] {
            assert_eq!(classify(&io::Error::from(kind)), class, "{kind:?}");
            assert_eq!(classify(&deep(io::Error::from(kind))), class, "{kind:?} deep inside");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_elapsed_timeout_even_inside_an_io_error() {
        let elapsed = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(classify(&io::Error::other(deep(elapsed))), ErrorClass::Timeout);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve() {
        let error = tokio::net::lookup_host("nowhere.invalid:80").await.err().unwrap();
        assert_eq!(classify(&error), ErrorClass::Dns);
    }

    #[test]
    fn the_innermost_known_cause_decides() {
        let reset = io::Error::new(io::ErrorKind::UnexpectedEof, deep(io::Error::from(io::ErrorKind::ConnectionReset)));
        assert_eq!(classify(&reset), ErrorClass::Reset);
    }

    #[test]
    fn phrases_count_only_without_a_known_type() {
        assert_eq!(classify(&*Box::<dyn Error>::from("Connection refused (os error 111)")), ErrorClass::Refused);
        assert_eq!(classify(&*Box::<dyn Error>::from("pool timed out while waiting")), ErrorClass::Timeout);
        assert_eq!(classify(&*Box::<dyn Error>::from("duplicate key")), ErrorClass::Other);
        let typed = io::Error::new(io::ErrorKind::ConnectionRefused, "not a timeout");
        assert_eq!(classify(&typed), ErrorClass::Refused);
    }

    #[test]
    fn a_message_names_every_cause_once() {
        let outcome = failure(&deep(io::Error::other("disk full")));
        assert_eq!(outcome.message.as_deref(), Some("could not save the order: disk full"));
    }
}
