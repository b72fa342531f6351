//! What runs that were killed have left in the account: the next run ends exactly that.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use aws_sdk_fis::types::ExperimentStatus;
use chaos_aws_tests::experiments::{Template, all, start, status, templates, until};
use chaos_aws_tests::microburst::Microburst;
use chaos_aws_tests::staging::{GROUP, Staging};
use chaos_aws_tests::world::World;
use chaos_runtime::prelude::*;
use chaos_tests::home::{Ended, Home, Started};
use serde_json::json;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// Stops an instance for ten minutes.
#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(success_rate >= 90%),
    profiles(staging),
    warm_up = 50ms, baseline = 300ms, after = 100ms, bin = 50ms, timeout = 30m,
)]
#[ignore = "run by the tests below"]
async fn stops_for_long(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_: OpId| async { Ok::<(), Infallible>(()) }).rate(per_second(50))).await?;
    let aws = chaos.aws().await?;
    chaos.inject(aws.fis().stop_instances().tagged(GROUP.0, GROUP.1).count(1).start_again_after(secs(600))).await?;
    Ok(())
}

/// The next run of anything: it asks for the account, and harms nothing.
#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 30s),
    profiles(staging),
    warm_up = 50ms, baseline = 300ms, after = 100ms, bin = 50ms,
)]
#[ignore = "run by the tests below"]
async fn the_next_run(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_: OpId| async { Ok::<(), Infallible>(()) }).rate(per_second(50))).await?;
    chaos.aws().await?;
    chaos
        .inject(fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(()))))
        .hold(millis(200))
        .await
}

/// A pipeline's last step.
#[tokio::test]
#[ignore = "run by the tests below"]
async fn sweeps() {
    println!(
        "{}",
        chaos_runtime::aws::sweep("staging")
            .await
            .expect("AWS answers")
            .complete()
            .map_or_else(|e| e.to_string(), |()| "swept".into())
    );
}

/// Kills an experiment, without anybody who watches over it, as soon as a call of this name has arrived `times`.
async fn killed_at(staging: &Staging, mut child: Command, operation: &str, times: usize) -> Home {
    // Nobody is told of what it has left but by tags: not its watchdog, and no ledger in the next run's home.
    child.env("CHAOS_WATCHDOG", "off");
    let child = block_in_place(|| Started::new(child));
    let since = Instant::now();
    let arrived = || async {
        let calls = staging.world.calls().await;
        calls.iter().filter(|call| call.operation == operation && call.status == 200).count()
    };
    while arrived().await < times {
        assert!(since.elapsed() < Duration::from_secs(60) && !child.has_ended(), "no {operation}:\n{}", child.output());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.signal(rustix::process::Signal::KILL);
    block_in_place(|| child.wait());
    Home::new()
}

/// What is none of a sweep's business, and two things that are: a template and an experiment of ours that have expired.
struct Others {
    expired: BTreeSet<String>,
    running: Vec<String>,
    templates: BTreeSet<String>,
}

impl Others {
    async fn new(staging: &Staging, living: &str) -> Self {
        let world = &staging.world;
        // The speed of experiments that are running counts, too: the orphan's minutes must not pass.
        world.set(json!({"active_experiments": 1000})).await;
        let of = |owner, expires| {
            [
                ("chaos-test.experiment", "token"),
                ("chaos-test.run", "run"),
                ("chaos-test.test", "a_test"),
                ("chaos-test.owner", owner),
                ("chaos-test.expires", expires),
            ]
        };
        let alive = of(living, "2999-01-01T00:00:00Z");
        let elsewhere = of("elsewhere-pid:1/1/1", "2999-01-01T00:00:00Z");
        let expired = of("elsewhere-pid:1/1/1", "2020-01-01T00:00:00Z");
        let lookalike = [("chaos-test.test", "a_test"), ("chaos-test.expires", "2020-01-01T00:00:00Z")];
        let hour = [("duration", "PT1H")];
        let mut others = Self { expired: BTreeSet::new(), running: Vec::new(), templates: BTreeSet::new() };
        for number in 0..105 {
            let tags: &[_] = if number % 2 == 0 { &[] } else { &lookalike };
            let template = Template::waits(&hour, tags).create(world, &format!("foreign {number}")).await;
            others.running.push(start(world, &template, &format!("foreign {number}"), tags).await);
            others.templates.insert(template);
        }
        for (name, tags) in [("alive", &alive), ("elsewhere", &elsewhere)] {
            let template = Template::waits(&hour, tags).create(world, name).await;
            others.running.push(start(world, &template, name, tags).await);
            others.templates.insert(template);
        }
        // Ours, expired, and completed long ago: it is not touched, its template is.
        let short = Template::waits(&[("duration", "PT1S")], &expired).create(world, "completed").await;
        let completed = start(world, &short, "completed", &expired).await;
        until(world, &completed, &[ExperimentStatus::Completed]).await;
        others.expired.insert(format!("/experimentTemplates/{short}"));
        let template = Template::waits(&hour, &expired).create(world, "expired").await;
        let experiment = start(world, &template, "expired", &expired).await;
        others.expired.insert(format!("/experimentTemplates/{template}"));
        others.expired.insert(format!("/experiments/{experiment}"));
        others
    }

    async fn assert_untouched(&self, world: &World) {
        let statuses = all(world).await;
        for id in &self.running {
            assert!(
                matches!(
                    statuses[id],
                    ExperimentStatus::Running | ExperimentStatus::Initiating | ExperimentStatus::Pending
                ),
                "{id}: {}",
                statuses[id]
            );
        }
        let left = BTreeSet::from_iter(templates(world).await);
        assert_eq!(left, self.templates);
    }
}

/// The paths of what was stopped and deleted, in order.
async fn ended(world: &World) -> Vec<String> {
    let calls = world.calls().await.into_iter().filter(|call| call.mutating);
    calls
        .map(|call| {
            let ends = ["StopExperiment", "DeleteExperimentTemplate"].contains(&&*call.operation);
            assert!(ends, "a sweep ends, and does nothing else: {call:?}");
            call.path
        })
        .collect()
}

/// The owner of a process that lives: of an experiment in an account of its own.
struct Living {
    child: Started,
    owner: String,
    _staging: Staging,
}

impl Living {
    async fn new() -> Self {
        let staging = Staging::new().await;
        staging.world.set(json!({"speed": 1})).await;
        let child = block_in_place(|| Started::new(staging.child("stops_for_long")));
        let since = Instant::now();
        loop {
            let made = staging.world.fis().list_experiments().send().await.expect("FIS answers");
            let owner = made.experiments().iter().find_map(|e| e.tags()?.get("chaos-test.owner").cloned());
            if let Some(owner) = owner {
                return Self { child, owner, _staging: staging };
            }
            assert!(since.elapsed() < Duration::from_secs(60) && !child.has_ended(), "{}", child.output());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn end(self) {
        self.child.signal(rustix::process::Signal::KILL);
        block_in_place(|| self.child.wait());
    }
}

/// Lets the next run or the last step of a pipeline sweep, on a machine that knows of nothing.
fn swept_by(staging: &Staging, home: &Home, test: &str) -> Ended {
    let ended = block_in_place(|| Started::new(staging.child_at(home, test, &staging.config())).wait());
    assert!(ended.status.success(), "{}", ended.output);
    ended
}

/// All but the last: what has expired comes first, then the orphans, experiments before templates.
fn assert_ended(ended: &[String], expired: &BTreeSet<String>, orphans: &BTreeSet<String>) {
    let found: BTreeSet<String> = ended.iter().cloned().collect();
    assert_eq!(found, expired | orphans);
    assert_eq!(ended.len(), found.len(), "nothing is ended twice: {ended:?}");
    let place = |wanted: &String| ended.iter().position(|path| path == wanted).expect("it is there");
    for kind in ["/experiments/", "/experimentTemplates/"] {
        let last = expired.iter().filter(|path| path.starts_with(kind)).map(place).max();
        let first = orphans.iter().filter(|path| path.starts_with(kind)).map(place).min();
        assert!(last.zip(first).is_none_or(|(last, first)| last < first), "{ended:?}");
    }
}

/// What the killed run has left, by the paths that end it.
async fn orphans(world: &World) -> BTreeSet<String> {
    let running = all(world).await.into_keys().map(|id| format!("/experiments/{id}"));
    let templates = templates(world).await.into_iter().map(|id| format!("/experimentTemplates/{id}"));
    running.chain(templates).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_create_and_start() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let living = Living::new().await;
    let microburst = Microburst::before(staging.world.url());
    microburst.rules(json!([{"service": "fis", "operation": "StartExperiment", "latency": 3_600_000}])).await;
    let mut child = staging.child("stops_for_long");
    child.env("AWS_ENDPOINT_URL", microburst.url());
    let home = killed_at(&staging, child, "CreateExperimentTemplate", 1).await;
    let orphans = orphans(&staging.world).await;
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    let others = Others::new(&staging, &living.owner).await;
    staging.world.forget().await;

    let told = swept_by(&staging, &home, "sweeps");
    assert!(told.output.contains("swept"), "{}", told.output);
    assert_ended(&ended(&staging.world).await, &others.expired, &orphans);
    others.assert_untouched(&staging.world).await;
    staging.world.forget().await;
    swept_by(&staging, &home, "sweeps");
    assert_eq!(ended(&staging.world).await, [""; 0], "nothing is left to end");
    living.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_as_the_start_arrives() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let living = Living::new().await;
    let home = killed_at(&staging, staging.child("stops_for_long"), "StartExperiment", 1).await;
    let orphans = orphans(&staging.world).await;
    assert_eq!(orphans.len(), 2, "{orphans:?}");
    let others = Others::new(&staging, &living.owner).await;
    staging.world.forget().await;

    swept_by(&staging, &home, "the_next_run");
    assert_ended(&ended(&staging.world).await, &others.expired, &orphans);
    others.assert_untouched(&staging.world).await;
    let notes = home.journal("the_next_run").notes;
    assert!(notes.iter().any(|note| note.contains("of `stops_for_long`")), "{notes:?}");
    living.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_polls() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let living = Living::new().await;
    let home = killed_at(&staging, staging.child("stops_for_long"), "GetExperiment", 5).await;
    let orphans = orphans(&staging.world).await;
    let experiment = orphans.iter().find_map(|path| path.strip_prefix("/experiments/")).expect("it was started");
    until(&staging.world, experiment, &[ExperimentStatus::Running]).await;
    let since = Instant::now();
    while staging.states().await != ["running", "running", "stopped"] {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", staging.states().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let others = Others::new(&staging, &living.owner).await;
    staging.world.forget().await;

    swept_by(&staging, &home, "sweeps");
    assert_ended(&ended(&staging.world).await, &others.expired, &orphans);
    others.assert_untouched(&staging.world).await;
    assert_eq!(status(&staging.world, experiment).await, ExperimentStatus::Stopped);
    assert_eq!(staging.states().await, ["running"; 3], "FIS has started the instance again");
    living.end();
}
