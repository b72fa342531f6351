//! Our own path without a network.

use super::{Outcome, Stopwatch, text};
use chaos_runtime::bench::{Loads, Recorder};
use chaos_runtime::load::{OpId, OperationExt as _, op};
use chaos_runtime::per_second;
use std::path::Path;
use std::time::{Duration, Instant};

/// Operations that do nothing, at a rate.
pub(super) async fn dispatch(rate: u32, time: Duration) -> Outcome {
    let watch = Stopwatch::start();
    let mut loads = Loads::default();
    loads.start(op(async |_: OpId| ()).rate(per_second(rate))).await.map_err(text)?;
    loads.run(time).await;
    let figures = loads.stop().await.pop().ok_or("the load did not answer")?;
    let reading = watch.reading(figures.operations);
    super::open::all_well(&figures)?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(reading.with("own_lag_p50_us", us(figures.lag.p50)).with("own_lag_p99_us", us(figures.lag.p99)))
}

/// A healthy service at 10,000/s: due every 100 µs, served in 40 to 300 µs.
fn drive(recorder: &mut Recorder, rate: u64, operations: u64) {
    let gap = 1_000_000_000 / rate;
    let mut state = 1_u64;
    for index in 0..operations {
        // A plain linear congruence: any clock or generator would cost as much as what is measured.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (due, served) = (index * gap, 40_000 + (state >> 46));
        recorder.due(due, due + 7_000);
        recorder.complete(due, due + 7_000, due + 8_000, due + 8_000 + served);
        if index % (rate / 10) == 0 {
            recorder.look();
        }
    }
}

/// The recorder by itself.
pub(super) fn recorder(operations: u64) -> Outcome {
    let mut recorder = Recorder::default();
    let started = Instant::now();
    drive(&mut recorder, 10_000, operations);
    let ns = started.elapsed().as_secs_f64() * 1e9 / operations as f64;
    if recorder.operations() != operations {
        return Err(format!("{} of {operations} were recorded", recorder.operations()));
    }
    Ok(crate::reading::Reading::default().with("ns", ns))
}

/// An experiment of so many seconds, without waiting for it: recorded, and written down.
pub(super) fn hour(rate: u64, seconds: u64, folder: &str) -> Outcome {
    let (mut recorder, watch) = (Recorder::default(), Stopwatch::start());
    let second = 1_000_000_000;
    recorder.harm(seconds / 10 * second);
    recorder.heal(seconds / 2 * second);
    drive(&mut recorder, rate, rate * seconds);
    if recorder.operations() != rate * seconds {
        return Err(format!("{} of {} were recorded", recorder.operations(), rate * seconds));
    }
    let recorded = watch.reading(rate * seconds);
    let recorded_mb = crate::process::own_peak_mb();
    let writing = Stopwatch::start();
    let written = recorder.write(seconds * second, Path::new(folder)).map_err(text)?;
    let cpu_ms = writing.reading(1).get("cpu_us").unwrap_or(f64::NAN) / 1e3;
    Ok(recorded
        .with("recorded_mb", recorded_mb)
        .with("written_mb", crate::process::own_peak_mb())
        .with("report_cpu_ms", cpu_ms)
        .with("journal_kb", written.journal as f64 / 1_024.0)
        .with("files_kb", written.files as f64 / 1_024.0)
        .with("terminal_kb", written.terminal as f64 / 1_024.0))
}
