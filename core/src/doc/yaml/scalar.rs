//! What a scalar is, and where exactly it stands.

use crate::doc::Kind;

/// What a plain scalar is, by the core schema.
/// <https://yaml.org/spec/1.2.2/#103-core-schema>
pub(super) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Kind::Bool,
        ".nan" | ".NaN" | ".NAN" => return Kind::Number,
        _ => {}
    }
    if is_number(text) { Kind::Number } else { Kind::String }
}

fn is_number(text: &str) -> bool {
    let all = |text: &str, good: fn(&u8) -> bool| text.as_bytes().iter().all(good);
    let some = |text: &str, good: fn(&u8) -> bool| !text.is_empty() && all(text, good);
    if let Some(digits) = text.strip_prefix("0o") {
        return some(digits, |byte| (b'0'..=b'7').contains(byte));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return some(digits, u8::is_ascii_hexdigit);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix(['-', '+']).unwrap_or(exponent))
        }
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    all(whole, u8::is_ascii_digit)
        && all(fraction, u8::is_ascii_digit)
        && !(whole.is_empty() && fraction.is_empty())
        && some(exponent, u8::is_ascii_digit)
}

/// How many bytes of `text` an anchor, a tag and the space around them take.
pub(super) fn properties_len(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return text.len() };
        let end = match first {
            '#' => rest.find(['\n', '\r']),
            '&' | '!' => rest.find([' ', '\t', '\r', '\n']),
            _ => return text.len() - rest.len(),
        };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or("");
    }
}

/// How many bytes the quoted scalar takes that `text` starts with.
pub(super) fn quoted_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let Some(quote) = bytes.first().copied() else { return 0 };
    let mut at = 1;
    while let Some(byte) = bytes.get(at).copied() {
        let doubled = byte == b'\'' && bytes.get(at + 1) == Some(&b'\'');
        at += match byte {
            b'\\' if quote == b'"' => 2,
            _ if byte != quote => 1,
            b'\'' if doubled => 2,
            _ => return at + 1,
        };
    }
    text.len()
}
