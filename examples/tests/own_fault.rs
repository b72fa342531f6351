//! What the library does not know: your own fault, your own probe, your own processes.

#![cfg(unix)] // `rm`, and signals for child processes.

use chaos_examples::Service;
use chaos_runtime::prelude::*;

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

/// A child process of your own: killed, paused, restarted.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 5s))]
async fn a_crashed_worker_comes_back(chaos: &mut Chaos) -> chaos::Result {
    let worker = chaos.process(Command::new(bin("worker")).arg("--port=0")).await?;
    chaos.load(http::get(worker.url("/work")).rate(per_second(100))).await?;
    chaos.inject(worker.kill().restart_after(secs(1))).await?;
    chaos.inject(worker.pause()).hold(secs(3)).await?;
    Ok(())
}
