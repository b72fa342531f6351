//! `cargo chaos recover`, on planted leftovers and on those of a test that was killed.

#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::Home;

/// A ledger with one undo.
fn ledger(home: &Home, name: &str, recipe: &str) -> PathBuf {
    let undo = home.reports().join("undo");
    fs::create_dir_all(&undo).unwrap();
    let path = undo.join(format!("{name}.jsonl"));
    let line = format!(
        r#"{{"line":"undo","version":1,"id":1,"experiment":"shop::survives","pid":1,"what":"fill the disk","target":"disk","recipe":{recipe},"at":"2026-01-01T00:00:00Z"}}"#
    );
    fs::write(&path, line + "\n").unwrap();
    path
}

fn remove(path: &Path) -> String {
    format!(r#"{{"do":"remove","path":{:?}}}"#, path.display().to_string())
}

#[test]
fn it_is_shown_first_and_undone_when_asked_to() {
    let home = Home::new();
    let nothing = home.run("recover --no-docker").with(0).out;
    assert_eq!(nothing, "nothing is left behind\n");
    let harm = home.tmp().join("filler");
    fs::write(&harm, "x").unwrap();
    let file = ledger(&home, "1-a", &remove(&harm));

    let shown = home.run("recover --no-docker").with(1).out;
    for part in [
        "left: fill the disk on disk, by shop::survives at 2026-01-01",
        "by hand",
        "1 left behind; `cargo chaos recover --undo`",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    let json = home.run("recover --no-docker --format json").with(1).valid("recover");
    assert_eq!((&json["left"], &json["items"][0]["state"]), (&1.into(), &"left".into()));
    assert!(harm.exists() && file.exists(), "showing undoes nothing");

    let undone = home.run("recover --no-docker --undo").with(0).out;
    assert!(undone.contains("undone: fill the disk on disk") && undone.contains("nothing is left behind"), "{undone}");
    assert!(!harm.exists() && !file.exists());
}

#[test]
fn what_a_living_process_owns_is_shown_and_never_touched() {
    let home = Home::new();
    let harm = home.tmp().join("filler");
    fs::write(&harm, "x").unwrap();
    let file = ledger(&home, "1-a", &remove(&harm));
    let owner = File::open(&file).unwrap();
    owner.lock().unwrap();
    for line in ["recover --no-docker", "recover --no-docker --undo"] {
        let json = home.run(&format!("{line} --format json")).with(0).json();
        assert_eq!((&json["left"], &json["items"][0]["state"]), (&0.into(), &"in-use".into()), "{json}");
        assert!(harm.exists() && file.exists());
    }
    drop(owner);
    home.run("recover --no-docker --yes").with(0);
    assert!(!harm.exists());
}

#[test]
fn what_cannot_be_undone_or_read_stays_and_says_how() {
    let home = Home::new();
    ledger(&home, "1-a", r#"{"do":"command","program":"false","args":["--now"]}"#);
    let garbage = home.reports().join("undo/2-b.jsonl");
    fs::write(&garbage, "garbage\n").unwrap();
    let json = home.run("recover --no-docker --undo --format json").with(1).valid("recover");
    let items = json["items"].as_array().unwrap();
    let failed = items.iter().find(|item| item["experiment"] == "shop::survives").unwrap();
    assert_eq!((&failed["state"], &failed["by_hand"]), (&"failed".into(), &"false --now".into()));
    assert!(!failed["error"].is_null());
    assert_eq!((items.len(), &json["left"]), (2, &2.into()), "{json:#}");
    // Kept aside for a person, and told until that person has removed it.
    assert!(!garbage.exists() && garbage.with_extension("unreadable").exists());
    let shown = home.run("recover --no-docker").with(1).out;
    assert!(shown.contains("look at it, undo by hand, remove it") && shown.contains("2 left behind"), "{shown}");
}

/// Without its watchdog, which would undo it at once.
#[test]
fn the_leftovers_of_a_killed_test() {
    let home = Home::new();
    let list = home.run("list --test chaos_main --format json").with(0);
    assert!(list.out.contains("endless"));
    // The rest of what it says is kept open: to write must not fail.
    let (mut child, _rest, said) = loop {
        let mut cargo = home.settle(Command::new("cargo"));
        cargo.args(["test", "--test", "chaos_main", "endless", "--", "--exact", "--ignored", "--nocapture"]);
        cargo.env("CHAOS_WATCHDOG", "off");
        let mut child = cargo.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        for line in lines.by_ref() {
            said.push(line.unwrap());
            if said.last().is_some_and(|line| line.contains("at: fault")) {
                break;
            }
        }
        if said.last().is_some_and(|line| line.contains("at: fault")) {
            break (child, lines, said);
        }
        child.wait().unwrap();
        assert!(home.is_spoiled(), "{said:#?}");
        home.forget_runs();
    };
    let harm = home.tmp().join("in-the-way");
    assert!(harm.exists(), "{said:#?}");
    let in_use = home.run("recover --no-docker --format json").with(0).json();
    assert!(in_use["items"].as_array().unwrap().iter().all(|item| item["state"] == "in-use"), "{in_use:#}");

    let mark = home.reports().display().to_string();
    let ours = |name: &str| {
        let found = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let has = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
            (has(&line, name) && has(&environment, &mark)).then_some(pid)
        });
        found.collect::<Vec<_>>()
    };
    for name in ["chaos_main-"] {
        let found = ours(name);
        assert!(!found.is_empty(), "no {name}");
        for pid in found {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            let killed = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            // Of several, one may end with another.
            assert!(matches!(killed, Ok(()) | Err(rustix::io::Errno::SRCH)), "{killed:?}");
        }
    }
    child.wait().unwrap();
    assert!(harm.exists(), "nobody is left who would have undone it");
    let left = home.run("recover --no-docker").with(1).out;
    assert!(left.contains("by endless at "), "{left}");
    let undone = home.run("recover --no-docker --undo").with(0).out;
    assert!(undone.contains("undone: ") && !harm.exists(), "{undone}");
}

/// An engine that is not there has nothing of ours; that it was not looked through is said.
#[cfg(feature = "docker")]
#[test]
fn without_an_engine_it_says_so() {
    let home = Home::new();
    let mut command = home.chaos("recover");
    command.env("DOCKER_HOST", format!("unix://{}", home.path().join("no.sock").display()));
    let ended = support::ended(command).with(0);
    assert!(ended.out.contains("note: containers were not looked for: "), "{}", ended.out);
    assert!(ended.out.contains("nothing is left behind"), "{}", ended.out);
}

/// Containers and networks in the real engine: what a process that has ended made, what a living one made, and what is
/// somebody else's.
#[cfg(feature = "docker")]
#[test]
fn what_is_left_with_an_engine_is_shown_and_removed_and_nothing_else_is() {
    let docker = |line: &str| {
        let output = Command::new("docker").args(line.split_whitespace()).output().expect("the engine's client");
        assert!(output.status.success(), "docker {line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let home = Home::new();
    let image = std::env::var("CHAOS_IMAGE_REDIS").unwrap_or_else(|_| "redis:7".to_owned());
    let token = format!("recover-{}", std::process::id());
    let place = || {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let space = fs::read_link("/proc/self/ns/pid").unwrap().display().to_string();
        format!("{}-{}", boot.trim(), space.replace(['[', ']'], ""))
    };
    let labels = |owner: &str| format!("--label chaos-test.test=shop::survives --label chaos-test.owner={owner}");
    let dead = labels(&format!("{}/1/never", place()));
    let elsewhere = labels("elsewhere/1/1");
    let made = [
        format!("run -d --name {token}-dead {dead} {image} sleep 600"),
        format!("network create {dead} {token}-net"),
        format!("create --name {token}-far {elsewhere} {image} sleep 600"),
        format!("create --name {token}-other {image} sleep 600"),
    ];
    let _removed = Removed(&token);
    for line in &made {
        docker(line);
    }
    docker(&format!("pause {token}-dead"));
    let there = || {
        let (containers, networks) = (docker("ps -a --format {{.Names}}"), docker("network ls --format {{.Name}}"));
        let all = containers.lines().chain(networks.lines()).filter_map(|name| name.strip_prefix(&format!("{token}-")));
        all.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    // Other tests of this machine may have left something, too.
    let ours = |json: &serde_json::Value| {
        let items = json["items"].as_array().unwrap().iter();
        let ours = items.filter(|item| item["target"].as_str().unwrap().contains(&token));
        ours.map(|item| (item["target"].clone(), item["state"].clone())).collect::<Vec<_>>()
    };
    let states = |state: &str| {
        [format!("container {token}-dead"), format!("network {token}-net")].map(|target| (target.into(), state.into()))
    };

    let engine = |line: &str| {
        let mut command = home.chaos(line);
        command.envs(std::env::vars().filter(|(name, _)| name.starts_with("DOCKER")));
        support::ended(command)
    };
    let shown = engine("recover --format json").with(1).valid("recover");
    assert_eq!(ours(&shown), states("left"));
    let by_hand = shown["items"].to_string();
    assert!(by_hand.contains(&format!("docker rm -f -v {token}-dead")), "{by_hand}");
    assert_eq!(there().len(), 4, "showing removes nothing");
    let undone = engine("recover --undo --format json").json();
    assert_eq!(ours(&undone), states("undone"));
    assert!(there().iter().eq(["far", "other"]), "{:?}", there());
    assert_eq!(ours(&engine("recover --format json").json()), []);
}

/// What the test above has made goes, however it ends.
#[cfg(feature = "docker")]
struct Removed<'t>(&'t str);

#[cfg(feature = "docker")]
impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let containers = ["dead", "far", "other"].map(|name| format!("{}-{name}", self.0));
        let _ = Command::new("docker").args(["rm", "--force"]).args(containers).output();
        let _ = Command::new("docker").args(["network", "rm", &format!("{}-net", self.0)]).output();
    }
}

#[cfg(feature = "aws")]
#[test]
fn an_account_is_asked_for_only_as_chaos_toml_allows() {
    let home = Home::new();
    let ended = home.run("recover --no-docker --profile staging").with(3);
    assert!(ended.err.contains("staging") && ended.err.contains("help: "), "{}", ended.err);
    let ended = home.run("recover --no-docker --aws").with(3);
    assert!(ended.err.contains("CHAOS_PROFILE is not set"), "{}", ended.err);
    home.run("recover --aws --profile staging").with(2);
}
