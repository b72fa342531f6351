//! What is known of one action.

use super::Permission;

/// An action of FIS.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Entry {
    /// `aws:ec2:terminate-instances`
    pub id: &'static str,
    /// What it does, as a phrase that follows its name: `terminates EC2 instances`.
    pub does: &'static str,
    /// What it harms; `None` for actions without a target.
    pub target: Option<Target>,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// The parameter that says how long it lasts; `None` where it is done at once.
    pub lasts: Option<&'static str>,
    /// What the experiment's role needs.
    pub permissions: &'static [Permission],
}

impl Entry {
    pub(super) const fn new(id: &'static str, does: &'static str) -> Self {
        Self { id, does, target: None, parameters: &[], lasts: None, permissions: &[] }
    }

    pub(super) const fn on(mut self, key: &'static str, resource_type: &'static str) -> Self {
        self.target = Some(Target { key, resource_type, chosen: Chosen::Freely });
        self
    }

    pub(super) const fn chosen(mut self, chosen: Chosen) -> Self {
        if let Some(target) = &mut self.target {
            target.chosen = chosen;
        }
        self
    }

    pub(super) const fn taking(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    pub(super) const fn lasting(mut self, parameter: &'static str) -> Self {
        self.lasts = Some(parameter);
        self
    }

    pub(super) const fn needing(mut self, permissions: &'static [Permission]) -> Self {
        self.permissions = permissions;
        self
    }

    /// Whether it cannot do without this parameter.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.required && parameter.name == name)
    }
}

/// What an action harms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The key under which the action names it: `Instances`.
    pub key: &'static str,
    /// `aws:ec2:instance`
    pub resource_type: &'static str,
    /// How it may be chosen.
    pub chosen: Chosen,
}

/// How an action's target may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chosen {
    /// By ARNs, or by tags, filters and the resource type's parameters.
    Freely,
    /// By ARNs only.
    ByArns,
    /// By exactly one ARN.
    ByOneArn,
    /// By the resource type's parameters only.
    ByParameters,
    /// By tags only.
    ByTags,
}

/// A parameter of an action.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// `delayMilliseconds`
    pub name: &'static str,
    /// Whether the action cannot do without it.
    pub required: bool,
    /// What its value looks like.
    pub kind: Kind,
}

/// What a parameter's value looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Anything but nothing.
    Text,
    /// `true` or `false`, in any case.
    Bool,
    /// A whole number between these two.
    Number {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A number between this one and 100.
    Percent {
        /// The least.
        least: f64,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words, separated by commas.
    SomeOf(&'static [&'static str]),
    /// ISO 8601, whole seconds, between these two numbers of seconds.
    Duration {
        /// The least, in seconds.
        least: u64,
        /// The most, in seconds.
        most: u64,
    },
    /// A JSON object.
    Json,
    /// An ARN of this service.
    Arn(&'static str),
    /// At most so many ARNs of this service, separated by commas.
    Arns(&'static str, usize),
}

/// What cannot be left out.
pub(super) const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, required: true, kind }
}

/// What has a default.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, required: false, kind }
}

/// One minute to twelve hours.
pub(super) const LONG: Kind = Kind::Duration { least: 60, most: 43_200 };
/// Where the reference names no bounds: those of an experiment.
pub(super) const ANY_TIME: Kind = Kind::Duration { least: 1, most: 43_200 };
/// 1 to 100.
pub(super) const PERCENT: Kind = Kind::Percent { least: 1.0 };
/// 0 to 100.
pub(super) const FROM_NOTHING: Kind = Kind::Percent { least: 0.0 };
/// A number of whatever.
pub(super) const COUNT: Kind = Kind::Number { least: 0, most: u32::MAX as u64 };
/// A TCP or UDP port.
pub(super) const PORT: Kind = Kind::Number { least: 1, most: 65_535 };
