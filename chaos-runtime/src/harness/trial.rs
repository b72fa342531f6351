//! One chaos test as libtest-mimic runs it: once or several times, judged as libtest would.

use crate::catalogue::Entry;
use crate::experiment::run::{Outcome, carry_out};
use crate::report::journal::Verdict;
use crate::report::text;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::num::NonZeroU32;

/// The test of this entry.
pub(super) fn of(entry: &'static Entry, repeat: NonZeroU32, arguments: &Arguments) -> Trial {
    let name = entry.spec.test_name();
    let left_out = entry.ignored.filter(|_| !(arguments.ignored || arguments.include_ignored || arguments.list));
    if let Some(reason) = left_out {
        // A flag would leave it out too, but without the reason.
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        return Trial::ignorable_test(name, move || Ok(Completion::Ignored { reason }));
    }
    let named = name.clone();
    let test = Trial::ignorable_test(name, move || repeated(entry, &named, repeat.get()));
    test.with_ignored_flag(entry.ignored.is_some())
}

/// Runs the test until it fails, at most so many times.
fn repeated(entry: &Entry, name: &str, times: u32) -> Result<Completion, Failed> {
    let mut completion = Completion::Completed;
    for repetition in 1..=times {
        let outcome = carry_out((entry.experiment)());
        let judged = judge(entry.should_panic, &outcome);
        if times == 1 {
            return judged.map_err(Failed::from);
        }
        let (verdict, seed) = (outcome.journal.verdict.name(), outcome.journal.run.seed);
        let which = format!("repetition {repetition} of {times}, with seed {seed}");
        eprintln!("chaos {name}: {which}: {verdict}");
        completion = judged.map_err(|why| Failed::from(format!("{which}\n{why}")))?;
    }
    Ok(completion)
}

/// What libtest would say. The report has been shown already; what fails says why, and where to read on.
fn judge(should_panic: Option<&str>, outcome: &Outcome) -> Result<Completion, String> {
    let journal = text::publish(&outcome.journal);
    match (should_panic, journal.verdict.is_ok()) {
        (None, true) if journal.verdict == Verdict::Skipped => {
            Ok(Completion::Ignored { reason: journal.reasons.first().map(|reason| reason.message.clone()) })
        }
        (None, true) => Ok(Completion::Completed),
        (None, false) => {
            let mut lines = vec![journal.verdict.name().to_uppercase()];
            lines.extend(journal.reasons.iter().map(|reason| format!("  {}", reason.message)));
            lines.push(format!("  replay   {}", journal.replay));
            lines.extend(outcome.record.iter().map(|path| format!("  journal  {}", path.display())));
            lines.push("  its report stands where the test ended, above".to_owned());
            Err(lines.join("\n"))
        }
        (Some(_), true) => Err("test did not panic as expected".to_owned()),
        (Some(expected), false) if outcome.report.contains(expected) => Ok(Completion::Completed),
        (Some(expected), false) => Err(format!("the report does not contain what was expected: {expected:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn outcome(journal: crate::report::journal::Journal) -> Outcome {
        Outcome { journal, report: "REFUTED, said the report".into(), record: Some("chaos/x.json".into()) }
    }

    #[test]
    fn a_failure_says_why_and_where_to_read_on() {
        assert!(matches!(judge(None, &outcome(sample::passed())), Ok(Completion::Completed)));
        let journal = sample::refuted();
        let (reason, replay) = (journal.reasons[0].message.clone(), journal.replay.clone());
        let Err(why) = judge(None, &outcome(journal)) else { panic!("it is refuted") };
        assert!(why.starts_with("REFUTED\n"), "{why}");
        for part in [reason.as_str(), &replay, "chaos/x.json"] {
            assert_eq!(why.matches(part).count(), 1, "{part}: {why}");
        }
        assert!(!why.contains("said the report"), "{why}");
    }

    #[test]
    fn a_skip_is_ignored_with_its_reason() {
        let Ok(Completion::Ignored { reason }) = judge(None, &outcome(sample::skipped())) else { panic!("skipped") };
        assert_eq!(reason, Some(sample::skipped().reasons[0].message.clone()));
    }

    #[test]
    fn an_expected_panic_is_the_report() {
        let judged = |expected, journal| judge(Some(expected), &outcome(journal)).is_ok();
        assert!(judged("", sample::refuted()) && judged("REFUTED", sample::refuted()));
        assert!(!judged("ABORTED", sample::refuted()) && !judged("", sample::passed()));
    }
}
