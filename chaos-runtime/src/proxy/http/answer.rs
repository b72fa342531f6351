//! What faults do to the service's answers.

use super::body::AnswerBody;
use super::rule::{HttpEffect, Rule};
use http::{HeaderValue, Method, Response, StatusCode, header};
use std::sync::Arc;

/// Does to an answer what a fault asks for. Counts it, if it changed anything.
pub(super) fn change(answer: &mut Response<AnswerBody>, method: &Method, rule: &Arc<Rule>) {
    match &rule.effect {
        HttpEffect::ReplaceBody { body, content_type, keep_length } if may_have_body(method, answer.status()) => {
            rule.hits.hit();
            let headers = answer.headers_mut();
            // What described the other body's bytes on the wire.
            for name in [header::TRANSFER_ENCODING, header::CONTENT_ENCODING, header::TRAILER] {
                headers.remove(name);
            }
            if let Some(kind) = content_type {
                headers.insert(header::CONTENT_TYPE, kind.clone());
            }
            let keeps = *keep_length && headers.contains_key(header::CONTENT_LENGTH);
            if !keeps {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            }
            answer.body_mut().replace(body.clone(), keeps);
        }
        HttpEffect::RemoveHeader(name) if answer.headers_mut().remove(name).is_some() => rule.hits.hit(),
        // Counted when it is reached.
        HttpEffect::CutBody { after } => answer.body_mut().cut(*after, rule),
        _ => {}
    }
}

/// Whether an answer has a body, be it an empty one (RFC 9110, section 6.4.1).
fn may_have_body(method: &Method, status: StatusCode) -> bool {
    let never = status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    !(never || method == Method::HEAD || method == Method::CONNECT && status.is_success())
}
