//! Identity providers, MFA devices, and the tags of a role or a user.

use crate::snapshot::{Builder, MfaDevice, ProviderKind};
use crate::text::Spanned;

use super::{Input, Shape, has_list, is_truncated, items, text};

pub(super) const LIST_OIDC: Shape = Shape {
    id: "list-open-id-connect-providers",
    proves: "all OpenID Connect providers of an account; an empty list does not say of which",
    recognise: |root| has_list(root, "OpenIDConnectProviderList"),
    read: |input, builder| {
        listed(input, builder, ProviderKind::Oidc, "OpenIDConnectProviderList");
    },
};

pub(super) const LIST_SAML: Shape = Shape {
    id: "list-saml-providers",
    proves: "all SAML providers of an account; an empty list does not say of which",
    recognise: |root| has_list(root, "SAMLProviderList"),
    read: |input, builder| listed(input, builder, ProviderKind::Saml, "SAMLProviderList"),
};

pub(super) const GET_OIDC: Shape = Shape {
    id: "get-open-id-connect-provider",
    proves: "the audiences of an OpenID Connect provider; not its account",
    recognise: |root| has_list(root, "ThumbprintList") || has_list(root, "ClientIDList"),
    read: |input, builder| {
        let ids = items(input.root(), "ClientIDList")
            .filter_map(|id| Some(Spanned { value: id.text()?.into_owned(), span: id.span() }));
        if let Some(url) = text(input.root(), "Url") {
            builder.provider_by_url(url, ids.collect(), input.origin());
        }
    },
};

pub(super) const LIST_MFA: Shape = Shape {
    id: "list-mfa-devices",
    proves: "MFA devices of users; of a hardware device not the account",
    recognise: |root| has_list(root, "MFADevices"),
    read: |input, builder| {
        for device in items(input.root(), "MFADevices") {
            if let (Some(user), Some(serial)) =
                (text(device, "UserName"), text(device, "SerialNumber"))
            {
                builder.mfa_device(MfaDevice { user, serial });
            }
        }
    },
};

pub(super) const LIST_TAGS: Shape = Shape {
    id: "list-role-tags, -user-tags",
    proves: "the tags of a role or user; not of which",
    // Other commands print tags too, beside other things or in another form.
    recognise: |root| {
        has_list(root, "Tags")
            && root
                .entries()
                .all(|entry| matches!(&*entry.key, "Tags" | "IsTruncated" | "Marker" | "NextToken"))
            && items(root, "Tags").all(|tag| {
                tag.entries().count() == 2 && tag.get("Key").is_some() && tag.get("Value").is_some()
            })
    },
    read: |input, builder| {
        let tags = items(input.root(), "Tags")
            .filter_map(|tag| Some((text(tag, "Key")?.value, text(tag, "Value")?.value)))
            .collect();
        // One page of several proves neither what is there nor what is not.
        if !is_truncated(input.root()) {
            builder.tags_of_somebody(tags, input.origin());
        }
    },
};

fn listed(input: &Input<'_>, builder: &mut Builder, kind: ProviderKind, key: &str) {
    let arns = items(input.root(), key).filter_map(|provider| text(provider, "Arn")).collect();
    builder.providers(kind, arns);
}
