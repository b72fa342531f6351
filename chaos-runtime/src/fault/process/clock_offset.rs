//! A wrong clock.

use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::target::process::{Clock, Process};
use crate::{Error, Result};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The least that can be told from the time that starting a process takes on a busy machine.
const LEAST: Duration = Duration::from_secs(5);

/// How far what is seen may be from what was asked for, in seconds.
const TOLERANCE: f64 = 2.5;

/// The most, in seconds: some 30 years.
const MOST: f64 = 1e9;

/// See [`Process::clock_ahead`] and [`Process::clock_behind`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct ClockOffset {
    process: Process,
    by: Duration,
    ahead: bool,
}

impl Process {
    /// Moves its clock, and that of its descendants, into the future by 5 s at least. A held fault; Linux.
    ///
    /// The process must have been started for it, with [`faketime`](crate::target::ProcessBuilder::faketime). The clock jumps
    /// at the injection, and back at the clearance; it goes on after a restart. Timers by the monotonic clock are not
    /// disturbed. Evidence is what the system's `date` says by the same clock, and that the process has loaded
    /// the library.
    pub fn clock_ahead(&self, by: Duration) -> ClockOffset {
        ClockOffset { process: self.clone(), by, ahead: true }
    }

    /// Moves its clock, and that of its descendants, into the past by 5 s at least: as [`clock_ahead`](Self::clock_ahead).
    pub fn clock_behind(&self, by: Duration) -> ClockOffset {
        ClockOffset { process: self.clone(), by, ahead: false }
    }
}

impl ClockOffset {
    fn offset(&self) -> f64 {
        if self.ahead { self.by.as_secs_f64() } else { -self.by.as_secs_f64() }
    }

    fn clock(&self) -> Result<&Clock> {
        self.process.clock().ok_or_else(|| {
            Error::new(format!("the clock of {} can't be moved: it was not started for that", self.process.target()))
                .help("start it with libfaketime: `chaos.process(ProcessBuilder::from(command).faketime())`")
        })
    }

    fn is_loaded(&self, pid: u32) -> Result<()> {
        match self.clock()?.is_used_by(pid) {
            Some(true) => Ok(()),
            told => Err(Error::new(match told {
                Some(_) => format!("process {pid} of {} has not loaded libfaketime", self.process.target()),
                None => format!("what process {pid} of {} has loaded can't be read from /proc", self.process.target()),
            })
            .help("programs that are linked statically, or set-uid, load no library from their environment")),
        }
    }
}

impl Fault for ClockOffset {
    fn describe(&self) -> String {
        format!("clock {:?} {}", self.by, if self.ahead { "ahead" } else { "behind" })
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.by < LEAST {
            return Err(Error::new(format!(
                "an offset of {:?} can't be told from the time that asking takes",
                self.by
            ))
            .help(format!("use {LEAST:?} at least")));
        }
        if self.by.as_secs_f64() > MOST {
            return Err(
                Error::new(format!("an offset of {:?} is more than clocks take", self.by)).help("use 30 years at most")
            );
        }
        let clock = self.clock()?;
        self.is_loaded(self.process.living()?)?;
        let off = off(clock).await?;
        if off.abs() > TOLERANCE {
            return Err(Error::new(format!(
                "the clock of {} is off by {off} s before the fault",
                self.process.target()
            )));
        }
        Ok(())
    }

    fn undo(&self) -> Undo {
        self.process.clock().map_or_else(Undo::nothing, |clock| Undo::from_recipe(clock.undo()))
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        self.clock()?.offset(self.offset()).run().await.map(drop)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let off = off(self.clock()?).await?;
        let text = format!("`date` by its clock is {off:+} s from this machine's");
        if (off - self.offset()).abs() > TOLERANCE {
            return Ok(Evidence::none(text));
        }
        let Some(pid) = self.process.pid() else {
            return Ok(Evidence::none(format!("{text}, but the process has ended")));
        };
        Ok(match self.is_loaded(pid) {
            Ok(()) => Evidence::seen(format!("{text}; process {pid} has loaded the same library")),
            Err(error) => Evidence::none(error.message().to_owned()),
        })
    }
}

impl Held for ClockOffset {}

/// How many seconds a clock is ahead of ours, as a new process sees it that reads the same file.
async fn off(clock: &Clock) -> Result<f64> {
    let mut date = Command::new("date");
    date.arg("+%s.%N").stdin(Stdio::null());
    clock.settle(&mut date, None);
    let failed = |error: std::io::Error| Error::new("failed to ask `date` for the time").caused_by(error);
    let before = SystemTime::now();
    let said = tokio::process::Command::from(date).kill_on_drop(true).output().await.map_err(failed)?;
    // As if it had looked half-way.
    let here = before.duration_since(UNIX_EPOCH).unwrap_or_default() + before.elapsed().unwrap_or_default() / 2;
    let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let there: f64 = text.parse().map_err(|error| {
        let complaint = String::from_utf8_lossy(&said.stderr).trim().to_owned();
        Error::new(format!("`date` says `{text}` {complaint}")).caused_by(error)
    })?;
    Ok(((there - here.as_secs_f64()) * 10.0).round() / 10.0)
}
