//! Takes secrets out of a text before anything is shown of it: same length, so that places stay right.

use std::sync::OnceLock;

use regex::Regex;

/// What a secret looks like, and words of which a text has one where such a secret is in it. The groups
/// `secret` and `tail` are what is taken out.
const SECRETS: &[(&[&str], &str)] = &[
    // Encoded authorization messages may tell of tags and names. They are wrapped, framed and quoted.
    (
        &[],
        r"f#a#i#l#u#r#e#\x20?#m#e#s#s#a#g#e#:#(?:[\x20\t>\x22'`]|\\{1,3}[\x22']|@)*(?P<secret>[A-Za-z0-9_-]{12}[A-Za-z0-9_-]*(?:@[A-Za-z0-9_-]{20}[A-Za-z0-9_-]*)*)(?:@(?P<tail>[A-Za-z0-9_-]{1,19})(?:[\x22'\r\n<)\\]|$))?",
    ),
    (
        &["failure message ", "encoded-message"],
        r"(?:failure message\x20|--encoded-message[\x20=]{1,4})[\x22'`]?(?P<secret>[A-Za-z0-9_-]{40}[A-Za-z0-9_-]*(?:@[A-Za-z0-9_-]{20}[A-Za-z0-9_-]*)*)",
    ),
    // Presigned addresses, and the headers of signed requests.
    (
        &["-Amz-"],
        r#"X-Amz-(?:Signature|Security-Token|Credential)=(?P<secret>[^&\x20\t\n"'\\<>]+(?:@[A-Za-z0-9%+/=_-]{20}[A-Za-z0-9%+/=_-]*)*)"#,
    ),
    (
        &["ecurity-token", "ecurity-Token", "ECURITY-TOKEN"],
        r#"(?i:x-amz-security-token)["']?\x20{0,4}[:=]\x20{0,4}["']?(?P<secret>[A-Za-z0-9+/=_%-]{8}[A-Za-z0-9+/=_%-]*(?:@[A-Za-z0-9%+/=_-]{20}[A-Za-z0-9%+/=_-]*)*)"#,
    ),
    (
        &["Signature="],
        r"Signature=(?P<secret>[0-9A-Za-z%+/_-]{16}[0-9A-Za-z%+/=_-]*(?:@[0-9a-fA-F]{8}[0-9a-fA-F]*)*)",
    ),
    (&["earer "], r"[Bb]earer (?P<secret>[A-Za-z0-9+/=_.%-]{16}[A-Za-z0-9+/=_.%-]*)"),
    // Credentials as the CLI, the environment and files have them.
    (
        &["ecret", "ECRET", "oken", "OKEN", "assword", "ASSWORD", "ssertion"],
        r#"(?i:secret_?-?access_?-?key|secret_?-?key|client_?-?secret|session_?-?token|security_?-?token|access_?-?token|refresh_?-?token|id_?-?token|web_?-?identity_?-?token|saml_?-?assertion|password)\\*["']?\x20{0,4}[:=]\x20{0,4}\\*["']?(?P<secret>[A-Za-z0-9+/=_.%-]{16}[A-Za-z0-9+/=_.%-]*(?:@[A-Za-z0-9%+/=_.-]{40}[A-Za-z0-9%+/=_.-]*)*)"#,
    ),
    (
        &[
            "<Token-",
            "<SignatureProvided>",
            "<SecretAccessKey>",
            "<SessionToken>",
            "<SecurityToken>",
            "<SAMLAssertion>",
            "<WebIdentityToken>",
        ],
        r"<(?:Token-[0-9]|SignatureProvided|SecretAccessKey|SessionToken|SecurityToken|SAMLAssertion|WebIdentityToken)>(?P<secret>[^<]+)<",
    ),
    // The same as options of commands.
    (
        &["aws_secret_access_key ", "aws_session_token ", "-token", "-key", "-assertion"],
        r"(?:aws_secret_access_key|aws_session_token|--(?:secret-access-key|session-token|access-token|refresh-token|id-token|web-identity-token|saml-assertion))[\x20=]{1,4}[\x22']?(?P<secret>[A-Za-z0-9+/=_.%-]{16}[A-Za-z0-9+/=_.%-]*(?:@[A-Za-z0-9%+/=_.-]{40}[A-Za-z0-9%+/=_.-]*)*)",
    ),
    // What session tokens of STS begin with, wherever one stands.
    (
        &["FwoGZXIvYXdz", "FQoGZXIvYXdz", "IQoJb3JpZ2lu", "AQoDYXdz"],
        r"(?P<secret>(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|AQoDYXdz)[A-Za-z0-9+/=_%-]{16}[A-Za-z0-9+/=_%-]*(?:@[A-Za-z0-9%+/=_-]{40}[A-Za-z0-9%+/=_-]*)*)",
    ),
    // JSON Web Tokens.
    (
        &["eyJ"],
        r"(?P<secret>eyJ[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?)",
    ),
];

/// Where a line ends, with what frames, quotes and terminals put around that; `#` stands for it, or for
/// nothing, and `@` for it.
const LINE_END: &str =
    r"(?:(?:\x1b\[[0-9;]*m|\x20)*(?:\\{1,8}n|\r?\n)(?:\x1b\[[0-9;]*m|[\x20\t>|]|\u{2502})*)";

fn compile(pattern: &str) -> Option<Regex> {
    // Without Unicode's tables, which this crate does not ask for, only ASCII has both cases.
    let pattern = pattern.replace("(?i:", "(?i-u:");
    let pattern = pattern.replace('#', &format!("{LINE_END}?")).replace('@', LINE_END);
    Regex::new(&pattern).ok()
}

/// Whether the words before an encoded message may stand in the text, whatever cut them: marks, line
/// ends, escapes and colours, of which the last two have an `n` and an `m`.
fn has_label(text: &str) -> bool {
    const LABEL: &[u8] = b"failuremessage:";
    memchr::memchr_iter(b'f', text.as_bytes()).any(|start| {
        let mut wanted = LABEL.iter().copied().peekable();
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        for byte in rest.iter().take(1024).copied() {
            if wanted.next_if_eq(&byte).is_some() {
                if wanted.peek().is_none() {
                    return true;
                }
            } else if byte.is_ascii_alphabetic() && !matches!(byte, b'n' | b'm') {
                return false;
            }
        }
        false
    })
}

/// The text without its secrets: each of their characters is an `x`.
pub fn without_secrets(text: &str) -> String {
    static COMPILED: OnceLock<Vec<OnceLock<Option<Regex>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| SECRETS.iter().map(|_| OnceLock::new()).collect());
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    for ((words, pattern), compiled) in SECRETS.iter().zip(compiled) {
        let is_there =
            |word: &&str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        let can_be = if words.is_empty() { has_label(text) } else { words.iter().any(is_there) };
        if !can_be {
            continue;
        }
        let Some(pattern) = compiled.get_or_init(|| compile(pattern)) else { continue };
        for captures in pattern.captures_iter(text) {
            let found = [captures.name("secret"), captures.name("tail")].into_iter().flatten();
            hidden.extend(found.map(|secret| (secret.start(), secret.end())));
        }
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
        // Line ends, escapes and frames in between stay, since lines are counted.
        let secret = text.get(start..end).unwrap_or("");
        let mut escaped = false;
        for letter in secret.chars() {
            let stays = escaped
                || !letter.is_ascii()
                || letter.is_ascii_control()
                || matches!(letter, '\\' | ' ' | '|' | '>');
            out.push(if stays { letter } else { 'x' });
            escaped = letter == '\\';
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
        for (_, pattern) in SECRETS {
            assert!(compile(pattern).is_some(), "{pattern}");
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

    #[test]
    fn secrets_are_found_in_commands_addresses_and_settings() {
        let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYwJ";
        let session = format!("FwoGZXIvYXdzEBYa{}", "DCq3x7".repeat(20));
        let blob = "AbC-_0123456789".repeat(20);
        for (text, hidden) in [
            (format!("aws configure set aws_secret_access_key {secret}\nok"), secret),
            (format!("aws sso logout --access-token {secret}"), secret),
            (format!("AWS_SECRET_ACCESS_KEY={secret}\r\n"), secret),
            (format!("{{ secretAccessKey: '{secret}' }}"), secret),
            (format!("?AWSAccessKeyId=A&Signature={secret}%3D&Expires=1"), secret),
            (format!("<SignatureProvided>{secret}</SignatureProvided>"), secret),
            (format!("SAMLAssertion={secret}&Version=1"), secret),
            (format!("(ASIA, {session})"), "DCq3x7"),
            (format!("token = \"{session}\""), "DCq3x7"),
            (format!("aws sts decode-authorization-message --encoded-message {blob}"), "0123456"),
            (format!("failure message: \"{blob}\""), "0123456"),
            (format!("failure message: \\\"{blob}\\\""), "0123456"),
            (format!("authorization failure message {blob}"), "0123456"),
        ] {
            let masked = without_secrets(&text);
            assert_eq!(masked.len(), text.len(), "{text}");
            assert!(!masked.contains(hidden), "{masked}");
        }
    }

    #[test]
    fn an_encoded_message_is_found_however_it_is_wrapped() {
        let blob = "AbC-_0123456789".repeat(20);
        let lines: Vec<&str> =
            blob.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [
            format!("│ Encoded authorization failure message:\n│ {blob}\n│ \n╵"),
            format!("\u{1b}[31m│\u{1b}[0m failure message:\n\u{1b}[31m│\u{1b}[0m {blob}"),
            format!("> Encoded authorization failure message: {}\n", lines.join("\n> ")),
            format!("Encoded authorization failure mes\nsage: {}", lines.join("\n")),
            format!("{{\"m\": \"failure message: {}\\n\\tstatus code: 403\"}}", lines.join("\\n")),
            format!("{{\\\"m\\\": \\\"failure message: {blob}\\\"}}"),
        ] {
            let masked = without_secrets(&text);
            assert_eq!(masked.len(), text.len());
            assert!(!masked.contains("0123456"), "{masked}");
            assert!(!masked.contains("C-_"), "{masked}");
        }
    }
}
