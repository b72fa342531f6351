//! What a test does to an account, from what its attribute and its body say.

use super::super::fis::constructors;
use super::Capability;
use crate::experiment::Spec;

/// What AWS's scenario of a zone without power consists of.
const POWER_INTERRUPTION: [&str; 8] = [
    "aws:arc:start-zonal-autoshift",
    "aws:ebs:pause-volume-io",
    "aws:ec2:api-insufficient-instance-capacity-error",
    "aws:ec2:asg-insufficient-instance-capacity-error",
    "aws:ec2:stop-instances",
    "aws:elasticache:replicationgroup-interrupt-az-power",
    "aws:network:disrupt-connectivity",
    "aws:rds:failover-db-cluster",
];

/// What this test does to an account: what it `uses(…)`, and what the methods stand for that its body calls.
///
/// An Aurora cluster counts where the test may run outside of `local`.
pub fn capabilities(spec: &Spec) -> Vec<Capability> {
    capabilities_by_name(spec.calls, spec.options.uses, spec.options.profiles)
}

/// The same of names, as a catalogue has them: methods that the body calls, what it `uses(…)`, its `profiles(…)`.
pub fn capabilities_by_name(
    calls: &[impl AsRef<str>],
    uses: &[impl AsRef<str>],
    profiles: &[impl AsRef<str>],
) -> Vec<Capability> {
    let calls = |name: &str| calls.iter().any(|call| call.as_ref() == name);
    let mut found: Vec<Capability> = uses.iter().map(|used| named(used.as_ref())).collect();
    if calls("fis") {
        let actions = constructors().filter(|(name, _)| calls(name)).map(|(_, id)| id.to_owned());
        found.extend(actions.map(Capability::Fis));
        // What the test says it uses is known better than which template it runs.
        let says_which = found.iter().any(|capability| matches!(capability, Capability::FisTemplate(_)));
        if (calls("template") && !says_which) || calls("template_tagged") {
            found.push(Capability::FisTemplate(None));
        }
        if calls("power_interruption") {
            let without = |id: &str| match id {
                "aws:arc:start-zonal-autoshift" => calls("with_zonal_autoshift"),
                "aws:ec2:api-insufficient-instance-capacity-error" => calls("roles"),
                _ => true,
            };
            let actions = POWER_INTERRUPTION.into_iter().filter(|id| without(id));
            found.extend(actions.map(|id| Capability::Fis(id.to_owned())));
        }
    }
    let only_local = profiles.iter().all(|name| name.as_ref() == "local") && !profiles.is_empty();
    if calls("aurora") && !only_local {
        if calls("failover") {
            found.push(Capability::AuroraFailover);
        }
        if calls("reboot_writer") {
            found.push(Capability::AuroraReboot);
        }
    }
    if calls("cloudwatch") {
        if calls("metric") || calls("math") {
            found.push(Capability::CloudWatchMetrics);
        }
        if calls("alarm") {
            found.push(Capability::CloudWatchAlarms);
        }
    }
    if calls("aws") && found.is_empty() {
        found.push(Capability::Sweep);
    }
    found.sort();
    found.dedup();
    found
}

/// An entry of `uses(…)`: an action's id or a template's.
fn named(used: &str) -> Capability {
    if used.starts_with("EXT") {
        Capability::FisTemplate(Some(used.to_owned()))
    } else {
        Capability::Fis(used.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Options;

    fn of(calls: &'static [&'static str], options: Options) -> Vec<Capability> {
        capabilities(&Spec { calls, options, ..crate::__private::spec::spec("t", "m", "p", "f", 1, 1, "") })
    }

    #[test]
    fn calls_stand_for_what_they_do() {
        let fis = |id: &str| Capability::Fis(id.to_owned());
        let plain = |calls| of(calls, Options::DEFAULT);
        assert_eq!(
            plain(&["aws", "fis", "stop_on_alarm", "terminate_instances"]),
            [fis("aws:ec2:terminate-instances")]
        );
        assert_eq!(plain(&["terminate_instances"]), [], "a method of somebody else's");
        assert_eq!(plain(&["aws", "fis", "template"]), [Capability::FisTemplate(None)]);
        assert_eq!(plain(&["aws", "cloudwatch", "metric"]), [Capability::CloudWatchMetrics]);
        assert_eq!(plain(&["aws"]), [Capability::Sweep]);
        assert_eq!(plain(&["http", "load"]), []);
        assert_eq!(plain(&["aurora", "failover"]), [Capability::AuroraFailover]);
        let local = Options { profiles: &["local"], ..Options::DEFAULT };
        assert_eq!(of(&["aurora", "failover"], local), [], "a container needs no policy");
        assert_eq!(plain(&["fis", "power_interruption"]).len(), POWER_INTERRUPTION.len() - 2);
    }

    #[test]
    fn what_is_hidden_is_said() {
        let options = Options { uses: &["aws:ecs:stop-task", "EXT1a2b3c4d5e6f7"], ..Options::DEFAULT };
        let template = Capability::FisTemplate(Some("EXT1a2b3c4d5e6f7".to_owned()));
        assert_eq!(of(&["fis", "template"], options), [Capability::Fis("aws:ecs:stop-task".to_owned()), template]);
    }
}
