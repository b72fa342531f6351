//! What the role of an experiment needs for an action.

/// One action of IAM, where it is needed and under which condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// `ec2:TerminateInstances`
    pub action: &'static str,
    /// ARNs with `{partition}`, `{region}`, `{account}` and `{fis_config}` to fill in, or `*`.
    pub resources: &'static [&'static str],
    /// When it is granted.
    pub condition: Condition,
}

/// When a permission is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Always.
    Always,
    /// When the resource carries the tag that the profile requires, asked for by this condition key, to which the
    /// tag's key is added: `aws:ResourceTag/`.
    RequiredTag(&'static str),
    /// When all of these hold: operator, condition key, value.
    When(&'static [(&'static str, &'static str, &'static str)]),
}

/// Reading, which IAM grants of everything or nothing in most services.
pub(super) const fn reads(action: &'static str) -> Permission {
    Permission { action, resources: &["*"], condition: Condition::Always }
}

/// Something on these resources, whatever their tags.
pub(super) const fn on(action: &'static str, resources: &'static [&'static str]) -> Permission {
    Permission { action, resources, condition: Condition::Always }
}

/// Harm to these resources, if they carry the required tag.
pub(super) const fn harms(action: &'static str, resources: &'static [&'static str]) -> Permission {
    Permission { action, resources, condition: Condition::RequiredTag("aws:ResourceTag/") }
}

/// Something on these resources under conditions.
pub(super) const fn when(
    action: &'static str,
    resources: &'static [&'static str],
    conditions: &'static [(&'static str, &'static str, &'static str)],
) -> Permission {
    Permission { action, resources, condition: Condition::When(conditions) }
}

/// Finds targets by their tags.
pub(super) const FIND_BY_TAG: Permission = reads("tag:GetResources");
