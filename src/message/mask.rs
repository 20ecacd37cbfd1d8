//! Takes secrets out of a text before anything is shown of it: same length, so that places stay right.

use std::sync::OnceLock;

use regex::Regex;

/// What a secret looks like; the group `secret` is what is taken out.
const SECRETS: &[&str] = &[
    // Encoded authorization messages may tell of tags and names.
    r"[Ee]ncoded authorization failure message:(?:[ \t\n>]|\\n)*(?P<secret>[A-Za-z0-9_-]{20}[A-Za-z0-9_-]*(?:(?:\\n|\n)[A-Za-z0-9_-]{20}[A-Za-z0-9_-]*)*)",
    // Presigned addresses, and the headers of signed requests.
    r#"X-Amz-(?:Signature|Security-Token|Credential)=(?P<secret>[^&\x20\t\n"'\\<>]+)"#,
    r#"(?i:x-amz-security-token)["']?\x20{0,4}[:=]\x20{0,4}["']?(?P<secret>[A-Za-z0-9+/=_%-]{8}[A-Za-z0-9+/=_%-]*)"#,
    r"Signature=(?P<secret>[0-9a-fA-F]{16}[0-9a-fA-F]*)",
    // Credentials as the CLI, the environment and files have them.
    r#"(?i:secret_?-?access_?-?key|session_?-?token|security_?-?token|id_?-?token|web_?-?identity_?-?token|password)\\*["']?\x20{0,4}[:=]\x20{0,4}\\*["']?(?P<secret>[A-Za-z0-9+/=_.%-]{16}[A-Za-z0-9+/=_.%-]*)"#,
    r"<(?:Token-[0-9]|SecretAccessKey|SessionToken|SecurityToken|SAMLAssertion|WebIdentityToken)>(?P<secret>[^<]+)<",
    // JSON Web Tokens.
    r"(?P<secret>eyJ[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?)",
];

/// The text without its secrets: each of their characters is an `x`.
pub fn without_secrets(text: &str) -> String {
    static COMPILED: OnceLock<Vec<Regex>> = OnceLock::new();
    let patterns = COMPILED
        .get_or_init(|| SECRETS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    for pattern in patterns {
        let found = pattern.captures_iter(text).filter_map(|captures| captures.name("secret"));
        hidden.extend(found.map(|secret| (secret.start(), secret.end())));
    }
    if hidden.is_empty() {
        return text.to_owned();
    }
    hidden.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in hidden {
        let start = start.max(at);
        if end <= start {
            continue;
        }
        out.push_str(text.get(at..start).unwrap_or(""));
        // Line ends and escapes in between stay, since lines are counted.
        for byte in text.get(start..end).unwrap_or("").bytes() {
            out.push(if byte == b'\n' { '\n' } else { 'x' });
        }
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for pattern in SECRETS {
            Regex::new(pattern).unwrap();
        }
    }

    #[test]
    fn secrets_are_taken_out_and_places_stay() {
        let blob = "AbC-_0123456789".repeat(20);
        let text = format!(
            "Encoded authorization failure message: {blob}\nGET https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c3d&X-Amz-Security-Token=FwoGZXIvYXdzEExample\n\"SessionToken\": \"FwoGZXIvYXdzEXAMPLEEXAMPLE\"\neyJhbGciOiJub25l.eyJzdWIiOiJ4IiwiYSI6MX0.sig\né end"
        );
        let masked = without_secrets(&text);
        assert_eq!(masked.len(), text.len());
        for secret in [&blob, "0a1b2c3d", "FwoGZX", "eyJzdWIi"] {
            assert!(!masked.contains(secret), "{masked}");
        }
        assert!(masked.ends_with("\né end"));
    }
}
