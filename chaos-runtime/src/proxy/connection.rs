//! One connection through the proxy: two sockets, a link each way, and how they end.

use super::direction::Direction;
use super::faults::Seat;
use super::hold::Hold;
use super::link::{Ended, Link};
use super::plan::Cut;
use super::upstream::Upstream;
use socket2::SockRef;
use std::future::{Future, poll_fn};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// Serves an accepted connection to its end.
pub(super) async fn serve(client: TcpStream, upstream: Upstream, seat: Seat) {
    seat.sit_down().await;
    match dial(&upstream, &seat).await {
        Dialed::Connected(server) => {
            // Without it the proxy would add Nagle's delay; it fails only on a socket that is gone.
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let mut connection = Connection::new(client, server, &seat);
            let end = poll_fn(|cx| connection.poll(cx, &seat)).await;
            end.apply(connection.client, Some(connection.server));
        }
        Dialed::Failed { reset } => close(client, reset),
        Dialed::Cut(cut) => Farewell::of(&cut, &seat).apply(client, None),
    }
    // The seat is left last: who waits for it may rely on the sockets being closed.
    drop(seat);
}

/// How the connection to the service came out.
enum Dialed {
    Connected(TcpStream),
    /// `reset`: the service has taken the connection and reset it before it was noticed here.
    Failed {
        reset: bool,
    },
    Cut(Cut),
}

/// Connects to the service, under the faults that are set meanwhile: in a black hole towards the service
/// nothing is sent, in one towards the client a failure does not get back.
async fn dial(upstream: &Upstream, seat: &Seat) -> Dialed {
    // In a box, for it is larger than all that a connection needs afterwards.
    let mut connecting = Box::pin(upstream.connect());
    let timer = seat.faults().timer();
    let mut failed = None;
    let mut seen = None;
    let (mut up, mut down) = (Hold::default(), Hold::default());
    poll_fn(|cx| {
        let (version, plan) = seat.faults().current();
        let (up_lane, down_lane) = (plan.lane(Direction::Upstream), plan.lane(Direction::Downstream));
        if let Some(cut) = plan.cut(seat.id) {
            return Poll::Ready(Dialed::Cut(cut.clone()));
        }
        if seen.replace(version) != Some(version) {
            seat.saw(version);
            up.follow(up_lane, seat.id);
            down.follow(down_lane, seat.id);
        }
        if up.is_on() {
            up.note(up_lane, seat.id);
            return up.poll_close(cx, timer, up_lane, seat.id).map(Dialed::Cut);
        }
        if failed.is_none() {
            match connecting.as_mut().poll(cx) {
                Poll::Ready(Ok(server)) => return Poll::Ready(Dialed::Connected(server)),
                Poll::Ready(Err(error)) => failed = Some(error.kind() == io::ErrorKind::ConnectionReset),
                Poll::Pending => return down.poll_close(cx, timer, down_lane, seat.id).map(Dialed::Cut),
            }
        }
        if down.is_on() {
            down.note(down_lane, seat.id);
            return down.poll_close(cx, timer, down_lane, seat.id).map(Dialed::Cut);
        }
        Poll::Ready(Dialed::Failed { reset: failed.unwrap_or_default() })
    })
    .await
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    up: Link,
    down: Link,
    up_ended: Option<Ended>,
    down_ended: Option<Ended>,
    seen: Option<u64>,
}

impl Connection {
    fn new(client: TcpStream, server: TcpStream, seat: &Seat) -> Self {
        let (up, down) = (Link::new(Direction::Upstream, seat), Link::new(Direction::Downstream, seat));
        Self { client, server, up, down, up_ended: None, down_ended: None, seen: None }
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

    fn apply(self, client: TcpStream, server: Option<TcpStream>) {
        if let Some(server) = server {
            close(server, self.reset_server);
        }
        close(client, self.reset_client);
    }
}

/// Closes a socket, with a RST instead of a FIN if so wanted.
fn close(stream: TcpStream, reset: bool) {
    if reset {
        // It fails only on a socket that is gone, and then there is nobody to tell.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    drop(stream);
}
