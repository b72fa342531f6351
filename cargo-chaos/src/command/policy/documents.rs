//! The documents.

use super::command::{Answer, Policy};
use crate::context::Place;
use crate::output::{print, print_json};
use crate::status::Status;
use chaos_runtime::aws::iam::{self, Scope};
use chaos_runtime::machine::Settings;
use chaos_runtime::report::catalogue::CatalogueEntry;
use chaos_runtime::{Error, Result};
use serde::Serialize;

/// Where policies allow something.
pub(super) struct Ground {
    profile: String,
    account: String,
    region: String,
    scope: Scope,
}

/// With `--format json`.
#[derive(Serialize)]
struct Documents<'a> {
    profile: &'a str,
    account: &'a str,
    region: &'a str,
    /// Which need something of AWS.
    tests: Vec<String>,
    caller: iam::Policy,
    fis_role: iam::Policy,
    fis_trust: iam::Policy,
}

impl Ground {
    /// As `chaos.toml` has it.
    pub(super) fn of(command: &Policy, place: &Place) -> Result<Self> {
        let metadata = place.metadata()?;
        let dirs: Vec<_> = metadata
            .workspace_packages()
            .iter()
            .filter_map(|package| package.manifest_path.parent().map(|dir| dir.to_path_buf().into_std_path_buf()))
            .collect();
        let set = std::env::var("CHAOS_PROFILE").ok().filter(|name| !name.trim().is_empty());
        let asked = command.profile.clone().or(set);
        let mut found: Vec<(String, Settings)> = Vec::new();
        let mut wrong = None;
        for dir in dirs {
            // Read for `local`, it tells which profiles it has.
            let known = Settings::of(&dir, "local").map(|settings| settings.profiles());
            let profiles = match (&asked, known) {
                (Some(asked), _) => vec![asked.clone()],
                (None, Ok(known)) => known,
                (None, Err(error)) => return Err(error),
            };
            for profile in profiles {
                match Settings::of(&dir, &profile) {
                    Ok(settings) if settings.aws().is_some() => {
                        if !found.iter().any(|(name, known)| *name == profile && known.path() == settings.path()) {
                            found.push((profile, settings));
                        }
                    }
                    Ok(_) => {}
                    Err(error) => wrong = Some(error),
                }
            }
        }
        let names = || found.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(", ");
        let (profile, settings) = match (&*found, wrong) {
            ([one], _) => one.clone(),
            ([], Some(error)) => return Err(error),
            ([], None) => {
                let of =
                    asked.map_or_else(|| "no profile".to_owned(), |name| format!("profile `{name}` of no chaos.toml"));
                return Err(Error::new(format!("{of} has an AWS account")).help(
                    "list it: [profile.staging.aws] accounts = [\"123456789012\"], region = \"eu-west-1\", tag = \"chaos-test=allowed\"",
                ));
            }
            (several, _) if several.iter().all(|(name, _)| *name == several[0].0) => {
                return Err(Error::new(format!("profile `{}` is in several chaos.toml", several[0].0))
                    .help("name the package's Cargo.toml: --manifest-path, or the file: CHAOS_CONFIG"));
            }
            _ => {
                return Err(Error::new("several profiles have an account")
                    .help(format!("choose one: --profile, of {}", names())));
            }
        };
        let rules = settings.aws().ok_or_else(|| Error::new("the account is gone"))?;
        let account = match (&command.account, &*rules.accounts) {
            (Some(asked), accounts) if accounts.contains(asked) => asked.clone(),
            (None, [only]) => only.clone(),
            (asked, accounts) => {
                let what = asked.as_ref().map_or_else(
                    || format!("profile `{profile}` allows several accounts"),
                    |asked| format!("profile `{profile}` does not allow account {asked}"),
                );
                return Err(Error::new(what).help(format!("choose one: --account, of {}", accounts.join(", "))));
            }
        };
        let mut scope = Scope::new(&account, &rules.region, rules.tag.clone())
            .clusters(settings.clusters().into_iter().map(|(_, cluster)| cluster));
        if let Some(role) = &rules.role {
            scope = scope.role(role);
        }
        if let Some(arn) = &command.lambda_location {
            scope = scope.lambda_location(arn);
        }
        Ok(Self { profile, account, region: rules.region, scope })
    }

    /// Prints or writes what these tests need.
    pub(super) fn write(&self, command: &Policy, tests: &[CatalogueEntry]) -> Result<Status> {
        let mut names = Vec::new();
        let mut capabilities = Vec::new();
        for test in tests.iter().filter(|test| test.runs_in(&self.profile)) {
            let of_it = iam::capabilities_by_name(&test.calls, &test.uses, &test.profiles);
            if !of_it.is_empty() {
                names.push(test.name.clone());
                capabilities.extend(of_it);
            }
        }
        let policies = iam::policies_of(capabilities, &self.scope)?;
        if let Some(directory) = &command.output {
            policies.write_to(directory)?;
        }
        if command.format == Answer::Json {
            print_json(&Documents {
                profile: &self.profile,
                account: &self.account,
                region: &self.region,
                tests: names,
                caller: policies.caller,
                fis_role: policies.fis_role,
                fis_trust: policies.fis_trust,
            })?;
            return Ok(Status::Fine);
        }
        let mut text = String::new();
        let what = ["of whoever runs the tests", "of the role by which FIS acts", "who may take that role on"];
        for ((file, policy), what) in policies.files().into_iter().zip(what) {
            match &command.output {
                Some(directory) => text += &format!("{}: {what}\n", directory.join(file).display()),
                None => text += &format!("# {file}: {what}\n{}\n", policy.to_json().trim_end()),
            }
        }
        let count = names.len();
        let tests = if count == 1 { "test".to_owned() } else { "tests".to_owned() };
        eprintln!("{count} {tests} of profile {} act on account {}: {}", self.profile, self.account, names.join(", "));
        print(&text)?;
        Ok(Status::Fine)
    }
}
