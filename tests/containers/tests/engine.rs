//! An engine that is not there, or goes in the middle.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(unix)]

use chaos_container_tests::engine::{docker, left_by};
use chaos_container_tests::relay::Relay;
use chaos_container_tests::{images, redis};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::home::{Home, Started, run};

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s),
    warm_up = 200ms,
    baseline = 500ms,
    after = 300ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn paused_behind_a_relay(chaos: &mut Chaos) -> chaos::Result {
    let cache = chaos.container(images::redis()).await?;
    let addr = cache.addr(6379).await?;
    chaos.load(op(move |_| redis::ask(addr, "PING")).rate(per_second(50))).await?;
    chaos.inject(cache.pause()).hold(secs(8)).await?;
    Ok(())
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 20s), requires(docker))]
#[ignore = "run by the tests below"]
async fn requires_an_engine(chaos: &mut Chaos) -> chaos::Result {
    chaos.container(images::redis()).await.map(drop)
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 20s))]
#[ignore = "run by the tests below"]
async fn names_no_such_image(chaos: &mut Chaos) -> chaos::Result {
    let image = chaos_runtime::testcontainers::GenericImage::new("localhost:1/no-such-image", "0");
    chaos.container(image).await.map(drop)
}

fn message(journal: &Journal) -> String {
    let reason = &journal.reasons[0];
    format!("{}\nhelp: {}", reason.message, reason.help.as_deref().unwrap_or_default())
}

#[test]
fn without_an_engine_a_test_says_what_to_do() {
    let home = Home::new();
    let nowhere = format!("unix://{}", home.path().join("nobody.sock").display());
    run({
        let mut command = home.test("requires_an_engine");
        command.env("DOCKER_HOST", &nowhere);
        command
    });
    let journal = home.journal("requires_an_engine");
    assert_eq!(journal.verdict, Verdict::Errored);
    let said = message(&journal);
    assert!(said.contains(&nowhere) && said.contains("DOCKER_HOST") && said.contains("CHAOS_SKIP_MISSING"), "{said}");
    run({
        let mut command = home.test("requires_an_engine");
        command.env("DOCKER_HOST", &nowhere).env("CHAOS_SKIP_MISSING", "docker");
        command
    });
    assert_eq!(home.journal("requires_an_engine").verdict, Verdict::Skipped);
    run({
        let mut command = home.test("paused_behind_a_relay");
        command.env("DOCKER_HOST", &nowhere);
        command
    });
    let said = message(&home.journal("paused_behind_a_relay"));
    assert!(said.contains("no way to the container engine") && said.contains("help: start a Docker engine"), "{said}");
}

#[test]
fn an_image_that_can_not_be_had_is_named_with_the_way_out() {
    let home = Home::new();
    run(home.test("names_no_such_image"));
    let said = message(&home.journal("names_no_such_image"));
    assert!(
        said.contains("container no-such-image (localhost:1/no-such-image:0)") && said.contains("[images]"),
        "{said}"
    );
    assert!(left_by("names_no_such_image").is_empty());
}

#[test]
fn an_engine_that_goes_in_the_middle_is_told_and_what_is_left_is_undone_by_the_next_test() {
    let home = Home::new();
    let relay = Relay::new(home.path());
    let test = || {
        let mut command = home.test("paused_behind_a_relay");
        command.env("DOCKER_HOST", relay.host());
        command
    };
    let mut started = Started::new(test());
    let filters = ["--filter", "label=chaos-test.test=paused_behind_a_relay", "--filter", "status=paused"];
    let paused = || docker(&[&["ps", "-q"], &filters[..]].concat());
    started.until("the pause", || !paused().is_empty());
    relay.cut();
    let ended = started.wait();
    assert!(!ended.status.success());
    let journal = home.journal("paused_behind_a_relay");
    assert_eq!(journal.verdict, Verdict::RollbackFailed, "{}", ended.output);
    let said = message(&journal);
    assert!(said.contains("the container engine at unix://") && said.contains("docker unpause"), "{said}");
    assert_eq!(left_by("paused_behind_a_relay").len(), 1, "nobody could reach it");
    // Its watchdog tries too, in vain.
    home.unwatched();
    relay.mend();
    run(test());
    let journal = home.journal("paused_behind_a_relay");
    assert_eq!(journal.verdict, Verdict::Passed, "{:?}", journal.reasons);
    assert!(journal.notes.iter().any(|note| note.contains("an earlier run had left")), "{:?}", journal.notes);
    assert_eq!(left_by("paused_behind_a_relay").into_iter().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(home.undo_files(), [""; 0].map(std::path::PathBuf::from));
}
