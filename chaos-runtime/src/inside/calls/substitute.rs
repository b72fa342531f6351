//! What a caller gets when a call is not made, whatever the service's types are.

use super::error::ChaosError;

/// Makes the outcome of a call that a fault has hit: `T` is the `Result` of a service.
///
/// You need not write one: see the constructors of `ChaosLayer`.
pub trait Substitute<T> {
    /// The outcome, and why it is needed.
    fn substitute(&self, error: ChaosError) -> T;
}

/// Errors made of a [`ChaosError`]: for services whose error is `Box<dyn Error + Send + Sync>`, `io::Error`, or any that
/// is `From<ChaosError>`.
#[cfg(feature = "tower")]
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorFrom;

/// Errors made by a closure.
#[cfg(feature = "tower")]
#[derive(Debug, Clone, Copy)]
pub struct ErrorBy<F>(pub(super) F);

/// Answers made by a closure, for services that report failures in their answers.
#[cfg(feature = "tower")]
#[derive(Debug, Clone, Copy)]
pub struct AnswerBy<F>(pub(super) F);

#[cfg(feature = "tower")]
impl<R, E: From<ChaosError>> Substitute<Result<R, E>> for ErrorFrom {
    fn substitute(&self, error: ChaosError) -> Result<R, E> {
        Err(error.into())
    }
}

#[cfg(feature = "tower")]
impl<R, E, F: Fn() -> E> Substitute<Result<R, E>> for ErrorBy<F> {
    fn substitute(&self, _error: ChaosError) -> Result<R, E> {
        Err((self.0)())
    }
}

#[cfg(feature = "tower")]
impl<R, E, F: Fn() -> R> Substitute<Result<R, E>> for AnswerBy<F> {
    fn substitute(&self, _error: ChaosError) -> Result<R, E> {
        Ok((self.0)())
    }
}
