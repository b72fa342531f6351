//! Text on its way out: the one gate through which everything passes that a record, a JUnit file or a
//! terminal shows.
//!
//! What child processes and servers say is not under our control: terminal sequences, NUL bytes and
//! characters that no XML file may hold. [`clean`] takes them out; [`publish`] and [`tell`] take
//! [secrets](crate::secret) out as well. What is published is never redacted again, so that the names of tests, which
//! are no secrets, stay whole.

use super::journal::{
    ClaimRecord, Event, ExperimentInfo, FailureSample, FaultRecord, Finding, Journal, LatencySummary, LedgerIds,
    LedgerRecord, LoadRecord, OutputRecord, PhaseStats, ProbeRecord, Reason, Revision, RollbackRecord, RunInfo,
};
use crate::secret::redact;
use std::borrow::Cow;

/// Stands for a character that can't be shown.
const REPLACEMENT: char = '\u{FFFD}';

/// The text without terminal sequences and without characters that XML forbids (those become `�`).
/// Line ends become `\n`; tabs and line feeds stay. Cleaning twice changes nothing more.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_foul) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1B}' => skip_sequence(&mut chars),
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            c if is_foul(c) => out.push(REPLACEMENT),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// What is told at once, without a journal: cleaned, and without secrets.
pub(crate) fn tell(text: &str) -> String {
    redact(&clean(text)).into_owned()
}

/// One line: cleaned, white space collapsed, at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let joined = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= most {
        return joined;
    }
    let mut short: String = joined.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The cleaned text, at most about `most` bytes of it: the middle of a longer one is left out.
pub(crate) fn capped(text: &str, most: usize) -> Cow<'_, str> {
    let text = clean(text);
    if text.len() <= most {
        return text;
    }
    let (mut head, mut tail) = (most / 2, text.len() - most / 2);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    let left_out = tail - head;
    Cow::Owned(format!("{}\n… {left_out} bytes left out …\n{}", &text[..head], &text[tail..]))
}

/// The journal as it may be written and shown: every text cleaned and without secrets, every number finite.
pub(crate) fn publish(journal: &Journal) -> Journal {
    let mut published = journal.clone();
    each_text(&mut published, &mut |text, origin| {
        if let Cow::Owned(cleaned) = clean(text) {
            *text = cleaned;
        }
        if origin == Origin::Run
            && let Cow::Owned(redacted) = redact(text)
        {
            *text = redacted;
        }
    });
    for output in &mut published.outputs {
        if let Cow::Owned(redacted) = redact(&output.lines.join("\n")) {
            output.lines = redacted.lines().map(str::to_owned).collect();
            // A secret of several lines is one line now.
            if output.lines.len() != output.at_us.len() {
                output.at_us.clear();
            }
        }
    }
    // JSON has no NaN: it would be written as null, which no reader takes for a mean.
    for stats in published.loads.iter_mut().flat_map(|load| &mut load.phases) {
        let PhaseStats { response, failure_response, service, lag, queue, .. } = stats;
        for summary in [response, failure_response, service, lag, queue] {
            if !summary.mean_us.is_finite() {
                summary.mean_us = 0.0;
            }
        }
    }
    published
}

/// Line feeds and tabs are fine; `\r` is not, as XML readers change it.
fn is_foul(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Skips what follows an ESC: a control sequence, a string up to its terminator, or one character.
/// Never goes past the end of the line, so that a stray ESC can't swallow the rest of a log.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
            chars.next_if(|c| matches!(c, '@'..='~'));
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next_if(|&c| c != '\n') {
                if c == '\u{7}' || (c == '\u{1B}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some('(' | ')' | '#' | ' ') => {
            chars.next();
            chars.next_if(|c| c.is_ascii_graphic());
        }
        Some(c) if c.is_ascii_graphic() => {
            chars.next();
        }
        _ => {}
    }
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The source code, or this crate itself: it must stay as it is, and a secret that it seems to hold is none.
    Build,
    /// What a child process wrote: searched as a whole, since some secrets have many lines.
    Output,
    /// Whatever else happened.
    Run,
}

/// Calls `f` on every text of a journal. Names every field, so that a new one can't be forgotten.
fn each_text(journal: &mut Journal, f: &mut impl FnMut(&mut String, Origin)) {
    let Journal {
        schema: _,
        experiment: ExperimentInfo { name, package, binary, file, line: _, column: _, doc },
        run: RunInfo { id, profile, seed: _, started_at, host, os, version, confidence: _, revision },
        verdict: _,
        reasons,
        notes,
        duration_us: _,
        phases: _,
        faults,
        claims,
        loads,
        probes,
        ledgers,
        events,
        rollback,
        outputs,
        finding,
        replay,
    } = journal;
    for text in [name, package, binary, file, started_at, os, version, replay] {
        f(text, Origin::Build);
    }
    if let Some(Revision { commit, dirty: _, branch, tag }) = revision {
        for text in std::iter::once(commit).chain(branch).chain(tag) {
            f(text, Origin::Build);
        }
    }
    for load in &mut *loads {
        for PhaseStats { response, failure_response, service, lag, queue, .. } in &mut load.phases {
            for LatencySummary { hdr_v2, .. } in [response, failure_response, service, lag, queue] {
                f(hdr_v2, Origin::Build);
            }
        }
    }
    for OutputRecord { target, lines, at_us: _ } in outputs {
        f(target, Origin::Run);
        lines.iter_mut().for_each(|line| f(line, Origin::Output));
    }
    let mut f = |text: &mut String| f(text, Origin::Run);
    for text in [doc, id, profile, host] {
        f(text);
    }
    notes.iter_mut().for_each(&mut f);
    for Reason { kind: _, message, help } in reasons {
        f(message);
        help.iter_mut().for_each(&mut f);
    }
    for fault in faults {
        let FaultRecord { what, target, evidence, one_shot: _, injected_us: _, confirmed_us: _, .. } = fault;
        [what, target, evidence].into_iter().for_each(&mut f);
    }
    for claim in claims {
        let ClaimRecord { text, measured, unit, remark, role: _, judgement: _, value: _, limit: _, .. } = claim;
        [text, measured, unit, remark].into_iter().for_each(&mut f);
    }
    for load in loads {
        let LoadRecord { name, what, control: _, closed_loop: _, phases: _, bins: _, bin_us: _, failures } = load;
        [name, what].into_iter().for_each(&mut f);
        for FailureSample { class: _, message, phase: _ } in failures {
            f(message);
        }
    }
    for ProbeRecord { name, unit, samples: _, error, period_us: _ } in probes {
        [name, unit].into_iter().for_each(&mut f);
        error.iter_mut().for_each(&mut f);
    }
    for ledger in ledgers {
        let LedgerRecord { name, lost, duplicated, unexpected, resurrected, recovered, error, .. } = ledger;
        f(name);
        error.iter_mut().for_each(&mut f);
        for LedgerIds { count: _, ids } in [lost, duplicated, unexpected, resurrected, recovered] {
            ids.iter_mut().for_each(&mut f);
        }
    }
    for Event { at_us: _, kind: _, text } in events {
        f(text);
    }
    for RollbackRecord { what, target, at_us: _, took_us: _, attempts: _, remark, error, by_hand } in rollback {
        [what, target, by_hand].into_iter().for_each(&mut f);
        remark.iter_mut().chain(error).for_each(&mut f);
    }
    if let Some(Finding { id, urgency: _, owner, fix_by, claims }) = finding {
        for text in [id, owner, fix_by].into_iter().flatten() {
            f(text);
        }
        claims.iter_mut().for_each(&mut f);
    }
}

/// A fault and its target: `latency 300ms on proxy 127.0.0.1:4000`. Own faults may be named like their target.
pub(crate) fn harm(what: &str, target: &str) -> String {
    if what == target { what.to_owned() } else { format!("{what} on {target}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use proptest::prelude::*;

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(clean("P99 was 412 ms\n\tlimit 300 ms – ✗"), Cow::Borrowed(_)));
    }

    #[test]
    fn terminal_sequences_vanish_and_forbidden_characters_show() {
        assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m"), "red");
        assert_eq!(clean("\u{1b}]0;title\u{7}text"), "text");
        assert_eq!(clean("\u{1b}]8;;http://x\u{1b}\\link"), "link");
        assert_eq!(clean("\u{1b}(Btext"), "text");
        assert_eq!(clean("a\0b\u{fffe}c\u{ffff}d\u{9b}e"), "a�b�c�d�e");
        assert_eq!(clean("a\r\nb\rc"), "a\nb\nc");
    }

    #[test]
    fn a_stray_escape_never_swallows_the_next_line() {
        assert_eq!(clean("\u{1b}]0;never ended\nkept"), "\nkept");
        assert_eq!(clean("\u{1b}\nkept"), "\nkept");
        assert_eq!(clean("\u{1b}[\nkept"), "\nkept");
        assert_eq!(clean("at the end\u{1b}"), "at the end");
    }

    #[test]
    fn capped_keeps_both_ends() {
        let text = format!("start{}end", "ä".repeat(10_000));
        let short = capped(&text, 1_000);
        assert!(short.len() < 1_100, "{} bytes", short.len());
        assert!(short.starts_with("startä") && short.ends_with("äend") && short.contains("bytes left out"));
        assert_eq!(capped("short", 1_000), "short");
    }

    #[test]
    fn line_is_one_line_of_the_asked_length() {
        assert_eq!(line(" a\n\tb  c ", 10), "a b c");
        assert_eq!(line("abcdef", 4), "abc…");
    }

    #[test]
    fn publishing_reaches_every_text() {
        for (name, mut journal) in sample::all() {
            each_text(&mut journal, &mut |text, _| text.push('\0'));
            let json = serde_json::to_string(&publish(&journal)).unwrap();
            assert!(!json.contains("\\u0000"), "{name} still holds a NUL");
            // The other direction: no text of the JSON was passed over.
            let marked: serde_json::Value = serde_json::to_value(&journal).unwrap();
            let missed = unmarked(&marked, String::new());
            assert!(missed.is_empty(), "{name}: {missed:?} did not pass the gate");
        }
    }

    #[test]
    fn no_text_of_a_run_keeps_a_secret_and_names_of_tests_stay() {
        let secret = crate::Secret::new("pl4nted-in-every-text");
        for (name, mut journal) in sample::all() {
            let mut marked = 0;
            each_text(&mut journal, &mut |text, origin| {
                if origin != Origin::Build {
                    text.push_str(secret.expose());
                    marked += 1;
                }
            });
            assert!(marked > 3, "{name}: {marked} texts");
            journal.experiment.name.push_str(secret.expose());
            let json = serde_json::to_string(&publish(&journal)).unwrap();
            assert_eq!(json.matches(secret.expose()).count(), 1, "{name}: {json}");
            assert!(json.matches("[redacted]").count() >= marked, "{name}: {json}");
        }
    }

    #[test]
    fn samples_hold_no_secrets() {
        for (name, journal) in sample::all() {
            let json = serde_json::to_string(&publish(&journal)).unwrap();
            assert!(!json.contains("[redacted]"), "{name}: {json}");
        }
    }

    #[test]
    fn a_private_key_in_an_output_is_taken_out_with_all_of_its_lines() {
        let mut journal = sample::passed();
        let lines = ["before", "-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBg", "-----END PRIVATE KEY-----", "after"];
        let lines = lines.map(str::to_owned).to_vec();
        journal.outputs = vec![OutputRecord { target: "process x".into(), lines, at_us: vec![1, 2, 3, 4, 5] }];
        let published = publish(&journal);
        assert_eq!(published.outputs[0].lines, ["before", "[redacted]", "after"]);
        assert!(published.outputs[0].at_us.is_empty(), "no line knows its instant any more");
    }

    /// Paths of the strings that lack the mark; names of closed sets need none.
    fn unmarked(value: &serde_json::Value, path: String) -> Vec<String> {
        const CLOSED: [&str; 8] =
            ["/kind", "/verdict", "/role", "/judgement", "/phase", "/class", "/state", "/urgency"];
        match value {
            serde_json::Value::String(text) if !text.ends_with('\0') && !CLOSED.iter().any(|c| path.ends_with(c)) => {
                vec![path]
            }
            serde_json::Value::Array(items) => items.iter().flat_map(|v| unmarked(v, format!("{path}/_"))).collect(),
            serde_json::Value::Object(map) => {
                map.iter().flat_map(|(key, v)| unmarked(v, format!("{path}/{key}"))).collect()
            }
            _ => vec![],
        }
    }

    #[test]
    fn a_mean_that_is_no_number_does_not_make_the_record_unreadable() {
        let mut journal = sample::passed();
        journal.loads[0].phases[0].lag.mean_us = f64::NAN;
        let json = serde_json::to_string(&publish(&journal)).unwrap();
        assert!(serde_json::from_str::<Journal>(&json).is_ok());
    }

    proptest! {
        #[test]
        fn clean_text_is_legal_in_xml_and_stays_as_it_is(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(once.chars().all(|c| !is_foul(c)));
            prop_assert_eq!(clean(&once).into_owned(), once);
        }
    }
}
