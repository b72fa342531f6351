//! What must be so before anything is asked for.

use super::cluster::Cluster;
use super::order::Call;
use super::seen::{AVAILABLE, Seen};
use crate::aws::{Harm, Permit, Tagged};
use crate::{Error, Result};
use aws_sdk_rds::types::Tag;
use std::collections::{BTreeMap, HashMap};

/// A change that may be asked for.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) permit: Permit,
    /// The writer of that moment.
    pub(super) writer: String,
}

impl Cluster {
    /// Refuses what can't work and what is not allowed. Only reads.
    pub(super) async fn clear(&self, call: &Call, what: String) -> Result<Cleared> {
        let found = self.api.cluster().await?;
        let instances = self.api.instances().await?;
        let statuses = instances.iter().map(|instance| {
            let name = instance.db_instance_identifier().unwrap_or_default();
            (name.to_owned(), super::seen::status_of(instance).to_owned())
        });
        let writer = check(&self.target(), &Seen::of(&found), &statuses.collect(), call)?;
        let mut targets = vec![Tagged { arn: self.arn.clone(), tags: Some(tags(found.tag_list())) }];
        if let Call::Reboot { .. } = call {
            // What is called by its own name is a target of its own.
            let rebooted = instances.iter().find(|instance| instance.db_instance_identifier() == Some(&*writer));
            targets.extend(rebooted.map(|instance| Tagged {
                arn: instance.db_instance_arn().unwrap_or_default().to_owned(),
                tags: Some(tags(instance.tag_list())),
            }));
        }
        let harm = Harm { what, targets, ..Harm::default() };
        let permit = self.session.permit(&harm).await?;
        self.session.check_lease(&self.arn).await?;
        Ok(Cleared { permit, writer })
    }

    /// Looks once more right before the order: whoever was cleared may be out of date.
    pub(super) async fn check_again(&self, call: &Call, writer: &str) -> Result<()> {
        let found = self.api.cluster().await?;
        let now = check(&self.target(), &Seen::of(&found), &self.api.statuses().await?, call)?;
        match now == writer {
            true => Ok(()),
            false => {
                Err(Error::new(format!("the writer of {} moved from {writer} to {now} a moment ago", self.target()))
                    .help("somebody else changes this cluster: find out who, and try again"))
            }
        }
    }
}

fn tags(tags: &[Tag]) -> HashMap<String, String> {
    let pair = |tag: &Tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned());
    tags.iter().map(pair).collect()
}

/// Whether a cluster as it was seen can do it; gives its writer.
fn check(target: &str, seen: &Seen, statuses: &BTreeMap<String, String>, call: &Call) -> Result<String> {
    if !seen.is_available() {
        return Err(Error::new(format!("{target} is {}, not {AVAILABLE}", seen.status))
            .help("wait until it is: a failover, a change, a backup or a maintenance may be under way"));
    }
    let Some(writer) = &seen.writer else {
        return Err(Error::new(format!("{target} has no writer"))
            .help("a cluster that only follows another one (of a global database) has none: name the one that does"));
    };
    let readers = &seen.readers;
    if readers.is_empty() && call.moves_writer() {
        return Err(Error::new(format!("{target} has no reader that could become the writer"))
            .help("add one to the cluster; without a reader Aurora makes a new writer, which takes ten minutes"));
    }
    if let Call::Failover { to: Some(to) } = call {
        let to = to.to_ascii_lowercase();
        if to == *writer {
            return Err(Error::new(format!("{to} is the writer of {target} already"))
                .help(format!("name a reader ({}), or none", readers.join(", "))));
        }
        if !readers.contains(&to) {
            return Err(Error::new(format!("{target} has no reader `{to}`"))
                .help(format!("its readers are {}", readers.join(", "))));
        }
    }
    for member in readers.iter().chain([writer]) {
        let status = statuses.get(member).map_or("not there", |status| status);
        if status != AVAILABLE {
            return Err(Error::new(format!("{member} of {target} is {status}, not {AVAILABLE}"))
                .help("wait until every instance is: what is not well before proves nothing"));
        }
    }
    Ok(writer.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(status: &str, writer: Option<&str>, readers: &[&str], ill: Option<&str>, call: &Call) -> Result<String> {
        let readers: Vec<String> = readers.iter().map(|name| (*name).to_owned()).collect();
        let seen = Seen { status: status.into(), writer: writer.map(str::to_owned), readers };
        let all = seen.readers.iter().chain(&seen.writer);
        let status_of = |name: &String| if Some(&**name) == ill { "rebooting" } else { "available" };
        let statuses = all.map(|name| (name.clone(), status_of(name).to_owned())).collect();
        check("aurora payments (pay)", &seen, &statuses, call)
    }

    #[test]
    fn a_cluster_that_is_well_is_cleared() {
        let to = |name: &str| Call::Failover { to: Some(name.to_owned()) };
        for call in [Call::Failover { to: None }, to("db-2"), to("DB-2"), Call::Reboot { with_failover: true }] {
            assert_eq!(checked("available", Some("db-1"), &["db-2"], None, &call).unwrap(), "db-1");
        }
        let alone = Call::Reboot { with_failover: false };
        assert_eq!(checked("available", Some("db-1"), &[], None, &alone).unwrap(), "db-1");
    }

    #[test]
    fn each_thing_that_is_amiss_is_refused_with_the_way_out() {
        let (any, to) = (Call::Failover { to: None }, |name: &str| Call::Failover { to: Some(name.to_owned()) });
        for (outcome, message) in [
            (
                checked("modifying", Some("db-1"), &["db-2"], None, &any),
                "aurora payments (pay) is modifying, not available",
            ),
            (checked("available", None, &["db-1", "db-2"], None, &any), "has no writer"),
            (checked("available", Some("db-1"), &[], None, &any), "has no reader that could become"),
            (checked("available", Some("db-1"), &[], None, &Call::Reboot { with_failover: true }), "has no reader"),
            (checked("available", Some("db-1"), &["db-2"], None, &to("db-1")), "db-1 is the writer"),
            (checked("available", Some("db-1"), &["db-2"], None, &to("db-3")), "has no reader `db-3`"),
            (
                checked("available", Some("db-1"), &["db-2"], Some("db-2"), &any),
                "db-2 of aurora payments (pay) is rebooting",
            ),
            (
                checked("available", Some("db-1"), &["db-2"], Some("db-1"), &any),
                "db-1 of aurora payments (pay) is rebooting",
            ),
        ] {
            let error = outcome.expect_err(message);
            assert!(error.message().contains(message) && error.help_text().is_some(), "{message}: {error}");
        }
    }
}
