//! What the macros expand to. Not public API.

pub use crate::experiment::run;
pub use chaos_macros::slo_at;
pub use std::boxed::Box;

/// What a spec is written with; imported as a whole by the block that holds it.
pub mod spec {
    pub use crate::claim::{Claim, Cmp, LedgerMetric, Limit, Metric, Quantile, Reference, Scope, Value};
    pub use crate::experiment::{KnownWeakness, Options, Requirement, Spec, Urgency};
    pub use crate::measure::ErrorClass;
    pub use linkme;
    use std::time::Duration;

    /// Every chaos test that is linked into this binary.
    #[linkme::distributed_slice]
    #[allow(unsafe_code)] // linkme reads a linker section.
    pub static CATALOGUE: [&'static Spec];

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

    /// A spec without claims and settings.
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
            doc,
            steady_state: &[],
            hypothesis: &[],
            abort_if: &[],
            options: Options::DEFAULT,
        }
    }
}

/// Readers of foreign input, for fuzzing.
pub mod fuzz {
    /// `chaos.toml`: must not panic, whatever the bytes are.
    pub fn chaos_toml(bytes: &[u8]) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = crate::config::parse(text);
        }
    }
}
