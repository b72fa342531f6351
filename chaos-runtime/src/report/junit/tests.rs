use super::xml::document;
use super::*;
use crate::report::journal::{Journal, Verdict};
use crate::report::{sample, snapshot, text};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An element as it reads back.
#[derive(Debug, Default)]
struct Node {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn property(&self, name: &str) -> Option<&str> {
        let properties = self.all("properties").next()?;
        properties.all("property").find(|p| p.attributes["name"] == name).map(|p| p.attributes["value"].as_str())
    }
}

/// The root element of a well-formed document.
fn parse(xml: &[u8]) -> Node {
    let xml = std::str::from_utf8(xml).unwrap();
    let mut reader = Reader::from_str(xml);
    let mut stack = vec![Node::default()];
    let node = |start: &BytesStart<'_>| Node {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
                (attribute.key.as_ref().to_owned(), value.into_owned())
            })
            .collect(),
        ..Node::default()
    };
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => stack.push(node(&start)),
            Event::Empty(start) => stack.last_mut().unwrap().children.push(node(&start)),
            Event::End(_) => {
                let done = stack.pop().unwrap();
                stack.last_mut().expect("balanced").children.push(done);
            }
            Event::Text(text) => stack.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*reference)).unwrap().into_owned();
                stack.last_mut().unwrap().text.push_str(&text);
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(stack.len(), 1, "every element is closed");
    stack.pop().unwrap().children.pop().expect("a root element")
}

fn record() -> PathBuf {
    PathBuf::from("/builds/shop/target/chaos/runs/4711-1234567/checkout.json")
}

fn suite(journal: &Journal) -> Suite {
    Suite::of(journal, Life::Ended, &Earlier::default(), &record())
}

/// A sample without a verdict is taken for one whose process was killed.
fn life(journal: &Journal) -> Life {
    if journal.verdict == Verdict::Running { Life::Dead } else { Life::Ended }
}

/// All samples in one file, under names of their own.
fn samples() -> Vec<u8> {
    let mut suites = Vec::new();
    for (name, mut journal) in sample::all() {
        journal.experiment.name = format!("checkout::{}", name.replace('-', "_"));
        let life = life(&journal);
        // Without their journals: a file with reruns is not valid against each of the schemas.
        let verdicts = if name == "passed" { vec!["refuted".to_owned(), "killed".to_owned()] } else { vec![] };
        let earlier = Earlier { verdicts, failed: Vec::new() };
        suites.push(Suite::of(&journal, life, &earlier, &record()));
    }
    document(&suites, &["old.json was left out: -- not a journal -".to_owned()]).unwrap()
}

/// What both schemas and the readers ask for, checked without any tool.
fn assert_conforms(xml: &[u8]) -> Node {
    let root = parse(xml);
    assert_eq!(root.name, "testsuites");
    assert!(root.attributes.is_empty(), "windyroad allows none");
    assert!(xml.len() < 10_000_000);
    let text = std::str::from_utf8(xml).unwrap();
    assert!(
        !text
            .chars()
            .any(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
    );
    let decimal = |time: &str| {
        let (whole, decimals) = time.split_once('.').expect("a point");
        assert!(decimals.len() == 3 && whole.chars().chain(decimals.chars()).all(|c| c.is_ascii_digit()), "{time}");
    };
    let mut seen = HashSet::new();
    for (id, suite) in root.children.iter().enumerate() {
        let order: Vec<_> = suite.children.iter().map(|child| child.name.as_str()).collect();
        let n = order.len();
        assert_eq!(order[0], "properties");
        assert_eq!(&order[n - 2..], ["system-out", "system-err"]);
        assert!(order[1..n - 2].iter().all(|name| *name == "testcase"));
        let attribute = |name: &str| suite.attributes[name].as_str();
        assert_eq!(attribute("id"), id.to_string());
        assert!(!attribute("name").is_empty() && !attribute("hostname").is_empty());
        assert_eq!(attribute("timestamp").len(), 19);
        decimal(attribute("time"));
        let cases: Vec<_> = suite.all("testcase").collect();
        let with = |status| cases.iter().filter(|case| case.all(status).count() > 0).count().to_string();
        assert_eq!(attribute("tests"), cases.len().to_string());
        assert_eq!(attribute("failures"), with("failure"));
        assert_eq!(attribute("errors"), with("error"));
        assert_eq!(attribute("skipped"), with("skipped"));
        for case in cases {
            decimal(&case.attributes["time"]);
            let key = (case.attributes["classname"].clone(), case.attributes["name"].clone());
            assert!(seen.insert(key.clone()), "{key:?} is there twice");
            let is_status = |child: &&Node| matches!(child.name.as_str(), "failure" | "error" | "skipped");
            assert!(case.children.iter().filter(is_status).count() <= 1, "one status at most");
            for status in case.children.iter().filter(is_status) {
                assert_eq!(status.attributes.contains_key("type"), status.name != "skipped");
                assert!(!status.attributes["message"].is_empty());
            }
        }
        let attachments =
            |text: &str| text.lines().filter(|line| line.starts_with("[[ATTACHMENT|") && line.ends_with("]]")).count();
        assert_eq!(attachments(&suite.all("system-out").next().unwrap().text), 1);
    }
    root
}

#[test]
fn every_ending_reads_as_its_snapshot() {
    let xml = samples();
    assert_conforms(&xml);
    snapshot::check("junit.xml", std::str::from_utf8(&xml).unwrap());
}

#[test]
fn both_published_schemas_accept_it() {
    let dir = tempfile::tempdir().unwrap();
    let empty = document([], &[]).unwrap();
    let wild = document(&[suite(&wild("\u{1b}[0m\0\u{fffe}]]><&\"'\r\n  \t"))], &[]).unwrap();
    let both = ["jenkins-xunit-junit-10.xsd", "windyroad-JUnit.xsd"];
    let (flaky, failed) = (retried(&sample::passed()), retried(&sample::refuted()));
    let files = [
        ("samples", samples(), &both[..]),
        ("empty", empty, &both),
        ("wild", wild, &both),
        // The Ant schema has no element for an earlier attempt.
        ("flaky", flaky, &both[..1]),
        ("failed again", failed, &both[..1]),
    ];
    for (name, xml, schemas) in files {
        let file = dir.path().join(format!("{name}.xml"));
        std::fs::write(&file, xml).unwrap();
        for schema in schemas {
            let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/junit-xsd").join(schema);
            if !is_valid(&file, &schema) {
                return;
            }
        }
    }
}

/// Panics where the file is not valid; false where this can't be told here.
fn is_valid(file: &Path, schema: &Path) -> bool {
    let ran = Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).arg(file).output();
    match ran {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{} against {}:\n{said}", file.display(), schema.display());
            true
        }
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: JUnit was not checked against its schemas: xmllint: {error} (install libxml2-utils)");
            false
        }
        Err(error) => panic!("xmllint: {error}\nhelp: install libxml2-utils (Debian), libxml2 elsewhere"),
    }
}

/// All samples, the first of them with earlier attempts, in the files of a profile.
fn in_profile(profile: JunitProfile) -> Vec<JunitFile> {
    let failed = [sample::refuted(), sample::panicked()];
    let verdicts = failed.iter().map(|journal| journal.verdict.name().to_owned()).collect();
    let earlier = Earlier { verdicts, failed: failed.into_iter().map(|journal| (journal, record())).collect() };
    let suites = sample::all().into_iter().enumerate().map(|(at, (name, journal))| {
        let none = Earlier::default();
        let earlier = if at == 0 { &earlier } else { &none };
        (name.to_owned(), Suite::of(&journal, life(&journal), earlier, &record()))
    });
    let wild = suite(&wild("\u{1b}[0m\0\u{fffe}]]><&\"'\r\n  \t"));
    let twin = suite(&sample::passed());
    let suites = suites.chain([("wild".to_owned(), wild), ("passed".to_owned(), twin)]).collect();
    files(profile, "4711-1234567", suites, &["a -- remark".to_owned()])
}

#[test]
fn every_profile_is_valid_against_its_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/junit-xsd");
    for (profile, against) in [
        (JunitProfile::Strict, &["jenkins-xunit-junit-10.xsd", "windyroad-JUnit.xsd"][..]),
        (JunitProfile::Surefire, &["surefire-test-report.xsd"]),
    ] {
        let files = in_profile(profile);
        let names: HashSet<_> = files.iter().map(|file| &file.name).collect();
        assert_eq!(names.len(), files.len(), "no file replaces another: {names:?}");
        for JunitFile { name, xml } in &files {
            let file = dir.path().join(name);
            std::fs::write(&file, xml).unwrap();
            if !against.iter().all(|schema| is_valid(&file, &schemas.join(schema))) {
                return;
            }
        }
    }
}

#[test]
fn reruns_are_elements_where_the_schema_has_them() {
    let text = |profile| in_profile(profile).into_iter().map(|file| file.xml).collect::<String>();
    let strict = text(JunitProfile::Strict);
    assert!(!strict.contains("<flaky") && !strict.contains("<rerun"), "windyroad has none");
    assert!(strict.contains(r#"<property name="attempts" value="2 earlier attempts in this run: refuted, errored"/>"#));
    for profile in [JunitProfile::Surefire, JunitProfile::Nextest] {
        assert_eq!(text(profile).matches("<flakyFailure ").count(), 1, "{profile:?}");
        assert_eq!(text(profile).matches("<flakyError ").count(), 1, "{profile:?}");
    }
}

#[test]
fn surefire_has_a_file_for_each_experiment_and_nextest_totals() {
    let surefire = in_profile(JunitProfile::Surefire);
    assert_eq!(surefire.len(), sample::all().len() + 2);
    assert_eq!(surefire[0].name, "TEST-passed.xml");
    assert_eq!(surefire.last().unwrap().name, "TEST-passed-2.xml", "equal names get numbers");
    for file in &surefire {
        let root = parse(file.xml.as_bytes());
        assert_eq!(root.name, "testsuite");
        let first = root.all("testcase").next().unwrap();
        assert!(first.all("system-out").next().is_some_and(|out| out.text.contains("[[ATTACHMENT|")), "{}", file.name);
    }
    let nextest = parse(in_profile(JunitProfile::Nextest)[0].xml.as_bytes());
    for total in ["tests", "failures", "errors", "skipped"] {
        let sum: usize = nextest.children.iter().map(|suite| suite.attributes[total].parse::<usize>().unwrap()).sum();
        assert_eq!(nextest.attributes[total], sum.to_string(), "{total}");
    }
}

#[test]
fn every_verdict_has_the_status_of_the_table() {
    let expected = [
        ("passed", None),
        ("refuted", Some(("failure", Some("hypothesis")))),
        ("unsteady", Some(("error", Some("steady-state")))),
        ("inconclusive", Some(("error", Some("inconclusive")))),
        ("guard", Some(("failure", Some("guard")))),
        ("interrupted", Some(("error", Some("interrupted")))),
        ("panicked", Some(("error", Some("panic")))),
        ("rollback-failed", Some(("error", Some("rollback")))),
        ("known-weakness", Some(("skipped", None))),
        ("skipped", Some(("skipped", None))),
        ("running", Some(("error", Some("killed")))),
        ("killed", Some(("error", Some("killed")))),
        ("control-group", None),
        ("probes", Some(("error", Some("inconclusive")))),
        ("ledger", Some(("failure", Some("hypothesis")))),
        ("failover", None),
        ("several-faults", Some(("failure", Some("hypothesis")))),
        ("hostile", Some(("failure", Some("hypothesis")))),
    ];
    let samples: BTreeMap<_, _> = sample::all().into_iter().collect();
    assert_eq!(samples.len(), expected.len());
    for (name, status) in expected {
        let journal = &samples[name];
        let xml = document(&[Suite::of(journal, life(journal), &Earlier::default(), &record())], &[]).unwrap();
        let root = assert_conforms(&xml);
        let case = root.children[0].all("testcase").next().unwrap();
        assert_eq!(
            case.attributes["name"],
            text::line(&journal.experiment.name, 500),
            "the experiment's own case comes first"
        );
        let found = case.children.first();
        let found_status = found.map(|s| (s.name.as_str(), s.attributes.get("type").map(String::as_str)));
        assert_eq!(found_status, status, "{name}");
        let red = root.children[0].all("testcase").any(|case| case.children.iter().any(|s| s.name != "skipped"));
        assert_eq!(red, !journal.verdict.is_ok(), "{name}: as red as cargo test");
        if let Some(status) = found {
            assert!(status.text.contains("shop/tests/resilience/checkout.rs:14:10"), "{name}: {}", status.text);
            assert_eq!(status.text.lines().filter(|l| l.starts_with("[[ATTACHMENT|")).count(), 1, "{name}");
        }
    }
}

/// A file in which a test has this last attempt, after some that failed.
fn retried(last: &Journal) -> Vec<u8> {
    let failed = [sample::refuted(), sample::panicked(), sample::running(), sample::rollback_failed()];
    let verdicts = failed.iter().map(|journal| journal.verdict.name().to_owned()).collect();
    let failed = failed.into_iter().map(|journal| (journal, record().with_extension("1.json"))).collect();
    document(&[Suite::of(last, Life::Ended, &Earlier { verdicts, failed }, &record())], &[]).unwrap()
}

#[test]
fn earlier_attempts_are_flaky_ones_or_reruns() {
    let lasts = [
        (sample::passed(), vec!["flakyFailure", "flakyError", "flakyError", "flakyError"]),
        (sample::known_weakness(), vec!["flakyFailure", "skipped", "flakyError", "flakyError", "flakyError"]),
        (sample::refuted(), vec!["failure", "rerunFailure", "rerunError", "rerunError", "rerunError"]),
        (sample::panicked(), vec!["rerunFailure", "error", "rerunError", "rerunError", "rerunError"]),
    ];
    for (last, expected) in lasts {
        let root = assert_conforms(&retried(&last));
        let case = root.children[0].all("testcase").next().unwrap();
        // Surefire's schema is strict about the order, which is why it is not that of the attempts.
        let found: Vec<_> = case.children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(found, expected);
        let others = root.children[0].all("testcase").skip(1);
        assert!(others.flat_map(|case| &case.children).all(|child| !child.name.starts_with("rerun")));
        for rerun in
            case.children.iter().filter(|child| child.name.ends_with("Error") || child.name.ends_with("Failure"))
        {
            let parts: Vec<_> = rerun.children.iter().map(|child| child.name.as_str()).collect();
            assert_eq!(parts, ["stackTrace", "system-out"]);
            assert!(!rerun.attributes["message"].is_empty() && !rerun.attributes["type"].is_empty());
            assert!(rerun.children[0].text.contains("replay: ") && rerun.children[1].text.contains("seed"));
        }
        let kinds = case.children.iter().filter(|child| child.name.ends_with("Error"));
        assert_eq!(
            kinds.map(|child| child.attributes["type"].as_str()).collect::<Vec<_>>(),
            ["panic", "killed", "rollback"]
        );
    }
}

#[test]
fn a_test_that_still_runs_is_not_green() {
    let xml = document(&[Suite::of(&sample::running(), Life::Alive, &Earlier::default(), &record())], &[]).unwrap();
    let root = assert_conforms(&xml);
    let status = &root.children[0].all("testcase").next().unwrap().children[0];
    assert_eq!((status.name.as_str(), status.attributes["type"].as_str()), ("error", "killed"));
    assert!(status.text.contains("still running") && status.text.contains("replay: "), "{}", status.text);
}

#[test]
fn the_broken_claims_are_the_red_ones() {
    let root = assert_conforms(&document(&[suite(&sample::refuted())], &[]).unwrap());
    let red: Vec<_> = root.children[0].all("testcase").filter(|case| case.all("failure").count() > 0).collect();
    let names: Vec<_> = red.iter().map(|case| case.attributes["name"].as_str()).collect();
    assert_eq!(
        names,
        [
            "checkout::survives_slow_inventory",
            "checkout::survives_slow_inventory: hypothesis during(success_rate >= 99%)",
            "checkout::survives_slow_inventory: hypothesis during(p99 < 800ms)"
        ]
    );
    assert!(red[1].children[0].attributes["message"].contains("measured 91.84 %, limit 99 %"));
}

#[test]
fn figures_are_there_as_properties() {
    let root = assert_conforms(&samples());
    let passed = &root.children[0];
    assert_eq!(passed.property("seed"), Some("42"));
    assert_eq!(passed.property("load.checkout.fault.p99_seconds"), Some("0.412000"));
    assert_eq!(passed.property("fault.1.recovery_seconds"), Some("1.950"));
    assert_eq!(passed.property("attempts"), Some("2 earlier attempts in this run: refuted, killed"));
    assert_eq!(passed.property("replay"), Some(sample::passed().replay.as_str()));
}

#[test]
fn equal_names_get_numbers() {
    let mut journal = sample::passed();
    let twin = journal.claims[3].clone();
    journal.claims.push(twin);
    let xml = document(&[suite(&journal), suite(&journal)], &[]).unwrap();
    assert_conforms(&xml);
    assert!(String::from_utf8(xml).unwrap().contains("during(p99 &lt; 800ms) #4"));
}

#[test]
fn long_texts_are_cut_and_the_attachment_is_not() {
    let xml = document(&[suite(&wild(&"long ".repeat(40_000)))], &[]).unwrap();
    assert!(xml.len() < 1_000_000, "{} bytes", xml.len());
    assert_conforms(&xml);
}

/// A refuted journal with `text` wherever there is text.
fn wild(text: &str) -> Journal {
    let mut journal = sample::rollback_failed();
    let text = || text.to_owned();
    journal.experiment.name = text();
    journal.experiment.package = text();
    journal.experiment.binary = text();
    journal.experiment.doc = text();
    journal.run.host = text();
    journal.run.started_at = text();
    journal.run.id = text();
    journal.replay = text();
    journal.reasons[0].message = text();
    journal.reasons[0].help = Some(text());
    journal.notes = vec![text()];
    journal.faults[0].evidence = text();
    journal.loads[0].name = text();
    journal.loads[0].failures[0].message = text();
    journal.outputs[0].lines = vec![text()];
    journal.rollback[0].error = Some(text());
    for claim in &mut journal.claims {
        claim.text = text();
        claim.measured = text();
        claim.unit = text();
        claim.remark = text();
    }
    journal
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_text_holds_the_file_is_whole_and_says_it(wild_text in any::<String>()) {
        let journal = wild(&wild_text);
        let xml = document(&[suite(&journal)], std::slice::from_ref(&wild_text)).unwrap();
        let root = assert_conforms(&xml);
        let suite = &root.children[0];
        let one_line = text::line(&wild_text, 2_000);
        prop_assert_eq!(suite.property("replay"), Some(one_line.as_str()));
        prop_assert_eq!(suite.property("fault.1.evidence"), Some(one_line.as_str()));
        let err = &suite.all("system-err").next().unwrap().text;
        let cleaned = text::clean(&wild_text);
        prop_assert!(err.contains(cleaned.as_ref()), "{err:?} lacks {cleaned:?}");
    }

    #[test]
    fn whatever_the_figures_are_times_are_decimal(us in any::<u64>(), value in any::<f64>()) {
        let mut journal = sample::refuted();
        journal.duration_us = us;
        journal.phases[1].end_us = us;
        journal.claims[0].value = Some(value);
        journal.claims[0].limit = Some(value);
        assert_conforms(&document(&[suite(&journal)], &[]).unwrap());
    }
}
