//! What the macros expand to. Not public API.

use crate::experiment::{Body, Spec};
pub use crate::experiment::{Experiment, run};
#[cfg(feature = "harness")]
pub use crate::harness::main;
pub use chaos_macros::slo_at;
pub use std::boxed::Box;

/// An experiment.
pub const fn experiment(spec: &'static Spec, body: Body) -> Experiment {
    Experiment { spec, body }
}

#[cfg(feature = "fuzzing")]
#[path = "fuzz.rs"]
pub mod fuzz;

/// What a spec is written with; imported as a whole by the block that holds it.
pub mod spec {
    pub use crate::catalogue::Entry;
    pub use crate::claim::{Claim, Cmp, LedgerMetric, Limit, Metric, Quantile, Reference, Scope, Value};
    pub use crate::experiment::{CargoTarget, KnownWeakness, Options, Requirement, Spec, Urgency};
    pub use crate::measure::ErrorClass;
    pub use linkme;
    use std::time::Duration;

    /// Every chaos test that is linked into this binary.
    #[linkme::distributed_slice]
    #[allow(unsafe_code)] // linkme reads a linker section.
    pub static CATALOGUE: [Entry];

    /// Stands behind the errors of a malformed `slo!`.
    pub const NO_CLAIM: Claim =
        claim("", Scope::Run, None, Metric::Errors, Cmp::Eq, Limit::Value(Value::Number(0.0)), None);

    /// A claim.
    pub const fn claim(
        text: &'static str,
        scope: Scope,
        subject: Option<&'static str>,
        metric: Metric,
        cmp: Cmp,
        limit: Limit,
        sustained: Option<Duration>,
    ) -> Claim {
        Claim { text, scope, subject, metric, cmp, limit, sustained }
    }

    /// A duration.
    pub const fn nanos(nanoseconds: u64) -> Duration {
        Duration::from_nanos(nanoseconds)
    }

    /// The target that is built, from what cargo tells the compiler: `CARGO_CRATE_NAME`, `CARGO_BIN_NAME`, and
    /// whether there is a `CARGO_TARGET_TMPDIR`, which only integration tests and benchmarks get.
    pub const fn target(
        module: &'static str,
        crate_name: Option<&'static str>,
        bin: Option<&'static str>,
        tmpdir: bool,
    ) -> CargoTarget {
        match (crate_name, bin) {
            // Documentation tests are crates of their own in a target that is another one.
            (Some(name), _) if !is_crate_of(name, module) => CargoTarget::Unknown,
            (Some(_), Some(name)) => CargoTarget::Binary(name),
            (Some(_), None) if tmpdir => CargoTarget::Test,
            (Some(_), None) => CargoTarget::Library,
            (None, _) => CargoTarget::Unknown,
        }
    }

    /// Whether `module` is `name` or `name::…`.
    const fn is_crate_of(name: &str, module: &str) -> bool {
        let (name, module) = (name.as_bytes(), module.as_bytes());
        if module.len() < name.len() || (module.len() > name.len() && module[name.len()] != b':') {
            return false;
        }
        let mut at = 0;
        while at < name.len() {
            if name[at] != module[at] {
                return false;
            }
            at += 1;
        }
        true
    }

    /// A spec without target, claims and settings.
    pub const fn spec(
        name: &'static str,
        module: &'static str,
        package: &'static str,
        file: &'static str,
        line: u32,
        column: u32,
        doc: &'static str,
    ) -> Spec {
        Spec {
            name,
            module,
            package,
            file,
            line,
            column,
            cargo_target: CargoTarget::Unknown,
            doc,
            steady_state: &[],
            hypothesis: &[],
            abort_if: &[],
            calls: &[],
            options: Options::DEFAULT,
        }
    }
}
