//! One connection through the engine: a server towards the client, a client towards the service.
//!
//! Each connection of a client has one to the service, as without the engine, and both end together.

use super::body::RequestBody;
use super::ends::{ClientEnd, Ends, ServiceEnd};
use super::exchange::{Exchanges, Service};
use super::faults::HttpFaults;
use super::protocol::Protocol;
use super::tunnel;
use crate::proxy::socket::Socket;
use hyper::service::service_fn;
use hyper::{client, server};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
#[cfg(unix)]
use tokio::net::UnixStream;

/// Most bytes of the headers of a message in HTTP/2: services set limits of their own, which are smaller.
const HEADERS: u32 = 1024 * 1024;

/// So much may be said, by either side, before it must be clear what is spoken: empty lines, or settings of HTTP/2.
const UNDECIDED: usize = 16 * 1024;

/// Puts an engine before a connection to the service; gives the socket that stands for the service from then on.
pub(in crate::proxy) async fn between(service: Socket, faults: &Arc<HttpFaults>) -> io::Result<(Socket, Arc<Ends>)> {
    let (link, engine) = pair().await?;
    let ends = Arc::<Ends>::default();
    tokio::spawn(serve(engine, service, faults.clone(), ends.clone()));
    Ok((link, ends))
}

/// Two sockets that are connected to each other.
#[cfg(unix)]
async fn pair() -> io::Result<(Socket, Socket)> {
    let (one, other) = UnixStream::pair()?;
    Ok((Socket::Unix(one), Socket::Unix(other)))
}

/// Two sockets that are connected to each other.
#[cfg(not(unix))]
async fn pair() -> io::Result<(Socket, Socket)> {
    use tokio::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let one = TcpStream::connect(listener.local_addr()?).await?;
    loop {
        let (other, from) = listener.accept().await?;
        // Anyone on this machine may have connected.
        if from == one.local_addr()? {
            let (one, other) = (Socket::Tcp(one), Socket::Tcp(other));
            one.send_at_once();
            other.send_at_once();
            return Ok((one, other));
        }
    }
}

/// Serves a connection to its end.
async fn serve<S>(client: S, service: Socket, faults: Arc<HttpFaults>, ends: Arc<Ends>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, mut service) = (ClientEnd::new(client, &ends), ServiceEnd::new(service, &ends));
    match listen(&mut client, &mut service).await {
        Some(Protocol::Http1) => http1(client, service, faults, ends).await,
        Some(Protocol::Http2) => http2(client, service, faults, ends).await,
        other => {
            match other {
                Some(Protocol::Tls) => faults.note_tls(),
                Some(_) => faults.note_foreign(),
                None => {}
            }
            tunnel::pass(client, service).await;
        }
    }
}

/// Finds what the client speaks; what both sides have said is put back. `None` if one of them ends before the client says
/// anything.
async fn listen<S: AsyncRead + Unpin>(client: &mut ClientEnd<S>, service: &mut ServiceEnd) -> Option<Protocol> {
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    let protocol = poll_fn(|cx| {
        let mut room = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut *client).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    said.extend_from_slice(buffer.filled());
                    let protocol = Protocol::of(&said).or((said.len() > UNDECIDED).then_some(Protocol::Foreign));
                    if protocol.is_some() {
                        return Poll::Ready(protocol);
                    }
                }
                Poll::Ready(_) => return Poll::Ready((!said.is_empty()).then_some(Protocol::Foreign)),
                Poll::Pending => break,
            }
        }
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut *service).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    heard.extend_from_slice(buffer.filled());
                    if !Protocol::may_begin_http2(&heard) || heard.len() > UNDECIDED {
                        return Poll::Ready(Some(Protocol::Foreign));
                    }
                }
                // How it went is what the client is to see.
                Poll::Ready(_) => return Poll::Ready((!said.is_empty()).then_some(Protocol::Foreign)),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    client.unread(said);
    service.unread(heard);
    protocol
}

async fn http1<S>(client: ClientEnd<S>, service: ServiceEnd, faults: Arc<HttpFaults>, ends: Arc<Ends>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake::<_, RequestBody>(TokioIo::new(service));
    // It sends nothing, so it can't fail.
    let Ok((sender, to_service)) = handshake.await else { return };
    let mut to_service = pin!(to_service.with_upgrades());
    let exchanges = Exchanges::new(Service::http1(sender), faults, ends);
    let answer = service_fn(|request| exchanges.clone().answer(request));
    let mut to_client = server::conn::http1::Builder::new();
    to_client.preserve_header_case(true).auto_date_header(false).header_read_timeout(None);
    let mut to_client = pin!(to_client.serve_connection(TokioIo::new(client), answer).with_upgrades());
    let (mut service_ended, mut told) = (false, false);
    poll_fn(|cx| {
        loop {
            // How it ended, the exchange is told, if there is one.
            service_ended = service_ended || to_service.as_mut().poll(cx).is_ready();
            if to_client.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            // Not in the midst of an exchange: its answer would say that it is the last, which the service did not.
            if !service_ended || exchanges.is_busy() || std::mem::replace(&mut told, true) {
                return Poll::Pending;
            }
            to_client.as_mut().graceful_shutdown();
        }
    })
    .await;
    if exchanges.is_upgraded() && !service_ended {
        // It hands over its socket.
        let _ = to_service.await;
    }
}

async fn http2<S>(client: ClientEnd<S>, service: ServiceEnd, faults: Arc<HttpFaults>, ends: Arc<Ends>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut to_service = client::conn::http2::Builder::new(TokioExecutor::new());
    let handshake = to_service.max_header_list_size(HEADERS).handshake::<_, RequestBody>(TokioIo::new(service));
    let Ok((sender, to_service)) = handshake.await else { return };
    let mut to_service = pin!(to_service);
    let exchanges = Exchanges::new(Service::Http2(sender), faults, ends);
    let answer = service_fn(move |request| exchanges.clone().answer(request));
    let mut to_client = server::conn::http2::Builder::new(TokioExecutor::new());
    // How many streams there may be, the service says, and hyper lets the others wait.
    to_client.auto_date_header(false).max_header_list_size(HEADERS).max_concurrent_streams(None);
    let mut to_client = pin!(to_client.serve_connection(TokioIo::new(client), answer));
    let mut service_ended = false;
    poll_fn(|cx| {
        if !service_ended && to_service.as_mut().poll(cx).is_ready() {
            service_ended = true;
            to_client.as_mut().graceful_shutdown();
        }
        to_client.as_mut().poll(cx).map(|_| ())
    })
    .await;
}
