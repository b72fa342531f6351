//! One connection through the proxy: two sockets, a link each way, and how they end.

use super::dialing::{Dialed, Dialing};
use super::direction::Direction;
use super::faults::Seat;
use super::http::{self, Ends};
use super::link::{Ended, Link};
use super::plan::Cut;
use super::socket::Socket;
use super::subject::Subject;
use super::upstream::Upstream;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Serves an accepted connection to its end.
pub(super) async fn serve(client: Socket, upstream: Upstream, seat: Seat) {
    seat.sit_down().await;
    let subject = Arc::new(Subject::new(seat.id, seat.faults().clone()));
    match Dialing::new(&upstream, &seat, &subject).await {
        Dialed::Connected(server) => {
            client.send_at_once();
            server.send_at_once();
            match engine(server, &seat).await {
                Ok((server, engine)) => {
                    let mut connection = Connection::new(client, server, engine, &subject);
                    let end = poll_fn(|cx| connection.poll(cx, &seat)).await;
                    end.apply(connection.client, Some((connection.server, connection.engine)));
                }
                Err(_) => client.close(false),
            }
        }
        Dialed::Failed { reset } => client.close(reset),
        Dialed::Cut(cut) => Farewell::of(&cut, &seat).apply(client, None),
    }
    // The seat is left last: who waits for it may rely on the sockets being closed.
    drop(seat);
}

/// Puts the engine of a proxy that understands HTTP before the service. It fails as a connection does: for want of
/// descriptors.
async fn engine(server: Socket, seat: &Seat) -> io::Result<(Socket, Option<Arc<Ends>>)> {
    let Some(faults) = seat.faults().http() else { return Ok((server, None)) };
    let (server, ends) = http::between(server, faults).await.inspect_err(crate::descriptors::note)?;
    Ok((server, Some(ends)))
}

struct Connection {
    client: Socket,
    server: Socket,
    /// Behind `server`, if requests are understood.
    engine: Option<Arc<Ends>>,
    up: Link,
    down: Link,
    up_ended: Option<Ended>,
    down_ended: Option<Ended>,
    seen: Option<u64>,
}

impl Connection {
    fn new(client: Socket, server: Socket, engine: Option<Arc<Ends>>, subject: &Arc<Subject>) -> Self {
        let (up, down) = (Link::new(Direction::Upstream, subject), Link::new(Direction::Downstream, subject));
        Self { client, server, engine, up, down, up_ended: None, down_ended: None, seen: None }
    }

    /// Polls both links; ready when the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>, seat: &Seat) -> Poll<Farewell> {
        let mut version = u64::MAX;
        if self.up_ended.is_none() {
            match self.up.poll(cx, &mut self.client, &mut self.server) {
                Poll::Ready(ended) => {
                    if let Ended::Broken { reset: true } = ended {
                        self.down.source_was_reset();
                    }
                    self.up_ended = Some(ended);
                }
                Poll::Pending => version = self.up.version(),
            }
        }
        if self.down_ended.is_none() {
            // The engine ends with a FIN, whatever the service did.
            if self.engine.as_ref().is_some_and(|engine| engine.was_reset_by_service()) {
                self.down.source_was_reset();
            }
            match self.down.poll(cx, &mut self.server, &mut self.client) {
                Poll::Ready(ended) => {
                    if let Ended::Broken { reset: true } = ended {
                        self.up.source_was_reset();
                    }
                    self.down_ended = Some(ended);
                }
                Poll::Pending => version = version.min(self.down.version()),
            }
        }
        let farewell = match (&self.up_ended, &self.down_ended) {
            (Some(Ended::Cut(cut)), _) | (_, Some(Ended::Cut(cut))) => Farewell::of(cut, seat),
            (Some(Ended::Reset), _) => Farewell { reset_client: false, reset_server: true },
            (_, Some(Ended::Reset)) => Farewell { reset_client: true, reset_server: false },
            // Who wrote to a peer that is gone learns it by a reset, as without a proxy. A link that broke
            // waits for the other one: the peer may have sent an answer before it left.
            (Some(up), Some(down)) => Farewell {
                reset_client: matches!(up, Ended::Broken { .. }),
                reset_server: matches!(down, Ended::Broken { .. }),
            },
            _ => {
                if self.seen != Some(version) {
                    self.seen = Some(version);
                    seat.saw(version);
                }
                return Poll::Pending;
            }
        };
        Poll::Ready(farewell)
    }
}

/// How the two sockets are closed.
struct Farewell {
    reset_client: bool,
    reset_server: bool,
}

impl Farewell {
    fn of(cut: &Cut, seat: &Seat) -> Self {
        cut.hits.strike(seat.id);
        Self { reset_client: cut.reset_client, reset_server: cut.reset_server }
    }

    fn apply(self, client: Socket, server: Option<(Socket, Option<Arc<Ends>>)>) {
        if let Some((server, engine)) = server {
            if let Some(engine) = engine.filter(|_| self.reset_server) {
                engine.reset_by_client();
            }
            server.close(self.reset_server);
        }
        client.close(self.reset_client);
    }
}
