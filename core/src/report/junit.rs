//! JUnit XML, which most CI servers show, for every report that has it.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::layout::spelled;

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    Error,
    Skipped,
}

/// One test, or what is shown as one.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// The file that it is about.
    pub(super) class: Option<String>,
    pub(super) outcome: Outcome,
    /// What is said of one that did not pass, in one line.
    pub(super) message: Option<String>,
    /// What kind of failure it is.
    pub(super) kind: Option<&'static str>,
    /// All that is said of it.
    pub(super) description: Option<String>,
}

impl Case {
    /// One of which no more is said.
    pub(super) fn new(name: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            name: name.into(),
            class: None,
            outcome,
            message: None,
            kind: None,
            description: None,
        }
    }
}

/// The cases of one file.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// Writes a report.
pub(super) fn write(name: &str, suites: &[Suite], out: &mut dyn io::Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 4);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let order = [Outcome::Skipped, Outcome::Failed, Outcome::Error];
    xml.write_event(Event::Start(counted("testsuites", name, all(), order)))?;
    for suite in suites {
        let order = [Outcome::Skipped, Outcome::Error, Outcome::Failed];
        let tag = counted("testsuite", &suite.name, suite.cases.iter(), order);
        xml.write_event(Event::Start(tag))?;
        for case in &suite.cases {
            write_case(case, &mut xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    xml.write_indent()
}

/// An opening tag that says how many cases there are, and in this order how many came out so.
fn counted<'c>(
    tag: &'static str,
    name: &str,
    cases: impl Iterator<Item = &'c Case> + Clone,
    order: [Outcome; 3],
) -> BytesStart<'static> {
    let mut tag = BytesStart::new(tag);
    tag.push_attribute(("name", &*held(name)));
    tag.push_attribute(("tests", &*cases.clone().count().to_string()));
    for outcome in order {
        let key = match outcome {
            Outcome::Skipped => "skipped",
            Outcome::Error => "errors",
            Outcome::Failed | Outcome::Passed => "failures",
        };
        let count = cases.clone().filter(|case| case.outcome == outcome).count();
        tag.push_attribute((key, &*count.to_string()));
    }
    tag
}

fn write_case(case: &Case, xml: &mut Writer<&mut dyn io::Write>) -> io::Result<()> {
    let mut tag = BytesStart::new("testcase");
    tag.push_attribute(("name", &*held(&case.name)));
    if let Some(class) = &case.class {
        tag.push_attribute(("classname", &*held(class)));
    }
    let outcome = match case.outcome {
        Outcome::Passed => return xml.write_event(Event::Empty(tag)),
        Outcome::Failed => "failure",
        Outcome::Error => "error",
        Outcome::Skipped => "skipped",
    };
    xml.write_event(Event::Start(tag))?;
    let mut tag = BytesStart::new(outcome);
    if let Some(message) = &case.message {
        tag.push_attribute(("message", &*held(message)));
    }
    if let Some(kind) = case.kind {
        tag.push_attribute(("type", kind));
    }
    match &case.description {
        None => xml.write_event(Event::Empty(tag))?,
        Some(text) => {
            xml.write_event(Event::Start(tag))?;
            xml.write_event(Event::Text(BytesText::new(&held(text))))?;
            xml.write_event(Event::End(BytesEnd::new(outcome)))?;
        }
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// The text with the characters spelled out that XML 1.0 cannot hold, even escaped.
fn held(text: &str) -> Cow<'_, str> {
    let is_foreign = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(is_foreign) {
        return Cow::Borrowed(text);
    }
    let letters = text.chars();
    Cow::Owned(letters.map(|c| if is_foreign(c) { spelled(c) } else { c.to_string() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_spelled_out_and_the_rest_escaped() {
        let mut case = Case::new("a \u{1b}[31m & b", Outcome::Failed);
        case.class = Some("<a>.json".to_owned());
        case.message = Some("say \"no\"".to_owned());
        case.kind = Some("error");
        case.description = Some("one\ntwo \u{ffff}".to_owned());
        let skipped = Case::new("c", Outcome::Skipped);
        let cases = vec![case, skipped, Case::new("d", Outcome::Error)];
        let mut out = Vec::new();
        write("all", &[Suite { name: "s".to_owned(), cases }], &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="all" tests="3" skipped="1" failures="1" errors="1">
            <testsuite name="s" tests="3" skipped="1" errors="1" failures="1">
                <testcase name="a &lt;U+001B&gt;[31m &amp; b" classname="&lt;a&gt;.json">
                    <failure message="say &quot;no&quot;" type="error">one
        two &lt;U+FFFF&gt;</failure>
                </testcase>
                <testcase name="c">
                    <skipped/>
                </testcase>
                <testcase name="d">
                    <error/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }
}
