//! `requires(…)`: whether this machine has what an experiment needs, asked before anything else.

#[cfg(feature = "aws")]
mod aws;
mod docker;

use super::spec::Requirement;
use crate::report::journal::{Reason, ReasonKind, Verdict};
use crate::{Error, Result};

/// What is missing, and whether that fails the test or, where `CHAOS_SKIP_MISSING` names it, skips it loudly.
pub(crate) fn missing(requires: &[Requirement]) -> Option<(Verdict, Reason)> {
    let asked = std::env::var("CHAOS_SKIP_MISSING").unwrap_or_default();
    requires.iter().find_map(|requirement| {
        let Missing { message, help } = problem(*requirement)?;
        let name = requirement.name();
        let skipped = asked.split([',', ' ']).any(|asked| asked == name);
        let verdict = if skipped { Verdict::Skipped } else { Verdict::Errored };
        let help = format!(
            "{help}, or set CHAOS_SKIP_MISSING={name} to skip such tests loudly; `cargo chaos doctor` tells more"
        );
        let help = (!skipped).then_some(help);
        Some((verdict, Reason { kind: ReasonKind::Requirement, message, help }))
    })
}

impl Requirement {
    /// As in the attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Aws => "aws",
            Self::Kafka => "kafka",
        }
    }
}

/// Whether a Docker engine is there.
///
/// # Errors
/// Why it is not, with the way out.
pub(crate) fn docker() -> Result {
    docker::missing().map_or(Ok(()), |Missing { message, help }| {
        let why = message.strip_prefix("requires a Docker engine, but ").unwrap_or(&message);
        Err(Error::new(why).help(help))
    })
}

/// Why a requirement is not met, and the way out.
#[derive(Debug, PartialEq)]
struct Missing {
    message: String,
    help: String,
}

fn problem(requirement: Requirement) -> Option<Missing> {
    match requirement {
        Requirement::Docker => docker::missing(),
        #[cfg(feature = "aws")]
        Requirement::Aws => aws::missing(),
        #[cfg(not(feature = "aws"))]
        Requirement::Aws => Some(Missing {
            message: "requires aws, and chaos-runtime is built without its feature `aws`".to_owned(),
            help: "add the feature to chaos-runtime in Cargo.toml".to_owned(),
        }),
        Requirement::Kafka => Some(Missing {
            message: format!("requires {}, which this version of chaos-runtime can't reach yet", requirement.name()),
            help: "remove the requirement".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_reached_fails_with_the_way_out() {
        assert!(missing(&[]).is_none());
        let (verdict, reason) = missing(&[Requirement::Kafka]).unwrap();
        assert_eq!(verdict, Verdict::Errored);
        assert_eq!(reason.kind, ReasonKind::Requirement);
        assert!(reason.help.unwrap().contains("CHAOS_SKIP_MISSING=kafka"));
    }
}
