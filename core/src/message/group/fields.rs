//! The fields that a form of the catalogue names, and the forms that count only in some places.

use std::ops::Range;

use super::LEAD;
use crate::message::forms::Form;
use crate::message::sentence::{self, Piece};
use crate::message::{codes, services, windows};

/// The fields that a form named.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) code: Option<Piece>,
    pub(super) operation: Option<Piece>,
    pub(super) service: Option<Piece>,
    pub(super) id: Option<Piece>,
    pub(super) resource: Option<Piece>,
    pub(super) action: Option<Piece>,
    pub(super) principal: Option<Piece>,
    pub(super) authorization: Option<Piece>,
    pub(super) encoded: Option<Range<usize>>,
}

pub(super) fn fields(form: &Form, text: &str, captures: &regex::Captures<'_>) -> Option<Fields> {
    let piece = |name: &str| {
        // A line end in a value is where something wrapped it.
        captures
            .name(name)
            .map(|one| Piece { value: one.as_str().replace('\n', ""), range: one.range() })
    };
    let mut fields = Fields {
        code: piece("code")
            .map(|mut code| {
                code.value.retain(|letter| letter != '\n');
                let len = code.value.trim_end_matches(['.', '"', '\'', '`', ' ']).len();
                code.range.end -= code.value.len() - len;
                code.value.truncate(len);
                code
            })
            // Where no code came back, a tool puts nothing between its brackets.
            .filter(|code| !matches!(&*code.value, "" | "null")),
        operation: piece("op").map(capital),
        service: piece("svc"),
        id: piece("id").map(without_marks).filter(|id| is_id(&id.value)),
        resource: piece("res"),
        action: piece("act"),
        principal: piece("prin"),
        authorization: piece("auth"),
        encoded: captures
            .name("blob")
            .filter(|one| !text.get(one.start()..).is_some_and(|rest| rest.starts_with("status ")))
            .map(|one| whole_blob(text, one.range())),
    };
    // Nothing that is so long is a code, whatever brackets it stands in.
    if fields.code.as_ref().is_some_and(|code| code.value.len() > 80) {
        return None;
    }
    if matches!(form.id, "operation-code" | "calling-operation") {
        let name = &fields.operation.as_ref()?.value;
        services::of_operation(name).or_else(|| services::likely_of_operation(name))?;
    }
    if form.id == "permission-missing" {
        let start = captures.get(0)?.start();
        let (prefix, _) = fields.action.as_ref()?.value.split_once(':')?;
        if !services::is_prefix(prefix) || !tells_of_failure(text, start) {
            return None;
        }
    }
    // Words of a program for itself, and codes that are found by their name.
    if form.id.starts_with("other-code") {
        let code = fields.code.as_ref()?;
        // A class that has a package is a program's.
        let before = text.get(..captures.get(0)?.start())?.chars().next_back();
        let is_class = form.id == "other-code-sentence"
            && before.is_some_and(|letter| matches!(letter, '.' | ':' | '\\' | '$'));
        if is_class || codes::listed(&code.value).is_some() || codes::is_no_code(&code.value) {
            return None;
        }
    }
    if let Some(assumes) = captures.name("assumes") {
        fields.operation = Some(Piece { value: "AssumeRole".to_owned(), range: assumes.range() });
    }
    if form.id == "go-v2" && fields.service.as_ref().is_some_and(|one| one.value == "ec2imds") {
        return None;
    }
    if form.id == "request-id" {
        let start = captures.get(0)?.start();
        if text.get(..start)?.trim_end().ends_with("Extended") {
            return None;
        }
        let id = fields.id.as_ref()?;
        let label = text.get(start..id.range.start)?;
        let digits = id.value.bytes().filter(u8::is_ascii_digit).count();
        // On the next line an id has to look like one.
        let label = label.rsplit([':', '=']).next().unwrap_or("");
        let is_uuid = id.value.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let looks_like =
            is_uuid || digits >= 2 && id.value.len() >= 16 && !sentence::is_moment(&id.value);
        if label.contains('\n') && !looks_like {
            return None;
        }
    }
    if let Some(id) = &mut fields.id {
        rejoin_id(text, id);
    }
    Some(fields)
}

/// Whether a line tells of something that failed, or speaks to whom it failed for. Instructions name missing
/// permissions too.
fn tells_of_failure(text: &str, at: usize) -> bool {
    let near = text.get(windows::boundary(text, at.saturating_sub(LEAD))..at).unwrap_or("");
    let line = near.rsplit('\n').next().unwrap_or("");
    let words = line.trim_start_matches([' ', '"', '\'', '`', '>']);
    matches!(words.trim_end(), "" | "You") && !text.get(at..).unwrap_or("").starts_with(['l', 'L'])
        || ["rror", "ailed", "xception", "enied", "cannot", "nable to"]
            .iter()
            .any(|word| sentence::has(line, word))
}

/// An encoded message with all of its lines.
fn whole_blob(text: &str, mut range: Range<usize>) -> Range<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let first = text.get(range.clone()).unwrap_or("");
    let mut line = first.rsplit('\n').next().map_or(0, str::len);
    let mut lines = first.split('\n').count();
    while let Some(rest) = text.get(range.end..).filter(|rest| rest.starts_with('\n')) {
        let blanks = rest.bytes().take_while(|byte| matches!(byte, b'\n' | b' ')).count();
        let rest = rest.get(blanks..).unwrap_or("");
        let piece = rest.bytes().take_while(|byte| is_part(byte)).count();
        let word = rest.get(..piece).unwrap_or("");
        let ends =
            matches!(rest.as_bytes().get(piece), None | Some(b'\n' | b'"' | b'\'' | b'<' | b')'));
        // The last line may be short; a word of its own is none.
        let is_code = word.bytes().any(|byte| !byte.is_ascii_alphabetic());
        let is_last = line >= 40 && (1..line).contains(&piece) && ends && (lines > 1 || is_code);
        if blanks > 8 || !(is_last || piece >= 20) {
            break;
        }
        line = piece;
        lines += 1;
        range.end += blanks + piece;
    }
    range
}

/// Operations are written with a capital, whatever the tool did, and without a line end.
fn capital(mut piece: Piece) -> Piece {
    piece.value.retain(|letter| letter != '\n');
    if let Some(first) = piece.value.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    piece
}

/// Puts a request id together that a line end cut.
fn rejoin_id(text: &str, id: &mut Piece) {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let lengths = [8, 4, 4, 4, 12];
    let whole = |value: &str| {
        value.split('-').map(str::len).eq(lengths) && value.bytes().all(|byte| is_part(&byte))
    };
    if id.value.len() >= 36 || !id.value.bytes().all(|byte| is_part(&byte)) {
        return;
    }
    let Some(rest) = text.get(id.range.end..).and_then(|rest| rest.strip_prefix('\n')) else {
        return;
    };
    let blanks = rest.bytes().take(4).take_while(|byte| *byte == b' ').count();
    let rest = rest.get(blanks..).unwrap_or("");
    let len = rest.bytes().take(36).take_while(is_part).count();
    let value = format!("{}{}", id.value, rest.get(..len).unwrap_or(""));
    if whole(&value) {
        id.value = value;
        id.range.end += 1 + blanks + len;
    }
}

/// Without what the text around an id puts behind it.
fn without_marks(mut id: Piece) -> Piece {
    let mut value = id.value.trim_end_matches([':', '`', '|', '"', '\'']);
    if !value.ends_with("..") {
        value = value.strip_suffix('.').unwrap_or(value);
    }
    id.range.end -= id.value.len() - value.len();
    id.value.truncate(value.len());
    id
}

/// Whether this is an id, or one that was made unreadable, and not a word for none.
fn is_id(value: &str) -> bool {
    let none = ["null", "nil", "none", "None", "undefined", "N/A", "Just", "Some"];
    !none.contains(&value) && !value.trim_matches('.').is_empty()
}
