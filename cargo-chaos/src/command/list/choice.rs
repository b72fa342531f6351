//! Which experiments of a catalogue are meant.

use chaos_runtime::report::catalogue::CatalogueEntry;

/// Filters.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Choice {
    /// Only experiments with one of these texts in `package::binary::name`
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// The profile, such as `local` or `staging`: only experiments that run in it
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl Choice {
    /// Whether the experiment is meant.
    pub(crate) fn takes(&self, entry: &CatalogueEntry) -> bool {
        self.takes_by_name(entry) && self.profile.as_ref().is_none_or(|profile| entry.runs_in(profile))
    }

    /// The same, whatever its profiles.
    pub(crate) fn takes_by_name(&self, entry: &CatalogueEntry) -> bool {
        let (package, binary, name) = entry.identity();
        let path = format!("{package}::{binary}::{name}");
        self.filters.is_empty() || self.filters.iter().any(|filter| path.contains(filter))
    }
}
