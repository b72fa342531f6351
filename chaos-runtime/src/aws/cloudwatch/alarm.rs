//! Alarms as conditions of an experiment.

use super::alarm_state::short;
use crate::Result;
use crate::aws::Session;
use crate::condition::{Condition, Standing};
use crate::experiment::core::Core;
use std::fmt;
use std::sync::Arc;

/// An alarm, from [`aws.cloudwatch().alarm(…)`](super::CloudWatch::alarm).
#[derive(Clone)]
#[must_use = "an alarm is watched by `chaos.abort_on(alarm)`, or asked before any harm by `chaos.require(alarm)`"]
pub struct Alarm {
    session: Arc<Session>,
    name: String,
    insufficient_data_is_ok: bool,
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Alarm {
    pub(super) fn new(session: Arc<Session>, name: String) -> Self {
        Self { session, name, insufficient_data_is_ok: false }
    }

    /// Takes `INSUFFICIENT_DATA` for `OK`: for alarms on what is published only where there is something to count. An
    /// alarm with a misspelt metric has no data either.
    pub fn insufficient_data_is_ok(mut self) -> Self {
        self.insufficient_data_is_ok = true;
        self
    }
}

impl Condition for Alarm {
    fn describe(&self) -> String {
        format!("alarm `{}`", short(&self.name))
    }

    async fn standing(&self) -> Result<Standing> {
        let states = self.session.alarms(std::slice::from_ref(&self.name)).await?;
        let Some(alarm) = states.into_iter().next() else { return Ok(Standing::Unknown("it has no state".into())) };
        Ok(alarm.standing(self.insufficient_data_is_ok))
    }
}

/// Watches the alarms that stop a FIS experiment: what has tripped one ends our experiment too, and at once.
pub(crate) fn watch_stop_alarms(core: &Core, session: &Arc<Session>, alarms: &[String]) {
    for alarm in alarms {
        let alarm = Alarm::new(session.clone(), alarm.clone());
        if !core.conditions.watches(&alarm.describe()) {
            core.conditions.watch(Arc::new(alarm), core.clock);
        }
    }
}
