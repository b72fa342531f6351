//! What the library does not know: your own fault, your own probe, in-process faults, your own processes.

#![cfg(unix)] // `rm`, and signals for child processes.

use chaos_examples::{Inventory, Service};
use chaos_runtime::prelude::*;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::{BoxError, ServiceExt as _};

/// A full disk at the replica delays replication, not orders.
///
/// It does not hold yet: replication that failed waits ever longer. The finding is on record, so the test is
/// green and loud until its last day; from then on it fails, and it fails on the day the weakness is gone,
/// because then the annotation has to go too. Yours should not have 70 years.
#[chaos_test(
    steady_state(success_rate >= 99%, probe("replication lag") < 1s),
    hypothesis(recovery <= 30s, probe("replication lag") < 10s),
    known_weakness(id = "PAY-142", urgency = high, fix_by = "2099-12-31"),
)]
async fn disk_full_is_survivable(chaos: &mut Chaos) -> chaos::Result {
    let service = Service::start().await?;
    let (reader, writer) = (service.clone(), service.clone());
    chaos.probe("replication lag", probe::every(millis(200), move || reader.replication_lag()));
    chaos.load(op(async move |_| writer.write().await).rate(per_second(50))).await?;

    let disk = service.disk();
    chaos
        .inject(
            fault("fill the disk", move || disk.fill()).undo(Undo::command("rm", ["-f", service.filler_path()])), // written down before the harm is done
        )
        .hold(secs(10))
        .await?;
    Ok(())
}

/// In-process: a tower layer in the service under test, steered by the experiment.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(during(success_rate >= 97%), recovery <= 1s))]
async fn retries_hide_flaky_calls(chaos: &mut Chaos) -> chaos::Result {
    let switch = ChaosLayer::new();
    let client = tower::ServiceBuilder::new().retry(policy()).layer(switch.clone()).service(Upstream::connect().await?);
    chaos.load(op(move |_| client.clone().oneshot(request())).rate(per_second(500))).await?;
    chaos.inject(switch.error_rate(percent(10))).hold(secs(5)).await?;
    Ok(())
}

/// A client of the inventory, as a tower service of paths.
#[derive(Clone)]
struct Upstream {
    http: reqwest::Client,
    inventory: Inventory,
}

impl Upstream {
    async fn connect() -> chaos::Result<Self> {
        Ok(Self { http: reqwest::Client::new(), inventory: Inventory::start().await? })
    }
}

impl tower::Service<&'static str> for Upstream {
    type Response = reqwest::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, path: &'static str) -> Self::Future {
        let answer = self.http.get(self.inventory.url(path)).send();
        Box::pin(async move { Ok(answer.await?.error_for_status()?) })
    }
}

fn request() -> &'static str {
    "/stock"
}

fn policy() -> Attempts {
    Attempts(3)
}

/// Tries a failed call again, until so many attempts are used up.
#[derive(Clone)]
struct Attempts(u32);

impl<Answer> tower::retry::Policy<&'static str, Answer, BoxError> for Attempts {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut &'static str, result: &mut Result<Answer, BoxError>) -> Option<Ready<()>> {
        self.0 -= 1;
        (result.is_err() && self.0 > 0).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &&'static str) -> Option<&'static str> {
        Some(*request)
    }
}

/// A child process of your own: killed, paused, restarted.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 5s))]
async fn a_crashed_worker_comes_back(chaos: &mut Chaos) -> chaos::Result {
    let worker = chaos.process(Command::new(bin("worker")).arg("--port=0")).await?;
    chaos.load(http::get(worker.url("/work")).rate(per_second(100))).await?;
    chaos.inject(worker.kill().restart_after(secs(1))).await?;
    chaos.inject(worker.pause()).hold(secs(3)).await?;
    Ok(())
}
