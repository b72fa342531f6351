//! Open loops: requests at a rate, whether or not earlier ones were answered.

use super::closed::{Count, client, send};
use super::{Outcome, Stopwatch, text};
use chaos_runtime::bench::{Figures, Loads, Pacer};
use chaos_runtime::load::{OperationExt as _, http};
use chaos_runtime::per_second;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_local;

pub(super) async fn run(how: &str, url: &str, rate: u32, workers: usize, time: Duration) -> Outcome {
    match how {
        "ours" => ours(http::get(url), rate, workers, time).await,
        "ours-bare" => ours(http::get(url).bare_http1(), rate, workers, time).await,
        "sleep" => sleeping(url, rate, time).await,
        "timerfd" => paced(url, rate, workers, time).await,
        _ => Err(format!("no open loop of {how}")),
    }
}

async fn ours(request: http::HttpRequest, rate: u32, workers: usize, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let mut loads = Loads::default();
    // The first arrival is due about now; who stops the server counts from here.
    println!("started");
    loads.start(request.rate(per_second(rate)).max_in_flight(workers)).await.map_err(text)?;
    loads.run(time).await;
    let figures = loads.stop().await.pop().ok_or("the load did not answer")?;
    let reading = watch.reading(figures.operations);
    all_well(&figures)?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(reading
        .with("due", figures.due as f64)
        .with("p50_us", us(figures.response.p50))
        .with("p95_us", us(figures.response.p95))
        .with("p99_us", us(figures.response.p99))
        .with("p999_us", us(figures.response.p999))
        .with("own_lag_p50_us", us(figures.lag.p50))
        .with("own_lag_p99_us", us(figures.lag.p99)))
}

/// Several loads at once.
pub(super) async fn loads(url: &str, loads: u32, rate: u32, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let mut all = Loads::default();
    for _ in 0..loads {
        all.start(http::get(url).rate(per_second(rate)).max_in_flight(64)).await.map_err(text)?;
    }
    all.run(time).await;
    let figures = all.stop().await;
    let reading = watch.reading(figures.iter().map(|figures| figures.operations).sum());
    figures.iter().try_for_each(all_well)?;
    Ok(reading)
}

/// Everything that was due was sent and answered with 200.
pub(super) fn all_well(figures: &Figures) -> Result<(), String> {
    let Figures { due, operations, failed, dropped, statuses, failure, .. } = figures;
    if *failed > 0 || *dropped > 0 || due != operations || statuses.iter().any(|(status, _)| *status != 200) {
        return Err(format!(
            "{due} due, {operations} ended, {failed} failed, {dropped} dropped, statuses {statuses:?}: {failure:?}"
        ));
    }
    Ok(())
}

/// The client by itself, a task for each arrival, on tokio's timer.
async fn sleeping(url: &str, rate: u32, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let client = client()?;
    let request = Rc::new(client.get(url).build().map_err(text)?);
    let (count, open) = (Rc::<Count>::default(), Rc::<Cell<u64>>::default());
    let start = tokio::time::Instant::now();
    for index in 0.. {
        let due = Duration::from_secs_f64(f64::from(index) / f64::from(rate));
        if due >= time || count.over.get() {
            break;
        }
        tokio::time::sleep_until(start + due).await;
        let (client, request, count, open) = (client.clone(), request.clone(), count.clone(), open.clone());
        open.set(open.get() + 1);
        spawn_local(async move {
            send(&client, &request, &count).await;
            open.set(open.get() - 1);
        });
    }
    while open.get() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    count.outcome(&watch)
}

/// The client by itself, a pool of tasks, on the pacer of our loads.
async fn paced(url: &str, rate: u32, workers: usize, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let client = client()?;
    let request = client.get(url).build().map_err(text)?;
    let (count, waiting, due) = (Rc::<Count>::default(), Rc::<Cell<u64>>::default(), Rc::<Notify>::default());
    let pool: Vec<_> = (0..workers)
        .map(|_| {
            let (client, request) = (client.clone(), request.try_clone());
            let (count, waiting, due) = (count.clone(), waiting.clone(), due.clone());
            spawn_local(async move {
                let Some(request) = request else { return };
                loop {
                    if waiting.get() > 0 {
                        waiting.set(waiting.get() - 1);
                        send(&client, &request, &count).await;
                    } else if count.over.get() {
                        return;
                    } else {
                        due.notified().await;
                    }
                }
            })
        })
        .collect();
    let pacer = Pacer::start();
    for index in 0.. {
        let at = Duration::from_secs_f64(f64::from(index) / f64::from(rate));
        if at >= time || count.over.get() {
            break;
        }
        pacer.sleep_until(at).await;
        waiting.set(waiting.get() + 1);
        due.notify_one();
        tokio::task::consume_budget().await;
    }
    count.over.set(true);
    while count.done.get() < (time.as_secs_f64() * f64::from(rate)) as u64 && count.failure.borrow().is_none() {
        due.notify_waiters();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    due.notify_waiters();
    drop(pool);
    count.outcome(&watch)
}
