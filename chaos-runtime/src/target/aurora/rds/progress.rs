//! How far a failover or a reboot has come, by what RDS said so far.

use super::order::Call;
use super::seen::{AVAILABLE, Seen};
use crate::clock::Nanos;

/// What has been seen since the order was given. Instants are those at which it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The first sign that something happens, in words.
    pub(super) sign: Option<String>,
    /// The new writer.
    pub(super) moved: Option<(String, Nanos)>,
    /// It is over, as far as RDS says.
    pub(super) over: Option<Nanos>,
    /// RDS has given it up, in its words.
    pub(super) failed: Option<String>,
    /// The last look: a status in words, or why there was none.
    pub(super) last: String,
}

impl Progress {
    /// Takes in what was seen of the cluster and of the instance that was its writer.
    pub(super) fn take(&mut self, call: &Call, writer: &str, seen: &Seen, instance: Option<&str>, now: Nanos) {
        self.last = match instance {
            Some(status) => format!("the cluster is {}, {writer} is {status}", seen.status),
            None => format!("the cluster is {}", seen.status),
        };
        if let Some(new) = seen.writer.as_deref().filter(|new| *new != writer)
            && self.moved.is_none()
        {
            self.moved = Some((new.to_owned(), now));
            self.sign.get_or_insert_with(|| format!("the writer moved from {writer} to {new}"));
        }
        if seen.status == "failing-over" {
            self.sign.get_or_insert_with(|| format!("the cluster is failing over, away from {writer}"));
        }
        if instance == Some("rebooting") {
            self.sign.get_or_insert_with(|| format!("{writer} is rebooting"));
        }
        let settled = seen.is_available() && seen.writer.is_some() && instance.is_none_or(|status| status == AVAILABLE);
        let done = if call.moves_writer() { self.moved.is_some() } else { self.sign.is_some() };
        if settled && done {
            self.over.get_or_insert(now);
        }
    }

    /// Takes in an event. Of a reboot it is a sign: one that was quick may not have been seen otherwise.
    pub(super) fn told(&mut self, call: &Call, message: &str) {
        if message.to_lowercase().contains("failover failed") {
            self.failed.get_or_insert_with(|| message.to_owned());
        } else if !call.moves_writer() {
            self.sign.get_or_insert_with(|| format!("RDS says: {message}"));
        }
    }

    /// Nothing more is to be expected.
    pub(super) fn has_ended(&self) -> bool {
        self.over.is_some() || self.failed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: &str, writer: Option<&str>) -> Seen {
        Seen { status: status.into(), writer: writer.map(str::to_owned), readers: Vec::new() }
    }

    #[test]
    fn a_failover_is_over_when_the_writer_has_moved_and_the_cluster_is_available() {
        let call = Call::Failover { to: None };
        let mut progress = Progress::default();
        let mut take = |status, writer, now| {
            progress.take(&call, "db-1", &seen(status, writer), None, now);
            progress.clone()
        };
        // For some seconds RDS says what it said before.
        assert_eq!(take("available", Some("db-1"), 1).sign, None);
        let sign = take("failing-over", Some("db-1"), 2).sign;
        assert_eq!(sign.as_deref(), Some("the cluster is failing over, away from db-1"));
        assert_eq!(take("failing-over", None, 3).moved, None);
        let moved = take("failing-over", Some("db-2"), 4);
        assert_eq!((moved.moved, moved.over), (Some(("db-2".to_owned(), 4)), None));
        assert_eq!(take("available", Some("db-2"), 5).over, Some(5));
        let later = take("available", Some("db-2"), 6);
        assert_eq!((later.over, later.sign), (Some(5), sign), "the first of each counts");
    }

    #[test]
    fn a_failover_that_failed_is_not_over() {
        let mut progress = Progress::default();
        for (status, now) in [("failing-over", 1), ("available", 2), ("available", 3)] {
            progress.take(&Call::Failover { to: None }, "db-1", &seen(status, Some("db-1")), None, now);
        }
        assert!(progress.sign.is_some() && progress.moved.is_none() && !progress.has_ended(), "{progress:?}");
        progress.told(&Call::Failover { to: None }, "Started same AZ failover to DB instance: db-2");
        assert!(!progress.has_ended(), "{progress:?}");
        progress.told(&Call::Failover { to: None }, "DB cluster failover failed: no capacity");
        assert!(progress.has_ended() && progress.over.is_none(), "{progress:?}");
    }

    #[test]
    fn a_reboot_is_over_when_the_instance_was_away_and_is_available() {
        let call = Call::Reboot { with_failover: false };
        let mut progress = Progress::default();
        let mut take = |instance, now| {
            progress.take(&call, "db-1", &seen("available", Some("db-1")), Some(instance), now);
            progress.clone()
        };
        assert_eq!(take("available", 1).over, None, "it has not begun");
        assert_eq!(take("rebooting", 2).sign.as_deref(), Some("db-1 is rebooting"));
        assert_eq!(take("rebooting", 3).over, None);
        assert_eq!(take("available", 4).over, Some(4));
        // Too quick to be seen, but RDS tells of it.
        let mut quick = Progress::default();
        quick.told(&call, "DB instance restarted");
        quick.take(&call, "db-1", &seen("available", Some("db-1")), Some("available"), 2);
        assert_eq!((quick.sign.as_deref(), quick.over), (Some("RDS says: DB instance restarted"), Some(2)));
    }
}
