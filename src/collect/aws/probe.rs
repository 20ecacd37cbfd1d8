//! The denied AssumeRole itself: the only call that is no reading, and only `--probe` makes it.

use std::time::Duration;

use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;

use super::call::failure;
use super::session::Session;
use crate::message;

/// What to try.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The role.
    pub role: String,
    /// `RoleSessionName`.
    pub session_name: Option<String>,
    /// `ExternalId`.
    pub external_id: Option<String>,
    /// `SourceIdentity`.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// The keys of transitive tags.
    pub transitive: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// AWS let it.
    Allowed,
    /// AWS refused: its error, in the form of the AWS CLI.
    Refused(String),
    /// Nobody knows.
    NoAnswer(String),
}

/// The shortest session that there is.
const SHORTEST: i32 = 900;

pub(super) async fn assume(session: &Session, timeout: Duration, call: &Call) -> Tried {
    let mut request = session
        .sts
        .assume_role()
        .role_arn(&call.role)
        .role_session_name(call.session_name.as_deref().unwrap_or("why-denied"))
        .duration_seconds(SHORTEST)
        .set_external_id(call.external_id.clone())
        .set_source_identity(call.source_identity.clone());
    for (key, value) in &call.tags {
        let tag = aws_sdk_sts::types::Tag::builder().key(key).value(value).build();
        if let Ok(tag) = tag {
            request = request.tags(tag);
        }
    }
    for key in &call.transitive {
        request = request.transitive_tag_keys(key);
    }
    match request.send().await {
        // What came back is dropped here, unseen.
        Ok(_) => Tried::Allowed,
        Err(error) => match (error.code(), error.message()) {
            (Some(code), said) => Tried::Refused(format!(
                "An error occurred ({code}) when calling the AssumeRole operation: {}",
                message::without_secrets(said.unwrap_or_default())
            )),
            _ => Tried::NoAnswer(failure(&error, timeout).1),
        },
    }
}
