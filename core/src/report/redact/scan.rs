//! Finds what has a form of its own: ARNs, account ids, unique ids, organization ids, addresses.

use std::ops::Range;

/// What a piece of text is, as far as its mask goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// An account id: twelve digits.
    Account,
    /// A unique id or an access key id: `AROA…`.
    UniqueId,
    /// An id of an organization, a root, a unit: `ou-…`.
    Organization,
    /// An e-mail address.
    Email,
    /// A name.
    Name,
    /// What is left of something that was cropped.
    Cropped,
}

/// A piece of text to mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

/// The prefixes of unique ids.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
const PREFIXES: [&str; 13] = [
    "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "ANVA", "APKA", "AROA", "ASCA", "ASIA",
    "A3T",
];

/// Types that stand in front of a name in an ARN, and words that stay where a name is the same.
const TYPES: &[&str] = &[
    "access-report",
    "accesspoint",
    "account",
    "alias",
    "api",
    "application",
    "assumed-role",
    "aws",
    "aws-reserved",
    "aws-service-role",
    "bucket",
    "cluster",
    "collection",
    "component",
    "crawler",
    "database",
    "db",
    "document",
    "domain",
    "event-bus",
    "event-source-mapping",
    "export",
    "federated-user",
    "file-system",
    "function",
    "group",
    "grant",
    "image",
    "index",
    "instance",
    "instance-profile",
    "job",
    "key",
    "key-pair",
    "layer",
    "log-group",
    "log-stream",
    "mfa",
    "network-interface",
    "oidc-provider",
    "organization",
    "ou",
    "parameter",
    "pipeline",
    "policy",
    "project",
    "registry",
    "repository",
    "resource_control_policy",
    "restapis",
    "role",
    "root",
    "rule",
    "saml-provider",
    "secret",
    "security-group",
    "self",
    "server-certificate",
    "service",
    "service-role",
    "service_control_policy",
    "snapshot",
    "sso.amazonaws.com",
    "stack",
    "stateMachine",
    "stream",
    "subnet",
    "table",
    "target",
    "task",
    "task-definition",
    "user",
    "volume",
    "vpc",
    "vpc-endpoint",
    "workgroup",
];

/// Words of the output itself: a name that is the same stays where it stands alone.
const WORDS: &[&str] = &[
    "ALLOWED",
    "Action",
    "Allow",
    "Condition",
    "DENIED",
    "Deny",
    "Effect",
    "FAILED",
    "NotAction",
    "NotPrincipal",
    "NotResource",
    "Principal",
    "Resource",
    "Sid",
    "Statement",
    "UNDETERMINED",
    "Version",
    "action",
    "allowed",
    "allows",
    "arn",
    "caller",
    "cases",
    "column",
    "context",
    "credentials",
    "decision",
    "denied",
    "denies",
    "end",
    "error",
    "explicit-deny",
    "fact",
    "failed",
    "false",
    "file",
    "findings",
    "gaps",
    "gate",
    "gates",
    "help",
    "iam",
    "implicit-deny",
    "inconclusive",
    "label",
    "line",
    "message",
    "name",
    "nearest",
    "not-applicable",
    "note",
    "null",
    "outcome",
    "owner",
    "parameters",
    "passed",
    "permissions-boundary",
    "primary",
    "principal",
    "reason",
    "request",
    "resource",
    "results",
    "rules",
    "s3",
    "secondary",
    "session-policy",
    "severity",
    "sid",
    "start",
    "statement",
    "statements",
    "sts",
    "summary",
    "supply",
    "text",
    "the",
    "true",
    "trust-policy",
    "type",
    "undetermined",
    "version",
    "warning",
    "who",
];

/// Whether a word stays where it stands alone.
pub(super) fn is_vocabulary(word: &str) -> bool {
    WORDS.contains(&word) || TYPES.contains(&word)
}

/// Whether a character is part of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Everything in a text that is to be masked by its form.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut boundary = true;
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let ellipsis = ellipsis_len(rest);
        let (length, next_boundary) = if c == '\u{1b}' {
            (rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1), true)
        } else if c == '\\' && rest.get(1..2).is_some_and(|next| matches!(next, "n" | "r" | "t")) {
            (2, true)
        } else if ellipsis > 0 {
            let after = rest.get(ellipsis..).unwrap_or("");
            (ellipsis + cropped(after, at + ellipsis, &mut found), true)
        } else if boundary && rest.starts_with("arn:") {
            (arn(rest, at, &mut found), false)
        } else if boundary && is_word(c) {
            (word(rest, at, &mut found), false)
        } else {
            (c.len_utf8(), !is_word(c))
        };
        boundary = next_boundary;
        at += length;
    }
    found
}

fn ellipsis_len(rest: &str) -> usize {
    if rest.starts_with('…') {
        '…'.len_utf8()
    } else if rest.starts_with("...") && !rest.starts_with("....") {
        3
    } else {
        0
    }
}

/// What follows an ellipsis directly is the end of something: all its words.
fn cropped(rest: &str, at: usize, found: &mut Vec<Token>) -> usize {
    let end = rest.find(ends_arn).unwrap_or(rest.len());
    let tail = rest.get(..end).unwrap_or("");
    let mut start = 0;
    for piece in tail.split_inclusive(|c: char| !is_word(c)) {
        let word = piece.trim_end_matches(|c: char| !is_word(c));
        if !word.is_empty() && !is_vocabulary(word) {
            let from = at + start;
            found.push(Token { range: from..from + word.len(), kind: Kind::Cropped });
        }
        start += piece.len();
    }
    end
}

/// Whether a character ends an ARN in running text.
fn ends_arn(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '`' | '\\' | '(' | ')' | '[' | ']' | '<' | '>' | '…' | ';')
}

/// The names in an ARN that `rest` starts with; how long it is.
fn arn(rest: &str, at: usize, found: &mut Vec<Token>) -> usize {
    let end = rest.find(ends_arn).unwrap_or(rest.len());
    let mut whole = rest.get(..end).unwrap_or("");
    let mut is_cropped = rest.get(end..).is_some_and(|after| after.starts_with('…'));
    if let Some(dots) = whole.find("...") {
        whole = whole.get(..dots).unwrap_or("");
        is_cropped = true;
    } else if !is_cropped {
        whole = whole.trim_end_matches([',', '.', ':']);
    }
    let mut offset = 0;
    let mut is_public = false;
    for (index, part) in whole.splitn(6, ':').enumerate() {
        let from = at + offset;
        let is_last = offset + part.len() == whole.len();
        match index {
            4 if is_last && is_cropped => push(part, from, Kind::Cropped, found),
            4 if is_account(part) => push(part, from, Kind::Account, found),
            // What AWS itself publishes hides nobody.
            4 => is_public = part == "aws",
            5 if !is_public => resource(part, from, is_cropped, found),
            _ => {}
        }
        offset += part.len() + 1;
    }
    whole.len()
}

fn push(part: &str, from: usize, kind: Kind, found: &mut Vec<Token>) {
    if !part.is_empty() {
        found.push(Token { range: from..from + part.len(), kind });
    }
}

/// The names in the last part of an ARN: what stands between slashes, colons, wildcards and policy
/// variables.
fn resource(part: &str, at: usize, is_cropped: bool, found: &mut Vec<Token>) {
    let mut start = 0;
    while let Some(rest) = part.get(start..)
        && !rest.is_empty()
    {
        let length = rest.find(['/', ':', '*', '?', '$']).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or("");
        let is_type = TYPES.contains(&name) && (start == 0 || name.starts_with("aws-"));
        if is_cropped && start + length == part.len() {
            push(name, at + start, Kind::Cropped, found);
        } else if !is_type {
            push(name, at + start, classify(name).unwrap_or(Kind::Name), found);
        }
        let after = rest.get(length..).unwrap_or("");
        let skipped = match after.starts_with("${") {
            true => after.find('}').map_or(after.len(), |end| end + 1),
            false => after.chars().next().map_or(0, char::len_utf8),
        };
        start += length + skipped;
    }
}

/// What has a form of its own among the words that `rest` starts with; how much was read.
fn word(rest: &str, at: usize, found: &mut Vec<Token>) -> usize {
    let address = address(rest);
    if address > 0 {
        found.push(Token { range: at..at + address, kind: Kind::Email });
        return address;
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or("");
    if rest.get(end..).is_some_and(|after| ellipsis_len(after) > 0) && !is_vocabulary(word) {
        found.push(Token { range: at..at + end, kind: Kind::Cropped });
    } else if let Some(kind) = classify(word) {
        found.push(Token { range: at..at + end, kind });
    }
    end
}

fn classify(word: &str) -> Option<Kind> {
    if is_account(word) {
        return Some(Kind::Account);
    }
    let is_id = word.len() >= 16
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    if is_id {
        return Some(Kind::UniqueId);
    }
    let is_plain = |rest: &str| rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_organization = match word.split_once('-')? {
        ("o", rest) => rest.len() >= 10 && is_plain(rest),
        ("r", rest) => rest.len() >= 4 && is_plain(rest),
        ("p", rest) => rest.len() >= 8 && is_plain(rest),
        ("ou", rest) => !rest.is_empty(),
        _ => false,
    };
    is_organization.then_some(Kind::Organization)
}

fn is_account(word: &str) -> bool {
    word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit())
}

/// The longest part before the `@`. <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1>
const LONGEST_LOCAL: usize = 64;

/// How long an e-mail address is that `rest` starts with; 0 where there is none.
fn address(rest: &str) -> usize {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let local = rest.chars().take(LONGEST_LOCAL + 1).take_while(|c| is_local(*c)).count();
    let Some(domain) = rest.get(local..).and_then(|after| after.strip_prefix('@')) else {
        return 0;
    };
    let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let end = domain.find(|c| !is_domain(c)).unwrap_or(domain.len());
    let domain = domain.get(..end).unwrap_or("").trim_end_matches(['.', '-']);
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    let is_address = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    if is_address && local > 0 { local + 1 + domain.len() } else { 0 }
}
