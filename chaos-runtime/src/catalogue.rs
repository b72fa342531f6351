//! What the code base claims to survive, without running anything.

use crate::experiment::{CargoTarget, Experiment, Spec};
use crate::report::catalogue::{Catalogue, CatalogueEntry, CatalogueTarget, CatalogueTargetKind, CatalogueWeakness};
use crate::report::text;

/// What `#[chaos_test]` leaves in the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What the attribute says.
    pub spec: &'static Spec,
    /// Makes the experiment.
    pub experiment: fn() -> Experiment,
    /// The text of `#[ignore]`, which may be empty.
    pub ignored: Option<&'static str>,
    /// The text of `#[should_panic]`, which may be empty.
    pub should_panic: Option<&'static str>,
}

/// Every chaos test in this binary, in no particular order.
///
/// Only for listing: a test runs whether or not it is found here. As data: [`Catalogue::of_this_binary`].
pub fn catalogue() -> impl ExactSizeIterator<Item = &'static Spec> {
    crate::__private::spec::CATALOGUE.iter().map(|entry| entry.spec)
}

impl Catalogue {
    /// Every chaos test in this binary.
    pub fn of_this_binary() -> Self {
        Self::new(crate::__private::spec::CATALOGUE.iter().map(described).collect())
    }
}

fn described(entry: &Entry) -> CatalogueEntry {
    let Spec { name: _, module, package, file, line, column, cargo_target, doc, .. } = *entry.spec;
    let Spec { steady_state, hypothesis, abort_if, calls, options, .. } = *entry.spec;
    let texts = |claims: &[crate::claim::Claim]| claims.iter().map(|claim| clean(claim.text)).collect();
    let words = |words: &[&str]| words.iter().copied().map(clean).collect();
    let (kind, target) = match cargo_target {
        CargoTarget::Library => (CatalogueTargetKind::Lib, None),
        CargoTarget::Binary(name) => (CatalogueTargetKind::Bin, Some(name.to_owned())),
        CargoTarget::Test => (CatalogueTargetKind::Test, None),
        CargoTarget::Unknown => (CatalogueTargetKind::Unknown, None),
    };
    CatalogueEntry {
        name: entry.spec.test_name(),
        package: package.to_owned(),
        binary: module.split("::").next().unwrap_or_default().to_owned(),
        target: CatalogueTarget { kind, name: target },
        file: file.to_owned(),
        line,
        column,
        doc: clean(doc),
        steady_state: texts(steady_state),
        hypothesis: texts(hypothesis),
        guards: texts(abort_if),
        profiles: words(options.profiles),
        requires: options.requires.iter().map(|requirement| requirement.name().to_owned()).collect(),
        uses: words(options.uses),
        known_weakness: options.known_weakness.map(|weakness| CatalogueWeakness {
            id: clean(weakness.id),
            urgency: weakness.urgency,
            fix_by: weakness.fix_by.to_owned(),
            owner: weakness.owner.map(clean),
        }),
        parallel: options.parallel,
        exclusive: words(options.exclusive),
        seed: options.seed,
        confidence: options.confidence,
        timeout_us: options.timeout.and_then(|timeout| u64::try_from(timeout.as_micros()).ok()),
        ignored: entry.ignored.map(clean),
        should_panic: entry.should_panic.map(clean),
        calls: words(calls),
    }
}

fn clean(text: &str) -> String {
    text::clean(text).into_owned()
}

/// How a test binary is asked for its catalogue before its `main`, and how it answers.
pub(crate) mod question {
    use std::ffi::{OsStr, OsString};
    use std::process::{Command, Stdio};

    /// `argv[0]`.
    const NAME: &str = "chaos-catalogue";
    /// `argv[1]`; `argv[2]` is the highest version of the format that the asker reads.
    const SCHEMA: &str = "--schema";

    /// The command that asks the test binary `executable`.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) fn ask(executable: &std::path::Path) -> Command {
        let mut command = Command::new(executable);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, NAME);
        command.args([SCHEMA, &crate::report::catalogue::CATALOGUE_VERSION.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Whether these are the arguments of a process that is asked. What version it is asked for does not matter yet:
    /// there is one.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) fn is_asked(arguments: &[OsString]) -> bool {
        let [name, schema, version] = arguments else { return false };
        let is_number = |text: &str| text.parse::<u32>().is_ok();
        name == OsStr::new(NAME) && schema == OsStr::new(SCHEMA) && version.to_str().is_some_and(is_number)
    }

    /// Prints the catalogue as one line. Returns the exit status.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) fn answer() -> i32 {
        use std::io::Write as _;
        let catalogue = super::Catalogue::of_this_binary();
        let Ok(mut line) = serde_json::to_vec(&catalogue) else { return 1 };
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        i32::from(out.write_all(&line).and_then(|()| out.flush()).is_err())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_the_whole_command_line_is_the_question() {
            let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
            assert!(is_asked(&words(&["chaos-catalogue", "--schema", "1"])));
            for other in [
                &["shop-0123", "--schema", "1"][..],
                &["chaos-catalogue", "--schema"],
                &["chaos-catalogue", "--schema", "one"],
                &["chaos-catalogue", "--schema", "1", "more"],
                &["chaos-catalogue", "--exact", "1"],
                &[],
            ] {
                assert!(!is_asked(&words(other)), "{other:?}");
            }
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn this_very_test_binary_answers_before_its_main() {
            let output = ask(&std::env::current_exe().unwrap()).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let catalogue = crate::report::catalogue::Catalogue::parse(&output.stdout).unwrap();
            assert_eq!(catalogue, crate::report::catalogue::Catalogue::of_this_binary());
        }
    }
}
