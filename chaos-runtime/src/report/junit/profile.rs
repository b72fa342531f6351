//! The same results in the shapes that readers ask for. No shape satisfies all: what one schema demands another forbids.

use super::case::Element;
use super::suite::Suite;
use super::xml::{self, Names};
use crate::figure;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, Event};
use std::collections::HashSet;
use std::io;

/// What a JUnit file is to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JunitProfile {
    /// One file that is valid against Jenkins' `junit-10.xsd` and against the Ant schema of Windy Road. Earlier attempts
    /// of a test are told as a property, as the latter has no element for them.
    Strict,
    /// One file as cargo-nextest writes it: totals at the top, instants with their zone, reruns as elements.
    Nextest,
    /// A file for each experiment that is valid against Surefire's `surefire-test-report.xsd`, reruns as elements.
    Surefire,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JunitFile {
    /// Its name: `junit.xml`, or `TEST-….xml`, as Surefire's readers look for.
    pub name: String,
    /// What stands in it.
    pub xml: String,
}

/// The files of a run. Each suite comes with a name that fits in a file's name.
pub(in crate::report) fn files(
    profile: JunitProfile,
    run: &str,
    mut suites: Vec<(String, Suite)>,
    remarks: &[String],
) -> Vec<JunitFile> {
    let one = |xml: io::Result<Vec<u8>>| vec![JunitFile { name: "junit.xml".to_owned(), xml: finished(xml) }];
    match profile {
        JunitProfile::Strict => {
            suites.iter_mut().flat_map(|(_, suite)| &mut suite.cases).for_each(|case| case.reruns.clear());
            one(xml::document(suites.iter().map(|(_, suite)| suite), remarks))
        }
        JunitProfile::Nextest => one(nextest(run, &suites, remarks)),
        JunitProfile::Surefire => {
            let mut taken = HashSet::new();
            let file = |(stem, suite): &(String, Suite)| {
                let mut name = format!("TEST-{stem}.xml");
                let mut n = 1;
                while !taken.insert(name.clone()) {
                    n += 1;
                    name = format!("TEST-{stem}-{n}.xml");
                }
                JunitFile { name, xml: finished(surefire(suite)) }
            };
            suites.iter().map(file).collect()
        }
    }
}

/// Written to memory and made of strings: there is nothing that could fail.
fn finished(xml: io::Result<Vec<u8>>) -> String {
    let mut xml = String::from_utf8(xml.unwrap_or_default()).unwrap_or_default();
    if !xml.ends_with('\n') {
        xml.push('\n');
    }
    xml
}

fn nextest(run: &str, suites: &[(String, Suite)], remarks: &[String]) -> io::Result<Vec<u8>> {
    let mut out = begin()?;
    xml::write_remarks(&mut out, remarks)?;
    let suites = || suites.iter().map(|(_, suite)| suite);
    let total = |element| suites().map(|suite| suite.number(element)).sum::<usize>().to_string();
    let attributes = [
        ("name", crate::report::text::line(run, 200)),
        ("tests", suites().map(|suite| suite.cases.len()).sum::<usize>().to_string()),
        ("skipped", total(Element::Skipped)),
        ("failures", total(Element::Failure)),
        ("errors", total(Element::Error)),
        ("time", figure::seconds(suites().map(|suite| suite.duration_us).sum())),
    ];
    out.write_event(Event::Start(xml::element("testsuites", &attributes)))?;
    let mut taken = Names::new();
    for suite in suites() {
        write_suite(&mut out, suite, &mut taken, |out, taken| {
            xml::write_properties(out, suite)?;
            for case in &suite.cases {
                xml::write_case(out, case, taken, None)?;
            }
            xml::write_text(out, quick_xml::events::BytesStart::new("system-out"), &suite.out)?;
            xml::write_text(out, quick_xml::events::BytesStart::new("system-err"), &suite.err)
        })?;
    }
    out.write_event(Event::End(BytesEnd::new("testsuites")))?;
    Ok(out.into_inner())
}

/// Surefire's schema has no `testsuites`, and streams only in a case.
fn surefire(suite: &Suite) -> io::Result<Vec<u8>> {
    let mut out = begin()?;
    write_suite(&mut out, suite, &mut Names::new(), |out, taken| {
        xml::write_properties(out, suite)?;
        for (at, case) in suite.cases.iter().enumerate() {
            let streams = (at == 0).then_some((suite.out.as_str(), suite.err.as_str()));
            xml::write_case(out, case, taken, streams)?;
        }
        Ok(())
    })?;
    Ok(out.into_inner())
}

fn begin() -> io::Result<xml::Xml> {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    Ok(out)
}

/// With the attributes that both have.
fn write_suite(
    out: &mut xml::Xml,
    suite: &Suite,
    taken: &mut Names,
    inside: impl FnOnce(&mut xml::Xml, &mut Names) -> io::Result<()>,
) -> io::Result<()> {
    let number = |element| suite.number(element).to_string();
    let attributes = [
        ("name", suite.name.clone()),
        ("tests", suite.cases.len().to_string()),
        ("skipped", number(Element::Skipped)),
        ("failures", number(Element::Failure)),
        ("errors", number(Element::Error)),
        ("timestamp", format!("{}Z", suite.timestamp)),
        ("time", figure::seconds(suite.duration_us)),
    ];
    out.write_event(Event::Start(xml::element("testsuite", &attributes)))?;
    inside(out, taken)?;
    out.write_event(Event::End(BytesEnd::new("testsuite")))
}
