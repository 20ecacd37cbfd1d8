//! What somebody may have meant who wrote an element, an operator or a kind of principal that AWS
//! does not know, or wrote one in the wrong place.

use crate::text::edits;

use super::OPERATORS;

/// The elements of a statement.
pub const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The elements of a document.
pub const MEMBERS: &[&str] = &["Version", "Id", "Statement"];

const KINDS: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

/// The one of `names` that is likely meant by `text`: the same in another case, or a few letters off.
pub(super) fn meant<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let cased = names.iter().find(|name| name.eq_ignore_ascii_case(text));
    let lower = text.to_lowercase();
    let far = |name: &str| edits(&lower, &name.to_lowercase());
    let near = || {
        let near = names.iter().min_by_key(|name| far(name))?;
        (far(near) <= near.len() / 3 && near.len() > 3).then_some(near)
    };
    cased.or_else(near).copied()
}

/// What to do about an element that AWS does not know among `known`.
pub fn element_help(text: &str, known: &[&str]) -> String {
    if let Some(name) = known.iter().find(|name| name.eq_ignore_ascii_case(text)) {
        return format!("element names are case-sensitive: write `{name}`");
    }
    let in_document = known == MEMBERS;
    if in_document && ELEMENTS.contains(&text) {
        return format!("`{text}` belongs into a statement, inside `Statement`");
    }
    if !in_document && MEMBERS.contains(&text) {
        return format!("`{text}` belongs beside `Statement`, not into one");
    }
    if !in_document && is_operator(text) {
        return format!(
            "an operator belongs into `Condition`: `\"Condition\": {{ \"{text}\": … }}`"
        );
    }
    match meant(text, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("AWS takes {} here", known.join(", ")),
    }
}

/// Whether an element that AWS does not know among `known` is one that it knows, misspelled or in the wrong
/// place, so that the rest of the text does not say what was meant.
pub(super) fn is_displaced(text: &str, known: &[&str]) -> bool {
    meant(text, known).is_some()
        || ELEMENTS.contains(&text)
        || MEMBERS.contains(&text)
        || is_operator(text)
}

/// What to do about a kind of principal that AWS does not know.
pub fn kind_help(text: &str) -> String {
    if let Some(kind) = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(text)) {
        return format!("write `{kind}`: its case counts");
    }
    if ELEMENTS.contains(&text) {
        return format!("`{text}` belongs beside `Principal`, not into it");
    }
    let of_aws = ["account", "arn", "iam", "role", "root", "sts", "user"];
    if of_aws.contains(&text.to_lowercase().trim_end_matches('s')) {
        return "accounts, users, roles and sessions stand under `AWS`".to_owned();
    }
    match meant(text, KINDS) {
        Some(kind) => format!("did you mean `{kind}`?"),
        None => "write `AWS`, `Service`, `Federated` or `CanonicalUser`".to_owned(),
    }
}

/// Whether `text` has the form of a condition key, such as `sts:ExternalId`, and is no operator with
/// a set qualifier.
pub(super) fn looks_like_key(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(prefix, _)| {
        !prefix.to_lowercase().starts_with("for")
            && (prefix.contains('.') || prefix == prefix.to_lowercase())
    })
}

/// What to do about a condition operator that AWS does not know.
pub fn operator_help(text: &str) -> String {
    if looks_like_key(text) {
        return format!(
            "put the operator around it: `{{ \"StringEquals\": {{ \"{text}\": … }} }}`"
        );
    }
    let (set, bare) = text.split_once(':').map_or((None, text), |(set, bare)| (Some(set), bare));
    if let Some(set) = set
        && let Some(meant) = meant(set, &["ForAllValues", "ForAnyValue"])
        && meant != set
    {
        return format!("did you mean `{meant}:{bare}`?");
    }
    let (bare, if_exists) =
        bare.strip_suffix("IfExists").map_or((bare, ""), |bare| (bare, "IfExists"));
    if let Some(row) = OPERATORS.iter().find(|row| row.name.eq_ignore_ascii_case(bare)) {
        return format!("write `{}{if_exists}` in exactly this case", row.name);
    }
    let names: Vec<_> = OPERATORS.iter().map(|row| row.name).collect();
    let near = names.iter().min_by_key(|name| edits(&bare.to_lowercase(), &name.to_lowercase()));
    let near =
        near.filter(|name| edits(&bare.to_lowercase(), &name.to_lowercase()) <= name.len() / 5);
    match near {
        Some(name) => format!("did you mean `{name}{if_exists}`?"),
        None => "write an operator such as `StringEquals`, `StringLike`, `ArnLike`, `Bool` or `IpAddress`".to_owned(),
    }
}

fn is_operator(text: &str) -> bool {
    super::Operator::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_said() {
        for (text, part) in [
            ("effect", "write `Effect`"),
            ("Principals", "did you mean `Principal`"),
            ("Principle", "did you mean `Principal`"),
            ("Actions", "did you mean `Action`"),
            ("StringEquals", "an operator belongs into `Condition`"),
            ("Version", "beside `Statement`"),
            ("Comment", "AWS takes Sid, Effect"),
        ] {
            assert!(
                element_help(text, ELEMENTS).contains(part),
                "{text}: {}",
                element_help(text, ELEMENTS)
            );
        }
        assert!(element_help("Condition", MEMBERS).contains("inside `Statement`"));
        assert!(element_help("Statements", MEMBERS).contains("`Statement`"));
    }

    #[test]
    fn kinds_of_principals() {
        for (text, part) in [
            ("aws", "write `AWS`"),
            ("Condition", "beside `Principal`"),
            ("Services", "did you mean `Service`"),
            ("IAM", "stand under `AWS`"),
            ("Group", "write `AWS`, `Service`"),
        ] {
            assert!(kind_help(text).contains(part), "{text}: {}", kind_help(text));
        }
    }

    #[test]
    fn operators() {
        for (text, part) in [
            ("stringequals", "`StringEquals` in exactly"),
            ("StringEqual", "did you mean `StringEquals`"),
            ("StringLikesIfExists", "did you mean `StringLikeIfExists`"),
            ("ForAllValue:StringEquals", "did you mean `ForAllValues:StringEquals`"),
            ("ForAnyValues:StringLike", "did you mean `ForAnyValue:StringLike`"),
            ("IpAdress", "did you mean `IpAddress`"),
            ("sts:ExternalId", "put the operator around it"),
            ("token.actions.githubusercontent.com:sub", "put the operator around it"),
            ("Matches", "such as `StringEquals`"),
        ] {
            assert!(operator_help(text).contains(part), "{text}: {}", operator_help(text));
        }
    }
}
