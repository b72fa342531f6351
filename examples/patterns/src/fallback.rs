//! Fallback: an old answer is better than none.

use crate::{Call, Remote};
use std::sync::{Arc, Mutex, PoisonError};
use tower::{BoxError, ServiceBuilder};

/// Fails as the service fails.
pub fn weak(remote: Remote) -> Call {
    Call::new(remote)
}

/// Answers with what the service said last, where that is known.
pub fn sound(remote: Remote) -> Call {
    let last = Arc::new(Mutex::new(None::<String>));
    let or_last = move |result: Result<String, BoxError>| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(answer) => {
                *last = Some(answer.clone());
                Ok(answer)
            }
            Err(error) => last.clone().ok_or(error),
        }
    };
    Call::new(ServiceBuilder::new().map_result(or_last).service(remote))
}
