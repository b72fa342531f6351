//! One server of a cluster: its container, its stable address, and our way to it past that address.

use super::super::login::Login;
use super::login;
use super::session::{Refused, Session};
use super::{LIMIT, PORT};
use crate::proxy::Proxy;
use crate::target::container::Container;
use crate::{Chaos, Error, Result};
use std::sync::Arc;
use std::time::Duration;
use testcontainers::bollard::query_parameters::{KillContainerOptionsBuilder, StartContainerOptions};
use testcontainers::{GenericImage, ImageExt};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What the container of every node runs.
const SCRIPT: &str = include_str!("node.sh");

/// The server's settings beside those of the image.
const SETTINGS: &[&str] = &[
    // Nothing of it is to outlive the test, let alone the machine: only a crash of the machine would show a difference.
    "fsync=off",
    // A reader that was away finds what it has missed.
    "wal_keep_size=512MB",
    "wal_retrieve_retry_interval=100ms",
    "wal_receiver_status_interval=1s",
    // A writer that is to end waits for readers that don't answer, and no longer than this.
    "wal_sender_timeout=5s",
    // What clients do wrong they are told; here it would hide what becomes of the server.
    "log_min_messages=log",
];

/// One server. It is the writer or a reader, and that changes.
pub(in crate::target::aurora) struct Node {
    /// `payments-1`
    pub(in crate::target::aurora) name: String,
    /// Its name on the cluster's network.
    pub(super) host: String,
    pub(in crate::target::aurora) container: Container,
    /// In front of it, for everybody but us.
    pub(super) proxy: Proxy,
    pub(in crate::target::aurora) url: String,
    login: Login,
    session: Mutex<Option<Arc<Session>>>,
}

impl Node {
    /// Starts a node: the first writer, or a reader of the node `primary`. It is not ready yet.
    pub(super) async fn start(
        chaos: &Chaos,
        image: &str,
        name: String,
        network: &str,
        login: &Login,
        primary: Option<&str>,
    ) -> Result<Self> {
        let host = format!("{network}-{name}");
        let (image, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
        let cluster_name = format!("cluster_name={name}");
        let settings = SETTINGS.iter().copied().chain([&*cluster_name]).flat_map(|setting| ["-c", setting]);
        let command = ["sh", "-c", SCRIPT, "node"].into_iter().chain(settings);
        let mut request = GenericImage::new(image, tag)
            .with_cmd(command)
            .with_container_name(&host)
            .with_network(network)
            .with_env_var("POSTGRES_USER", &login.user)
            .with_env_var("POSTGRES_PASSWORD", login::password(login))
            .with_env_var("POSTGRES_DB", &login.database)
            .with_env_var("POSTGRES_INITDB_ARGS", "--no-sync")
            // Readers log in to their writer with it.
            .with_env_var("PGPASSWORD", login::password(login));
        if let Some(primary) = primary {
            request = request.with_env_var("CHAOS_PRIMARY", login::primary(login, primary));
        }
        let container = chaos.container(request).named(&name).await?;
        let proxy = container.proxy(PORT).await?;
        let url = login.url("postgres", &proxy.addr().to_string())?;
        Ok(Self { name, host, container, proxy, url, login: login.clone(), session: Mutex::default() })
    }

    /// What a reader of this node connects to.
    pub(super) fn as_primary(&self) -> String {
        login::primary(&self.login, &self.host)
    }

    /// Our connection to its server, in its present life. Made past the proxy, so that no fault of ours is on it.
    pub(super) async fn session(&self) -> Result<Arc<Session>> {
        let mut slot = self.session.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.is_closed()) {
            return Ok(session.clone());
        }
        let (host, port) = self.container.reached(PORT).await?;
        let session = Arc::new(Session::open(&self.name, &login::config(&self.login, &host, port)).await?);
        *slot = Some(session.clone());
        Ok(session)
    }

    /// Forgets our connection, which has shown itself to be of no use.
    pub(super) async fn forget_session(&self) {
        self.session.lock().await.take();
    }

    /// Asks the server until the answer is yes. Fails when the node has ended, or after a limit: `waiting` completes
    /// "did not".
    pub(super) async fn until(
        &self,
        waiting: &str,
        mut yes: impl AsyncFnMut(&Session) -> Result<bool, Refused>,
    ) -> Result<()> {
        let limit = Instant::now() + LIMIT;
        loop {
            let problem = match self.session().await {
                Ok(session) => match yes(&session).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => "it answers, and has not".to_owned(),
                    Err(refused) => {
                        self.forget_session().await;
                        refused.to_string()
                    }
                },
                Err(error) => error.message().to_owned(),
            };
            let ended = self.container.state().await?.filter(|state| !state.running);
            if ended.is_some() || Instant::now() >= limit {
                let state = ended.map(|state| format!("it {state}")).unwrap_or(problem);
                let error = Error::new(format!("{} did not {waiting}: {state}{}", self.name, self.last_lines()));
                return Err(error.help("the image must keep to what the public image `postgres` promises: its entry point, its variables, PostgreSQL 13 or newer"));
            }
            sleep(PAUSE).await;
        }
    }

    fn last_lines(&self) -> String {
        let lines = self.container.output();
        let shown = &lines[lines.len().saturating_sub(10)..];
        shown.iter().fold(String::new(), |block, line| block + "\n  | " + line)
    }

    /// Waits until a reader receives the log.
    pub(super) async fn until_streaming(&self) -> Result<()> {
        self.until("follow its writer", async |session| session.is_streaming().await).await
    }

    /// Sends a signal to the server: SIGINT ends it in order, when its readers have everything; SIGKILL at once.
    pub(super) async fn signal(&self, signal: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let engine = self.container.engine();
        let kill = engine.docker().kill_container(self.container.id(), Some(options));
        Ok(engine.call(format!("send {signal} to {}", self.container), kill).await?)
    }

    /// Waits for its end, and gives it in words: `exited with code 0`.
    pub(super) async fn until_ended(&self) -> Result<String> {
        let limit = Instant::now() + LIMIT;
        loop {
            match self.container.state().await? {
                Some(state) if !state.running => return Ok(state.to_string()),
                Some(_) if Instant::now() < limit => sleep(PAUSE).await,
                Some(_) => return Err(Error::new(format!("{} did not end within {} s", self.name, LIMIT.as_secs()))),
                None => return Err(Error::new(format!("{} was removed", self.container))),
            }
        }
    }

    /// Starts it again; one that runs is fine. It is not ready yet.
    pub(super) async fn start_again(&self) -> Result<()> {
        let engine = self.container.engine();
        let start = engine.docker().start_container(self.container.id(), None::<StartContainerOptions>);
        match engine.call(format!("start {}", self.container), start).await {
            Err(error) if !error.is_conflict() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
