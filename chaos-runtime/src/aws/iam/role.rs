//! What the role needs by which FIS carries experiments out.

use super::super::fis::catalogue::{self, Condition, Permission};
use super::document::{Effect, Policy, Principal, Statement};
use super::grant::{Grant, statements};
use super::scope::Scope;
use crate::config::suggestion::nearest;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// What the role needs for the action with this id.
///
/// # Errors
/// When the catalogue does not know it, or the scope lacks what it needs.
pub(super) fn grants(id: &str, scope: &Scope) -> Result<Vec<Grant>> {
    let Some(entry) = catalogue::find(id) else {
        let near = nearest(id, catalogue::entries().map(|entry| entry.id));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        return Err(Error::new(format!("what the FIS action `{id}` needs is not known"))
            .help(format!("{near}Otherwise keep it out of `uses(…)`, and write its statement by hand")));
    };
    let needs_location = entry.permissions.iter().any(|permission| permission.resources.contains(&"{fis_config}*"));
    if needs_location && scope.lambda_location.is_none() {
        return Err(Error::new(format!("`{id}` lets FIS write to S3, and the scope does not say where"))
            .help("name it: `Scope::lambda_location(\"arn:aws:s3:::<bucket>/FisConfigs/\")`"));
    }
    Ok(entry.permissions.iter().map(|permission| Grant::new(sid(permission), permission, scope)).collect())
}

/// Why a permission is there: `HarmInstanceIfTagged`, `ReadEc2`.
fn sid(permission: &Permission) -> String {
    let (service, operation) = permission.action.split_once(':').unwrap_or((permission.action, ""));
    let reads = ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb));
    match (permission.condition, permission.resources) {
        (Condition::RequiredTag(_), _) => format!("Harm{}IfTagged", what(permission)),
        (Condition::Always, ["*"]) if reads => format!("Read{}", pascal(service)),
        (Condition::Always, ["*"]) => format!("Use{}", pascal(service)),
        (Condition::Always, _) if reads => format!("Read{}", what(permission)),
        (Condition::Always, _) => format!("Change{}", what(permission)),
        (Condition::When(_), ["*"]) => format!("Use{}UnderConditions", pascal(service)),
        (Condition::When(_), _) => format!("Change{}UnderConditions", what(permission)),
    }
}

/// Service and type of the first resource: `Ec2Instance`.
fn what(permission: &Permission) -> String {
    let arn = permission.resources.first().copied().unwrap_or_default();
    let mut parts = arn.split(':').skip(2);
    let (service, resource) = (parts.next().unwrap_or("s3"), parts.nth(2).unwrap_or("object"));
    let kind = resource.split(['/', '*']).next().unwrap_or_default();
    format!("{}{}", pascal(service), pascal(kind))
}

/// `network-acl` as `NetworkAcl`.
fn pascal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

/// The role's policy.
pub(super) fn policy(ids: impl IntoIterator<Item = impl AsRef<str>>, scope: &Scope) -> Result<Policy> {
    let mut all = Vec::new();
    for id in ids {
        all.extend(grants(id.as_ref(), scope)?);
    }
    Ok(Policy::of(statements(all)))
}

/// FIS may take the role on, for experiments of this account and Region: not for those of others.
pub(super) fn trust(scope: &Scope) -> Policy {
    let experiments = scope.place.fill("arn:{partition}:fis:{region}:{account}:experiment/*");
    let pair = |key: &str, value: String| BTreeMap::from([(key.to_owned(), value)]);
    Policy::of(vec![Statement {
        sid: "LetFisCarryOutExperiments".to_owned(),
        effect: Effect::Allow,
        principal: Some(Principal { service: "fis.amazonaws.com".to_owned() }),
        action: vec!["sts:AssumeRole".to_owned()],
        resource: Vec::new(),
        condition: BTreeMap::from([
            ("ArnLike".to_owned(), pair("aws:SourceArn", experiments)),
            ("StringEquals".to_owned(), pair("aws:SourceAccount", scope.place.account().to_owned())),
        ]),
    }])
}
