//! Error texts.

use why_denied::evidence;
use why_denied::message::{self, Denial};
use why_denied::text::{SourceMap, Span};

/// An error text: lengths stay when secrets are blanked, places are sound, and what is read can be
/// explained.
pub fn message(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let blank = message::without_secrets(&text);
    assert_eq!(blank.len(), text.len(), "places stay");
    assert_eq!(message::without_secrets(&blank), blank, "what is blank has no secret");
    let mut sources = SourceMap::default();
    let id = sources.add_given("message", blank);
    let denials = message::read(&sources, id);
    assert_eq!(denials, message::read(&sources, id), "the same each time");
    for record in message::records(&mut sources, id) {
        check(&sources, &record.denial);
        record.matched.iter().for_each(|one| check_place(&sources, one.span));
        let _ = evidence::bare_record(&record);
    }
    for denial in &denials {
        check(&sources, denial);
        assert_eq!(evidence::bare(denial).evidence.map(|found| found.denial.count), Some(denial.count));
    }
}

/// A place is one of its text, and of the text that it was decoded from.
fn check_place(sources: &SourceMap, span: Span) {
    for span in [span, sources.to_host(span)] {
        let text = sources.text(span.source);
        assert!(span.start <= span.end && span.end as usize <= text.len(), "{span:?} of {}", text.len());
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} cuts a letter");
    }
}

fn check(sources: &SourceMap, denial: &Denial) {
    let sound = |span: Span| check_place(sources, span);
    sound(denial.span);
    for (name, value, span) in denial.fields() {
        sound(span);
        assert!(!value.is_empty(), "{name} is there and says nothing");
        assert!(!value.contains('\n'), "line ends are taken out of {name}: {value:?}");
    }
    denial.encoded.into_iter().chain(denial.words).for_each(sound);
}
