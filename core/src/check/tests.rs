use super::*;
use crate::rules::Group;

#[test]
fn groups_one_and_two_apply_unless_somebody_says_otherwise() {
    let selection = Selection::default();
    assert_eq!(selection.severity("sid-repeated"), Some(Severity::Error));
    assert_eq!(selection.severity("explicit-deny"), None);
    assert!(!selection.has(Group::TooOpen));
}

#[test]
fn selection_takes_ids_and_groups_and_nothing_else() {
    let mut selection = Selection::default();
    selection.select(["sid-repeated"]).unwrap();
    assert_eq!(selection.severity("sid-invalid"), None);
    selection.extend(["never-works"]).unwrap();
    selection.ignore(["sid-repeated"]).unwrap();
    selection.set_severity("sid-invalid", Severity::Note).unwrap();
    assert_eq!(selection.severity("sid-repeated"), None);
    assert_eq!(selection.severity("sid-invalid"), Some(Severity::Note));
    selection.at_least(Severity::Warning);
    assert_eq!(selection.severity("sid-invalid"), None);
    let says = |word| Selection::default().select([word]).unwrap_err().to_string();
    assert!(says("sid-repeatd").contains("did you mean `sid-repeated`"));
    assert!(says("explicit-deny").contains("about a single request"));
    assert!(says("xyzzy").contains("why-denied rules"));
}

#[test]
fn a_fingerprint_knows_no_lines_and_tells_equals_apart() {
    let all = |texts: &[&str]| {
        let mut fingerprints = Fingerprints::default();
        texts.iter().map(|text| fingerprints.of("r", "p", None, text)).collect::<Vec<_>>()
    };
    let found = all(&["a", "b", "a"]);
    assert_eq!(found, all(&["a", "b", "a"]));
    assert!(found[0] != found[1] && found[0] != found[2]);
    assert_eq!(all(&["x", "a"])[1], found[0]);
}
