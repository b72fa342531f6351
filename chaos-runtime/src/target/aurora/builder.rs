//! Asking for a cluster.

use super::handle::Aurora;
#[cfg(feature = "docker")]
use super::local;
use super::place::Place;
#[cfg(feature = "aws")]
use super::rds;
use crate::{Chaos, Error, Result};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;

/// Aurora's own limit.
#[cfg(feature = "docker")]
const MOST_READERS: u8 = 15;

/// A cluster that is about to be started. Await it.
#[must_use = "a cluster is started by `.await`"]
#[derive(Clone)]
pub struct StartAurora<'a> {
    chaos: &'a Chaos,
    name: String,
    readers: Option<u8>,
    synchronous: Option<bool>,
}

impl Chaos {
    /// The Aurora cluster of this name: in profile `local` a PostgreSQL writer and a reader in containers, behind
    /// endpoints that behave as Aurora's do, which end with the experiment (feature `docker`). In a profile with an AWS
    /// account the cluster that [`chaos.toml`](crate::config) names there (feature `aws`).
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// let aurora = chaos.aurora("payments").await?;
    /// println!("{}", aurora.writer_url());
    /// chaos.inject(aurora.failover()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// [`chaos.toml`](crate::config) may say more of it: readers, image, database, user, password.
    ///
    /// # Errors
    /// When the profile has no such cluster, there is no container engine or no image, or a server is not ready in time;
    /// for a real one, when its account may not be harmed or does not know it.
    pub fn aurora(&self, name: impl Into<String>) -> StartAurora<'_> {
        StartAurora { chaos: self, name: name.into(), readers: None, synchronous: None }
    }
}

impl StartAurora<'_> {
    /// How many readers it has beside the writer: 0 to 15, by default 1 or what `chaos.toml` says. A real cluster has those
    /// that it has.
    pub fn readers(mut self, readers: u8) -> Self {
        self.readers = Some(readers);
        self
    }

    /// A commit is acknowledged when a reader has it too, so that a [crash](Aurora::crash_writer) of the writer loses
    /// none. By default it may be lost. Readers show it a moment later all the same, as Aurora's do.
    pub fn synchronous(mut self) -> Self {
        self.synchronous = Some(true);
        self
    }

    async fn start(self) -> Result<Aurora> {
        let core = &self.chaos.core;
        core.still_on()?;
        match core.settings.config.aurora_cluster(&core.settings.profile, &self.name)? {
            #[cfg(feature = "aws")]
            Some(settings) => {
                let cluster = rds::Cluster::find(self.chaos, &self.name, settings).await?;
                let mut options: Vec<String> =
                    self.readers.map(|readers| format!("{readers} readers")).into_iter().collect();
                options.extend(self.synchronous.map(|_| "synchronous".to_owned()));
                cluster.note_without_effect(&options);
                Ok(Aurora::at(Place::Rds(cluster)))
            }
            #[cfg(not(feature = "aws"))]
            Some(_) => Err(lacks("aws", "in an AWS account", &self.name)),
            #[cfg(feature = "docker")]
            None => self.in_containers().await,
            #[cfg(not(feature = "docker"))]
            None => Err(lacks("docker", "in containers", &self.name)),
        }
    }

    #[cfg(feature = "docker")]
    async fn in_containers(self) -> Result<Aurora> {
        let core = &self.chaos.core;
        let mut settings = core.settings.config.aurora(&core.settings.profile, &self.name)?;
        settings.readers = self.readers.unwrap_or(settings.readers);
        settings.synchronous = self.synchronous.unwrap_or(settings.synchronous);
        if settings.readers > MOST_READERS {
            return Err(Error::new(format!("aurora {}: {} readers", self.name, settings.readers))
                .help(format!("an Aurora has 0 to {MOST_READERS} readers")));
        }
        let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(usual) {
            return Err(Error::new(format!("`{}` is no name of an Aurora", self.name))
                .help("its instances are found by it: take at most 40 lower-case letters, digits and `-`"));
        }
        let cluster = local::Cluster::start(self.chaos, &self.name, settings).await?;
        Ok(Aurora::at(Place::Local(cluster)))
    }
}

/// This build can't have it there.
#[cfg(not(all(feature = "docker", feature = "aws")))]
fn lacks(feature: &str, place: &str, name: &str) -> Error {
    Error::new(format!("aurora {name} is one {place}, and chaos-runtime is built without the feature `{feature}`"))
        .help(format!("add `{feature}` to the features of chaos-runtime in Cargo.toml"))
}

impl<'a> IntoFuture for StartAurora<'a> {
    type Output = Result<Aurora>;
    type IntoFuture = BoxFuture<'a, Result<Aurora>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}
