//! One answer of AWS as the program itself reads and writes it: which call, with whose credentials,
//! about whom, and what came back, or why nothing did.
//!
//! It holds what the AWS CLI prints, and says besides what such an output leaves out.

use crate::collect::operations::Operation;
use crate::doc::Node;
use crate::policy::Arn;
use crate::snapshot::{
    Builder, Expiration, List, NotRead, Origins, Owned, Owner, ProviderKind, TreeList, control_type,
};
use crate::text::Spanned;

use super::entity::{attached_policies, group_names, inline_policy};
use super::{
    Input, Shape, account, credentials, entity, identity, items, named, organization, text, time,
};

/// The member that says that a file is one, and of which version.
pub(crate) const MARK: &str = "why-denied-answer";

pub(super) const ANSWER: Shape = Shape {
    id: "answer",
    proves: "what one call to AWS gave, or that it was refused",
    recognise: |root| root.get(MARK).is_some(),
    read,
};

fn read(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let Some(name) = text(root, "operation") else { return };
    if name.value == "credentials" {
        return read_credentials(root, builder);
    }
    let Some(operation) = Operation::named(&name.value) else { return };
    let own = text(root, "account").map(|account| account.value);
    let own = own.as_deref();
    let about = text(root, "about");
    if let Some(refused) = root.get("not-read") {
        builder.not_read(NotRead {
            operation: name.value.clone(),
            permission: operation.row().permission.unwrap_or(operation.name()).to_owned(),
            account: own.map(str::to_owned),
            about: about.map(|about| about.value).unwrap_or_default(),
            which: text(root, "which").map(|which| which.value),
            code: text(refused, "code").map(|code| code.value),
            why: text(refused, "why").map(|why| why.value).unwrap_or_default(),
        });
        return;
    }
    let Some(answer) = root.get("answer") else { return };
    let inner = Input { root: Some(answer.id()), ..*input };
    if let Some(about) = &about {
        read_about(operation, &inner, about, own, root, builder);
    } else {
        read_plain(operation, &inner, own, builder);
    }
}

/// An answer that is about nobody but the account itself.
fn read_plain(operation: Operation, input: &Input<'_>, own: Option<&str>, builder: &mut Builder) {
    let none = input.root().is_null();
    match operation {
        Operation::GetCallerIdentity => (credentials::CALLER_IDENTITY.read)(input, builder),
        Operation::GetAccountAuthorizationDetails => (account::DETAILS.read)(input, builder),
        Operation::ListRoots if none => {}
        Operation::ListRoots => (organization::LIST_ROOTS.read)(input, builder),
        Operation::ListOpenIdConnectProviders | Operation::ListSamlProviders => {
            let (kind, key) = match operation {
                Operation::ListSamlProviders => (ProviderKind::Saml, "SAMLProviderList"),
                _ => (ProviderKind::Oidc, "OpenIDConnectProviderList"),
            };
            let arns = items(input.root(), key).filter_map(|one| text(one, "Arn")).collect();
            if let Some(account) = own {
                builder.providers_of(account, kind, arns);
            }
        }
        Operation::DescribeOrganization if none => {
            if let Some(account) = own {
                builder.in_no_organization(account);
            }
        }
        Operation::DescribeOrganization => {
            (organization::DESCRIBE_ORGANIZATION.read)(input, builder);
            let id = input.root().get("Organization").and_then(|node| text(node, "Id"));
            if let (Some(id), Some(account)) = (id, own)
                && let Some(target) = builder.target(account, None, None)
            {
                target.organization.get_or_insert(id.value);
            }
        }
        _ => {}
    }
}

fn read_about(
    operation: Operation,
    input: &Input<'_>,
    about: &Spanned<String>,
    own: Option<&str>,
    whole: Node<'_>,
    builder: &mut Builder,
) {
    let root = input.root();
    let none = root.is_null();
    match operation {
        // There is no organization.
        Operation::ListParents | Operation::ListPoliciesForTarget if none => {}
        Operation::GetRole | Operation::GetUser if none => {
            if let Some(owner) = Owner::parse(about, own) {
                builder.absent(&owner);
            }
        }
        Operation::GetRole => {
            (entity::GET_ROLE.read)(input, builder);
            // A name is given once in an account, so no other role has it, whatever its path.
            let arn = root.get("Role").and_then(|role| text(role, "Arn"));
            let is_other = arn.is_some_and(|arn| arn.value != about.value);
            let owner = Owner::parse(about, own).filter(|owner| owner.arn.is_some());
            if let Some(owner) = owner.filter(|_| is_other) {
                builder.absent(&owner);
            }
        }
        Operation::GetUser => (entity::GET_USER.read)(input, builder),
        Operation::ListMfaDevices => (identity::LIST_MFA.read)(input, builder),
        Operation::ListUserPolicies
        | Operation::ListGroupPolicies
        | Operation::ListRolePolicies
        | Operation::GetUserPolicy
        | Operation::GetGroupPolicy
        | Operation::GetRolePolicy
        | Operation::ListAttachedUserPolicies
        | Operation::ListAttachedGroupPolicies
        | Operation::ListAttachedRolePolicies
        | Operation::ListGroupsForUser => {
            let Some(owner) = Owner::parse(about, own) else { return };
            if let Some(owned) = owned(operation, input, builder) {
                builder.owned(owner, owned, input.origin());
            }
        }
        Operation::GetPolicy => (named::GET_POLICY.read)(input, builder),
        Operation::GetPolicyVersion => {
            let document = root.get("PolicyVersion").and_then(|version| version.get("Document"));
            if let Some(document) = document.filter(|document| !document.is_null()) {
                builder.managed_document(about, input.handle(document), input.origin());
            }
        }
        Operation::GetOpenIdConnectProvider => {
            let ids = items(root, "ClientIDList")
                .filter_map(|id| Some(Spanned { value: id.text()?.into_owned(), span: id.span() }));
            builder.provider(about.clone(), ProviderKind::Oidc, Some(ids.collect()));
        }
        Operation::ListParents => {
            let ids = organization::ids(root, "Parents", "Id");
            organization::know(builder, &ids);
            builder.tree_list_of(&about.value, &TreeList::Parents(ids));
        }
        Operation::ListPoliciesForTarget => {
            let which = text(whole, "which").and_then(|which| control_type(&which.value));
            let Some(policy_type) = which else { return };
            let found = items(root, "Policies")
                .filter_map(|policy| Some(organization::summary(builder, policy)?.1))
                .collect();
            builder.tree_list_of(&about.value, &TreeList::Policies(policy_type, found, true));
        }
        Operation::DescribePolicy => (organization::DESCRIBE_POLICY.read)(input, builder),
        Operation::GetBucketPolicy
        | Operation::GetKeyPolicy
        | Operation::GetQueueAttributes
        | Operation::GetTopicAttributes
        | Operation::GetFunctionPolicy
        | Operation::GetSecretPolicy
        | Operation::GetRepositoryPolicy => {
            let policy = root.get("Policy").filter(|policy| !policy.is_null());
            builder.resource_policy(&about.value, policy.map(|policy| input.handle(policy)));
            // S3 shows a bucket's policy to identities of the owner's account alone.
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>
            if let (Operation::GetBucketPolicy, Some(account)) = (operation, own) {
                builder.resource_owner(&about.value, account);
            }
        }
        _ => {}
    }
}

/// What a list or a document says about its owner.
fn owned(operation: Operation, input: &Input<'_>, builder: &mut Builder) -> Option<Owned> {
    let root = input.root();
    Some(match operation {
        Operation::ListUserPolicies
        | Operation::ListGroupPolicies
        | Operation::ListRolePolicies => {
            let names = items(root, "PolicyNames").filter_map(|name| {
                Some(Spanned { value: name.text()?.into_owned(), span: name.span() })
            });
            let nameless = |name| crate::snapshot::InlinePolicy { name, document: None };
            Owned::Inline(names.map(nameless).collect(), true)
        }
        Operation::GetUserPolicy | Operation::GetGroupPolicy | Operation::GetRolePolicy => {
            Owned::Inline(vec![inline_policy(input.document, root)?], false)
        }
        Operation::ListGroupsForUser => {
            let (names, complete) = group_names(input, builder);
            Owned::Groups(names, complete)
        }
        _ => {
            let list = List {
                items: attached_policies(root, "AttachedPolicies").collect(),
                complete: true,
            };
            Owned::Attached(list.items, list.complete)
        }
    })
}

/// Where the credentials come from, and when they expire.
fn read_credentials(root: Node<'_>, builder: &mut Builder) {
    let Some(answer) = root.get("answer") else { return };
    let remarks = items(answer, "Remarks").filter_map(|one| Some(one.text()?.into_owned()));
    let is_key = text(answer, "Kind").is_some_and(|kind| kind.value == "long-term");
    builder.origins(Origins {
        long_term: text(answer, "Arn").filter(|_| is_key).map(|arn| arn.value),
        source: text(answer, "Source").map(|source| source.value).unwrap_or_default(),
        remarks: remarks.collect(),
    });
    if let Some(at) = time(answer, "Expiration") {
        let arn = text(answer, "Arn");
        let arn = arn.filter(|arn| Arn::parse(&arn.value).is_some_and(|arn| arn.service == "sts"));
        builder.expiration(Expiration { arn, at });
    }
}
