//! `cargo chaos schema`.

use crate::context::Place;
use crate::output::{Plain, print, print_json};
use crate::status::Status;
use chaos_runtime::{Result, config, report};
use clap::ValueEnum as _;
use serde_json::{Value, json};

/// The JSON Schemas of what chaos-test reads and writes.
///
/// Readers must accept fields that a schema does not name; incompatible changes count up the `schema` in journal and
/// catalogue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos schema\n  \
    cargo chaos schema config > chaos.schema.json\n\n\
    Exit codes: 0 printed; 2 wrong usage.")]
pub(crate) struct Schema {
    /// Of what [default: their names]
    #[arg(value_enum)]
    of: Option<Of>,
    /// How the names are written; a schema is JSON either way
    #[arg(long, value_enum, default_value_t)]
    format: Plain,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    /// One experiment's journal, `target/chaos/runs/…/*.json`
    Journal,
    /// `chaos.toml`
    Config,
    /// `cargo chaos list --format json`
    Catalogue,
    /// `cargo chaos run --format json`
    Run,
    /// `cargo chaos report --format json`
    Report,
    /// `cargo chaos recover --format json`
    Recover,
}

impl Schema {
    pub(crate) fn run(&self, _place: &Place) -> Result<Status> {
        match (self.of, self.format) {
            (Some(of), _) => print_json(&of.schema())?,
            (None, Plain::Text) => {
                let names = names().map(|(name, help)| format!("{name:<10} {help}\n"));
                print(&names.collect::<String>())?;
            }
            (None, Plain::Json) => {
                let names = names().map(|(name, help)| json!({ "name": name, "of": help }));
                print_json(&names.collect::<Vec<_>>())?;
            }
        }
        Ok(Status::Fine)
    }
}

fn names() -> impl Iterator<Item = (String, String)> {
    Of::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value).map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        (value.get_name().to_owned(), help)
    })
}

impl Of {
    fn schema(self) -> Value {
        let mut schema = match self {
            Self::Journal => report::journal_schema(),
            Self::Config => config::schema(),
            Self::Catalogue => report::catalogue::catalogue_schema(),
            Self::Run => of::<super::run::Summary>("cargo chaos run"),
            Self::Report => of::<super::report::Runs<'_>>("cargo chaos report"),
            Self::Recover => of::<super::recover::Leftovers>("cargo chaos recover"),
        };
        // Some crate of the build may have serde_json keep the order of insertion.
        schema.sort_all_objects();
        schema
    }
}

/// The schema of what this crate itself writes.
fn of<T: schemars::JsonSchema>(title: &str) -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}
