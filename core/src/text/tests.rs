use proptest::prelude::*;

use super::*;

fn file(text: &str) -> (SourceMap, SourceId) {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a.json", text.as_bytes().to_vec()).unwrap();
    (sources, id)
}

fn find(sources: &SourceMap, id: SourceId, wanted: &str) -> Span {
    let start = sources.text(id).find(wanted).unwrap();
    Span { source: id, start: to_u32(start), end: to_u32(start + wanted.len()) }
}

#[test]
fn a_place_counts_lines_and_characters_from_one() {
    let (sources, id) = file("{\r\n  \"é😀\": 1,\n\n\"b\": 2}");
    let place = sources.place(find(&sources, id, "1"));
    assert_eq!((place.file, place.line, place.column, place.text), (Some("a.json"), 2, 9, "1"));
    let place = sources.place(find(&sources, id, "\"b\""));
    assert_eq!((place.line, place.column, place.text), (4, 1, "\"b\""));
}

#[test]
fn a_byte_order_mark_counts_in_offsets_and_not_in_columns() {
    let (sources, id) = file("\u{FEFF}{}\n{}");
    let place = sources.place(find(&sources, id, "{}"));
    assert_eq!((place.line, place.column, place.start, place.end), (1, 1, 3, 5));
    let whole = sources.place(sources.whole(id));
    assert_eq!((whole.line, whole.column, whole.start), (1, 1, 0));
    assert_eq!(sources.line_and_column(id, 6), (2, 1));
}

#[test]
fn the_end_of_the_text_and_what_lies_behind_it_have_a_place() {
    let (sources, id) = file("ab\n");
    for end in [3, 99] {
        let place = sources.place(Span { source: id, start: end, end: end + 1 });
        assert_eq!((place.line, place.column, place.start, place.text), (2, 1, 3, ""));
    }
    assert_eq!(sources.slice(Span { source: id, start: 2, end: 1 }), "");
    let (sources, id) = file("");
    assert_eq!(sources.line_and_column(id, 0), (1, 1));
}

#[test]
fn a_long_line_has_exact_columns() {
    let (sources, id) = file(&format!("é\n{}x{}", "é".repeat(5000), "é".repeat(5000)));
    assert_eq!(sources.place(find(&sources, id, "x")).column, 5001);
    assert_eq!(sources.line_and_column(id, sources.text(id).len()), (2, 10_002));
}

#[test]
fn what_is_not_utf8_is_refused_with_a_remedy() {
    let mut sources = SourceMap::default();
    let error = sources.add_file("a", b"ab\xFF".to_vec()).unwrap_err();
    assert_eq!(error, TextError::NotUtf8 { at: 2 });
    for (bytes, encoding) in [
        (&b"\xFF\xFE{\0"[..], "UTF-16"),
        (b"\xFE\xFF\0{", "UTF-16"),
        (b"{\0\"\0", "UTF-16"),
        (b"\0{\0\"", "UTF-16"),
        (b"\xFF\xFE\0\0{\0\0\0", "UTF-32"),
        (b"\0\0\xFE\xFF\0\0\0{", "UTF-32"),
    ] {
        let error = sources.add_file("a", bytes.to_vec()).unwrap_err();
        assert_eq!(error, TextError::OtherEncoding { encoding });
        assert!(error.help().contains("UTF-8"));
    }
}

#[test]
fn a_text_without_a_file_has_a_name_and_no_path() {
    let mut sources = SourceMap::default();
    let id = sources.add_given("the command line", "--role x");
    assert_eq!((sources.name(id), sources.path(id)), ("the command line", None));
    assert_eq!(sources.place(sources.whole(id)).file, None);
}

#[test]
fn a_span_in_an_embedded_text_leads_through_every_host() {
    let (mut sources, id) = file("x \"a%22b\\n\" y");
    let host = find(&sources, id, "a%22b\\n");
    let mut map = SegmentMap::default();
    map.push_verbatim(5, 3);
    map.push_atom(1, 8, 2);
    let outer = sources.add_embedded(host, "a%22b\n".to_owned(), map);
    let mut map = SegmentMap::default();
    map.push_verbatim(1, 0);
    map.push_atom(1, 1, 3);
    map.push_verbatim(2, 4);
    let inner = sources.add_embedded(sources.whole(outer), "a\"b\n".to_owned(), map);
    let of = |wanted: &str| sources.place(find(&sources, inner, wanted)).text;
    assert_eq!([of("a"), of("\""), of("b"), of("\n"), of("\"b")], ["a", "%22", "b", "\\n", "%22b"]);
    assert_eq!(sources.path(inner), Some("a.json"));
    assert!(sources.is_embedded(inner) && !sources.is_embedded(id));
}

#[test]
fn a_map_leads_back_from_the_host() {
    let mut map = SegmentMap::default();
    map.push_verbatim(2, 10);
    map.push_atom(1, 12, 6);
    map.push_verbatim(2, 20);
    assert_eq!(map.to_decoded(10, 18), Some((0, 3)));
    assert_eq!(map.to_decoded(13, 15), Some((2, 3)));
    assert_eq!(map.to_decoded(20, 22), Some((3, 5)));
    assert_eq!(map.to_decoded(18, 20), None);
    assert_eq!(map.to_host(2, 4), (12, 21));
    assert_eq!(map.to_host(9, 9), (22, 22));
}

proptest! {
    #[test]
    fn a_place_is_what_counting_by_hand_gives(text in "(\u{FEFF})?[a-zé😀\r\n ]{0,60}", at in 0usize..200) {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (sources, id) = file(&text);
        let before = text.get(..at).unwrap().trim_start_matches('\u{FEFF}');
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        prop_assert_eq!(sources.line_and_column(id, at), (line, column));
    }
}
