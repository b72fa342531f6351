//! Points for everything that a service is called for.

use super::points::Points;
use chaos_point::Scope;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

impl Points {
    /// A tower layer that puts every call of a service into the scope of these points: for servers that spawn a task for
    /// each connection, such as axum (`router.layer(points.layer())`).
    pub fn layer(&self) -> PointsLayer {
        PointsLayer(self.clone())
    }
}

/// Made by [`Points::layer`].
#[derive(Debug, Clone)]
pub struct PointsLayer(Points);

/// A service in the scope of points.
#[derive(Debug, Clone)]
pub struct PointsService<S> {
    inner: S,
    points: Points,
}

impl<S> Layer<S> for PointsLayer {
    type Service = PointsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PointsService { inner, points: self.0.clone() }
    }
}

impl<S: Service<Request>, Request> Service<Request> for PointsService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Scope<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { inner, points } = self;
        // What the service does before its future is polled belongs to the call too.
        let call = points.run(|| inner.call(request));
        points.scope(call)
    }
}
