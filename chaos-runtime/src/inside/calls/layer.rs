//! The tower layer.

use super::course::Course;
use super::future::ResponseFuture;
use super::steering::Place;
use super::substitute::{AnswerBy, ErrorBy, ErrorFrom, Substitute};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

const KIND: &str = "chaos layer";

/// A tower layer that harms calls, and the switch that says when. Clones steer the same switch: one goes into the
/// service under test, the other stays with the test.
///
/// ```
/// use chaos_runtime::prelude::*;
/// use chaos_runtime::inside::ChaosLayer;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let switch = ChaosLayer::new();
/// let service = tower::service_fn(async |n: u32| Ok::<_, tower::BoxError>(n + 1));
/// let service = ServiceBuilder::new().layer(switch.clone()).service(service);
///
/// chaos.load(op(move |_| service.clone().oneshot(1)).rate(per_second(100))).await?;
/// chaos.inject(switch.error_rate(percent(10))).hold(secs(5)).await?;
/// chaos.inject(switch.latency(millis(200)).jitter(millis(50))).hold(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
///
/// A call that a fault fails is not made. What the caller gets then is decided by the constructor: an error
/// [of the service's type](Self::new), one [of yours](Self::with_error), or [an answer](Self::with_answer).
///
/// Several faults at once act in this order: a call waits for a place (`concurrency_limit`) and keeps it; it fails by the
/// oldest `error_rate` that hits it, or the service is called, and the call `dropped`; what comes of it is held back by
/// the `latency` faults, which add up. Faults are met by calls that are made while they are on; when they are cleared,
/// what they hold up goes on at once.
#[derive(Debug, Clone)]
pub struct ChaosLayer<M = ErrorFrom> {
    place: Place,
    substitute: M,
}

impl ChaosLayer {
    /// For services whose error is `Box<dyn Error + Send + Sync>`, `io::Error`, or any that is
    /// `From<`[`ChaosError`](super::ChaosError)`>`.
    #[expect(clippy::new_without_default, reason = "two defaults would be two switches, which is never what is meant")]
    pub fn new() -> Self {
        Self::with(ErrorFrom)
    }
}

impl<F> ChaosLayer<ErrorBy<F>> {
    /// For services with any error: the closure makes one.
    pub fn with_error<E>(error: F) -> Self
    where
        F: Fn() -> E + Clone,
    {
        Self::with(ErrorBy(error))
    }
}

impl<F> ChaosLayer<AnswerBy<F>> {
    /// For services that report failures in their answers, such as `503 Service Unavailable`: the closure makes one.
    pub fn with_answer<R>(answer: F) -> Self
    where
        F: Fn() -> R + Clone,
    {
        Self::with(AnswerBy(answer))
    }
}

impl<M> ChaosLayer<M> {
    /// With a [`Substitute`] of your own.
    pub fn with(substitute: M) -> Self {
        Self { place: Place::new(KIND), substitute }
    }

    /// A name for reports, where there are several: `inventory`.
    pub fn named(mut self, name: &str) -> Self {
        self.place = self.place.named(KIND, name);
        self
    }

    steering!(place);
}

impl<S, M: Clone> Layer<S> for ChaosLayer<M> {
    type Service = ChaosService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        ChaosService { inner, layer: self.clone() }
    }
}

/// A service behind a [`ChaosLayer`].
#[derive(Debug, Clone)]
pub struct ChaosService<S, M = ErrorFrom> {
    inner: S,
    layer: ChaosLayer<M>,
}

impl<S, M, Request> Service<Request> for ChaosService<S, M>
where
    S: Service<Request>,
    M: Substitute<Result<S::Response, S::Error>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, M>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match Course::of(&self.layer.place.switch) {
            None => ResponseFuture::untouched(self.inner.call(request)),
            Some(course) => {
                let call = course.is_made().then(|| self.inner.call(request));
                ResponseFuture::harmed(call, course, self.layer.substitute.clone())
            }
        }
    }
}
