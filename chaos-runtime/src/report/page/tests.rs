use super::run::Part;
use super::{Entry, head, sort, tail};
use crate::report::journal::{Journal, Verdict};
use crate::report::{RecordedExperiment, RecordedRun, sample, snapshot};
use std::path::PathBuf;

fn run(journals: impl IntoIterator<Item = Journal>) -> RecordedRun {
    let experiments = journals.into_iter().map(|journal| RecordedExperiment { journal, path: PathBuf::new() });
    RecordedRun {
        id: "4711".to_owned(),
        path: PathBuf::new(),
        experiments: experiments.collect(),
        unreadable: vec!["x.json was left out: <not a journal>".to_owned()],
    }
}

fn named(name: &str, mut journal: Journal) -> Journal {
    journal.experiment.name = name.to_owned();
    journal
}

/// A line for each element, so that a difference can be looked at.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<") + "\n"
}

#[test]
fn every_ending_reads_as_its_snapshot() {
    for (name, journal) in sample::all() {
        let earlier = if name == "refuted" { vec!["killed".to_owned()] } else { Vec::new() };
        snapshot::check(&format!("page/{name}.html"), &lines(&Part::of(&journal, &earlier, &[]).html));
    }
    let mut parts: Vec<Part> = sample::all().into_iter().map(|(_, journal)| Part::of(&journal, &[], &[])).collect();
    sort(&mut parts, |part| &part.entry);
    let entries: Vec<&Entry> = parts.iter().map(|part| &part.entry).collect();
    let top = head(&entries, &[]);
    snapshot::check("page/top.html", &lines(top.split_once("<header").unwrap().1));
}

#[test]
fn the_first_words_say_whether_it_held() {
    let title = |journals: Vec<Journal>| {
        let page = run(journals).page();
        page.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned()
    };
    let (good, bad) = (sample::passed, sample::refuted);
    assert_eq!(title(vec![good()]), "The experiment passed");
    assert_eq!(title(vec![bad()]), "The experiment was refuted");
    assert_eq!(title(vec![good(), good()]), "All 2 experiments passed");
    assert_eq!(title(vec![good(), bad(), good(), good()]), "1 of 4 experiments failed");
    assert_eq!(title(vec![good(), sample::known_weakness()]), "None of 2 experiments failed");
    assert_eq!(title(vec![good(), sample::running()]), "1 of 2 experiments still running");
    assert_eq!(title(vec![bad(), sample::rollback_failed()]), "2 of 2 experiments failed, and a fault was left behind");
    assert_eq!(title(vec![]), "No experiment was recorded");
}

#[test]
fn what_failed_comes_first_and_is_open() {
    let page = run([
        named("fine", sample::passed()),
        named("lost", sample::rollback_failed()),
        named("false", sample::refuted()),
    ])
    .page();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at(">lost</span>") < at(">false</span>") && at(">false</span>") < at(">fine</span>"), "in the list");
    assert!(at("<h2>lost</h2>") < at("<h2>false</h2>") && at("<h2>false</h2>") < at("<h2>fine</h2>"));
    assert_eq!(page.matches("<details class=\"exp").count(), 3);
    let open = |verdict: Verdict, journal: Journal| {
        let part = Part::of(&journal, &[], &[]);
        assert_eq!(part.entry.verdict, verdict);
        part.html.split('>').next().unwrap().contains(" open")
    };
    assert!(open(Verdict::Refuted, sample::refuted()));
    assert!(open(Verdict::Inconclusive, sample::inconclusive()));
    assert!(!open(Verdict::Passed, sample::passed()));
    assert!(!open(Verdict::KnownWeakness, sample::known_weakness()));
}

#[test]
fn what_a_reader_needs_is_there_without_scripts() {
    for (name, journal) in sample::all() {
        let html = Part::of(&journal, &[], &[]).html;
        // What stands in backticks is marked up; others stay.
        let text = spoken(&html).replace('`', "");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let has = |wanted: &str| {
            let wanted = crate::report::text::clean(wanted).replace('`', "");
            let squeezed = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(&squeezed), "{name} lacks {squeezed:?} in {text}");
        };
        for reason in &journal.reasons {
            has(&reason.message);
            reason.help.iter().for_each(|help| has(help));
        }
        for claim in &journal.claims {
            has(&claim.text);
            has(&claim.measured);
        }
        for fault in &journal.faults {
            has(&fault.evidence);
        }
        for event in &journal.events {
            has(&event.text);
        }
        has(&journal.replay);
    }
}

/// The text of elements, entities resolved.
fn spoken(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_that_a_journal_holds_becomes_markup() {
    const FOUL: &str = "</script></style>--><img src=x onerror=alert(1)>\"'&\u{2028}`\u{1b}[31m\0";
    let mut value = serde_json::to_value(sample::refuted()).unwrap();
    foul(&mut value, "", FOUL);
    let journal: Journal = serde_json::from_value(value).unwrap();
    assert!(journal.reasons[0].message.contains(FOUL));
    let html = Part::of(&journal, &[FOUL.to_owned()], &[]).html;
    assert!(!html.contains("<img") && !html.contains("</style"), "{html}");
    assert_eq!(html.matches("<script").count(), html.matches("</script>").count());
    assert_eq!(html.matches("<script type=\"application/json\">").count(), html.matches("<script").count());
    assert!(!html.contains('\u{2028}') || !json_blocks(&html).iter().any(|block| block.contains('\u{2028}')));
    assert!(!html.contains('\0') && !html.contains('\u{1b}'));
    for block in json_blocks(&html) {
        serde_json::from_str::<serde_json::Value>(block).expect("JSON");
    }
    let entry = Part::of(&journal, &[], &[]).entry;
    let top = head(&[&entry], &[FOUL.to_owned()]);
    assert!(!top.contains("<img") && !top.contains("</script"), "{top}");
}

fn json_blocks(html: &str) -> Vec<&str> {
    html.split("<script type=\"application/json\">")
        .skip(1)
        .map(|rest| rest.split("</script>").next().unwrap())
        .collect()
}

/// Appends to every text whose content is free.
fn foul(value: &mut serde_json::Value, path: &str, with: &str) {
    const CLOSED: [&str; 11] = [
        "/kind",
        "/verdict",
        "/role",
        "/judgement",
        "/phase",
        "/class",
        "/state",
        "/urgency",
        "/hdr_v2",
        "/started_at",
        "/at",
    ];
    match value {
        serde_json::Value::String(text) if !CLOSED.iter().any(|closed| path.ends_with(closed)) => text.push_str(with),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| foul(item, &format!("{path}/_"), with)),
        serde_json::Value::Object(map) => {
            map.iter_mut().for_each(|(key, value)| foul(value, &format!("{path}/{key}"), with));
        }
        _ => {}
    }
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut journal = sample::refuted();
    journal.phases[2].end_us = 0;
    journal.phases[3].start_us = u64::MAX;
    journal.phases[4].end_us = u64::MAX;
    journal.loads[0].bins[3].operations = 0;
    journal.loads[0].bins[4].succeeded = u64::MAX;
    journal.loads[0].bins[5].start_us = u64::MAX;
    journal.loads[0].bin_us = u64::MAX;
    journal.loads[0].phases.pop();
    journal.claims[0].value = Some(f64::NAN);
    journal.claims[1].limit = Some(f64::INFINITY);
    journal.faults[0].injected_us = u64::MAX;
    let html = Part::of(&journal, &[], &[]).html;
    for block in json_blocks(&html) {
        serde_json::from_str::<serde_json::Value>(block).expect("JSON");
    }
    assert!(!html.contains("NaN"));
    journal.duration_us = 0;
    journal.phases.clear();
    assert!(Part::of(&journal, &[], &[]).html.contains("Replay"));
}

#[test]
fn the_page_is_whole_and_asks_for_nothing() {
    let page = run([sample::passed()]).page();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("Left out: </strong>x.json was left out: &lt;not a journal&gt;"), "{}", head(&[], &[]));
    // What would load something, the vendor's own link to its home apart, which is a comment.
    for asks in ["src=\"http", "href=\"http", "url(http", "@import", "fetch(", "XMLHttpRequest", "sendBeacon"] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert!(tail().contains("MIT Licensed"));
}

#[test]
fn an_hour_of_bins_stays_small() {
    let mut journal = sample::refuted();
    let load = &mut journal.loads[0];
    let bins = load.bins.clone();
    load.bins = (0..3_600)
        .map(|i| {
            let mut bin = bins[i as usize % bins.len()].clone();
            (bin.start_us, bin.due, bin.operations) = (i * 1_000_000, 10_000, 10_000 - i % 7);
            (bin.p50_us, bin.p99_us, bin.max_us) = (304_123 + i * 7, 412_345 + i * 11, 712_345 + i * 13);
            bin
        })
        .collect();
    journal.loads = vec![journal.loads[0].clone(); 4];
    journal.duration_us = 3_600_000_000;
    let html = Part::of(&journal, &[], &[]).html;
    assert!(html.len() < 500_000, "{} bytes", html.len());
}
