//! Answers of AWS as texts: made by live reading, written by `collect`, and read as any other file
//! of facts.
//!
//! Pure: whoever asks AWS hands over what came back.

use serde_json::{Value, json};

use super::operations::Operation;
use super::shapes::MARK;

/// What came back from one call, or why nothing did.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// AWS's answer; null where it says that there is none.
    Answer(Value),
    /// Nothing.
    Nothing {
        /// AWS's code, where it refused.
        code: Option<String>,
        /// Why, in words.
        why: String,
    },
}

/// One call and what came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The call; `None` for what is known of the credentials themselves.
    pub operation: Option<Operation>,
    /// The account whose credentials asked.
    pub account: Option<String>,
    /// Whom it is about: an ARN, `role/ci`, an id; nothing where that is the account.
    pub about: Option<String>,
    /// The name of a policy, the type of control policies, or nothing.
    pub which: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Answer {
    /// The name of the operation.
    pub fn operation_name(&self) -> &'static str {
        self.operation.map_or("credentials", Operation::name)
    }

    fn parts(&self) -> [&str; 3] {
        let about = self.about.as_deref().or(self.account.as_deref()).unwrap_or("");
        [self.operation_name(), about, self.which.as_deref().unwrap_or("")]
    }

    /// What to call it where no file holds it: `live: iam:GetRole arn:aws:iam::…:role/deploy`.
    pub fn title(&self) -> String {
        let parts = self.parts();
        let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).copied().collect();
        format!("live: {}", parts.join(" "))
    }

    /// The name of a file for it, which no other answer has.
    pub fn file_name(&self) -> String {
        let account =
            self.account.as_deref().filter(|account| self.about.as_deref() != Some(account));
        let account =
            account.filter(|_| self.about.as_deref().is_none_or(|about| !about.contains(':')));
        let parts = self.parts();
        let parts = parts.iter().filter(|part| !part.is_empty()).map(|part| slug(part));
        let mut name: Vec<String> = parts.collect();
        if let (Some(account), true) = (account, self.about.is_some()) {
            name.insert(1, account.to_owned());
        }
        format!("{}.json", name.join("--"))
    }

    /// Whether nothing came back.
    pub fn is_nothing(&self) -> bool {
        matches!(self.outcome, Outcome::Nothing { .. })
    }

    /// Why nothing came back.
    pub fn why(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Nothing { why, .. } => Some(why),
            Outcome::Answer(_) => None,
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let mut whole = serde_json::Map::new();
        whole.insert(MARK.to_owned(), json!(1));
        whole.insert("operation".to_owned(), json!(self.operation_name()));
        let members = [("account", &self.account), ("about", &self.about), ("which", &self.which)];
        for (name, value) in members {
            if let Some(value) = value {
                whole.insert(name.to_owned(), json!(value));
            }
        }
        match &self.outcome {
            Outcome::Answer(answer) => whole.insert("answer".to_owned(), answer.clone()),
            Outcome::Nothing { code, why } => {
                whole.insert("not-read".to_owned(), json!({ "code": code, "why": why }))
            }
        };
        let mut text = String::new();
        write(&Value::Object(whole), 0, &mut text);
        text.push('\n');
        text
    }
}

/// Letters, digits and dots; anything else becomes a hyphen.
fn slug(text: &str) -> String {
    let text = text.strip_prefix("arn:").unwrap_or(text);
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._+=,@".contains(letter) { letter } else { '-' }
    };
    text.chars().map(plain).collect()
}

/// What marks a text that is a document of its own: no text of AWS begins with it.
const DOCUMENT: char = '\u{1}';

/// A policy's document, to be written as it stands but for its white space. IAM gives it
/// URL-encoded.
pub fn document(text: &str) -> Value {
    let decoded = if text.trim_start().starts_with('%') {
        percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
    } else {
        text.to_owned()
    };
    Value::String(format!("{DOCUMENT}{decoded}"))
}

/// What a text says that is such a document.
pub fn read_document(text: &str) -> Option<Value> {
    serde_json::from_str(text.strip_prefix(DOCUMENT)?).ok()
}

/// Writes a value with an indentation of two spaces.
fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                indent(depth + 1, out);
                out.push_str(&Value::String(name.clone()).to_string());
                out.push_str(": ");
                write(value, depth + 1, out);
            }
            out.push('\n');
            indent(depth, out);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                indent(depth + 1, out);
                write(item, depth + 1, out);
            }
            out.push('\n');
            indent(depth, out);
            out.push(']');
        }
        Value::String(text) => match text.strip_prefix(DOCUMENT) {
            Some(raw) if serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok() => {
                reindent(raw, depth, out);
            }
            Some(raw) => out.push_str(&Value::String(raw.to_owned()).to_string()),
            None => out.push_str(&value.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// JSON with other white space and nothing else changed: members that stand twice stay.
fn reindent(json: &str, depth: usize, out: &mut String) {
    let mut depth = depth;
    let mut letters = json.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        if in_string {
            out.push(letter);
            match letter {
                '\\' => out.extend(letters.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match letter {
            '"' => {
                in_string = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                match letters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        out.push('\n');
                        indent(depth, out);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                out.push('\n');
                indent(depth, out);
                out.push(letter);
            }
            ',' => {
                out.push_str(",\n");
                indent(depth, out);
            }
            ':' => out.push_str(": "),
            white if white.is_whitespace() => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        let raw = r#"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%2C%22Statement%22%3A%7B%22Sid%22%3A%22a%2C%20%5C%22b%5B%22%7D%7D"#;
        Answer {
            operation: Some(Operation::GetRole),
            account: Some("111122223333".to_owned()),
            about: Some("role/ci".to_owned()),
            which: None,
            outcome: Outcome::Answer(
                json!({ "Role": { "AssumeRolePolicyDocument": document(raw) } }),
            ),
        }
    }

    #[test]
    fn a_document_keeps_all_but_its_white_space() {
        let expected = r#"{
  "why-denied-answer": 1,
  "operation": "iam:GetRole",
  "account": "111122223333",
  "about": "role/ci",
  "answer": {
    "Role": {
      "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [],
        "Statement": {
          "Sid": "a, \"b["
        }
      }
    }
  }
}
"#;
        assert_eq!(answer().text(), expected);
        assert_eq!(answer().file_name(), "iam-GetRole--111122223333--role-ci.json");
        assert_eq!(answer().title(), "live: iam:GetRole role/ci");
    }

    #[test]
    fn what_is_no_json_stays_a_text() {
        let mut text = String::new();
        write(&document("{ \"Version\": "), 0, &mut text);
        assert_eq!(text, r#""{ \"Version\": ""#);
    }
}
