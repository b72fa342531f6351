//! Which run a process belongs to.

/// `CHAOS_RUN_ID`, else `NEXTEST_RUN_ID`, else the parent process with its start time: `cargo test`
/// starts every test binary of a run. Binaries started by hand from one shell share a run.
pub(super) fn current() -> String {
    let set = |name| std::env::var(name).ok().filter(|id| !id.trim().is_empty());
    set("CHAOS_RUN_ID").or_else(|| set("NEXTEST_RUN_ID")).unwrap_or_else(parent)
}

#[cfg(unix)]
fn parent() -> String {
    let pid = std::os::unix::process::parent_id();
    format!("{pid}-{}", start_of(pid).unwrap_or_else(|| "unknown".to_owned()))
}

/// Without a parent to ask for, every process is a run of its own.
#[cfg(not(unix))]
fn parent() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{}-{}", std::process::id(), since.map_or(0, |since| since.as_millis()))
}

/// When a process started, in whatever unit: it only has to differ when the number of the process is used again.
#[cfg(target_os = "linux")]
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    start_ticks(&stat).map(str::to_owned)
}

/// Field 22. The second one is the program's name in parentheses, which may hold spaces and parentheses itself.
#[cfg(any(target_os = "linux", test))]
fn start_ticks(stat: &str) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(22 - 3)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn start_of(pid: u32) -> Option<String> {
    let output = std::process::Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let digits = text.split_whitespace().collect::<Vec<_>>().join("-").replace(':', ".");
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_program_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21";
        assert_eq!(start_ticks(&format!("4711 (cargo) {tail}")), Some("987654"));
        assert_eq!(start_ticks(&format!("4711 (a) b (c d) {tail}")), Some("987654"));
        assert_eq!(start_ticks("4711 (cargo) S 1"), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_parent_gives_the_same_name_again_and_again() {
        assert_eq!(parent(), parent());
        assert!(!parent().ends_with("unknown"), "{}", parent());
    }
}
