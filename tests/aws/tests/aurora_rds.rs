//! Aurora through RDS, in an emulated account in which failovers take time, may fail, and are told in events.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use aws_sdk_rds::types::Tag;
use chaos_aws_tests::microburst::Microburst;
use chaos_aws_tests::world::World;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{EventKind, Journal, Verdict};
use chaos_tests::home::{Ended, Home, run};
use serde_json::json;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What stands for a database: it takes writes while the cluster is available. There is none behind the emulator.
#[derive(Clone)]
struct Database(Arc<AtomicBool>);

impl Database {
    /// Looks at the cluster all the time.
    async fn of(cluster: &'static str) -> Self {
        let client = aws_smithy_http_client::Builder::new().build_http();
        let sdk = aws_config::from_env().region("eu-central-1").http_client(client).load().await;
        let rds = aws_sdk_rds::Client::new(&sdk);
        let available = Arc::new(AtomicBool::new(true));
        let seen = available.clone();
        tokio::spawn(async move {
            loop {
                if let Ok(answer) = rds.describe_db_clusters().db_cluster_identifier(cluster).send().await {
                    let status = answer.db_clusters().first().and_then(|cluster| cluster.status());
                    seen.store(status == Some("available"), Ordering::Relaxed);
                }
                tokio::time::sleep(millis(50)).await;
            }
        });
        Self(available)
    }

    async fn write(&self) -> Result<(), std::io::Error> {
        match self.0.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(std::io::Error::other("the cluster is failing over")),
        }
    }
}

/// One experiment for every way of harm, chosen by `HARM`; the same body as on a laptop.
#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 30s, permanent_failures == 0),
    profiles(staging),
    warm_up = 200ms, baseline = 1s, after = 500ms, bin = 200ms,
)]
#[ignore = "run by the tests below"]
async fn harmed(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("payments").await?;
    let database = Database::of("payments-staging").await;
    let writing = database.clone();
    let pay = op(move |_: OpId| {
        let database = writing.clone();
        async move { database.write().await }
    });
    chaos.load(pay.rate(per_second(50)).retry(Retry::for_at_most(secs(45)))).await?;
    let harm = std::env::var("HARM").unwrap_or_default();
    match &*harm {
        "failover" => chaos.inject(aurora.failover()).await,
        "failover in a manner" => {
            let failover = aurora.failover().promotion_time(secs(8)).connections_hang().endpoint_flickers(secs(2));
            chaos.inject(failover.to("payments-staging-3")).await?;
            assert_eq!(aurora.writer().await?.name(), "payments-staging-3");
            let readers: Vec<String> = aurora.readers().await?.iter().map(|reader| reader.name().to_owned()).collect();
            assert_eq!(readers, ["payments-staging-1", "payments-staging-2"]);
            Ok(())
        }
        "failover and back" => {
            let [first, second] = [aurora.writer().await?, aurora.readers().await?[0].clone()];
            chaos.inject(aurora.failover().to(second.name())).await?;
            chaos.inject(aurora.failover().to(first.name())).await
        }
        "failover until" => {
            chaos
                .inject(aurora.failover().until(move || {
                    let database = database.clone();
                    async move { database.write().await }
                }))
                .await
        }
        "failover to the writer" => chaos.inject(aurora.failover().to("payments-staging-1")).await,
        "failover to a stranger" => chaos.inject(aurora.failover().to("orders-1")).await,
        "reboot" => chaos.inject(aurora.reboot_writer()).await,
        "reboot with failover" => chaos.inject(aurora.reboot_writer().with_failover()).await,
        "crash" => chaos.inject(aurora.crash_writer()).await,
        "lag" => chaos.inject(aurora.replication_lag(secs(1))).hold(secs(1)).await,
        "loss" => chaos.inject(aurora.lose_reader()).hold(secs(1)).await,
        unknown => panic!("no harm {unknown}"),
    }
}

/// The same with little time for the confirmation.
#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 30s),
    profiles(staging),
    warm_up = 200ms, baseline = 1s, after = 500ms, bin = 200ms, confirm = 4s,
)]
#[ignore = "run by the tests below"]
async fn harmed_in_doubt(chaos: &mut Chaos) -> chaos::Result {
    let aurora = chaos.aurora("payments").await?;
    chaos.load(op(async |_: OpId| Ok::<_, std::io::Error>(())).rate(per_second(50))).await?;
    chaos.inject(aurora.failover()).await
}

const ALLOWED: [(&str, &str); 1] = [("chaos-test", "allowed")];

/// A cluster with two readers, in an account where failovers take so long that nobody misses them.
async fn world() -> World {
    let world = World::new();
    world.aurora("payments-staging", 2, &ALLOWED).await;
    world.set(json!({"failover_takes": 4.0, "reboot_takes": 4.0})).await;
    world.forget().await;
    world
}

/// A test binary's process that works on this account, with this harm.
fn settled(world: &World, home: &Home, test: &str, harm: &str) -> Command {
    let config = home.path().join("chaos.toml");
    let text = format!(
        "[profile.staging.aws]\naccounts = [\"{}\"]\nregion = \"eu-central-1\"\ntag = \"chaos-test=allowed\"\n\
         emulator = true\n[profile.staging.aurora.payments]\ncluster = \"payments-staging\"\nuser = \"app\"\n\
         password = \"not-to-be-shown\"\n",
        world.account()
    );
    std::fs::write(&config, text).expect("the home is there");
    let mut command = home.test(test);
    world.settle(&mut command);
    command.env("CHAOS_CONFIG", config).env("CHAOS_PROFILE", "staging").env("HARM", harm);
    command
}

async fn ran(world: &World, harm: &str) -> (Journal, Ended) {
    let home = Home::new();
    let ended = run(settled(world, &home, "harmed", harm));
    let journal = home.journal("harmed");
    let text = serde_json::to_string(&journal).expect("a journal is JSON");
    assert!(!text.contains("not-to-be-shown") && !ended.output.contains("not-to-be-shown"), "{text}");
    assert_eq!(home.undo_files(), [""; 0].map(std::path::PathBuf::from), "{}", ended.output);
    (journal, ended)
}

async fn lease(world: &World) -> Option<String> {
    let answer = world.rds().list_tags_for_resource().resource_name(world.cluster_arn("payments-staging")).send().await;
    let answer = answer.expect("the cluster is there");
    let lease = answer.tag_list().iter().find(|tag| tag.key() == Some("chaos-test.lease"));
    lease.and_then(|tag| tag.value()).map(str::to_owned)
}

fn told(journal: &Journal) -> Vec<&str> {
    let told = journal.events.iter().filter(|event| event.kind == EventKind::Target);
    told.filter_map(|event| event.text.split_once("RDS says: ").map(|(_, text)| text)).collect()
}

fn reason(journal: &Journal) -> String {
    let reason = &journal.reasons[0];
    format!("{}\nhelp: {}", reason.message, reason.help.as_deref().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_moves_and_writes_succeed_again() {
    let world = world().await;
    let (journal, ended) = ran(&world, "failover").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    let fault = &journal.faults[0];
    assert_eq!((&*fault.what, &*fault.target), ("failover", "aurora payments (payments-staging)"));
    let start = "writer moved from payments-staging-1 to payments-staging-2; failover took ";
    assert!(fault.evidence.starts_with(start), "{fault:#?}");
    for part in ["writer moved after", "available after", "the load's operations succeed since"] {
        assert!(fault.evidence.contains(part), "{part}: {fault:#?}");
    }
    assert!(fault.evidence.ends_with("RDS said: Completed failover to DB instance: payments-staging-2"), "{fault:#?}");
    assert_eq!(told(&journal).len(), 2, "{:#?}", journal.events);
    assert!(told(&journal)[0].starts_with("Started same AZ failover"), "{:#?}", journal.events);
    let recovery = fault.recovery.as_ref().expect("it was watched");
    assert!(recovery.unavailability_us > 500_000, "the load felt it: {recovery:?}");
    assert_eq!(world.writer("payments-staging").await, "payments-staging-2");
    let mutating = ["rds AddTagsToResource", "rds FailoverDBCluster", "rds RemoveTagsFromResource"];
    assert_eq!(world.mutating().await, mutating);
    assert_eq!(lease(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_reader_takes_over_and_what_is_for_containers_has_no_effect() {
    let world = world().await;
    let (journal, ended) = ran(&world, "failover in a manner").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    assert_eq!(journal.faults[0].what, "failover to payments-staging-3");
    assert!(journal.faults[0].evidence.starts_with("writer moved from payments-staging-1 to payments-staging-3"));
    let notes: Vec<_> = journal.notes.iter().filter(|note| note.contains("no effect of")).collect();
    assert_eq!(notes.len(), 1, "{:?}", journal.notes);
    assert!(notes[0].contains("promotion after 8 s, connections hang, endpoint flickers for 4 s"), "{notes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_change_and_change_back() {
    let world = world().await;
    let (journal, ended) = ran(&world, "failover and back").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    let evidence: Vec<&str> = journal.faults.iter().map(|fault| &*fault.evidence).collect();
    assert!(evidence[0].starts_with("writer moved from payments-staging-1 to payments-staging-2"), "{evidence:?}");
    assert!(evidence[1].starts_with("writer moved from payments-staging-2 to payments-staging-1"), "{evidence:?}");
    assert_eq!(lease(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_the_users_own_say_when_it_is_over() {
    let world = world().await;
    let (journal, ended) = ran(&world, "failover until").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    assert!(journal.faults[0].evidence.contains("the writes of `.until(…)` succeed since"), "{:#?}", journal.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_keeps_the_writer_and_one_with_failover_moves_it() {
    let world = world().await;
    for number in 1..=3 {
        // What is called by its own name is a target, and must carry the tag itself.
        let arn = format!("arn:aws:rds:eu-central-1:{}:db:payments-staging-{number}", world.account());
        let tag = Tag::builder().key(ALLOWED[0].0).value(ALLOWED[0].1).build();
        world.rds().add_tags_to_resource().resource_name(arn).tags(tag).send().await.expect("it is there");
    }
    let (journal, ended) = ran(&world, "reboot").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    let fault = &journal.faults[0];
    let start = "payments-staging-1 was rebooted, and is the writer as before; reboot took ";
    assert!(fault.what == "reboot of the writer" && fault.evidence.starts_with(start), "{fault:#?}");
    assert_eq!(world.writer("payments-staging").await, "payments-staging-1");

    let (journal, ended) = ran(&world, "reboot with failover").await;
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    let start = "writer moved from payments-staging-1 to payments-staging-2; reboot took ";
    assert!(journal.faults[0].evidence.starts_with(start), "{:#?}", journal.faults);
    let reboots = world.mutating().await.into_iter().filter(|call| call == "rds RebootDBInstance").count();
    assert_eq!(reboots, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_or_may_not_be_is_refused_before_anything_is_touched() {
    let world = world().await;
    let untagged = "does not carry the tag chaos-test=allowed";
    for (harm, message, way_out) in [
        (
            "failover to the writer",
            "payments-staging-1 is the writer of aurora payments",
            "name a reader (payments-staging-2",
        ),
        (
            "failover to a stranger",
            "has no reader `orders-1`",
            "its readers are payments-staging-2, payments-staging-3",
        ),
        ("crash", "is a real cluster: nobody outside it can crash its writer", "aurora.failover()"),
        ("lag", "is a real cluster: nobody outside it can make its readers lag", "AuroraReplicaLag"),
        ("loss", "is a real cluster: its readers can't be taken away", "profile `local`"),
        ("reboot", untagged, "set the tag"),
    ] {
        let (journal, ended) = ran(&world, harm).await;
        assert_eq!(journal.verdict, Verdict::Errored, "{harm}: {}", ended.output);
        let said = reason(&journal);
        assert!(said.contains(message) && said.contains(way_out), "{harm}: {said}");
        assert!(journal.faults.is_empty(), "{harm}");
        assert_eq!(world.mutating().await, [""; 0], "{harm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_not_as_it_must_be_is_refused() {
    let missing = World::new();
    let (journal, _) = ran(&missing, "failover").await;
    let said = reason(&journal);
    assert!(
        said.contains("there is no cluster `payments-staging` in account") && said.contains("chaos.toml"),
        "{said}"
    );
    assert_eq!(missing.mutating().await, [""; 0]);

    let alone = World::new();
    alone.aurora("payments-staging", 0, &ALLOWED).await;
    let untagged = World::new();
    untagged.aurora("payments-staging", 1, &[("chaos-test", "not allowed")]).await;
    let leased = world().await;
    let tag = Tag::builder().key("chaos-test.lease").value("somebody host/1/2 2999-01-01T00:00:00Z").build();
    let arn = leased.cluster_arn("payments-staging");
    leased.rds().add_tags_to_resource().resource_name(arn).tags(tag).send().await.expect("the cluster is there");
    for (world, message) in [
        (alone, "has no reader that could become the writer"),
        (untagged, "its tag `chaos-test` is `not allowed`"),
        (leased, "somebody else has the lease"),
    ] {
        world.forget().await;
        let (journal, ended) = ran(&world, "failover").await;
        assert_eq!(journal.verdict, Verdict::Errored, "{message}: {}", ended.output);
        assert!(reason(&journal).contains(message), "{message}: {}", reason(&journal));
        assert_eq!(world.mutating().await, [""; 0], "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_rds_gives_up_proves_nothing() {
    let world = world().await;
    world.set(json!({"failing_failover": "no capacity"})).await;
    let (journal, ended) = ran(&world, "failover").await;
    assert_eq!(journal.verdict, Verdict::Inconclusive, "{}", ended.output);
    let said = reason(&journal);
    assert!(
        said.contains("payments-staging-1 is still the writer") && said.contains("failover failed: no capacity"),
        "{said}"
    );
    assert_eq!(lease(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_throttled_is_repeated_and_one_in_doubt_is_not() {
    let world = world().await;
    let burst = Microburst::before(world.url());
    let rule = |times: u32, code: &str, status: u16| json!([{"service": "rds", "operation": "FailoverDBCluster", "times": times, "error": {"code": code, "status": status}}]);
    burst.rules(rule(3, "Throttling", 400)).await;
    let home = Home::new();
    let mut command = settled(&world, &home, "harmed", "failover");
    command.env("AWS_ENDPOINT_URL", burst.url());
    let ended = run(command);
    assert_eq!(home.journal("harmed").verdict, Verdict::Passed, "{}", ended.output);
    let orders = async || world.mutating().await.into_iter().filter(|call| call == "rds FailoverDBCluster").count();
    assert_eq!(orders().await, 1, "three never arrived");

    // It may have been carried out: a second one would move the writer on.
    burst.rules(rule(1, "ServiceUnavailable", 503)).await;
    let home = Home::new();
    let mut command = settled(&world, &home, "harmed_in_doubt", "");
    command.env("AWS_ENDPOINT_URL", burst.url());
    let ended = run(command);
    let journal = home.journal("harmed_in_doubt");
    assert_eq!(journal.verdict, Verdict::Inconclusive, "{}", ended.output);
    assert!(reason(&journal).contains("RDS may not have taken the order"), "{}", reason(&journal));
    assert_eq!(orders().await, 1, "it was not sent again");
    assert_eq!(lease(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_named() {
    let world = world().await;
    let burst = Microburst::before(world.url());
    burst.rules(json!([{"service": "rds", "operation": "FailoverDBCluster", "error": {"code": "AccessDenied", "status": 403}}])).await;
    let home = Home::new();
    let mut command = settled(&world, &home, "harmed", "failover");
    command.env("AWS_ENDPOINT_URL", burst.url());
    let ended = run(command);
    let journal = home.journal("harmed");
    assert_eq!(journal.verdict, Verdict::Errored, "{}", ended.output);
    let said = reason(&journal);
    assert!(said.contains("failed to fail over payments-staging: the credentials may not do this"), "{said}");
    assert_eq!(lease(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_whom_it_would_harm_and_harms_nobody() {
    let world = world().await;
    let home = Home::new();
    let mut command = settled(&world, &home, "harmed", "failover");
    command.env("CHAOS_DRY_RUN", "1");
    let ended = run(command);
    let said = "failover on aurora payments (payments-staging), whose writer is payments-staging-1";
    assert!(ended.output.contains(said), "{}", ended.output);
    assert!(!world.mutating().await.contains(&"rds FailoverDBCluster".to_owned()));
    assert_eq!(world.writer("payments-staging").await, "payments-staging-1");
}
