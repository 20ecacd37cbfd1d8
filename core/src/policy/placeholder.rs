//! Placeholders in policies that are kept in repositories and filled in before AWS sees them.
//!
//! With care: `${aws:username}` is a policy variable, and a placeholder is only what no policy could
//! mean. IAM's policy variables are keys with a prefix and a colon, or one of a few bare names.

use std::sync::Arc;

use crate::doc::{Hole, Missing};

/// The placeholders of `text`, in order.
pub(super) fn find(text: &str) -> Vec<Missing> {
    let mut found: Vec<Missing> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(next) = rest.find(['$', '<', '{', '%', '_', '@', '[', '#'])
    {
        let start = at + next;
        let rest = text.get(start..).unwrap_or("");
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let found_here = length(rest, before).or_else(|| {
            // In an ARN nothing else is written so.
            text.starts_with("arn:").then(|| in_arn(rest, before)).flatten()
        });
        at = match found_here {
            Some(len) => {
                found.push(missing(text, start, start + len));
                start + len
            }
            // A variable is passed over as a whole.
            None if rest.starts_with("${") => start + rest.find('}').map_or(2, |end| end + 1),
            None => start + 1,
        };
    }
    let in_account = account(text).filter(|(start, end)| {
        let part = text.get(*start..*end).unwrap_or("");
        is_account_name(part) && !found.iter().any(|one| one.start < *end && *start < one.end)
    });
    if let Some((start, end)) = in_account {
        found.push(missing(text, start, end));
        found.sort_by_key(|one| one.start);
    }
    found
}

/// What a placeholder begins with, by byte: every text of every policy is looked through.
#[expect(clippy::indexing_slicing, reason = "what a constant indexes is checked by the compiler")]
const SIGNS: [bool; 256] = {
    let mut signs = [false; 256];
    let mut rest: &[u8] = b"$<{%_@[#";
    while let [first, others @ ..] = rest {
        signs[*first as usize] = true;
        rest = others;
    }
    signs
};

/// Whether there is any placeholder in `text`. Most texts are told by their bytes alone.
pub fn is_open(text: &str) -> bool {
    let sign = |byte| SIGNS.get(usize::from(byte)) == Some(&true);
    if text.bytes().any(sign) {
        return !find(text).is_empty();
    }
    let name = account(text).and_then(|(start, end)| text.get(start..end));
    name.is_some_and(is_account_name)
}

fn missing(text: &str, start: usize, end: usize) -> Missing {
    let name = text.get(start..end).unwrap_or("").to_owned();
    let hole = Hole {
        reason: "it is a placeholder, filled in before AWS sees the policy".to_owned(),
        supply: format!("put the value in the place of `{name}`"),
        name,
    };
    Missing { start, end, hole: Arc::new(hole) }
}

/// How long the placeholder is with which `rest` begins; `before` is the character before it.
fn length(rest: &str, before: Option<char>) -> Option<usize> {
    let closed = |open: &str, close: &str| {
        let body = rest.strip_prefix(open)?;
        let end = body.find(close)?;
        Some((body.get(..end)?, open.len() + end + close.len()))
    };
    if rest.starts_with("${{") {
        return closed("${{", "}}").map(|(_, len)| len);
    }
    if rest.starts_with("${") {
        let (body, len) = closed("${", "}")?;
        return is_reference(body).then_some(len);
    }
    if rest.starts_with("$(") {
        let (body, len) = closed("$(", ")")?;
        return is_name(body).then_some(len);
    }
    if let Some(body) = rest.strip_prefix('$') {
        // A variable of a shell, in capitals: what a policy means with a dollar has a brace.
        let word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let len = body.find(|c: char| !word(c)).unwrap_or(body.len());
        // The version of a function.
        if body.starts_with("LATEST") {
            return None;
        }
        return (len >= 2 && body.starts_with(|c: char| c.is_ascii_uppercase())).then_some(1 + len);
    }
    if rest.starts_with("{%") {
        return closed("{%", "%}").map(|(_, len)| len);
    }
    if rest.starts_with("@@") {
        let (body, len) = closed("@@", "@@")?;
        return is_name(body).then_some(len);
    }
    if rest.starts_with("{{") {
        let (body, len) = closed("{{", "}}")?;
        return (!body.trim().is_empty() && !body.contains(['{', '"'])).then_some(len);
    }
    if rest.starts_with("<%") {
        return closed("<%", "%>").map(|(_, len)| len);
    }
    if rest.starts_with('<') {
        let (body, len) = closed("<", ">")?;
        let word = |c: char| c.is_ascii_alphanumeric() || " _-.".contains(c);
        let sound = body.starts_with(|c: char| c.is_ascii_alphabetic()) && body.chars().all(word);
        return sound.then_some(len);
    }
    // `%ACCOUNT%` and `__ACCOUNT__` are in capitals, as values hardly ever are.
    let capitals = |body: &str| {
        let word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        body.len() >= 2
            && body.starts_with(|c: char| c.is_ascii_uppercase())
            && body.chars().all(word)
    };
    if rest.starts_with('%') {
        let (body, len) = closed("%", "%")?;
        return capitals(body).then_some(len);
    }
    if rest.starts_with("__") && !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        let (body, len) = closed("__", "__")?;
        return capitals(body).then_some(len);
    }
    None
}

/// How long the placeholder is with which `rest` begins, of those that only an ARN tells from a text.
fn in_arn(rest: &str, before: Option<char>) -> Option<usize> {
    let closed = |open: &str, close: char| {
        let body = rest.strip_prefix(open)?;
        let end = body.find(close)?;
        let body = body.get(..end)?;
        let word = |c: char| c.is_alphanumeric() || " _-.".contains(c);
        let sound = body.starts_with(char::is_alphabetic) && body.chars().all(word);
        sound.then_some(open.len() + end + 1)
    };
    match rest.as_bytes() {
        [b'{', ..] if before != Some('$') => closed("{", '}'),
        [b'[', ..] => closed("[", ']'),
        [b'#', b'{', ..] => closed("#{", '}'),
        [b'$', ..] if before.is_none_or(|c| matches!(c, ':' | '/' | '-')) => {
            let body = rest.get(1..).filter(|body| !body.starts_with("LATEST"))?;
            let len = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let len = len.unwrap_or(body.len());
            (len >= 2 && body.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(1 + len)
        }
        _ => None,
    }
}

/// Whether a text is one that a script gives a value.
fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(word)
}

/// What the Serverless Framework fills in, by what stands before the colon; AWS has no such keys.
/// <https://www.serverless.com/framework/docs/guides/variables>
const SERVERLESS: [&str; 8] = ["self:", "opt:", "env:", "param:", "sls:", "cf:", "file(", "ssm:/"];

/// Whether what stands in `${…}` is a reference of a template and no policy variable.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn is_reference(body: &str) -> bool {
    let body = body.trim();
    // The escapes `${*}`, `${?}` and `${$}`, and variables with a default.
    let serverless = SERVERLESS.iter().any(|front| body.starts_with(front));
    if matches!(body, "" | "*" | "?" | "$") || (body.contains(',') && !serverless) {
        return false;
    }
    if body.contains("::") || serverless || matches!(body, "aws:accountId" | "aws:region") {
        return true;
    }
    // Every condition key has a prefix and a colon.
    let is_key = body.contains(':');
    let word = |c: char| c.is_ascii_alphanumeric() || "_.-[]\"'()* ".contains(c);
    !is_key && body.chars().all(word)
}

/// The account field of an ARN: its place.
fn account(text: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix("arn:")?;
    let mut colons = memchr::memchr_iter(b':', rest.as_bytes()).map(|at| at + 4);
    let start = colons.nth(2)? + 1;
    Some((start, colons.next()?))
}

/// Whether the field can only be a name for an account: no digits as an account has, no pattern.
fn is_account_name(part: &str) -> bool {
    // Twelve digits, a star or nothing, as nearly all are.
    if part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*') {
        return false;
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let names = ["account", "acct", "accountid", "awsaccountid"];
    // `xxxxxxxxxxxx`, and the like.
    if part.len() >= 4 && part.chars().all(|c| matches!(c, 'x' | 'X')) {
        return true;
    }
    let plain: String = part.chars().filter(char::is_ascii_alphanumeric).collect();
    part.chars().all(word)
        && part.contains(|c: char| c.is_ascii_alphabetic())
        && names.iter().any(|name| plain.to_ascii_lowercase().contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text)
            .into_iter()
            .map(|one| {
                assert_eq!(text.get(one.start..one.end), Some(one.hole.name.as_str()));
                one.hole.name.clone()
            })
            .collect()
    }

    #[test]
    fn what_is_filled_in_later_is_found() {
        for (text, wanted) in [
            ("arn:aws:iam::${AWS::AccountId}:root", "${AWS::AccountId}"),
            ("arn:aws:s3:::${var.bucket}/*", "${var.bucket}"),
            ("arn:aws:iam::<account>:role/x", "<account>"),
            ("arn:aws:iam::<ACCOUNT_ID>:role/x", "<ACCOUNT_ID>"),
            ("arn:aws:iam::{{ account }}:role/x", "{{ account }}"),
            ("arn:aws:iam::%ACCOUNT%:role/x", "%ACCOUNT%"),
            ("arn:aws:iam::__ACCOUNT__:role/x", "__ACCOUNT__"),
            ("arn:aws:iam::ACCOUNT_ID:role/x", "ACCOUNT_ID"),
            ("arn:aws:iam::YOUR-ACCOUNT-ID:role/x", "YOUR-ACCOUNT-ID"),
            ("arn:aws:iam::XXXXXXXXXXXX:role/x", "XXXXXXXXXXXX"),
            ("arn:aws:iam::$ACCOUNT_ID:role/x", "$ACCOUNT_ID"),
            ("$ACCOUNT_ID", "$ACCOUNT_ID"),
            ("arn:aws:iam::$account:role/x", "$account"),
            ("arn:aws:iam::$(ACCOUNT):role/x", "$(ACCOUNT)"),
            ("arn:aws:iam::${{ secrets.ACCOUNT }}:role/x", "${{ secrets.ACCOUNT }}"),
            ("arn:aws:iam::${self:custom.account}:user/x", "${self:custom.account}"),
            ("arn:aws:sqs:${aws:region}:111122223333:q", "${aws:region}"),
            ("${opt:stage, 'dev'}-x", "${opt:stage, 'dev'}"),
            ("arn:aws:s3:::@@BUCKET@@/*", "@@BUCKET@@"),
            ("arn:aws:s3:::[Bucket Name]/*", "[Bucket Name]"),
            ("arn:aws:s3:::{bucket}/*", "{bucket}"),
            ("arn:aws:s3:::#{Bucket.Name}/*", "#{Bucket.Name}"),
            ("{% if x %}", "{% if x %}"),
            ("arn:aws:s3:::${bucket}/${aws:username}/*", "${bucket}"),
        ] {
            assert_eq!(names(text), [wanted], "{text}");
        }
    }

    #[test]
    fn what_a_policy_may_mean_is_none() {
        for text in [
            "arn:aws:s3:::home/${aws:username}/*",
            "${aws:PrincipalTag/team, 'none'}",
            "${saml:sub}",
            "a${*}b${?}${$}",
            "arn:aws:iam::111122223333:role/account",
            "arn:aws:s3:::a_b__c/*",
            "100%",
            "s3:Get*",
            "arn:aws:iam::*:role/x",
            "Aws__x__",
            "a < b > c",
            "a$b",
            "{bucket}",
            "[a-z]",
            "arn:aws:s3:::b/$1",
            "arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST",
            "user@example.com",
            "${ec2:ResourceTag/team}",
        ] {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
    }
}
