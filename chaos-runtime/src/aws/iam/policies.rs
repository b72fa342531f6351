//! The three documents.

use super::document::Policy;
use super::grant::statements;
use super::scope::Scope;
use super::{Capability, caller, role, spec};
use crate::Result;
use crate::experiment::Spec;
use std::collections::BTreeSet;

/// The policies that some tests need.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policies {
    /// Of whoever runs the tests.
    pub caller: Policy,
    /// Of the role by which FIS carries experiments out that are built in code. Without statements where there are
    /// none; a template that is there has a role of its own.
    pub fis_role: Policy,
    /// Who may take that role on.
    pub fis_trust: Policy,
}

/// The policies that these tests need: `policies(chaos_runtime::catalogue(), &scope)`.
///
/// # Errors
/// When a FIS action is not known, or the scope lacks what one needs.
pub fn policies(specs: impl IntoIterator<Item = &'static Spec>, scope: &Scope) -> Result<Policies> {
    let specs = specs.into_iter().filter(|spec| {
        let profiles = spec.options.profiles;
        scope.profiles.is_empty()
            || profiles.is_empty()
            || profiles.iter().any(|name| scope.profiles.iter().any(|own| own == name))
    });
    policies_of(specs.flat_map(spec::capabilities), scope)
}

/// The policies for these capabilities.
///
/// # Errors
/// When a FIS action is not known, or the scope lacks what one needs.
pub fn policies_of(capabilities: impl IntoIterator<Item = Capability>, scope: &Scope) -> Result<Policies> {
    let mut capabilities: BTreeSet<Capability> = capabilities.into_iter().collect();
    // Every run begins with a look for what dead ones have left.
    if !capabilities.is_empty() {
        capabilities.insert(Capability::Sweep);
    }
    let grants = capabilities.iter().flat_map(|capability| caller::grants(capability, scope));
    let ids = capabilities.iter().filter_map(|capability| match capability {
        Capability::Fis(id) => Some(id),
        _ => None,
    });
    Ok(Policies {
        caller: Policy::of(statements(grants)),
        fis_role: role::policy(ids, scope)?,
        fis_trust: role::trust(scope),
    })
}

#[cfg(test)]
mod tests {
    use super::super::document::Statement;
    use super::*;
    use crate::aws::fis::catalogue;
    use std::collections::BTreeSet;

    fn scope() -> Scope {
        Scope::new("123456789012", "eu-west-1", ("chaos-test", "allowed"))
            .lambda_location("arn:aws:s3:::chaos/FisConfigs/")
    }

    fn fis(id: &str) -> Capability {
        Capability::Fis(id.to_owned())
    }

    fn allowing<'a>(policy: &'a Policy, action: &str) -> Vec<&'a Statement> {
        policy.statement.iter().filter(|statement| statement.action.iter().any(|known| known == action)).collect()
    }

    #[test]
    fn the_role_harms_only_what_carries_the_tag() {
        let policies = policies_of([fis("aws:ec2:terminate-instances")], &scope()).expect("it is known");
        let json = serde_json::to_value(&policies.fis_role).expect("it is JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "HarmEc2InstanceIfTagged",
                        "Effect": "Allow",
                        "Action": ["ec2:TerminateInstances"],
                        "Resource": ["arn:aws:ec2:eu-west-1:123456789012:instance/*"],
                        "Condition": { "StringEquals": { "aws:ResourceTag/chaos-test": "allowed" } },
                    },
                    { "Sid": "ReadEc2", "Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": ["*"] },
                ],
            })
        );
    }

    #[test]
    fn the_caller_makes_only_such_templates_and_ends_only_its_own() {
        let caller = policies_of([fis("aws:ec2:terminate-instances")], &scope()).expect("it is known").caller;
        let made = allowing(&caller, "fis:CreateExperimentTemplate");
        let resources: Vec<&str> = made.iter().flat_map(|made| &made.resource).map(String::as_str).collect();
        assert_eq!(
            resources,
            [
                "arn:aws:fis:eu-west-1:123456789012:experiment-template/*",
                "arn:aws:fis:eu-west-1:123456789012:action/aws:ec2:terminate-instances",
            ]
        );
        for action in ["fis:StopExperiment", "fis:DeleteExperimentTemplate"] {
            for statement in allowing(&caller, action) {
                let marked = &statement.condition["Null"];
                assert_eq!(marked["aws:ResourceTag/chaos-test.experiment"], "false", "{statement:?}");
            }
        }
        let [pass] = allowing(&caller, "iam:PassRole")[..] else { panic!("{caller:?}") };
        assert_eq!(pass.resource, ["arn:aws:iam::123456789012:role/chaos-fis"]);
        assert_eq!(pass.condition["StringEquals"]["iam:PassedToService"], "fis.amazonaws.com");
        assert!(allowing(&caller, "ec2:TerminateInstances").is_empty(), "that is the role's");
        assert!(allowing(&caller, "rds:FailoverDBCluster").is_empty());
    }

    #[test]
    fn fis_takes_the_role_on_for_this_account_only() {
        let trust = serde_json::to_value(policies_of([], &scope()).expect("nothing to know").fis_trust).expect("JSON");
        assert_eq!(trust["Statement"][0]["Principal"], serde_json::json!({ "Service": "fis.amazonaws.com" }));
        assert_eq!(trust["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"], "123456789012");
    }

    #[test]
    fn clusters_by_name_and_by_tag() {
        let caller = |scope: &Scope| policies_of([Capability::AuroraFailover], scope).expect("it is known").caller;
        let narrow = caller(&scope().clusters(["payments"]));
        let [failover] = allowing(&narrow, "rds:FailoverDBCluster")[..] else { panic!("{narrow:?}") };
        assert_eq!(failover.resource, ["arn:aws:rds:eu-west-1:123456789012:cluster:payments"]);
        assert_eq!(failover.condition["StringEquals"]["aws:ResourceTag/chaos-test"], "allowed");
        assert!(!allowing(&narrow, "tag:GetResources").is_empty(), "the guard rails ask");
        assert!(allowing(&narrow, "iam:PassRole").is_empty(), "no FIS, no role");
    }

    #[test]
    fn every_action_has_policies_with_ids_that_iam_takes() {
        let all = catalogue::entries().map(|entry| fis(entry.id));
        let policies = policies_of(all, &scope()).expect("all are known");
        for (name, policy) in policies.files() {
            let sids: BTreeSet<&str> = policy.statement.iter().map(|statement| &*statement.sid).collect();
            assert_eq!(sids.len(), policy.statement.len(), "{name}: {sids:?}");
            assert!(policy.statement.is_sorted_by(|a, b| a.sid <= b.sid), "{name}");
            for statement in &policy.statement {
                assert!(statement.sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{}", statement.sid);
                assert!(!statement.action.is_empty() && statement.action.is_sorted(), "{statement:?}");
                assert!(
                    !policy.to_json().contains('{') || !statement.resource.iter().any(|arn| arn.contains('{')),
                    "{statement:?}"
                );
            }
            let read: Policy = serde_json::from_str(&policy.to_json()).expect("it is read again");
            assert_eq!(read, *policy);
        }
    }

    #[test]
    fn what_is_not_known_is_an_error_with_the_way_out() {
        let error = policies_of([fis("aws:ec2:terminate-instance")], &scope()).expect_err("a slip").to_string();
        assert!(error.contains("did you mean `aws:ec2:terminate-instances`?"), "{error}");
        let without = Scope::new("123456789012", "eu-west-1", ("a", "b"));
        let error = policies_of([fis("aws:lambda:invocation-error")], &without).expect_err("where?").to_string();
        assert!(error.contains("Scope::lambda_location"), "{error}");
    }

    #[test]
    fn files_are_written_compared_and_found_different() {
        let directory = tempfile::tempdir().expect("a directory");
        let policies = policies_of([fis("aws:ecs:stop-task")], &scope()).expect("it is known");
        let missing = policies.compare_with(directory.path()).expect_err("no files yet").to_string();
        assert!(missing.contains("caller.json") && missing.contains("CHAOS_WRITE_POLICIES=1"), "{missing}");
        policies.write_to(directory.path()).expect("they can be written");
        policies.compare_with(directory.path()).expect("they are the same");
        let more = policies_of([fis("aws:ecs:stop-task"), Capability::AuroraFailover], &scope()).expect("known");
        let different = more.compare_with(directory.path()).expect_err("one lacks something").to_string();
        assert!(different.contains("it lacks HarmTaggedClusters"), "{different}");
    }

    #[test]
    fn a_test_of_another_profile_is_left_out() {
        use crate::experiment::Options;
        const fn of(profiles: &'static [&'static str]) -> Spec {
            let plain = crate::__private::spec::spec("t", "m", "p", "f", 1, 1, "");
            Spec { calls: &["aws", "fis", "stop_task"], options: Options { profiles, ..Options::DEFAULT }, ..plain }
        }
        static STAGING: Spec = of(&["staging"]);
        static NIGHTLY: Spec = of(&["nightly"]);
        let role = |specs: [&'static Spec; 1]| {
            policies(specs, &scope().profiles(["staging"])).expect("it is known").fis_role.statement.len()
        };
        assert!(role([&STAGING]) > 0);
        assert_eq!(role([&NIGHTLY]), 0);
    }
}
