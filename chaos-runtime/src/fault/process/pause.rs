//! Suspending a child process: it keeps its connections and does nothing.

use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::{Undo, marked};
use crate::target::process::{Process, Signal};

/// See [`Process::pause`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Pause {
    process: Process,
}

impl Process {
    /// Suspends it and its process group (SIGSTOP) until the fault is cleared (SIGCONT). A held fault.
    ///
    /// Connections stay open and new ones are still accepted by the kernel; nobody answers.
    pub fn pause(&self) -> Pause {
        Pause { process: self.clone() }
    }
}

impl Fault for Pause {
    fn describe(&self) -> String {
        "pause".to_owned()
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    fn undo(&self) -> Undo {
        let process = self.process.clone();
        Undo::from_recipe(process.signal_recipe(Signal::Cont)).live(move || {
            let process = process.clone();
            async move {
                match process.send(Signal::Cont).await {
                    // What has ended is not paused.
                    Err(_) if !process.is_running() => Ok(()),
                    sent => sent.map(drop),
                }
            }
        })
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        self.process.send(Signal::Stop).await.map(drop)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        // Read anew each time: what somebody else has woken up is no longer paused.
        let Some(pid) = self.process.pid() else {
            return Ok(Evidence::none("the process has ended instead of stopping"));
        };
        match marked::state(pid) {
            Some('T') => Ok(Evidence::seen(format!("process {pid} is stopped"))),
            state => Ok(Evidence::none(format!("process {pid} is not stopped (state {})", state.unwrap_or('-')))),
        }
    }
}

impl Held for Pause {}
