//! Who the caller is, and when credentials expire. Nothing here reads a key or a token.

use crate::snapshot::{Builder, Expiration, Identity};

use super::{Input, Shape, has_mapping, text, time};

pub(super) const CALLER_IDENTITY: Shape = Shape {
    id: "get-caller-identity",
    proves: "who calls",
    recognise: |root| ["UserId", "Account", "Arn"].iter().all(|key| root.get(key).is_some()),
    read: |input, builder| {
        let root = input.root();
        if let Some(arn) = text(root, "Arn") {
            builder.identity(Identity { arn, user_id: text(root, "UserId") });
        }
    },
};

pub(super) const ASSUME_ROLE: Shape = Shape {
    id: "assume-role",
    proves: "when the credentials of a session expire",
    recognise: |root| has_mapping(root, "Credentials") && has_mapping(root, "AssumedRoleUser"),
    read: expiration,
};

pub(super) const SESSION_TOKEN: Shape = Shape {
    id: "get-session-token",
    proves: "when the credentials of a user expire",
    recognise: |root| has_mapping(root, "Credentials"),
    read: expiration,
};

fn expiration(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let session = root.get("AssumedRoleUser").or_else(|| root.get("FederatedUser"));
    let arn = session.and_then(|session| text(session, "Arn"));
    if let Some(at) =
        root.get("Credentials").and_then(|credentials| time(credentials, "Expiration"))
    {
        builder.expiration(Expiration { arn, at });
    }
}
