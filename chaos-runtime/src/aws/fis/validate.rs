//! The check of a plan, before any call.

use super::action::{Action, TargetType};
use super::catalogue::{self, Chosen, ResourceType, Zone};
use super::plan::Step;
use super::problem::{Found, Problems};
use super::selection::{Scope, Selection};
use super::{Plan, alarm, arn, order, parameters, targets};
use crate::config::suggestion::{listed, one_of};
use std::time::Duration;

/// What FIS allows of an experiment.
const MOST_ACTIONS: usize = 20;
const MOST_ARNS: usize = 5;
const MOST_TAGS: usize = 50;
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// Characters of a name, a description, a filter's path and a filter's value.
const NAME: usize = 64;
const DESCRIPTION: usize = 512;
const PATH: usize = 256;
const FILTER_VALUE: usize = 128;

impl Plan {
    /// Checks all that can be known without asking AWS: names, parameters, targets, order, times, stop conditions.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn validate(&self) -> Result<(), Problems> {
        let mut found = Found::default();
        self.check_size(&mut found);
        self.check_order(&mut found);
        self.check_time(&mut found);
        alarm::check(&self.stop_on, &mut found);
        for step in &self.steps {
            check_action(step, &mut found);
        }
        found.into_result()
    }

    fn check_size(&self, found: &mut Found) {
        if self.steps.is_empty() {
            found.push(None, "it has no action", "add one: `Plan::new().with(Action::terminate_instances())`");
        }
        if self.steps.len() > MOST_ACTIONS {
            let count = self.steps.len();
            found.push(None, format!("it has {count} actions, and FIS allows {MOST_ACTIONS}"), "make two plans of it");
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION) {
            found.push(None, format!("its description has more than {DESCRIPTION} characters"), "shorten it");
        }
        if let Some(role) = &self.role
            && !arn::parse(role).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
        {
            found.push(None, "its role is no ARN of an IAM role", "write `arn:aws:iam::<account>:role/<name>`");
        }
        let skipping = self.steps.iter().filter(|step| step.action.skip_if_empty).count();
        if skipping > 0 && skipping < self.steps.len() {
            found.push(
                None,
                "some of its actions are skipped when they find nothing to harm, and some are not, which FIS cannot do",
                "call `skip_if_empty()` on the plan, or on none of its actions",
            );
        }
    }

    fn check_order(&self, found: &mut Found) {
        let names = || self.steps.iter().map(|step| &*step.name);
        for (at, Step { name, action }) in self.steps.iter().enumerate() {
            if names().take(at).any(|other| other == name) {
                found.push(Some(name), "another action has this name", "give one of them another by `named(…)`");
            }
            if name.is_empty() || name.chars().count() > NAME || name.contains(char::is_whitespace) {
                let help = format!("give it one of at most {NAME} characters, without blanks, by `named(…)`");
                found.push(Some(name), "its name is none for FIS", help);
            }
            for after in &action.after {
                if !names().any(|other| other == after) {
                    let help = one_of(after, names().filter(|other| other != name));
                    found.push(Some(name), format!("it starts after `{after}`, which is no action of the plan"), help);
                }
            }
        }
        let never = order::never_start(self);
        if !never.is_empty() {
            let message = format!("{} wait for each other, and never start", listed(&never));
            found.push(None, message, "let one of them start before: remove its `after(…)`");
        }
    }

    fn check_time(&self, found: &mut Found) {
        let bound = self.at_most.unwrap_or(LONGEST);
        match self.lasts() {
            Some(lasts) if lasts > LONGEST => {
                found.push(None, "it takes more than 12 hours, which FIS does not allow", "shorten its actions");
            }
            Some(lasts) if lasts > bound => found.push(
                None,
                format!("it takes {}, and `at_most` allows {}", in_words(lasts), in_words(bound)),
                "shorten its actions, or allow more",
            ),
            None if self.at_most.is_some() && order::never_start(self).is_empty() => found.push(
                None,
                "how long it takes is not known, and `at_most` bounds it",
                "set the `duration` of every action, or remove the bound",
            ),
            _ => {}
        }
    }
}

fn in_words(duration: Duration) -> String {
    crate::claim::display::duration(duration)
}

fn check_action(step: &Step, found: &mut Found) {
    let Step { name, action } = step;
    let problem = &mut |message: String, help: String| found.push(Some(name), message, help);
    let well_formed = action.id.split(':').filter(|part| !part.is_empty()).count() == 3;
    if !well_formed || !action.id.starts_with("aws:") || action.id.contains(char::is_whitespace) {
        problem(
            format!("`{}` is no id of a FIS action", action.id),
            "write for example `aws:ec2:terminate-instances`".to_owned(),
        );
    }
    if action.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION) {
        problem(format!("its description has more than {DESCRIPTION} characters"), "shorten it".to_owned());
    }
    parameters::check(action, problem);
    match (action.entry(), action.target()) {
        (Some(entry), _) if action.target_type != TargetType::Unsaid => {
            let known = entry.target.map_or("nothing", |target| target.resource_type);
            problem(
                format!("that it harms {known} is known"),
                "remove `target_type(…)` or `without_target()`, which are for unknown ids".to_owned(),
            );
        }
        (None, None) if action.target_type == TargetType::Unsaid => {
            let suggestion = one_of(&action.id, catalogue::entries().map(|entry| entry.id));
            let suggestion = if suggestion.starts_with("did") { format!("{suggestion} ") } else { String::new() };
            problem(
                format!("`{}` is no action that is known here", action.id),
                format!(
                    "{suggestion}If it is right, say what it harms: `target_type(\"Instances\", \"aws:ec2:instance\")`, or `without_target()`"
                ),
            );
        }
        (_, None) if action.selection != Selection::default() => {
            problem("it has no target, and one is chosen".to_owned(), "remove what chooses it".to_owned());
        }
        (_, None) => {}
        (entry, Some((_, resource_type))) => {
            let chosen = entry.and_then(|entry| entry.target).map_or(Chosen::Freely, |target| target.chosen);
            check_target(action, chosen, resource_type, problem);
        }
    }
}

fn check_target(action: &Action, chosen: Chosen, type_name: &str, problem: &mut dyn FnMut(String, String)) {
    let known = catalogue::resource_type(type_name);
    let Selection { arns, tags, filters, scope, zone, .. } = &action.selection;
    let all = known.map_or("its targets", |known| known.plural);
    if arns.is_empty() && tags.is_empty() && targets::parameters(action, type_name).next().is_none() {
        let help = match chosen {
            Chosen::ByArns | Chosen::ByOneArn => "name them by `arn(…)`",
            Chosen::ByParameters => "choose them by `Pods`",
            _ => "choose by `tagged(…)` or `arn(…)`; filters only narrow a choice",
        };
        problem(format!("nothing says which {all} it harms"), help.to_owned());
    }
    let by_filter = zone.is_some() && matches!(known, Some(ResourceType { zone: Zone::Filter(_), .. }));
    if !arns.is_empty() && (!tags.is_empty() || !filters.is_empty() || by_filter) {
        problem(
            "ARNs name exactly what is harmed, and FIS allows neither tags nor filters beside them".to_owned(),
            "keep `arn(…)`, or keep `tagged(…)`, `filter(…)` and `availability_zone(…)`".to_owned(),
        );
    }
    if zone.is_some() && matches!(known, Some(ResourceType { zone: Zone::None, .. })) {
        problem(format!("{all} cannot be chosen by Availability Zone"), "remove `availability_zone(…)`".to_owned());
    }
    check_arns(arns, known, problem);
    check_tags(tags, problem);
    check_filters(action, problem);
    check_way(action, chosen, all, problem);
    if let Some(known) = known {
        check_target_parameters(action, known, problem);
    }
    match scope {
        Scope::Count(0) => problem("it harms none".to_owned(), "write `count(1)` or more".to_owned()),
        Scope::Share(share) => {
            let percent = share.fraction() * 100.0;
            // FIS draws by whole percents.
            if !((1.0..=100.0).contains(&percent) && (percent - percent.round()).abs() < 1e-9) {
                problem(
                    "its share is no whole number of percents from 1 to 100".to_owned(),
                    "write for example `share(percent(50))`".to_owned(),
                );
            }
        }
        _ => {}
    }
}

fn check_arns(arns: &[String], known: Option<&ResourceType>, problem: &mut dyn FnMut(String, String)) {
    if arns.len() > MOST_ARNS {
        let message = format!("it names {} ARNs, and FIS allows {MOST_ARNS} of a target", arns.len());
        problem(message, "choose them by a tag".to_owned());
    }
    for text in arns {
        let expected = known.and_then(|known| known.arn);
        match (arn::parse(text), expected) {
            (None, _) => problem(
                format!("`{text}` is no ARN"),
                "write `arn:<partition>:<service>:<region>:<account>:<resource>`".to_owned(),
            ),
            (Some(arn), Some((service, resource))) if arn.service != service || !arn.resource.starts_with(resource) => {
                let of = known.map_or("these", |known| known.plural);
                problem(
                    format!("`{text}` is no ARN of {of}"),
                    format!("theirs look like `arn:aws:{service}:<region>:<account>:{resource}<id>`"),
                );
            }
            _ => {}
        }
    }
}

fn check_tags(tags: &[(String, String)], problem: &mut dyn FnMut(String, String)) {
    if tags.len() > MOST_TAGS {
        problem(format!("it asks for {} tags, and FIS allows {MOST_TAGS}", tags.len()), "ask for fewer".to_owned());
    }
    for (at, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            problem(
                format!("`{key}` is no tag with its value"),
                "keys have 1 to 128 characters, values at most 256".to_owned(),
            );
        }
        if tags[..at].iter().any(|(other, _)| other == key) {
            problem(
                format!("it asks twice for the tag `{key}`, of which a resource has one"),
                "keep one of the two".to_owned(),
            );
        }
    }
}

fn check_filters(action: &Action, problem: &mut dyn FnMut(String, String)) {
    for filter in &action.selection.filters {
        let pascal = filter.path.split('.').all(|part| part.starts_with(|first: char| first.is_ascii_uppercase()));
        if !pascal || filter.path.len() > PATH || filter.path.contains(char::is_whitespace) {
            problem(
                format!("`{}` is no path of a filter", filter.path),
                "write it as the service's description has it, each part with a capital: `Placement.AvailabilityZone`"
                    .to_owned(),
            );
        }
        let no_value = |value: &String| value.is_empty() || value.chars().count() > FILTER_VALUE;
        if filter.values.is_empty() || filter.values.iter().any(no_value) {
            problem(
                format!("the filter on `{}` has no value, or one that is none", filter.path),
                format!("give it at least one, of 1 to {FILTER_VALUE} characters"),
            );
        }
    }
}

/// Some actions can be told what to harm in one way only.
fn check_way(action: &Action, chosen: Chosen, all: &str, problem: &mut dyn FnMut(String, String)) {
    let Selection { arns, tags, filters, parameters, .. } = &action.selection;
    let more = !filters.is_empty() || !parameters.is_empty();
    let (fits, way) = match chosen {
        Chosen::Freely => return,
        Chosen::ByArns => (tags.is_empty() && !more, "by ARN only"),
        Chosen::ByOneArn => (tags.is_empty() && !more && arns.len() <= 1, "by exactly one ARN"),
        Chosen::ByParameters => (arns.is_empty() && tags.is_empty() && filters.is_empty(), "by `Pods` only"),
        Chosen::ByTags => (arns.is_empty(), "by tags only"),
    };
    if !fits {
        problem(format!("this action lets {all} be chosen {way}"), "remove the other ways".to_owned());
    }
}

fn check_target_parameters(action: &Action, known: &ResourceType, problem: &mut dyn FnMut(String, String)) {
    let names = || known.parameters.iter().map(|(name, _)| *name);
    for (name, value) in &action.selection.parameters {
        if !names().any(|known| known == name) {
            let help = match names().next() {
                Some(_) => one_of(name, names()),
                None => "remove it".to_owned(),
            };
            problem(format!("{} are not chosen by a parameter `{name}`", known.plural), help);
        }
        if value.is_empty() {
            problem(format!("the target's parameter `{name}` is empty"), "give it a value, or remove it".to_owned());
        }
    }
    for (name, required) in known.parameters {
        if *required && !targets::parameters(action, known.name).any(|(given, _)| given == *name) {
            let by = match *name {
                "availabilityZoneIdentifier" => "`availability_zone(…)`".to_owned(),
                "clusterIdentifier" => "`Pods::in_cluster(…)`".to_owned(),
                "namespace" => "`Pods::namespace(…)`".to_owned(),
                other => format!("`target_parameter(\"{other}\", …)`"),
            };
            problem(format!("its target lacks `{name}`"), format!("set it by {by}"));
        }
    }
}
