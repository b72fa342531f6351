//! A cluster of an account, as the handle and its faults need it.

use super::super::login::Login;
use super::api::Api;
use super::seen::Seen;
use crate::aws::Session;
use crate::aws::cloudwatch::watch_stop_alarms;
use crate::clock::Clock;
use crate::config::ClusterSettings;
use crate::experiment::core::Core;
use crate::experiment::events::EventLog;
use crate::experiment::net::Net;
use crate::report::journal::EventKind;
use crate::{Chaos, Error, Result};
use std::sync::{Arc, Weak};
use tokio::sync::OwnedMutexGuard;

/// A cluster that `chaos.toml` names.
pub(in crate::target::aurora) struct Cluster {
    /// By which it was asked for: `payments`.
    pub(super) name: String,
    pub(super) api: Api,
    pub(super) arn: String,
    writer_url: String,
    reader_url: String,
    members: Vec<Arc<Member>>,
    pub(super) session: Arc<Session>,
    pub(super) clock: Clock,
    pub(super) events: EventLog,
    pub(super) net: Net,
    /// The body may keep the cluster in what the core keeps.
    pub(super) core: Weak<Core>,
    /// Held while roles are changing hands: one failover at a time.
    change: Arc<tokio::sync::Mutex<()>>,
}

/// One of its instances.
pub(in crate::target::aurora) struct Member {
    /// Its identifier.
    pub(in crate::target::aurora) name: String,
    pub(in crate::target::aurora) url: String,
    pub(in crate::target::aurora) arn: String,
}

impl Cluster {
    /// Looks at the cluster. Nothing is harmed, and nothing is asked of it yet that a fault would need.
    pub(in crate::target::aurora) async fn find(
        chaos: &Chaos,
        name: &str,
        settings: ClusterSettings,
    ) -> Result<Arc<Self>> {
        let core = &chaos.core;
        let session = core.aws.session(core).await?;
        watch_stop_alarms(core, &session, &session.rules.stop_alarms);
        let ClusterSettings { cluster: id, database, user, password } = settings;
        let api = Api {
            rds: session.rds.clone(),
            // RDS keeps identifiers in lower case, whatever they were given in.
            id: id.to_ascii_lowercase(),
            whereabouts: format!("in account {}, region {}", session.account, session.region),
        };
        let mut cluster = Self {
            name: name.to_owned(),
            api,
            arn: String::new(),
            writer_url: String::new(),
            reader_url: String::new(),
            members: Vec::new(),
            session,
            clock: core.clock,
            events: core.events.clone(),
            net: core.net.clone(),
            core: Arc::downgrade(core),
            change: Arc::default(),
        };
        let found = cluster.api.cluster().await?;
        let login = Login { user, password, database };
        let scheme = if found.engine().unwrap_or_default().contains("mysql") { "mysql" } else { "postgres" };
        let url = |host: Option<&str>, port: Option<i32>| {
            let host = host.ok_or_else(|| {
                Error::new(format!("{} has no endpoint: it is {}", cluster.target(), found.status().unwrap_or("new")))
                    .help("wait until it is available")
            })?;
            let port = port.unwrap_or(if scheme == "mysql" { 3306 } else { 5432 });
            login.url(scheme, &format!("{host}:{port}"))
        };
        let writer_url = url(found.endpoint(), found.port())?;
        let reader_url = url(found.reader_endpoint().or(found.endpoint()), found.port())?;
        let mut members = Vec::new();
        for instance in cluster.api.instances().await? {
            let endpoint = instance.endpoint();
            members.push(Arc::new(Member {
                name: instance.db_instance_identifier().unwrap_or_default().to_owned(),
                url: url(
                    endpoint.and_then(|endpoint| endpoint.address()),
                    endpoint.and_then(|endpoint| endpoint.port()),
                )?,
                arn: instance.db_instance_arn().unwrap_or_default().to_owned(),
            }));
        }
        members.sort_by(|one, other| one.name.cmp(&other.name));
        cluster.arn = found.db_cluster_arn().unwrap_or_default().to_owned();
        (cluster.writer_url, cluster.reader_url, cluster.members) = (writer_url, reader_url, members);
        let seen = Seen::of(&found);
        let readers = if seen.readers.is_empty() { "none".to_owned() } else { seen.readers.join(", ") };
        let writer = seen.writer.as_deref().unwrap_or("none");
        core.events.note(EventKind::Target, format!("{}: writer {writer}, readers {readers}", cluster.target()));
        Ok(Arc::new(cluster))
    }

    pub(in crate::target::aurora) fn name(&self) -> &str {
        &self.name
    }

    /// In reports.
    pub(in crate::target::aurora) fn target(&self) -> String {
        format!("aurora {} ({})", self.name, self.api.id)
    }

    pub(in crate::target::aurora) fn writer_url(&self) -> &str {
        &self.writer_url
    }

    pub(in crate::target::aurora) fn reader_url(&self) -> &str {
        &self.reader_url
    }

    pub(in crate::target::aurora) fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// Those that are the writer now, or readers. One that was made since is not among them.
    pub(in crate::target::aurora) async fn by_role(&self, writer: bool) -> Result<Vec<Arc<Member>>> {
        let seen = Seen::of(&self.api.cluster().await?);
        let is_it = |member: &&Arc<Member>| match writer {
            true => seen.writer.as_ref() == Some(&member.name),
            false => seen.readers.contains(&member.name),
        };
        Ok(self.members.iter().filter(is_it).cloned().collect())
    }

    /// The right to change roles, held while they change.
    pub(super) fn turn(&self) -> Result<OwnedMutexGuard<()>> {
        self.change.clone().try_lock_owned().map_err(|_| {
            Error::new(format!("another failover of {} is under way", self.target()))
                .help("await the first one before the second")
        })
    }

    /// Says that these options had no effect; once, however often.
    pub(in crate::target::aurora) fn note_without_effect(&self, options: &[String]) {
        if let Some(core) = self.core.upgrade().filter(|_| !options.is_empty()) {
            let options = options.join(", ");
            core.note(format!(
                "{} is a real cluster, which has its own manner: no effect of: {options}",
                self.target()
            ));
        }
    }
}
