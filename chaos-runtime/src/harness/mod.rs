//! `main!()`: a main of its own for a test binary with `harness = false`.

mod filter;
mod flags;

mod trial;

use crate::__private::spec::CATALOGUE;
use crate::catalogue::Entry;
use crate::experiment::invocation;
use flags::Flags;
use std::process::ExitCode;

/// The main function of a test binary with `harness = false`, which runs its chaos tests.
///
/// Optional: chaos tests are ordinary tests, and libtest's main runs them too. This one adds flags for experiments.
/// In `Cargo.toml`, with the feature `harness` of chaos-runtime:
///
/// ```toml
/// [[test]]
/// name = "chaos"
/// harness = false
/// ```
///
/// and in `tests/chaos.rs`:
///
/// ```no_run
/// use chaos_runtime::prelude::*;
///
/// chaos_runtime::main!();
///
/// #[chaos_test]
/// async fn orders_survive(chaos: &mut Chaos) -> chaos::Result {
///     // …
///     # let _ = chaos;
///     Ok(())
/// }
/// ```
///
/// Then `cargo test --test chaos -- --profile staging --repeat 3` works:
///
/// | flag | meaning |
/// |---|---|
/// | `--profile NAME` | where the tests run; those that are meant for other profiles are skipped |
/// | `--seed N` | the seed of everything random |
/// | `--repeat N` | runs each test N times, until it fails for the first time |
/// | `--shuffle`, `--shuffle=SEED` | another order of the tests; the seed that gives it again is printed |
///
/// A flag counts more than the environment (`CHAOS_PROFILE`, `CHAOS_SEED`), and that more than the attribute. Where
/// none of them says a seed, each repetition draws its own.
///
/// Filters, `--exact`, `--skip`, `--list`, `--ignored`, `--include-ignored`, `--test-threads`, `--format`, `--quiet`,
/// `--color`, `RUST_TEST_THREADS` and the exit status 101 of a failure are libtest's, as are the tests' names, so
/// nextest works too. A mistake in the flags ends with status 2.
///
/// What differs from libtest: output is not captured, so reports show while other tests are still running; that of a
/// test that is ok shows with `--nocapture` or `--show-output` only. Ordinary `#[test]` functions of such a binary are
/// not run, as in every binary without libtest: keep them elsewhere. Of the other attributes on a chaos test
/// `#[ignore]`, `#[should_panic]`, `#[cfg]` and those of lints count.
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            $crate::__private::main()
        }
    };
}

/// What [`main!`](crate::main) expands to. Parses the arguments of the process, and ends it if there is a mistake.
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    let mut entries: Vec<&'static Entry> = CATALOGUE.iter().collect();
    // The linker's order means nothing. libtest sorts too.
    entries.sort_by_cached_key(|entry| entry.spec.test_name());
    if entries.is_empty() {
        eprintln!(
            "chaos-test: this binary has no chaos tests\n\
             help: write `#[chaos_test]` functions in it or in its modules; ordinary `#[test]` functions belong into \
             a test binary without `harness = false`"
        );
    }
    let mut arguments = flags.libtest;
    filter::several(&mut arguments, &flags.more_filters, &entries);
    if let (Some(seed), false) = (flags.shuffle, arguments.list) {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        fastrand::Rng::with_seed(seed).shuffle(&mut entries);
        eprintln!("chaos-test: in the order of `--shuffle={seed}`");
    }
    let quiet = !arguments.nocapture && !arguments.show_output;
    invocation::set(invocation::Invocation { profile: flags.profile, seed: flags.seed, quiet });
    let trials = entries.into_iter().map(|entry| trial::of(entry, flags.repeat, &arguments)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
