//! What is missing when AWS denies a call.

use super::super::fis::catalogue;
use super::document::Statement;
use super::grant::statements;
use super::scope::Scope;
use super::{Capability, caller, role};

/// The statement that is missing in a policy when AWS denies this action of IAM, such as `fis:StopExperiment`, to whoever
/// runs the tests or to FIS's role, and what it is for. `None` for actions that this crate never asks for.
///
/// The statement has `*` for account and Region, and `<tag>` for the tag that the profile requires.
pub fn explain_denied(action: &str) -> Option<String> {
    let scope = Scope::new("*", "*", ("<tag>", "<value>")).role("<role>").lambda_location("arn:aws:s3:::<bucket>/");
    let asked = |statement: &Statement| statement.action.iter().any(|known| known.eq_ignore_ascii_case(action));
    let of_the_caller = every_capability().find_map(|capability| {
        let found = statements(caller::grants(&capability, &scope)).into_iter().find(|statement| asked(statement))?;
        Some(("the policy of whoever runs the tests", found, capability))
    });
    let (place, mut statement, capability) = of_the_caller.or_else(|| {
        catalogue::entries().find_map(|entry| {
            let grants = role::grants(entry.id, &scope).ok()?;
            let found = statements(grants).into_iter().find(|statement| asked(statement))?;
            Some(("the policy of the role that FIS takes on", found, Capability::Fis(entry.id.to_owned())))
        })
    })?;
    statement.action.retain(|known| known.eq_ignore_ascii_case(action));
    let json = serde_json::to_string(&statement).ok()?;
    Some(format!("{place} lacks, {capability}: {json}"))
}

fn every_capability() -> impl Iterator<Item = Capability> {
    // FIS's own calls do not depend on the action.
    [
        Capability::Sweep,
        Capability::Fis("aws:ec2:terminate-instances".to_owned()),
        Capability::FisTemplate(None),
        Capability::AuroraFailover,
        Capability::AuroraReboot,
        Capability::CloudWatchAlarms,
        Capability::CloudWatchMetrics,
        Capability::Lease,
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_missing_and_why() {
        let line = explain_denied("fis:StopExperiment").expect("we ask for it");
        assert!(
            line.starts_with("the policy of whoever runs the tests lacks, to end what dead runs have left: {"),
            "{line}"
        );
        assert!(line.contains(r#""Action":["fis:StopExperiment"]"#), "{line}");
        let role = explain_denied("ecs:StopTask").expect("the role asks for it");
        assert!(
            role.starts_with(
                "the policy of the role that FIS takes on lacks, to run the FIS action `aws:ecs:stop-task`"
            )
        );
        assert!(role.contains("aws:ResourceTag/<tag>"), "{role}");
        assert_eq!(explain_denied("s3:DeleteBucket"), None);
    }

    #[test]
    fn every_permission_is_explained() {
        for entry in catalogue::entries() {
            for permission in entry.permissions {
                assert!(explain_denied(permission.action).is_some(), "{}", permission.action);
            }
        }
    }
}
