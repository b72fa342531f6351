//! What there is of experiments and templates, all pages of it.

use super::super::error::refused;
use super::super::tags::EXPERIMENT;
use super::super::undo::persist;
use crate::Result;
use aws_sdk_fis::Client;
use aws_sdk_fis::types::{ExperimentStatus, ExperimentSummary, ExperimentTemplateSummary};

/// The most that FIS gives at once.
const PAGE: i32 = 100;

/// The experiments that have not ended, whosesoever they are.
pub(crate) async fn live_experiments(fis: &Client) -> Result<Vec<ExperimentSummary>> {
    let mut live = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let call = || fis.list_experiments().max_results(PAGE).set_next_token(next.clone());
        let page = persist(|| call().send()).await;
        let page = page.map_err(|error| refused("list the FIS experiments", error))?;
        let status = |experiment: &ExperimentSummary| experiment.state().and_then(|state| state.status()).cloned();
        live.extend(page.experiments().iter().filter(|found| !status(found).as_ref().is_some_and(is_over)).cloned());
        next = page.next_token;
        if next.is_none() {
            return Ok(live);
        }
    }
}

/// The templates that chaos tests have made, whosesoever they are.
pub(crate) async fn our_templates(fis: &Client) -> Result<Vec<ExperimentTemplateSummary>> {
    templates(fis, |found| found.tags().is_some_and(|tags| tags.contains_key(EXPERIMENT))).await
}

/// The templates that fit.
pub(super) async fn templates(
    fis: &Client,
    fits: impl Fn(&ExperimentTemplateSummary) -> bool,
) -> Result<Vec<ExperimentTemplateSummary>> {
    let mut fitting = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let call = || fis.list_experiment_templates().max_results(PAGE).set_next_token(next.clone());
        let page = persist(|| call().send()).await;
        let page = page.map_err(|error| refused("list the FIS templates", error))?;
        fitting.extend(page.experiment_templates().iter().filter(|found| fits(found)).cloned());
        next = page.next_token;
        if next.is_none() {
            return Ok(fitting);
        }
    }
}

/// Whether an experiment does nothing any more.
pub(crate) fn is_over(status: &ExperimentStatus) -> bool {
    use ExperimentStatus::{Cancelled, Completed, Failed, Stopped};
    matches!(status, Completed | Stopped | Failed | Cancelled)
}
