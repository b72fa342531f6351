//! The command.

use super::check::{Check, State};
use super::crew::Crew;
use super::project::{Project, User};
use super::settings::{Files, services};
use super::{account, ci, engine, machine, page, places, process_faults, tools};
use crate::context::Place;
use crate::output::{Format, print, print_json};
use crate::status::Status;
use chaos_runtime::Result;
use serde::Serialize;
use std::time::Duration;

/// Whether this machine and profile have what chaos tests need, and how to get it.
///
/// What is needed follows from the features of chaos-runtime that the project switches on and from chaos.toml. Nothing is
/// harmed; only the answers of services, of the Docker engine and of AWS are asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                        cargo chaos doctor\n  \
                        cargo chaos doctor --profile staging\n\n\
                        Exit codes: 0 everything that this project needs is here; 1 something is missing; 2 wrong usage; \
                        3 there is no project to look at.\n\n\
                        With --format json: `ready`, `profile`, `packages` (`package`, `features`), and `checks`, each with \
                        `group`, `name`, `state` (ok, warning, missing, not_needed), `found`, `why` and, where something \
                        is wrong, `fix`.")]
pub(crate) struct Doctor {
    /// The profile of chaos.toml [default: $CHAOS_PROFILE, else local].
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Ask for AWS credentials also where the profile has no account.
    #[arg(long)]
    aws: bool,
    /// Ask nobody on the network: neither services nor AWS.
    #[arg(long, conflicts_with = "aws")]
    offline: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether nothing that is needed is missing.
    ready: bool,
    /// For which profile.
    pub(super) profile: String,
    /// Who depends on chaos-runtime.
    packages: Vec<User>,
    /// In groups.
    pub(super) checks: Vec<Check>,
}

/// What asks nobody, and what asks somebody nearby.
const SOON: Duration = Duration::from_secs(5);
/// Starting a container takes its time, and so does the way to AWS.
const LATER: Duration = Duration::from_secs(25);

impl Doctor {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let report = self.look(place)?;
        match self.format {
            Format::Json => print_json(&report)?,
            Format::Text => print(&page::text(&report))?,
            Format::Markdown => print(&page::markdown(&report))?,
        }
        Ok(Status::of(report.ready))
    }

    fn look(&self, place: &Place) -> Result<Report> {
        let project = Project::of(&place.metadata()?);
        let reports = place.reports()?;
        let set = std::env::var("CHAOS_PROFILE").ok().filter(|name| !name.trim().is_empty());
        let profile = self.profile.clone().or(set).unwrap_or_else(|| "local".to_owned());
        let dirs: Vec<_> = match &*project.users {
            [] => vec![project.root.clone()],
            users => users.iter().map(|user| user.dir.clone()).collect(),
        };
        let files = Files::of(dirs, &profile);
        let first = files.first().cloned();
        let has_account = files.settings.iter().any(|settings| settings.aws().is_some());

        let mut crew = Crew::new();
        {
            let project = project.clone();
            crew.send("project", "tools", SOON, true, move || tools::checks(&project));
        }
        let docker = project.users_of("docker");
        let is_needed = docker.is_some();
        let settings = first.clone();
        crew.send("docker", "Docker engine", LATER, is_needed, move || {
            engine::checks(docker.as_deref(), settings.as_ref())
        });
        crew.send("faults", "kernel", SOON, false, process_faults::checks);
        crew.send("machine", "machine", SOON, false, machine::checks);
        crew.send("places", "directories", SOON, true, move || places::checks(&reports));
        let of_files = files.checks(&profile);
        crew.send("settings", "chaos.toml", SOON, true, move || of_files);
        if !self.offline {
            for settings in files.settings.clone() {
                crew.send("settings", "services", SOON * 2, true, move || services(&settings));
            }
        }
        self.ask_aws(&mut crew, &project, has_account, first);
        crew.send("ci", "CI", SOON, false, ci::checks);
        let mut checks = crew.gather();
        // Beside the others it would measure them.
        let timer = machine::timer();
        let behind = checks.iter().rposition(|check| check.group == "machine").map_or(checks.len(), |last| last + 1);
        checks.splice(behind..behind, timer);
        let ready = checks.iter().all(|check| check.state != State::Missing);
        Ok(Report { ready, profile, packages: project.users, checks })
    }

    fn ask_aws(
        &self,
        crew: &mut Crew,
        project: &Project,
        has_account: bool,
        settings: Option<chaos_runtime::machine::Settings>,
    ) {
        let by_feature = project.users_of("aws");
        let quiet = match (&by_feature, has_account, self.aws, self.offline) {
            (_, _, _, true) => Some("not asked (--offline)"),
            (_, false, false, _) if by_feature.is_some() => {
                Some("the profile has no account ([profile.<profile>.aws] in chaos.toml); --aws asks all the same")
            }
            (None, _, false, _) => Some("no package has chaos-runtime's feature `aws`"),
            _ => None,
        };
        if let Some(quiet) = quiet {
            crew.send("aws", "AWS", SOON, false, move || vec![Check::not_needed("aws", "AWS", quiet)]);
            return;
        }
        let needed = by_feature.filter(|_| has_account);
        let is_needed = needed.is_some();
        crew.send("aws", "AWS", LATER, is_needed, move || account::checks(needed.as_deref(), settings.as_ref()));
    }
}
