use proptest::prelude::*;

use super::*;

fn redact(text: &str) -> String {
    let mut redactor = Redactor::new();
    redactor.apply(text);
    redactor.apply(text)
}

#[test]
fn accounts_names_and_ids_are_masked_and_structure_stays() {
    for (text, masked) in [
        ("account 444455556666", "account 000000000001"),
        (
            "arn:aws:iam::444455556666:role/team/deploy: role deploy, not deploy-old",
            "arn:aws:iam::000000000001:role/xxx1/xxxxx1: role xxxxx1, not deploy-old",
        ),
        (
            "`arn:aws:sts::444455556666:assumed-role/deploy/build-77`",
            "`arn:aws:sts::000000000001:assumed-role/xxxxx1/xxxxxxx1`",
        ),
        ("arn:aws:iam::444455556666:root", "arn:aws:iam::000000000001:root"),
        ("\"arn:aws:s3:::logs-*/${aws:username}/*\"", "\"arn:aws:s3:::xxxx1*/${aws:username}/*\""),
        (
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        ("AROAIOSFODNN7EXAMPLE:build", "AROA0000000000000001:build"),
        ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "o-xxxxxxxxx1/r-xxx1/ou-xxxxxxxxxxxx1/"),
        ("ask richard@example.com.", "ask xxxxxx1@xxxxxxx.xxx."),
        ("at 1234567890123 and 12345", "at 1234567890123 and 12345"),
        ("\u{1b}[31m444455556666\u{1b}[0m", "\u{1b}[31m000000000001\u{1b}[0m"),
        ("\"one\\n444455556666\"", "\"one\\n000000000001\""),
        (
            "arn:aws:iam::444455556666:role/nn} nn} \"a\\nn}\"",
            "arn:aws:iam::000000000001:role/xx1 xx1 \"a\\nn}\"",
        ),
    ] {
        assert_eq!(redact(text), masked, "{text}");
    }
}

#[test]
fn what_is_left_of_a_cropped_name_is_masked() {
    assert_eq!(
        redact("…6666:role/secret-role\" arn:aws:iam::444455556666:role/sec…"),
        "…xxxx:role/xxxxxxxxxxx\" arn:aws:iam::000000000001:role/xxx…"
    );
    assert_eq!(redact("arn:aws:iam::44445..."), "arn:aws:iam::xxxxx...");
}

#[test]
fn a_wide_name_keeps_its_columns() {
    let mut redactor = Redactor::new();
    redactor.also("営業部のみ長");
    let masked = redactor.apply("the 営業部のみ長 role");
    assert_eq!(
        super::super::layout::width(&masked),
        super::super::layout::width("the 営業部のみ長 role")
    );
    assert!(!masked.contains('営'));
}

#[test]
fn json_stays_json_and_its_members_keep_their_names() {
    let text = r#"{"message":"arn:aws:iam::444455556666:role/message trusts role ci"}"#;
    let mut redactor = Redactor::new();
    redactor.also("ci");
    let masked = redactor.apply(text);
    let value: serde_json::Value = serde_json::from_str(&masked).unwrap();
    assert!(value.get("message").is_some());
    assert!(!masked.contains("ci\""));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn length_stays_names_go_and_twice_is_once(
        names in proptest::collection::vec("[a-z][a-zA-Z0-9]{1,8}", 1..6),
        text in "([a-z0-9 :/\"…\\\\]{0,6}(arn:aws:iam::[0-9]{12}:role/[a-z]{2,5})?){0,4}",
        picks in proptest::collection::vec((0_usize..6, "[ `\".,:/(]{1,2}"), 0..12),
    ) {
        let mut text = text;
        for (pick, between) in &picks {
            text.push_str(between);
            text.push_str(names.get(pick % names.len()).unwrap());
        }
        let mut redactor = Redactor::new();
        for name in &names {
            redactor.also(name);
        }
        let masked = redactor.apply(&text);
        prop_assert_eq!(masked.chars().count(), text.chars().count());
        for word in masked.split(|c| !is_word(c)) {
            let is_hidden = names.iter().any(|name| name == word && !scan::is_vocabulary(name));
            // A name that is also a mask cannot be told from it; what was cropped is masked with `x`.
            let is_mask = redactor.issued.contains(word) || word.chars().all(|c| c == 'x');
            prop_assert!(!is_hidden || is_mask, "{word} in {masked}");
        }
        prop_assert_eq!(redactor.apply(&masked), masked);
    }

    #[test]
    fn any_text_is_redacted_without_harm(text in "\\PC*") {
        let masked = Redactor::new().apply(&text);
        prop_assert_eq!(masked.chars().count(), text.chars().count());
    }
}
