//! The check of an action's parameters.

use super::action::Action;
use super::catalogue::{self, Document, Entry, Kind};
use super::{arn, iso8601};
use crate::config::suggestion::one_of;
use std::time::Duration;

/// Characters of a value, for FIS.
const LONGEST: usize = 1_024;

pub(super) fn check(action: &Action, problem: &mut dyn FnMut(String, String)) {
    for (name, value) in &action.parameters {
        if value.chars().count() > LONGEST {
            problem(format!("its `{name}` has more than {LONGEST} characters"), "shorten it".to_owned());
        }
    }
    // Of unknown actions nothing else is known.
    let Some(entry) = action.entry() else { return };
    for (name, value) in &action.parameters {
        match entry.parameters.iter().find(|known| known.name == name) {
            Some(known) => {
                if let Some(expected) = mismatch(known.kind, value) {
                    problem(format!("its `{name}` is `{value}`"), format!("write {expected}"));
                }
            }
            None if entry.parameters.is_empty() => {
                problem(format!("it has no parameters, and `{name}` is given"), "remove it".to_owned());
            }
            None => {
                let help = one_of(name, entry.parameters.iter().map(|known| known.name));
                problem(format!("it has no parameter `{name}`"), help);
            }
        }
    }
    for known in entry.parameters.iter().filter(|known| known.required) {
        if !action.parameters.contains_key(known.name) {
            let by = match known.name {
                "kubernetesServiceAccount" => "`Pods::service_account(…)`".to_owned(),
                name => format!("`parameter(\"{name}\", …)`"),
            };
            problem(format!("its `{}` is missing", known.name), format!("set it by {by}"));
        }
    }
    together(action, entry, problem);
    documents(action, problem);
}

/// What one parameter demands of another.
fn together(action: &Action, entry: &Entry, problem: &mut dyn FnMut(String, String)) {
    let has = |name: &str| action.parameters.contains_key(name);
    if has("completeIfInstancesTerminated")
        && !has("startInstancesAfterDuration")
        && entry.id.ends_with("stop-instances")
    {
        problem(
            "its `completeIfInstancesTerminated` says nothing without `startInstancesAfterDuration`".to_owned(),
            "write `start_again_after(…)`, which sets both".to_owned(),
        );
    }
    if action.parameters.get("scope").is_some_and(|scope| scope == "prefix-list") && !has("prefixListIdentifier") {
        problem(
            "its `scope` is a prefix list, and none is named".to_owned(),
            "set it by `parameter(\"prefixListIdentifier\", \"…\")`".to_owned(),
        );
    }
}

/// What the documents of FIS need.
fn documents(action: &Action, problem: &mut dyn FnMut(String, String)) {
    let name = action.parameters.get("documentArn").and_then(|arn| arn.rsplit_once("document/"));
    let Some(Document { name, parameters }) = name.and_then(|(_, name)| catalogue::document(name)) else { return };
    let text = action.parameters.get("documentParameters").map_or("{}", String::as_str);
    // What is no object has been reported.
    let Ok(given) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) else { return };
    for (known, required) in *parameters {
        if *required && !given.contains_key(*known) {
            problem(
                format!("the document `{name}` needs `{known}`"),
                format!("set it by `document_parameter(\"{known}\", …)`"),
            );
        }
    }
    for key in given.keys().filter(|key| !parameters.iter().any(|(known, _)| known == key)) {
        let help = one_of(key, parameters.iter().map(|(known, _)| *known));
        problem(format!("the document `{name}` has no parameter `{key}`"), help);
    }
}

/// What was expected, where the value is something else.
fn mismatch(kind: Kind, value: &str) -> Option<String> {
    let fits = match kind {
        Kind::Text => !value.trim().is_empty(),
        Kind::Bool => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        Kind::Number { least, most } => value.parse().is_ok_and(|number: u64| (least..=most).contains(&number)),
        Kind::Percent { least } => value.parse().is_ok_and(|number: f64| (least..=100.0).contains(&number)),
        Kind::OneOf(words) => words.contains(&value),
        Kind::SomeOf(words) => value.split(',').all(|word| words.contains(&word.trim())),
        Kind::Duration { least, most } => iso8601::read(value)
            .is_some_and(|duration| duration.subsec_nanos() == 0 && (least..=most).contains(&duration.as_secs())),
        Kind::Json => serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value).is_ok(),
        Kind::Arn(service) => arn::parse(value).is_some_and(|arn| arn.service == service),
        Kind::Arns(service, most) => {
            let arns: Vec<&str> = value.split(',').collect();
            arns.len() <= most
                && arns.iter().all(|arn| arn::parse(arn.trim()).is_some_and(|arn| arn.service == service))
        }
    };
    (!fits).then(|| expected(kind))
}

fn expected(kind: Kind) -> String {
    let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match kind {
        Kind::Text => "something".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Number { least, most } => format!("a whole number from {least} to {most}"),
        Kind::Percent { least } => format!("a number of percents from {least} to 100"),
        Kind::OneOf(known) => format!("one of {}", words(known)),
        Kind::SomeOf(known) => format!("some of {}, separated by commas", words(known)),
        Kind::Duration { least, most } => {
            let bound = |seconds| crate::claim::display::duration(Duration::from_secs(seconds));
            format!("a duration of whole seconds from {} to {}, such as `PT2M`", bound(least), bound(most))
        }
        Kind::Json => "a JSON object".to_owned(),
        Kind::Arn(service) => format!("an ARN of {service}"),
        Kind::Arns(service, most) => format!("at most {most} ARNs of {service}, separated by commas"),
    }
}
