//! `chaos.toml` decides where an experiment runs, and a mistake in it is told before anything is started.
//!
//! The experiment in here is ignored: the tests run it in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// Loads the service that `chaos.toml` names.
#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 10s),
    warm_up = 50ms,
    baseline = 300ms,
    after = 100ms,
    bin = 50ms,
    timeout = 60s,
)]
#[ignore = "run by the tests below"]
async fn loads_orders(chaos: &mut Chaos) -> chaos::Result {
    std::fs::write(std::env::temp_dir().join("started"), "")?;
    let orders = chaos.http("orders").await?;
    chaos.load(http::get(orders.url("/orders/42")).rate(per_second(50))).await?;
    let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
    chaos.inject(harmless).hold(millis(200)).await
}

/// A real HTTP server in a process of its own.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(bin("answering"));
        let mut child = command.arg("--print-port").stdout(Stdio::piped()).spawn().expect("it is built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its port");
        Self { child, port: line.trim().parse().expect("it prints its port") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The experiment in a package with this `chaos.toml`.
fn run_with(home: &Home, toml: &str, change: impl FnOnce(&mut Command)) -> (Journal, Ended) {
    let package = home.tmp().with_file_name("package");
    std::fs::create_dir_all(&package).expect("the home is ours");
    std::fs::write(package.join("chaos.toml"), toml).expect("the home is ours");
    let mut command = home.test("loads_orders");
    command.env_remove("CHAOS_CONFIG").env("CARGO_MANIFEST_DIR", package);
    change(&mut command);
    let ended = run(command);
    (home.journal("loads_orders"), ended)
}

fn was_started(home: &Home) -> bool {
    home.tmp().join("started").exists()
}

/// Nothing was started, and the reports say why.
fn assert_refused(home: &Home, (journal, ended): &(Journal, Ended), message: &str, help: &str) {
    assert!(!ended.status.success() && !was_started(home), "{}", ended.output);
    assert_eq!(journal.verdict, Verdict::Errored, "{}", ended.output);
    let reason = &journal.reasons[0];
    assert_eq!(reason.kind, ReasonKind::Config, "{reason:?}");
    assert!(reason.message.contains(message), "{reason:?}");
    assert_eq!(reason.help.as_deref(), Some(help), "{reason:?}");
    let case = home.junit().into_iter().find(|case| case.name == "loads_orders").expect("its record is not lost");
    assert_eq!(case.status, Some(("error".into(), "config".into())));
    // The report is wrapped, perhaps in the middle of the path.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert!(bare(&ended.output).contains(&bare(message)), "{}", ended.output);
}

#[test]
fn the_file_beside_the_package_names_a_service() {
    let home = Home::new();
    let server = Server::start();
    let toml = format!("[profile.local.http]\norders = \"http://127.0.0.1:{}\"\n", server.port);
    let (journal, ended) = run_with(&home, &toml, |_| {});
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    assert!(journal.loads[0].what.contains(&format!("http://127.0.0.1:{}/orders/42", server.port)));
}

#[test]
fn profiles_choose_services_and_another_file_can_be_named() {
    let home = Home::new();
    let server = Server::start();
    let named: PathBuf = home.tmp().with_file_name("other.toml");
    let toml = "[profile.local.http]\norders = \"http://nowhere.invalid\"\n\
                [profile.staging.http]\norders = { url = \"http://localhost:${ORDERS_PORT}/\" }\n";
    std::fs::write(&named, toml).expect("the home is ours");
    let (journal, ended) = run_with(&home, "not TOML", |command| {
        command.env("CHAOS_CONFIG", named).env("CHAOS_PROFILE", "staging").env("ORDERS_PORT", server.port.to_string());
    });
    assert_eq!((journal.verdict, &*journal.run.profile), (Verdict::Passed, "staging"), "{}", ended.output);
}

#[test]
fn a_malformed_file_fails_the_test_before_anything_is_started() {
    let home = Home::new();
    let ended = run_with(&home, "# a comment\n[redact]\n  nmaes = []\n", |_| {});
    assert_refused(&home, &ended, "/package/chaos.toml:3:3: unknown key `nmaes`", "did you mean `names`?");
}

#[test]
fn a_profile_that_the_file_does_not_have_is_refused() {
    let home = Home::new();
    let ended = run_with(&home, "[profile.staging]\n", |command| {
        command.env("CHAOS_PROFILE", "stagnig");
    });
    assert_refused(&home, &ended, "CHAOS_PROFILE=`stagnig`, but /", "did you mean `staging`?");
}

#[test]
fn a_service_that_does_not_answer_fails_the_body_with_its_key() {
    let home = Home::new();
    // A server that has just ended: its port is free.
    let port = Server::start().port;
    let toml = format!("[profile.local.http]\norders = \"http://127.0.0.1:{port}\"\n");
    let (journal, ended) = run_with(&home, &toml, |_| {});
    let reason = &journal.reasons[0];
    assert_eq!((journal.verdict, reason.kind), (Verdict::Errored, ReasonKind::Body), "{}", ended.output);
    let expected = format!("chaos.toml: nobody accepts connections at 127.0.0.1:{port}: ");
    assert!(reason.message.starts_with("profile.local.http.orders in ") && reason.message.contains(&expected));
    assert!(reason.help.as_deref().is_some_and(|help| help.starts_with("start it")), "{reason:?}");
    assert!(was_started(&home), "it is asked for by the body");
}
