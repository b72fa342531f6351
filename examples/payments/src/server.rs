//! The service behind HTTP.

use crate::edition::Desk;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves `POST /payments/<id>` on a free port of the loopback interface, until the runtime ends.
pub(crate) async fn serve(desk: Desk) -> io::Result<SocketAddr> {
    let router = Router::new().route("/payments/{id}", post(pay)).with_state(Arc::new(desk));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(addr)
}

async fn pay(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> (StatusCode, String) {
    match desk.pay(&id).await {
        Ok(()) => (StatusCode::CREATED, String::new()),
        Err(failure) if failure.is_passing() => (StatusCode::SERVICE_UNAVAILABLE, failure.to_string()),
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()),
    }
}
