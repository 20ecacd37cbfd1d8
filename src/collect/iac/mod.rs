//! Infrastructure as code: the principals and policies that templates and configurations describe,
//! with holes where they do not say what there will be.
//!
//! Each notation resolves its values to [`Placed`] values, whose places are in the file as it is
//! committed; from there on all are alike. Nothing is run, and nothing is looked up elsewhere.

mod cloudformation;
mod functions;
pub mod hcl;
mod names;
mod parameters;
mod permission;
mod plan;
mod stack;
mod terraform;
#[cfg(test)]
mod tests;

pub use parameters::Parameters;
pub use stack::{Stack, StackPolicy};

use std::sync::Arc;

use crate::doc::build::{Placed, Value};
use crate::doc::{Document, Hole, Kind, Node};
use crate::text::{SourceMap, Span};

/// The id of the shape of a template.
pub const TEMPLATE: &str = "cloudformation-template";

/// The id of the shape of a plan of Terraform.
pub const PLAN: &str = "terraform-plan";
/// The id of the shape of a state of Terraform.
pub const STATE: &str = "terraform-state";
/// The id of the shape of a configuration of Terraform.
pub const CONFIGURATION: &str = "terraform-configuration";

/// What files of each kind prove.
pub const PROVES: [(&str, &str); 4] = [
    (
        TEMPLATE,
        "the principals and policies that a template makes, each with no other policies than the template gives it",
    ),
    (PLAN, "the principals and policies that there will be when the plan is applied"),
    (STATE, "the principals and policies that Terraform has made"),
    (
        CONFIGURATION,
        "the principals and policies that a module makes, as far as it says what they will be",
    ),
];

/// What kind of infrastructure code a document is, if it is any.
pub fn recognise(root: Node<'_>) -> Option<&'static str> {
    if is_template(root) {
        return Some(TEMPLATE);
    }
    if !plan::is_plan(root) {
        return None;
    }
    Some(if root.get("planned_values").is_some() { PLAN } else { STATE })
}

/// What a document of such a kind describes.
pub fn describe(sources: &SourceMap, document: &Document, given: &Parameters) -> Stack {
    if is_template(document.root()) {
        cloudformation::read(sources, document, given)
    } else {
        plan::read(sources, document, given)
    }
}

/// Whether a document is a template of CloudFormation, SAM or the AWS CDK.
fn is_template(root: Node<'_>) -> bool {
    if root.kind() != Kind::Mapping {
        return false;
    }
    let versioned = root.get("AWSTemplateFormatVersion").is_some();
    let Some(resources) = root.get("Resources").filter(|one| one.kind() == Kind::Mapping) else {
        return versioned && root.get("Resources").is_some();
    };
    versioned
        || resources.entries().any(|entry| {
            let kind = entry.value.get("Type").and_then(|kind| kind.text());
            kind.is_some_and(|kind| kind.contains("::"))
        })
}

/// A policy document as a document of its own; `None` if the value can be none.
fn policy_document(sources: &SourceMap, value: &Placed) -> Option<Arc<Document>> {
    let sound = match &value.value {
        Value::Map(_) | Value::Unknown(..) => true,
        Value::Text(text) => !text.as_str().trim().is_empty(),
        _ => false,
    };
    sound.then(|| Arc::new(value.document(sources)))
}

/// The name of a file without its folders.
fn file_name(sources: &SourceMap, span: Span) -> String {
    let path = sources.path(span.source).unwrap_or_else(|| sources.name(span.source));
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

/// Something that is only known when it is made.
fn made_later(name: impl Into<String>, what: &str, by: &str) -> Hole {
    Hole {
        name: name.into(),
        reason: format!("{what} is only known when {by}"),
        supply: "pass facts of the account in which it is made, such as `aws iam get-account-authorization-details`"
            .to_owned(),
    }
}
