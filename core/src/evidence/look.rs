//! Where to look next, with the exact command.

use crate::eval::Decision;
use crate::finding::Step;
use crate::message::{Denial, DenialKind, ErrorClass};
use crate::policy::{Arn, PolicyType};

use super::{advice, step};

/// Who can lift what AWS named.
pub(super) fn who(denial: &Denial) -> Option<&'static str> {
    denial.policy_type.as_ref().map(|layer| who_of(layer.value))
}

/// Who can change a layer.
pub(super) fn who_of(layer: PolicyType) -> &'static str {
    match layer {
        PolicyType::ServiceControl => "an administrator of the caller's organization",
        PolicyType::ResourceControl => {
            "an administrator of the organization that owns the resource"
        }
        PolicyType::VpcEndpoint => "the owner of the VPC endpoint",
        PolicyType::PermissionsBoundary | PolicyType::IdentityBased => {
            "an administrator of the caller's account"
        }
        PolicyType::Session => "whoever made the session",
        PolicyType::ResourceBased => "the owner of the resource",
        PolicyType::Trust => "an administrator of the account that owns the role",
    }
}

/// A word that is safe in a command as it stands, else a placeholder.
pub(super) fn word<'t>(value: &'t str, placeholder: &'t str) -> &'t str {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@/:-".contains(&byte);
    let good = !value.is_empty() && value.bytes().all(safe) && !value.starts_with('-');
    if good { value } else { placeholder }
}

/// The role or user of the caller, as the IAM commands name it.
enum Caller<'t> {
    Role(&'t str),
    User(&'t str),
    Unknown,
}

fn caller(denial: &Denial) -> Caller<'_> {
    let Some(principal) = &denial.principal else { return Caller::Unknown };
    let text = principal.value.as_str();
    if let Some((_, rest)) = text.split_once(":assumed-role/") {
        return Caller::Role(word(rest.split('/').next().unwrap_or(""), "ROLE_NAME"));
    }
    if let Some((_, rest)) = text.split_once(":user/") {
        return Caller::User(word(rest.rsplit('/').next().unwrap_or(""), "USER_NAME"));
    }
    Caller::Unknown
}

/// The account of the caller, where the text shows it whole.
fn account(denial: &Denial) -> &str {
    let principal = denial.principal.as_ref().map_or("", |one| one.value.as_str());
    let account = principal.split(':').nth(4).unwrap_or("");
    if crate::policy::is_account_id(account) { account } else { "ACCOUNT_ID" }
}

/// The commands for a denial that a policy decided.
pub(super) fn at_policies(denial: &Denial) -> Vec<Step> {
    let mut steps = Vec::new();
    let layer = denial.policy_type.as_ref().map(|one| one.value);
    let arn = denial.policy_arn.as_ref().map(|one| word(&one.value, "POLICY_ARN"));
    let id = arn.map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    match layer {
        Some(layer @ (PolicyType::ServiceControl | PolicyType::ResourceControl)) => {
            if let Some(id) = id {
                steps.push(step(
                    "read that policy, with credentials of the management account",
                    format!("aws organizations describe-policy --policy-id {id}"),
                ));
            } else {
                let filter = if layer == PolicyType::ServiceControl {
                    "SERVICE_CONTROL_POLICY"
                } else {
                    "RESOURCE_CONTROL_POLICY"
                };
                let target = if layer == PolicyType::ServiceControl {
                    account(denial)
                } else {
                    "ACCOUNT_ID_OF_THE_RESOURCE"
                };
                steps.push(step(
                    "list those of the account, then of each of its parents up to the root, with credentials of the management account",
                    format!("aws organizations list-policies-for-target --target-id {target} --filter {filter}"),
                ));
            }
        }
        Some(_) if arn.is_some() => {
            let arn = arn.unwrap_or("POLICY_ARN");
            steps.push(step("read that policy", format!(
                "aws iam get-policy-version --policy-arn {arn} --version-id \"$(aws iam get-policy --policy-arn {arn} --query Policy.DefaultVersionId --output text)\""
            )));
        }
        Some(PolicyType::VpcEndpoint) => {
            let service = denial.service.as_ref().map_or("SERVICE", |one| word(&one.value, "SERVICE"));
            steps.push(step(
                "read the policy of the endpoint that the call went through",
                format!("aws ec2 describe-vpc-endpoints --filters 'Name=service-name,Values=com.amazonaws.*.{service}' --query 'VpcEndpoints[].[VpcEndpointId,PolicyDocument]'"),
            ));
        }
        Some(PolicyType::PermissionsBoundary) => match caller(denial) {
            Caller::User(name) => steps.push(step("see the boundary", format!("aws iam get-user --user-name {name} --query User.PermissionsBoundary"))),
            Caller::Role(name) => steps.push(step("see the boundary", format!("aws iam get-role --role-name {name} --query Role.PermissionsBoundary"))),
            Caller::Unknown => steps.push(advice("see which boundary the caller has")),
        },
        Some(PolicyType::Session) => steps.push(step(
            "find what made the session: the policy stands in `requestParameters` of that call",
            "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole --max-results 50",
        )),
        Some(PolicyType::Trust) => steps.push(trust(denial)),
        Some(PolicyType::ResourceBased) => steps.push(resource_policy(denial)),
        Some(PolicyType::IdentityBased) => identity(denial, &mut steps),
        None if denial.form == "kms-three-ways" => steps.push(resource_policy(denial)),
        None if denial.form.starts_with("s3-block") => steps.push(step(
            "see the setting of the bucket; the account and the organization have one too",
            "aws s3api get-public-access-block --bucket BUCKET",
        )),
        None if is_s3_silence(denial) => steps.extend(bucket()),
        None => {
            let assumes = denial.action.as_ref().is_some_and(|one| one.value.starts_with("sts:"));
            if assumes {
                steps.push(trust(denial));
            }
            identity(denial, &mut steps);
        }
    }
    if denial.encoded.is_some() && !denial.can_be_decoded() {
        steps.push(advice(
            "get the encoded message whole from where it was printed: it is blanked out or cut here, and it holds the request"
                .to_owned(),
        ));
    }
    if denial.can_be_decoded() {
        steps.push(step(
            "decode the message, which holds the request, its context and the statements that matched",
            "aws sts decode-authorization-message --encoded-message \"$MESSAGE\" > decoded.json",
        ));
        steps.push(step("have that explained", "why-denied decoded.json"));
    }
    if let Some(id) = &denial.authorization_id {
        let id = word(&id.value, "AUTHORIZATION_ID");
        steps.push(step(
            "ask AWS for the details, which it keeps for a day, in the Region of the call",
            format!("aws iam-toolbox get-request-authorization-details --authorization-id {id} > details.json"),
        ));
        steps.push(step("have that explained", "why-denied details.json"));
    }
    if layer == Some(PolicyType::ResourceBased)
        && denial.service.as_ref().is_some_and(|one| one.value == "s3")
    {
        let setting = match denial.kind.as_ref().map(|one| one.value) {
            Some(DenialKind::Explicit) => "RestrictPublicBuckets",
            _ => "IgnorePublicAcls",
        };
        steps.push(advice(format!(
            "see S3 Block Public Access as well: {setting} shows up with these words"
        )));
    }
    steps.push(step(
        "export the policies of the caller's account, and of the resource's if it is another",
        "aws iam get-account-authorization-details > account.json",
    ));
    steps.push(step(
        "ask again with them: every layer is evaluated, and compared with what AWS said",
        "why-denied ERROR_TEXT_OR_FILE --facts account.json",
    ));
    steps
}

/// How the policy that AWS names comes among the facts.
pub(super) fn supply(denial: &Denial) -> Option<String> {
    let arn = word(&denial.policy_arn.as_ref()?.value, "POLICY_ARN");
    let id = arn.rsplit('/').next().unwrap_or(arn);
    Some(match denial.policy_type.as_ref()?.value {
        PolicyType::ServiceControl => format!(
            "save it with `aws organizations describe-policy --policy-id {id} > policy.json`, and add `--scp policy.json`"
        ),
        PolicyType::ResourceControl => format!(
            "save it with `aws organizations describe-policy --policy-id {id} > policy.json`, and add `--rcp policy.json`"
        ),
        PolicyType::IdentityBased | PolicyType::PermissionsBoundary => {
            "export the caller's account again: `aws iam get-account-authorization-details > account.json`".to_owned()
        }
        _ => return None,
    })
}

/// Whether S3 said no more than that access is denied.
fn is_s3_silence(denial: &Denial) -> bool {
    denial.action.is_none() && denial.service.as_ref().is_some_and(|one| one.value == "s3")
}

fn bucket() -> Vec<Step> {
    vec![
        step("see who calls", "aws sts get-caller-identity"),
        step("see who owns the bucket and where it is", "aws s3api head-bucket --bucket BUCKET"),
        step("read its policy", "aws s3api get-bucket-policy --bucket BUCKET"),
        step(
            "see whether public access is blocked",
            "aws s3api get-public-access-block --bucket BUCKET",
        ),
    ]
}

/// What is to be said of a denial that names no layer.
pub(super) fn unnamed(denial: &Denial) -> &'static str {
    match denial.form {
        "lambda-role" | "ecs-role" | "service-assume" | "principal-assume" => {
            "the service could not assume the role: its trust policy does not let the service's principal in, or the role is too new"
        }
        "redshift-assume" | "redshift-role" | "assume-failed" | "terraform-assume"
        | "cdk-assume" => "the role could not be assumed; the text does not tell why",
        "execution-role" => "the function's execution role lacks what the text names",
        "api-authorizer" => {
            "API Gateway refused the call: its authorizer or the API's resource policy did"
        }
        "opensearch-roles" => {
            "OpenSearch's own access control refused it: the caller is mapped to no role with this permission"
        }
        "lake-formation" | "lake-formation-any" | "lake-formation-grant" => {
            "Lake Formation refused it: a grant is missing there, whatever IAM policies allow"
        }
        "s3-block-acls" => {
            "S3 Block Public Access refuses public ACLs there (BlockPublicAcls): a setting, no policy"
        }
        "s3-block-policy" => {
            "S3 Block Public Access refuses policies that open the bucket to everyone (BlockPublicPolicy): a setting, no policy"
        }
        "s3-ssec" => {
            "the bucket refuses uploads that bring a key of their own (SSE-C): a setting of the bucket, no policy"
        }
        "kms-three-ways" => {
            "one of three, and AWS KMS does not say which: the key is not in this Region, its policy does not let the caller in, or its policy denies it"
        }
        "field-not-authorized" | "call-not-authorized" => "AWS AppSync refused the call",
        "sso-no-access" => {
            "IAM Identity Center refused it: no permission set of that name is assigned to the user in that account"
        }
        _ => "AWS refused the call; the text names no layer",
    }
}

/// Reasons besides policies that such words have.
pub(super) fn other_reasons(denial: &Denial) -> Option<&'static str> {
    if denial.form == "forbidden"
        && denial.operation.as_ref().is_some_and(|one| one.value.starts_with("Head"))
    {
        return Some(
            "whether it is a denial at all: an answer to HEAD has no text, and S3 says 403 of a missing object too, to whom may not list the bucket",
        );
    }
    is_s3_silence(denial).then_some(
        "whether it is a policy at all: S3 says no more than this to callers of other organizations, of objects that do not exist to whom may not list the bucket, of ACLs, and where the requester has to pay",
    )
}

/// Whose grant is missing, where the words mislead.
pub(super) fn who_needs_it(denial: &Denial, layer: PolicyType) -> Option<String> {
    let action = denial.action.as_ref()?.value.as_str();
    match layer {
        PolicyType::IdentityBased if action.starts_with("sts:AssumeRole") => Some(
            "the role's trust policy does not grant it to the caller directly either: in one account that would be enough"
                .to_owned(),
        ),
        PolicyType::IdentityBased if action.starts_with("kms:") => Some(
            "the key's policy leaves it to IAM policies, or lets the account in: the key itself is not in the way"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Who can mend what never came to the policies.
pub(super) fn who_of_the_call(denial: &Denial) -> &'static str {
    match (denial.form, denial.class) {
        ("no-provider" | "audience" | "jwks" | "thumbprint", _) => {
            "an administrator of the role's account"
        }
        ("sts-not-activated", _) => "an administrator of the account",
        ("kubernetes-rbac", _) => "an administrator of the cluster",
        (
            "policy-principal" | "policy-partition" | "policy-field" | "policy-actions"
            | "policy-syntax" | "policy-size",
            _,
        ) => "whoever writes the policy",
        ("account-gate" | "pending-verification" | "subscription", _) => {
            "AWS Support, or an administrator of the account"
        }
        _ => "whoever makes the call",
    }
}

/// Whether policies would have been asked next.
pub(super) fn is_before_policies(denial: &Denial) -> bool {
    decision(denial) == Decision::ImplicitDeny || denial.class == ErrorClass::Throttled
}

/// The answer where no policy was asked.
pub(super) fn decision(denial: &Denial) -> Decision {
    match (denial.form, denial.class) {
        ("dry-run", _) => Decision::Allowed,
        (
            "policy-principal"
            | "policy-partition"
            | "policy-field"
            | "policy-actions"
            | "policy-syntax"
            | "policy-size"
            | "service-linked-role"
            | "kubernetes-rbac"
            | "acls-off"
            | "endpoint-unknown"
            | "code",
            ErrorClass::Other | ErrorClass::Region | ErrorClass::Throttled,
        )
        | (_, ErrorClass::Throttled) => Decision::Undetermined,
        _ => Decision::ImplicitDeny,
    }
}

/// The answer in one line, where no policy was asked.
pub(super) fn headline(denial: &Denial) -> String {
    match decision(denial) {
        Decision::ImplicitDeny => format!("before any policy: {}", meaning(denial)),
        Decision::Undetermined => format!("no policy was asked: {}", meaning(denial)),
        _ => meaning(denial).to_owned(),
    }
}

fn identity(denial: &Denial, steps: &mut Vec<Step>) {
    match caller(denial) {
        Caller::Role(name) => {
            steps.push(step(
                "list the role's managed policies",
                format!("aws iam list-attached-role-policies --role-name {name}"),
            ));
            steps.push(step(
                "list its inline ones",
                format!("aws iam list-role-policies --role-name {name}"),
            ));
        }
        Caller::User(name) => {
            steps.push(step(
                "list the user's managed policies",
                format!("aws iam list-attached-user-policies --user-name {name}"),
            ));
            steps.push(step(
                "list its groups, whose policies count too",
                format!("aws iam list-groups-for-user --user-name {name}"),
            ));
        }
        Caller::Unknown => steps.push(match denial.principal.as_ref().map(|one| one.value.as_str()) {
            None => step("see who calls", "aws sts get-caller-identity"),
            Some(who) if who.ends_with(":root") => {
                advice("see the control policies, and the policy of the resource: nothing else limits a root user")
            }
            Some(who) if who.contains(":federated-user/") => advice(
                "see the policies of the user who made the session, and those that were given to GetFederationToken",
            ),
            // Anonymous, a service, someone of another account: what lets them in is at the resource.
            Some(_) => resource_policy(denial),
        }),
    }
}

fn trust(denial: &Denial) -> Step {
    let resource = denial.resource.as_ref().map_or("", |one| one.value.as_str());
    let name =
        resource.split_once(":role/").map_or("", |(_, rest)| rest.rsplit('/').next().unwrap_or(""));
    let name = word(name, "ROLE_NAME");
    step(
        "read the role's trust policy, in the role's account",
        format!("aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument"),
    )
}

fn resource_policy(denial: &Denial) -> Step {
    let resource = denial.resource.as_ref().map_or("", |one| one.value.as_str());
    let arn = word(resource, "RESOURCE_ARN");
    let last = |placeholder: &'static str| {
        word(resource.rsplit([':', '/']).next().unwrap_or(""), placeholder).to_owned()
    };
    let called = denial.service.as_ref().map_or("", |one| one.value.as_str());
    // The denied action need not be one of the service that was called.
    let service = Arn::parse(resource).map_or(called, |arn| arn.service);
    let command = match service {
        "s3" => {
            let bucket = resource.split_once(":::").map_or("", |(_, rest)| rest);
            let bucket = word(bucket.split('/').next().unwrap_or(""), "BUCKET");
            format!("aws s3api get-bucket-policy --bucket {bucket}")
        }
        "kms" => format!("aws kms get-key-policy --key-id {arn} --policy-name default"),
        "sqs" => "aws sqs get-queue-attributes --queue-url QUEUE_URL --attribute-names Policy".to_owned(),
        "sns" => format!("aws sns get-topic-attributes --topic-arn {arn}"),
        "secretsmanager" => format!("aws secretsmanager get-resource-policy --secret-id {arn}"),
        "lambda" => format!("aws lambda get-policy --function-name {arn}"),
        "ecr" => format!("aws ecr get-repository-policy --repository-name {}", last("REPOSITORY")),
        "dynamodb" => format!("aws dynamodb get-resource-policy --resource-arn {arn}"),
        "es" => "aws opensearch describe-domain --domain-name DOMAIN --query DomainStatus.AccessPolicies".to_owned(),
        "execute-api" => "aws apigateway get-rest-api --rest-api-id API_ID --query policy".to_owned(),
        _ => return advice("read the policy of the resource"),
    };
    step("read the policy of the resource", command)
}

/// What to do about a call that never came to the policies.
pub(super) fn at_the_call(denial: &Denial) -> Vec<Step> {
    let identity = || {
        step("see which credentials are used", "aws configure list && aws sts get-caller-identity")
    };
    match (denial.class, denial.form) {
        (_, "kubernetes-rbac") => {
            vec![step("see what the cluster lets this user do", "kubectl auth can-i --list")]
        }
        (_, "docker-login" | "ecr-token-expired") => vec![step(
            "sign in to the registry",
            "aws ecr get-login-password | docker login --username AWS --password-stdin ACCOUNT_ID.dkr.ecr.REGION.amazonaws.com",
        )],
        (_, "kubectl-login") => vec![
            step("see who calls", "aws sts get-caller-identity"),
            step(
                "see whom the cluster knows",
                "aws eks list-access-entries --cluster-name CLUSTER",
            ),
        ],
        (ErrorClass::ExpiredCredentials, "oidc-expired") => {
            vec![advice("get a new token from the identity provider, and use it before it expires")]
        }
        (ErrorClass::ExpiredCredentials, _) => vec![
            step("sign in again, where the profile uses IAM Identity Center", "aws sso login"),
            advice(
                "else get new temporary credentials, and see that none of the old are left in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`: they win over a profile",
            ),
        ],
        (
            ErrorClass::Signature,
            "signature-expired" | "signature-early" | "clock-skew" | "request-expired",
        ) => {
            vec![step(
                "compare the clock of the machine that signs with the time; AWS takes 5 to 15 minutes of difference",
                "date -u",
            )]
        }
        (ErrorClass::Signature, _) => vec![
            identity(),
            advice(
                "see that the secret key is whole, belongs to that key id, and that nothing between changes the request: a proxy, a header, an encoded path",
            ),
        ],
        (_, "endpoint-unknown") => vec![
            step(
                "see which Region and which endpoint are configured: both stand in the URL",
                "aws configure list",
            ),
            advice(
                "see that the URL's host resolves, and that a firewall or proxy lets you reach it; a Region that does not exist has no host",
            ),
        ],
        (ErrorClass::Region, _) => {
            vec![step("use the Region that the text names", "aws configure get region")]
        }
        (ErrorClass::Throttled, _) => {
            vec![advice("try again with a delay that grows, and make fewer calls at a time")]
        }
        (_, "mfa-failed") => vec![step(
            "see which MFA device the user has; pass its serial number with a new code",
            "aws iam list-mfa-devices",
        )],
        (_, "root-caller") => {
            vec![advice("call as an IAM user or role: the root user cannot assume a role")]
        }
        (_, "no-provider") => vec![step(
            "see which OpenID Connect providers the role's account has",
            "aws iam list-open-id-connect-providers",
        )],
        (_, "api-unsigned") => vec![advice(
            "see that the path and method exist in the stage, and that the request is signed where the method asks for it",
        )],
        (_, "duration") => vec![advice(
            "ask for fewer seconds: at most an hour where one role assumes another, else at most the role's MaxSessionDuration",
        )],
        (ErrorClass::InvalidCredentials, _) => vec![
            identity(),
            advice(
                "see that the key exists and is active, that the session token belongs to it, and that it is for this partition",
            ),
        ],
        _ => vec![advice("change the call as the text says")],
    }
}

/// What such an error means, in a few words.
pub(super) fn meaning(denial: &Denial) -> &'static str {
    match (denial.form, denial.class) {
        ("root-caller", _) => "the root user cannot assume a role, whatever the policies say",
        ("mfa-failed", _) => "the MFA device or its code was not accepted",
        ("session-credentials", _) => "this call cannot be made with temporary credentials",
        ("cognito-guest", _) => "the identity pool does not admit guests",
        ("oidc-expired", _) => "the web identity token has expired",
        (
            "sso-token-rejected" | "sso-session-expired" | "sso-refresh-failed" | "sso-token-load",
            _,
        ) => "the sign-in to IAM Identity Center has expired",
        ("no-provider", _) => "the role's account has no OpenID Connect provider for this issuer",
        ("audience", _) => "the token is for another audience than the provider accepts",
        ("api-unsigned", _) => "API Gateway found no signature, or no such path and method",
        ("key-unknown", _) => "the access key does not exist or was deleted",
        ("signature-expired" | "signature-early" | "clock-skew" | "request-expired", _) => {
            "the time in the request is too far from AWS's clock"
        }
        ("sts-not-activated", _) => "AWS STS is switched off in this Region for the account",
        ("duration", _) => "a longer session was asked for than is allowed",
        ("packed-policy", _) => "the session policies and tags are too large together",
        ("kubernetes-rbac", _) => "Kubernetes refused it: RBAC in the cluster, not IAM",
        ("acls-off", _) => "the bucket has ACLs switched off, and the call sets one",
        ("region-missing", _) => "no Region is configured",
        ("endpoint-unknown", _) => {
            "nothing answered at the endpoint: the network or a proxy is in the way, or no such host exists"
        }
        ("docker-login", _) => "Docker has no login for this registry",
        ("ecr-token-expired", _) => "Docker's login to the registry has expired",
        ("kubectl-login", _) => "the cluster does not know the caller",
        ("access-disabled", _) => "access to this bucket or object is switched off altogether",
        ("account-gate", _) => "the account is not enabled for this call",
        ("thumbprint", _) => {
            "the certificate of the identity provider is not the one that is configured"
        }
        ("jwks", _) => "AWS could not read the identity provider's keys",
        ("role-arn", _) => "the ARN is not that of a role",
        ("validation", _) => "a parameter of the call is out of range",
        ("transitive-tags" | "duplicate-tags", _) => "the session tags conflict",
        ("source-identity-set", _) => {
            "the session has a source identity already, and it cannot be changed"
        }
        ("authorization-mechanism", _) => {
            "the request is signed in a way that the Region does not take"
        }
        ("service-linked-role", _) => "the service-linked role does not exist",
        ("dry-run", _) => "it would have been allowed: it was a dry run",
        (
            "policy-principal" | "policy-partition" | "policy-field" | "policy-actions"
            | "policy-syntax" | "policy-size",
            _,
        ) => "AWS refused to store the policy: nothing was denied",
        (_, ErrorClass::ExpiredCredentials) => "the credentials have expired",
        (_, ErrorClass::InvalidCredentials) => {
            "there are no credentials, or AWS does not accept them"
        }
        (_, ErrorClass::Signature) => "the signature does not fit the request",
        (_, ErrorClass::Region) => "the call went to the wrong Region",
        (_, ErrorClass::Throttled) => "too many calls at a time",
        (_, ErrorClass::Other) => "it is no denial: the call itself is refused",
        (_, ErrorClass::AccessDenied) => "AWS refused the call",
    }
}

/// Why AWS asks for another action than the one that was called.
pub(super) fn other_action(action: &str, operation: &str) -> Option<String> {
    let (_, name) = action.split_once(':')?;
    if name.eq_ignore_ascii_case(operation) {
        return None;
    }
    let why = match action {
        "iam:PassRole" => {
            "the call hands a role to a service, and that needs `iam:PassRole` on the role"
        }
        "iam:CreateServiceLinkedRole" => {
            "the service needs a role of its own in the account, and the first call makes it"
        }
        "kms:Decrypt" => {
            "what is read is encrypted with a KMS key, and the caller must be allowed to decrypt with it"
        }
        "kms:GenerateDataKey" | "kms:Encrypt" => {
            "what is written is encrypted with a KMS key, and the caller must be allowed to use it"
        }
        "sts:TagSession" => {
            "the call passes session tags, or a token or session brings them, and that is asked for on the same role"
        }
        "sts:SetSourceIdentity" => {
            "the call passes a source identity, or the session has one, and that is asked for on the same role"
        }
        "s3:ListBucket" => "S3 asks for this to list, and to say whether an object is there",
        "s3:PutObjectAcl" => "the call sets an ACL on the object",
        "s3:PutObjectTagging" => "the call sets tags on the object",
        "ec2:CreateTags" => "the call sets tags on what it makes",
        _ if action.starts_with("aws-marketplace:") => {
            "the model or product is bought through AWS Marketplace"
        }
        _ => {
            return Some(format!(
                "the call was {operation}; it needs `{action}` as well, or under that name"
            ));
        }
    };
    Some(format!("the call was {operation}, and `{action}` is what it lacked: {why}"))
}
