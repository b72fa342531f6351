//! Following an experiment: its states to the journal, its effects as evidence.

use super::super::error::refused;
use super::super::{Aws, Session};
use super::effect::Before;
use super::is_over;
use super::source::is_idle;
use crate::claim::display;
use crate::fault::Evidence;
use crate::report::journal::EventKind;
use crate::{Error, Result};
use aws_sdk_fis::types::{Experiment, ExperimentActionStatus, ExperimentStatus, ResolvedTarget};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The pause between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// How much longer than its actions an experiment may take: FIS needs time to begin, to resolve targets, to end.
const OVERHEAD: Duration = Duration::from_secs(300);

/// How much earlier than it is cleared an experiment may have ended by itself.
const EARLY: Duration = Duration::from_secs(5);

/// How long a look may fail before that counts.
const BLIND: Duration = Duration::from_secs(60);

/// A target that FIS has resolved: what it is, and its ARN or whatever tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolved {
    pub(super) resource_type: String,
    pub(super) told: String,
}

pub(super) struct Watch {
    aws: Aws,
    before: Before,
    id: String,
    next_look: Instant,
    /// What was told last of experiment and actions.
    told: BTreeMap<String, String>,
    resolved: Vec<Resolved>,
    seen: Option<String>,
}

impl Watch {
    pub(super) fn new(aws: &Aws, before: Before) -> Self {
        Self {
            aws: aws.clone(),
            before,
            id: String::new(),
            next_look: Instant::now(),
            told: BTreeMap::new(),
            resolved: Vec::new(),
            seen: None,
        }
    }

    pub(super) fn begin(&mut self, id: String) {
        self.id = id;
        self.next_look = Instant::now();
    }

    fn session(&self) -> &Arc<Session> {
        &self.aws.session
    }

    /// The experiment as it is now, not too often.
    async fn look(&mut self) -> Result<Experiment> {
        tokio::time::sleep_until(self.next_look).await;
        let pause = if self.session().emulated { LOOK / 4 } else { LOOK };
        let answer = self.session().fis.get_experiment().id(&self.id).send().await;
        self.next_look = Instant::now() + pause;
        let answer = answer.map_err(|error| refused(&format!("look at the experiment {}", self.id), error))?;
        let experiment = answer.experiment.ok_or_else(|| Error::new(format!("there is no experiment {}", self.id)))?;
        self.tell(&experiment);
        if self.resolved.is_empty() && !matches!(status(&experiment), ExperimentStatus::Pending) {
            self.resolved = resolved(self.session(), &self.id).await?;
            if !self.resolved.is_empty() {
                let all: Vec<&str> = self.resolved.iter().map(|target| &*target.told).collect();
                self.note(format!("FIS resolved its targets: {}", all.join(", ")));
            }
        }
        Ok(experiment)
    }

    fn note(&self, text: String) {
        self.aws.core.events.note(EventKind::Target, text);
    }

    /// What has changed, into the journal.
    fn tell(&mut self, experiment: &Experiment) {
        let mut news = vec![(String::new(), format!("FIS experiment {}: {}", self.id, in_words(experiment)))];
        for (name, action) in experiment.actions().into_iter().flatten() {
            let Some(state) = action.state() else { continue };
            let status = state.status().map_or("unknown", |status| status.as_str());
            let reason = state.reason().filter(|reason| !reason.is_empty() && *reason != "Initial state");
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            news.push((name.clone(), format!("FIS action {name} is {status}{reason}")));
        }
        news.sort();
        for (name, text) in news {
            if self.told.get(&name) != Some(&text) {
                self.note(text.clone());
                self.told.insert(name, text);
            }
        }
    }

    pub(super) async fn evidence(&mut self) -> Result<Evidence> {
        let experiment = match self.look().await {
            Ok(experiment) => experiment,
            Err(error) => return Ok(Evidence::none(error.without_help())),
        };
        let state = status(&experiment);
        if let Some(seen) = &self.seen {
            // The last look before the undo: what was seen once may have ended since.
            let ended_before = match state {
                ExperimentStatus::Completed => ended_long_ago(&experiment, EARLY),
                ExperimentStatus::Stopped
                | ExperimentStatus::Stopping
                | ExperimentStatus::Failed
                | ExperimentStatus::Cancelled => true,
                _ => false,
            };
            return Ok(match ended_before {
                true => Evidence::none(format!("the experiment {}", in_words(&experiment))),
                false => Evidence::seen(seen.clone()),
            });
        }
        if matches!(
            state,
            ExperimentStatus::Failed
                | ExperimentStatus::Cancelled
                | ExperimentStatus::Stopped
                | ExperimentStatus::Stopping
        ) {
            return Ok(Evidence::never(format!("the experiment {}", in_words(&experiment))));
        }
        let failed = |status: &ExperimentActionStatus| {
            matches!(
                status,
                ExperimentActionStatus::Failed | ExperimentActionStatus::Cancelled | ExperimentActionStatus::Skipped
            )
        };
        let statuses: Vec<ExperimentActionStatus> = experiment
            .actions()
            .into_iter()
            .flatten()
            // Waiting harms nobody.
            .filter(|(_, action)| !action.action_id().is_some_and(is_idle))
            .filter_map(|(_, action)| action.state()?.status().cloned())
            .collect();
        if !statuses.is_empty() && statuses.iter().all(failed) {
            return Ok(Evidence::never("no action of the experiment was carried out"));
        }
        if self.resolved.is_empty() {
            let text = "FIS has resolved no target";
            return Ok(if state == ExperimentStatus::Completed { Evidence::never(text) } else { Evidence::none(text) });
        }
        let session = self.session().clone();
        let effect = self.before.effect(&session, &self.resolved).await?;
        let acts = |status: &ExperimentActionStatus| {
            matches!(status, ExperimentActionStatus::Running | ExperimentActionStatus::Completed)
        };
        let evidence = match effect {
            Some(evidence) => evidence,
            None if statuses.iter().any(acts) => {
                let (count, targets) =
                    (self.resolved.len(), if self.resolved.len() == 1 { "target" } else { "targets" });
                Evidence::seen(format!("FIS acts on {count} {targets} that it resolved, by its own word"))
            }
            None => Evidence::none(format!("the experiment {}", in_words(&experiment))),
        };
        if evidence.is_seen() {
            self.seen = Some(evidence.text().to_owned());
        } else if state == ExperimentStatus::Completed {
            let text = format!("the experiment has completed, and {}", evidence.text());
            // Effects may show a little later than FIS says so, not much.
            return Ok(if ended_long_ago(&experiment, BLIND) { Evidence::never(text) } else { Evidence::none(text) });
        }
        Ok(evidence)
    }

    /// Waits for the experiment's own end.
    pub(super) async fn completion(&mut self, lasts: Duration) -> Result<Evidence> {
        let limit = lasts + OVERHEAD;
        let until = Instant::now() + limit;
        let mut blind = None;
        loop {
            match self.look().await {
                Ok(experiment) => {
                    blind = None;
                    let state = status(&experiment);
                    if state == ExperimentStatus::Completed {
                        let seen = self.seen.clone().unwrap_or_default();
                        return Ok(Evidence::seen(format!("{seen}; the experiment {} has completed", self.id)));
                    }
                    if is_over(&state) {
                        return Ok(Evidence::none(format!("the experiment {}", in_words(&experiment))));
                    }
                }
                Err(error) if blind.get_or_insert_with(Instant::now).elapsed() > BLIND => return Err(error),
                Err(_) => {}
            }
            if Instant::now() >= until {
                return Err(Error::new(format!(
                    "the experiment {} has not ended after {}",
                    self.id,
                    display::duration(limit)
                ))
                .help("look at it in the FIS console"));
            }
        }
    }

    /// Waits for the end of an experiment that skips its actions; what it would have harmed.
    pub(super) async fn preview(&mut self, id: &str) -> Result<Vec<String>> {
        self.begin(id.to_owned());
        let until = Instant::now() + OVERHEAD;
        loop {
            let experiment = self.look().await?;
            let state = status(&experiment);
            if is_over(&state) {
                if state != ExperimentStatus::Completed {
                    return Err(Error::new(format!("the preview {}", in_words(&experiment)))
                        .help("no target fits: look at tags, filters and region"));
                }
                if self.resolved.is_empty() {
                    return Err(Error::new("no target was resolved").help("look at tags, filters and region"));
                }
                return Ok(self.resolved.iter().map(|target| target.told.clone()).collect());
            }
            if Instant::now() >= until {
                return Err(Error::new(format!("the preview has not ended after {}", display::duration(OVERHEAD))));
            }
        }
    }
}

/// Whether it ended longer ago than this, by the clocks of AWS and of this machine.
fn ended_long_ago(experiment: &Experiment, ago: Duration) -> bool {
    let ago = i64::try_from(ago.as_secs()).unwrap_or(i64::MAX);
    experiment.end_time().is_some_and(|end| jiff::Timestamp::now().as_second() - end.secs() > ago)
}

fn status(experiment: &Experiment) -> ExperimentStatus {
    experiment.state().and_then(|state| state.status()).cloned().unwrap_or(ExperimentStatus::Pending)
}

/// `was stopped: Experiment halted by stop condition`
fn in_words(experiment: &Experiment) -> String {
    let state = experiment.state();
    let verb = match status(experiment) {
        ExperimentStatus::Stopped => "was stopped",
        ExperimentStatus::Cancelled => "was cancelled",
        ExperimentStatus::Failed => "failed",
        ExperimentStatus::Completed => "has completed",
        other => return format!("is {other}"),
    };
    let mut text = verb.to_owned();
    if let Some(reason) = state.and_then(|state| state.reason()).filter(|reason| !reason.is_empty()) {
        text += &format!(": {reason}");
    }
    if let Some(error) = state.and_then(|state| state.error()) {
        let parts = [error.code(), error.location()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            text += &format!(" ({})", parts.join(" at "));
        }
    }
    text
}

/// What FIS has resolved, all pages of it.
async fn resolved(session: &Session, id: &str) -> Result<Vec<Resolved>> {
    let mut all = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let call = session.fis.list_experiment_resolved_targets().experiment_id(id).max_results(100);
        let answer = call.set_next_token(next).send().await;
        let answer = answer.map_err(|error| refused("list the targets that FIS has resolved", error))?;
        all.extend(answer.resolved_targets().iter().map(told));
        next = answer.next_token;
        if next.is_none() {
            return Ok(all);
        }
    }
}

fn told(target: &ResolvedTarget) -> Resolved {
    let information: BTreeMap<_, _> = target.target_information().into_iter().flatten().collect();
    let arn = information.values().find(|value| value.starts_with("arn:")).map(|arn| (*arn).clone());
    let told = arn.unwrap_or_else(|| {
        information.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    });
    Resolved { resource_type: target.resource_type().unwrap_or_default().to_owned(), told }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
