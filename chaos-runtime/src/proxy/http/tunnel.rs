//! Bytes that are no HTTP, both ways and untouched.

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};

/// Passes bytes until both sides have ended, or one breaks.
pub(super) async fn pass(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut service: impl AsyncRead + AsyncWrite + Unpin,
) {
    // What broke, the ends have noted.
    let _ = copy_bidirectional(&mut client, &mut service).await;
}

/// What a connection goes on with after "101 Switching Protocols", or after a CONNECT: a WebSocket, for instance.
pub(super) fn after_upgrade(client: OnUpgrade, service: OnUpgrade) {
    tokio::spawn(async move {
        let (client, service): (hyper::Result<Upgraded>, hyper::Result<Upgraded>) =
            futures_util::future::join(client, service).await;
        if let (Ok(client), Ok(service)) = (client, service) {
            pass(TokioIo::new(client), TokioIo::new(service)).await;
        }
    });
}
