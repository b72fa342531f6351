//! `chaos.toml` decides where an experiment runs, and a mistake in it is told before anything is started.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// Experiments that load the service that `chaos.toml` names.
macro_rules! load_orders {
    ($($name:ident($($profiles:tt)*))*) => { $(
        #[chaos_test(
            steady_state(success_rate >= 90%),
            hypothesis(recovery <= 10s),
            warm_up = 50ms,
            baseline = 300ms,
            after = 100ms,
            bin = 50ms,
            timeout = 60s,
            $($profiles)*
        )]
        #[ignore = "run by the tests below"]
        async fn $name(chaos: &mut Chaos) -> chaos::Result {
            experiment(chaos).await
        }
    )* };
}

load_orders! {
    loads_orders()
    loads_orders_here_and_there(profiles(local, staging))
}

async fn experiment(chaos: &mut Chaos) -> chaos::Result {
    std::fs::write(std::env::temp_dir().join("started"), "")?;
    let orders = chaos.http("orders").await?;
    chaos.load(orders.get("/orders/42").rate(per_second(50))).await?;
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
    run_test("loads_orders", home, toml, change)
}

fn run_test(test: &str, home: &Home, toml: &str, change: impl FnOnce(&mut Command)) -> (Journal, Ended) {
    let package = home.tmp().with_file_name("package");
    std::fs::create_dir_all(&package).expect("the home is ours");
    std::fs::write(package.join("chaos.toml"), toml).expect("the home is ours");
    let mut command = home.test(test);
    command.env_remove("CHAOS_CONFIG").env("CARGO_MANIFEST_DIR", package);
    change(&mut command);
    let ended = run(command);
    (home.journal(test), ended)
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
    let case =
        home.junit().into_iter().find(|case| case.name == journal.experiment.name).expect("its record is not lost");
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
    let expected = format!("chaos.toml:2:10: nobody accepts connections at 127.0.0.1:{port}: ");
    assert!(reason.message.starts_with("profile.local.http.orders in ") && reason.message.contains(&expected));
    assert!(reason.help.as_deref().is_some_and(|help| help.starts_with("start it")), "{reason:?}");
    assert!(was_started(&home), "it is asked for by the body");
}

#[test]
fn a_variable_outranks_the_file_and_can_do_without_it() {
    let server = Server::start();
    let url = format!("http://127.0.0.1:{}", server.port);
    for toml in ["[profile.local.http]\norders = \"http://nowhere.invalid\"\n", ""] {
        let home = Home::new();
        let (journal, ended) = run_with(&home, toml, |command| {
            command.env("CHAOS_HTTP_ORDERS_URL", &url);
        });
        assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
        assert!(journal.loads[0].what.contains(&format!("{url}/orders/42")));
    }
}

#[test]
fn a_variable_that_is_mistyped_or_wrong_fails_the_test_before_anything_is_started() {
    let toml = "[profile.local.http]\norders = \"http://127.0.0.1:1\"\n";
    for (name, value, message, help) in [
        (
            "CHAOS_HTTP_ORDRES_URL",
            "http://127.0.0.1:2",
            "CHAOS_HTTP_ORDRES_URL: profile `local` of the file has no HTTP target `ordres`",
            "did you mean CHAOS_HTTP_ORDERS_URL, for `orders`? Otherwise add `ordres` to [profile.local.http]",
        ),
        (
            "CHAOS_AURORA_PAYMENTS_READERS",
            "16",
            "CHAOS_AURORA_PAYMENTS_READERS: an Aurora has 0 to 15 readers",
            "write a number from 0 to 15, as in `readers = 2`",
        ),
    ] {
        let home = Home::new();
        let ended = run_with(&home, toml, |command| {
            command.env(name, value);
        });
        assert_refused(&home, &ended, message, help);
    }
}

#[test]
fn the_attribute_names_where_it_runs() {
    let server = Server::start();
    let toml = format!(
        "[profile.local.http]\norders = \"http://127.0.0.1:{0}\"\n\
         [profile.staging.http]\norders = \"http://127.0.0.1:{0}/staging\"\n[profile.nightly]\n",
        server.port
    );
    for (profile, path) in [("local", ""), ("staging", "/staging")] {
        let home = Home::new();
        let (journal, ended) = run_test("loads_orders_here_and_there", &home, &toml, |command| {
            command.env("CHAOS_PROFILE", profile);
        });
        assert_eq!((journal.verdict, &*journal.run.profile), (Verdict::Passed, profile), "{}", ended.output);
        let url = format!("http://127.0.0.1:{}{path}/orders/42", server.port);
        assert!(journal.loads[0].what.contains(&url), "{}", journal.loads[0].what);
    }
    let home = Home::new();
    let (journal, ended) = run_test("loads_orders_here_and_there", &home, &toml, |command| {
        command.env("CHAOS_PROFILE", "nightly");
    });
    assert_eq!(journal.verdict, Verdict::Skipped, "{}", ended.output);
    ended.assert_passes();
    ended.assert_says(&["SKIPPED", "runs in profile local, staging, and this is `nightly`"]);
    assert!(!was_started(&home));
}

/// Otherwise a mistyped name would be a test that runs nowhere, and nobody would know.
#[test]
fn a_profile_that_only_the_attribute_knows_is_refused_everywhere() {
    for profile in ["local", "stagin"] {
        let home = Home::new();
        let toml = "[profile.local]\n[profile.stagin]\n";
        let ended = run_test("loads_orders_here_and_there", &home, toml, |command| {
            command.env("CHAOS_PROFILE", profile);
        });
        let help = "did you mean `stagin`? Otherwise add [profile.staging] to the file";
        assert_refused(&home, &ended, "profiles(staging) in the attribute, but /", help);
    }
    // A file without profiles knows none better.
    let home = Home::new();
    let (journal, ended) = run_test("loads_orders_here_and_there", &home, "[redact]\n", |command| {
        command.env("CHAOS_PROFILE", "elsewhere");
    });
    assert_eq!(journal.verdict, Verdict::Skipped, "{}", ended.output);
}
