//! Who answers for what an experiment makes outside its process: told so that others can see whether he lives.

use std::fmt;

/// A process, as other processes of this machine can tell whether it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// This boot of this machine, and who sees the same process ids.
    place: String,
    pid: u32,
    started: String,
}

impl Owner {
    /// This process.
    pub(crate) fn current() -> Self {
        let pid = std::process::id();
        Self { place: place(), pid, started: started(pid) }
    }

    /// The process whose end is the end of the run: cargo or nextest, which starts every test binary of it; this process
    /// where it was started by hand.
    #[cfg_attr(not(feature = "docker"), allow(dead_code, reason = "for containers that tests share"))]
    pub(crate) fn of_run() -> Self {
        #[cfg(unix)]
        if ["CARGO", "NEXTEST_RUN_ID"].iter().any(|name| std::env::var_os(name).is_some()) {
            let pid = std::os::unix::process::parent_id();
            return Self { place: place(), pid, started: started(pid) };
        }
        Self::current()
    }

    #[cfg_attr(not(all(target_os = "linux", feature = "docker")), allow(dead_code))]
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// As a label has it; `None` for what makes no sense.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (rest, started) = text.rsplit_once('/')?;
        let (place, pid) = rest.rsplit_once('/')?;
        Some(Self { place: place.to_owned(), pid: pid.parse().ok()?, started: started.to_owned() })
    }

    /// Whether it has surely ended: a process of this place, and no longer there.
    pub(crate) fn is_dead(&self) -> bool {
        !self.place.is_empty() && self.place == place() && started(self.pid) != self.started
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.place, self.pid, self.started)
    }
}

/// Empty where it can't be told, which is like no other place.
#[cfg(target_os = "linux")]
fn place() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    if boot.is_empty() || space.is_empty() {
        return String::new();
    }
    // Tags of clouds don't take the brackets around the number.
    format!("{}-{}", boot.trim(), space.replace(['[', ']'], ""))
}

#[cfg(not(target_os = "linux"))]
fn place() -> String {
    String::new()
}

/// When a living process was started; empty for one that is not there.
#[cfg(unix)]
fn started(pid: u32) -> String {
    let alive = crate::rollback::marked::state(pid).and_then(|_| crate::rollback::Leader::of(pid));
    alive.map(|leader| leader.started.replace('/', "-")).unwrap_or_default()
}

#[cfg(not(unix))]
fn started(_: u32) -> String {
    String::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_not_dead_and_one_of_another_place_is_never() {
        let own = Owner::current();
        assert_eq!(Owner::parse(&own.to_string()), Some(own.clone()));
        assert!(!own.is_dead());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let owner = Owner { pid: child.id(), started: started(child.id()), ..own.clone() };
        assert!(!owner.is_dead());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(owner.is_dead());
        assert!(!Owner { place: "elsewhere".into(), ..owner.clone() }.is_dead());
        assert!(Owner { started: "earlier".into(), ..own }.is_dead(), "its id was given to another one");
        assert_eq!(Owner::parse("nonsense"), None);
    }
}
