//! Secrets are masked in the bytes of a file before anything else sees them, so that no span, no
//! excerpt and no error can show one. Lengths stay, so places stay right.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use memchr::memmem;

/// The members that hold a secret, in lower case and without underscores.
const KEYS: [&[u8]; 5] =
    [b"secretaccesskey", b"sessiontoken", b"tokencode", b"webidentitytoken", b"samlassertion"];

/// What every one of them contains, in the spellings of AWS's tools and SDKs. `ecret` is rarer in policies
/// than `ccess`.
const PARTS: [&[u8]; 6] = [b"ecret", b"ECRET", b"oken", b"OKEN", b"ssertion", b"SSERTION"];

/// Looks for all of them at once, where the processor can: every byte of every file goes through it.
static FINDER: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(PARTS));

/// Overwrites the values of members that hold a secret. It works on the bytes, whether or not the
/// file is well-formed, and masks what follows the name whatever stands between.
pub(super) fn mask(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut ends: Vec<usize> = match &*FINDER {
        Some(finder) => {
            let found = finder.find_iter(&bytes);
            found.filter_map(|found| end_of_key(&bytes, found.start())).collect()
        }
        None => PARTS
            .iter()
            .flat_map(|part| memmem::find_iter(&bytes, part))
            .filter_map(|at| end_of_key(&bytes, at))
            .collect(),
    };
    ends.sort_unstable();
    ends.dedup();
    let mut masked = 0;
    for end in ends {
        // What stands inside a value is masked with it.
        if end < masked {
            continue;
        }
        if let Some((from, to)) = value(&bytes, end) {
            masked = to;
            overwrite(bytes.get_mut(from..to).unwrap_or_default());
        }
    }
    bytes
}

/// Words that are no secret stay; a number stays one; all else becomes asterisks.
fn overwrite(value: &mut [u8]) {
    if matches!(&*value, b"null" | b"true" | b"false") {
        return;
    }
    let number = value.iter().all(u8::is_ascii_digit);
    value.fill(if number { b'1' } else { b'*' });
}

/// The end of the name around `at`, if it is one of a secret.
fn end_of_key(bytes: &[u8], at: usize) -> Option<usize> {
    /// The longest name with underscores, and the `aws_` before it.
    const LONGEST: usize = 24;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = bytes.get(at.saturating_sub(LONGEST)..at)?;
    let start = at - before.iter().rev().take_while(|byte| is_part(byte)).count();
    let after = bytes.get(at..bytes.len().min(at + LONGEST))?;
    let end = at + after.iter().take_while(|byte| is_part(byte)).count();
    let letters =
        bytes.get(start..end)?.iter().filter(|byte| **byte != b'_').map(u8::to_ascii_lowercase);
    // `sts:GetSessionToken` is an action, and a name after a colon is a value itself.
    let is = |key: &[u8]| {
        letters.clone().eq(key.iter().copied())
            || letters.clone().eq(b"aws".iter().chain(key).copied())
    };
    KEYS.into_iter().any(is).then_some(end)
}

/// The bytes of the value that follows a name which ends at `at`.
fn value(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let skip = |from: usize, wanted: &[u8]| {
        let run = bytes.get(from..).unwrap_or_default().iter();
        from + run.take_while(|byte| wanted.contains(byte)).count()
    };
    // The name's own closing quote, escaped where it stands in a string.
    let mut rest = skip(at, b"\\");
    rest += usize::from(matches!(bytes.get(rest), Some(b'"' | b'\'')));
    rest = skip(rest, b" \t\r\n");
    // A name that is followed by a comma is a value or an item, unless it stands where a name does.
    if matches!(bytes.get(rest), Some(b',' | b']' | b'}')) && !is_in_key_position(bytes, at) {
        return None;
    }
    rest = skip(rest, b" \t\r\n:=,;*>[(");
    let escaped = bytes.get(rest) == Some(&b'\\');
    rest = skip(rest, b"\\");
    let quote = bytes.get(rest).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    // An object or an empty place holds no secret itself.
    if quote.is_none() && !bytes.get(rest).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let start = rest + usize::from(quote.is_some());
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        match (quote, byte) {
            (_, b'\r' | b'\n') => break,
            (Some(quote), byte) if *byte == quote => break,
            (None, b' ' | b',' | b'}' | b']' | b'\t' | b'"' | b'\'') => break,
            // In a document inside a string the closing quote is escaped.
            (Some(_), b'\\') if escaped => break,
            (Some(_), b'\\') => end += 2,
            _ => end += 1,
        }
    }
    Some((start, end.min(bytes.len())))
}

/// Whether the name that ends at `at` follows a brace, a comma or a line break: nothing that it
/// could be the value of.
fn is_in_key_position(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    let name =
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
    let before = before.get(..before.len() - name.count()).unwrap_or_default();
    let opening = before.iter().rev().find(|byte| !b"\\\"' \t".contains(byte));
    matches!(opening, None | Some(b'{' | b',' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(mask(text.into())).unwrap()
    }

    #[test]
    fn the_values_go_and_their_places_stay() {
        let text = r#"{"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey" : "ab\"c","SessionToken":"xyz"}"#;
        let want = r#"{"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey" : "*****","SessionToken":"***"}"#;
        assert_eq!(masked(text), want);
        assert_eq!(masked("SessionToken: abc\nExpiration: x"), "SessionToken: ***\nExpiration: x");
    }

    #[test]
    fn an_object_or_null_is_left_alone() {
        let text = r#"{"TokenCode": { "type": "string" }, "SessionToken": null, "x": "SessionToken", "y": 1}"#;
        assert_eq!(masked(text), text);
        assert_eq!(masked(r#"{"TokenCode": 123456}"#), r#"{"TokenCode": 111111}"#);
    }

    #[test]
    fn a_secret_in_a_string_goes_too() {
        let text = r#"{"stdout": "{\"SecretAccessKey\": \"abc\", \"x\": 1}"}"#;
        assert_eq!(masked(text), text.replace("abc", "***"));
    }

    #[test]
    fn a_line_of_keys_costs_no_more_than_its_length() {
        let text = "SessionToken:".repeat(100_000);
        assert!(masked(&text).starts_with("SessionToken:***"));
    }

    #[test]
    fn a_broken_file_keeps_no_secret() {
        assert_eq!(masked(r#"{"SessionToken": "abc"#), r#"{"SessionToken": "***"#);
        assert_eq!(masked(r#"{"SessionToken"#), r#"{"SessionToken"#);
    }

    #[test]
    fn an_action_with_such_a_name_is_left_alone() {
        let text = r#"{"Action": ["sts:GetSessionToken", "sts:AssumeRole"]}"#;
        assert_eq!(masked(text), text);
    }
}
