//! Whether somebody else harms this account at the moment, or nobody may.

use super::super::Session;
use super::super::error::refused;
use super::super::fis::live_experiments;
use super::super::tags::Origin;
use super::{Harm, refusal};
use crate::Result;
use aws_sdk_fis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_fis::types::SafetyLeverStatus;

impl Session {
    pub(crate) async fn check_others(&self, harm: &Harm) -> Result<()> {
        self.check_safety_lever(harm).await?;
        for experiment in live_experiments(&self.fis).await? {
            let origin = Origin::of(experiment.tags());
            if origin.as_ref().is_some_and(|origin| origin.experiment == self.tags.token()) {
                continue;
            }
            let id = experiment.id().unwrap_or("without an id");
            let whose = match origin {
                Some(origin) => format!("experiment {id} of `{}` (run {}) is active", origin.test, origin.run),
                None => format!("somebody else's experiment {id} is active"),
            };
            return Err(refusal(harm, whose)
                .help("two experiments at once prove nothing about either: wait for its end, or end it by the sweep or in the console"));
        }
        Ok(())
    }

    async fn check_safety_lever(&self, harm: &Harm) -> Result<()> {
        let lever = match self.fis.get_safety_lever().id("default").send().await {
            Ok(answer) => answer.safety_lever,
            // The emulators don't know it.
            Err(error) if self.emulated && is_unknown_call(&error) => return Ok(()),
            Err(error) => return Err(refused("read the safety lever of FIS", error)),
        };
        let state = lever.and_then(|lever| lever.state);
        match state.as_ref().and_then(|state| state.status.as_ref()) {
            Some(SafetyLeverStatus::Disengaged) => Ok(()),
            None if self.emulated => Ok(()),
            status => {
                let status = status.map_or("in a state that FIS does not tell", SafetyLeverStatus::as_str);
                let why = state.as_ref().and_then(|state| state.reason.as_deref()).unwrap_or("no reason given");
                Err(refusal(harm, format!("the safety lever of FIS is {status}: {why}"))
                    .help("nothing is harmed while it is; disengage it when whoever engaged it agrees"))
            }
        }
    }
}

fn is_unknown_call<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    matches!(status, Some(404 | 405 | 501)) && error.code().is_none_or(|code| code != "ThrottlingException")
}
