//! What `#[chaos_test]` says about an experiment: constants, made at compile time.

use crate::claim::Claim;
use std::time::Duration;

/// One `#[chaos_test]`, as the macro wrote it down.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The function's name.
    pub name: &'static str,
    /// `module_path!()`.
    pub module: &'static str,
    /// `env!("CARGO_PKG_NAME")`.
    pub package: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()` of the function.
    pub line: u32,
    /// `column!()` of the function.
    pub column: u32,
    /// Which of the package's targets holds it.
    pub cargo_target: CargoTarget,
    /// The doc comment, trimmed, lines joined with `\n`.
    pub doc: &'static str,
    /// `steady_state(…)`.
    pub steady_state: &'static [Claim],
    /// `hypothesis(…)`.
    pub hypothesis: &'static [Claim],
    /// `abort_if(…)`.
    pub abort_if: &'static [Claim],
    /// The names of the methods that the body calls, sorted, each once: `aws`, `fis`, `terminate_instances`. From them
    /// policies are made for what the test does to an account.
    pub calls: &'static [&'static str],
    /// Everything else.
    pub options: Options,
}

impl Spec {
    /// The name by which `cargo test` knows it: with the modules, without the crate.
    pub fn test_name(&self) -> String {
        match self.module.split_once("::") {
            Some((_, modules)) => format!("{modules}::{}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// A target of a package, as far as the compiler is told which one it builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CargoTarget {
    /// Unit tests of the library.
    Library,
    /// Unit tests of a binary or an example with this name.
    Binary(&'static str),
    /// An integration test or a benchmark.
    Test,
    /// None of these, such as a documentation test.
    Unknown,
}

/// The attribute's `key = value` settings. `None` = the default, which depends on the claims.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// `warm_up = 2s`: load that is not counted. Default 1 s.
    pub warm_up: Option<Duration>,
    /// `baseline = 10s`: least length of the baseline; it goes on until every claim that reads it has
    /// enough samples. Default 3 s.
    pub baseline: Option<Duration>,
    /// `after = 10s`: least length of the after phase. Default 3 s.
    pub after: Option<Duration>,
    /// `bin = 1s`: the stretch in which recovery is judged. Default 1 s.
    pub bin: Option<Duration>,
    /// `stability = 3s`: how long the steady state must hold to be called back. Default 3 bins.
    pub stability: Option<Duration>,
    /// `recovery_limit = 60s`: how long recovery is watched at most. Default: twice the tightest
    /// `recovery` claim, at least 30 s.
    pub recovery_limit: Option<Duration>,
    /// `confirm = 5s`: how long a fault may take to show evidence. Default 5 s, or more where the fault says so.
    pub confirm: Option<Duration>,
    /// `timeout = 5m`: bound of the whole experiment, rollback apart. Default 5 min.
    pub timeout: Option<Duration>,
    /// `confidence = 95%`, held as 0.95: `passed` needs every claim supported at this level.
    pub confidence: Option<f64>,
    /// `seed = 42`. Default: drawn anew, printed, overridden by `CHAOS_SEED`.
    pub seed: Option<u64>,
    /// `parallel`: does not wait for other experiments on this machine.
    pub parallel: bool,
    /// `exclusive("payments-db", …)`: waits only for experiments with one of these names.
    pub exclusive: &'static [&'static str],
    /// `profiles(local, staging)`. Empty: every profile.
    pub profiles: &'static [&'static str],
    /// `requires(docker)`.
    pub requires: &'static [Requirement],
    /// `uses("aws:ec2:terminate-instances", …)`: FIS actions, and templates (`EXT…`), that the body does not show.
    pub uses: &'static [&'static str],
    /// `known_weakness(…)`.
    pub known_weakness: Option<KnownWeakness>,
    /// `worker_threads = 2`: threads of the runtime on which the body runs. Default 2.
    pub worker_threads: Option<usize>,
}

impl Options {
    /// What an attribute without settings means.
    pub const DEFAULT: Self = Self {
        warm_up: None,
        baseline: None,
        after: None,
        bin: None,
        stability: None,
        recovery_limit: None,
        confirm: None,
        timeout: None,
        confidence: None,
        seed: None,
        parallel: false,
        exclusive: &[],
        profiles: &[],
        requires: &[],
        uses: &[],
        known_weakness: None,
        worker_threads: None,
    };
}

/// What must be there for an experiment to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// A Docker engine.
    Docker,
    /// AWS credentials.
    Aws,
    /// A Kafka broker.
    Kafka,
}

/// `known_weakness(id = "PAY-142", urgency = high, fix_by = "2027-01-31")`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownWeakness {
    /// The ticket.
    pub id: &'static str,
    /// How urgent the fix is.
    pub urgency: Urgency,
    /// The last day on which the weakness is tolerated, `YYYY-MM-DD` (checked at compile time).
    pub fix_by: &'static str,
    /// `owner = "payments team"`.
    pub owner: Option<&'static str>,
}

/// How urgent the fix of a known weakness is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Some day.
    Low,
    /// Soon.
    Medium,
    /// Now.
    High,
    /// Before anything else.
    Critical,
}
