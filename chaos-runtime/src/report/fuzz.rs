//! From the bytes of a record to every report, with what must be true of any bytes.

use super::journal::Journal;
use super::junit::{self, Earlier, Life, Suite};
use super::terminal::{self, Style};
use super::{run, text};
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use std::path::Path;

/// Whatever is taken for a journal survives being written, and its reports are fit to be read.
pub(crate) fn record(bytes: &[u8]) {
    // A remark is part of the JUnit file, too.
    let journal = match run::parse("record.json", bytes) {
        Ok(journal) => journal,
        Err(remark) => return legal(&junit::document([], &[remark]).expect("memory takes all bytes")),
    };
    let published = text::publish(&journal);
    let json = serde_json::to_vec(&published).expect("a journal can be written");
    let again: Journal = serde_json::from_slice(&json).expect("a written journal can be read");
    assert!(again == published, "a record is not read as it was written");
    assert!(text::publish(&again) == again, "publishing twice changes something");
    let path = Path::new("/reports/record.json");
    let earlier = Earlier { verdicts: vec!["killed".to_owned()], failed: vec![(journal.clone(), path.to_owned())] };
    for life in [Life::Ended, Life::Alive, Life::Dead] {
        let suite = Suite::of(&journal, life, &earlier, path);
        // Twice, as a name that is taken makes another one.
        legal(&junit::document([&suite, &suite], &[]).expect("memory takes all bytes"));
    }
    for style in [
        Style::PLAIN,
        Style { width: 60, color: false, ..Style::PLAIN },
        Style { width: 200, color: true, ..Style::PLAIN },
    ] {
        let report = terminal::render(&journal, Some(path), style);
        let loud = terminal::render_loud(&journal, style).unwrap_or_default();
        if !style.color {
            assert!(!(report + &loud).contains('\u{1b}'), "a terminal sequence got through");
        }
    }
}

/// Well-formed, and without characters that XML forbids, escaped ones included.
fn legal(xml: &[u8]) {
    let xml = std::str::from_utf8(xml).expect("XML is written in UTF-8");
    assert!(!xml.contains(is_forbidden), "a forbidden character:\n{xml}");
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_comments = true;
    let mut open = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml}")) {
            Event::Start(start) => {
                open += 1;
                attributes(&start);
            }
            Event::Empty(start) => attributes(&start),
            Event::End(_) => open -= 1,
            Event::GeneralRef(reference) => {
                let referred = reference.resolve_char_ref().expect("a reference to a character");
                assert!(!referred.is_some_and(is_forbidden), "a forbidden character, escaped:\n{xml}");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, 0, "an element is not closed:\n{xml}");
}

fn attributes(start: &quick_xml::events::BytesStart<'_>) {
    for attribute in start.attributes() {
        let attribute = attribute.expect("no attribute stands there twice");
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("a value without stray `&`");
        assert!(!value.contains(is_forbidden), "a forbidden character in {value:?}");
    }
}

/// What production `Char` of XML 1.0 leaves out.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
