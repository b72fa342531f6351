//! The arguments of the process: libtest's, and ours beside them.

use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _, Parser};
use std::ffi::OsString;
use std::num::NonZeroU32;

/// Everything that the arguments say.
#[derive(Debug, Parser)]
#[command(
    help_template = "Usage: [OPTIONS] [FILTER]...\n\n{all-args}\n\n{after-help}",
    disable_version_flag = true,
    after_help = "Tests run on as many threads as there are processors, and experiments take turns all the same, \
                  unless they are `parallel`."
)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) libtest: libtest_mimic::Arguments,

    /// The filters after the first one, which is libtest-mimic's only one.
    #[arg(value_name = "FILTER", hide = true)]
    pub(super) more_filters: Vec<String>,

    /// What newer libtests call `--nocapture`.
    #[arg(long, hide = true)]
    no_capture: bool,

    #[arg(
        long,
        value_name = "NAME",
        help_heading = EXPERIMENTS,
        value_parser = profile,
        help = "Where the tests run, such as `local` or `staging`; those meant for other profiles are skipped"
    )]
    pub(super) profile: Option<String>,

    #[arg(
        long,
        value_name = "N",
        help_heading = EXPERIMENTS,
        value_parser = seed,
        allow_negative_numbers = true,
        help = "The seed of everything random; a report prints the one to replay"
    )]
    pub(super) seed: Option<u64>,

    #[arg(
        long,
        value_name = "N",
        help_heading = EXPERIMENTS,
        default_value = "1",
        hide_default_value = true,
        value_parser = repeat,
        allow_negative_numbers = true,
        help = "Run each test N times, until it fails; without a seed each time with one of its own"
    )]
    pub(super) repeat: NonZeroU32,

    #[arg(
        long,
        value_name = "SEED",
        help_heading = EXPERIMENTS,
        num_args = 0..=1,
        require_equals = true,
        value_parser = seed,
        help = "Run the tests in another order; the seed that gives it again is printed"
    )]
    pub(super) shuffle: Option<Option<u64>>,
}

const EXPERIMENTS: &str = "Experiments";

impl Flags {
    /// Those of this process. Ends it with status 2 if there is a mistake in them, with 0 if they ask for help.
    pub(super) fn parse() -> Self {
        let threads = std::env::var("RUST_TEST_THREADS").ok();
        Self::read(std::env::args_os().collect(), threads).unwrap_or_else(|error| error.exit())
    }

    /// `threads` is what `RUST_TEST_THREADS` says.
    fn read(arguments: Vec<OsString>, threads: Option<String>) -> Result<Self, clap::Error> {
        let mut command = command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        let mut flags = Self::from_arg_matches(&matches)?;
        flags.libtest.nocapture |= flags.no_capture;
        if let (None, Some(text)) = (flags.libtest.test_threads, threads) {
            let read = test_threads(&text);
            let invalid = |why| {
                command
                    .error(ErrorKind::ValueValidation, format!("invalid value '{text}' for RUST_TEST_THREADS: {why}"))
            };
            flags.libtest.test_threads = Some(read.map_err(invalid)?);
        }
        Ok(flags)
    }
}

fn command() -> Command {
    const NOCAPTURE: &str = "Show the reports of tests that are ok, too (nothing is captured, with or without)";
    let help = |text: &'static str| move |arg: Arg| arg.help(text);
    Flags::command()
        .mut_arg("nocapture", help(NOCAPTURE))
        .mut_arg("show_output", help("The same as --nocapture"))
        .mut_arg("include_ignored", help("Run ignored and not ignored tests"))
        .mut_arg("ignored", help("Run ignored tests only"))
        .mut_arg("test_threads", |arg| arg.value_parser(test_threads).allow_negative_numbers(true))
}

fn test_threads(text: &str) -> Result<usize, String> {
    text.trim()
        .parse::<std::num::NonZeroUsize>()
        .map(Into::into)
        .map_err(|_| "not a number of threads\nhelp: write 1 or more".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "not a number\nhelp: write the number that an earlier run printed, as in 1047870968".into())
}

fn repeat(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "not a number of repetitions\nhelp: write 1 or more".to_owned())
}

fn profile(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() {
        return Err("no name\nhelp: write the name of a profile, as in `local`, or leave the flag out".to_owned());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str, threads: Option<&str>) -> Result<Flags, clap::Error> {
        let arguments = ["chaos-0123"].into_iter().chain(arguments.split_whitespace());
        Flags::read(arguments.map(Into::into).collect(), threads.map(Into::into))
    }

    #[test]
    fn they_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn what_nextest_passes_is_understood() {
        let flags = read("--list --format terse --ignored", None).unwrap();
        assert!(flags.libtest.list && flags.libtest.ignored && !flags.libtest.nocapture);
        let flags = read("--exact shop::orders --nocapture --include-ignored", None).unwrap();
        assert!(flags.libtest.exact && flags.libtest.nocapture && flags.libtest.include_ignored);
        assert_eq!(flags.libtest.filter.as_deref(), Some("shop::orders"));
    }

    #[test]
    fn ours() {
        let flags = read("one --profile staging --seed 7 --repeat 3 --shuffle two", None).unwrap();
        assert_eq!((flags.profile.as_deref(), flags.seed, flags.repeat.get()), (Some("staging"), Some(7), 3));
        assert_eq!((flags.shuffle, flags.libtest.filter.as_deref()), (Some(None), Some("one")));
        assert_eq!(flags.more_filters, ["two"]);
        assert_eq!(read("--shuffle=9 --no-capture", None).unwrap().shuffle, Some(Some(9)));
        let flags = read("", None).unwrap();
        assert_eq!((flags.profile, flags.seed, flags.repeat.get(), flags.shuffle), (None, None, 1, None));
    }

    #[test]
    fn mistakes_name_the_cause_and_the_way_out() {
        let wrong = [
            ("--seed ten", "invalid value 'ten' for '--seed <N>': not a number\nhelp: "),
            ("--seed -1", "invalid value '-1' for '--seed <N>': not a number\nhelp: "),
            ("--repeat 0", "invalid value '0' for '--repeat <N>': not a number of repetitions\nhelp: write 1 or more"),
            ("--shuffle=x", "invalid value 'x' for '--shuffle[=<SEED>]': not a number\nhelp: "),
            ("--profile=", "'--profile <NAME>'"),
            ("--test-threads 0", "not a number of threads\nhelp: write 1 or more"),
            ("--sed 1", "'--seed'"),
        ];
        for (arguments, message) in wrong {
            let error = read(arguments, None).expect_err(arguments);
            assert!(error.to_string().contains(message), "{arguments}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
        let error = read("", Some("none")).expect_err("the variable");
        assert!(error.to_string().contains("invalid value 'none' for RUST_TEST_THREADS: not a number"), "{error}");
    }

    #[test]
    fn threads() {
        assert_eq!(read("", Some("3")).unwrap().libtest.test_threads, Some(3));
        assert_eq!(read("--test-threads=2", Some("none")).unwrap().libtest.test_threads, Some(2));
        assert_eq!(read("", None).unwrap().libtest.test_threads, None);
    }

    #[test]
    fn help_shows_them_all() {
        let help = read("--help", None).expect_err("help").to_string();
        for flag in
            ["--profile <NAME>", "--seed <N>", "--repeat <N>", "--shuffle[=<SEED>]", "--list", "--exact", "--skip"]
        {
            assert!(help.contains(flag), "{flag}:\n{help}");
        }
        assert!(!help.contains("No-op (libtest"), "{help}");
    }
}
