//! The check of stop conditions.

use super::arn;
use super::problem::Found;
use super::stop::StopOn;

/// What FIS allows of an experiment.
const MOST: usize = 5;

pub(super) fn check(conditions: &[StopOn], found: &mut Found) {
    let alarms = conditions.iter().filter(|condition| matches!(condition, StopOn::Alarm(_))).count();
    if conditions.is_empty() {
        found.push(
            None,
            "nothing stops it when it harms more than was meant",
            "add `stop_on_alarm(\"…\")`, or say why none is needed: `without_stop_condition(\"…\")`",
        );
    }
    if alarms > 0 && alarms < conditions.len() {
        found.push(
            None,
            "it has an alarm that stops it, and says that nothing does",
            "keep `stop_on_alarm(…)` or `without_stop_condition(…)`",
        );
    }
    if alarms > MOST {
        found.push(None, format!("{alarms} alarms stop it, and FIS allows {MOST}"), "make one composite alarm of them");
    }
    for condition in conditions {
        match condition {
            StopOn::Alarm(name) if name.starts_with("arn:") => {
                if !arn::parse(name).is_some_and(|arn| arn.service == "cloudwatch" && is_alarm(arn.resource)) {
                    let help = "write the alarm's name, or `arn:aws:cloudwatch:<region>:<account>:alarm:<name>`";
                    found.push(None, format!("`{name}` is no ARN of an alarm"), help);
                }
            }
            StopOn::Alarm(name) if name.trim().is_empty() => {
                found.push(None, "the alarm that stops it has no name", "name the alarm in `stop_on_alarm(\"…\")`");
            }
            StopOn::Nothing { because } if because.trim().is_empty() => found.push(
                None,
                "it goes without a stop condition and does not say why",
                "write the reason in `without_stop_condition(\"…\")`",
            ),
            StopOn::Alarm(_) | StopOn::Nothing { .. } => {}
        }
    }
}

fn is_alarm(resource: &str) -> bool {
    resource.strip_prefix("alarm:").is_some_and(|name| !name.is_empty())
}
