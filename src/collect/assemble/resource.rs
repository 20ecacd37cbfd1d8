//! The resource's side: the role that is to be assumed with its trust policy, or the policy that
//! another resource may have.

use std::sync::{Arc, OnceLock};

use foldhash::HashMap;
use smol_str::SmolStr;

use crate::layers::{Gap, Layer, Missing};
use crate::policy::{Arn, PolicyType};
use crate::request::{CallerKind, Fact, Owner, Request};
use crate::snapshot::{EntityKind, ProviderKind};

use super::{Assembler, Unread, gaps};

/// Services whose resources can have a policy of their own, by the prefix of their actions, and the
/// command that shows it, where there is one for the whole service. Not in the list: services whose
/// actions know only identity-based policies, so that nothing has to be asked there.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const WITH_POLICIES: &[(&str, &str)] = &[
    ("acm-pca", "aws acm-pca get-policy --resource-arn ARN"),
    ("aoss", ""),
    ("apigateway", ""),
    ("backup", "aws backup get-backup-vault-access-policy --backup-vault-name NAME"),
    ("codeartifact", ""),
    ("codebuild", "aws codebuild get-resource-policy --resource-arn ARN"),
    ("dynamodb", "aws dynamodb get-resource-policy --resource-arn ARN"),
    ("ecr", "aws ecr get-repository-policy --repository-name NAME"),
    ("elasticfilesystem", "aws efs describe-file-system-policy --file-system-id ID"),
    ("es", ""),
    ("events", "aws events describe-event-bus --name NAME"),
    ("execute-api", "aws apigateway get-rest-api --rest-api-id ID"),
    ("glacier", "aws glacier get-vault-access-policy --account-id - --vault-name NAME"),
    ("glue", "aws glue get-resource-policy"),
    ("iot", ""),
    ("kinesis", "aws kinesis get-resource-policy --resource-arn ARN"),
    ("kms", "aws kms get-key-policy --key-id ID"),
    ("lambda", "aws lambda get-policy --function-name NAME"),
    ("lex", ""),
    ("logs", "aws logs describe-resource-policies"),
    ("rekognition", ""),
    ("s3", "aws s3api get-bucket-policy --bucket NAME"),
    ("s3-object-lambda", ""),
    ("s3-outposts", ""),
    ("s3express", "aws s3api get-bucket-policy --bucket NAME"),
    ("s3tables", ""),
    ("s3vectors", ""),
    ("schemas", ""),
    ("secretsmanager", "aws secretsmanager get-resource-policy --secret-id ID"),
    ("ses", ""),
    ("sns", "aws sns get-topic-attributes --topic-arn ARN"),
    ("sqs", "aws sqs get-queue-attributes --queue-url URL --attribute-names All"),
    ("ssm", ""),
    ("vpc-lattice", ""),
];

/// Services of which only resources of some types can have a policy, by what their ARNs begin with: those that
/// have an action to put one.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/>
const WITH_POLICIES_OF_SOME: &[(&str, &[&str])] = &[
    ("aps", &["workspace"]),
    ("appmesh", &["mesh"]),
    ("bedrock", &["custom-model", "guardrail", "guardrail-profile", "knowledge-base"]),
    ("bedrock-agentcore", &["gateway", "runtime"]),
    ("cloudhsm", &["backup"]),
    ("cloudtrail", &["channel", "dashboard", "eventdatastore"]),
    ("comprehend", &["document-classifier", "entity-recognizer"]),
    ("dsql", &["cluster"]),
    ("ecr-public", &["repository"]),
    ("fsx", &["volume"]),
    ("imagebuilder", &["component", "container-recipe", "image", "image-recipe"]),
    ("kafka", &["cluster"]),
    ("mediapackagev2", &["channelGroup"]),
    ("mediastore", &["container"]),
    ("mediatailor", &["channel"]),
    (
        "network-firewall",
        &["firewall", "firewall-policy", "stateful-rulegroup", "stateless-rulegroup"],
    ),
    ("networkmanager", &["core-network"]),
    ("oam", &["sink"]),
    ("osis", &["pipeline"]),
    ("payment-cryptography", &["key"]),
    ("qbusiness", &["application"]),
    ("redshift", &["namespace"]),
    ("redshift-serverless", &["namespace"]),
    ("route53resolver", &["firewall-rule-group", "resolver-query-log-config", "resolver-rule"]),
    ("rum", &["appmonitor"]),
    ("sagemaker", &["model-package-group"]),
    ("serverlessrepo", &["applications"]),
    ("servicediscovery", &["namespace"]),
    ("signer", &["/signing-profiles"]),
    ("sms-voice", &["opt-out-list", "phone-number", "pool", "sender-id"]),
    ("ssm-contacts", &["contact"]),
    ("ssm-incidents", &["response-plan"]),
];

/// The row of a service in [`WITH_POLICIES`].
fn with_policies(service: &str) -> Option<(&'static str, &'static str)> {
    static COMMANDS: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let commands = COMMANDS.get_or_init(|| WITH_POLICIES.iter().copied().collect());
    commands.get_key_value(service).map(|(service, command)| (*service, *command))
}

/// The service, if a resource like this can have a policy of its own.
fn service_with_policy(request: &Request) -> Option<&'static str> {
    if let Some((service, _)) = with_policies(request.service()) {
        return Some(service);
    }
    let (service, types) =
        WITH_POLICIES_OF_SOME.iter().find(|(service, _)| *service == request.service())?;
    let resource = request.resource.arn()?.resource;
    let is_of =
        |name: &&str| resource.strip_prefix(*name).is_some_and(|rest| rest.starts_with(['/', ':']));
    types.iter().any(is_of).then_some(*service)
}

/// The resource whose policy applies: an object's is that of its bucket.
pub(super) fn policy_holder(request: &Request) -> &str {
    let resource = request.resource.text().value.as_str();
    match request.resource.arn() {
        Some(arn) if arn.service == "s3" => {
            let name = arn.resource.bytes();
            let slash = name.clone().position(|byte| byte == b'/').unwrap_or(name.len());
            // An access point's ARN has colons there.
            let is_bucket = !name.clone().any(|byte| byte == b':');
            let key = if is_bucket { name.len() - slash } else { 0 };
            resource.get(..resource.len() - key).unwrap_or(resource)
        }
        _ => resource,
    }
}

/// Services whose resource policies the facts can hold, by the prefix of their actions.
const IN_FACTS: &[&str] = &["ecr", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs"];

/// The gap of a resource that may have a policy.
fn unknown_policy(service: &'static str, holder: &str) -> Gap {
    let supply = match with_policies(service).map_or("", |(_, command)| command) {
        "" => "pass it with `--resource-policy FILE`".to_owned(),
        command => {
            let name = Arn::parse(holder)
                .map_or("", |arn| arn.resource.rsplit(['/', ':']).next().unwrap_or_default());
            let mut supply = String::with_capacity(160);
            supply.push_str("run `");
            for (at, word) in command.split(' ').enumerate() {
                supply.push_str(if at == 0 { "" } else { " " });
                supply.push_str(match word {
                    "ARN" => holder,
                    "NAME" | "ID" => name,
                    other => other,
                });
            }
            match service {
                // Only the file's name can say which key it is.
                "kms" => {
                    supply.push_str("` into a file named `");
                    supply.push_str(name);
                    supply.push_str(".json`, and pass it with `--facts`");
                }
                service if IN_FACTS.contains(&service) => {
                    supply.push_str("`, and pass its output with `--facts`");
                }
                _ => supply.push_str("`, and pass the policy with `--resource-policy FILE`"),
            }
            supply
        }
    };
    Gap {
        fact: ["the resource-based policy of ", holder].concat(),
        reason: "the facts do not show whether it has one".to_owned(),
        supply,
    }
}

impl Assembler<'_> {
    /// The policy of a resource that is no role, or what is to be said of it.
    pub(super) fn resource_based(&mut self, request: &Request) -> Option<Arc<Layer>> {
        // An action on no resource in particular meets no resource's policy.
        if request.resource.text().value == "*" {
            return None;
        }
        let holder = policy_holder(request);
        let snapshot = self.snapshot;
        let Some(known) = snapshot.resource_policy(holder) else {
            let service = service_with_policy(request)?;
            let gap = Missing::later(unknown_policy, service, holder);
            return Some(Arc::new(Layer::unknown(PolicyType::ResourceBased, gap)));
        };
        let document = known.document.as_ref()?;
        let mut layer = Layer::known(PolicyType::ResourceBased, 0, Vec::new());
        self.add(&mut layer, document, Unread { name: None, arn: None, to: holder.to_owned() });
        Some(Arc::new(layer))
    }

    /// Fills in who owns the resource, where nobody says and the facts know.
    pub(super) fn fill_owner(&self, request: &mut Request) {
        if request.resource.account == Owner::Unknown
            && let Some(known) = self.snapshot.resource_policy(policy_holder(request))
            && let Some(owner) = &known.owner
        {
            request.resource.account = Owner::Account(owner.into());
        }
    }

    /// Fills in what is known of the role that is to be assumed, and of any role that is the resource.
    pub(super) fn fill_role(&mut self, request: &mut Request) {
        let arn = request.resource.text().value.as_str();
        if !request.resource.is_role() {
            return;
        }
        let Some(parsed) = request.resource.arn() else { return };
        let (account, name) =
            (parsed.account, parsed.iam_name("role").map_or("", |(_, name)| name));
        let Some(role) = self.snapshot.entities.get(arn) else {
            let is_absent =
                self.snapshot.is_absent(arn) || self.snapshot.proves_absence_of_role(account, arn);
            if request.role.exists.is_none() && is_absent {
                request.role.exists = Some(false);
                let alike = self.snapshot.entities.described().find(|(_, other)| {
                    other.kind == EntityKind::Role
                        && other.account == account
                        && other.name.eq_ignore_ascii_case(name)
                });
                request.role.alike = alike.map(|(arn, _)| arn.clone());
            }
            return;
        };
        let facts = &mut request.role;
        if facts.max_session_duration.is_none() {
            facts.max_session_duration = role.max_session_duration.clone();
        }
        if facts.id.is_none() {
            facts.id = role.unique_id.as_ref().map(|id| SmolStr::new(&id.value));
        }
        facts.created = facts.created.or(role.created.as_ref().map(|created| created.value));
        facts.exists = facts.exists.or(Some(true));
        if request.resource.tags.known().is_none()
            && let Fact::Known(tags) = &role.tags
        {
            request.resource.tags = Fact::Known(tags.clone());
        }
    }

    /// Fills in what is known of the identity provider of a caller with a token or assertion.
    pub(super) fn fill_provider(&self, request: &mut Request) {
        let caller = &request.caller;
        if caller.kind != CallerKind::Federated || !request.is_assume_role() {
            return;
        }
        let Some(arn) = Arn::parse(&caller.name) else { return };
        let kind = if caller.has_assertion() { ProviderKind::Saml } else { ProviderKind::Oidc };
        let snapshot = self.snapshot;
        let facts = &mut request.provider;
        if let Some(provider) = snapshot.providers.get(&*caller.name) {
            facts.exists = facts.exists.or(Some(true));
            facts.client_ids = facts.client_ids.take().or_else(|| provider.client_ids.clone());
        } else if snapshot.providers_listed.contains(&(kind, arn.account.to_owned())) {
            facts.exists = facts.exists.or(Some(false));
        } else if let Some((_, client_ids)) =
            snapshot.providers_unplaced.iter().find(|(url, _)| url == caller.issuer())
        {
            facts.exists = facts.exists.or(Some(true));
            facts.client_ids.get_or_insert_with(|| client_ids.clone());
        } else if snapshot.providers_none.contains(&kind) && snapshot.is_only(arn.account) {
            // Whoever presents a token has no account, so the role's is the only one in question.
            facts.exists = facts.exists.or(Some(false));
        }
        let others = snapshot.providers.values().filter(|provider| {
            provider.kind == kind
                && provider.arn.value != caller.name
                && Arn::parse(&provider.arn.value).is_some_and(|other| other.account == arn.account)
        });
        facts.others = others.map(|provider| provider.arn.value.clone()).collect();
    }

    /// The trust policy of the role that is to be assumed.
    pub(super) fn trust(&mut self, request: &Request) -> Layer {
        let arn = request.resource.text().value.as_str();
        let snapshot = self.snapshot;
        let mut layer = Layer::known(PolicyType::Trust, 0, Vec::new());
        if let Some(document) = snapshot.entities.get(arn).and_then(|role| role.trust.as_ref()) {
            let unread = Unread { name: None, arn: None, to: arn.to_owned() };
            self.add(&mut layer, document, unread);
        } else if request.role.exists != Some(false) {
            let parsed = Arn::parse(arn);
            let account = parsed.map_or("", |arn| arn.account);
            let name = parsed.and_then(|arn| arn.iam_name("role")).map_or("", |(_, name)| name);
            layer.miss(gaps::trust(account, name));
        }
        layer
    }
}
