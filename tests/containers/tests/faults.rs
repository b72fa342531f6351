//! Every fault on containers that run already: it bites, as seen from outside; it stops; the container is as it was.
//!
//! One ignored experiment does all of them, chosen by `FAULT`, in processes of their own and homes of their own.

use chaos_container_tests::found::Found;
use chaos_container_tests::redis;
use chaos_runtime::fault::Held;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_runtime::target::Container;
use chaos_runtime::target::container::name;
use chaos_tests::home::{Home, run};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by the tests below"))
}

#[chaos_test(
    steady_state(success_rate >= 50%),
    hypothesis(recovery <= 60s),
    warm_up = 100ms,
    baseline = 500ms,
    after = 300ms,
    bin = 100ms,
    confirm = 15s,
    timeout = 100s,
)]
#[ignore = "run by the tests below"]
async fn harmed(chaos: &mut Chaos) -> chaos::Result {
    let target = chaos.containers(name(variable("TARGET"))).await?.one();
    let port = variable("PORT").parse().expect("a port");
    let addr = target.addr(port).await?;
    chaos.load(op(move |_| greet(addr, port)).rate(per_second(50))).await?;
    let fault = variable("FAULT");
    match &*fault {
        "pause" => held(chaos, target.pause(), async || greet(addr, port).await.is_err()).await,
        "stop" => held(chaos, target.stop(), async || greet(addr, port).await.is_err()).await,
        "disconnect" => held(chaos, target.disconnect(), async || greet(addr, port).await.is_err()).await,
        "packet_loss" => held(chaos, target.packet_loss(percent(30)), async || slow(addr, port).await >= 10).await,
        "total_loss" => held(chaos, target.packet_loss(percent(100)), async || greet(addr, port).await.is_err()).await,
        "partition" => {
            let other = chaos.containers(name(variable("OTHER"))).await?.one();
            let to = variable("OTHER_IP");
            let ping = ["timeout", "3", "redis-cli", "-h", &to, "ping"].map(str::to_owned);
            let cut = async || {
                // The host is on neither side.
                target.exec(ping.clone()).await.is_err() && greet(addr, port).await.is_ok()
            };
            let asking = now_and_then(&target, &ping);
            let outcome = held(chaos, partition([&target], [&other]), cut).await;
            asking.abort();
            outcome
        }
        "dns_refused" | "dns_silent" => {
            let ask = ["timeout", "4", "getent", "hosts", &variable("OTHER")].map(str::to_owned);
            let silent = fault == "dns_silent";
            let dns = if silent { target.dns_failure().silent() } else { target.dns_failure() };
            let asked = async || {
                let since = Instant::now();
                target.exec(ask.clone()).await.is_err() && (since.elapsed() > secs(3)) == silent
            };
            let asking = now_and_then(&target, &ask);
            let outcome = held(chaos, dns, asked).await;
            asking.abort();
            outcome
        }
        "bandwidth" => {
            let rate = kilobytes_per_second(200);
            // 300 KB: at once, or in 1.5 s.
            let thin = async || {
                let since = Instant::now();
                let got = fetch(addr, secs(60)).await.expect("it comes in the end");
                assert!(got > 300_000, "{got} bytes");
                since.elapsed() > secs(1)
            };
            let fetching = tokio::spawn(async move { while fetch(addr, secs(1)).await.is_ok() {} });
            let outcome = held(chaos, target.bandwidth(rate), thin).await;
            fetching.abort();
            outcome
        }
        "latency" => {
            // A busy machine may be late once, but not each time.
            let late = async || {
                for _ in 0..5 {
                    let since = Instant::now();
                    if greet(addr, port).await.is_ok() && since.elapsed() < millis(190) {
                        return false;
                    }
                }
                true
            };
            held(chaos, target.latency(millis(200)), late).await
        }
        "cpu_limit" => {
            let busy = {
                let target = target.clone();
                tokio::spawn(async move { target.exec(["timeout", "15", "sh", "-c", "while :; do :; done"]).await })
            };
            // Whether it has to wait while it counts, as the kernel says, by either version of cgroups.
            let counters =
                "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null | sed -n 's/^nr_throttled //p'";
            let count = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
            let waits = async || -> u64 {
                let said = target.exec(["sh", "-c", counters]).await.expect("it can be read");
                said.trim().parse().expect("a number")
            };
            let starved = async || {
                let before = waits().await;
                target.exec(["sh", "-c", count]).await.expect("it counts");
                waits().await > before
            };
            let outcome = held(chaos, target.cpu_limit(0.05), starved).await;
            busy.abort();
            let _ = target.exec(["sh", "-c", "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in timeout*) kill ${p#/proc/};; esac; done; true"]).await;
            outcome
        }
        "memory_limit" => {
            let limit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true";
            let set = async || target.exec(["sh", "-c", limit]).await.expect("it can be read").trim() == "100663296";
            held(chaos, target.memory_limit(96 << 20), set).await
        }
        "pids_limit" => {
            let many = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait";
            let refused = async || target.exec(["sh", "-c", many]).await.is_err();
            held(chaos, target.pids_limit(8), refused).await
        }
        "disk_full" | "disk_full_outside" => {
            let directory = variable("DIRECTORY");
            let write = format!("head -c 100000 /dev/zero >{directory}/more && rm {directory}/more");
            let full = async || target.exec(["sh", "-c", &write]).await.is_err();
            let outcome = held(chaos, target.disk_full(&*directory).at_most(64 << 20), full).await;
            target.exec(["rm", "-f", &format!("{directory}/more")]).await?;
            outcome
        }
        "clock" | "clock_missing" => {
            let ahead = async || {
                let said = target.exec(["env", "-u", "LD_PRELOAD", "redis-cli", "time"]).await.expect("redis says");
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let there: u64 = said.lines().next().and_then(|line| line.parse().ok()).expect("seconds");
                there > now.as_secs() + 3000
            };
            held(chaos, target.clock_ahead(secs(3600)), ahead).await
        }
        "command" => {
            let command = target.command(["touch", "/tmp/harm"]).undo(["rm", "-f", "/tmp/harm"]);
            let command = command.confirm(["test", "-e", "/tmp/harm"]);
            held(chaos, command, async || target.exec(["test", "-e", "/tmp/harm"]).await.is_ok()).await
        }
        "kill" => {
            let delay = one_shot_delay(addr, port);
            Ok(chaos.inject(target.kill(Signal::Kill).restart_after(delay)).await?)
        }
        "restart" => {
            let delay = one_shot_delay(addr, port);
            Ok(chaos.inject(target.restart().delay(delay)).await?)
        }
        "memory_pressure" => {
            let delay = one_shot_delay(addr, port);
            Ok(chaos.inject(target.memory_pressure().restart_after(delay)).await?)
        }
        "corruption" => Ok(chaos.inject(target.packet_corruption(percent(50))).hold(secs(1)).await?),
        "huge" => Ok(chaos.inject(target.disk_full("/")).hold(secs(1)).await?),
        unknown => panic!("no fault {unknown}"),
    }
}

/// Holds a fault; with `DWELL` it stays on for long, or the container is ended meanwhile.
async fn held(chaos: &Chaos, fault: impl Held, bites: impl AsyncFn() -> bool) -> chaos::Result {
    assert!(!bites().await, "before the fault");
    let active = chaos.inject(fault).start().await?;
    assert!(bites().await, "while the fault is on");
    match &*variable("MEANWHILE") {
        "nothing" => {}
        "dwell" => {
            std::fs::write(variable("MARK"), "on")?;
            tokio::time::sleep(secs(80)).await;
        }
        command => {
            let status = std::process::Command::new("sh").args(["-c", command]).status()?;
            assert!(status.success(), "{command}");
            active.clear().await?;
            // So that the recovery need not be waited for: whether it comes back is not the fault's matter.
            let started = std::process::Command::new("docker").args(["start", &variable("TARGET")]).status()?;
            return if started.success() { Ok(()) } else { Err(chaos::Error::new("the target was removed")) };
        }
    }
    active.clear().await?;
    // What was on its way meanwhile is over soon.
    let since = Instant::now();
    while bites().await {
        assert!(since.elapsed() < secs(20), "after the fault");
        tokio::time::sleep(millis(50)).await;
    }
    Ok(())
}

/// How long a container stays down: for long with `DWELL`, and the mark is set as soon as it is down.
fn one_shot_delay(addr: SocketAddr, port: u16) -> Duration {
    if variable("MEANWHILE") != "dwell" {
        return millis(300);
    }
    tokio::spawn(async move {
        while greet(addr, port).await.is_ok() {
            tokio::time::sleep(millis(5)).await;
        }
        std::fs::write(variable("MARK"), "down").expect("the home is there");
    });
    secs(80)
}

/// What each of the three servers answers at once.
async fn greet(addr: SocketAddr, port: u16) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let greeted = async {
        if port == 6379 {
            return redis::ask(addr, "PING").await.map(drop);
        }
        let mut stream = tokio::net::TcpStream::connect(addr).await?;
        let hello: &[u8] = if port == 80 { b"HEAD / HTTP/1.0\r\n\r\n" } else { &[0, 0, 0, 8, 4, 210, 22, 47] };
        stream.write_all(hello).await?;
        stream.read_u8().await.map(drop)
    };
    tokio::time::timeout(secs(1), greeted).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// How many of 40 questions get no answer within 150 ms.
async fn slow(addr: SocketAddr, port: u16) -> usize {
    let mut slow = 0;
    for _ in 0..40 {
        let since = Instant::now();
        let _ = greet(addr, port).await;
        slow += usize::from(since.elapsed() > millis(150));
    }
    slow
}

/// How many bytes a server sends: the value `big` of redis, or a page of nginx.
async fn fetch(addr: SocketAddr, patience: Duration) -> std::io::Result<usize> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let fetched = async {
        let mut stream = tokio::net::TcpStream::connect(addr).await?;
        stream.write_all(b"GET /big HTTP/1.0\r\n\r\n").await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await
    };
    tokio::time::timeout(patience, fetched).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

fn now_and_then(target: &Container, ask: &[String]) -> tokio::task::JoinHandle<()> {
    let (target, ask) = (target.clone(), ask.to_vec());
    tokio::spawn(async move {
        loop {
            let _ = target.exec(ask.clone()).await;
            tokio::time::sleep(millis(200)).await;
        }
    })
}

/// A container with what a fault needs, and the environment of the experiment.
struct Case {
    found: Found,
    other: Option<Found>,
    network: Option<String>,
    outside: Option<PathBuf>,
    environment: Vec<(&'static str, String)>,
}

impl Case {
    fn of(fault: &str) -> Self {
        let mut environment = vec![("FAULT", fault.to_owned())];
        let (mut other, mut network, mut outside) = (None, None, None);
        let mut port = "6379";
        let found = match fault {
            "disconnect" | "partition" | "dns_refused" | "dns_silent" => {
                let name = format!("chaos-found-{:08x}", fastrand::u32(..));
                // One that nobody has, another case of these tests among them.
                let is_ours = |third: &u8| {
                    let subnet = format!("10.213.{third}.0/24");
                    let create = ["network", "create", "--subnet", &subnet, &name];
                    let made = std::process::Command::new("docker").args(create).output();
                    made.expect("the docker client is there").status.success()
                };
                let third = (0..50).map(|_| fastrand::u8(1..250)).find(is_ours).expect("a subnet is free");
                let on = ["--network", &name, "--network-alias", "cache"];
                let second = Found::redis(&["--network", &name]);
                environment.push(("OTHER", second.name.clone()));
                environment
                    .push(("OTHER_IP", second.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")));
                other = Some(second);
                let address = format!("10.213.{third}.77");
                let found = Found::redis(&[&on[..], &["--ip", &address]].concat());
                network = Some(name);
                found
            }
            "bandwidth" | "latency" | "total_loss" => {
                port = "80";
                let found = Found::nginx(&[]);
                found.exec(&["sh", "-c", "for d in /usr/share/nginx/html /var/www/html; do [ ! -d $d ] || head -c 300000 /dev/zero >$d/big; done"]);
                found
            }
            "disk_full" => {
                port = "5432";
                environment.push(("DIRECTORY", "/scratch".to_owned()));
                Found::postgres(&["--tmpfs", "/scratch:size=16m,mode=777"])
            }
            // A small disk of the host, which outlives the container.
            "disk_full_outside" => {
                port = "5432";
                environment.push(("DIRECTORY", "/outside/below".to_owned()));
                let disk = std::env::temp_dir().join(format!("chaos-disk-{:08x}", fastrand::u32(..)));
                std::fs::create_dir(&disk).expect("a directory for temporary files");
                let mount = std::process::Command::new("mount")
                    .args(["-t", "tmpfs", "-o", "size=8m,mode=777", "chaos-tests"])
                    .arg(&disk)
                    .status();
                assert!(mount.expect("`mount` is everywhere").success(), "run these tests as root");
                std::fs::create_dir(disk.join("below")).expect("it is empty");
                let found = Found::postgres(&["-v", &format!("{}:/outside", disk.display())]);
                outside = Some(disk);
                found
            }
            "memory_pressure" | "stop" => {
                port = "5432";
                Found::postgres(&[])
            }
            "clock" => {
                let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1:/lib/x86_64-linux-gnu/libc.so.6";
                let preload = format!("LD_PRELOAD={library}");
                let variables =
                    ["FAKETIME_TIMESTAMP_FILE=/chaos-clock", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
                Found::redis(&["-e", &preload, "-e", variables[0], "-e", variables[1], "-e", variables[2]])
            }
            _ => Found::redis(&[]),
        };
        environment.push(("PORT", port.to_owned()));
        environment.push(("TARGET", found.name.clone()));
        Self { found, other, network, outside, environment }
    }

    fn command(&self, home: &Home, meanwhile: &str) -> std::process::Command {
        let mut command = home.test("harmed");
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command.env("MEANWHILE", meanwhile).env("MARK", home.path().join("mark"));
        command
    }

    /// Runs it; the container must be as it was, in the same life if `life`.
    fn passes(fault: &str, life: bool) -> (Journal, String) {
        let case = Self::of(fault);
        let before = case.found.condition(life);
        let home = Home::new();
        let ended = run(case.command(&home, "nothing"));
        let journal = home.journal("harmed");
        assert_eq!(journal.verdict, Verdict::Passed, "{fault}: {ended:?}");
        let after = settled(&case.found, life, &before);
        assert_eq!(after, before, "{fault}");
        assert_eq!(case.found.helpers(), "", "{fault}");
        assert_eq!(home.left_behind(), [""; 0], "{fault}");
        let evidence = journal.faults[0].evidence.clone();
        (journal, evidence)
    }

    /// The test is killed while the fault is on: the container is as it was soon after.
    fn survives_a_killed_test(fault: &str, life: bool) {
        let case = Self::of(fault);
        let before = case.found.condition(life);
        let home = Home::new();
        let mut child = case.command(&home, "dwell").spawn().expect("the test binary starts");
        let since = Instant::now();
        while !home.path().join("mark").exists() {
            assert!(since.elapsed() < secs(60), "{fault} never was on");
            assert!(child.try_wait().expect("it can be asked").is_none(), "{fault} ended early");
            std::thread::sleep(millis(50));
        }
        child.kill().expect("it lives");
        child.wait().expect("it can be waited for");
        assert_eq!(home.left_behind(), [""; 0], "{fault}");
        let after = settled(&case.found, life, &before);
        assert_eq!(after, before, "{fault}");
        assert_eq!(case.found.helpers(), "", "{fault}");
    }

    /// Something happens to the container while the fault is on: the rollback ends cleanly, and says so. Gives what the
    /// journal has.
    fn meanwhile(fault: &str, what: &str) -> (Self, String) {
        let case = Self::of(fault);
        let home = Home::new();
        let command = format!("docker {what} {} && sleep 0.5", case.found.name);
        let ended = run(case.command(&home, &command));
        let journal = home.journal("harmed");
        assert_ne!(journal.verdict, Verdict::RollbackFailed, "{fault}, {what}: {ended:?}");
        assert_eq!(home.left_behind(), [""; 0], "{fault}");
        let notes = serde_json::to_string(&journal).expect("a journal is JSON");
        (case, notes)
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let name = &self.found.name;
        let _ = std::process::Command::new("docker").args(["rm", "-fv", name]).output();
        self.other = None;
        if let Some(disk) = &self.outside {
            let _ = std::process::Command::new("umount").arg(disk).status();
            let _ = std::fs::remove_dir(disk);
        }
        if let Some(network) = &self.network {
            let _ = std::process::Command::new("docker").args(["network", "rm", network]).output();
        }
    }
}

/// The condition once it is as before, or after a while: a server that was started again takes its time.
fn settled(found: &Found, life: bool, before: &str) -> String {
    let since = Instant::now();
    loop {
        let running = found.inspect("{{.State.Running}} {{.State.Paused}}") == "true false";
        let now = if running { found.condition(life) } else { "it does not run".to_owned() };
        if now == before || since.elapsed() > secs(60) {
            return now;
        }
        std::thread::sleep(millis(200));
    }
}

macro_rules! faults {
    ($($fault:ident $life:literal $evidence:literal;)*) => {
        mod bites_stops_and_leaves_nothing {
            $(#[test]
            fn $fault() {
                let (journal, evidence) = super::Case::passes(stringify!($fault), $life);
                assert!(evidence.contains($evidence), "{:?}", journal.faults);
            })*
        }
    };
}

faults! {
    pause true "is paused";
    stop false "exited";
    disconnect true "is off network chaos-found-";
    packet_loss true "packets lost by iptables";
    total_loss true "packets lost by iptables";
    partition true "packets lost between the groups";
    dns_refused true "packets to resolvers refused";
    dns_silent true "packets to resolvers lost";
    bandwidth true "tbf held up";
    latency true "delayed";
    cpu_limit true "held up in";
    memory_limit true "of 96 MiB used";
    pids_limit true "of at most 8 processes";
    disk_full true "bytes free at /scratch, 16 MiB written";
    clock true "+3600 s from this machine's";
    command true "`test -e /tmp/harm` succeeded";
    kill false "container";
    restart false "container";
    memory_pressure false "for want of memory";
}

macro_rules! killed_tests {
    ($($fault:ident $life:literal;)*) => {
        mod a_killed_test_leaves_the_container_as_it_was {
            $(#[test]
            fn $fault() {
                super::Case::survives_a_killed_test(stringify!($fault), $life);
            })*
        }
    };
}

killed_tests! {
    kill false;
    restart false;
    memory_pressure false;
    pause true;
    stop false;
    disconnect true;
    packet_loss true;
    partition true;
    dns_silent true;
    bandwidth true;
    cpu_limit true;
    memory_limit true;
    pids_limit true;
    disk_full true;
    clock true;
    command true;
}

/// Ended, or ended and started again, by somebody else while the fault is on.
macro_rules! ended_from_outside {
    ($($fault:ident $what:literal $note:literal;)*) => {
        mod a_container_ended_from_outside_is_rolled_back_cleanly {
            $(#[test]
            fn $fault() {
                let fault = stringify!($fault).trim_end_matches("_again").trim_end_matches("_gone");
                let (_case, notes) = super::Case::meanwhile(fault, $what);
                assert!(notes.contains($note), "{notes}");
            })*
        }
    };
}

ended_from_outside! {
    pause "kill" "had ended meanwhile";
    packet_loss "kill" "had ended meanwhile";
    packet_loss_again "restart -t 0" "had been restarted meanwhile";
    packet_loss_gone "rm -f" "was removed meanwhile";
    bandwidth "kill" "had ended meanwhile";
    command "kill" "had ended meanwhile";
    command_again "restart -t 0" "had been restarted meanwhile";
    disconnect_gone "rm -f" "was removed meanwhile";
    disk_full "kill" "ended with it";
    cpu_limit_gone "rm -f" "was removed meanwhile";
    stop_gone "rm -f" "was removed meanwhile";
}

#[test]
fn limits_and_networks_come_back_although_the_container_was_restarted_meanwhile() {
    for fault in ["cpu_limit", "memory_limit", "pids_limit", "disconnect", "clock"] {
        let (case, notes) = Case::meanwhile(fault, "restart -t 0");
        let fresh = Case::of(fault);
        let same = |case: &Case| {
            let mut condition = case.found.condition(false);
            for other in [&case.found.name, &case.found.inspect("{{.Config.Hostname}}")] {
                condition = condition.replace(&**other, "it");
            }
            let networks = case.network.iter().fold(condition, |text, name| text.replace(&**name, "network"));
            // Each case has a network of its own.
            networks
                .split(' ')
                .map(|word| if word.starts_with("10.213.") || word.starts_with("172.") { "address" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(same(&case), same(&fresh), "{fault}: {notes}");
        if fault == "disconnect" {
            assert!(case.found.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}").ends_with(".77"));
        }
        if fault == "clock" {
            let there: i64 = case.found.exec(&["date", "+%s"]).parse().expect("seconds");
            let here = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
            assert!((there - i64::try_from(here).expect("it is not that late")).abs() < 10);
        }
    }
}

#[test]
fn a_disk_that_outlives_its_container_is_emptied_whatever_became_of_that() {
    for what in ["kill", "restart -t 0", "rm -f"] {
        let (case, notes) = Case::meanwhile("disk_full_outside", what);
        let disk = case.outside.as_ref().expect("it has one");
        let files = std::fs::read_dir(disk.join("below")).expect("it is there").flatten().map(|file| file.file_name());
        let left: Vec<_> = files.filter(|name| name.to_string_lossy().starts_with(".chaos")).collect();
        assert!(left.is_empty(), "{what}: {left:?} {notes}");
        assert!(notes.contains("8 MiB written") || notes.contains("7.9 MiB written"), "{notes}");
    }
}

#[test]
fn what_a_kernel_or_a_disk_can_not_take_is_refused_before_any_harm() {
    for (fault, message, way_out) in [
        ("huge", "may be written", "at_most"),
        ("clock_missing", "was not started with libfaketime", "FAKETIME_TIMESTAMP_FILE"),
    ] {
        let case = Case::of(fault);
        let before = case.found.condition(true);
        let home = Home::new();
        let ended = run(case.command(&home, "nothing"));
        let journal = home.journal("harmed");
        assert_eq!(journal.verdict, Verdict::Errored, "{ended:?}");
        let text = serde_json::to_string(&journal).expect("a journal is JSON");
        assert!(text.contains("nothing was injected") && text.contains(message) && text.contains(way_out), "{text}");
        assert!(journal.faults.is_empty());
        assert_eq!(case.found.condition(true), before);
        assert_eq!(case.found.helpers(), "");
    }
}
