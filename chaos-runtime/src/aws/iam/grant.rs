//! Single permissions with their reasons, and how they become statements.

use super::super::fis::catalogue::{Condition, Permission};
use super::document::{Effect, Statement};
use super::scope::Scope;
use std::collections::{BTreeMap, BTreeSet};

/// Operator, key and value.
type Conditions = BTreeSet<(String, String, String)>;

/// One action of IAM, filled in for a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) sid: String,
    pub(super) action: String,
    pub(super) resources: BTreeSet<String>,
    pub(super) conditions: Conditions,
}

impl Grant {
    pub(super) fn new(sid: impl Into<String>, permission: &Permission, scope: &Scope) -> Self {
        let fill = |text: &str| {
            let location = scope.lambda_location.as_deref().unwrap_or_default();
            scope.place.fill(&text.replace("{fis_config}", location).replace("{role}", &scope.role_arn()))
        };
        let conditions = match permission.condition {
            Condition::Always => Conditions::new(),
            Condition::RequiredTag(key) => {
                let (tag, value) = &scope.tag;
                [("StringEquals".to_owned(), format!("{key}{tag}"), value.clone())].into()
            }
            Condition::When(all) => all
                .iter()
                .map(|(operator, key, value)| ((*operator).to_owned(), (*key).to_owned(), fill(value)))
                .collect(),
        };
        Self {
            sid: sid.into(),
            action: permission.action.to_owned(),
            resources: permission.resources.iter().map(|arn| fill(arn)).collect(),
            conditions,
        }
    }
}

/// The fewest statements that say the same: one for each reason, set of resources and set of conditions.
pub(super) fn statements(grants: impl IntoIterator<Item = Grant>) -> Vec<Statement> {
    let mut merged: BTreeMap<(String, BTreeSet<String>, Conditions), BTreeSet<String>> = BTreeMap::new();
    for Grant { sid, action, resources, conditions } in grants {
        merged.entry((sid, resources, conditions)).or_default().insert(action);
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    merged
        .into_iter()
        .map(|((sid, resources, conditions), actions)| {
            // An id must not occur twice in a policy.
            let count = taken.entry(sid.clone()).or_default();
            *count += 1;
            let sid = if *count == 1 { sid } else { format!("{sid}{count}") };
            let mut condition: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
            for (operator, key, value) in conditions {
                condition.entry(operator).or_default().insert(key, value);
            }
            Statement {
                sid,
                effect: Effect::Allow,
                principal: None,
                action: actions.into_iter().collect(),
                resource: resources.into_iter().collect(),
                condition,
            }
        })
        .collect()
}
