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
    for denial in &denials {
        check(&sources, denial);
        assert_eq!(evidence::bare(denial).evidence.map(|found| found.denial.count), Some(denial.count));
    }
}

fn check(sources: &SourceMap, denial: &Denial) {
    let whole = sources.text(denial.span.source).len();
    let sound = |span: Span| {
        assert!(span.start <= span.end && span.end as usize <= whole, "{span:?} of {whole}");
        let text = sources.text(span.source);
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} cuts a letter");
    };
    sound(denial.span);
    for (name, value, span) in denial.fields() {
        sound(span);
        assert!(!value.is_empty(), "{name} is there and says nothing");
        assert!(!value.contains('\n'), "line ends are taken out of {name}: {value:?}");
    }
    denial.encoded.into_iter().chain(denial.words).for_each(sound);
}
