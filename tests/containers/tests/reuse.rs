//! A container that the tests of a run share, and that ends with the run.
//!
//! The experiment in here is ignored: the test runs it in processes of its own, all in one run.

use chaos_container_tests::engine::docker;
use chaos_container_tests::{images, redis};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{EventKind, Journal, Verdict};
use chaos_tests::home::Home;
use std::process::Command;
use std::time::{Duration, Instant};

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 20s),
    warm_up = 200ms,
    baseline = 500ms,
    after = 300ms,
    bin = 100ms,
)]
#[ignore = "run by the test below"]
async fn counts_the_tests_before(chaos: &mut Chaos) -> chaos::Result {
    let cache = chaos.container(images::redis()).named("shared").reuse().await?;
    let addr = cache.addr(6379).await?;
    chaos.note(format!("test {}", redis::ask(addr, "INCR tests").await?));
    chaos.load(op(move |_| redis::ask(addr, "PING")).rate(per_second(100))).await?;
    chaos.inject(cache.pause()).hold(millis(500)).await?;
    Ok(())
}

fn shared() -> String {
    docker(&["ps", "-aq", "--filter", "label=chaos-test.target=container shared"])
}

#[test]
fn the_tests_of_a_run_share_it_and_the_run_ends_it() {
    let home = Home::new();
    let once = r#""$0" --exact counts_the_tests_before --ignored --test-threads=1 || exit 1"#;
    // The shell stands for cargo: the parent of every test binary of the run.
    let script = format!("{once}\n{once}\ndocker ps -q --filter 'label=chaos-test.target=container shared' | wc -l");
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(std::env::current_exe().expect("a test knows its executable"))
        .env("CHAOS_DIR", home.chaos())
        .env("TMPDIR", home.tmp())
        .env("CARGO", "cargo")
        .env_remove("NEXTEST_RUN_ID")
        .env("CHAOS_RUN_ID", "one")
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().last(), Some("1"), "one container for both, still there when both were over: {said}");
    let mut journals: Vec<Journal> = home.journals();
    // The second attempt of the same test in the same run stands for the second test.
    journals.sort_by_key(|journal| journal.run.started_at.clone());
    let last = journals.last().expect("there are journals");
    assert_eq!(last.verdict, Verdict::Passed);
    let notes: Vec<&str> =
        last.events.iter().filter(|event| event.kind == EventKind::Note).map(|event| &*event.text).collect();
    assert_eq!(notes, ["test :2"], "its data stayed");
    let since = Instant::now();
    while !shared().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "it outlived the run");
        std::thread::sleep(Duration::from_millis(50));
    }
}
