//! Writing the document.

use super::case::{Case, Element, Status};
use super::suite::Suite;
use crate::figure;
use crate::report::text;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::HashSet;
use std::io;

type Xml = Writer<Vec<u8>>;

/// A whole JUnit file. `remarks` (such as records that could not be read) become comments at its top.
pub(crate) fn document<'a>(suites: impl IntoIterator<Item = &'a Suite>, remarks: &[String]) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    for remark in remarks {
        // A comment may neither hold `--` nor end in `-`.
        let remark = text::line(&text::tell(remark), 1_000).replace('-', "\u{2010}");
        xml.write_event(Event::Comment(BytesText::from_escaped(format!(" {remark} "))))?;
    }
    let mut taken = HashSet::new();
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    for (id, suite) in suites.into_iter().enumerate() {
        write_suite(&mut xml, id, suite, &mut taken)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_suite(xml: &mut Xml, id: usize, suite: &Suite, taken: &mut HashSet<(String, String)>) -> io::Result<()> {
    let number = |element| {
        let has = |case: &&Case| case.status.as_ref().is_some_and(|status| status.element == element);
        suite.cases.iter().filter(has).count().to_string()
    };
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
    let names: HashSet<_> = suite.cases.iter().map(|case| (case.classname.clone(), case.name.clone())).collect();
    if names.len() < suite.cases.len() || !names.is_disjoint(taken) {
        write_inside(xml, suite, taken)?;
    } else {
        // The file is made anew for every test of a run, so what does not change is written once.
        let inside = match suite.inside.get() {
            Some(inside) => inside,
            None => {
                let inside = inside(suite)?;
                suite.inside.get_or_init(|| inside)
            }
        };
        xml.get_mut().extend_from_slice(inside);
        taken.extend(names);
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

/// What stands between the tags of a suite in which no name has to be changed.
fn inside(suite: &Suite) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    xml.write_event(Event::Start(BytesStart::new("testsuite")))?;
    let before = xml.get_ref().len();
    write_inside(&mut xml, suite, &mut HashSet::new())?;
    Ok(xml.into_inner().split_off(before))
}

fn write_inside(xml: &mut Xml, suite: &Suite, taken: &mut HashSet<(String, String)>) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in &suite.properties {
        let attributes = [("name", name.clone()), ("value", value.clone())];
        xml.write_event(Event::Empty(element("property", &attributes)))?;
    }
    xml.write_event(Event::End(BytesEnd::new("properties")))?;
    for case in &suite.cases {
        write_case(xml, case, taken)?;
    }
    write_text(xml, BytesStart::new("system-out"), &suite.out)?;
    write_text(xml, BytesStart::new("system-err"), &suite.err)
}

fn write_case(xml: &mut Xml, case: &Case, taken: &mut HashSet<(String, String)>) -> io::Result<()> {
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
    let Some(status) = &case.status else { return xml.write_event(Event::Empty(start)) };
    xml.write_event(Event::Start(start))?;
    write_status(xml, status)?;
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

fn write_text(xml: &mut Xml, start: BytesStart<'_>, content: &str) -> io::Result<()> {
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start.borrow()))?;
    xml.write_event(Event::Text(BytesText::new(&text::clean(content))))?;
    xml.write_event(Event::End(end))
}

fn element<'a>(name: &'a str, attributes: &[(&str, String)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        start.push_attribute((*key, &*text::clean(value)));
    }
    start
}
