//! The catalogue as data: what a code base claims to survive, listed without running anything.
//!
//! A test binary prints the catalogue of its own experiments when it is asked for it before its `main` (Linux); `cargo
//! chaos list` asks those of a build and puts their answers together. Readers must accept fields they do not know;
//! `schema` counts incompatible changes.

use crate::experiment::Urgency;
use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes.
pub const CATALOGUE_VERSION: u32 = 1;

/// Experiments, as their attributes declare them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Catalogue {
    /// Version of the format: [`CATALOGUE_VERSION`].
    pub schema: u32,
    /// By package, binary and name.
    pub experiments: Vec<CatalogueEntry>,
}

/// One `#[chaos_test]`: what stands in the source, and nothing that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CatalogueEntry {
    /// The test's name as `cargo test` shows it: `module::path::function`, without the crate.
    pub name: String,
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in, as in journals.
    pub binary: String,
    /// Which of the package's targets that is.
    pub target: CatalogueTarget,
    /// Source file as the compiler names it.
    pub file: String,
    /// Line of the function.
    pub line: u32,
    /// Column of the function.
    pub column: u32,
    /// The doc comment.
    pub doc: String,
    /// `steady_state(…)`: claims that hold when nothing is wrong, as their author wrote them.
    pub steady_state: Vec<String>,
    /// `hypothesis(…)`: claims about the faulted system.
    pub hypothesis: Vec<String>,
    /// `abort_if(…)`: guards.
    pub guards: Vec<String>,
    /// `profiles(…)`: where it runs. Empty: everywhere.
    pub profiles: Vec<String>,
    /// `requires(…)`: what must be there.
    pub requires: Vec<String>,
    /// `uses(…)`: FIS actions and templates that the body does not show.
    pub uses: Vec<String>,
    /// `known_weakness(…)`.
    pub known_weakness: Option<CatalogueWeakness>,
    /// `parallel`: does not wait for other experiments on its machine.
    pub parallel: bool,
    /// `exclusive(…)`: waits only for experiments with one of these names.
    pub exclusive: Vec<String>,
    /// `seed = …`.
    pub seed: Option<u64>,
    /// `confidence = …`, 0.95 for 95 %.
    pub confidence: Option<f64>,
    /// `timeout = …`, in microseconds. None: five minutes.
    pub timeout_us: Option<u64>,
    /// The text of `#[ignore]`, which may be empty. None: it runs when nobody asks for it in particular.
    pub ignored: Option<String>,
    /// The text of `#[should_panic]`, which may be empty.
    pub should_panic: Option<String>,
    /// The names of the methods that the body calls, sorted, each once: `hold`, `inject`, `latency`. They tell which
    /// faults it injects as far as its own lines show that.
    pub calls: Vec<String>,
}

/// A target of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CatalogueTarget {
    /// Of which kind.
    pub kind: CatalogueTargetKind,
    /// Its name, as `cargo test --test NAME` wants it, where that is known.
    pub name: Option<String>,
}

/// What kind of target of a package holds an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CatalogueTargetKind {
    /// Unit tests of the library.
    Lib,
    /// Unit tests of a binary.
    Bin,
    /// Unit tests of an example.
    Example,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
    /// None of these.
    Unknown,
}

impl CatalogueTargetKind {
    /// As in cargo's flags: `test`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lib => "lib",
            Self::Bin => "bin",
            Self::Example => "example",
            Self::Test => "test",
            Self::Bench => "bench",
            Self::Unknown => "unknown",
        }
    }
}

/// `known_weakness(…)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CatalogueWeakness {
    /// The ticket.
    pub id: String,
    /// How urgent the fix is.
    pub urgency: Urgency,
    /// The last day on which it is tolerated, `YYYY-MM-DD`.
    pub fix_by: String,
    /// Who deals with it.
    pub owner: Option<String>,
}

impl Catalogue {
    /// The experiments in a definite order, each once.
    pub fn new(mut experiments: Vec<CatalogueEntry>) -> Self {
        experiments.sort_by(|a, b| a.identity().cmp(&b.identity()));
        // The same target may have been built twice, as where a package is selected for host and target.
        experiments.dedup();
        Self { schema: CATALOGUE_VERSION, experiments }
    }

    /// What a test binary has answered.
    ///
    /// # Errors
    /// When it is no catalogue, or one of a later version.
    pub fn parse(answer: &[u8]) -> crate::Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let malformed = |error| crate::Error::new("the answer is no catalogue").caused_by(error);
        let head: Head = serde_json::from_slice(answer).map_err(malformed)?;
        if head.schema > CATALOGUE_VERSION {
            let (newer, ours) = (head.schema, CATALOGUE_VERSION);
            return Err(crate::Error::new(format!("the catalogue's format {newer} is newer than {ours}"))
                .help("update cargo-chaos to the version of chaos-runtime, or newer"));
        }
        serde_json::from_slice(answer).map_err(malformed)
    }
}

impl CatalogueEntry {
    /// What tells it from all others.
    pub fn identity(&self) -> (&str, &str, &str) {
        (&self.package, &self.binary, &self.name)
    }

    /// Whether it runs in this profile, without asking for it in particular.
    pub fn runs_in(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|named| named == profile)
    }

    /// The doc comment's first paragraph as one line. Empty if there is none.
    pub fn summary(&self) -> String {
        let lines = self.doc.lines().map(str::trim).take_while(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    }
}

/// JSON Schema (draft 2020-12) of [`Catalogue`], as published in `schema/catalogue-v1.json`.
#[cfg(feature = "schema")]
pub fn catalogue_schema() -> serde_json::Value {
    let mut schema =
        schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Catalogue>();
    schema.insert("title".to_owned(), format!("chaos-test catalogue, version {CATALOGUE_VERSION}").into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(binary: &str, name: &str) -> CatalogueEntry {
        CatalogueEntry {
            name: name.to_owned(),
            package: "shop".to_owned(),
            binary: binary.to_owned(),
            target: CatalogueTarget { kind: CatalogueTargetKind::Test, name: None },
            file: String::new(),
            line: 1,
            column: 1,
            doc: "First\n line.\n\nSecond.".to_owned(),
            steady_state: vec![],
            hypothesis: vec![],
            guards: vec![],
            profiles: vec![],
            requires: vec![],
            uses: vec![],
            known_weakness: None,
            parallel: false,
            exclusive: vec![],
            seed: None,
            confidence: None,
            timeout_us: None,
            ignored: None,
            should_panic: None,
            calls: vec![],
        }
    }

    #[test]
    fn equal_names_in_two_binaries_are_two_experiments_and_the_same_one_twice_is_one() {
        let catalogue = Catalogue::new(vec![entry("b", "x"), entry("a", "x"), entry("b", "x")]);
        let ids: Vec<_> = catalogue.experiments.iter().map(CatalogueEntry::identity).collect();
        assert_eq!(ids, [("shop", "a", "x"), ("shop", "b", "x")]);
    }

    #[test]
    fn a_later_format_is_refused_with_the_way_out_whatever_else_it_says() {
        let error = Catalogue::parse(br#"{"schema":2,"claims":[]}"#).unwrap_err().to_string();
        assert!(error.contains("format 2 is newer than 1") && error.contains("help: update"), "{error}");
        assert!(Catalogue::parse(b"running 3 tests\n").is_err());
        let one = Catalogue::new(vec![entry("a", "x")]);
        assert_eq!(Catalogue::parse(&serde_json::to_vec(&one).unwrap()).unwrap(), one);
    }

    #[test]
    fn a_profile_and_a_summary() {
        let mut entry = entry("a", "x");
        assert!(entry.runs_in("anywhere"));
        entry.profiles = vec!["staging".to_owned()];
        assert!(entry.runs_in("staging") && !entry.runs_in("local"));
        assert_eq!(entry.summary(), "First line.");
    }
}
