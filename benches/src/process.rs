//! Child processes on a core of their own, and what they cost.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::io::{self, Read as _};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A running child; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    child: std::process::Child,
    name: String,
}

/// What became of a child that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) output: String,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
}

impl Child {
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let name = format!("{:?}", command.get_program());
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Self { child, name })
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> Result<String, String> {
        let Some(output) = &mut self.child.stdout else { return Err(format!("{}: no output", self.name)) };
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            match output.read(&mut byte) {
                Ok(1) if byte[0] == b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
                Ok(1) => line.push(byte[0]),
                _ => return Err(format!("{} ended: {}", self.name, String::from_utf8_lossy(&line))),
            }
        }
    }

    /// Its address, where it is one of ours that serves: the line `listening 127.0.0.1:4000`.
    pub(crate) fn address(&mut self) -> Result<String, String> {
        let line = self.line()?;
        line.strip_prefix("listening ").map(str::to_owned).ok_or(line)
    }

    /// Closes its input, which asks it to end, and waits.
    pub(crate) fn end(mut self) -> Result<Ended, String> {
        drop(self.child.stdin.take());
        let mut output = String::new();
        if let Some(stdout) = &mut self.child.stdout {
            stdout.read_to_string(&mut output).map_err(|error| format!("{}: {error}", self.name))?;
        }
        // Until it is waited for its times stand in /proc.
        let _ = rustix::process::waitid(WaitId::Pid(self.pid()), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let cpu = self.cpu();
        let status = self.child.wait().map_err(|error| format!("{}: {error}", self.name))?;
        if !status.success() && !output.contains("failed: ") {
            return Err(format!("{}: {status}", self.name));
        }
        Ok(Ended { output, cpu })
    }

    /// User and system time so far, to a tick of the kernel (10 ms).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        ticks(&stat)
            .map(|ticks| ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
            .map_or(Duration::ZERO, Duration::from_secs_f64)
    }

    /// Memory in RAM now, in KB.
    pub(crate) fn resident_kb(&self) -> f64 {
        status_kb(&format!("/proc/{}/status", self.child.id()), "VmRSS:")
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(rustix::process::kill_process(self.pid(), signal)?)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that this process has had in RAM, in MB.
pub(crate) fn own_peak_mb() -> f64 {
    status_kb("/proc/self/status", "VmHWM:") / 1_024.0
}

fn status_kb(file: &str, key: &str) -> f64 {
    let status = std::fs::read_to_string(file).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kb| kb.parse().ok()).unwrap_or(f64::NAN)
}

/// User and system time in a line of `/proc/…/stat`; the name in brackets may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "4711 (a) b (c) R 1 4711 4711 0 -1 4194304 119 0 0 0 321 123 5 6 20 0 1 0 1 2 3";
        assert_eq!(ticks(stat), Some(444));
        assert_eq!(ticks("4711 (x"), None);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(own_peak_mb() > 0.1);
    }

    #[test]
    fn a_child_that_fails_is_no_reading() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo x; exit 3"]);
        assert!(Child::start(command).unwrap().end().unwrap_err().contains("3"));
    }
}
