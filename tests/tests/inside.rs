//! Faults inside the process, on real services: HTTP by axum, echoes over TCP, and points in code that runs in both.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::get;
use chaos_point::point;
use chaos_runtime::prelude::*;
use std::io;
use std::net::SocketAddr;
use std::sync::{Barrier, LazyLock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a handler does, as production code would: it knows nothing of the test.
async fn cached() -> StatusCode {
    point!(async "cache.read" => return StatusCode::INTERNAL_SERVER_ERROR);
    let written = tokio::spawn(chaos_point::inherit(async {
        point!(async "cache.write" => return Err(()));
        Ok(())
    }));
    match written.await {
        Ok(Ok(())) => StatusCode::OK,
        _ => StatusCode::INSUFFICIENT_STORAGE,
    }
}

async fn serve(router: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}

async fn service(points: &Points) -> io::Result<String> {
    let addr = serve(Router::new().route("/", get(cached)).layer(points.layer())).await?;
    Ok(format!("http://{addr}/"))
}

/// Where two experiments meet, so that both faults are on at the same time.
static TOGETHER: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

async fn together() -> chaos::Result {
    tokio::task::spawn_blocking(|| TOGETHER.wait()).await?;
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(status(500) >= 90%), during(max < 3s), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, timeout = 60s, parallel,
)]
#[ignore = "run by two_experiments_do_not_see_each_others_points"]
async fn reads_fail(chaos: &mut Chaos) -> chaos::Result {
    let points = Points::new();
    chaos.load(http::get(service(&points).await?).rate(per_second(100))).await?;
    let fault = chaos.inject(points.at("cache.read").fail("gone")).start().await?;
    together().await?;
    tokio::time::sleep(secs(2)).await;
    together().await?;
    fault.clear().await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(success_rate >= 95%), during(p50 >= 300ms), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, timeout = 60s, parallel,
)]
#[ignore = "run by two_experiments_do_not_see_each_others_points"]
async fn reads_are_slow(chaos: &mut Chaos) -> chaos::Result {
    let points = Points::new();
    chaos.load(http::get(service(&points).await?).rate(per_second(100))).await?;
    let fault = chaos.inject(points.at("cache.read").delay(secs(4))).start().await?;
    together().await?;
    tokio::time::sleep(secs(2)).await;
    together().await?;
    fault.clear().await
}

/// Each waits for the other while its own fault is on, and each has a verdict that the other's fault would refute.
#[test]
fn two_experiments_do_not_see_each_others_points() {
    std::thread::scope(|scope| {
        let slow = scope.spawn(reads_are_slow);
        reads_fail();
        slow.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// A point in a task that the handler spawns, which inherits.
#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(status(507) >= 10%), during(success_rate >= 30%), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, parallel,
)]
async fn a_share_of_writes_fails(chaos: &mut Chaos) -> chaos::Result {
    let points = Points::new();
    chaos.load(http::get(service(&points).await?).rate(per_second(200))).await?;
    chaos.inject(points.at("cache.write").fail("full").share(percent(30))).hold(secs(2)).await
}

#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, confirm = 1s, parallel,
)]
#[should_panic(expected = "is `cache.read` meant?")]
async fn a_point_that_is_misspelt_is_inconclusive(chaos: &mut Chaos) -> chaos::Result {
    let points = Points::new();
    chaos.load(http::get(service(&points).await?).rate(per_second(100))).await?;
    chaos.inject(points.at("cache.raed").fail("gone")).hold(secs(2)).await
}

/// The layer in a server, where failures are answers.
#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(status(503) >= 10%), during(success_rate >= 30%), recovery <= 5s),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, parallel,
)]
async fn a_server_answers_503(chaos: &mut Chaos) -> chaos::Result {
    let switch = ChaosLayer::with_answer(|| StatusCode::SERVICE_UNAVAILABLE.into_response()).named("server");
    let addr = serve(Router::new().route("/", get(cached)).layer(switch.clone())).await?;
    chaos.load(http::get(format!("http://{addr}/")).rate(per_second(200))).await?;
    chaos.inject(switch.error_rate(percent(30))).hold(secs(2)).await
}

/// A client of an echo service, over streams that hand out few bytes at a time, late.
#[chaos_test(
    steady_state(success_rate >= 95%),
    hypothesis(during(success_rate >= 95%), during(p50 >= 100ms), recovery <= 5s, after(p50 < 100ms)),
    warm_up = 200ms, baseline = 1s, after = 1s, bin = 250ms, stability = 1s, parallel,
)]
async fn echoes_stay_whole_on_a_bad_stream(chaos: &mut Chaos) -> chaos::Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = socket.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    let switch = StreamSwitch::new();
    let streams = switch.clone();
    let echo = op(async move |id| {
        let question: Vec<u8> = format!("{id:?}").bytes().cycle().take(1_000).collect();
        let mut stream = streams.wrap(TcpStream::connect(addr).await?);
        stream.write_all(&question).await?;
        let mut answer = vec![0; question.len()];
        stream.read_exact(&mut answer).await?;
        if answer == question { Ok(()) } else { Err(io::Error::other("another answer")) }
    });
    chaos.load(echo.rate(per_second(50))).await?;
    let slices = chaos.inject(switch.slices(400)).start().await?;
    chaos.inject(switch.latency(millis(300)).writes().share(percent(50))).hold(secs(2)).await?;
    slices.clear().await
}
