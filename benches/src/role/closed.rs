//! Closed loops: each connection sends the next request when the last one was answered.

use super::{Outcome, Stopwatch, text};
use bytes::Bytes;
use chaos_runtime::bench::Loads;
use chaos_runtime::load::{OperationExt as _, http};
use http_body_util::{BodyExt as _, Empty};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

pub(super) async fn run(how: &str, url: &str, connections: usize, time: Duration) -> Outcome {
    match how {
        "ours" => ours(http::get(url), connections, time).await,
        "ours-bare" => ours(http::get(url).bare_http1(), connections, time).await,
        "reqwest" => reqwest(url, connections, time).await,
        "hyper" => hyper(url, connections, time).await,
        _ => Err(format!("no closed loop of {how}")),
    }
}

async fn ours(request: http::HttpRequest, connections: usize, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let mut loads = Loads::default();
    loads.start(request.closed_loop(connections)).await.map_err(text)?;
    loads.run(time).await;
    let figures = loads.stop().await.pop().ok_or("the load did not answer")?;
    let reading = watch.reading(figures.operations);
    super::open::all_well(&figures)?;
    Ok(reading)
}

/// What a bare loop counts; nothing here is locked or shared with another thread.
#[derive(Default)]
pub(super) struct Count {
    pub(super) done: Cell<u64>,
    pub(super) over: Cell<bool>,
    pub(super) failure: RefCell<Option<String>>,
}

impl Count {
    pub(super) fn check(&self, status: StatusCode) {
        match status {
            StatusCode::OK => self.done.set(self.done.get() + 1),
            status => self.fail(status),
        }
    }

    pub(super) fn fail(&self, why: impl std::fmt::Display) {
        self.over.set(true);
        self.failure.borrow_mut().get_or_insert(why.to_string());
    }

    pub(super) fn outcome(&self, watch: &Stopwatch) -> Outcome {
        match self.failure.borrow_mut().take() {
            Some(failure) => Err(failure),
            None => Ok(watch.reading(self.done.get())),
        }
    }
}

/// What ours calls itself: every contestant of the same client sends the same bytes.
const AGENT: &str = concat!("chaos-test/", env!("CARGO_PKG_VERSION"));

/// The client that our loads use by default, and nothing around it.
pub(super) fn client() -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder().no_proxy().tcp_nodelay(true).user_agent(AGENT);
    let builder = builder.retry(reqwest::retry::never());
    builder.redirect(reqwest::redirect::Policy::none()).referer(false).build().map_err(text)
}

/// One request, its body read to the end.
pub(super) async fn send(client: &reqwest::Client, request: &reqwest::Request, count: &Count) {
    let Some(request) = request.try_clone() else { return };
    match client.execute(request).await {
        Ok(mut response) => loop {
            match response.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => break count.check(response.status()),
                Err(error) => break count.fail(error),
            }
        },
        Err(error) => count.fail(error),
    }
}

async fn reqwest(url: &str, connections: usize, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let client = client()?;
    let request = client.get(url).build().map_err(text)?;
    let count = Rc::<Count>::default();
    let loops = (0..connections).map(|_| {
        let (client, request, count) = (client.clone(), request.try_clone(), count.clone());
        spawn_local(async move {
            let Some(request) = request else { return };
            while !count.over.get() {
                send(&client, &request, &count).await;
            }
        })
    });
    finish(loops.collect(), &count, time).await;
    count.outcome(&watch)
}

async fn hyper(url: &str, connections: usize, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let uri: hyper::Uri = url.parse().map_err(text)?;
    let authority = uri.authority().ok_or("a URL without an address")?.to_string();
    let count = Rc::<Count>::default();
    let loops = (0..connections).map(|_| {
        let (count, authority, path) = (count.clone(), authority.clone(), uri.path().to_owned());
        spawn_local(async move {
            if let Err(failure) = line(&authority, &path, &count).await {
                count.fail(failure);
            }
        })
    });
    finish(loops.collect(), &count, time).await;
    count.outcome(&watch)
}

async fn line(authority: &str, path: &str, count: &Count) -> Result<(), String> {
    let stream = TcpStream::connect(authority).await.map_err(text)?;
    stream.set_nodelay(true).map_err(text)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
    spawn_local(connection);
    let path: hyper::Uri = path.parse().map_err(text)?;
    let host = HeaderValue::from_str(authority).map_err(text)?;
    while !count.over.get() {
        let mut request = Request::new(Empty::<Bytes>::new());
        request.uri_mut().clone_from(&path);
        let headers = request.headers_mut();
        headers.insert(HOST, host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        sender.ready().await.map_err(text)?;
        let mut response = sender.send_request(request).await.map_err(text)?;
        while let Some(frame) = response.frame().await {
            frame.map_err(text)?;
        }
        count.check(response.status());
    }
    Ok(())
}

async fn finish(loops: Vec<tokio::task::JoinHandle<()>>, count: &Count, time: Duration) {
    tokio::time::sleep(time).await;
    count.over.set(true);
    for one in loops {
        let _ = one.await;
    }
}
