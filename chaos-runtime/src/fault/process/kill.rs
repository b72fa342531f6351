//! Killing a child process, and starting it again.

use crate::fault::{Evidence, Fault, InjectCx, OneShot};
use crate::rollback::Undo;
use crate::target::process::{Process, Signal};
use crate::{Error, Result};
use std::time::Duration;

/// How long one look waits for the process to end, so that the first look is not too early.
const LOOK: Duration = Duration::from_millis(100);

/// See [`Process::kill`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Kill {
    process: Process,
    signal: Signal,
    restart_after: Option<Duration>,
    /// The run that got the signal, and its process id.
    hit: Option<(u32, u32)>,
}

impl Process {
    /// Ends it, by SIGKILL unless [another signal](Kill::signal) is asked for. A one-shot fault.
    pub fn kill(&self) -> Kill {
        Kill { process: self.clone(), signal: Signal::Kill, restart_after: None, hit: None }
    }
}

impl Kill {
    /// Sends this signal instead. A process that survives it was not harmed: the fault stays unconfirmed.
    pub fn signal(mut self, signal: Signal) -> Self {
        self.signal = signal;
        self
    }

    /// Starts it again this long after its end, on the same address; by default it stays down.
    pub fn restart_after(mut self, delay: Duration) -> Self {
        self.restart_after = Some(delay);
        self
    }
}

impl Fault for Kill {
    fn describe(&self) -> String {
        let restart = self.restart_after.map(|delay| format!(", restart after {delay:?}")).unwrap_or_default();
        format!("kill with {}{restart}", self.signal)
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    fn undo(&self) -> Undo {
        if self.restart_after.is_none() {
            return Undo::nothing();
        }
        let process = self.process.clone();
        Undo::in_process(format!("start {} again", process.target()), move || {
            let process = process.clone();
            // Not more than the start: that it is ready again is what the recovery measures.
            async move { if process.status().closed { Ok(()) } else { process.start_again().await } }
        })
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.signal == Signal::Cont {
            return Err(Error::new("SIGCONT kills nothing").help("use `.pause()` to stop and continue a process"));
        }
        let pid = self.process.pid();
        let run = self.process.end(self.signal, self.restart_after).await?;
        self.hit = Some((run, pid.unwrap_or_default()));
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let Some((run, pid)) = self.hit else { return Ok(Evidence::none("nothing was sent yet")) };
        let ended = |status: &crate::target::process::Status| status.run > run || status.pid.is_none();
        let status = self.process.status_when(LOOK, ended).await;
        let mut text = match status.exit.filter(|(of, _)| *of >= run) {
            Some((of, exit)) if of == run => format!("process {pid} ended with {exit}"),
            Some(_) => format!("process {pid} ended"),
            None => return Ok(Evidence::none(format!("process {pid} still runs after {}", self.signal))),
        };
        if let Some(failure) = status.failure.filter(|_| status.run > run) {
            text.push_str(&format!("; it was started again, but {failure}"));
        }
        Ok(Evidence::seen(text))
    }
}

impl OneShot for Kill {}
