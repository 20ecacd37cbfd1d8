//! Targets for CloudTrail: streams of any bytes, and events of any shape.

use serde_json::Value;
use why_denied::text::SourceMap;
use why_denied::trail::{
    Damage, Denials, Filter, Groups, Piece, Scanner, Sink, Table, codes, is_table, read, request,
};

struct Heard {
    groups: Groups,
    damage: Vec<(Damage, u64)>,
}

impl Sink for Heard {
    fn piece(&mut self, piece: Piece, bytes: &[u8], _at: u64) -> bool {
        read(piece, bytes, &mut |event| self.groups.push(&event))
    }
    fn damage(&mut self, damage: Damage, at: u64) {
        self.damage.push((damage, at));
    }
}

fn heard(data: &[u8], step: usize) -> (Heard, u64) {
    let mut scanner = Scanner::default();
    let mut heard = Heard { groups: Groups::new(Filter::default()), damage: Vec::new() };
    for part in data.chunks(step.max(1)) {
        if let Some(space) = scanner.space().get_mut(..part.len()) {
            space.copy_from_slice(part);
        }
        scanner.advance(part.len(), &mut heard);
    }
    scanner.finish(&mut heard);
    (heard, scanner.totals().pieces)
}

/// Streams: wherever they are cut, the same denials and the same damage; what serde_json reads as a list
/// of events gives exactly the denials in it.
pub fn trail_stream(data: &[u8]) {
    let step = data.first().map_or(1, |byte| usize::from(*byte) + 1);
    let (one, pieces) = heard(data, step);
    let (other, again) = heard(data, 1 << 15);
    assert_eq!(pieces, again, "a cut changes how many events there are");
    assert_eq!(one.damage, other.damage, "a cut changes the damage");
    assert_eq!(one.groups.totals(), other.groups.totals(), "a cut changes the denials");
    let Ok(Value::Object(whole)) = serde_json::from_slice::<Value>(data) else { return };
    let Some(Value::Array(events)) = whole.get("Records") else { return };
    let is_plain = whole.keys().next().is_some_and(|key| key == "Records") && events.iter().all(Value::is_object);
    // A key that is written with an escape or stands twice is not what CloudTrail writes.
    let text = String::from_utf8_lossy(data);
    if !is_plain || text.contains("\\u") || text.matches("\"Records\"").count() > 1 {
        return;
    }
    let is_denied = |event: &&Value| {
        let code = event.get("errorCode").and_then(Value::as_str).unwrap_or_default();
        let name = event.get("eventName").and_then(Value::as_str).unwrap_or_default();
        codes::is_denial(code.as_bytes()) && !name.is_empty()
    };
    let (found, twice) = one.groups.totals();
    let expected = events.iter().filter(is_denied).count() as u64;
    if one.damage.is_empty() && !text.contains("CloudTrailEvent") && !text.contains("detail") && !text.contains("message\"") {
        assert_eq!(found + twice, expected, "denials are lost or made up");
    }
}

/// Events, rows, pages and tables: read or refused, and what is read can be asked for.
pub fn trail_event(data: &[u8]) {
    let mut denials = Denials::default();
    let mut groups = Groups::new(Filter::default());
    for piece in [Piece::Event, Piece::Row, Piece::Page] {
        read(piece, data, &mut |event| {
            if let Some(denial) = denials.of(&event) {
                assert!(!denial.principal.is_empty());
                let again = Denials::default().of(&event).expect("it was one");
                assert_eq!(denial, again, "what was read before changes what is read");
            }
            groups.push(&event);
        });
    }
    if is_table(data) {
        Table::read_csv(&mut &*data, &mut |event| groups.push(&event), &mut |_, _| {});
    }
    let mut sources = SourceMap::default();
    for group in groups.finish().iter().take(20) {
        if let Ok(request) = request(group, &mut sources) {
            assert_eq!(sources.slice(request.action.span), request.action.value);
        }
    }
}
