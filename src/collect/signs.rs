//! Signs that a text is meant as a policy, though it cannot be read.
//!
//! The slip may stand anywhere, in a key too, so keys are looked for and no structure. Words in prose, the rules of a web
//! ACL of AWS WAF and trees of other languages are no signs.

/// The versions of the policy language.
pub(super) const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// What people write around a key: as it is, within a string, from a web page, in a URL.
const QUOTES: [&str; 9] = ["\"", "'", "`", "“", "”", "„", "‘", "’", "%22"];

/// Whether bytes can hold a policy at all: none is without one of these, in whatever notation.
pub fn may_hold_policies(bytes: &[u8]) -> bool {
    let holds = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    holds("tatement") || VERSIONS.into_iter().any(holds)
}

/// Whether a text that cannot be read was meant as a policy, or to hold one.
pub(super) fn looks_like_policy(text: &str) -> bool {
    let is_version = |value: &str| {
        let value = without_quotes(value);
        VERSIONS.iter().any(|version| value.starts_with(version))
    };
    if keys(text, "Version").any(|key| is_version(key.value)) {
        return true;
    }
    let has = |name: &str| keys(text, name).any(|key| !key.value.starts_with('{'));
    let has_member = || ["Effect", "Action", "NotAction", "Sid"].into_iter().any(has);
    keys(text, "Statement").any(|key| key.is_sure && is_empty(key.value))
        || keys(text, "Statement").next().is_some() && has_member()
}

/// What may be a key of a mapping.
struct Key<'t> {
    /// Whether it is written as keys are; else one of its quotes is missing.
    is_sure: bool,
    /// What follows.
    value: &'t str,
}

/// The keys of a name.
fn keys<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = Key<'t>> {
    text.match_indices(name).filter_map(move |(at, _)| {
        let before = text.get(..at)?;
        let after = text.get(at + name.len()..)?;
        let opens = QUOTES.iter().any(|quote| before.ends_with(quote));
        let rest = without_quotes(after);
        let closes = rest.len() < after.len();
        let rest = rest.trim_start();
        let value = rest.strip_prefix(':').or_else(|| rest.strip_prefix("%3A"));
        // Without a quote, a key stands at the begin of a line or of a member.
        let line = before.rsplit(['\n', '{', ',']).next().unwrap_or_default();
        let begins = opens || line.chars().all(|one| one == '-' || one.is_whitespace());
        let is_key = value.is_some() || closes && rest.starts_with(['[', '{']);
        (is_key && begins)
            .then(|| Key { is_sure: opens == closes, value: value.unwrap_or(rest).trim_start() })
    })
}

fn without_quotes(mut text: &str) -> &str {
    text = text.trim_start_matches('\\');
    QUOTES.iter().find_map(|quote| text.strip_prefix(quote)).unwrap_or(text)
}

/// Whether the value that a text begins with has nothing in it but brackets, be it that the text ends there.
fn is_empty(value: &str) -> bool {
    let mut depth = 0_usize;
    for letter in value.chars() {
        match letter {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            ',' | '-' => {}
            letter if letter.is_whitespace() => continue,
            _ => return false,
        }
        if depth == 0 {
            return true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_as_a_policy_is_known() {
        let texts = [
            r#"{"Version":"2012-10-17","Statement":[],}"#,
            "{\"Version\": \"2012-10-17\"\n  \"Statement\": []}",
            r#"{"Version":"2008-10-17","#,
            r#"{"Version: "2012-10-17"}"#,
            r#"{"Statement":[],}"#,
            r#"{"Statement":[ {} ],}"#,
            r#"{"Id":"x","Statement":"#,
            r#"{"Statement" [{"Effect":"Allow"}]}"#,
            r#"{"Statement: [{"Effect":"Allow"}]}"#,
            r#"{Statement": [{"Sid":"One"}]}"#,
            "{“Statement”: [{“Effect”: “Allow”}]}",
            "{'Statement': [{'Action': 's3:*'}]}",
            r#"{"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}",}"#,
            r#"{"PolicyDocument": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%7D%5D%7D",}"#,
            "Version: 2012-10-17\nStatement:\n\t- Effect: Allow\n",
            "Statement:\n  - Effect: Allow\n   Action: s3:*\n",
            "Policy: { Statement: [ { Effect: Allow",
            "{\r\n  \"Version\" :\r\n  \"2012-10-17\",\r\n",
        ];
        for text in texts {
            assert!(may_hold_policies(text.as_bytes()) && looks_like_policy(text), "{text}");
        }
    }

    #[test]
    fn words_that_policies_have_too_are_no_sign() {
        let texts = [
            "{ oh: no",
            r#"{"rules": {"no-Statement": ["error", "Action"], }}"#,
            r#"{"type": "ExpressionStatement", "Effect": "none", }"#,
            r#"{"title": "Bank Statement: 2012", "callToAction": "Action", }"#,
            r#"{"text": "The Statement: it has an Effect: none", }"#,
            r#"{"Statement": [{"Date": "2012-10-17", "Amount": 3}], }"#,
            r#"{"Rules": [{"Action": {"Block": {}}, "Statement": {"GeoMatchStatement": {}}, }]}"#,
            r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}, }"#,
            r#"{"Version": "1.0", "Comment": "since 2012-10-17", }"#,
            r#"{"apiVersion": "2012-10-17", }"#,
            "# Statement of work\nApi: { Version: v1",
        ];
        for text in texts {
            assert!(!looks_like_policy(text), "{text}");
        }
    }
}
