//! Guard rails: what must be so before anything is harmed. Whatever is not allowed is refused.
//!
//! Each rail only reads. What changes something in the account takes a [`Permit`], which nothing else gives.

mod alarms;
mod lease;
mod others;
mod switches;
mod target;

pub(crate) use lease::{Lease, release};
pub(crate) use switches::Switches;
pub(crate) use target::{Arn, Tagged};

use super::Session;
use crate::claim::display;
use crate::{Error, Result};
use std::time::Duration;

/// What is to be done to whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Harm {
    /// In a line.
    pub(crate) what: String,
    /// The targets that are known by now. Those that are chosen by tags carry the required one by that.
    pub(crate) targets: Vec<Tagged>,
    /// How long it lasts, where that is known.
    pub(crate) lasts: Option<Duration>,
    /// Names or ARNs of the alarms that stop it.
    pub(crate) stop_alarms: Vec<String>,
}

/// All guard rails were passed.
#[derive(Debug, Clone)]
pub(crate) struct Permit {
    switches: Switches,
}

impl Permit {
    /// What may have changed since: asked once more right before the harm, and costs no call.
    pub(crate) fn still_good(&self) -> Result<()> {
        self.switches.check()
    }
}

impl Session {
    /// Asks every guard rail; the first that says no is told.
    pub(crate) async fn permit(&self, harm: &Harm) -> Result<Permit> {
        self.switches.check()?;
        let most = self.rules.max_duration;
        if let Some(lasts) = harm.lasts.filter(|lasts| *lasts > most) {
            return Err(refusal(
                harm,
                format!("it lasts {}, and {} are allowed", display::duration(lasts), display::duration(most)),
            )
            .help("make it shorter, or raise `max_duration` in the profile's [aws]"));
        }
        self.check_targets(harm).await?;
        self.check_alarms(harm).await?;
        self.check_others(harm).await?;
        Ok(Permit { switches: self.switches.clone() })
    }
}

impl Harm {
    /// The alarms that must be well: those of the profile guard every harm.
    pub(crate) fn alarms(&self, session: &Session) -> Vec<String> {
        let mut alarms = self.stop_alarms.clone();
        alarms.extend(session.rules.stop_alarms.iter().filter(|alarm| !self.stop_alarms.contains(alarm)).cloned());
        alarms
    }
}

fn refusal(harm: &Harm, why: String) -> Error {
    Error::new(format!("{} is not allowed: {why}", harm.what))
}

/// Refuses an environment that names another region than the file.
pub(crate) fn check_region(pinned: &str) -> Result<()> {
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        match std::env::var(name) {
            Ok(region) if !region.is_empty() && region != pinned => {
                return Err(Error::new(format!("{name} is {region}, and the profile is for {pinned}"))
                    .help(format!("unset {name}, or run the profile that is for {region}")));
            }
            _ => {}
        }
    }
    Ok(())
}
