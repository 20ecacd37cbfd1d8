//! The sentence that most services use: who may not do what, on what, and which layer said so.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use std::ops::Range;

use regex::Regex;

use super::wrapping::NARROWEST;
use super::{DenialKind, forms};
use crate::policy::PolicyType;

/// A value and the range of the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) value: String,
    pub(super) range: Range<usize>,
}

/// What one sentence says.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) range: Range<usize>,
    pub(super) principal: Option<Piece>,
    /// Missing where a placeholder or nothing stands in its place.
    pub(super) action: Option<Piece>,
    /// The API operation that stands in the action's place.
    pub(super) operation: Option<Piece>,
    pub(super) resource: Option<Piece>,
    pub(super) kind: Option<(DenialKind, Range<usize>)>,
    pub(super) policy_type: Option<(PolicyType, Range<usize>)>,
    pub(super) policy_arn: Option<Piece>,
}

const HOLDERS: &str = "(?P<holder>service control|service-based|resource control|VPC endpoint|permissions? boundary|sessions?|resource-? ?based|resource|identity-? ?based|identity|(?:role )?trust)";

/// The regular expressions of the sentence's parts.
struct Grammar {
    anchor: Regex,
    panel: Regex,
    context: Regex,
    on: Regex,
    explicit: Regex,
    implicit: Regex,
    cut: Regex,
}

fn grammar() -> Option<&'static Grammar> {
    static GRAMMAR: std::sync::OnceLock<Option<Grammar>> = std::sync::OnceLock::new();
    let build = || {
        Some(Grammar {
            anchor: forms::compile("[Nn]ot authorized to perform ?:? ?")?,
            panel: forms::compile(
                "User: (?P<prin>arn:[^\\s]{1,400}) Action: (?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9*]{1,100})(?: On resource\\(s\\): (?P<res>[^\\s]{1,400}))?(?: Context: )?",
            )?,
            context: forms::compile(&format!(
                "^(?:because )?no {HOLDERS}(?: polic(?:y|ies))? allows?"
            ))?,
            on: forms::compile("^ ?on (?:resource ?:? ?)?")?,
            explicit: forms::compile(&format!(
                "(?i-u:with an explicit deny(?: in (?:an? |the )?{HOLDERS}(?: policy)?(?:[*_`]{{0,3}} ?: ?(?P<arn>arn:))?)?)"
            ))?,
            implicit: forms::compile(&format!(
                "(?i-u:because no {HOLDERS}(?: polic(?:y|ies))? allows?)"
            ))?,
            cut: forms::compile(
                "User: (?P<prin>arn:[^\\s\"'`]{1,400}) is(?: not(?: authorized(?: to)?)?)?(?:\n|$|[.,|<)\"'`\u{2026}])",
            )?,
        })
    };
    GRAMMAR.get_or_init(build).as_ref()
}

/// The longest that a principal, with its placeholders, is taken to be.
const PRINCIPAL: usize = 2200;
/// How far behind the resource the layer is looked for.
const CONTEXT: usize = 700;

/// All sentences of a text, in order.
pub(super) fn find(text: &str) -> Vec<Sentence> {
    let Some(grammar) = grammar() else { return Vec::new() };
    let anchors: Vec<Range<usize>> =
        grammar.anchor.find_iter(text).map(|one| one.range()).collect();
    let mut found: Vec<Sentence> = Vec::new();
    for (index, anchor) in anchors.iter().enumerate() {
        let floor = found.last().map_or(0, |sentence| sentence.range.end);
        let ceiling = anchors.get(index + 1).map_or(text.len(), |next| next.start);
        found.extend(read(text, grammar, anchor, floor.min(anchor.start), ceiling));
    }
    if text.contains("Action: ") {
        found.extend(panels(text, grammar));
    }
    found.extend(cut_sentences(text, grammar, &found));
    found.sort_by_key(|sentence| sentence.range.start);
    found
}

/// Why AWS denied, where no sentence says who was denied what.
pub(super) struct Reason {
    pub(super) range: Range<usize>,
    pub(super) kind: (DenialKind, Range<usize>),
    pub(super) policy_type: (PolicyType, Range<usize>),
    pub(super) policy_arn: Option<Piece>,
    /// What is not allowed, where the words say it.
    pub(super) action: Option<Piece>,
}

/// The reasons that stand in none of the sentences, in order.
pub(super) fn reasons(text: &str, sentences: &[Sentence]) -> Vec<Reason> {
    let Some(grammar) = grammar() else { return Vec::new() };
    let explicit = if text.contains("explicit deny in") { &[&grammar.explicit][..] } else { &[] };
    let implicit = if text.contains("because no ") { &[&grammar.implicit][..] } else { &[] };
    let regexes = explicit.iter().chain(implicit);
    let places = regexes.flat_map(|regex| regex.find_iter(text).map(move |one| (regex, one)));
    let mut found: Vec<Reason> = places
        .filter_map(|(regex, place)| {
            // The sentences stand in order: what began last before it may reach into it.
            let before = sentences.partition_point(|one| one.range.start < place.end());
            let last = before.checked_sub(1).and_then(|last| sentences.get(last));
            if last.is_some_and(|sentence| place.start() < sentence.range.end) {
                return None;
            }
            let captures = regex.captures_at(text, place.start())?;
            let whole = captures.get(0)?.range();
            let holder = captures.name("holder")?;
            let is_implicit = text.get(whole.clone())?.starts_with(['b', 'B']);
            let kind = if is_implicit { DenialKind::Implicit } else { DenialKind::Explicit };
            let mut reason = Reason {
                range: whole.clone(),
                kind: (kind, whole.clone()),
                policy_type: (policy_type(holder.as_str())?, holder.range()),
                policy_arn: None,
                action: None,
            };
            if let Some(arn) = captures.name("arn") {
                let (value, behind) = plain_value(text, arn.start(), text.len());
                reason.policy_arn = value;
                let words = text.get(whole.start..arn.start())?.trim_end_matches([' ', '\n', ':']);
                reason.kind.1.end = whole.start + words.len();
                reason.range.end = behind.max(whole.end);
            }
            let rest = clip(text, whole.end, whole.end + 120);
            let article = rest.trim_start().strip_prefix("the");
            if let Some(article) = article.filter(|_| kind == DenialKind::Implicit) {
                let from = whole.end + (rest.len() - article.len());
                reason.action = action(text, from, text.len());
            }
            Some(reason)
        })
        .collect();
    found.sort_by_key(|reason| reason.range.start);
    found
}

/// Sentences of which no more is left than who it is about, since a line ends behind that.
fn cut_sentences(text: &str, grammar: &Grammar, whole: &[Sentence]) -> Vec<Sentence> {
    let found = grammar.cut.captures_iter(text).filter_map(|captures| {
        let range = captures.get(0)?.range();
        let principal = captures.name("prin")?;
        let other = whole
            .iter()
            .any(|other| other.range.start < range.end + 1 && range.start < other.range.end);
        let principal = Piece { value: principal.as_str().to_owned(), range: principal.range() };
        (!other).then_some(Sentence {
            range: principal.range.start..range.end,
            principal: Some(principal),
            action: None,
            operation: None,
            resource: None,
            kind: None,
            policy_type: None,
            policy_arn: None,
        })
    });
    found.collect()
}

/// What the console shows for whoever is to ask for access: who, what and on what, a line for each.
fn panels(text: &str, grammar: &Grammar) -> Vec<Sentence> {
    let found = grammar.panel.captures_iter(text).filter_map(|captures| {
        let piece = |name: &str| {
            let one = captures.name(name)?;
            Some(Piece { value: one.as_str().to_owned(), range: one.range() })
        };
        let whole = captures.get(0)?.range();
        let rest = clip(text, whole.end, whole.end + CONTEXT);
        let explicit = grammar
            .explicit
            .captures(rest)
            .filter(|one| one.get(0).is_some_and(|one| one.start() == 0));
        let (kind, captures) = match explicit {
            Some(captures) => (DenialKind::Explicit, Some(captures)),
            None => (DenialKind::Implicit, grammar.context.captures(rest)),
        };
        let place = |one: regex::Match<'_>| whole.end + one.start()..whole.end + one.end();
        let context = captures.as_ref().and_then(|captures| captures.get(0)).map(place);
        let holder = captures.as_ref().and_then(|captures| captures.name("holder"));
        Some(Sentence {
            range: whole.start..context.as_ref().map_or(whole.end, |context| context.end),
            principal: piece("prin"),
            action: piece("act"),
            operation: None,
            resource: piece("res"),
            kind: context.map(|context| (kind, context)),
            policy_type: holder.and_then(|one| Some((policy_type(one.as_str())?, place(one)))),
            policy_arn: None,
        })
    });
    found.collect()
}

fn read(
    text: &str,
    grammar: &Grammar,
    anchor: &Range<usize>,
    floor: usize,
    ceiling: usize,
) -> Option<Sentence> {
    let principal = principal(text, floor, anchor);
    let action = action(text, anchor.end, ceiling);
    let mut operation = None;
    let mut end = match &action {
        Some(action) => action.range.end,
        // What names a caller in these words tells of a denial, whatever stands for the action.
        None if principal.is_some() => {
            let end = anchor.end + word_len(text, anchor.end, ceiling);
            operation = operation_name(text, anchor.end..end);
            end
        }
        None => return None,
    };
    let after = text.get(end..ceiling)?;
    end += after.len() - after.trim_start_matches(['\'', '"', '`', '*', ':', '-']).len();
    let base = end;
    let window = clip(text, base, (base + CONTEXT).min(ceiling));
    let explicit = grammar.explicit.captures(window);
    let implicit = grammar.implicit.captures(window);
    let cut = if explicit.is_none() && implicit.is_none() { cut_clause(window) } else { None };
    let start_of = |captures: &Option<regex::Captures<'_>>| {
        captures.as_ref().and_then(|captures| captures.get(0)).map_or(usize::MAX, |one| one.start())
    };
    let (kind, captures) = if start_of(&explicit) < start_of(&implicit) {
        (DenialKind::Explicit, explicit)
    } else {
        (DenialKind::Implicit, implicit)
    };
    let mut context = captures.as_ref().and_then(|captures| captures.get(0));
    let mut resource = None;
    if let Some(on) = grammar.on.find(window).filter(|on| names_resource(window, on)) {
        let from = end + on.end();
        let limit = context.map(|context| end + context.start());
        let (value, behind) = resource_value(text, from, limit, ceiling);
        end = behind;
        resource = value;
    }
    // What stands further away is about something else.
    context = context.filter(|context| {
        let between = clip(text, end, base + context.start());
        base + context.start() + 1 >= end && between.len() < 160 && !between.contains("\n\n")
    });
    let mut sentence = Sentence {
        range: anchor.start..end,
        principal,
        action,
        operation,
        resource,
        kind: None,
        policy_type: None,
        policy_arn: None,
    };
    if let Some(principal) = &sentence.principal {
        sentence.range.start = principal.range.start;
        let lead = text.get(..principal.range.start).unwrap_or("").trim_end();
        if lead.strip_suffix("User:").unwrap_or(lead).ends_with("**") {
            sentence.resource.iter_mut().for_each(without_emphasis);
        }
    }
    if let (Some(context), Some(captures)) = (context, &captures) {
        let place = |one: regex::Match<'_>| base + one.start()..base + one.end();
        sentence.range.end = base + context.end();
        let words = captures.name("arn").map_or(context.end(), |arn| arn.start());
        let words = window.get(context.start()..words).unwrap_or("");
        let start = base + context.start();
        let end = start + words.trim_end_matches([' ', '\n', ':']).len();
        sentence.kind = Some((kind, start..end));
        sentence.policy_type = captures
            .name("holder")
            .and_then(|holder| Some((policy_type(holder.as_str())?, place(holder))));
        if let Some(arn) = captures.name("arn") {
            let (value, behind) = plain_value(text, base + arn.start(), ceiling);
            sentence.policy_arn = value;
            sentence.range.end = behind.max(sentence.range.end);
        }
    }
    if let Some((range, layer)) = cut.filter(|(range, _)| base + range.start + 1 >= end) {
        let place = |range: Range<usize>| base + range.start..base + range.end;
        sentence.range.end = base + range.end;
        sentence.kind = Some((DenialKind::Implicit, place(range.clone())));
        sentence.policy_type = layer.map(|layer| (layer, place(range)));
    }
    Some(sentence)
}

/// Whether a resource follows these words: on the same line, or on the next one where it looks like one.
fn names_resource(window: &str, on: &regex::Match<'_>) -> bool {
    let rest = window.get(on.end()..).unwrap_or("");
    let words = on.as_str();
    let is_closed = words.ends_with("resource") && rest.starts_with(['"', '\'', '`']);
    if !words.contains("resource") {
        return rest.trim_start_matches(['"', '\'', '`']).starts_with("arn:");
    }
    let word = rest.split([' ', '\n']).next().unwrap_or("");
    let looks_like = !is_moment(word)
        && (word.contains(['/', '*', '"', '\'']) || word.trim_end_matches(':').contains(':'));
    !is_closed
        && !words.contains("\n\n")
        && (words.contains(':') || !words.contains('\n') || looks_like)
}

/// The clause that names a missing Allow, where a line ends in the middle of it, and the layer if what is
/// left of it can be no other.
fn cut_clause(window: &str) -> Option<(Range<usize>, Option<PolicyType>)> {
    const LEAD: &str = "because no ";
    let start = window.rfind(LEAD)?;
    let rest = window.get(start + LEAD.len()..)?;
    let rest = rest.split('\n').next()?.trim_end_matches(['.', '\u{2026}', '"', '\'', '`', ' ']);
    let layers = [
        ("service control policy allows the", PolicyType::ServiceControl),
        ("VPC endpoint policy allows the", PolicyType::VpcEndpoint),
        ("permissions boundary allows the", PolicyType::PermissionsBoundary),
        ("session policy allows the", PolicyType::Session),
        ("resource-based policy allows the", PolicyType::ResourceBased),
        ("identity-based policy allows the", PolicyType::IdentityBased),
        ("role trust policy allows the", PolicyType::Trust),
    ];
    let mut fitting = layers.iter().filter(|(words, _)| words.starts_with(rest));
    let first = fitting.next()?;
    let layer = fitting.next().is_none().then_some(first.1);
    Some((start..start + LEAD.len() + rest.len(), layer))
}

/// Takes the two stars away that end what is printed bold.
fn without_emphasis(piece: &mut Piece) {
    if piece.value.ends_with("**") {
        piece.value.truncate(piece.value.len() - 2);
        piece.range.end -= 2;
    }
}

/// The policy type that AWS means by these words.
fn policy_type(words: &str) -> Option<PolicyType> {
    let rows = [
        ("service", PolicyType::ServiceControl),
        ("resource-", PolicyType::ResourceBased),
        ("resource based", PolicyType::ResourceBased),
        ("vpc", PolicyType::VpcEndpoint),
        ("permission", PolicyType::PermissionsBoundary),
        ("session", PolicyType::Session),
        ("identity", PolicyType::IdentityBased),
        ("role", PolicyType::Trust),
        ("trust", PolicyType::Trust),
    ];
    let words = words.to_ascii_lowercase();
    if words.starts_with("resource") && words.ends_with("control") {
        return Some(PolicyType::ResourceControl);
    }
    if words == "resource" {
        return Some(PolicyType::ResourceBased);
    }
    // The words of one service for its own policies, which are none of these.
    if words == "service-based" {
        return None;
    }
    rows.iter().find(|(start, _)| words.starts_with(start)).map(|(_, policy_type)| *policy_type)
}

/// A piece of the text; the ends are moved to the next character where they cut one.
fn clip(text: &str, start: usize, end: usize) -> &str {
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    text.get(start..end).unwrap_or("")
}

/// How long the word at `from` is, if one stands there that can be a placeholder.
fn word_len(text: &str, from: usize, ceiling: usize) -> usize {
    let rest = clip(text, from, (from + 120).min(ceiling));
    let len = rest.find([' ', '\n', '"', '<', ',']).unwrap_or(rest.len());
    if rest.starts_with("on ") { 0 } else { len }
}

/// A word that is the name of an API operation: `CreateLogGroup`.
fn operation_name(text: &str, range: Range<usize>) -> Option<Piece> {
    let word = text.get(range.clone())?.trim_end_matches('.');
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    let is_name = word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && (2..word.len()).contains(&capitals);
    let range = range.start..range.start + word.len();
    is_name.then(|| Piece { value: word.to_owned(), range })
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*')
}

/// `service:Name`, also where a line end cuts it.
fn action(text: &str, from: usize, ceiling: usize) -> Option<Piece> {
    let window = clip(text, from, (from + 300).min(ceiling));
    // Two stars print bold what follows.
    let bold = |letter: char| matches!(letter, '\'' | '"' | '`' | ' ' | '\n' | '*');
    let start = window.len() - window.trim_start_matches(bold).len();
    let window = window.get(start..)?;
    if let Some(inner) = window.strip_prefix('<') {
        let len =
            inner.find(['>', ' ', '\n']).filter(|len| inner.as_bytes().get(*len) == Some(&b'>'))?;
        let value = window.get(..len + 2)?;
        let at = from + start;
        return value
            .contains(':')
            .then(|| Piece { value: value.to_owned(), range: at..at + value.len() });
    }
    let run = |text: &str| text.bytes().take_while(|byte| is_name(*byte) || *byte == b':').count();
    let mut len = run(window);
    let mut value = window.get(..len)?.to_owned();
    let rest = window.get(len..)?;
    if let Some(next) = rest.strip_prefix('\n') {
        let more = run(next);
        let tail = next.get(..more)?;
        let cut = !value.contains(':') || value.ends_with(':') || {
            let behind = next.get(more..).unwrap_or("").trim_start();
            let words = ["on ", "because ", "with ", "and ", "status ", "at "];
            line_width(text, from + start + len) >= NARROWEST
                && !words.iter().any(|word| next.starts_with(word))
                && words.iter().take(3).any(|word| behind.starts_with(word))
        };
        if cut && more > 0 {
            value.push_str(tail);
            len += 1 + more;
        }
    }
    // What ends what is bold is taken for a part of the name, as a pattern's star is.
    let name = value.trim_end_matches([':', '-']);
    let name = name.strip_suffix("**").unwrap_or(name);
    let len = len - (value.len() - name.len());
    let value = name.to_owned();
    let (prefix, name) = value.split_once(':')?;
    let good = !prefix.is_empty()
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.is_empty()
        && name.bytes().all(is_name);
    let end = from + start + len.min(window.len());
    good.then(|| Piece { range: from + start..end, value })
}

/// How long the line is that ends at `end`, as far as it matters.
fn line_width(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes().get(..end).unwrap_or(&[]);
    bytes.iter().rev().take(400).take_while(|byte| **byte != b'\n').count()
}

/// Words that stand before a name, in place of an ARN.
const KINDS: &[&str] = &[
    "role",
    "policy",
    "user",
    "group",
    "instance",
    "instance profile",
    "profile",
    "provider",
    "certificate",
    "server certificate",
    "signing certificate",
    "access key",
    "mfa device",
    "virtual mfa device",
    "stack",
    "key",
];

/// Whether a value is one of these words, or begins one of several words that goes on with `next`.
fn is_kind(value: &str, next: &str) -> bool {
    let goes_on = |kind: &&str| {
        let rest = kind.strip_prefix(value).and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| rest.split(' ').next() == Some(next))
    };
    KINDS.contains(&value) || KINDS.iter().any(goes_on)
}

/// How long the rest of a placeholder is that has blanks in it, from the first of them to what closes it.
fn placeholder_rest(value: &str, rest: &str) -> Option<usize> {
    let open = value.rfind(['<', '[', '{'])?;
    let close = match value.as_bytes().get(open)? {
        b'<' => '>',
        b'[' => ']',
        _ => '}',
    };
    if value.get(open..)?.contains(close) {
        return None;
    }
    let len = rest.bytes().take(60).position(|byte| byte == close as u8)?;
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\n' | b'-' | b'_');
    rest.get(..len)?.bytes().all(is_part).then_some(len + 1)
}

/// The resource from `from` on: in quotes, up to the named layer, or as far as it can be one.
fn resource_value(
    text: &str,
    from: usize,
    limit: Option<usize>,
    ceiling: usize,
) -> (Option<Piece>, usize) {
    let rest = clip(text, from, (from + 2200).min(ceiling));
    let close: Option<&[char]> = match rest.chars().next() {
        Some('"') => Some(&['"']),
        Some('`') => Some(&['\'', '`']),
        Some('\'') => Some(&['\'']),
        _ => None,
    };
    if let Some(close) = close {
        let inner = rest.get(1..).unwrap_or("");
        if let Some(len) = inner.find(close) {
            let value = spaced(inner.get(..len).unwrap_or("").trim());
            let range = from + 1..from + 1 + len;
            let good = !value.trim_matches(['.', '\u{2026}']).is_empty();
            let piece = good.then_some(Piece { value, range });
            return (piece, from + len + 2);
        }
    }
    if let Some(limit) = limit.filter(|limit| *limit > from && *limit - from < 600) {
        let whole = clip(text, from, limit);
        let one_clause = !whole.contains(". ") && !whole.contains("\n\n") && !whole.contains(" (");
        let value = whole.trim();
        let value = value.strip_suffix(" ...").unwrap_or(value).trim_end_matches(',');
        // The names of some resources have blanks in them.
        let most = if value.starts_with("arn:") { 12 } else { 5 };
        if one_clause && value.split([' ', '\n']).filter(|word| !word.is_empty()).count() <= most {
            let start = from + (whole.len() - whole.trim_start().len());
            let end = start + value.len();
            let value = joined(value);
            let good = !value.is_empty() && !value.trim_matches('.').is_empty();
            return (good.then_some(Piece { value, range: start..end }), end);
        }
    }
    plain_value(text, from, ceiling)
}

/// A value without quotes: one word, or two where the first says what the second is.
fn plain_value(text: &str, from: usize, ceiling: usize) -> (Option<Piece>, usize) {
    let rest = clip(text, from, (from + 2200).min(ceiling));
    let word = |text: &str| {
        let stop = text.find([' ', '\n', '"', '\'', '`']).unwrap_or(text.len());
        let word = text.get(..stop).unwrap_or("");
        // What a page puts behind a value: a tag, a note, the address of a link.
        let marks = ["</", ".[", "]("].iter().filter_map(|mark| word.find(mark));
        marks.min().unwrap_or(stop)
    };
    let mut value = String::new();
    let mut at = 0;
    let mut end = 0;
    for _ in 0..8 {
        let here = rest.get(at..).unwrap_or("");
        let len = word(here);
        let piece = here.get(..len).unwrap_or("");
        value.push_str(piece);
        at += len;
        if !piece.is_empty() {
            end = at;
        }
        let here = rest.get(at..).unwrap_or("");
        if let Some(len) = placeholder_rest(&value, here) {
            value.push_str(&here.get(..len).unwrap_or("").replace('\n', " "));
            at += len;
            end = at;
        } else if let Some(next) = here.strip_prefix('\n') {
            if !continues(text, from + at, &value, next) {
                break;
            }
            if KINDS.contains(&value.as_str()) {
                value.push(' ');
            }
            at += 1;
        } else if let Some(next) = here.strip_prefix(' ') {
            let following = next.get(..word(next)).unwrap_or("");
            let named = is_kind(&value, following);
            let split_name = value.starts_with("arn:")
                && following.contains('/')
                && !following.starts_with(['(', 'h', '/'])
                && !value.rsplit(':').next().unwrap_or("").contains('/');
            if following.is_empty() || !(named || split_name) {
                break;
            }
            value.push(' ');
            at += 1;
        } else {
            break;
        }
    }
    let trimmed = closed(&value);
    let cut = value.len() - trimmed.len();
    let good =
        !trimmed.is_empty() && !trimmed.trim_matches('.').is_empty() && !trimmed.starts_with('(');
    let end = from + end;
    let piece = Piece { value: trimmed.to_owned(), range: from..end.saturating_sub(cut).max(from) };
    (good.then_some(piece), if good { end } else { from })
}

/// Whether the next line goes on with the value that ends the line at `end`.
fn continues(text: &str, end: usize, value: &str, next: &str) -> bool {
    if value.is_empty() || next.starts_with([' ', '\n']) {
        return false;
    }
    let len = next.find([' ', '\n', '"', '\'', '`']).unwrap_or(next.len());
    let word = next.get(..len).unwrap_or("");
    let keyword = ["because", "with", "status", "Status", "(Service", "Encoded", "at", "on", "and"];
    if keyword.contains(&word.trim_end_matches(':')) || word.starts_with('(') || is_moment(word) {
        return false;
    }
    if KINDS.contains(&value) || next.starts_with(':') {
        return true;
    }
    if line_width(text, end) < NARROWEST {
        return false;
    }
    let behind = next.get(len..).unwrap_or("").trim_start();
    let goes_on = ["because no", "because NO", "with an", "(Service", "status code"];
    let alone = behind.is_empty()
        || next.get(len..).is_some_and(|rest| rest.starts_with(['\n', '"', '\'']));
    let like_an_arn = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_/:*.+=@,#<>(){}$".contains(&byte));
    like_an_arn
        && word.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
        && (goes_on.iter().any(|words| behind.starts_with(words))
            || (alone
                && (word.contains(['/', '-', ':']) || word.bytes().any(|b| b.is_ascii_digit()))))
}

/// Whether a word is a day or a time, as logs put it before each line.
pub(super) fn is_moment(word: &str) -> bool {
    let shape = |form: &str| {
        let letters = word.bytes().zip(form.bytes());
        word.len() >= form.len()
            && letters.fold(true, |so_far, (letter, wanted)| {
                so_far && if wanted == b'0' { letter.is_ascii_digit() } else { letter == wanted }
            })
    };
    let word_starts = ["0000-00-00", "0000/00/00", "00:00:00"];
    word_starts.iter().any(|form| shape(form))
}

/// Without the punctuation that closes what is around it.
fn closed(value: &str) -> &str {
    let mut value = value;
    for _ in 0..16 {
        let Some(last) = value.chars().last() else { break };
        let opens = |open: char| value.matches(open).count() < value.matches(last).count();
        let cut = match last {
            '.' => !value.ends_with("..."),
            // CloudWatch Logs names a stream that has no name yet.
            ':' if value.ends_with(":log-stream:") => false,
            ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '`' => true,
            ')' => opens('('),
            ']' => opens('['),
            '}' => opens('{'),
            '>' => opens('<'),
            _ => false,
        };
        if !cut {
            break;
        }
        value = value.get(..value.len() - last.len_utf8()).unwrap_or("");
    }
    value
}

/// A value whose line ends are taken out; those behind a word that names a kind become blanks.
fn joined(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for line in value.split('\n') {
        let line = if text.is_empty() { line.trim_end() } else { line.trim() };
        // A placeholder may have blanks in it.
        let is_open = text.matches('<').count() > text.matches('>').count()
            && text.rfind('<').is_some_and(|at| text.len() > at + 3)
            && !text.ends_with(':');
        let has_blanks =
            text.starts_with("arn:") && text.contains(' ') && !text.ends_with(['/', ':', '-']);
        if KINDS.contains(&text.as_str()) || is_open || has_blanks {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// A value in quotes, which may hold blanks: a line end is one, if no word was cut there.
fn spaced(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for line in value.split('\n') {
        let line = line.trim();
        // The name of a bucket has no blanks.
        let in_bucket = text.starts_with("arn:aws:s3:::") && !text.contains('/');
        if !text.is_empty()
            && !in_bucket
            && !text.ends_with(['-', '/', ':', '_'])
            && !line.starts_with([':', '/'])
        {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// Who was denied: behind `User:`, or the one word before the verb.
fn principal(text: &str, floor: usize, anchor: &Range<usize>) -> Option<Piece> {
    let anchored = text.get(anchor.clone())?;
    if anchored.starts_with('N') {
        return None;
    }
    let mut floor = floor.max(anchor.start.saturating_sub(PRINCIPAL));
    while !text.is_char_boundary(floor) {
        floor += 1;
    }
    let before = text.get(floor..anchor.start)?.trim_end();
    let before = before.strip_suffix("is")?.trim_end();
    // A service that acts by itself has another label.
    let labelled = ["User:", "Service Principal:"].iter();
    let labelled = labelled.filter_map(|label| Some(before.rfind(label)? + label.len())).max();
    let named = labelled.or_else(|| {
        let at = before.rfind("User")? + 4;
        before.get(at..).filter(|rest| rest.is_empty() || rest.starts_with([' ', '\n']))?;
        Some(at)
    });
    if let Some(at) = named {
        let raw = before.get(at..)?;
        let marks = raw.len() - raw.trim_start_matches(['\n', ':']).len();
        let (at, raw) = (at + marks, raw.get(marks..)?);
        let words = raw.split([' ', '\n']).filter(|word| !word.is_empty()).count();
        let value = raw.trim();
        if words <= 4 && !value.contains("\n\n") {
            return piece(floor + at + (raw.len() - raw.trim_start().len()), value);
        }
    }
    let at = before.rfind([' ', '\n']).map_or(0, |at| at + 1);
    let word = before.get(at..)?;
    let lead = before.get(..at)?.trim_end();
    // At the begin of a line it has to look like a name.
    let begins_line =
        before.get(..at).is_some_and(|lead| lead.trim_end_matches(' ').ends_with('\n'))
            && word.bytes().skip(1).any(|byte| !byte.is_ascii_lowercase() && byte.is_ascii());
    // What bytes of Python's and tags begin with is no part of it.
    let bare = word.strip_prefix('b').filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(word);
    let bare = bare.trim_start_matches(['"', '\'', '(', '`']);
    let bare = match bare.find("arn:") {
        Some(at) if bare.get(..at).is_some_and(|tag| tag.ends_with('>')) => bare.get(at..)?,
        _ => bare,
    };
    let is_none = is_moment(bare)
        || bare.ends_with([':', '>']) && !bare.starts_with('<')
        || bare.ends_with("...") && !bare.contains(['/', ':']);
    // Behind a code stands who it is, and so does what has a path.
    let after_code = lead.strip_suffix(':').is_some_and(|lead| {
        let code = lead.rsplit([' ', '\n', '(', '"', '`']).next().unwrap_or("");
        bare.contains('/') || forms::known(code).is_some()
    });
    let in_quotes =
        word.starts_with(['"', '\'', '`']) && bare.bytes().any(|it| it.is_ascii_uppercase());
    let stands_alone =
        lead.is_empty() || in_quotes || lead.ends_with("operation:") || begins_line || after_code;
    // A gap that somebody left for the name.
    let is_gap = bare.len() >= 3 && bare.trim_matches(['_', '*', '-', '#']).is_empty();
    let plausible = bare.starts_with("arn:")
        || bare.starts_with('<')
        || is_gap
        || (stands_alone && !is_none && !["You", "you", "are", "User", "role"].contains(&bare));
    plausible.then(|| piece(floor + at + (word.len() - bare.len()), bare))?
}

fn piece(start: usize, value: &str) -> Option<Piece> {
    let inner = value.trim_matches(['\'', '"', '`']);
    let start = start + value.find(inner).unwrap_or(0);
    let good = !inner.trim_matches(['.', '\u{2026}', '"', '\'', '`', '[', ']']).is_empty();
    good.then(|| Piece { value: joined(inner), range: start..start + inner.len() })
}
