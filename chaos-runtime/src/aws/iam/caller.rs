//! What whoever runs the tests needs.

use super::super::fis::catalogue::{Condition, Permission};
use super::Capability;
use super::grant::Grant;
use super::scope::Scope;

const ANYTHING: &[&str] = &["*"];
const TEMPLATES: &[&str] = &["arn:{partition}:fis:{region}:{account}:experiment-template/*"];
const EXPERIMENTS: &[&str] = &["arn:{partition}:fis:{region}:{account}:experiment/*"];
const CLUSTERS: &[&str] = &["arn:{partition}:rds:{region}:{account}:cluster:*"];

/// What is made carries the mark of its experiment …
const MARKING: Condition = Condition::When(&[("Null", "aws:RequestTag/chaos-test.experiment", "false")]);
/// … by which it is found again, and nothing else is touched.
const MARKED: Condition = Condition::When(&[("Null", "aws:ResourceTag/chaos-test.experiment", "false")]);

const LEASING: Condition = Condition::When(&[("ForAllValues:StringEquals", "aws:TagKeys", "chaos-test.lease")]);

/// A reason and a permission.
type Need = (&'static str, Permission);

const fn need(
    sid: &'static str,
    action: &'static str,
    resources: &'static [&'static str],
    condition: Condition,
) -> Need {
    (sid, Permission { action, resources, condition })
}

const fn read(sid: &'static str, action: &'static str) -> Need {
    need(sid, action, ANYTHING, Condition::Always)
}

/// Of the guard rails, which every harm has to pass.
const GUARDS: &[Need] = &[
    need("FollowExperiments", "fis:GetExperiment", EXPERIMENTS, Condition::Always),
    read("LookForOtherExperiments", "fis:ListExperiments"),
    read("LookForOtherExperiments", "fis:ListExperimentTemplates"),
    need(
        "LookAtTheSafetyLever",
        "fis:GetSafetyLever",
        &["arn:{partition}:fis:{region}:{account}:safety-lever/*"],
        Condition::Always,
    ),
    read("ReadTagsOfTargets", "tag:GetResources"),
    read("ReadAlarms", "cloudwatch:DescribeAlarms"),
];

/// Of every experiment of FIS.
const FIS: &[Need] = &[
    need("FollowExperiments", "fis:ListExperimentResolvedTargets", EXPERIMENTS, Condition::Always),
    need("StartAndTagExperiments", "fis:StartExperiment", EXPERIMENTS, MARKING),
    need("StartAndTagExperiments", "fis:TagResource", EXPERIMENTS, MARKING),
    need("EndOwnExperiments", "fis:StopExperiment", EXPERIMENTS, MARKED),
    // The first experiment of an account makes FIS's service-linked role.
    need(
        "LetFisMakeItsServiceRole",
        "iam:CreateServiceLinkedRole",
        &["arn:{partition}:iam::{account}:role/aws-service-role/fis.amazonaws.com/AWSServiceRoleForFIS"],
        Condition::When(&[("StringEquals", "iam:AWSServiceName", "fis.amazonaws.com")]),
    ),
];

/// Of experiments that are built in code.
const BUILT: &[Need] = &[
    need("MakeTemplates", "fis:CreateExperimentTemplate", TEMPLATES, MARKING),
    need("MakeTemplates", "fis:TagResource", TEMPLATES, MARKING),
    need("RunOwnTemplates", "fis:StartExperiment", TEMPLATES, MARKED),
    need("EndOwnExperiments", "fis:DeleteExperimentTemplate", TEMPLATES, MARKED),
    need(
        "HandTheRoleToFis",
        "iam:PassRole",
        &["{role}"],
        Condition::When(&[("StringEquals", "iam:PassedToService", "fis.amazonaws.com")]),
    ),
];

const SWEEP: &[Need] = &[
    read("LookForOtherExperiments", "fis:ListExperiments"),
    read("LookForOtherExperiments", "fis:ListExperimentTemplates"),
    need("FollowExperiments", "fis:GetExperiment", EXPERIMENTS, Condition::Always),
    need("EndOwnExperiments", "fis:StopExperiment", EXPERIMENTS, MARKED),
    need("EndOwnExperiments", "fis:DeleteExperimentTemplate", TEMPLATES, MARKED),
];

const LEASE: &[Need] = &[
    need("LeaseClusters", "rds:AddTagsToResource", CLUSTERS, LEASING),
    need("LeaseClusters", "rds:RemoveTagsFromResource", CLUSTERS, LEASING),
    need("ReadLeases", "rds:ListTagsForResource", CLUSTERS, Condition::Always),
];

const AURORA: &[Need] = &[
    read("WatchClusters", "rds:DescribeDBClusters"),
    read("WatchClusters", "rds:DescribeDBInstances"),
    read("WatchClusters", "rds:DescribeEvents"),
];

const ALARMS: &[Need] = &[read("ReadAlarms", "cloudwatch:DescribeAlarms")];
const METRICS: &[Need] = &[
    read("ReadMetrics", "cloudwatch:GetMetricData"),
    // What a metric's unit is, and which there are beside one that has no values.
    read("ReadMetrics", "cloudwatch:GetMetricStatistics"),
    read("ReadMetrics", "cloudwatch:ListMetrics"),
];

/// Evidence is what RDS and EC2 say of the targets, not FIS.
const WATCH_CLUSTERS: Need = read("WatchClusters", "rds:DescribeDBClusters");
const WATCH_INSTANCES: Need = read("WatchInstances", "ec2:DescribeInstances");

/// What the capability needs of the caller.
pub(super) fn grants(capability: &Capability, scope: &Scope) -> Vec<Grant> {
    let grant = |(sid, permission): &Need| Grant::new(*sid, permission, scope);
    let all = |needs: &[&[Need]]| needs.iter().copied().flatten().map(grant).collect::<Vec<_>>();
    match capability {
        Capability::CloudWatchAlarms => all(&[ALARMS]),
        Capability::CloudWatchMetrics => all(&[METRICS]),
        Capability::Lease => all(&[LEASE]),
        Capability::Sweep => all(&[SWEEP]),
        Capability::AuroraFailover => {
            let mut grants = all(&[GUARDS, AURORA, LEASE]);
            grants.push(harm("rds:FailoverDBCluster", "cluster", scope));
            grants
        }
        Capability::AuroraReboot => {
            let mut grants = all(&[GUARDS, AURORA, LEASE]);
            grants.push(harm("rds:RebootDBInstance", "db", scope));
            grants
        }
        Capability::Fis(id) => {
            let mut grants = all(&[GUARDS, FIS, BUILT]);
            let action = Permission {
                action: "fis:CreateExperimentTemplate",
                resources: &["arn:{partition}:fis:{region}:{account}:action/{id}"],
                condition: Condition::Always,
            };
            let mut action = Grant::new("MakeTemplatesWithTheseActions", &action, scope);
            action.resources = action.resources.into_iter().map(|arn| arn.replace("{id}", id)).collect();
            grants.push(action);
            if id.starts_with("aws:rds:") {
                grants.push(grant(&WATCH_CLUSTERS));
                grants.extend(all(&[LEASE]));
            } else if id.starts_with("aws:ec2:") {
                grants.push(grant(&WATCH_INSTANCES));
            }
            grants
        }
        Capability::FisTemplate(id) => {
            let mut grants = all(&[GUARDS, FIS]);
            for action in ["fis:GetExperimentTemplate", "fis:StartExperiment"] {
                let permission = Permission { action, resources: TEMPLATES, condition: Condition::Always };
                let mut named = Grant::new("RunOwnedTemplates", &permission, scope);
                if let Some(id) = id {
                    named.resources =
                        named.resources.into_iter().map(|arn| arn.replace("/*", &format!("/{id}"))).collect();
                }
                grants.push(named);
            }
            // What it harms is not known, so all effects are looked for.
            grants.extend([grant(&WATCH_CLUSTERS), grant(&WATCH_INSTANCES)]);
            grants
        }
    }
}

/// Harm to what carries the tag, and to nothing else where the scope names clusters.
fn harm(action: &'static str, kind: &str, scope: &Scope) -> Grant {
    let permission = Permission { action, resources: &[], condition: Condition::RequiredTag("aws:ResourceTag/") };
    let mut grant = Grant::new("HarmTaggedClusters", &permission, scope);
    let arn = |name: &str| scope.place.fill(&format!("arn:{{partition}}:rds:{{region}}:{{account}}:{kind}:{name}"));
    // The instances of a cluster have names of their own.
    grant.resources = if kind == "cluster" && !scope.clusters.is_empty() {
        scope.clusters.iter().map(|name| arn(name)).collect()
    } else {
        [arn("*")].into()
    };
    grant
}

#[cfg(test)]
mod tests {
    use super::super::super::tags::EXPERIMENT;
    use super::*;

    /// Conditions are constants, and so is the tag: they must speak of the same one.
    #[test]
    fn what_is_made_is_found_by_the_tag_that_it_gets() {
        for (condition, prefix) in [(MARKING, "aws:RequestTag/"), (MARKED, "aws:ResourceTag/")] {
            let Condition::When([(_, key, _)]) = condition else { panic!("{condition:?}") };
            assert_eq!(*key, format!("{prefix}{EXPERIMENT}"));
        }
    }
}
