//! What a JUnit file says, read by a parser that accepts well-formed XML only.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// A `<testcase>` with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The `name` attribute.
    pub name: String,
    /// `error`, `failure` or `skipped` with its `type`; `None` = passed.
    pub status: Option<(String, String)>,
    /// Earlier attempts: `flakyFailure`, `flakyError`, `rerunFailure` or `rerunError`, each with its `type`.
    pub reruns: Vec<(String, String)>,
}

/// All cases of a file.
///
/// # Panics
/// If it is not well-formed.
pub fn cases(xml: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut cases: Vec<Case> = Vec::new();
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml}")) {
            Event::Start(element) => {
                depth += 1;
                note(&element, &mut cases);
            }
            Event::Empty(element) => note(&element, &mut cases),
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(depth == 0 && xml.trim_end().ends_with("</testsuites>"), "cut off:\n{xml}");
    cases
}

fn note(element: &BytesStart<'_>, cases: &mut Vec<Case>) {
    let attribute = |name: &str| {
        let found = element.try_get_attribute(name).expect("attributes are well-formed");
        found.map(|value| value.value.clone().into_owned()).unwrap_or_default()
    };
    match element.name().as_ref() {
        "testcase" => cases.push(Case { name: attribute("name"), status: None, reruns: Vec::new() }),
        status @ ("error" | "failure" | "skipped") => {
            let status = status.to_owned();
            let case = cases.last_mut().expect("a status stands in a case");
            assert!(case.status.is_none(), "two statuses in {}", case.name);
            case.status = Some((status, attribute("type")));
        }
        rerun @ ("flakyFailure" | "flakyError" | "rerunFailure" | "rerunError") => {
            let case = cases.last_mut().expect("a rerun stands in a case");
            case.reruns.push((rerun.to_owned(), attribute("type")));
        }
        _ => {}
    }
}
