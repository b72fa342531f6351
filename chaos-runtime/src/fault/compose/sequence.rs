//! Parts one after the other.

use super::part::{confirm, confirm_within, last_look, none_to_be_had, sum, targets};
use super::reins::{Ended, Entry, Reins, failed, name};
use crate::claim::display;
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx, OneShot};
use crate::report::journal::EventKind;
use crate::rollback::Undo;
use crate::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Faults one after the other, each for its own time. A one-shot fault: made by [`sequence`], filled with
/// [`hold`](Self::hold), [`once`](Self::once) and [`pause`](Self::pause).
///
/// The time of a step counts from the moment at which it is confirmed. A step that is not confirmed in the usual 5 s (or
/// `confirm = …`, or what the fault itself needs), or can't be injected or undone, ends the sequence, and the experiment
/// is inconclusive by the name of that step.
#[must_use = "a fault does nothing until it is injected"]
pub struct Sequence {
    steps: Vec<Step>,
    /// In words, from the injection on.
    said: Option<(String, String)>,
    progress: Arc<Mutex<Vec<Progress>>>,
    reins: Arc<Reins>,
}

enum Step {
    Pause(Duration),
    Part { fault: Box<dyn DynFault>, hold: Option<Duration> },
}

/// What is known of one part.
struct Progress {
    what: String,
    evidence: Option<Evidence>,
    over: bool,
}

/// Faults one after the other; see [`Sequence`].
///
/// ```
/// # use chaos_runtime::prelude::*;
/// # let crash = fault("crash", async || {}).one_shot();
/// # let full = fault("fill the disk", async || {}).undo(Undo::nothing());
/// let faults = sequence().hold(full, secs(10)).pause(secs(5)).once(crash);
/// assert_eq!(faults.describe(), "fill the disk for 10 s, then 5 s of nothing, then crash");
/// ```
pub fn sequence() -> Sequence {
    Sequence { steps: Vec::new(), said: None, progress: Arc::default(), reins: Reins::new() }
}

impl Sequence {
    /// Then this fault for so long, counted from its confirmation.
    pub fn hold<F: Held>(mut self, fault: F, hold: Duration) -> Self {
        self.steps.push(Step::Part { fault: Box::new(Erased(fault)), hold: Some(hold) });
        self
    }

    /// Then this one-shot fault, until it is confirmed, and until its [completion](Fault::completion) if it has one.
    pub fn once<F: OneShot>(mut self, fault: F) -> Self {
        self.steps.push(Step::Part { fault: Box::new(Erased(fault)), hold: None });
        self
    }

    /// Then nothing for so long.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.steps.push(Step::Pause(pause));
        self
    }

    fn parts(&self) -> impl Iterator<Item = (&dyn DynFault, Option<Duration>)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Part { fault, hold } => Some((&**fault, *hold)),
            Step::Pause(_) => None,
        })
    }

    fn words(&self) -> String {
        let several = targets(self.parts().map(|(part, _)| part)).len() > 1;
        let step = |step: &Step| match step {
            Step::Pause(pause) => format!("{} of nothing", display::duration(*pause)),
            Step::Part { fault, hold } => {
                let what = if several { name(&**fault) } else { fault.describe() };
                hold.map_or(what.clone(), |hold| format!("{what} for {}", display::duration(hold)))
            }
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(", then ")
    }

    fn check(&self) -> Result<()> {
        if self.parts().next().is_none() {
            return Err(Error::new("a sequence without a fault does nothing")
                .help("fill it: `sequence().hold(fault, secs(10)).pause(secs(5)).once(another)`"));
        };
        for step in &self.steps {
            let (what, time) = match step {
                Step::Pause(pause) => ("a pause".to_owned(), *pause),
                Step::Part { fault, hold: Some(hold) } => (format!("`{}`", fault.describe()), *hold),
                Step::Part { hold: None, .. } => continue,
            };
            if time.is_zero() {
                return Err(Error::new(format!("{what} of a sequence lasts for no time at all"))
                    .help("give it long enough to meet operations: `secs(10)`"));
            }
        }
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, Vec<Progress>> {
        lock(&self.progress)
    }

    /// What is known of all parts so far; seen if each that has begun is.
    fn so_far(&self) -> Evidence {
        let progress = self.progress();
        let several = progress.len() > 1;
        let begun = progress.iter().filter_map(|part| Some((part, part.evidence.as_ref()?)));
        let mut text: Vec<String> = begun
            .clone()
            .map(|(part, evidence)| match several {
                true => format!("{}: {}", part.what, evidence.text()),
                false => evidence.text().to_owned(),
            })
            .collect();
        let hits = begun.clone().fold(None, |hits, (_, evidence)| sum(hits, evidence.hits()));
        let all_seen = begun.clone().all(|(_, evidence)| evidence.is_seen());
        let ended = self.reins.ended();
        let open = progress.iter().filter(|part| !part.over).count();
        let evidence = match ended {
            Some(Ended::Failed(error)) => {
                text.push(error);
                Evidence::never(text.join("; "))
            }
            _ if begun.clone().next().is_none() => Evidence::none("no step has shown itself yet").with_more_to_come(),
            _ if !all_seen => Evidence::none(text.join("; ")),
            ended => {
                if open > 0 {
                    text.push(format!("{} of {} faults are over", progress.len() - open, progress.len()));
                }
                let evidence = Evidence::seen(text.join("; "));
                if ended.is_none() { evidence.with_more_to_come() } else { evidence }
            }
        };
        evidence.with_hits(hits)
    }
}

impl Fault for Sequence {
    fn describe(&self) -> String {
        self.said.as_ref().map_or_else(|| self.words(), |(what, _)| what.clone())
    }

    fn target(&self) -> String {
        let now = || targets(self.parts().map(|(part, _)| part)).join(", ");
        self.said.as_ref().map_or_else(now, |(_, target)| target.clone())
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.check()?;
        let reins = self.reins.clone();
        for (index, step) in self.steps.iter_mut().enumerate() {
            if let Step::Part { fault, hold } = step {
                let cx = reins.cx(cx, index as u64, hold.is_some(), *hold);
                let prepared = fault.prepare(cx).await;
                prepared.map_err(|error| failed(&format!("step {}, `{}`", index + 1, fault.describe()), &error))?;
            }
        }
        Ok(())
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        let reins = self.reins.clone();
        let mut said = Vec::new();
        for (index, step) in self.steps.iter_mut().enumerate() {
            if let Step::Part { fault, hold } = step {
                let cx = reins.cx(cx, index as u64, hold.is_some(), *hold);
                let text = fault.preview(cx).await;
                let text =
                    text.map_err(|error| failed(&format!("step {}, `{}`", index + 1, fault.describe()), &error))?;
                said.push(hold.map_or(text.clone(), |hold| format!("{text} for {}", display::duration(hold))));
            }
        }
        Ok(said.join(", then "))
    }

    fn undo(&self) -> Undo {
        self.reins.arm(self.parts().map(|(part, _)| part));
        self.reins.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        if self.said.is_some() {
            return Err(Error::new(format!("`{}` was injected before", self.describe())));
        }
        self.reins.begin(cx);
        let entries = self.reins.arm(self.parts().map(|(part, _)| part));
        let names = self.parts().map(|(part, _)| part.describe());
        *lock(&self.progress) = names.map(|what| Progress { what, evidence: None, over: false }).collect();
        self.said = Some((self.words(), targets(self.parts().map(|(part, _)| part)).join(", ")));
        let mut run = Run {
            steps: std::mem::take(&mut self.steps),
            entries,
            progress: self.progress.clone(),
            reins: self.reins.clone(),
            cx: cx.clone(),
        };
        // So that its error is one of the injection.
        let begun = matches!(run.steps.first(), Some(Step::Part { .. }));
        if begun {
            run.inject(0, 0).await?;
        }
        self.reins.work(async move { run.run(begun).await });
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.so_far())
    }

    fn confirm_within(&self) -> Option<Duration> {
        // Until the first part has begun; what is not confirmed in its time tells so itself.
        let before = |step: &Step| if let Step::Pause(pause) = step { Some(*pause) } else { None };
        let pauses: Duration = self.steps.iter().map_while(before).sum();
        let first = self.parts().next().map(|(part, _)| confirm_within(part, &InjectCx::new(0, false, None)));
        Some(pauses + first.unwrap_or_default() + Duration::from_secs(1))
    }

    fn lasts(&self) -> bool {
        true
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        match self.reins.end().await {
            Ended::Done => Ok(Some(self.so_far())),
            Ended::Failed(error) => Err(Error::new(error).help(
                "check that the load's operations reach its target, or give the fault more time with `confirm = …`",
            )),
            Ended::Stopped => Err(Error::new("it was stopped before its end")),
        }
    }
}

impl OneShot for Sequence {}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sequence").field(&self.describe()).finish()
    }
}

fn lock(progress: &Mutex<Vec<Progress>>) -> MutexGuard<'_, Vec<Progress>> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sequence on its way.
struct Run {
    steps: Vec<Step>,
    entries: Vec<Arc<Entry>>,
    progress: Arc<Mutex<Vec<Progress>>>,
    reins: Arc<Reins>,
    cx: InjectCx,
}

impl Run {
    /// Step `index`, which is part number `part`.
    async fn inject(&mut self, index: usize, part: usize) -> Result<()> {
        let Some(Step::Part { fault, hold }) = self.steps.get_mut(index) else { return Ok(()) };
        let Some(entry) = self.entries.get(part) else { return Ok(()) };
        let cx = self.reins.cx(&self.cx, index as u64, hold.is_some(), *hold);
        self.reins.inject(&mut **fault, entry, &cx).await
    }

    async fn run(mut self, begun: bool) -> Result<()> {
        let mut part = 0;
        for index in 0..self.steps.len() {
            if let Some(Step::Pause(pause)) = self.steps.get(index) {
                self.reins.rest(*pause).await?;
                continue;
            }
            if index > 0 || !begun {
                self.inject(index, part).await?;
            }
            self.see_through(index, part).await?;
            part += 1;
        }
        Ok(())
    }

    /// From the injection to the end of a step.
    async fn see_through(&mut self, index: usize, part: usize) -> Result<()> {
        let Self { steps, entries, progress, reins, cx } = self;
        let (Some(Step::Part { fault, hold }), Some(entry)) = (steps.get_mut(index), entries.get(part)) else {
            return Ok(());
        };
        let note = |evidence: &Evidence| {
            if let Some(part) = lock(progress).get_mut(part) {
                part.evidence = Some(evidence.clone());
            }
        };
        let what = fault.describe();
        let evidence = confirm(&mut **fault, reins, cx).await?;
        if !evidence.is_seen() {
            // The harm ends at once, not when somebody asks what came of it.
            let _ = reins.undo_one(entry).await;
            let within = display::duration(confirm_within(&**fault, cx));
            let text = evidence.text();
            return Err(Error::new(format!("step {}, `{what}`, was not confirmed within {within}: {text}", index + 1)));
        }
        note(&evidence);
        reins.note(EventKind::Confirm, &format!("{what}: {}", evidence.text()));
        let undone_now = match hold {
            Some(hold) => {
                reins.rest(*hold).await?;
                if let Some(evidence) = last_look(&mut **fault).await {
                    note(&evidence);
                }
                true
            }
            None => {
                let completion = reins.unless_stopped(fault.completion()).await?;
                if let Some(evidence) = completion.unwrap_or_else(|error| Some(none_to_be_had(&error))) {
                    note(&evidence);
                }
                fault.lasts()
            }
        };
        if undone_now {
            reins.undo_one(entry).await?;
        }
        if let Some(part) = lock(progress).get_mut(part) {
            part.over = true;
        }
        Ok(())
    }
}
