//! AWS's own records of a decision: a decoded authorization message, the details of a request's
//! authorization, the results of a simulation. Each is recognised by its members, and read in a file of its
//! own.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>,
//! <https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/>

mod decoded;
mod details;
mod members;
mod simulated;

use super::{Denial, enclosed};
use crate::doc::{Document, Kind, NodeId, Syntax, SyntaxError, embed, parse};
use crate::policy::PolicyType;
use crate::text::{SourceId, SourceMap, Span, Spanned};
use decoded::decoded;
use details::details;
use members::has;
use simulated::{simulated, simulated_one};

/// Which record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// `aws sts decode-authorization-message`.
    Decoded,
    /// `aws iam-toolbox get-request-authorization-details`.
    Details,
    /// `aws iam simulate-principal-policy` and `simulate-custom-policy`.
    Simulated,
}

impl RecordKind {
    /// The id in JSON, which is that of the form too.
    pub fn id(self) -> &'static str {
        match self {
            Self::Decoded => "decoded-message",
            Self::Details => "authorization-details",
            Self::Simulated => "simulation",
        }
    }

    fn page(self) -> &'static str {
        match self {
            Self::Decoded => {
                "https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html"
            }
            Self::Details => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html"
            }
            Self::Simulated => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html"
            }
        }
    }
}

/// What AWS says of a request, or of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Allowed.
    Allowed,
    /// A Deny matched.
    Explicit,
    /// No Allow.
    Implicit,
    /// It made no difference.
    NoImpact,
    /// One layer did not let it through; whether by a Deny or for want of an Allow is not told.
    Stopped,
}

/// One layer that AWS checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The layer.
    pub policy_type: PolicyType,
    /// What it is attached to, where there may be several of a layer.
    pub target: Option<String>,
    /// What came of it.
    pub said: Said,
    /// Where that stands.
    pub span: Span,
    /// The statements that matched, in words.
    pub matched: Vec<String>,
}

/// A policy that took part, whose text is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its type.
    pub policy_type: PolicyType,
    /// The address that its text is asked for by.
    pub uri: String,
    /// What it is attached to.
    pub attached_to: Vec<String>,
}

/// One decision that AWS recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which record it is.
    pub kind: RecordKind,
    /// The decision.
    pub said: Said,
    /// Who asked for what: the fields that an error text has too.
    pub denial: Denial,
    /// The request context, as far as it is recorded.
    pub context: Vec<(String, Vec<String>)>,
    /// The layers that are told apart.
    pub checks: Vec<Check>,
    /// The statements that matched, in words, each with its place.
    pub matched: Vec<Spanned<String>>,
    /// The `Sid` of each of them that has one, where the record tells it.
    pub statements: Vec<String>,
    /// Condition keys that the simulation was not given.
    pub missing: Vec<String>,
    /// The policies that took part.
    pub policies: Vec<Part>,
    /// What each kind of policy comes to by itself, in words, where the record tells it.
    pub parts: Vec<String>,
    /// What the record leaves open besides, in words.
    pub notes: Vec<String>,
}

/// Keys of which every record has one, as AWS writes them.
const KEYS: [&str; 5] =
    ["DecodedMessage", "matchedStatements", "EvaluationResults", "evaluations", "EvalDecision"];

/// How deep records stand in strings in strings.
const DEEPEST: usize = 4;

fn has_key(text: &str) -> bool {
    KEYS.iter().any(|key| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

/// The records in a text; none if it is something else.
pub fn records(sources: &mut SourceMap, source: SourceId) -> Vec<Record> {
    let mut found = Vec::new();
    if has_key(sources.text(source)) {
        for document in enclosed::documents(sources, source, &KEYS) {
            find(sources, &document, document.root().id(), 0, &mut found);
        }
    }
    found
}

/// What was meant as a record and holds no decision.
#[derive(Debug)]
pub enum NoRecord {
    /// It is no JSON, or was cut off.
    Broken(Box<SyntaxError>),
    /// It is one, with nothing in it.
    Empty,
}

/// Whether a text in which no record is found was meant as one.
pub fn no_record(sources: &SourceMap, source: SourceId) -> Option<NoRecord> {
    let text = sources.text(source);
    if !enclosed::is_json(text) || !has_key(text) {
        return None;
    }
    match parse(sources, source, Syntax::Json) {
        Err(error) => Some(NoRecord::Broken(Box::new(error))),
        Ok(documents) => {
            let root = documents.first()?.root();
            let is_one = has(root, "EvaluationResults", Kind::Sequence)
                || has(root, "evaluations", Kind::Sequence)
                || has(root, "DecodedMessage", Kind::String);
            is_one.then_some(NoRecord::Empty)
        }
    }
}

/// The records below a value.
fn find(
    sources: &mut SourceMap,
    document: &Document,
    id: NodeId,
    depth: usize,
    found: &mut Vec<Record>,
) {
    let node = document.node(id);
    match node.kind() {
        Kind::Mapping => {
            if node.get("allowed").is_some_and(|one| one.kind() == Kind::Bool)
                && (has(node, "context", Kind::Mapping)
                    || has(node, "matchedStatements", Kind::Mapping))
            {
                found.extend(decoded(node));
            } else if has(node, "evaluations", Kind::Sequence)
                && has(node, "requestContext", Kind::Mapping)
            {
                found.extend(details(node));
            } else if has(node, "EvaluationResults", Kind::Sequence) {
                found.extend(simulated(node));
            } else if has(node, "EvalActionName", Kind::String) {
                found.extend(simulated_one(node));
            } else {
                for entry in node.entries() {
                    find(sources, document, entry.value.id(), depth, found);
                }
            }
        }
        Kind::Sequence => {
            for item in node.items() {
                find(sources, document, item.id(), depth, found);
            }
        }
        Kind::String if depth < DEEPEST && node.text().is_some_and(|text| has_key(&text)) => {
            if let Some(Ok(inner)) = embed::document_in(sources, document, id) {
                find(sources, &inner, inner.root().id(), depth + 1, found);
            }
        }
        _ => {}
    }
}

/// What names a policy best: the end of its address.
pub fn last_part(uri: &str) -> &str {
    uri.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(uri)
}
