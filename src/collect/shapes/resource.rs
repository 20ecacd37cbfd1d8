//! Policies of resources, as the commands of each service show them, and VPC endpoints.

use crate::doc::{Kind, Node};
use crate::policy::is_account_id;
use crate::snapshot::{Builder, Holder, VpcEndpoint};

use super::{Input, Shape, has_list, has_mapping, items, text};

pub(super) const KEY_POLICY: Shape = Shape {
    id: "get-key-policy",
    proves: "the policy of a key; of which, only if the policy or the file's name says it",
    recognise: |root| is_text(root, "Policy") && is_text(root, "PolicyName"),
    read: |input, builder| some(input, builder, Holder::Key),
};

pub(super) const FUNCTION_POLICY: Shape = Shape {
    id: "lambda get-policy",
    proves: "the policy of the function, version or alias that it names",
    recognise: |root| is_text(root, "Policy") && root.get("RevisionId").is_some(),
    read: |input, builder| some(input, builder, Holder::Function),
};

pub(super) const BUCKET_POLICY: Shape = Shape {
    id: "get-bucket-policy",
    proves: "the policy of the bucket that it names; not who owns the bucket",
    recognise: |root| is_text(root, "Policy"),
    read: |input, builder| some(input, builder, Holder::Bucket),
};

pub(super) const QUEUE: Shape = Shape {
    id: "get-queue-attributes",
    proves: "a queue's policy, if `QueueArn` is there; that it has none, with all attributes",
    recognise: |root| {
        root.get("Attributes").is_some_and(|attributes| attributes.get("QueueArn").is_some())
    },
    read: |input, builder| {
        let Some(attributes) = input.root().get("Attributes") else { return };
        let Some(arn) = text(attributes, "QueueArn") else { return };
        match document(input, attributes, "Policy") {
            Some(policy) => builder.resource_policy(&arn.value, Some(policy)),
            // SQS leaves out an attribute that is not set, so nothing is proven where only some
            // were asked for.
            None if QUEUE_ATTRIBUTES.iter().all(|name| attributes.get(name).is_some()) => {
                builder.resource_policy(&arn.value, None);
            }
            None => {}
        }
    },
};

/// What `--attribute-names All` gives for every queue.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
const QUEUE_ATTRIBUTES: [&str; 9] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "DelaySeconds",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "VisibilityTimeout",
];

pub(super) const TOPIC: Shape = Shape {
    id: "get-topic-attributes",
    proves: "a topic's policy",
    recognise: |root| {
        root.get("Attributes").is_some_and(|attributes| attributes.get("TopicArn").is_some())
    },
    read: |input, builder| {
        let Some(attributes) = input.root().get("Attributes") else { return };
        if let Some(arn) = text(attributes, "TopicArn")
            && let Some(policy) = document(input, attributes, "Policy")
        {
            builder.resource_policy(&arn.value, Some(policy));
        }
    },
};

pub(super) const SECRET_POLICY: Shape = Shape {
    id: "get-resource-policy",
    proves: "a secret's policy, or that it has none",
    // Without a policy the output is nothing but ARN and name.
    recognise: |root| {
        let is_secret = text(root, "ARN").is_some_and(|arn| arn.value.contains(":secretsmanager:"));
        let alone = is_text(root, "Name") && root.entries().count() == 2;
        is_secret && (root.get("ResourcePolicy").is_some() || alone)
    },
    read: |input, builder| {
        if let Some(arn) = text(input.root(), "ARN") {
            let policy = document(input, input.root(), "ResourcePolicy");
            builder.resource_policy(&arn.value, policy);
        }
    },
};

pub(super) const REPOSITORY_POLICY: Shape = Shape {
    id: "get-repository-policy",
    proves: "a repository's policy; not the repository's Region",
    recognise: |root| is_text(root, "repositoryName") && is_text(root, "policyText"),
    read: |input, builder| {
        let root = input.root();
        if let (Some(account), Some(name)) =
            (text(root, "registryId"), text(root, "repositoryName"))
            && is_account_id(&account.value)
        {
            let arn = format!("arn:aws:ecr::{}:repository/{}", account.value, name.value);
            builder.resource_policy(&arn, document(input, root, "policyText"));
        }
    },
};

pub(super) const VPC_ENDPOINTS: Shape = Shape {
    id: "describe-vpc-endpoints",
    proves: "the policies of VPC endpoints; not which request went through which",
    recognise: |root| has_list(root, "VpcEndpoints"),
    read: |input, builder| {
        for node in items(input.root(), "VpcEndpoints") {
            let Some(id) = text(node, "VpcEndpointId") else { continue };
            builder.endpoint(VpcEndpoint {
                id,
                service: text(node, "ServiceName").map(|service| service.value),
                kind: text(node, "VpcEndpointType").map(|kind| kind.value),
                document: document(input, node, "PolicyDocument"),
            });
        }
    },
};

fn is_text(node: Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(|value| value.kind() == Kind::String)
}

/// The policy under `key`: in a string, or as an object where somebody has decoded it.
fn document(input: &Input<'_>, node: Node<'_>, key: &str) -> Option<crate::snapshot::Handle> {
    let sound = is_text(node, key) || has_mapping(node, key);
    node.get(key).filter(|_| sound).map(|value| input.handle(value))
}

fn some(input: &Input<'_>, builder: &mut Builder, holder: Holder) {
    if let Some(policy) = document(input, input.root(), "Policy") {
        builder.policy_of_some(holder, policy);
    }
}
