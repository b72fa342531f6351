//! The container engine: one connection, bounded calls, errors that say what to do.

use crate::claim::display;
use crate::{Error, Result};
use std::fmt;
use std::future::Future;
use std::time::Duration;
use testcontainers::bollard::{Docker, errors::Error as ApiError};
use tokio::time::Instant;

/// How long a call may take. Starting and stopping are slow on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// A container engine that speaks Docker's API.
#[derive(Clone)]
pub(crate) struct Engine {
    docker: Docker,
    /// What `DOCKER_HOST` says, if anything.
    host: Option<String>,
    /// Until when answers are waited for at most, whatever the call.
    deadline: Option<Instant>,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct EngineError {
    /// What was tried: `pause container redis`.
    what: String,
    /// The HTTP status of an engine that answered.
    status: Option<u16>,
    said: String,
    host: String,
}

impl Engine {
    /// Connects to the engine that is in charge here, or to `host`. Nothing is sent yet.
    pub(crate) async fn connect(host: Option<&str>) -> Result<Self> {
        let own = own_host();
        let failed = |error: &dyn fmt::Display| {
            Error::new(format!("no way to the container engine: {error}"))
                .help("start a Docker engine, or point DOCKER_HOST at one")
        };
        let docker = match host.filter(|host| Some(*host) != own.as_deref()) {
            Some(host) => Docker::connect_with_host(host).map_err(|error| failed(&error))?,
            None => testcontainers::core::client::docker_client_instance().await.map_err(|error| failed(&error))?,
        };
        Ok(Self { docker, host: host.map(str::to_owned).or(own), deadline: None })
    }

    /// For somebody who is not heard any more after `deadline`: a call that does not end before says so in time.
    pub(crate) fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// What a recipe says of the engine, for another process.
    pub(crate) fn recorded(&self) -> Option<String> {
        self.host.clone()
    }

    pub(crate) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Makes a call. `what` completes "failed to …".
    pub(crate) async fn call<T>(
        &self,
        what: impl Into<String>,
        call: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, EngineError> {
        self.long_call(what, Duration::ZERO, call).await
    }

    /// Makes a call that waits for something, for `more` than usual.
    pub(crate) async fn long_call<T>(
        &self,
        what: impl Into<String>,
        more: Duration,
        call: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, EngineError> {
        let what = what.into();
        let error = |status, said| EngineError {
            what: what.clone(),
            status,
            said,
            host: self.host.clone().unwrap_or_else(|| "its usual socket".to_owned()),
        };
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let limit = left.map_or(LIMIT + more, |left| left.min(LIMIT + more));
        match tokio::time::timeout(limit, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(ApiError::DockerResponseServerError { status_code, message })) => {
                Err(error(Some(status_code), message))
            }
            Ok(Err(failed)) => {
                let mut said = failed.to_string();
                let mut source = std::error::Error::source(&failed);
                while let Some(cause) = source {
                    said += &format!(": {cause}");
                    source = cause.source();
                }
                Err(error(None, said))
            }
            Err(_) => Err(error(None, format!("no answer within {}", display::duration(limit)))),
        }
    }

    /// The host on which published ports are reached.
    pub(crate) fn published_on(&self) -> String {
        if let Some(host) = std::env::var("TESTCONTAINERS_HOST_OVERRIDE").ok().filter(|host| !host.is_empty()) {
            return host;
        }
        let remote =
            self.host.as_deref().and_then(|host| host.split_once("://")).filter(|(scheme, _)| *scheme != "unix");
        let name = remote.and_then(|(_, rest)| rest.rsplit_once(':').map(|(name, _)| name.to_owned()));
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "127.0.0.1".to_owned())
    }

    /// Whether the engine runs on this machine, so that containers are reached at their own addresses too.
    pub(crate) fn is_local(&self) -> bool {
        cfg!(target_os = "linux") && self.host.as_deref().is_none_or(|host| host.starts_with("unix://"))
    }
}

/// What `DOCKER_HOST` says.
fn own_host() -> Option<String> {
    std::env::var("DOCKER_HOST").ok().filter(|host| !host.trim().is_empty())
}

impl EngineError {
    /// There is no such container, network or exec.
    pub(crate) fn is_missing(&self) -> bool {
        self.status == Some(404)
    }

    /// It is in that state already, or in one in which this can't be done.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self.status, Some(304 | 409))
    }

    /// The engine won't do it as it was asked.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.status, Some(400 | 403))
    }

    /// What the engine said.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(_) => write!(f, "failed to {}: {}", self.what, self.said),
            None => write!(
                f,
                "failed to {}: the container engine at {} does not answer: {}",
                self.what, self.host, self.said
            ),
        }
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        let answered = error.status.is_some();
        let error = Self::new(error.to_string());
        if answered {
            error
        } else {
            error.help("is it running? `docker info` tells; what is left behind is undone by the next chaos test")
        }
    }
}
