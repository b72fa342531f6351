//! Writing the document.

use super::case::{Case, Element, Status};
use super::rerun::Rerun;
use super::suite::Suite;
use crate::figure;
use crate::report::text;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::HashSet;
use std::io;

pub(super) type Xml = Writer<Vec<u8>>;

/// Classes and names of the cases that a file has.
pub(crate) type Names = HashSet<(String, String)>;

/// What comes after the suites.
pub(crate) const TAIL: &[u8] = b"\n</testsuites>\n";

/// What comes before the suites. `remarks` (such as records that could not be read) become comments at its top.
pub(crate) fn head(remarks: &[String]) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write_remarks(&mut xml, remarks)?;
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    Ok(xml.into_inner())
}

pub(super) fn write_remarks(xml: &mut Xml, remarks: &[String]) -> io::Result<()> {
    for remark in remarks {
        // A comment may neither hold `--` nor end in `-`.
        let remark = text::line(&text::tell(remark), 1_000).replace('-', "\u{2010}");
        xml.write_event(Event::Comment(BytesText::from_escaped(format!(" {remark} "))))?;
    }
    Ok(())
}

/// A suite as it stands in the file, where it is number `id`; equal names in `taken` get numbers.
pub(crate) fn suite(id: usize, suite: &Suite, taken: &mut Names) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    let before = xml.get_ref().len();
    write_suite(&mut xml, id, suite, taken)?;
    Ok(xml.into_inner().split_off(before))
}

/// A whole file.
pub(crate) fn document<'a>(suites: impl IntoIterator<Item = &'a Suite>, remarks: &[String]) -> io::Result<Vec<u8>> {
    let mut xml = head(remarks)?;
    let mut taken = Names::new();
    for (id, one) in suites.into_iter().enumerate() {
        xml.extend(suite(id, one, &mut taken)?);
    }
    xml.extend(TAIL);
    Ok(xml)
}

fn write_suite(xml: &mut Xml, id: usize, suite: &Suite, taken: &mut Names) -> io::Result<()> {
    let number = |element| suite.number(element).to_string();
    let attributes = [
        ("name", suite.name.clone()),
        ("package", suite.package.clone()),
        ("id", id.to_string()),
        ("hostname", suite.hostname.clone()),
        ("timestamp", suite.timestamp.clone()),
        ("tests", suite.cases.len().to_string()),
        ("failures", number(Element::Failure)),
        ("errors", number(Element::Error)),
        ("skipped", number(Element::Skipped)),
        ("time", figure::seconds(suite.duration_us)),
    ];
    xml.write_event(Event::Start(element("testsuite", &attributes)))?;
    write_inside(xml, suite, taken)?;
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn write_inside(xml: &mut Xml, suite: &Suite, taken: &mut Names) -> io::Result<()> {
    write_properties(xml, suite)?;
    for case in &suite.cases {
        write_case(xml, case, taken, None)?;
    }
    write_text(xml, BytesStart::new("system-out"), &suite.out)?;
    write_text(xml, BytesStart::new("system-err"), &suite.err)
}

pub(super) fn write_properties(xml: &mut Xml, suite: &Suite) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in &suite.properties {
        let attributes = [("name", name.clone()), ("value", value.clone())];
        xml.write_event(Event::Empty(element("property", &attributes)))?;
    }
    xml.write_event(Event::End(BytesEnd::new("properties")))
}

/// A case; `streams` are those of its suite, where the suite itself can't have them.
pub(super) fn write_case(
    xml: &mut Xml,
    case: &Case,
    taken: &mut Names,
    streams: Option<(&str, &str)>,
) -> io::Result<()> {
    // Readers that keep a history take (classname, name) for the identity of a test.
    let mut name = case.name.clone();
    let mut n = 1;
    while !taken.insert((case.classname.clone(), name.clone())) {
        n += 1;
        name = format!("{} #{n}", case.name);
    }
    let attributes =
        [("name", name), ("classname", case.classname.clone()), ("time", figure::seconds(case.duration_us))];
    let start = element("testcase", &attributes);
    if case.status.is_none() && case.reruns.is_empty() && streams.is_none() {
        return xml.write_event(Event::Empty(start));
    }
    xml.write_event(Event::Start(start))?;
    // Surefire's order: each status is followed by the earlier attempts of its kind.
    for element in [Element::Failure, Element::Skipped, Element::Error] {
        if let Some(status) = case.status.as_ref().filter(|status| status.element == element) {
            write_status(xml, status)?;
        }
        for rerun in case.reruns.iter().filter(|rerun| rerun.element == element) {
            write_rerun(xml, rerun, &case.status)?;
        }
    }
    if let Some((out, err)) = streams {
        write_text(xml, BytesStart::new("system-out"), out)?;
        write_text(xml, BytesStart::new("system-err"), err)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

fn write_status(xml: &mut Xml, status: &Status) -> io::Result<()> {
    let name = match status.element {
        Element::Failure => "failure",
        Element::Error => "error",
        Element::Skipped => "skipped",
    };
    let mut start = BytesStart::new(name);
    if status.element != Element::Skipped {
        start.push_attribute(("type", status.kind.as_str()));
    }
    start.push_attribute(("message", &*text::clean(&status.message)));
    write_text(xml, start, &status.body)
}

fn write_rerun(xml: &mut Xml, rerun: &Rerun, at_last: &Option<Status>) -> io::Result<()> {
    let ended_well = at_last.as_ref().is_none_or(|status| status.element == Element::Skipped);
    let name = match (ended_well, rerun.element) {
        (true, Element::Failure) => "flakyFailure",
        (true, _) => "flakyError",
        (false, Element::Failure) => "rerunFailure",
        (false, _) => "rerunError",
    };
    let attributes = [("message", rerun.message.clone()), ("type", rerun.kind.clone())];
    xml.write_event(Event::Start(element(name, &attributes)))?;
    write_text(xml, BytesStart::new("stackTrace"), &rerun.trace)?;
    write_text(xml, BytesStart::new("system-out"), &rerun.report)?;
    xml.write_event(Event::End(BytesEnd::new(name)))
}

pub(super) fn write_text(xml: &mut Xml, start: BytesStart<'_>, content: &str) -> io::Result<()> {
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start.borrow()))?;
    xml.write_event(Event::Text(BytesText::new(&text::clean(content))))?;
    xml.write_event(Event::End(end))
}

pub(super) fn element<'a>(name: &'a str, attributes: &[(&str, String)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        start.push_attribute((*key, &*text::clean(value)));
    }
    start
}
