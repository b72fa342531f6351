//! What a plan harms, for those who guard an account.

use super::catalogue::{self, ResourceType, Zone};
use super::selection::{Filter, Selection};
use super::{Action, Plan};
use crate::{Error, Result};

/// The target of one action, as its author has chosen it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Chosen<'a> {
    /// The action's name in the plan.
    pub action: &'a str,
    /// `aws:ec2:instance`
    pub resource_type: &'a str,
    /// The ARNs, which may hold `{partition}`, `{region}` and `{account}`.
    pub arns: &'a [String],
    /// Tags that a resource must carry, all of them.
    pub tags: &'a [(String, String)],
    /// Parameters of the resource type.
    pub parameters: &'a [(String, String)],
}

impl Chosen<'_> {
    /// Whether a tag more narrows it: by [`Plan::require_tag`]. Otherwise whoever requires one has to look at the
    /// resources themselves: those with ARNs, and pods, which have no tags, at their cluster.
    pub fn takes_tags(&self) -> bool {
        self.arns.is_empty() && resource_type(self.resource_type).is_none_or(|known| known.tags)
    }
}

impl Plan {
    /// What its actions harm. Actions without a target, such as waiting, are left out.
    pub fn targets(&self) -> impl Iterator<Item = Chosen<'_>> {
        self.steps.iter().filter_map(|step| {
            let Selection { arns, tags, parameters, .. } = &step.action.selection;
            let (_, resource_type) = step.action.target()?;
            Some(Chosen { action: &step.name, resource_type, arns, tags, parameters })
        })
    }

    /// The ARNs it names.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.targets().flat_map(|target| target.arns).map(String::as_str)
    }

    /// The tags it asks for.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.targets().flat_map(|target| target.tags).map(|(key, value)| (&**key, &**value))
    }

    /// Lets every target that is chosen without ARNs be only what carries this tag too.
    ///
    /// # Errors
    /// When a target asks for another value of it.
    pub fn require_tag(&mut self, key: &str, value: &str) -> Result {
        for step in &mut self.steps {
            let Some((_, resource_type)) = step.action.target() else { continue };
            let tags = self::resource_type(resource_type).is_none_or(|known| known.tags);
            let selection = &mut step.action.selection;
            if !selection.arns.is_empty() || !tags {
                continue;
            }
            match selection.tags.iter().find(|(known, _)| known == key) {
                None => selection.tags.push((key.to_owned(), value.to_owned())),
                Some((_, same)) if same == value => {}
                Some((_, other)) => {
                    return Err(Error::new(format!(
                        "the action `{}` harms what is tagged `{key}={other}`, and the profile allows only \
                         `{key}={value}`",
                        step.name
                    ))
                    .help(format!("choose targets that carry `{key}={value}`, or run it in another profile")));
                }
            }
        }
        Ok(())
    }
}

fn resource_type(name: &str) -> Option<&'static ResourceType> {
    catalogue::resource_type(name)
}

/// The filters of an action's target, with those that its zone and its state stand for.
pub(super) fn filters(action: &Action, resource_type: &str) -> Vec<Filter> {
    let Selection { arns, tags, filters, zone, .. } = &action.selection;
    let mut all = filters.clone();
    let Some(known) = self::resource_type(resource_type) else { return all };
    let mut add = |path: &str, value: &str| {
        all.push(Filter { path: path.to_owned(), values: vec![value.to_owned()] });
    };
    if let (Zone::Filter(path), Some(zone)) = (known.zone, zone) {
        add(path, zone);
    }
    // FIS also finds instances by tag that were terminated a while ago.
    if let Some((path, value)) = known.running
        && arns.is_empty()
        && !tags.is_empty()
        && !filters.iter().any(|filter| filter.path == path)
    {
        add(path, value);
    }
    all
}

/// The parameters of an action's target, with the one that its zone stands for.
pub(super) fn parameters<'a>(action: &'a Action, resource_type: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let Selection { parameters, zone, .. } = &action.selection;
    let in_zone = match (self::resource_type(resource_type).map(|known| known.zone), zone) {
        (Some(Zone::Parameter(name)), Some(zone)) => Some((name, &**zone)),
        _ => None,
    };
    parameters.iter().map(|(name, value)| (&**name, &**value)).chain(in_zone)
}
