//! Little CPU time without any rights: the processes are stopped whenever they have used up what is theirs.

use crate::rollback::Leader;
use crate::rollback::marked::cpu_used;
use crate::target::process::{Process, Signal};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What may be used at once is what comes in in this time; so long, about, is a turn.
const PERIOD: Duration = Duration::from_millis(50);

/// How often is looked: what is used beyond the share meanwhile is paid back by a longer stop.
const LOOK: Duration = Duration::from_millis(5);

/// How often descendants are looked for, which is a walk through all processes of the machine.
const SEARCH: Duration = Duration::from_millis(250);

/// The thread that stops and continues, once it is started. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    process: Process,
    cores: f64,
    end: AtomicBool,
    stops: AtomicU64,
    stopped_us: AtomicU64,
    failure: Mutex<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Turns {
    pub(super) fn new(process: Process, cores: f64) -> Self {
        Self(Arc::new(Shared {
            process,
            cores,
            end: AtomicBool::new(false),
            stops: AtomicU64::new(0),
            stopped_us: AtomicU64::new(0),
            failure: Mutex::new(None),
            thread: Mutex::new(None),
        }))
    }

    pub(super) fn begin(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        // A thread of its own: a body that blocks its runtime must not keep the process stopped.
        let thread = std::thread::Builder::new().name("chaos-turns".to_owned()).spawn(move || {
            if let Err(error) = shared.take_turns() {
                *shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            }
        });
        let thread =
            thread.map_err(|error| Error::new("failed to start the thread that takes turns").caused_by(error))?;
        *self.0.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Ends it, and continues whatever is stopped.
    pub(super) async fn finish(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            shared.end.store(true, Ordering::Release);
            let thread = shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            // A panic of it is no reason to leave the process stopped.
            let _ = thread.map(JoinHandle::join);
            shared.process.marked().signal(Signal::Cont.raw().as_raw())
        });
        done.await.map_err(|error| Error::new("the end of the turns panicked").caused_by(error))?.map(drop)
    }

    /// How often it was stopped so far, and how long in all.
    pub(super) fn stops(&self) -> (u64, Duration) {
        let stopped = Duration::from_micros(self.0.stopped_us.load(Ordering::Relaxed));
        (self.0.stops.load(Ordering::Relaxed), stopped)
    }

    /// Why it has ended early, if it has.
    pub(super) fn failure(&self) -> Option<String> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// A bucket of CPU time: it fills with the clock, empties with what is used, and who has emptied it waits.
    fn take_turns(&self) -> Result<()> {
        let most = self.cores * PERIOD.as_secs_f64();
        let mut tree = Tree::new(self.process.clone());
        let mut run = self.process.status().run;
        let (mut left, mut stopped, mut at) = (most, false, Instant::now());
        while !self.end.load(Ordering::Acquire) && !self.process.status().closed {
            std::thread::sleep(LOOK);
            let now = Instant::now();
            let passed = now.duration_since(std::mem::replace(&mut at, now)).as_secs_f64();
            let anew = std::mem::replace(&mut run, self.process.status().run) != run;
            let used = tree.used(anew, stopped, passed);
            left = (left + self.cores * passed).min(most) - used;
            if stopped {
                self.stopped_us.fetch_add((passed * 1e6) as u64, Ordering::Relaxed);
            }
            match stopped {
                // What was born or started anew runs.
                true if left < most => {
                    if tree.has_grown() {
                        tree.signal(Signal::Stop)?;
                    }
                }
                true => {
                    tree.signal(Signal::Cont)?;
                    stopped = false;
                }
                false if left < 0.0 => {
                    tree.signal(Signal::Stop)?;
                    self.stops.fetch_add(1, Ordering::Relaxed);
                    stopped = true;
                }
                false => {}
            }
        }
        Ok(())
    }
}

/// The processes, and what they have used so far.
struct Tree {
    process: Process,
    /// With seconds of CPU time.
    used: BTreeMap<u32, (Leader, f64)>,
    searched: Option<Instant>,
    grown: bool,
}

impl Tree {
    fn new(process: Process) -> Self {
        Self { process, used: BTreeMap::new(), searched: None, grown: false }
    }

    /// Seconds of CPU time that were used since the last call. A process counts from when it was first seen.
    fn used(&mut self, search: bool, stopped: bool, passed: f64) -> f64 {
        if search || self.searched.is_none_or(|at| at.elapsed() >= SEARCH) {
            let found = self.process.marked().find();
            self.used.retain(|pid, (process, _)| found.contains(pid) && process.is_alive());
            for pid in found {
                if let Some(process) = Leader::of(pid).filter(|_| !self.used.contains_key(&pid)) {
                    self.used.insert(pid, (process, cpu_used(pid).unwrap_or_default()));
                    self.grown = true;
                }
            }
            self.searched = Some(Instant::now());
        }
        if cfg!(not(target_os = "linux")) {
            // Nobody tells it cheaply there: as if it used one core whenever it may.
            return if stopped { 0.0 } else { passed };
        }
        let mut sum = 0.0;
        for (pid, (_, before)) in &mut self.used {
            if let Some(now) = cpu_used(*pid) {
                // Less than before would be another process with its id.
                sum += (now - std::mem::replace(before, now)).max(0.0);
            }
        }
        sum
    }

    /// Whether processes have been found since the last signal.
    fn has_grown(&self) -> bool {
        self.grown
    }

    fn signal(&mut self, signal: Signal) -> Result<()> {
        self.grown = false;
        // None that has got the id of one of them since.
        let known = self.used.values().filter(|(process, _)| process.is_alive()).map(|(process, _)| process.pid);
        self.process.marked().signal_these(&known.collect(), signal.raw())
    }
}
