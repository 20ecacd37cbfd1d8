//! Secrets are masked in the bytes of a file before anything else sees them, so that no span, no
//! excerpt and no error can show one. Lengths stay, so places stay right.

use memchr::memmem;

/// The members that hold a secret, in the spellings of AWS's tools and SDKs.
const KEYS: [&[u8]; 12] = [
    b"SecretAccessKey",
    b"secretAccessKey",
    b"secretaccesskey",
    b"secret_access_key",
    b"SessionToken",
    b"sessionToken",
    b"sessiontoken",
    b"session_token",
    b"TokenCode",
    b"tokenCode",
    b"WebIdentityToken",
    b"SAMLAssertion",
];

/// Overwrites the values of members that hold a secret with asterisks. It works on the bytes,
/// whether or not the file is well-formed.
pub(super) fn mask(mut bytes: Vec<u8>) -> Vec<u8> {
    for key in KEYS {
        let places: Vec<usize> = memmem::find_iter(&bytes, key).collect();
        let mut masked = 0;
        for start in places {
            let end = start + key.len();
            // What stands inside a value is masked with it.
            if end < masked {
                continue;
            }
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            let is_whole = matches!(before, Some(b'"' | b'\''));
            if let Some((from, to)) = value(&bytes, is_whole, end) {
                masked = to;
                for byte in bytes.get_mut(from..to).into_iter().flatten() {
                    *byte = b'*';
                }
            }
        }
    }
    bytes
}

/// The bytes of the value that follows a key which ends at `at`; `is_whole` if a quote opens it.
fn value(bytes: &[u8], is_whole: bool, at: usize) -> Option<(usize, usize)> {
    let mut rest = at;
    let skip = |from: usize, wanted: &[u8]| {
        let run = bytes.get(from..).unwrap_or_default().iter();
        from + run.take_while(|byte| wanted.contains(byte)).count()
    };
    // The key's own closing quote, escaped where it stands in a string.
    rest = skip(rest, b"\\");
    rest += usize::from(matches!(bytes.get(rest), Some(b'"' | b'\'')));
    rest = skip(rest, b" \t\r\n");
    match bytes.get(rest) {
        Some(b':' | b'=') => rest = skip(rest + 1, b" \t\r\n"),
        // The colon is missing, or something else stands in its place.
        Some(b'"' | b'\'') => {}
        Some(b',' | b';') if is_whole => rest = skip(rest + 1, b" \t\r\n"),
        _ => return None,
    }
    // The value of a document inside a string.
    if bytes.get(rest) == Some(&b'\\') {
        let start = skip(rest, b"\\\"'");
        let value = bytes.get(start..).unwrap_or_default().iter();
        let len = value.take_while(|byte| !b"\\\"'\r\n".contains(byte)).count();
        return Some((start, start + len));
    }
    let quote = bytes.get(rest).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let start = rest + usize::from(quote.is_some());
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        match (quote, byte) {
            (_, b'\r' | b'\n') => break,
            (Some(quote), byte) if *byte == quote => break,
            (None, b' ' | b',' | b'}' | b'\t' | b'"' | b'\'') => break,
            (Some(_), b'\\') => end += 2,
            _ => end += 1,
        }
    }
    Some((start, end.min(bytes.len())))
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
