//! `cargo chaos recover`.

#[cfg(feature = "aws")]
mod account;
#[cfg(feature = "docker")]
mod engine;
mod found;
mod ledgers;

pub(crate) use found::Leftovers;

use crate::context::Place;
use crate::output::{Plain, print, print_json};
use crate::status::Status;
use chaos_runtime::Result;

/// Show and undo what killed chaos tests have left behind: on this machine, in its containers, in an AWS account.
///
/// Without --undo it only looks. What belongs to a process that lives is shown and never touched. Looked through are
/// the undo ledgers beside the reports, containers and networks with the label of chaos tests, and with --profile (or
/// --aws) the FIS experiments and templates with their tags; the guard rails of `chaos.toml` on account, region and
/// endpoints hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos recover\n  \
    cargo chaos recover --undo\n  \
    cargo chaos recover --profile staging --undo\n\n\
    Exit codes: 0 nothing is left (any more); 1 something is left; 2 wrong usage; 3 it could not be looked through.")]
pub(crate) struct Recover {
    /// Undo it
    #[arg(long, visible_alias = "yes")]
    undo: bool,
    /// Look into the AWS account of this profile, too
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Look into the AWS account of the profile that CHAOS_PROFILE names, too
    #[arg(long, conflicts_with = "profile")]
    aws: bool,
    /// Leave the container engine alone
    #[arg(long)]
    no_docker: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Plain,
}

impl Recover {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let mut leftovers = Leftovers::new(self.undo);
        ledgers::look(place, self.undo, &mut leftovers)?;
        if !self.no_docker {
            #[cfg(feature = "docker")]
            engine::look(self.undo, &mut leftovers)?;
            #[cfg(not(feature = "docker"))]
            leftovers
                .note("containers were not looked for: cargo-chaos is built without its feature `docker`".to_owned());
        }
        if let Some(profile) = self.account()? {
            #[cfg(feature = "aws")]
            account::look(&profile, self.undo, &mut leftovers)?;
            #[cfg(not(feature = "aws"))]
            return Err(chaos_runtime::Error::new(format!("no way to the account of `{profile}`"))
                .help("install cargo-chaos with its feature `aws`"));
        }
        let leftovers = leftovers.counted();
        match self.format {
            Plain::Text => print(&leftovers.to_string())?,
            Plain::Json => print_json(&leftovers)?,
        }
        Ok(Status::of(leftovers.left == 0))
    }

    /// The profile whose account is looked into.
    fn account(&self) -> Result<Option<String>> {
        if !self.aws {
            return Ok(self.profile.clone());
        }
        let named = std::env::var("CHAOS_PROFILE").ok().map(|name| name.trim().to_owned());
        let named = named.filter(|name| !name.is_empty());
        named.map(Some).ok_or_else(|| {
            chaos_runtime::Error::new("--aws, and CHAOS_PROFILE is not set").help("name the profile with --profile")
        })
    }
}

/// Waits for what the network says.
#[cfg(any(feature = "docker", feature = "aws"))]
fn wait<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| chaos_runtime::Error::new("can't start a runtime").caused_by(error))?;
    Ok(runtime.block_on(future))
}
