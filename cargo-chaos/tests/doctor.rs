//! `cargo chaos doctor` on machines of every kind.

#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Ended, Home, ended};

/// A project with chaos tests, on a machine without Docker, AWS and CI.
struct Machine {
    home: Home,
    project: PathBuf,
    variables: Vec<(&'static str, String)>,
    features: &'static str,
}

impl Machine {
    fn new() -> Self {
        let home = Home::new();
        let project = home.path().join("shop");
        std::fs::create_dir_all(project.join("src")).unwrap();
        std::fs::create_dir_all(home.path().join("runtime/src")).unwrap();
        std::fs::write(project.join("src/lib.rs"), "").unwrap();
        std::fs::write(home.path().join("runtime/src/lib.rs"), "").unwrap();
        let runtime = "[package]\nname = \"chaos-runtime\"\nversion = \"0.1.0\"\n[features]\ndocker = []\naws = []\n";
        std::fs::write(home.path().join("runtime/Cargo.toml"), runtime).unwrap();
        let nowhere = format!("unix://{}", home.path().join("no.sock").display());
        Self { home, project, variables: vec![("DOCKER_HOST", nowhere)], features: "" }
    }

    fn features(self, features: &'static str) -> Self {
        Self { features, ..self }
    }

    fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self
    }

    fn settings(self, text: &str) -> Self {
        std::fs::write(self.project.join("chaos.toml"), text).unwrap();
        self
    }

    /// `program` sees this machine.
    fn settle(&self, program: Command) -> Command {
        let manifest = format!(
            "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[workspace]\n[dev-dependencies]\n\
             chaos-runtime = {{ path = \"../runtime\", features = [{}] }}\n",
            self.features
        );
        std::fs::write(self.project.join("Cargo.toml"), manifest).unwrap();
        let mut command = self.home.settle(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["AWS_", "GITHUB", "GITLAB", "CI", "BUILDKITE"].iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("DOCKER_HOST");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.current_dir(&self.project);
        command
    }

    fn doctor(&self, line: &str) -> Ended {
        patiently(|| {
            let mut command = self.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
            command.args(["chaos", "doctor"]).args(line.split_whitespace());
            command
        })
    }

    /// The same, started by another program: `prlimit …`, `setpriv …`.
    fn doctor_by(&self, by: &[&str], line: &str) -> Ended {
        patiently(|| {
            let mut command = Command::new(by[0]);
            command.args(&by[1..]).arg(env!("CARGO_BIN_EXE_cargo-chaos")).args(["chaos", "doctor"]);
            let mut command = self.settle(command);
            command.args(line.split_whitespace());
            command
        })
    }
}

/// Again, while this machine was too busy: for a check, to take a connection, or for a service of these tests to answer.
fn patiently(command: impl Fn() -> Command) -> Ended {
    const BUSY: [&str; 2] = ["no answer within", "nobody takes a connection"];
    let is_busy = |told: &Ended| BUSY.iter().any(|busy| told.out.contains(busy));
    let mut several = std::iter::repeat_with(|| ended(command())).take(9);
    several.find(|told| !is_busy(told)).unwrap_or_else(|| ended(command()))
}

/// The check of this name: state, what was found, the fix.
#[track_caller]
fn check(ended: &Ended, name: &str) -> (String, String, String) {
    let json = ended.json();
    let checks = json["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"].as_str().unwrap().starts_with(name));
    let found = found.unwrap_or_else(|| panic!("no check {name} in {json:#}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("found"), text("fix"))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Without root's right to pass over permissions.
const COMMON: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

#[test]
fn without_docker_what_needs_none_is_ready() {
    let plain = Machine::new().doctor("--format json").with(0);
    let (state, found, fix) = check(&plain, "Docker engine");
    assert!(state == "not_needed" && found.starts_with("nothing listens at unix://") && fix.is_empty(), "{found}");
    assert_eq!(plain.json()["ready"], Value::Bool(true));
    assert_eq!(check(&plain, "AWS").0, "not_needed");
    let (state, found, _) = check(&plain, "timer");
    assert!(["ok", "warning"].contains(&&*state) && found.contains("200 arrivals 1 ms apart"), "{found}");
}

#[test]
fn without_docker_what_needs_it_is_told_how_to_get_it() {
    let machine = Machine::new().features("\"docker\"");
    let json = machine.doctor("--format json").with(1);
    let (state, found, fix) = check(&json, "Docker engine");
    assert!(state == "missing" && found.contains("no.sock"), "{found}");
    assert!(fix.contains("start a Docker engine, or point DOCKER_HOST at one"), "{fix}");
    let text = machine.doctor("").with(1).out;
    assert!(text.contains("✗ Docker engine") && text.contains("fix: start a Docker engine"), "{text}");
    assert!(text.contains("for: feature `docker` of chaos-runtime in shop"), "{text}");
    assert!(
        text.ends_with("is missing (profile local).\n") || text.contains("1 thing that this project needs is missing"),
        "{text}"
    );
    let markdown = machine.doctor("--format markdown").with(1).out;
    assert!(
        markdown.starts_with("### Chaos tests on this machine\n") && markdown.contains("| ❌ | Docker engine |"),
        "{markdown}"
    );
}

#[test]
fn an_engine_that_is_not_installed_is_to_be_installed() {
    // A path with cargo and rustc alone, and no socket in any of the usual places that are this test's.
    let machine = Machine::new().features("\"docker\"");
    let bin = machine.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for tool in ["cargo", "rustc"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|dir| dir.join(tool))
            .find(|path| path.exists());
        std::os::unix::fs::symlink(found.unwrap(), bin.join(tool)).unwrap();
    }
    let machine = machine.env("PATH", bin.display().to_string()).without("DOCKER_HOST");
    let told = machine.doctor("--format json");
    let (state, found, fix) = check(&told, "Docker engine");
    if found.starts_with("there is none of /var/run/docker.sock") || found.starts_with("nothing listens") {
        assert!(state == "missing" && fix.contains("https://docs.docker.com/engine/install"), "{fix}");
    } else {
        assert_eq!(state, "ok", "this machine has one: {found}");
    }
}

#[test]
fn an_engine_that_this_user_may_not_use_is_a_matter_of_rights() {
    let machine = Machine::new().features("\"docker\"");
    let path = machine.home.path().join("locked.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let machine = machine.env("DOCKER_HOST", format!("unix://{}", path.display()));
    let told = if is_root() { machine.doctor_by(&COMMON, "--format json") } else { machine.doctor("--format json") };
    let (state, found, fix) = check(&told.with(1), "Docker engine");
    assert!(state == "missing" && found.contains("permission denied"), "{found}");
    assert!(fix.starts_with("add the user to the group `docker`"), "{fix}");
}

#[test]
fn what_never_answers_holds_nobody_up() {
    let machine = Machine::new().features("\"docker\"");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = machine.env("DOCKER_HOST", format!("tcp://{}", listener.local_addr().unwrap()));
    let (state, found, fix) = check(&machine.doctor("--format json").with(1), "Docker engine");
    assert!(state == "missing" && found.contains("does not answer within 5 s"), "{found}");
    assert!(fix.contains("docker info"), "{fix}");
}

#[test]
fn an_engine_that_is_there_is_described() {
    // One that answers like Docker: version, state, no images.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || engine(stream));
        }
    });
    let machine = Machine::new().features("\"docker\"").env("DOCKER_HOST", format!("tcp://{address}"));
    let told = machine.doctor("--format json").with(0);
    let (state, found, _) = check(&told, "Docker engine");
    assert_eq!((&*state, &*found), ("ok", "99.1 (API 1.41, cgroup version 2)"));
    let (state, _, fix) = check(&told, "image nicolaka/netshoot");
    assert!(state == "warning" && fix.starts_with("`docker pull nicolaka/netshoot:"), "{fix}");
    let mine =
        machine.settings("[images]\n\"nicolaka/netshoot\" = \"r.example.com/tools:1\"\n").doctor("--format json");
    assert_eq!(check(&mine.with(0), "image r.example.com/tools:1").0, "warning");
}

fn engine(mut stream: TcpStream) {
    let mut request = [0; 4096];
    while let Ok(read) = stream.read(&mut request) {
        let text = String::from_utf8_lossy(&request[..read]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        let (status, body) = if path.ends_with("/_ping") {
            ("200 OK", "OK")
        } else if path.ends_with("/version") {
            ("200 OK", r#"{"Version":"99.1","ApiVersion":"1.41"}"#)
        } else if path.ends_with("/info") {
            ("200 OK", r#"{"CgroupVersion":"2"}"#)
        } else {
            ("404 Not Found", r#"{"message":"no such image"}"#)
        };
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        let is_last = read == 0 || text.to_ascii_lowercase().contains("connection: close");
        if stream.write_all((head + body).as_bytes()).is_err() || is_last {
            return;
        }
    }
}

const STAGING: &str = "[profile.staging.aws]\naccounts = [\"123456789012\"]\nregion = \"eu-central-1\"\n\
                       tag = \"chaos-test=allowed\"\nemulator = true\n";

#[test]
fn without_credentials_the_profile_with_an_account_is_not_ready() {
    let machine = Machine::new().features("\"aws\"").settings(STAGING);
    let told = machine.doctor("--format json --profile staging").with(1);
    let (state, found, fix) = check(&told, "credentials");
    assert!(state == "missing" && found.starts_with("no credentials: "), "{found}");
    assert!(fix.contains("aws sso login"), "{fix}");
    let local = machine.doctor("--format json").with(0);
    assert_eq!(check(&local, "AWS").0, "not_needed", "the profile has no account");
    assert_eq!(check(&machine.doctor("--format json --aws").with(0), "credentials").0, "warning", "nobody needs them");
    assert_eq!(check(&machine.doctor("--format json --profile staging --offline").with(0), "AWS").0, "not_needed");
}

/// All of it: what is left unread when the connection ends could cost the client the answer.
fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let header = line.trim_end().split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        length = header.map_or(length, |(_, value)| value.parse().unwrap());
        line.clear();
    }
    let _ = reader.read_exact(&mut vec![0; length]);
}

/// An STS that says this to everything.
fn sts(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            read_request(&stream);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    url
}

fn with_credentials(url: String) -> Machine {
    let machine = Machine::new().features("\"aws\"").settings(STAGING);
    machine
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
}

#[test]
fn expired_credentials_are_told_from_none() {
    let expired = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                   <Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error>\
                   <RequestId>1</RequestId></ErrorResponse>";
    let machine = with_credentials(sts("403 Forbidden", expired));
    let told = machine.doctor("--format json --profile staging").with(1);
    assert_eq!(check(&told, "credentials").0, "ok", "there are some");
    let (state, found, fix) = check(&told, "account");
    assert!(state == "missing" && found.contains("expired") && !fix.is_empty(), "{found}\n{fix}");
    assert!(!told.out.contains("not-a-secret"));
}

#[test]
fn the_wrong_account_is_named() {
    let other = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::210987654321:user/ada</Arn><UserId>A</UserId><Account>210987654321</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let machine = with_credentials(sts("200 OK", other));
    let (state, found, fix) = check(&machine.doctor("--format json --profile staging").with(1), "account");
    assert!(
        state == "missing" && found.contains("of account 210987654321") && found.contains("allows 123456789012"),
        "{found}"
    );
    assert!(fix.contains("log in to the right account"), "{fix}");
    // Elsewhere than the profile says.
    let machine = with_credentials(sts("200 OK", other)).env("AWS_REGION", "us-west-2");
    let (_, found, _) = check(&machine.doctor("--format json --profile staging").with(1), "account");
    assert!(found.contains("AWS_REGION is us-west-2, and the profile is for eu-central-1"), "{found}");
}

#[test]
fn a_mistake_in_the_settings_is_told_as_a_test_would() {
    let machine = Machine::new().settings("[profile.local.http]\norders = { ulr = \"http://127.0.0.1:1\" }\n");
    let (state, found, fix) = check(&machine.doctor("--format json").with(1), "chaos.toml");
    assert!(state == "missing" && found.contains("chaos.toml:2:12: unknown key `ulr`"), "{found}");
    assert!(fix.contains("did you mean `url`?"), "{fix}");
    let machine = Machine::new().settings(STAGING);
    let (_, found, fix) = check(&machine.doctor("--format json --profile stagign").with(1), "chaos.toml");
    assert!(found.contains("no such profile") && fix.contains("did you mean `staging`?"), "{found}\n{fix}");
}

#[test]
fn services_are_reached_or_the_reason_is_told() {
    // A port that nobody is given by chance.
    let dead = "127.0.0.1:1";
    let alive = sts("204 No Content", "");
    let text = format!("[profile.local.http]\norders = \"http://{dead}\"\nstock = \"{alive}\"\n");
    let told = Machine::new().settings(&text).doctor("--format json").with(1);
    let (state, found, fix) = check(&told, "http orders");
    assert!(state == "missing" && found.contains(&format!("nobody accepts connections at {dead}")), "{found}");
    assert!(fix.starts_with("start it, correct the address"), "{fix}");
    let (state, found, _) = check(&told, "http stock");
    assert!(state == "ok" && found.contains("204 No Content"), "{found}");
    assert!(Machine::new().settings(&text).doctor("--offline").code == Some(0), "nobody is asked");
}

#[test]
fn few_file_descriptors_are_told_with_what_they_are_enough_for() {
    let told = Machine::new().doctor_by(&["prlimit", "--nofile=256:256"], "--format json").with(0);
    let (state, found, fix) = check(&told, "file descriptors");
    assert!(state == "warning" && found.starts_with("256 (soft), 256 (hard): enough for 35 connections"), "{found}");
    assert!(fix.contains("ulimit -Hn 4096"), "{fix}");
}

#[test]
fn a_directory_that_takes_no_reports() {
    let machine = Machine::new();
    let closed = machine.home.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    let machine = machine.env("CHAOS_DIR", closed.join("chaos").display().to_string());
    let told = if is_root() { machine.doctor_by(&COMMON, "--format json") } else { machine.doctor("--format json") };
    let (state, found, fix) = check(&told.with(1), "reports");
    assert!(state == "missing" && found.contains("Permission denied"), "{found}");
    assert!(fix.contains("CHAOS_DIR"), "{fix}");
}

#[test]
fn a_disk_that_is_full() {
    if !is_root() {
        eprintln!("a small disk wants root");
        return;
    }
    let machine = Machine::new();
    let disk = Mounted::small(machine.home.path().join("disk"));
    let _ = std::fs::write(disk.0.join("filling"), vec![0; 256 << 10]);
    let machine = machine.env("CHAOS_DIR", disk.0.display().to_string());
    let (state, found, fix) = check(&machine.doctor("--format json").with(1), "reports");
    assert!(state == "missing" && found.contains("No space left"), "{found}");
    assert!(fix.starts_with("make room"), "{fix}");
    assert_eq!(std::fs::read_dir(&disk.0).unwrap().count(), 1, "doctor leaves nothing");
}

/// A disk of 64 KiB.
struct Mounted(PathBuf);

impl Mounted {
    fn small(path: PathBuf) -> Self {
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "small"]).arg(&path).status();
        assert!(mounted.unwrap().success());
        Self(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn what_killed_tests_have_left_is_told() {
    let machine = Machine::new();
    let undo = machine.home.reports().join("undo");
    std::fs::create_dir_all(&undo).unwrap();
    std::fs::write(undo.join("1-0123.jsonl"), "nonsense\n").unwrap();
    let (state, found, fix) = check(&machine.doctor("--format json").with(0), "left behind");
    assert!(state == "warning" && found.contains("can't be read"), "{found}");
    assert!(fix.starts_with("`cargo chaos recover`"), "{fix}");
    assert!(undo.join("1-0123.jsonl").exists(), "doctor only looks");
}

#[test]
fn a_project_without_chaos_tests_is_told_how_to_begin() {
    let machine = Machine::new();
    let mut command = machine.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    std::fs::write(
        machine.project.join("Cargo.toml"),
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[workspace]\n",
    )
    .unwrap();
    command.args(["chaos", "doctor", "--format", "json"]);
    let (state, _, fix) = check(&ended(command).with(1), "chaos-runtime");
    assert_eq!((&*state, &*fix), ("missing", "`cargo chaos init`"));
    let mut nowhere = machine.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
    nowhere.current_dir(machine.home.path()).args(["chaos", "doctor"]);
    let told = ended(nowhere).with(3);
    assert!(told.err.starts_with("error: no cargo project is found"), "{}", told.err);
}

#[test]
fn a_job_of_a_pipeline_is_known() {
    let told = Machine::new().env("GITHUB_ACTIONS", "true").doctor("--format json").with(0);
    assert!(check(&told, "CI").1.starts_with("GitHub Actions"));
}

#[test]
fn whose_turn_it_is_lies_where_this_user_may_write() {
    let machine = Machine::new();
    let tmp: &Path = &machine.home.tmp();
    let (state, found, _) = check(&machine.doctor("--format json").with(0), "turns");
    assert!(state == "ok" && found.starts_with(&tmp.display().to_string()), "{found}");
}
