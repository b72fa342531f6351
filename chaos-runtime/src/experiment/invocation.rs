//! How this process was asked to run its experiments: flags of its own main, if it has one.

use std::sync::OnceLock;

/// What the flags of `main!()` say. Nothing, in a binary with libtest's main.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    /// `--profile`
    pub(crate) profile: Option<String>,
    /// `--seed`
    pub(crate) seed: Option<u64>,
    /// Nothing captures the output, and nobody asked to see that of a test that is ok.
    pub(crate) quiet: bool,
}

static CURRENT: OnceLock<Invocation> = OnceLock::new();

/// The one of this process.
pub(crate) fn current() -> &'static Invocation {
    CURRENT.get_or_init(Invocation::default)
}

/// Says what the flags say. Before the first experiment, by the thread that parsed them; later calls have no effect.
#[cfg(feature = "harness")]
pub(crate) fn set(invocation: Invocation) {
    // Two mains in one process do not happen.
    let _ = CURRENT.set(invocation);
}
