//! A lease on a cluster: of two pipelines one fails it over, the other is refused.
//!
//! The lease is a tag on the cluster itself, so it needs no table and no bucket. Tags can't be compared and set in one
//! step; what keeps two from holding it is time (Fischer's mutual exclusion): who finds none writes its own, waits for
//! longer than any write that was begun before may take, and holds it only if its own still stands there. A write that
//! took too long by our own clock counts as none.

use super::super::Session;
use super::super::error::refused;
use super::{Arn, Permit};
use crate::{Error, Result};
use aws_sdk_rds::types::Tag;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// The tag's key. Its value: `<token> <owner> <expiry>`.
const LEASE: &str = "chaos-test.lease";

/// The longest that may pass between looking for a lease and having written one.
const WRITE: Duration = Duration::from_secs(4);

/// How long is waited after the writing. Longer than [`WRITE`] by what the service needs to show a tag.
const SETTLE: Duration = Duration::from_secs(5);

/// A lease that is held, and who holds it.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    cluster: String,
    value: String,
}

impl Session {
    /// Takes the lease on a cluster. Its release must be on record before.
    ///
    /// # Errors
    /// When somebody else holds it, or AWS refuses a call.
    pub(crate) async fn lease(&self, cluster: &str, _permit: &Permit) -> Result<Lease> {
        let value = format!("{} {} {:.0}", self.tags.token(), self.tags.owner(), self.tags.expires());
        let begun = Instant::now();
        self.check_lease(cluster).await?;
        let tag = Tag::builder().key(LEASE).value(&value).build();
        let call = self.rds.add_tags_to_resource().resource_name(cluster).tags(tag);
        call.send().await.map_err(|error| refused("take the lease on the cluster", error))?;
        if begun.elapsed() > WRITE {
            return Err(Error::new(format!("the lease on {cluster} could not be taken in time"))
                .help("AWS answers slowly at the moment: try again"));
        }
        // The emulator's tags are there at once, and nobody else's pipeline is.
        tokio::time::sleep(if self.emulated { SETTLE / 10 } else { SETTLE }).await;
        match held(&self.rds, cluster).await? {
            Some(found) if found == value => Ok(Lease { cluster: cluster.to_owned(), value }),
            found => Err(foreign(cluster, found.as_deref().unwrap_or("nobody"))),
        }
    }

    /// Refuses a cluster on which somebody else has a lease.
    pub(crate) async fn check_lease(&self, cluster: &str) -> Result<()> {
        let Some(found) = held(&self.rds, cluster).await? else { return Ok(()) };
        let token = found.split(' ').next().unwrap_or_default();
        if token == self.tags.token() || is_over(&found) {
            return Ok(());
        }
        Err(foreign(cluster, &found))
    }
}

impl Lease {
    /// Whether it is still held: somebody whose write came very late may have it.
    pub(crate) async fn is_held(&self, session: &Session) -> Result<bool> {
        Ok(held(&session.rds, &self.cluster).await?.as_ref() == Some(&self.value))
    }
}

/// Gives back what this experiment holds; content when it holds nothing.
pub(crate) async fn release(rds: &aws_sdk_rds::Client, cluster: &str, token: &str) -> Result<()> {
    let found = match held(rds, cluster).await {
        Ok(found) => found,
        Err(error) if error.message().contains("NotFound") => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_none_or(|found| found.split(' ').next() != Some(token)) {
        return Ok(());
    }
    let call = rds.remove_tags_from_resource().resource_name(cluster).tag_keys(LEASE);
    call.send().await.map(drop).map_err(|error| refused("give back the lease on the cluster", error))
}

async fn held(rds: &aws_sdk_rds::Client, cluster: &str) -> Result<Option<String>> {
    let call = rds.list_tags_for_resource().resource_name(cluster);
    let answer = call.send().await.map_err(|error| refused("read the lease on the cluster", error))?;
    let tag = answer.tag_list().iter().find(|tag| tag.key() == Some(LEASE));
    Ok(tag.and_then(|tag| tag.value()).map(str::to_owned))
}

/// A lease whose time is over is nobody's; one that can't be read is somebody's.
fn is_over(value: &str) -> bool {
    let expires = value.rsplit(' ').next().and_then(|expires| expires.parse::<Timestamp>().ok());
    expires.is_some_and(|expires| expires < Timestamp::now())
}

fn foreign(cluster: &str, found: &str) -> Error {
    let name = Arn::parse(cluster).map_or(cluster, |arn| arn.resource);
    Error::new(format!("somebody else has the lease on {name}: {found}")).help(format!(
        "wait for the end of that pipeline; if it is dead, the lease ends by itself at the time it names, or remove the \
         tag {LEASE} from the cluster"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_over_when_its_time_is() {
        assert!(is_over("token host/1/2 2020-01-01T00:00:00Z"));
        assert!(!is_over("token host/1/2 2999-01-01T00:00:00Z"));
        assert!(!is_over("somebody's"));
        const { assert!(SETTLE.as_millis() > WRITE.as_millis()) }
    }
}
