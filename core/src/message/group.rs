//! Puts together what belongs to one error: the sentence, and what the tool around it adds.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use super::forms::{self, Code, Form, Role};
use super::sentence::{self, Piece, Reason, Sentence};
use super::{Denial, ErrorClass, services, windows};
use crate::text::{Span, Spanned};

/// How far apart two parts of one error are at most.
const REACH: usize = 4000;
/// How far before an error its first part stands at most.
pub(super) const LEAD: usize = 2500;

/// One thing that was found in a text.
struct Mention {
    range: Range<usize>,
    what: What,
}

impl Mention {
    /// Whether it says what went wrong, or that something did.
    fn tells(&self) -> bool {
        match &self.what {
            What::Sentence(_) => true,
            What::Reason(_) => false,
            What::Form(form, _) => matches!(form.role, Role::Text | Role::Head),
            What::Code(_, known) => !known.wrapper && !known.beside,
        }
    }
}

enum What {
    Sentence(Box<Sentence>),
    Reason(Box<Reason>),
    Form(&'static Form, Box<Fields>),
    Code(Piece, &'static Code),
}

/// The fields that a form named.
#[derive(Default)]
struct Fields {
    code: Option<Piece>,
    operation: Option<Piece>,
    service: Option<Piece>,
    id: Option<Piece>,
    resource: Option<Piece>,
    action: Option<Piece>,
    principal: Option<Piece>,
    authorization: Option<Piece>,
    encoded: Option<Range<usize>>,
}

/// So many distinct errors are kept; a text with more is no log that somebody reads.
pub(super) const MOST: usize = 10_000;
/// So many that differ in little are told apart.
const ALIKE: usize = 32;

/// The errors that were found so far, each distinct one once.
#[derive(Default)]
pub(super) struct Found {
    denials: Vec<Denial>,
    /// Those with one class, principal, action and resource.
    alike: HashMap<u64, Vec<usize>>,
    /// How many more distinct ones there are.
    pub(super) more: usize,
}

impl Found {
    pub(super) fn add(&mut self, denial: Denial) {
        let bucket = self.alike.entry(key(&denial)).or_default();
        let same = bucket
            .iter()
            .copied()
            .find(|at| self.denials.get(*at).is_some_and(|other| is_same(other, &denial)));
        let room = self.denials.len() < MOST;
        match same.and_then(|at| self.denials.get_mut(at)) {
            Some(other) => absorb(other, denial),
            None if room && bucket.len() < ALIKE => {
                bucket.push(self.denials.len());
                self.denials.push(denial);
            }
            None => self.more += 1,
        }
    }

    pub(super) fn finish(mut self) -> (Vec<Denial>, usize) {
        // What says less than another of its kind is an echo of it.
        let full: Vec<ErrorClass> = self
            .denials
            .iter()
            .filter(|denial| !is_bare(denial))
            .map(|denial| denial.class)
            .collect();
        self.denials.retain(|denial| !(is_bare(denial) && full.contains(&denial.class)));
        (self.denials, self.more)
    }
}

fn key(denial: &Denial) -> u64 {
    let mut hasher = DefaultHasher::new();
    denial.class.id().hash(&mut hasher);
    for field in [&denial.principal, &denial.action, &denial.resource] {
        field.as_ref().map(|one| &one.value).hash(&mut hasher);
    }
    hasher.finish()
}

/// Passes on all errors that a text tells of; `place` leads to the original.
pub(super) fn denials(
    text: &str,
    place: &dyn Fn(usize, usize) -> Span,
    found: &mut dyn FnMut(Denial),
) {
    let mut draft = Draft::default();
    let mentions = mentions(text);
    let breaks = Breaks::of(text, &mentions);
    for mention in mentions {
        if breaks.part(&draft, &mention, text) || !draft.takes(&mention, text) {
            let done = std::mem::take(&mut draft).finish(text, place);
            done.into_iter().for_each(&mut *found);
        }
        draft.add(mention, text);
    }
    draft.finish(text, place).into_iter().for_each(found);
}

/// What a line that separates is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Empty,
    /// Of dashes; they frame the parts of one record as well.
    Rule,
    /// Of a log, about something else.
    Other,
}

/// Where something else begins: behind an empty line, a line of dashes, or a line of a log that tells of
/// no error.
struct Breaks {
    /// Where the lines begin that separate, and what each is.
    lines: Vec<(usize, Break)>,
    /// For what stands before the first of them, and then behind each: whether it tells of an error.
    tells: Vec<bool>,
}

impl Breaks {
    fn of(text: &str, mentions: &[Mention]) -> Self {
        let mut lines = Vec::new();
        let mut next = mentions.iter().peekable();
        let mut start = 0;
        for line in text.split('\n') {
            let end = start + line.len();
            let mut is_free = true;
            // What begins in this line, or before it and reaches into it.
            while let Some(mention) = next.next_if(|one| one.range.start < end) {
                is_free = is_free && mention.range.end <= start;
            }
            let words = line.trim();
            let is_rule = words.len() >= 3 && words.trim_matches(['-', '=', '_', '*']).is_empty();
            let is_other = || {
                let mut rest = words.trim_start_matches('[').split(' ');
                is_free
                    && rest.next().is_some_and(sentence::is_moment)
                    && rest.take(6).any(is_level)
            };
            if words.is_empty() {
                lines.push((start, Break::Empty));
            } else if is_rule {
                lines.push((start, Break::Rule));
            } else if is_other() {
                lines.push((start, Break::Other));
            }
            start = end + 1;
        }
        let mut breaks = Self { tells: vec![false; lines.len() + 1], lines };
        for mention in mentions.iter().filter(|mention| mention.tells()) {
            let block = breaks.block(mention.range.start);
            if let Some(tells) = breaks.tells.get_mut(block) {
                *tells = true;
            }
        }
        breaks
    }

    /// How many of the lines stand before a place.
    fn block(&self, at: usize) -> usize {
        self.lines.partition_point(|(start, _)| *start < at)
    }

    /// Whether a mention belongs to another error than what was found before such a line.
    fn part(&self, draft: &Draft, mention: &Mention, text: &str) -> bool {
        // So far away it belongs to another one anyway.
        if mention.range.start.saturating_sub(draft.range.end) > REACH {
            return false;
        }
        let (from, to) = (self.block(draft.range.end), self.block(mention.range.start));
        let between = self.lines.get(from..to).unwrap_or_default();
        let Some(kind) = between.iter().map(|(_, kind)| *kind).max() else { return false };
        let is_sure = kind >= Break::Rule;
        let is_known = draft.is_told()
            || is_sure && draft.says_something()
            || kind == Break::Other && draft.range.end > 0;
        if !is_known || !self.tells.get(to).is_some_and(|tells| *tells) {
            return false;
        }
        let gap = text.get(draft.range.end..mention.range.start).unwrap_or("").trim_end();
        let gap = gap.strip_suffix("User:").unwrap_or(gap);
        let goes_on = || match &mention.what {
            What::Sentence(next) => {
                draft.sentence.as_ref().is_some_and(|mine| is_cut_short(mine, next, text))
            }
            // The lines of a pasted box in another order.
            What::Form(form, _) => form.id == "go-v2" && !is_sure && draft.lacks_head(),
            What::Reason(_) | What::Code(..) => false,
        };
        // A code on a line of its own, and its message behind an empty one.
        let leads_on = is_between(gap)
            && draft.sentence.is_none()
            && (draft.text.is_none() || draft.introduces(mention, text))
            && draft.can_mean(mention);
        !leads_on && !goes_on()
    }
}

fn is_bare(denial: &Denial) -> bool {
    denial.action.is_none()
        && denial.operation.is_none()
        && denial.resource.is_none()
        && denial.service.is_none()
        && denial.request_id.is_none()
        && denial.encoded.is_none()
}

/// Whether two tell of the same error, as far as both speak.
fn is_same(one: &Denial, other: &Denial) -> bool {
    fn agree<T: PartialEq>(one: &Option<Spanned<T>>, other: &Option<Spanned<T>>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one.value == other.value,
            _ => true,
        }
    }
    fn equal<T: PartialEq>(one: &Option<Spanned<T>>, other: &Option<Spanned<T>>) -> bool {
        one.as_ref().map(|one| &one.value) == other.as_ref().map(|other| &other.value)
    }
    // What only one of them could have said of one event.
    let id_alone = |one: &Denial, other: &Denial| {
        one.request_id.is_some() && other.request_id.is_none() && one.encoded.is_none()
    };
    let is_other_blob = match (one.encoded, other.encoded) {
        (Some(_), Some(_)) => {
            let ids = one.request_id.as_ref().zip(other.request_id.as_ref());
            one.encoded_length != other.encoded_length
                && ids.is_some_and(|(one, other)| one.value != other.value)
        }
        (None, Some(_)) => id_alone(one, other),
        (Some(_), None) => id_alone(other, one),
        (None, None) => false,
    };
    one.class == other.class
        && !is_other_blob
        && equal(&one.principal, &other.principal)
        && equal(&one.action, &other.action)
        && equal(&one.resource, &other.resource)
        && agree(&one.kind, &other.kind)
        && agree(&one.policy_type, &other.policy_type)
        && agree(&one.policy_arn, &other.policy_arn)
        && agree(&one.code, &other.code)
        && agree(&one.service, &other.service)
        && agree(&one.operation, &other.operation)
}

/// Takes over what the other tells more.
fn absorb(one: &mut Denial, other: Denial) {
    // An id that a tool cut short is told in full where the error is told again.
    let is_whole = matches!((&one.request_id, &other.request_id), (Some(mine), Some(other))
        if other.value.len() > mine.value.len() && other.value.starts_with(&mine.value));
    if is_whole {
        one.request_id = None;
    } else {
        one.count += other.count;
    }
    one.kind = one.kind.take().or(other.kind);
    one.policy_type = one.policy_type.take().or(other.policy_type);
    one.policy_arn = one.policy_arn.take().or(other.policy_arn);
    one.code = one.code.take().or(other.code);
    if one.service.is_none() {
        (one.service, one.service_is_likely) = (other.service, other.service_is_likely);
    }
    one.operation = one.operation.take().or(other.operation);
    one.request_id = one.request_id.take().or(other.request_id);
    one.authorization_id = one.authorization_id.take().or(other.authorization_id);
    if one.encoded.is_none() {
        (one.encoded, one.encoded_length) = (other.encoded, other.encoded_length);
    }
}

fn mentions(text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let sentences = sentence::find(text);
    for reason in sentence::reasons(text, &sentences) {
        found.push(Mention { range: reason.range.clone(), what: What::Reason(Box::new(reason)) });
    }
    for sentence in sentences {
        let range = sentence.range.clone();
        found.push(Mention { range, what: What::Sentence(Box::new(sentence)) });
    }
    for (form, pattern) in forms::possible(text) {
        for captures in pattern.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            if let Some(fields) = fields(form, text, &captures) {
                found.push(Mention {
                    range: whole.range(),
                    what: What::Form(form, Box::new(fields)),
                });
            }
        }
    }
    found.extend(forms::codes(text).filter_map(|range| bare_code(text, range)));
    // Of what begins in one place, the longer says more.
    found.sort_by_key(|mention| (mention.range.start, Reverse(mention.range.end)));
    found
}

fn fields(form: &Form, text: &str, captures: &regex::Captures<'_>) -> Option<Fields> {
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
        if is_class || forms::listed(&code.value).is_some() || forms::is_no_code(&code.value) {
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
    let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or("");
    let words = line.trim_start_matches([' ', '"', '\'', '`', '>']);
    matches!(words.trim_end(), "" | "You") && !text.get(at..).unwrap_or("").starts_with(['l', 'L'])
        || ["rror", "ailed", "xception", "enied", "cannot", "nable to"]
            .iter()
            .any(|word| line.contains(word))
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

/// Whether a code is no more than HTTP's status.
fn is_status(code: &str) -> bool {
    code.starts_with("403") || code == "Forbidden"
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

/// A known code, if it stands there as a word of its own.
fn bare_code(text: &str, range: Range<usize>) -> Option<Mention> {
    let value = text.get(range.clone())?;
    let before = text.get(..range.start)?.chars().next_back();
    let after = text.get(range.end..)?;
    if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let next = after.chars().next();
    let runs_on = ["The ", "Access ", "User: ", "You ", "KMS Message"]
        .iter()
        .any(|word| after.starts_with(word));
    if next.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/'))
        && !runs_on
    {
        return None;
    }
    let known = forms::known(value)?;
    if known.generic {
        let colon = [": ", ":\n", " =>", " (client)", " (server)"]
            .iter()
            .any(|mark| after.starts_with(mark));
        let lead = text.get(..range.start)?;
        // The status that Kubernetes answered with.
        if lead.ends_with("from server (") {
            return None;
        }
        let labelled = ["name: ", "ode: ", "ode=", "ode: '", "Errors::"]
            .iter()
            .any(|word| lead.ends_with(word));
        let closed = matches!(next, Some('"' | '\'' | ')' | '<'))
            && matches!(before, Some('"' | '\'' | '(' | '>' | '#' | '.'));
        if !colon && !closed && !labelled {
            return None;
        }
    }
    let piece = Piece { value: value.to_owned(), range: range.clone() };
    Some(Mention { range, what: What::Code(piece, known) })
}

/// What has been put together of one error.
#[derive(Default)]
struct Draft {
    range: Range<usize>,
    sentence: Option<Box<Sentence>>,
    reason: Option<Box<Reason>>,
    text: Option<(&'static Form, Fields, Range<usize>)>,
    wrapper: Option<(&'static Form, Fields, Range<usize>)>,
    /// The code, how sure its place is, and what is known of it.
    code: Option<(Piece, u8, Option<&'static Code>)>,
    head: Option<&'static str>,
    has_go_code: bool,
    operation: Option<Piece>,
    service: Option<Piece>,
    hint: Option<Piece>,
    trace: Option<Piece>,
    id: Option<Piece>,
    fields: Fields,
}

impl Draft {
    /// Whether it is known already what went wrong.
    fn is_told(&self) -> bool {
        let code = self.code.as_ref().and_then(|(_, _, known)| *known);
        self.sentence.is_some()
            || self.text.is_some()
            || code.is_some_and(|code| !code.wrapper && !code.beside)
    }

    /// Whether the tool's code was found, and the words before it were not.
    fn lacks_head(&self) -> bool {
        self.head.is_none() && self.has_go_code
    }

    /// Whether it can stand by itself.
    fn says_something(&self) -> bool {
        self.is_told() || self.wrapper.is_some() || self.code.is_some()
    }

    /// Whether its code can be that of these words.
    fn can_mean(&self, mention: &Mention) -> bool {
        let code = self.code.as_ref().and_then(|(_, _, known)| known.filter(|code| !code.beside));
        match (code, &mention.what) {
            (Some(code), What::Sentence(_)) => code.class == ErrorClass::AccessDenied,
            (Some(code), What::Form(form, _)) => form.class.is_none_or(|class| class == code.class),
            _ => true,
        }
    }

    /// Whether its words tell of something that is no denial.
    fn is_about_else(&self) -> bool {
        let class = self.text.as_ref().and_then(|(form, ..)| form.class);
        class.is_some_and(|class| class != ErrorClass::AccessDenied)
    }

    /// Whether nothing more is to be expected.
    fn is_done(&self) -> bool {
        self.id.is_some() && self.code.is_some() && (self.sentence.is_some() || self.text.is_some())
    }

    /// Whether a mention can belong to it.
    fn takes(&self, mention: &Mention, text: &str) -> bool {
        if self.range.end == 0 {
            return true;
        }
        let gap = self.range.end.min(mention.range.start)..mention.range.start;
        if gap.len() > REACH {
            return false;
        }
        let same_line = !text.get(gap).unwrap_or("\n").contains('\n');
        match &mention.what {
            What::Sentence(_) if !same_line && self.is_about_else() => false,
            What::Sentence(next) => {
                let mine = self.sentence.as_ref();
                mine.is_some_and(|mine| is_cut_short(mine, next, text))
                    || mine.is_none_or(|mine| mine.action.is_none())
                        && (same_line || !self.is_done() || self.introduces(mention, text))
            }
            // It is nothing by itself.
            What::Reason(_) => true,
            What::Form(form, fields) => match form.role {
                Role::Head => match self.head {
                    _ if !self.is_told() => true,
                    Some(_) => false,
                    None if form.id == "go-v2" && self.lacks_head() => true,
                    // A log names the code in a field of its own, and then quotes the error.
                    None => same_line && self.sentence.is_none() && self.text.is_none(),
                },
                Role::Text => {
                    if self.is_reason(form, mention, text) {
                        return true;
                    }
                    if self.is_done() || (self.sentence.is_some() && !same_line) {
                        return false;
                    }
                    match &self.text {
                        Some((other, ..)) => other.class == form.class || is_vague(other),
                        None => true,
                    }
                }
                Role::Wrapper => !self.is_told() || same_line,
                Role::Part if is_lesser_code(form) && self.code.is_some() => true,
                Role::Part | Role::Hint | Role::Trace => {
                    let fits = |mine: &Option<Piece>, other: &Option<Piece>| match (mine, other) {
                        (Some(mine), Some(other)) => mine.value == other.value,
                        _ => true,
                    };
                    let is_whole =
                        |(mine, other): (&Piece, &Piece)| other.value.starts_with(&mine.value);
                    let fits_id = fits(&self.id, &fields.id)
                        || self.id.as_ref().zip(fields.id.as_ref()).is_some_and(is_whole);
                    !self.is_told()
                        || (fits_id || same_line)
                            && fits(&self.operation, &fields.operation)
                            && (same_line || self.takes_code(fields.code.as_ref()))
                }
            },
            What::Code(piece, known) => {
                // `CODE: message` on a line of its own begins another error.
                let begins = text.get(piece.range.end..).is_some_and(|rest| rest.starts_with(": "))
                    && (self.sentence.is_some() || self.text.is_some());
                if (self.is_done() || begins) && !same_line {
                    return false;
                }
                known.wrapper
                    || same_line
                    || self.takes_code(Some(piece))
                    || self.repeats(piece, known)
            }
        }
    }

    /// Whether a code tells in other words what a record's own code told just before it.
    fn repeats(&self, piece: &Piece, code: &Code) -> bool {
        const NEAR: usize = 160;
        let Some((mine, _, Some(known))) = &self.code else { return false };
        known.class == code.class
            && self.sentence.is_none()
            && self.text.is_none()
            && piece.range.start.saturating_sub(mine.range.end) < NEAR
    }

    /// Whether its words are those that EC2 puts before the sentence, and nothing is between.
    fn introduces(&self, mention: &Mention, text: &str) -> bool {
        let Some((form, _, range)) = &self.text else { return false };
        let between = text.get(range.end..mention.range.start).unwrap_or("");
        let between = between.trim_start_matches(['.', ' ', '\n']).trim_end();
        form.id == "not-authorized-operation" && matches!(between, "" | "User:" | "User")
    }

    /// Whether these words end the sentence: they say why, and follow it.
    fn is_reason(&self, form: &Form, mention: &Mention, text: &str) -> bool {
        let end = self.sentence.as_ref().map_or(usize::MAX, |sentence| sentence.range.end);
        let between = text.get(end..mention.range.start).unwrap_or(".").trim();
        !is_vague(form)
            && form.class == Some(ErrorClass::AccessDenied)
            && self.text.as_ref().is_none_or(|(other, ..)| is_vague(other))
            && matches!(between, "" | "because")
    }

    fn takes_code(&self, code: Option<&Piece>) -> bool {
        match (&self.code, code) {
            (Some((mine, sure, known)), Some(code)) => {
                mine.value == code.value
                    || *sure == 0
                    || is_status(&mine.value)
                    || known.is_some_and(|known| known.wrapper)
            }
            _ => true,
        }
    }

    /// Whether the words that name a layer follow those that tell of the denial.
    fn is_reasoned_by(&self, reason: &Reason, text: &str) -> bool {
        const NEAR: usize = 160;
        let class = match (&self.text, &self.code) {
            (Some((form, ..)), _) => form.class,
            (None, Some((_, _, Some(code)))) => Some(code.class),
            _ => None,
        };
        let between = text.get(self.range.end..reason.range.start);
        self.sentence.is_none()
            && self.reason.is_none()
            && class == Some(ErrorClass::AccessDenied)
            && between.is_some_and(|between| between.len() < NEAR && !between.contains("\n\n"))
    }

    fn add(&mut self, mention: Mention, text: &str) {
        let is_lesser = matches!(&mention.what, What::Form(form, _) if is_lesser_code(form));
        if is_lesser && self.is_told() && self.code.is_some() {
            return;
        }
        if let What::Reason(reason) = mention.what {
            if self.is_reasoned_by(&reason, text) {
                self.range.end = self.range.end.max(mention.range.end);
                self.reason = Some(reason);
            }
            return;
        }
        let tells = matches!(&mention.what, What::Sentence(_) | What::Code(..))
            || matches!(&mention.what, What::Form(form, _) if form.role == Role::Text);
        if tells && !self.is_told() {
            self.forget_before(windows::boundary(text, mention.range.start.saturating_sub(LEAD)));
        }
        if self.range.end == 0 {
            self.range = mention.range.clone();
        }
        // A sign of a service on a later line makes what stands beside it no part of this error.
        let is_sign = matches!(&mention.what, What::Form(form, _) if matches!(form.role, Role::Hint | Role::Trace));
        let gap = text.get(self.range.end..mention.range.start).unwrap_or("");
        if !(is_sign && self.is_told() && gap.contains('\n')) {
            self.range.start = self.range.start.min(mention.range.start);
            self.range.end = self.range.end.max(mention.range.end);
        }
        match mention.what {
            What::Sentence(sentence) => self.sentence = Some(sentence),
            What::Reason(_) => {}
            What::Code(piece, known) => self.set_code(piece, 1, Some(known)),
            What::Form(form, fields) => self.add_form(form, *fields, mention.range, text),
        }
    }

    fn add_form(&mut self, form: &'static Form, fields: Fields, range: Range<usize>, text: &str) {
        match form.role {
            Role::Text => {
                if self.text.as_ref().is_none_or(|(other, ..)| is_vague(other) && !is_vague(form)) {
                    if let Some(code) = &fields.code {
                        self.set_code(code.clone(), 2, forms::known(&code.value));
                    }
                    if let Some(id) = &fields.id {
                        self.id = Some(id.clone());
                    }
                    self.text = Some((form, fields, range));
                }
                return;
            }
            Role::Wrapper => {
                self.wrapper.get_or_insert((form, fields, range));
                return;
            }
            Role::Hint | Role::Trace => {
                let value = form.service.map(str::to_owned).or_else(|| {
                    fields.service.as_ref().and_then(|one| services::prefix(&one.value))
                });
                if let Some(value) = value {
                    let mine = match form.role {
                        Role::Trace => &mut self.trace,
                        _ => &mut self.hint,
                    };
                    mine.get_or_insert(Piece { value, range });
                }
                return;
            }
            Role::Head => {
                // A call that was made on the way to another: the last is the one that failed.
                self.head = Some(form.id);
                self.operation = None;
                self.service = None;
                let is_outer = self.code.as_ref().is_some_and(|(_, _, known)| is_outer(*known));
                if fields.code.is_some() && !self.is_told() && !is_outer {
                    self.code = None;
                }
            }
            // What a handler makes of an error says less than the error does, and so does a code that
            // nobody knows.
            Role::Part if is_lesser_code(form) => {
                if let Some(code) = fields.code {
                    let known = forms::known(&code.value);
                    self.set_code(code, 0, known);
                }
                return;
            }
            Role::Part => {}
        }
        self.has_go_code |= form.id == "go-v2-code";
        let told = self.is_told();
        if let Some(code) = fields.code {
            let known = forms::known(&code.value);
            self.set_code(code, 2, known);
        }
        if let Some(service) = fields.service
            && let Some(value) = services::prefix(&service.value)
        {
            self.service.get_or_insert(Piece { value, range: service.range });
        }
        if let Some(operation) = fields.operation {
            self.operation.get_or_insert(operation);
        }
        if let Some(id) = fields.id {
            let newer = self.id.as_ref().is_some_and(|mine| {
                let between = text.get(mine.range.end..id.range.start).unwrap_or("");
                // What was cut short is told in full later.
                let is_whole =
                    id.value.len() > mine.value.len() && id.value.starts_with(&mine.value);
                !told || is_whole || between.contains('\n')
            });
            if newer || self.id.is_none() {
                self.id = Some(id);
            }
        }
        let mine = &mut self.fields;
        mine.resource = mine.resource.take().or(fields.resource);
        mine.action = mine.action.take().or(fields.action);
        mine.principal = mine.principal.take().or(fields.principal);
        mine.authorization = mine.authorization.take().or(fields.authorization);
        mine.encoded = mine.encoded.take().or(fields.encoded);
    }

    fn set_code(&mut self, code: Piece, sure: u8, known: Option<&'static Code>) {
        let replace = match &self.code {
            None => true,
            Some((_, _, other)) if is_outer(*other) != is_outer(known) => is_outer(*other),
            Some((mine, other, _)) => {
                sure > *other || sure == *other && is_status(&mine.value) && !is_status(&code.value)
            }
        };
        if replace {
            self.code = Some((code, sure, known));
        }
    }

    /// Leaves out what was mentioned long before.
    fn forget_before(&mut self, at: usize) {
        let old = |piece: &Option<Piece>| piece.as_ref().is_some_and(|one| one.range.start < at);
        let pieces =
            [&mut self.operation, &mut self.service, &mut self.hint, &mut self.trace, &mut self.id];
        for piece in pieces {
            if old(piece) {
                *piece = None;
            }
        }
        let fields = &mut self.fields;
        for piece in [&mut fields.resource, &mut fields.action, &mut fields.principal] {
            if old(piece) {
                *piece = None;
            }
        }
        if self.range.start < at {
            self.range.start = at.min(self.range.end);
        }
    }

    fn finish(self, text: &str, place: &dyn Fn(usize, usize) -> Span) -> Option<Denial> {
        let code_known = self.code.as_ref().and_then(|(_, _, known)| *known);
        let code_class = code_known.filter(|code| !code.beside).map(|code| code.class);
        let told = self.is_told();
        let text_form = self.text.as_ref().map(|(form, ..)| *form);
        let exact = text_form.filter(|form| !is_vague(form));
        let reason = exact.filter(|form| form.class == Some(ErrorClass::AccessDenied));
        let (form, class) = if self.sentence.is_some() {
            (reason.map_or("sentence", |form| form.id), ErrorClass::AccessDenied)
        } else if let Some(form) = exact {
            (form.id, form.class?)
        } else if let (true, Some(class)) = (told, code_class) {
            (text_form.map_or("code", |form| form.id), class)
        } else if let Some(form) = text_form {
            (form.id, form.class?)
        } else if let Some((form, ..)) = &self.wrapper {
            (form.id, form.class?)
        } else {
            ("code", code_class?)
        };
        let spanned = |piece: Piece| Spanned {
            span: place(piece.range.start, piece.range.end),
            value: piece.value,
        };
        let own_service = match &self.text {
            Some((form, _, range)) => form.service.zip(Some(range.clone())),
            None if !told => self
                .wrapper
                .as_ref()
                .and_then(|(form, _, range)| form.service.zip(Some(range.clone()))),
            None => None,
        };
        let own_service =
            own_service.map(|(value, range)| Piece { value: value.to_owned(), range });
        let code_service = self.code.as_ref().and_then(|(piece, _, known)| {
            let value = (*known)?.service?.to_owned();
            Some(Piece { value, range: piece.range.clone() })
        });
        let words = match (&self.text, &self.wrapper) {
            (Some((_, _, range)), _) => Some(range.clone()),
            (None, Some((_, _, range))) if !told => Some(range.clone()),
            _ => None,
        };
        let around = self.wrapper.as_ref().and_then(|(_, fields, _)| fields.operation.clone());
        let text_fields = self.text.map(|(_, fields, _)| fields).unwrap_or_default();
        let (mut principal, mut action, mut resource) = (None, None, None);
        let (mut kind, mut policy_type, mut policy_arn) = (None, None, None);
        let mut called = None;
        if let Some(sentence) = self.sentence {
            principal = sentence.principal;
            action = sentence.action;
            called = sentence.operation;
            resource = sentence.resource;
            kind = sentence.kind;
            policy_type = sentence.policy_type;
            policy_arn = sentence.policy_arn;
        } else if told {
            resource = text_fields.resource.or(self.fields.resource);
            action = text_fields.action.or(self.fields.action);
            principal = text_fields.principal;
        } else if let Some((_, fields, _)) = self.wrapper {
            resource = fields.resource;
        }
        if let Some(reason) = self.reason.filter(|_| kind.is_none()) {
            kind = Some(reason.kind);
            policy_type = Some(reason.policy_type);
            policy_arn = reason.policy_arn;
            action = action.or(reason.action);
        }
        principal = principal.or(self.fields.principal);
        let mut operation = self.operation.or(text_fields.operation).or(called).or(around);
        // AWS asks for this action in this call alone, and the code shows that it was made.
        if let (None, Some(action), Some((code, ..))) = (&operation, &action, &self.code)
            && action.value == "sts:AssumeRole"
            && leads_to_sentence(text, code.range.end)
        {
            operation = Some(Piece { value: "AssumeRole".to_owned(), range: action.range.clone() });
        }
        let of_action = action.as_ref().and_then(|action| {
            let (prefix, _) = action.value.split_once(':')?;
            let end = action.range.start + prefix.len();
            Some(Piece { value: prefix.to_ascii_lowercase(), range: action.range.start..end })
        });
        let of_operation = || {
            let operation = operation.as_ref()?;
            let service = services::of_operation(&operation.value)?;
            Some(Piece { value: service.to_owned(), range: operation.range.clone() })
        };
        // No other service has this code.
        let of_ec2 = self.code.as_ref().zip(operation.as_ref()).and_then(|((code, ..), _)| {
            let bare = code.value.strip_prefix("Client.").unwrap_or(&code.value);
            let value = "ec2".to_owned();
            (bare == "UnauthorizedOperation").then(|| Piece { value, range: code.range.clone() })
        });
        let service = of_action
            .or(own_service)
            .or(self.service)
            .or_else(of_operation)
            .or(of_ec2)
            .or(code_service)
            .or(self.hint)
            .or(self.trace);
        // A name that is shared says little, and no more than anything else does.
        let likely = operation.as_ref().filter(|_| service.is_none()).and_then(|operation| {
            let value = services::likely_of_operation(&operation.value)?.to_owned();
            Some(Piece { value, range: operation.range.clone() })
        });
        let service_is_likely = likely.is_some();
        let service = service.or(likely);
        let encoded = self.fields.encoded.as_ref().and_then(|range| text.get(range.clone()));
        let encoded_length = encoded
            .map_or(0, |encoded| encoded.split('\n').map(|line| line.trim().chars().count()).sum());
        Some(Denial {
            form,
            see: forms::page(form),
            class,
            principal: principal.map(spanned),
            action: action.map(spanned),
            resource: resource.map(spanned),
            kind: kind.map(|(value, range)| Spanned { value, span: place(range.start, range.end) }),
            policy_type: policy_type
                .map(|(value, range)| Spanned { value, span: place(range.start, range.end) }),
            policy_arn: policy_arn.map(spanned),
            code: self.code.map(|(piece, ..)| spanned(piece)),
            service: service.map(spanned),
            service_is_likely,
            operation: operation.map(spanned),
            request_id: self.id.map(spanned),
            authorization_id: self.fields.authorization.map(spanned),
            words: words.map(|range| place(range.start, range.end)),
            encoded_length,
            encoded: self.fields.encoded.map(|range| place(range.start, range.end)),
            span: place(self.range.start, self.range.end),
            count: 1,
        })
    }
}

/// Whether a tool cut a sentence short, and then printed all of it.
fn is_cut_short(one: &Sentence, whole: &Sentence, text: &str) -> bool {
    let begins = |one: &Option<Piece>, whole: &Option<Piece>| {
        let value = |piece: &Option<Piece>| {
            piece.as_ref().map(|piece| piece.value.clone()).unwrap_or_default()
        };
        value(whole).starts_with(&value(one))
    };
    let between = text.get(one.range.end..whole.range.start).unwrap_or("");
    between.len() < 600
        && between.find("(truncated").is_some_and(|at| at < 120)
        && begins(&one.principal, &whole.principal)
        && begins(&one.action, &whole.action)
}

/// Whether a code may be around a better one.
fn is_outer(known: Option<&Code>) -> bool {
    known.is_some_and(|known| known.wrapper)
}

/// Whether it carries a code that counts only where no better one is.
fn is_lesser_code(form: &Form) -> bool {
    form.id == "handler-code" || form.id.starts_with("other-code")
}

/// Whether a word says that a line of a log tells of no error.
fn is_level(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| !letter.is_ascii_alphabetic());
    let word = word.strip_prefix("level=").unwrap_or(word);
    ["INFO", "NOTICE"].iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// Whether nothing but marks and tags stands between a code and the sentence.
fn leads_to_sentence(text: &str, from: usize) -> bool {
    let rest = text.get(from..).unwrap_or("");
    let before = rest.find("User:").filter(|at| *at < 80).and_then(|at| rest.get(..at));
    before.is_some_and(is_between)
}

/// Whether these are no more than the marks, tags and labels between a code and its message.
fn is_between(text: &str) -> bool {
    let labels = ["</Code>", "<Message>", "Error message:", "Message:", "Message : chr"];
    let words = labels.iter().fold(text.to_owned(), |words, label| words.replace(label, ""));
    !words.contains(|letter: char| letter.is_alphanumeric())
}

/// Words that say no more than the code does.
fn is_vague(form: &Form) -> bool {
    matches!(
        form.id,
        "access-denied" | "forbidden" | "not-authorized-operation" | "not-authorized-call"
    )
}
