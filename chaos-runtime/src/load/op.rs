//! Closures as operations.

use super::classify::failure;
use super::{OpId, Operation};
use crate::measure::{ErrorClass, Outcome};
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

/// An operation from a closure: `op(async move |id: OpId| client.pay(id).await)`.
///
/// The closure is called for every attempt; what it returns is turned into an outcome by [`IntoOutcome`]. It owns
/// what it uses, and as an async closure it may lend that to its futures. One that returns a future is as good:
/// `op(move |id| pay(client.clone(), id))`.
pub fn op<F, R>(attempt: F) -> Op<F, R>
where
    F: AsyncFn(OpId) -> R + Send + Sync + 'static,
    R: IntoOutcome + 'static,
{
    Op { attempt, returns: PhantomData }
}

/// What [`op`] makes.
pub struct Op<F, R> {
    attempt: F,
    returns: PhantomData<fn() -> R>,
}

impl<F: Clone, R> Clone for Op<F, R> {
    fn clone(&self) -> Self {
        Self { attempt: self.attempt.clone(), returns: PhantomData }
    }
}

impl<F, R> fmt::Debug for Op<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Op")
    }
}

impl<F, R> Operation for Op<F, R>
where
    F: AsyncFn(OpId) -> R + Send + Sync + 'static,
    R: IntoOutcome + 'static,
{
    async fn attempt(&self, id: OpId) -> Outcome {
        (self.attempt)(id).await.into_outcome()
    }

    fn describe(&self) -> String {
        "op".to_owned()
    }
}

/// What the closure of an [`op`] may return.
///
/// - `()`: always a success.
/// - `Result<T, E>` with any error type: an error is put into its class by [`classify`](super::classify()). An
///   `Ok(reqwest::Response)`, `Ok(http::Response<…>)` (of the usual body types) or `Ok(StatusCode)` counts its status as
///   [`http::get`](super::http::get) does: 4xx and 5xx are failures. The body of a response is not read.
/// - [`Outcome`], also inside a `Result`, where the closure knows better.
#[diagnostic::on_unimplemented(
    message = "the closure of `op` returns `{Self}`, which is no outcome",
    label = "return `()`, `Result<T, E>` or `Outcome` from the closure",
    note = "`E` must convert into `Box<dyn Error + Send + Sync>`, as every error type does"
)]
pub trait IntoOutcome {
    /// The outcome of the attempt.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::OK
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl<T: 'static, E: Into<Box<dyn Error + Send + Sync>>> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => success(&value),
            Err(error) => failure(&*error.into()),
        }
    }
}

/// The outcome of a call that returned a value, which may be an answer with a status.
fn success(value: &dyn Any) -> Outcome {
    if let Some(outcome) = value.downcast_ref::<Outcome>() {
        return outcome.clone();
    }
    match status(value) {
        Some(status) => of_status(status),
        None => Outcome::OK,
    }
}

fn status(value: &dyn Any) -> Option<u16> {
    fn of<B: 'static>(value: &dyn Any) -> Option<u16> {
        value.downcast_ref::<::http::Response<B>>().map(|response| response.status().as_u16())
    }
    value
        .downcast_ref::<reqwest::Response>()
        .map(|response| response.status().as_u16())
        .or_else(|| value.downcast_ref::<::http::StatusCode>().map(|status| status.as_u16()))
        .or_else(|| of::<reqwest::Body>(value))
        .or_else(|| of::<bytes::Bytes>(value))
        .or_else(|| of::<Vec<u8>>(value))
        .or_else(|| of::<String>(value))
        .or_else(|| of::<()>(value))
}

/// 4xx and 5xx are failures.
fn of_status(status: u16) -> Outcome {
    if status < 400 {
        Outcome::OK.with_status(status)
    } else {
        Outcome::failed(ErrorClass::Status, format!("status {status}")).with_status(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn run<O: Operation>(operation: &O) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(operation.attempt(OpId::new(1, 0, 7)))
    }

    #[test]
    fn a_closure_that_returns_nothing_succeeds_and_gets_its_id() {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
        let in_closure = seen.clone();
        let operation = op(move |id| {
            *in_closure.lock().unwrap() = Some(id);
            async {}
        });
        assert_eq!(run(&operation), Outcome::OK);
        assert_eq!(seen.lock().unwrap().map(OpId::index), Some(7));
        assert_eq!(operation.describe(), "op");
    }

    #[test]
    fn futures_need_not_be_send() {
        let operation = op(|_| async {
            let local = std::rc::Rc::new(3);
            tokio::task::yield_now().await;
            if *local == 3 { Ok(()) } else { Err("changed") }
        });
        assert_eq!(run(&operation), Outcome::OK);
    }

    #[test]
    fn an_async_closure_may_lend_what_it_owns() {
        struct Client(u32);
        impl Client {
            async fn pay(&self) -> Result<u32, io::Error> {
                Ok(self.0)
            }
        }
        let client = Client(7);
        assert_eq!(run(&op(async move |_| client.pay().await)), Outcome::OK);
    }

    #[test]
    fn errors_of_many_types_are_classified() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(run(&op(move |_| async move { Err::<(), _>(refused()) })).error, Some(ErrorClass::Refused));
        let boxed = op(move |_| async move { Err::<(), Box<dyn Error + Send + Sync>>(refused().into()) });
        assert_eq!(run(&boxed).error, Some(ErrorClass::Refused));
        let text = op(|_| async { Err::<(), _>(String::from("out of stock")) });
        assert_eq!(run(&text), Outcome::failed(ErrorClass::Other, "out of stock"));
        let question_mark = op(move |_| async move {
            Err::<(), _>(refused())?;
            Ok::<(), crate::Error>(())
        });
        assert_eq!(run(&question_mark).error, Some(ErrorClass::Refused));
    }

    #[test]
    fn answers_count_their_status() {
        let of = |status: u16| ::http::Response::builder().status(status);
        let ok = Ok::<_, io::Error>(of(204).body(()).unwrap()).into_outcome();
        assert_eq!((ok.is_ok(), ok.status), (true, Some(204)));
        let broken = Ok::<_, io::Error>(of(503).body(String::new()).unwrap()).into_outcome();
        assert_eq!((broken.error, broken.status), (Some(ErrorClass::Status), Some(503)));
        let response = reqwest::Response::from(of(404).body("no").unwrap());
        assert_eq!(Ok::<_, io::Error>(response).into_outcome().status, Some(404));
        let code = Ok::<_, io::Error>(::http::StatusCode::BAD_GATEWAY).into_outcome();
        assert_eq!(code.error, Some(ErrorClass::Status));
        let own = Outcome::failed(ErrorClass::Body, "empty basket");
        assert_eq!(Ok::<_, io::Error>(own.clone()).into_outcome(), own);
        assert_eq!(own.clone().into_outcome(), own);
    }
}
