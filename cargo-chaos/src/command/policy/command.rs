//! The command.

use crate::context::Place;
use crate::promises::Promises;
use crate::selection::Selection;
use crate::status::Status;
use chaos_runtime::report::catalogue::{Catalogue, CatalogueEntry};
use chaos_runtime::{Error, Result};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The IAM policies that the tests of this code base need: of whoever runs them, of FIS's role, and that role's trust.
///
/// The tests are built and asked what they call and use, as by `list`; none runs, and AWS is not asked. Account, region,
/// tag and role are those of [profile.<profile>.aws] in chaos.toml.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos policy --profile staging\n  \
    cargo chaos policy --profile staging --output iam\n  \
    cargo chaos policy --catalogue catalogue.json\n\n\
    Exit codes: 0 printed or written; 2 wrong usage; 3 it could not be done.\n\n\
    With --format json: `profile`, `account`, `region`, `tests` (which need something), and the documents `caller`, \
    `fis_role`, `fis_trust`.")]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "without AWS there is nothing to do with them"))]
pub(crate) struct Policy {
    /// The profile whose account is meant [default: $CHAOS_PROFILE, else the only one with an account]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// The account, where the profile allows several
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<String>,
    /// Where in S3 FIS puts the orders for Lambda functions: `arn:aws:s3:::chaos/FisConfigs/`
    #[arg(long, value_name = "ARN")]
    pub(super) lambda_location: Option<String>,
    /// Take the tests from what `list --format json` has printed (`-`: standard input), and build nothing
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Write caller.json, fis-role.json and fis-trust.json there
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Answer,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Answer {
    /// For people: each document under its name
    #[default]
    Text,
    /// For programs: one value
    Json,
}

impl Policy {
    #[cfg(not(feature = "aws"))]
    pub(crate) fn run(&self, _: &Place) -> Result<Status> {
        Err(Error::new("this cargo-chaos is built without its feature `aws`")
            .help("`cargo install --path ../chaos-test/cargo-chaos --features aws`"))
    }

    #[cfg(feature = "aws")]
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        // First, because the tests take their time to build.
        let ground = super::documents::Ground::of(self, place)?;
        ground.write(self, &self.tests(place)?)
    }

    #[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "without AWS nobody asks"))]
    fn tests(&self, place: &Place) -> Result<Vec<CatalogueEntry>> {
        let Some(file) = &self.catalogue else {
            let promises = Promises::of(&self.selection, place)?;
            // A policy that lacks what an unknown test needs would be a wrong one.
            return match &*promises.unasked {
                [] => Ok(promises.catalogue.experiments),
                unasked => Err(Error::new(format!("not all tests could be asked: {}", unasked.join("; ")))
                    .help("choose those that can: `--test NAME`, `-p NAME`")),
            };
        };
        let read = if file == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(file)
        };
        let bytes = read.map_err(|error| Error::new(format!("can't read {}", file.display())).caused_by(error))?;
        Ok(Catalogue::parse(&bytes)?.experiments)
    }
}
