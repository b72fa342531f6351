//! What RDS tells in words. Its events have no identity, and come late.

use super::cluster::Cluster;
use super::order::Call;
use crate::report::journal::EventKind;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{Event, SourceType};
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

/// How much earlier than the order an event may be dated: clocks differ, and events have whole seconds.
const SLACK: Duration = Duration::from_secs(5);

/// The events since an order.
pub(super) struct Told {
    since: DateTime,
    known: HashSet<(i64, String)>,
    messages: Vec<String>,
}

impl Told {
    /// From now on.
    pub(super) fn begin() -> Self {
        let since = DateTime::from(SystemTime::now() - SLACK);
        Self { since, known: HashSet::new(), messages: Vec::new() }
    }

    /// Asks for those that are new, and notes them in the journal. What can't be had is left out: the next time may go
    /// better.
    pub(super) async fn listen(&mut self, cluster: &Cluster, call: &Call, writer: &str) -> Vec<String> {
        let mut new = self.ask(cluster, SourceType::DbCluster, &cluster.api.id).await;
        if let Call::Reboot { .. } = call {
            new.extend(self.ask(cluster, SourceType::DbInstance, writer).await);
        }
        for message in &new {
            cluster.events.note(EventKind::Target, format!("{}: RDS says: {message}", cluster.target()));
        }
        new
    }

    async fn ask(&mut self, cluster: &Cluster, source: SourceType, id: &str) -> Vec<String> {
        let call = cluster.api.rds.describe_events().source_type(source).source_identifier(id);
        let call = call.event_categories("failover").event_categories("availability").start_time(self.since);
        match call.send().await {
            Ok(answer) => self.take(answer.events()),
            Err(_) => Vec::new(),
        }
    }

    /// The messages that are new, oldest first.
    fn take(&mut self, events: &[Event]) -> Vec<String> {
        let mut new = Vec::new();
        for event in events {
            let (Some(message), Some(date)) = (event.message(), event.date()) else { continue };
            if date.secs() >= self.since.secs() && self.known.insert((date.secs(), message.to_owned())) {
                new.push((date.secs(), message.trim().trim_end_matches('.').to_owned()));
            }
        }
        new.sort_by_key(|(date, _)| *date);
        let new: Vec<String> = new.into_iter().map(|(_, message)| message).collect();
        self.messages.extend(new.iter().cloned());
        new
    }

    /// What RDS said of the end, if it did.
    pub(super) fn of_the_end(&self) -> Option<&str> {
        let ends = |message: &&String| {
            let message = message.to_lowercase();
            ["completed", "restarted", "failed"].iter().any(|word| message.contains(word))
        };
        self.messages.iter().rev().find(ends).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> Event {
        Event::builder().date(DateTime::from_secs(at)).message(message).build()
    }

    #[test]
    fn every_event_since_the_order_is_told_once() {
        let mut told = Told { since: DateTime::from_secs(100), known: HashSet::new(), messages: Vec::new() };
        let started = event(101, "Started cross AZ failover to DB instance: db-2");
        assert_eq!(told.take(&[event(90, "Completed failover to DB instance: db-1"), started.clone()]).len(), 1);
        assert_eq!(told.of_the_end(), None, "what is older is another one's");
        let new = told.take(&[event(109, "Completed failover to DB instance: db-2."), started]);
        assert_eq!(new, ["Completed failover to DB instance: db-2"]);
        assert_eq!(told.of_the_end(), Some("Completed failover to DB instance: db-2"));
    }
}
