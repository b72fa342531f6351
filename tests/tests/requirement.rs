//! `requires(docker)`: an engine is asked for a sign of life before anything is started.
//!
//! The experiment in here is ignored: the tests run it in processes of their own, before engines that they plant.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use chaos_tests::surroundings::{behind, may_mount};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

#[chaos_test(
    steady_state(success_rate >= 90%),
    warm_up = 50ms,
    baseline = 200ms,
    after = 100ms,
    bin = 50ms,
    timeout = 60s,
    requires(docker),
)]
#[ignore = "run by the tests below"]
async fn needs_an_engine(chaos: &mut Chaos) -> chaos::Result {
    std::fs::write(std::env::temp_dir().join("started"), "")?;
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
    chaos.inject(harmless).hold(millis(100)).await
}

/// A socket in this home.
fn socket(home: &Home) -> PathBuf {
    home.path().join("docker.sock")
}

/// Listens there, and answers each connection so.
fn plant(path: &Path, answer: &'static [u8]) {
    let listener = UnixListener::bind(path).expect("the home is ours");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("it listens");
            let mut request = [0; 256];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
        }
    });
}

/// The experiment, with the engine that `DOCKER_HOST` names.
fn run_at(home: &Home, socket: &Path, environment: &[(&str, &str)]) -> Ended {
    run(at(home.test("needs_an_engine"), socket, environment))
}

fn at(mut command: Command, socket: &Path, environment: &[(&str, &str)]) -> Command {
    command.env("DOCKER_HOST", format!("unix://{}", socket.display())).envs(environment.iter().copied());
    command
}

/// Nothing was started, and the report says why.
fn assert_missing(home: &Home, ended: &Ended, texts: &[&str]) {
    ended.assert_says(&["ERRORED"]);
    ended.assert_says(texts);
    assert!(!ended.status.success() && !home.tmp().join("started").exists(), "{}", ended.output);
    let journal = home.journal("needs_an_engine");
    assert_eq!((journal.verdict, journal.reasons[0].kind), (Verdict::Errored, ReasonKind::Requirement));
}

#[test]
fn with_an_engine_that_answers_it_runs() {
    let home = Home::new();
    plant(&socket(&home), b"HTTP/1.1 200 OK\r\n\r\nOK");
    let ended = run_at(&home, &socket(&home), &[]);
    ended.assert_passes();
    assert_eq!(home.journal("needs_an_engine").verdict, Verdict::Passed, "{}", ended.output);
    assert!(home.tmp().join("started").exists());
}

#[test]
fn where_nothing_listens_it_fails_with_the_way_out() {
    let home = Home::new();
    let path = socket(&home);
    let ended = run_at(&home, &path, &[]);
    let nothing = format!("requires a Docker engine, but nothing listens at unix://{}", path.display());
    assert_missing(&home, &ended, &[&nothing, "help: start a Docker engine, or point DOCKER_HOST at one, or set"]);
}

#[test]
fn an_engine_that_hangs_is_not_waited_for() {
    let home = Home::new();
    let path = socket(&home);
    // Its queue takes connections that nobody serves.
    let _listener = UnixListener::bind(&path).expect("the home is ours");
    let ended = run_at(&home, &path, &[]);
    assert_missing(&home, &ended, &["does not answer within 5 s", "help: see with `docker info`"]);
}

#[test]
fn an_engine_that_is_none_is_said() {
    let home = Home::new();
    plant(&socket(&home), b"HTTP/1.1 503 Service Unavailable\r\n\r\nstarting");
    let ended = run_at(&home, &socket(&home), &[]);
    assert_missing(&home, &ended, &["does not answer as one: `HTTP/1.1 503 Service Unavailable starting`"]);
}

#[test]
fn a_skip_that_was_asked_for_says_the_same() {
    let home = Home::new();
    let ended = run_at(&home, &socket(&home), &[("CHAOS_SKIP_MISSING", "docker")]);
    ended.assert_passes();
    ended.assert_says(&["SKIPPED", "requires a Docker engine, but nothing listens at unix://"]);
    assert_eq!(home.journal("needs_an_engine").verdict, Verdict::Skipped);
}

/// A user who may not use the engine's socket. Root may do all; so it is run as root without root's capabilities, and
/// the socket is somebody else's.
#[test]
fn permission_that_is_missing_names_the_group() {
    let home = Home::new();
    let path = socket(&home);
    plant(&path, b"HTTP/1.1 200 OK\r\n\r\nOK");
    let is_root = rustix::process::geteuid().is_root();
    let test = home.test("needs_an_engine");
    let command = if is_root {
        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).expect("root may");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("root may");
        behind("setpriv", ["--bounding-set=-all", "--inh-caps=-all", "--"], &test)
    } else {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("it is ours");
        test
    };
    let ended = run(at(command, &path, &[]));
    let denied = format!("this user may not use the one at unix://{}: permission denied", path.display());
    assert_missing(&home, &ended, &[&denied, "help: add the user to the group `docker`"]);
}

/// Where `DOCKER_HOST` is not set, a rootless engine is found in the home directory. The machine's own engine is hidden
/// by an empty `/run` in a mount namespace.
#[test]
fn a_rootless_engine_is_found() {
    let home = Home::new();
    let users = home.path().join("ann");
    std::fs::create_dir_all(users.join(".docker/run")).expect("the home is ours");
    plant(&users.join(".docker/run/docker.sock"), b"HTTP/1.1 200 OK\r\n\r\nOK");
    let script = "mount -t tmpfs none /run && { [ -L /var/run ] || mount -t tmpfs none /var/run; } && exec \"$@\"";
    let hidden = |users: &Path| {
        let mut test = home.test("needs_an_engine");
        test.env("HOME", users);
        may_mount(script, &test).map(run)
    };
    let Some(ended) = hidden(&users) else {
        return println!("not tested: this user may not mount, so the machine's own engine can't be hidden");
    };
    ended.assert_passes();
    assert_eq!(home.journal("needs_an_engine").verdict, Verdict::Passed, "{}", ended.output);
    std::fs::remove_file(home.tmp().join("started")).expect("it ran");
    let nobody = home.path().join("bob");
    let looked_at = format!(
        "there is none of /var/run/docker.sock, {0}/.docker/run/docker.sock, {0}/.docker/desktop/docker.sock",
        nobody.display()
    );
    assert_missing(&home, &hidden(&nobody).expect("it could before"), &[&looked_at]);
}
