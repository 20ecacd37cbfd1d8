//! Text that somebody fills in later: what a template leaves open, and placeholders that people write.
//!
//! A policy made of a template has [`HOLE`] where the template does not say what will stand there. In a
//! policy document AWS takes no character beyond U+00FF, so that no text that is meant has one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

/// Stands for text that is not known. A whole value that is not known is a string of this alone, and
/// may be an object or a list.
pub const HOLE: char = '\u{F8FF}';

/// Whether part of the text is not known: a hole, or a placeholder such as `${AWS::AccountId}`,
/// `${account}`, `<account>`, `{{ account }}`. A policy variable such as `${aws:username}` is none.
pub fn is_open(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Most texts have none of these bytes.
    if !bytes.iter().any(|byte| matches!(byte, b'{' | b'<' | 0xEF)) {
        return false;
    }
    text.contains(HOLE) || text.contains("{{") || has_angled(text) || has_parameter(text)
}

/// Whether nothing at all is known of the value.
pub fn is_wholly_open(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some(HOLE) && characters.next().is_none()
}

/// `<account-id>`: words in angle brackets.
fn has_angled(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        let is_part =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ' | b'.');
        rest.split_once('>').is_some_and(|(inner, _)| {
            !inner.is_empty() && inner.trim() == inner && inner.bytes().all(is_part)
        })
    })
}

/// `${AWS::Region}`, `${Name}`, `${var.name}`: no policy variable, since their names have one colon.
fn has_parameter(text: &str) -> bool {
    text.split("${").skip(1).any(|rest| {
        let Some((inner, _)) = rest.split_once('}') else { return false };
        let name = inner.split(',').next().unwrap_or_default().trim();
        let is_literal = matches!(name, "" | "*" | "?" | "$");
        !is_literal && (name.contains("::") || !name.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_policy_variables() {
        for open in [
            "arn:aws:iam::${AWS::AccountId}:role/x",
            "arn:aws:iam::<account-id>:role/x",
            "arn:aws:s3:::{{ bucket }}/*",
            "arn:aws:s3:::${var.bucket}/*",
            "${Bucket}",
            "arn:aws:iam::\u{F8FF}:role/x",
        ] {
            assert!(is_open(open), "{open}");
        }
        for plain in [
            "arn:aws:s3:::home/${aws:username}/*",
            "${aws:PrincipalTag/team, 'none'}",
            "a${*}b${$}",
            "${}",
            "${aws:username",
            "<",
            "a < b > c?",
            "s3:GetObject",
        ] {
            assert!(!is_open(plain), "{plain}");
        }
        assert!(is_wholly_open("\u{F8FF}") && !is_wholly_open("a\u{F8FF}"));
    }
}
