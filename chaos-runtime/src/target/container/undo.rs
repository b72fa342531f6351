//! Carrying out the recorded steps of undos. Whatever is gone already is as wished, and said.

use super::engine::{Engine, EngineError};
use super::exec::exec;
use super::files;
use super::helper::run_beside;
use super::removal::remove_labelled;
use super::state::State;
use crate::rollback::{ATTEMPT_LIMIT, ContainerStep};
use crate::{Error, Result};
use futures_util::future::join_all;
use std::time::Duration;
use testcontainers::bollard::models::{ContainerUpdateBody, EndpointSettings, NetworkConnectRequest};
use testcontainers::bollard::query_parameters::StartContainerOptions;
use tokio::time::Instant;

/// The pause between two looks at a container that is about to end.
const LOOK: Duration = Duration::from_millis(50);

/// How long the engine is waited for, all calls of an undo together: the attempt is ended soon after, and could not say
/// any more which call it was that hung.
const PATIENCE: Duration = ATTEMPT_LIMIT.saturating_sub(Duration::from_millis(500));

/// What is worth knowing about a step that succeeded.
pub(super) type Remark = Option<String>;

/// Takes all steps at the same time; fails with all that failed.
pub(crate) async fn undo(host: Option<&str>, steps: &[ContainerStep]) -> Result<Remark> {
    let engine = Engine::connect(host).await?.until(Instant::now() + PATIENCE);
    let (mut remarks, mut errors) = (Vec::new(), Vec::new());
    for outcome in join_all(steps.iter().map(|step| take(&engine, step))).await {
        match outcome {
            Ok(remark) => remarks.extend(remark),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok((!remarks.is_empty()).then(|| remarks.join("; "))),
        1 => Err(errors.remove(0)),
        _ => Err(Error::new(errors.iter().map(|error| error.message().to_owned()).collect::<Vec<_>>().join("; "))),
    }
}

async fn take(engine: &Engine, step: &ContainerStep) -> Result<Remark> {
    match step {
        ContainerStep::Remove { label } => Ok(remove_labelled(engine, label).await.map(|()| None)?),
        ContainerStep::Unpause { container } => unpause(engine, container).await,
        ContainerStep::Start { container, ending, patience_ms } => {
            ended(engine, container, ending.as_deref(), *patience_ms).await?;
            start(engine, container).await
        }
        ContainerStep::Connect { container, network, endpoint } => connect(engine, container, network, endpoint).await,
        ContainerStep::Update { container, limits } => update(engine, container, limits).await,
        ContainerStep::Script { container, started_at, beside, image, script } => {
            match same_life(engine, container, started_at).await? {
                Ok(state) => match run_beside(engine, &state, *beside, image, script).await {
                    Ok(()) => Ok(None),
                    // It may have ended in the meantime.
                    Err(error) => same_life(engine, container, started_at).await?.err().map(Some).ok_or(error),
                },
                Err(remark) => Ok(Some(remark)),
            }
        }
        ContainerStep::RemoveFile { container, path, on, image } => {
            files::remove(engine, container, path, on, image).await
        }
        ContainerStep::WriteFile { container, path, text } => files::write_again(engine, container, path, text).await,
        ContainerStep::Exec { container, started_at, command } => {
            match same_life(engine, container, started_at).await? {
                Ok(state) if state.paused => {
                    Err(Error::new(format!("container {} is paused: no command runs in it", state.name)))
                }
                Ok(_) => match exec(engine, container, command).await {
                    Ok(ended) => ended.success().map(|_| None),
                    Err(error) => same_life(engine, container, started_at).await?.err().map(Some).ok_or(error.into()),
                },
                Err(remark) => Ok(Some(remark)),
            }
        }
    }
}

/// The container's state if it is in the life that was harmed; else what has become of it.
async fn same_life(engine: &Engine, id: &str, started_at: &str) -> Result<Result<State, String>, EngineError> {
    Ok(match State::of(engine, id).await? {
        None => Err(gone(id)),
        Some(state) if !state.running => {
            Err(format!("container {} had ended meanwhile ({state}), and what was done to it with it", state.name))
        }
        Some(state) if state.started_at != started_at => {
            Err(format!("container {} had been restarted meanwhile, which ended what was done to it", state.name))
        }
        Some(state) => Ok(state),
    })
}

async fn unpause(engine: &Engine, id: &str) -> Result<Remark> {
    match engine.call(format!("unpause container {id}"), engine.docker().unpause_container(id)).await {
        Ok(()) => Ok(None),
        Err(error) if error.is_missing() => Ok(Some(gone(id))),
        Err(error) => match State::of(engine, id).await? {
            None => Ok(Some(gone(id))),
            Some(state) if !state.running => Ok(Some(format!("container {} had ended meanwhile: {state}", state.name))),
            Some(state) if !state.paused => Ok(None),
            Some(_) => Err(error.into()),
        },
    }
}

/// Waits for the end of a life that is to end: a container that is dying is still called running, and can't be started.
async fn ended(engine: &Engine, id: &str, life: Option<&str>, patience_ms: u64) -> Result<(), EngineError> {
    let until = tokio::time::Instant::now() + Duration::from_millis(patience_ms);
    let Some(life) = life else { return Ok(()) };
    while State::of(engine, id).await?.is_some_and(|state| state.running && state.started_at == life)
        && tokio::time::Instant::now() < until
    {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn start(engine: &Engine, id: &str) -> Result<Remark> {
    let started = engine.docker().start_container(id, None::<StartContainerOptions>);
    match engine.call(format!("start container {id}"), started).await {
        Ok(()) => Ok(None),
        Err(error) if error.is_missing() => Ok(Some(gone(id))),
        Err(error) => match State::of(engine, id).await? {
            None => Ok(Some(gone(id))),
            Some(state) if state.running => Ok(None),
            Some(_) => Err(error.into()),
        },
    }
}

async fn connect(engine: &Engine, id: &str, network: &str, endpoint: &serde_json::Value) -> Result<Remark> {
    let Some(state) = State::of(engine, id).await? else { return Ok(Some(gone(id))) };
    let asked: EndpointSettings = serde_json::from_value(endpoint.clone())
        .map_err(|error| Error::new("the recorded endpoint makes no sense").caused_by(error))?;
    if is_connected(&state, network) {
        return Ok(another_address(&state, network, &asked));
    }
    let attempt = async |endpoint: EndpointSettings| {
        let request = NetworkConnectRequest { container: id.to_owned(), endpoint_config: Some(endpoint) };
        let what = format!("connect container {} to network {network}", state.name);
        engine.call(what, engine.docker().connect_network(network, request)).await
    };
    // Only networks with a subnet of the user's own let an address be asked for, and only there it may be taken; the
    // engine's default network has no names either.
    let without_address = EndpointSettings { ipam_config: None, ..asked.clone() };
    let bare = EndpointSettings { aliases: None, ..without_address.clone() };
    let mut last = None;
    for endpoint in [asked.clone(), without_address, bare] {
        match attempt(endpoint).await {
            Ok(()) => {
                let now = State::of(engine, id).await?;
                return Ok(now.and_then(|now| another_address(&now, network, &asked)));
            }
            Err(error) if error.is_missing() => {
                return Ok(Some(match State::of(engine, id).await? {
                    None => gone(id),
                    Some(_) => format!("network {network} of container {} was removed meanwhile", state.name),
                }));
            }
            Err(error) if error.is_refused() => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(|| Error::new("no way to connect it was tried"), Error::from))
}

/// Whether it is on the network. An engine lists one that it failed to connect, too, but without an endpoint.
fn is_connected(state: &State, network: &str) -> bool {
    let there =
        |endpoint: &EndpointSettings| !state.running || endpoint.endpoint_id.as_ref().is_some_and(|id| !id.is_empty());
    endpoint_of(state, network).is_some_and(|endpoint| there(&endpoint))
}

fn endpoint_of(state: &State, network: &str) -> Option<EndpointSettings> {
    let networks = state.inspected.network_settings.clone()?.networks?;
    let is_meant =
        |name: &str, endpoint: &EndpointSettings| name == network || endpoint.network_id.as_deref() == Some(network);
    networks.into_iter().find(|(name, endpoint)| is_meant(name, endpoint)).map(|(_, endpoint)| endpoint)
}

/// What to say if it did not get its address back.
fn another_address(state: &State, network: &str, asked: &EndpointSettings) -> Remark {
    let before = asked.ipam_config.as_ref()?.ipv4_address.clone()?;
    let now = endpoint_of(state, network)?.ip_address.filter(|now| !now.is_empty())?;
    (now != before)
        .then(|| format!("container {} is back on its network with the address {now} instead of {before}", state.name))
}

async fn update(engine: &Engine, id: &str, limits: &serde_json::Value) -> Result<Remark> {
    let limits: ContainerUpdateBody = serde_json::from_value(limits.clone())
        .map_err(|error| Error::new("the recorded limits make no sense").caused_by(error))?;
    match engine.call(format!("set the limits of container {id}"), engine.docker().update_container(id, limits)).await {
        Ok(_) => Ok(None),
        Err(error) if error.is_missing() => Ok(Some(gone(id))),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn gone(id: &str) -> String {
    format!("container {} was removed meanwhile", &id[..id.len().min(12)])
}
