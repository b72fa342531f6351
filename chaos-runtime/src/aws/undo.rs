//! Undoing what was done in an account: the steps' execution, with tries that outlast throttling.

use super::error::{may_pass, refused};
use super::fis::{is_over, live_experiments, our_templates};
use super::session::{account, sdk_config};
use super::sweep::Sweeper;
use super::{guard, tags};
use crate::rollback::{AwsPlace, AwsStep};
use crate::{Error, Result};
use aws_sdk_fis::error::{ProvideErrorMetadata, SdkError};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long an undo's call is repeated while AWS throttles it or is in trouble.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long the end of an experiment that was stopped is waited for.
const END: Duration = Duration::from_secs(240);

/// The pause between two looks at an experiment that is about to end.
const LOOK: Duration = Duration::from_millis(500);

/// How often experiments are looked for that nobody knows the id of, and the pause in between.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Of this process.
pub(super) static SWEPT: Sweeper = Sweeper::new();

/// Takes the steps of a recorded undo, with the credentials of this process.
pub(crate) async fn run(place: AwsPlace, steps: Vec<AwsStep>) -> Result<Option<String>> {
    let sdk = sdk_config(&place.region, place.endpoint.as_deref()).await;
    let here = match account(&sdk).await {
        Ok(account) => account,
        // What was in an emulator has ended with it.
        Err(error) if place.endpoint.as_deref().is_some_and(is_gone) => {
            return Ok(Some(format!("the emulator is gone ({})", error.message())));
        }
        Err(error) => return Err(error),
    };
    if here != place.account {
        return Err(Error::new(format!(
            "the credentials are of account {here}, and the harm was done in {}",
            place.account
        ))
        .help(format!("log in to account {} and run any chaos test", place.account)));
    }
    let fis = aws_sdk_fis::Client::new(&sdk);
    for step in &steps {
        match step {
            AwsStep::End { experiment, fault } => end_all_of(&fis, experiment, fault.as_deref()).await?,
            AwsStep::Release { cluster, experiment } => {
                guard::release(&aws_sdk_rds::Client::new(&sdk), cluster, experiment).await?;
            }
        }
    }
    Ok(None)
}

/// Ends what a fault of this experiment has made, found by its tags.
pub(crate) async fn undo_here(session: &super::Session, fault: &str) -> Result<()> {
    end_all_of(&session.fis, session.tags.token(), Some(fault)).await
}

/// Ends the FIS experiments that carry the token, and removes their templates; of one fault, if one is named.
async fn end_all_of(fis: &aws_sdk_fis::Client, token: &str, fault: Option<&str>) -> Result<()> {
    let of_it = |tags: Option<&HashMap<String, String>>| {
        let is = |name: &str, wanted: &str| tags.and_then(|tags| tags.get(name)).is_some_and(|found| found == wanted);
        is(tags::EXPERIMENT, token) && fault.is_none_or(|fault| is(tags::FAULT, fault))
    };
    // Templates first: a start whose answer did not come finds none any more.
    for template in our_templates(fis).await? {
        if let Some(id) = template.id().filter(|_| of_it(template.tags())) {
            delete_template(fis, id).await?;
        }
    }
    for look in 1..=LOOKS {
        let live = live_experiments(fis).await?;
        let ours: Vec<&str> = live.iter().filter(|live| of_it(live.tags())).filter_map(|live| live.id()).collect();
        for id in &ours {
            stop(fis, id).await?;
        }
        // One that has just been started may not be listed yet.
        if !ours.is_empty() || look == LOOKS {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

/// Stops an experiment and waits for its end: what it undoes itself is undone by then.
pub(crate) async fn stop(fis: &aws_sdk_fis::Client, id: &str) -> Result<()> {
    match persist(|| fis.stop_experiment().id(id).send()).await {
        Ok(_) => {}
        // It has ended by itself, or is about to.
        Err(error) if is_code(&error, &["ResourceNotFoundException", "ValidationException"]) => {}
        Err(error) => return Err(refused(&format!("stop the experiment {id}"), error)),
    }
    let until = Instant::now() + END;
    loop {
        let answer = persist(|| fis.get_experiment().id(id).send()).await;
        let experiment = match answer {
            Ok(answer) => answer.experiment,
            Err(error) if is_code(&error, &["ResourceNotFoundException"]) => return Ok(()),
            Err(error) => return Err(refused(&format!("see whether the experiment {id} has ended"), error)),
        };
        let state = experiment.and_then(|experiment| experiment.state);
        let status = state.and_then(|state| state.status);
        if status.as_ref().is_some_and(is_over) {
            return Ok(());
        }
        if Instant::now() >= until {
            let status = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
            return Err(Error::new(format!(
                "the experiment {id} was stopped, and is still {status} after {} s",
                END.as_secs()
            ))
            .help("FIS ends what its actions undo by themselves first: look at it in the console"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Removes a template; content when it is gone.
pub(crate) async fn delete_template(fis: &aws_sdk_fis::Client, id: &str) -> Result<()> {
    match persist(|| fis.delete_experiment_template().id(id).send()).await {
        Ok(_) => Ok(()),
        Err(error) if is_code(&error, &["ResourceNotFoundException"]) => Ok(()),
        Err(error) => Err(refused(&format!("delete the template {id}"), error)),
    }
}

fn is_code<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

/// Repeats a call while another try may help: the SDK's own tries end within seconds.
pub(crate) async fn persist<T, E, Fut>(call: impl Fn() -> Fut) -> std::result::Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    Fut: Future<Output = std::result::Result<T, SdkError<E>>>,
{
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(500);
    loop {
        match call().await {
            Err(error) if may_pass(&error) && Instant::now() + pause < until => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(8));
            }
            outcome => return outcome,
        }
    }
}

/// Whether nothing listens there any more.
fn is_gone(endpoint: &str) -> bool {
    use std::net::{TcpStream, ToSocketAddrs};
    let Ok(url) = reqwest::Url::parse(endpoint) else { return false };
    let Some(address) = url.host_str().zip(url.port_or_known_default()) else { return false };
    let refused = |address| {
        let refused = TcpStream::connect_timeout(&address, Duration::from_secs(2)).err();
        refused.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    };
    address.to_socket_addrs().is_ok_and(|mut addresses| addresses.all(refused))
}
