//! The Docker engine.

use super::check::Check;
use chaos_runtime::machine::{self, Settings};
use std::path::PathBuf;

const GROUP: &str = "docker";

/// `needed`: who needs it.
pub(super) fn checks(needed: Option<&str>, settings: Option<&Settings>) -> Vec<Check> {
    let why = needed.unwrap_or("only containers as targets and local Auroras need it").to_owned();
    match machine::docker() {
        Ok(()) => with_engine(needed.is_some(), settings).into_iter().map(|check| explained(check, &why)).collect(),
        Err(error) => {
            let mut check = Check::because(GROUP, "Docker engine", needed.is_some(), &error);
            if needed.is_none() {
                check.state = super::check::State::NotNeeded;
                check.fix = None;
            } else if !error.to_string().contains("permission denied") {
                check.fix = Some(way_to_an_engine(check.fix.take().unwrap_or_default()));
            }
            vec![check.why(why)]
        }
    }
}

fn explained(check: Check, why: &str) -> Check {
    if check.why.is_empty() { check.why(why) } else { check }
}

/// Whether it has to be installed, or started, or looked for elsewhere.
fn way_to_an_engine(said: String) -> String {
    if std::env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return format!("{said}; DOCKER_HOST is set, so nothing else is asked");
    }
    match ["dockerd", "docker", "podman"].into_iter().find(|program| is_in_path(program)) {
        Some("podman") => "start Podman's: `systemctl --user start podman.socket`, and set \
                           DOCKER_HOST=unix://$XDG_RUNTIME_DIR/podman/podman.sock"
            .to_owned(),
        Some("docker") => {
            format!("{said}; the client `docker` is installed, its engine may run elsewhere: `docker context ls`")
        }
        Some(_) => "start it: `sudo systemctl start docker` (without systemd: `sudo dockerd &`)".to_owned(),
        None => {
            "install one: https://docs.docker.com/engine/install (Debian, Ubuntu: `sudo apt-get install docker.io`), \
                 or point DOCKER_HOST at one elsewhere"
                .to_owned()
        }
    }
}

fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir: PathBuf| dir.join(program).is_file())
}

#[cfg(not(feature = "docker"))]
fn with_engine(_: bool, _: Option<&Settings>) -> Vec<Check> {
    vec![Check::ok(GROUP, "Docker engine", "it answers (more is known to a cargo-chaos with its feature `docker`)")]
}

#[cfg(feature = "docker")]
fn with_engine(is_needed: bool, settings: Option<&Settings>) -> Vec<Check> {
    let engine = match machine::engine(settings) {
        Ok(engine) => engine,
        Err(error) => return vec![Check::because(GROUP, "Docker engine", is_needed, &error)],
    };
    let groups = engine.cgroups.map(|version| format!(", cgroup version {version}")).unwrap_or_default();
    let mut checks =
        vec![Check::ok(GROUP, "Docker engine", format!("{} (API {}{groups})", engine.version, engine.api))];
    let helper_is_there = engine.images.first().is_some_and(|(_, there)| *there);
    for (index, (image, is_there)) in engine.images.iter().enumerate() {
        let why = if index == 0 {
            "faults on a container's network, files and memory are set from a container of this image"
        } else {
            "what an Aurora of the profile runs in"
        };
        let check = if *is_there {
            Check::ok(GROUP, format!("image {image}"), "there")
        } else {
            Check::warning(GROUP, format!("image {image}"), "not there; the first test that needs it pulls it").fix(
                format!(
                    "`docker pull {image}`; where no registry is reached, `images/build` in chaos-test's repository, or \
                     name another one in [images] of chaos.toml"
                ),
            )
        };
        checks.push(check.why(why));
    }
    if helper_is_there && is_needed {
        checks.extend(packet_faults(settings));
    }
    checks
}

#[cfg(feature = "docker")]
fn packet_faults(settings: Option<&Settings>) -> Vec<Check> {
    let tried = match machine::packet_faults(settings) {
        Ok(tried) => tried,
        Err(error) => return vec![Check::because(GROUP, "network rules", false, &error)],
    };
    let one = |(name, works): (&'static str, chaos_runtime::Result<bool>)| {
        let (why, fix) = match name {
            "netem" => (
                "container.latency(…), without it by proxies; container.packet_corruption(…)",
                "`sudo modprobe sch_netem` on the engine's host; where its kernel has none, latency is the proxies'",
            ),
            "tbf" => (
                "container.bandwidth(…)",
                "`sudo modprobe sch_tbf` on the engine's host, or limit a proxy: `container.proxy(port)`",
            ),
            _ => ("container.packet_loss(…)", "`sudo modprobe xt_statistic` on the engine's host"),
        };
        let check = match works {
            Ok(true) => Check::ok(GROUP, name, "tried, works"),
            Ok(false) => Check::warning(GROUP, name, "the kernel of the engine's host has none").fix(fix),
            Err(error) => Check { fix: Some(fix.to_owned()), ..Check::because(GROUP, name, false, &error) },
        };
        check.why(why)
    };
    tried.into_iter().map(one).collect()
}
