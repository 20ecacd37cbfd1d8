//! The catalogue of forms: what AWS, its SDKs and the tools around them write, as data.
//!
//! A blank in a pattern stands for any run of blanks and line ends; the groups `code`, `op`, `svc`,
//! `id`, `res`, `act`, `prin` and `auth` name the fields. Each form says where it is described; for what
//! no page describes, the program that prints it.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use indexmap::IndexSet;
use regex::Regex;

use super::ErrorClass;
use super::ErrorClass::{
    AccessDenied, ExpiredCredentials, InvalidCredentials, Other, Region, Signature, Throttled,
};

/// What a form does for the error that it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Begins an error: the tool's own words before the service's.
    Head,
    /// Says what went wrong.
    Text,
    /// Says what went wrong around it; anything more exact takes its place.
    Wrapper,
    /// Carries fields only.
    Part,
    /// Shows which service it is about, for want of something better.
    Hint,
    /// Names a service by the way, which counts where nothing else does.
    Trace,
}

/// One form.
pub(super) struct Form {
    pub(super) id: &'static str,
    pub(super) role: Role,
    pub(super) class: Option<ErrorClass>,
    /// The service, where the form belongs to one.
    pub(super) service: Option<&'static str>,
    pub(super) pattern: &'static str,
    /// Where it is described; what no page describes, by whom it is printed.
    pub(super) see: &'static str,
}

/// A code that tells what went wrong.
pub(super) struct Code {
    pub(super) code: &'static str,
    pub(super) class: ErrorClass,
    pub(super) service: Option<&'static str>,
    /// Whether the word is used for other things too, so that it counts only before a colon or in
    /// quotes, brackets or tags.
    pub(super) generic: bool,
    /// Whether it may be around a better one.
    pub(super) wrapper: bool,
    /// Whether it says nothing by itself: other errors have it too, so that a known text is needed.
    pub(super) beside: bool,
}

const DENIED: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html";
const S3: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html";
const S3_CODES: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html";
const EC2: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html";
const COMMON: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html";
const STS: &str = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html";
const WEB: &str =
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html";
const SAML: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html";
const KMS: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html";
const GATEWAY: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html";
const TRAIL: &str = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html";
const CLI: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-troubleshooting.html";
const BOTO: &str = "https://github.com/boto/botocore/blob/develop/botocore/exceptions.py";
const GO_V2: &str = "https://docs.aws.amazon.com/sdk-for-go/v2/developer-guide/handle-errors.html";
const GO_V1: &str =
    "https://docs.aws.amazon.com/sdk-for-go/v1/developer-guide/handling-errors.html";
const JAVA: &str =
    "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/handling-exceptions.html";
const JS: &str = "https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/welcome.html";
const PHP: &str = "https://docs.aws.amazon.com/sdk-for-php/v3/developer-guide/faq.html";
const RUBY: &str = "https://docs.aws.amazon.com/sdk-for-ruby/v3/developer-guide/welcome.html";
const NET: &str = "https://docs.aws.amazon.com/sdk-for-net/v3/developer-guide/welcome.html";
const CDK: &str = "https://docs.aws.amazon.com/cdk/v2/guide/troubleshooting.html";
const CFN: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html";
const ECS: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html";
const COGNITO: &str =
    "https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html";
const SSO: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html";
const SQS: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-troubleshooting.html";
const POLICY: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html";
const LAKE: &str = "https://docs.aws.amazon.com/lake-formation/latest/dg/troubleshooting.html";
const REDSHIFT: &str =
    "https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html";
const PIPELINE: &str =
    "https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html";
const PASS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html";
const APPSYNC: &str = "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html";
const ECR: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html";
const RUST: &str = "https://docs.aws.amazon.com/sdk-for-rust/latest/dg/error-handling.html";
const TERRAFORM_S3: &str = "https://developer.hashicorp.com/terraform/language/backend/s3";
const ENDPOINTS: &str = "https://docs.aws.amazon.com/general/latest/gr/rande.html";

const fn form(
    id: &'static str,
    role: Role,
    class: Option<ErrorClass>,
    service: Option<&'static str>,
    pattern: &'static str,
    see: &'static str,
) -> Form {
    Form { id, role, class, service, pattern, see }
}

const fn text(
    id: &'static str,
    class: ErrorClass,
    pattern: &'static str,
    see: &'static str,
) -> Form {
    form(id, Role::Text, Some(class), None, pattern, see)
}

const fn of(
    service: &'static str,
    id: &'static str,
    class: ErrorClass,
    pattern: &'static str,
    see: &'static str,
) -> Form {
    form(id, Role::Text, Some(class), Some(service), pattern, see)
}

const fn around(id: &'static str, pattern: &'static str, see: &'static str) -> Form {
    form(id, Role::Wrapper, Some(InvalidCredentials), None, pattern, see)
}

const fn part(id: &'static str, pattern: &'static str, see: &'static str) -> Form {
    form(id, Role::Part, None, None, pattern, see)
}

const fn hint(
    id: &'static str,
    service: &'static str,
    pattern: &'static str,
    see: &'static str,
) -> Form {
    form(id, Role::Hint, None, if service.is_empty() { None } else { Some(service) }, pattern, see)
}

const fn trace(
    id: &'static str,
    service: &'static str,
    pattern: &'static str,
    see: &'static str,
) -> Form {
    form(id, Role::Trace, None, if service.is_empty() { None } else { Some(service) }, pattern, see)
}

/// Every form but the sentence of `sentence.rs`.
pub(super) static FORMS: &[Form] = &[
    // What begins an error.
    form(
        "cli",
        Role::Head,
        None,
        None,
        r"(?:[Aa]n|A client) error(?: occurred)?(?: \((?P<code>[^()]{1,80})\))?(?: occurred)? ?when calling the (?P<op>[A-Za-z0-9]{1,100}(?:\n[A-Za-z0-9]{1,100})?) operation",
        BOTO,
    ),
    form(
        "go-v2",
        Role::Head,
        None,
        None,
        r"operation error (?P<svc>[A-Za-z0-9][A-Za-z0-9\x20\n-]{0,60}): (?P<op>[A-Za-z0-9]{1,100}),",
        GO_V2,
    ),
    form("php", Role::Head, None, None, r#"Error executing "(?P<op>[A-Za-z0-9]{1,100})" on "#, PHP),
    form(
        "rust",
        Role::Part,
        None,
        None,
        r"service error: unhandled error \((?P<code>[A-Za-z0-9.]{1,80})\)",
        "https://docs.aws.amazon.com/sdk-for-rust/latest/dg/error-handling.html",
    ),
    // What went wrong: denials.
    form(
        "s3-tags-lost",
        Role::Text,
        Some(AccessDenied),
        Some("s3"),
        r"(?P<code>AccessDenied)Access Denied(?P<id>[0-9A-Z]{6,16})",
        S3_CODES,
    ),
    text(
        "api-not-authorized",
        AccessDenied,
        r"API: (?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100}) (?:You are not authorized|Access [Dd]enied)",
        CFN,
    ),
    text(
        "not-authorized-operation",
        AccessDenied,
        r"[Yy]ou are not authorized to perform this (?:operation|action)",
        EC2,
    ),
    text(
        "no-permission-call",
        AccessDenied,
        r"[Uu]ser doesn't have permission to call (?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100})",
        CFN,
    ),
    text(
        "launch-template",
        AccessDenied,
        r"[Yy]ou are not authorized to (?:launch instances with this|use) launch template",
        "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html",
    ),
    of(
        "ec2",
        "linked-role",
        AccessDenied,
        r"credentials do not have permission to create the service-linked role",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html",
    ),
    of(
        "eks",
        "eks-console",
        AccessDenied,
        r"IAM principal doesn't have access to Kubernetes objects on this cluster",
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
    ),
    text(
        "no-permission-to",
        AccessDenied,
        r"You don't have permission to (?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100})",
        DENIED,
    ),
    text(
        "permission-missing",
        AccessDenied,
        r"(?:(?:don't|doesn't|do not|does not) have (?:the )?(?:required )?|[Mm]issing (?:the )?(?:required )?|[Ll]acks? (?:the )?(?:required )?)(?:permissions?:? (?:to (?:perform|call) )?)?['\x22`]?(?P<act>[a-z][a-z0-9-]{1,40}:[A-Z][A-Za-z]{2,100})['\x22`]? ?(?:permission|$|[.,;\n])",
        "https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html",
    ),
    text(
        "key-not-accessible",
        AccessDenied,
        r"[Gg]iven key ID is not accessible",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    ),
    text(
        "role-trust",
        AccessDenied,
        r"(?:[Rr]ole ARN ['\x22](?P<res>arn:[^'\x22\n]{1,300})['\x22] is invalid\. )?Please ensure that the role exists and (?:that its trust relationship policy allows the action|allows principal)",
        "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
    ),
    of(
        "states",
        "managed-rule",
        AccessDenied,
        r"'(?P<prin>arn:[^'\n]{1,400})' is not authorized to create managed-rule",
        "https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html",
    ),
    of(
        "cognito-identity",
        "cognito-role",
        AccessDenied,
        r"Access to (?:Role|Identity) '(?P<res>[^'\n]{1,300})' is forbidden",
        COGNITO,
    ),
    text(
        "no-permission-quoted",
        AccessDenied,
        r"You (?:do not|don't) have permission to perform the '(?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100})' action",
        "https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_CreateEnvironment.html",
    ),
    text(
        "no-permission-action",
        AccessDenied,
        r"You (?:do not|don't) have permissions? to perform this action",
        COMMON,
    ),
    of(
        "organizations",
        "organizations-access",
        AccessDenied,
        r"You don't have permissions to access this resource",
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html",
    ),
    text(
        "resource-not-authorized",
        AccessDenied,
        r"User: (?P<prin>arn:[^\s]{1,400}) is not authorized to (?:access this resource|describe|pass|use|view)\b",
        DENIED,
    ),
    of(
        "execute-api",
        "api-authorizer",
        AccessDenied,
        r"User is not authorized to access this resource",
        GATEWAY,
    ),
    of(
        "sqs",
        "sqs-resource",
        AccessDenied,
        r"Access to the resource (?P<res>https?://[^\s?]+?)(?:\?[^\s]*)? is denied",
        SQS,
    ),
    of("sts", "root-caller", AccessDenied, r"Roles may not be assumed by root accounts", STS),
    of("sts", "mfa-failed", AccessDenied, r"MultiFactorAuthentication failed", STS),
    of(
        "sts",
        "session-credentials",
        AccessDenied,
        r"Cannot call (?P<op>GetSessionToken|GetFederationToken) with session credentials",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html",
    ),
    of(
        "kms",
        "kms-ciphertext",
        AccessDenied,
        r"ciphertext refers to a customer master key that does not exist",
        KMS,
    ),
    of(
        "secretsmanager",
        "kms-not-allowed",
        AccessDenied,
        r"Access to KMS is not allowed",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html",
    ),
    of(
        "cognito-identity",
        "cognito-guest",
        AccessDenied,
        r"Unauthenticated access is not supported for this identity pool",
        COGNITO,
    ),
    text(
        "marketplace",
        AccessDenied,
        r"not authorized to perform the required AWS Marketplace actions \((?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100})",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
    ),
    text(
        "account-gate",
        AccessDenied,
        r"Your account is not authorized to",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    ),
    of(
        "bedrock",
        "bedrock-model",
        AccessDenied,
        r"You don't have access to the model with the specified model ID",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
    ),
    text(
        "access-not-allowed",
        AccessDenied,
        r"Access is not allowed",
        "https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetTemporaryGlueTableCredentials.html",
    ),
    text("access-disabled", AccessDenied, r"All access to this object has been disabled", S3_CODES),
    of(
        "sso",
        "sso-no-access",
        AccessDenied,
        r"ForbiddenException\)?[^\n]{0,60}: ?No access",
        "https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html",
    ),
    of(
        "lambda",
        "lambda-role",
        AccessDenied,
        r"The role defined for the function cannot be assumed by Lambda",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    ),
    of(
        "ecs",
        "ecs-role",
        AccessDenied,
        r"ECS was unable to assume the role ['\x22](?P<res>[^'\x22]+)['\x22]",
        ECS,
    ),
    text(
        "custodian",
        AccessDenied,
        r"Access denied api:(?P<op>[A-Za-z0-9]{1,100})",
        "https://cloudcustodian.io/docs/tools/c7n-org.html",
    ),
    text("event-alert", AccessDenied, r"Access denied on event (?P<op>[A-Za-z0-9]{1,100})", TRAIL),
    text(
        "s3a",
        AccessDenied,
        r"AccessDeniedException:? (?P<res>s3[an]?://[^\s:]+): ",
        "https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/troubleshooting_s3a.html",
    ),
    text(
        "lake-formation",
        AccessDenied,
        r"Insufficient Lake Formation permission\(s\)(?:: Required [A-Z][A-Za-z\x20]{0,40}?)? on (?P<res>[0-9]{1,6} objects?(?:\(s\))?|[^\s().,;]{1,200})",
        LAKE,
    ),
    text("lake-formation-any", AccessDenied, r"Insufficient Lake Formation permission", LAKE),
    text(
        "lake-formation-grant",
        AccessDenied,
        r"requester is not authorized to access requested permissions",
        LAKE,
    ),
    of(
        "sts",
        "redshift-assume",
        AccessDenied,
        r"User (?P<prin>arn:[^\s]{1,400}) is not authorized to assume IAM Role (?P<res>arn:[^\s\x22',;]{1,400})",
        REDSHIFT,
    ),
    of(
        "sts",
        "redshift-role",
        AccessDenied,
        r"Not authorized to get credentials of role (?P<res>arn:[^\s\x22',;]{1,400})",
        REDSHIFT,
    ),
    of(
        "s3",
        "redshift-s3",
        AccessDenied,
        r"S3ServiceException: ?[^\n,]{0,200},Status [0-9]{3},Error (?P<code>AccessDenied[A-Za-z]{0,20}),Rid (?P<id>[0-9A-Za-z]{1,60})",
        REDSHIFT,
    ),
    of(
        "ecr",
        "ecr-pull",
        AccessDenied,
        r"failed with status code \[(?:manifests|blobs)[^\]\n]{0,300}\]: 403 Forbidden",
        ECS,
    ),
    of(
        "sts",
        "service-assume",
        AccessDenied,
        r"is not authorized to perform (?P<assumes>AssumeRole) on role (?P<res>arn:[^\s\x22',;]{1,400})",
        PASS,
    ),
    of(
        "sts",
        "principal-assume",
        AccessDenied,
        r"is (?:not )?authorized to assume the provided role|does not have permission to assume the provided role|is invalid or cannot be assumed|cannot be assumed by principal|must allow [A-Za-z\x20]{1,60} to assume the role",
        PASS,
    ),
    text(
        "execution-role",
        AccessDenied,
        r"execution role does not have permissions to call (?P<op>[A-Z][A-Za-z]{1,60}) on (?P<svc>[A-Za-z0-9]{1,30})",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    ),
    text(
        "athena-bucket",
        AccessDenied,
        r"Unable to verify/create output bucket (?P<res>[^\s]{1,70}[^\s.])",
        "https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html",
    ),
    text(
        "athena-query",
        AccessDenied,
        r"Insufficient permissions to execute the query",
        "https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html",
    ),
    of(
        "es",
        "opensearch-roles",
        AccessDenied,
        r"no permissions for \[[^\]\n]{1,200}\] and User \[name=(?P<prin>[^,\]\n]{1,400})",
        "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html",
    ),
    of(
        "appsync",
        "call-not-authorized",
        AccessDenied,
        r"You are not authorized to make this call",
        APPSYNC,
    ),
    of(
        "appsync",
        "field-not-authorized",
        AccessDenied,
        r"Not Authorized to access [A-Za-z0-9_]{1,100} on type [A-Za-z0-9_]{1,100}",
        APPSYNC,
    ),
    text("json-forbidden", AccessDenied, r#""[Mm]essage" ?: ?"Forbidden""#, GATEWAY),
    form(
        "assume-failed",
        Role::Wrapper,
        Some(AccessDenied),
        Some("sts"),
        r"(?:[Uu]nable to|[Cc]annot|[Cc]ould not|[Cc]an not|[Cc]an't|[Ff]ailed to|not able to) assume (?:the )?(?:IAM )?[Rr]ole:? (?:with ARN )?['\x22`(]?(?P<res>arn:[^\s'\x22`(),;]{1,400})",
        DENIED,
    ),
    form(
        "net-assume",
        Role::Wrapper,
        Some(AccessDenied),
        Some("sts"),
        r"Error calling (?P<assumes>AssumeRole) for role (?P<res>arn:[^\s'\x22`(),;]{1,400})",
        NET,
    ),
    form(
        "terraform-assume",
        Role::Wrapper,
        Some(AccessDenied),
        Some("sts"),
        r"IAM Role \((?P<res>arn:[^()\n]{1,400})\) cannot be assumed",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#assuming-an-iam-role",
    ),
    of(
        "s3",
        "s3-block-acls",
        AccessDenied,
        r"public ACLs are prevented by the BlockPublicAcls setting",
        S3,
    ),
    of(
        "s3",
        "s3-block-policy",
        AccessDenied,
        r"public policies are prevented by the BlockPublicPolicy setting",
        S3,
    ),
    of("s3", "s3-ssec", AccessDenied, r"this bucket has blocked upload requests that specify", S3),
    of(
        "kms",
        "kms-three-ways",
        AccessDenied,
        r"because the resource does not exist in this Region, no resource-based policies allow",
        KMS,
    ),
    of(
        "s3",
        "s3-grants",
        AccessDenied,
        r"You do not have (?:READ|WRITE|READWRITE) permissions? to the requested S3 Prefix: (?P<res>s3://[^\s\x22'`<,]{1,300})",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-credentials.html",
    ),
    text(
        "logs-key",
        AccessDenied,
        r"specified KMS key does not exist or is not allowed to be used with (?:Arn|ARN) '(?P<res>arn:[^'\n]{1,400})'",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
    of(
        "s3",
        "query-location",
        AccessDenied,
        r"(?:Access [Dd]enied when (?:writing|reading|accessing)[a-z\x20]{0,24}|Permission denied on S3 path): ?(?P<res>s3[an]?://[A-Za-z0-9/*_.=%+:@-]{0,400}[A-Za-z0-9/*_=])",
        "https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html",
    ),
    of(
        "cognito-identity",
        "cognito-providers",
        AccessDenied,
        r"does not have identity providers configured|Token is not from a supported provider of this identity pool|Please include at least one valid login for this identity",
        COGNITO,
    ),
    of(
        "s3",
        "pipeline-artifact",
        AccessDenied,
        r"Unable to access the artifact with Amazon S3 object key '[^'\n]{1,300}' located in the Amazon S3 artifact bucket '(?P<res>[^'\n]{1,100})'",
        PIPELINE,
    ),
    of(
        "s3",
        "pipeline-bucket",
        AccessDenied,
        r"permissions required to access the Amazon S3 bucket named (?P<res>[a-z0-9][a-z0-9.-]{1,80}[a-z0-9])",
        PIPELINE,
    ),
    text(
        "provided-role",
        AccessDenied,
        r"provided role does not have (?:sufficient|the required|the necessary) permissions",
        PIPELINE,
    ),
    text(
        "not-authorized-call",
        AccessDenied,
        r"[Nn]ot authorized to perform (?P<op>[A-Z][a-z]{1,20}[A-Z][A-Za-z]{1,60})",
        "https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html",
    ),
    text(
        "role-not-configured",
        AccessDenied,
        r"The IAM Role (?P<res>arn:[^\s'\x22]{1,400}) is not configured properly",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
    ),
    of(
        "states",
        "log-destination",
        AccessDenied,
        r"IAM Role is not authorized to access the Log Destination",
        "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    ),
    text("php-status", AccessDenied, r"Client error: (?P<code>403) \(client\)", PHP),
    text(
        "cross-account-access",
        AccessDenied,
        r"Cross-account [a-z]{2,12} access is not allowed",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html",
    ),
    text("cross-account-role", AccessDenied, r"Cross-account pass role is not allowed", PASS),
    text("access-denied", AccessDenied, r"Access [Dd]enied", S3),
    text("forbidden", AccessDenied, r"(?:operation|AmazonS3Exception): Forbidden", S3_CODES),
    form(
        "cdk-assume",
        Role::Wrapper,
        Some(AccessDenied),
        Some("sts"),
        r"could not be used to assume '(?P<res>[^'\n]+)'",
        CDK,
    ),
    // What went wrong: expired.
    text(
        "token-expired",
        ExpiredCredentials,
        r"security token included in the request is expired",
        COMMON,
    ),
    text("s3-token-expired", ExpiredCredentials, r"The provided token has expired", S3_CODES),
    of("sts", "oidc-expired", ExpiredCredentials, r"Token expired: current date/time", WEB),
    text(
        "sso-session-expired",
        ExpiredCredentials,
        r"SSO session associated with this profile has expired",
        SSO,
    ),
    of("sso", "sso-token-rejected", ExpiredCredentials, r"Session token not found or invalid", SSO),
    text("sso-refresh-failed", ExpiredCredentials, r"Token has expired and refresh failed", SSO),
    text(
        "login-expired",
        ExpiredCredentials,
        r"Your session has expired or credentials have changed",
        CLI,
    ),
    text(
        "sso-token-load",
        ExpiredCredentials,
        r"Error loading (?:SSO Token|login session token):",
        SSO,
    ),
    text(
        "sso-session-invalid",
        ExpiredCredentials,
        r"SSO session (?:has expired or is invalid|associated with this profile is invalid|token associated with profile[^\n]{0,120} was not found or is invalid)",
        SSO,
    ),
    text("sso-token-expired", ExpiredCredentials, r"Token is expired\. To refresh this SSO", SSO),
    text("sso-refresh", ExpiredCredentials, r"refresh cached SSO token failed", SSO),
    text("refreshed-expired", ExpiredCredentials, r"refreshed credentials are still expired", BOTO),
    of(
        "sts",
        "web-token-expired",
        ExpiredCredentials,
        r"web identity token that was passed is expired or is not valid",
        WEB,
    ),
    of(
        "ecr",
        "ecr-token-expired",
        ExpiredCredentials,
        r"[Yy]our [Aa]uthorization [Tt]oken has expired",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
    ),
    text(
        "bearer-expired",
        ExpiredCredentials,
        r"[Bb]earer [Tt]oken has expired",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    ),
    text(
        "cognito-token-expired",
        ExpiredCredentials,
        r"(?:Access|Refresh|Identity|Id) Token has (?:expired|been revoked)|Invalid login token\. Token expired",
        COGNITO,
    ),
    // What went wrong: not accepted, or none found.
    text("cognito-password", InvalidCredentials, r"Incorrect username or password", COGNITO),
    text("docker-login", InvalidCredentials, r"no basic auth credentials", ECR),
    text(
        "registry-login",
        InvalidCredentials,
        r"login attempt to https?://[^\s]{0,200}\.ecr\.[^\s]{1,200} failed with status: 401",
        ECR,
    ),
    text(
        "kubectl-login",
        InvalidCredentials,
        r"You must be logged in to the server|server has asked for the client to provide credentials",
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
    ),
    text(
        "instance-profile",
        InvalidCredentials,
        r"Error retrieving credentials from the instance profile metadata s",
        PHP,
    ),
    text(
        "ruby-unsigned",
        InvalidCredentials,
        r"unable to sign request without credentials set",
        RUBY,
    ),
    text(
        "net-instance",
        InvalidCredentials,
        r"Unable to get IAM security credentials from EC2 Instance Metadata",
        NET,
    ),
    text(
        "cdk-credentials",
        InvalidCredentials,
        r"but no credentials (?:have been configured|found|were found)|Unable to resolve AWS account to use",
        CDK,
    ),
    text(
        "serverless-credentials",
        InvalidCredentials,
        r"AWS provider credentials not found",
        "https://www.serverless.com/framework/docs/providers/aws/guide/credentials",
    ),
    text("js-profile", InvalidCredentials, r"Could not resolve credentials using profile", JS),
    text(
        "js-mfa",
        InvalidCredentials,
        r"requires multi-factor authentication, but no MFA code callback",
        JS,
    ),
    of(
        "s3",
        "aurora-credentials",
        InvalidCredentials,
        r"Missing Credentials: Cannot instantiate S3 Client",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Integrating.LoadFromS3.html",
    ),
    text(
        "rusoto-chain",
        InvalidCredentials,
        r"Couldn't find AWS credentials in environment",
        "https://github.com/rusoto/rusoto",
    ),
    around("rust-chain", r"no providers in chain provided credentials", RUST),
    around("rust-provider", r"credentials? provider was not (?:enabled|properly configured)", RUST),
    around("go-v2-profile", r"failed to get shared config profile", GO_V2),
    around("js-credential", r"Resolved credential object is not valid|Credential is missing", JS),
    around("java-imds", r"Failed to load credentials from IMDS", JAVA),
    around("net-chain", r"Failed to resolve AWS credentials|Unable to find credentials", NET),
    around("php-file", r"Cannot read credentials from", PHP),
    around("go-v2-static", r"static credentials are empty", GO_V2),
    text(
        "token-invalid",
        InvalidCredentials,
        r"security token included in the request is invalid",
        COMMON,
    ),
    of(
        "s3",
        "key-unknown",
        InvalidCredentials,
        r"The AWS Access Key Id you provided does not exist in our records",
        S3_CODES,
    ),
    text(
        "token-malformed",
        InvalidCredentials,
        r"provided token is malformed or otherwise [Ii]nvalid",
        S3_CODES,
    ),
    of(
        "ec2",
        "auth-failure",
        InvalidCredentials,
        r"not able to validate the provided access credentials",
        EC2,
    ),
    text(
        "subscription",
        InvalidCredentials,
        r"AWS Access Key Id needs a subscription for the service",
        COMMON,
    ),
    of(
        "sts",
        "no-provider",
        InvalidCredentials,
        r"No OpenIDConnect provider found in your account",
        WEB,
    ),
    of("sts", "audience", InvalidCredentials, r"Incorrect token audience", WEB),
    of(
        "sts",
        "jwks",
        InvalidCredentials,
        r"Couldn't retrieve verification key from your identity provider",
        WEB,
    ),
    of(
        "sts",
        "thumbprint",
        InvalidCredentials,
        r"OpenIDConnect provider's HTTPS certificate doesn't match",
        WEB,
    ),
    of(
        "sts",
        "rejected-claim",
        InvalidCredentials,
        r"identity provider reported that the token is not acceptable",
        WEB,
    ),
    of("sts", "idp-unreachable", Other, r"identity provider could not be reached", WEB),
    of(
        "sts",
        "saml-session-name",
        InvalidCredentials,
        r"RoleSessionName (?:is required )?in AuthnResponse",
        SAML,
    ),
    of("sts", "saml-source-identity", InvalidCredentials, r"Source Identity must match \[", SAML),
    of("sts", "saml-signature", InvalidCredentials, r"Response signature invalid", SAML),
    of("sts", "saml-issuer", InvalidCredentials, r"Issuer not present in specified provider", SAML),
    of("sts", "saml-provider", InvalidCredentials, r"Specified provider doesn't exist", SAML),
    of(
        "sts",
        "saml-audience",
        InvalidCredentials,
        r"Response does not contain the required audience",
        SAML,
    ),
    of(
        "sts",
        "saml-response",
        InvalidCredentials,
        r"request included an invalid SAML response",
        SAML,
    ),
    text(
        "request-unsigned",
        InvalidCredentials,
        r"Request is missing Authentication Token",
        COMMON,
    ),
    of(
        "execute-api",
        "api-unsigned",
        InvalidCredentials,
        r#"(?:^|["'>:\n] ?)Missing Authentication Token"#,
        GATEWAY,
    ),
    text("no-credentials", InvalidCredentials, r"Unable to locate credentials", BOTO),
    text("partial-credentials", InvalidCredentials, r"Partial credentials found in", BOTO),
    text(
        "pending-verification",
        InvalidCredentials,
        r"Your (?:account|request for accessing resources in this region) is (?:currently )?being (?:verified|validated)",
        COMMON,
    ),
    around(
        "credentials-process",
        r"Error when retrieving (?:credentials|token) from [A-Za-z0-9-]{1,60}:",
        BOTO,
    ),
    text(
        "profile-missing",
        InvalidCredentials,
        r"The config profile \([^()\n]{1,200}\) could not be found",
        BOTO,
    ),
    text(
        "mfa-not-interactive",
        InvalidCredentials,
        r"Cannot refresh credentials: MFA token required",
        BOTO,
    ),
    text(
        "profile-loop",
        InvalidCredentials,
        r"Infinite loop in credential configuration detected",
        BOTO,
    ),
    text(
        "login-permission",
        InvalidCredentials,
        r"Unable to create or refresh login credentials due to insufficient permissions(?:\. You may be missing permission for the '(?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9]{1,100})')?",
        BOTO,
    ),
    form(
        "go-assume-config",
        Role::Text,
        Some(InvalidCredentials),
        Some("sts"),
        r"failed to load (?P<assumes>assume role) for",
        GO_V1,
    ),
    around("go-v2-refresh", r"failed to (?:refresh cached|retrieve) credentials", GO_V2),
    form(
        "go-v2-status",
        Role::Wrapper,
        Some(AccessDenied),
        None,
        r"https response error StatusCode: 403",
        GO_V2,
    ),
    form(
        "java-status",
        Role::Wrapper,
        Some(AccessDenied),
        None,
        r"\bService: [^;,()]{1,60}[;,] Status Code: 403[;,]",
        JAVA,
    ),
    around("go-v2-imds", r"no EC2 IMDS role found", GO_V2),
    around(
        "terraform-sources",
        r"[Nn]o valid credential sources",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration",
    ),
    around("go-v1-chain", r"no valid providers in chain", GO_V1),
    around("js-chain", r"Could not load credentials from", JS),
    around("js-config", r"Missing credentials in config", JS),
    around("js-imds", r"Error response received from instance metadata service", JS),
    around("java-chain", r"Unable to load (?:AWS )?credentials from any", JAVA),
    around(
        "github-action",
        r"Credentials could not be loaded, please check your action inputs",
        "https://github.com/aws-actions/configure-aws-credentials",
    ),
    // What went wrong: the signature.
    text("signature-expired", Signature, r"Signature expired:", COMMON),
    text("signature-early", Signature, r"Signature not yet current:", COMMON),
    text(
        "signature-mismatch",
        Signature,
        r"request signature we calculated does not match",
        S3_CODES,
    ),
    text(
        "clock-skew",
        Signature,
        r"difference between the request time and the current time is too large",
        S3_CODES,
    ),
    text("request-expired", Signature, r"Request has expired", COMMON),
    text("credential-scope", Signature, r"Credential should be scoped to", COMMON),
    text("incomplete-signature", Signature, r"Authorization header requires '", COMMON),
    text(
        "authorization-mechanism",
        Signature,
        r"authorization mechanism you have provided is not supported",
        S3_CODES,
    ),
    text("date-header", Signature, r"requires a valid Date or x-amz-date header", S3_CODES),
    text("authorization-pair", Signature, r"not a valid key=value pair", COMMON),
    text(
        "signature-standards",
        Signature,
        r"Request must contain a signature that conforms to AWS standards",
        COMMON,
    ),
    // What went wrong: the Region.
    text(
        "region-missing",
        Region,
        r"You must specify a region(?:[.'\x22\n]|$)|could not find region configuration|Missing region in config|Region is missing|Unable to find a region via the region provider chain|an AWS region is required|No RegionEndpoint or ServiceURL configured",
        CLI,
    ),
    text("endpoint-unknown", Region, r"Could not connect to the endpoint URL", BOTO),
    of("s3", "bucket-region", Region, r"The bucket is in this region", S3_CODES),
    of(
        "s3",
        "bucket-location",
        Region,
        r"location constraint is incompatible for the region",
        S3_CODES,
    ),
    of("s3", "region-header", Region, r"authorization header is malformed; the region", S3_CODES),
    of(
        "sts",
        "sts-not-activated",
        Region,
        r"STS is not activated in this region",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html",
    ),
    text("other-endpoint", Region, r"must be addressed using the specified endpoint", S3_CODES),
    // What only looks like a denial.
    text(
        "kubernetes-rbac",
        Other,
        r#"is forbidden: User "(?P<prin>[^"\n]{0,300})" cannot"#,
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    ),
    of("s3", "acls-off", Other, r"The bucket does not allow ACLs", S3_CODES),
    text("rate-exceeded", Throttled, r"Rate exceeded", COMMON),
    text("request-rate", Throttled, r"Please reduce your request rate", S3_CODES),
    of("sts", "duration", Other, r"requested DurationSeconds exceeds", STS),
    of(
        "sts",
        "validation",
        Other,
        r"validation errors? detected: Value [^\n]{0,300}? at '(?:durationSeconds|roleSessionName|roleArn|externalId|tokenCode|serialNumber)",
        STS,
    ),
    of("sts", "role-arn", Other, r"Request ARN is invalid", STS),
    of(
        "sts",
        "source-identity-set",
        Other,
        r"source identity is already set for this assume role session",
        STS,
    ),
    of("sts", "transitive-tags", Other, r"transitive tag keys can't be set because", STS),
    of("sts", "duplicate-tags", Other, r"Duplicate tag keys found", STS),
    of("sts", "packed-policy", Other, r"Packed policy consumes", STS),
    of(
        "sts",
        "outbound-federation",
        Other,
        r"Outbound web identity federation is not enabled",
        STS,
    ),
    text("policy-principal", Other, r"Invalid principal in policy", POLICY),
    text(
        "policy-partition",
        Other,
        r#"Partition "[^"]{0,40}" is not valid for resource "(?P<res>[^"]+)""#,
        POLICY,
    ),
    text("policy-field", Other, r"Has prohibited field", POLICY),
    text(
        "policy-actions",
        Other,
        r"AssumeRole policy may only specify STS AssumeRole actions",
        POLICY,
    ),
    text("policy-syntax", Other, r"Syntax errors in policy", POLICY),
    text(
        "policy-size",
        Other,
        r"Cannot exceed quota for [A-Za-z]{1,40}:|Maximum policy size of",
        POLICY,
    ),
    text(
        "service-linked-role",
        Other,
        r"Unable to assume the service linked role",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    ),
    text("request-not-sent", Other, r"(?P<code>RequestError): send request failed", GO_V1),
    text("dry-run", Other, r"Request would have succeeded, but DryRun flag is set", EC2),
    // Fields.
    part(
        "java",
        r"\bService: (?P<svc>[^;,()]{1,60})[;,] Status Code: [0-9]{3}(?:[;,] Error Code: (?P<code>[^;,()\n]{1,80}))?(?:[;,] Request ID: (?P<id><[^<>;,()\n]{1,60}>|[^;,(){}\x22'<>\s]{1,100}))?",
        JAVA,
    ),
    part(
        "java-old",
        r"AWS Service: (?P<svc>[A-Za-z0-9\x20]{1,60}), AWS Request ID: (?P<id>[^\s,]{1,100}), AWS Error Code: (?P<code>[A-Za-z0-9.]{1,80})",
        JAVA,
    ),
    part(
        "net-code",
        r"request with Error Code (?P<code>[A-Za-z0-9.]{1,80}) and Http Status Code",
        NET,
    ),
    part(
        "botocore-event",
        r"Event (?:before-parameter-build|before-call|before-sign|request-created|needs-retry|after-call|after-call-error)\.(?P<svc>[a-z0-9-]{1,40})\.(?P<op>[A-Z][A-Za-z0-9]{1,80}): calling handler",
        BOTO,
    ),
    part(
        "paws-code",
        r"(?P<code>[A-Z][A-Za-z0-9.]{2,80}) \(HTTP [0-9]{3}\)\.",
        "https://www.paws-r-sdk.com/docs/",
    ),
    part(
        "console-call",
        r"Calling the (?P<op>[a-z][A-Za-z]{1,60}) API action failed",
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html",
    ),
    part(
        "github-action-retry",
        r"Retry (?P<op>AssumeRole[A-Za-z]{0,20}): attempt",
        "https://github.com/aws-actions/configure-aws-credentials",
    ),
    part("go-v2-code", r"api error (?P<code>[A-Za-z0-9.]{1,80}):", GO_V2),
    part(
        "php-s3-class",
        r"\b(?P<svc>S3)::(?P<op>[a-z][A-Za-z]{1,40})\([^()\n]{0,200}\): \[(?P<code>[A-Za-z0-9]{1,80})\]",
        "https://github.com/tpyo/amazon-s3-php-class",
    ),
    // Codes that stand where only a code does, whatever their name is.
    part(
        "other-code-go",
        r"https response error StatusCode: [0-9]{3}, RequestID: [^\s,]{0,100},(?: HostID: [^\s,]{0,200},)? (?P<code>[A-Z][A-Za-z0-9.]{2,60}): ",
        GO_V2,
    ),
    part(
        "other-code-sentence",
        r"\b(?P<code>[A-Z][A-Za-z0-9]{2,60}(?:Exception|Fault))(?: \((?:client|server)\))?: User: ",
        COMMON,
    ),
    part(
        "other-code-field",
        r"(?:\b[Cc]ode|errorType|__type|\bname)['\x22]? ?: ?u?['\x22](?:[A-Za-z0-9.]{1,60}#)?(?P<code>[A-Z][A-Za-z0-9]{2,60}(?:Exception|Fault))['\x22]",
        COMMON,
    ),
    part(
        "other-code-trail",
        r"\x22errorCode\x22 ?: ?\x22(?P<code>[A-Z][A-Za-z0-9.]{2,80})\x22",
        TRAIL,
    ),
    part(
        "other-code-ruby",
        r"\bA[Ww][Ss]::[A-Za-z0-9]{1,60}::Errors::(?P<code>[A-Z][A-Za-z0-9]{2,80})\b",
        RUBY,
    ),
    part(
        "other-code-net",
        r"\bAmazon\.[A-Za-z0-9]{1,60}\.Model\.(?P<code>[A-Z][A-Za-z0-9]{2,60}Exception)\b",
        NET,
    ),
    part("php-code", r"AWS Error Code: (?P<code>[A-Za-z0-9.]{1,80})", PHP),
    part(
        "fluent-bit",
        r"(?P<op>[A-Z][A-Za-z0-9]{1,60}) API responded with error='(?P<code>[A-Za-z0-9.]{1,80})'",
        "https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch",
    ),
    part("appsync-code", r#"errorType["']? ?[:=] ?["'](?P<code>Unauthorized)["']"#, APPSYNC),
    part("cdk-call", r"Call failed: (?P<op>[a-z][A-Za-z0-9]{1,60})\(", CDK),
    part("async-code", r"\(code (?P<code>[A-Z][A-Za-z0-9.]{1,80})\)", PHP),
    part("xml-code", r"<Code> ?(?P<code>[^<>\s]{1,80}) ?</Code", S3_CODES),
    part(
        "request-id",
        r#"(?:[Rr]equest[\x20\n_-]?[Ii][Dd]|requestID)["']?\x20?(?::|=>|=)[\x20\n]{0,24}(?:chr\x20)?["']?(?P<id>[^\s,;(){}"'`<>\[\]]{1,120}|<[A-Za-z][A-Za-z0-9\x20_-]{0,40}>|\{[A-Za-z][A-Za-z0-9_-]{0,40}\}|\[[A-Za-z][A-Za-z0-9\x20_-]{0,40}\])"#,
        COMMON,
    ),
    part(
        "request-id-pair",
        r#"(?:[Rr]equest-?[Ii][Dd]["'], ?|RequestId )["'](?P<id>[A-Za-z0-9-]{8,80})["']"#,
        COMMON,
    ),
    part("xml-request-id", r"<Request(?:Id|ID)> ?(?P<id>[^<>\s]{1,120}) ?</", S3_CODES),
    part("cut-request-id", r"<Request(?:Id|ID)> ?(?P<id>[0-9A-Za-z-]{3,80}) \(truncated", PHP),
    part("authorization-id", r"following authorization id: (?P<auth>[0-9A-Za-z-]{1,256})", DENIED),
    part(
        "encoded",
        r"Encoded authorization failure message: (?P<blob>[A-Za-z0-9_-]+(?:\n[A-Za-z0-9_-]{20}[A-Za-z0-9_-]*)*(?:\.\.\.(?: \[truncated\])?)?)",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html",
    ),
    part("trail-operation", r#""[Ee]ventName" ?: ?"(?P<op>[A-Za-z0-9]{1,100})""#, TRAIL),
    part(
        "calling-operation",
        r"(?:when|while) calling (?:the )?(?P<op>[A-Z][a-z]{2,20}[A-Z][A-Za-z0-9]{1,60})\b",
        BOTO,
    ),
    part(
        "operation-code",
        r"(?:^|[\x20\n\x22'`(])(?P<op>[A-Z][a-z]{2,20}[A-Z][A-Za-z0-9]{1,60})['\x22`]?(?:\x20failed|\x20failed\x20with|\x20returns|\x20returned)?\x20?:?\x20['\x22`]?(?:AccessDenied|AccessDeniedException|UnauthorizedOperation|InvalidIdentityToken)['\x22`]?:",
        COMMON,
    ),
    part(
        "handler-code",
        r"HandlerErrorCode: (?P<code>(?:Unauthorized|AccessDenied)[A-Za-z]{0,40})",
        "https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html",
    ),
    part(
        "tool-call",
        r"\b(?P<svc>s3|ec2|iam|sts|sqs|sns|rds|ecs|ecr|eks|ssm|kms|elb|elbv2|lambda|dynamodb|route53|cloudformation|cloudwatch|autoscaling)[.:](?P<op>[A-Z][a-z]{1,30}[A-Z][A-Za-z]{1,60}) call",
        "https://github.com/wallix/awless",
    ),
    part("trail-service", r#""eventSource" ?: ?"(?P<svc>[a-z0-9-]{1,60})\.amazonaws\.com""#, TRAIL),
    part("trail-principal", r#""userIdentity" ?: ?\{[^{}]*?"arn" ?: ?"(?P<prin>[^"]+)""#, TRAIL),
    part(
        "trail-resource",
        r#""requestParameters" ?: ?\{[^{}]*?"[A-Za-z]{1,60}" ?: ?"(?P<res>arn:[^"]+)""#,
        TRAIL,
    ),
    part(
        "s3a-path",
        r"[a-z][A-Za-z]{1,40} on (?P<res>s3[an]?://[^\s:]+): ",
        "https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/troubleshooting_s3a.html",
    ),
    part(
        "glue-file",
        r"retrieving file at (?P<res>s3://[^\s\x22'`<]{1,400}[^\s\x22'`<.])",
        "https://docs.aws.amazon.com/glue/latest/dg/glue-troubleshooting-errors.html",
    ),
    part("ecs-secret", r"failed to fetch secret (?P<res>arn:[^\s]+) from", ECS),
    part(
        "calling",
        r"error calling (?P<svc>[a-z0-9-]{1,40}):(?P<op>[A-Z][A-Za-z0-9]{1,100})",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs",
    ),
    part(
        "go-v1-debug",
        r"(?:Request|Response) (?P<svc>[a-z0-9-]{2,40})/(?P<op>[A-Z][A-Za-z0-9]{1,100}) (?:Details|failed)",
        GO_V1,
    ),
    part(
        "js-deserializer",
        r"deserializeAws_(?:restXml|restJson1|json1_0|json1_1|query|ec2)?(?P<op>[A-Z][A-Za-z0-9]{1,100}?)CommandError",
        JS,
    ),
    part("js-deserializer-new", r"\bde_(?P<op>[A-Z][A-Za-z0-9]{1,100}?)CommandError", JS),
    // Signs of a service.
    hint(
        "xml-namespace",
        "",
        r#"xmlns="https?://(?P<svc>[a-z0-9-]{1,40})\.amazonaws\.com/doc"#,
        ENDPOINTS,
    ),
    hint(
        "endpoint",
        "",
        r"https?://(?:[A-Za-z0-9.-]+?\.)??(?P<svc>[a-z][a-z0-9-]*?)(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]{2,5}){1,2}-[0-9])?\.amazonaws\.com",
        ENDPOINTS,
    ),
    hint("resource-type", "", r"operation 'AWS::(?P<svc>[A-Za-z0-9]{1,40})::", CFN),
    hint("event-source", "", r"[Ee]vent source: (?P<svc>[a-z0-9-]{1,60})\.amazonaws\.com", TRAIL),
    hint("js-v2-file", "", r"aws-sdk/lib/services/(?P<svc>[a-z0-9]{1,40})\.js", JS),
    hint("js-v3-package", "", r"@aws-sdk/client-(?P<svc>[a-z0-9-]{1,60})", JS),
    hint("java-package", "", r"com\.amazonaws\.services\.(?P<svc>[a-z0-9]{1,40})\.", JAVA),
    hint(
        "java-v2-package",
        "",
        r"software\.amazon\.awssdk\.services\.(?P<svc>[a-z0-9]{1,40})\.",
        JAVA,
    ),
    hint(
        "net-namespace",
        "",
        r"Amazon\.(?P<svc>[A-Z][A-Za-z0-9]{1,60})\.(?:Model\.)?[A-Z][A-Za-z0-9]{1,80}Exception",
        NET,
    ),
    hint(
        "ruby-class",
        "",
        r"A[Ww][Ss]::(?P<svc>[A-Za-z0-9]{1,60})::(?:Errors|ResponseError)",
        RUBY,
    ),
    hint(
        "php-namespace",
        "",
        r"Aws ?\\{1,4} ?(?P<svc>[A-Z][A-Za-z0-9]{1,60}) ?\\{1,4} ?Exception",
        PHP,
    ),
    hint(
        "fluent-bit-output",
        "",
        r"\[output:(?P<svc>cloudwatch_logs|kinesis_firehose|kinesis_streams|s3|es):",
        "https://docs.fluentbit.io/manual/pipeline/outputs",
    ),
    hint(
        "ruby-file",
        "",
        r"/lib/aws/(?P<svc>s3|ec2|iam|sts|sqs|sns|simple_email_service|dynamo_db|route_53|rds|cloud_formation|cloud_watch|auto_scaling|elb)/",
        RUBY,
    ),
    hint("haskell-service", "", r#"Abbrev "(?P<svc>[A-Za-z0-9\x20]{1,40})""#, ENDPOINTS),
    hint("s3-exception", "s3", r"\bS3Exception\b", S3_CODES),
    hint("s3-signature", "s3", r"Check your key and signing", S3_CODES),
    hint(
        "python-client",
        "",
        r#"boto3\.(?:client|resource)\(['"](?P<svc>[a-z0-9-]{2,40})['"]"#,
        BOTO,
    ),
    hint("go-package", "", r"aws-sdk-go(?:-v2)?/service/(?P<svc>[a-z0-9]{2,40})", GO_V2),
    hint("rust-package", "", r"aws_sdk_(?P<svc>[a-z0-9]{2,40})::", RUST),
    hint("ecr-host", "ecr", r"\.dkr\.ecr\.[a-z0-9-]{1,30}\.amazonaws\.com", ECR),
    hint(
        "prompt",
        "",
        r"(?:^|\n|[$#%>\u279c] ?)aws (?P<svc>[a-z][a-z0-9-]{1,30}) [a-z][a-z0-9-]{1,60}",
        CLI,
    ),
    hint(
        "s3-command",
        "s3",
        r"(?:upload|download|copy|move|delete) failed: |fatal error: An error occurred",
        CLI,
    ),
    hint(
        "s3-backend",
        "s3",
        r"Failed to get existing workspaces|Error (?:loading|refreshing) state:",
        TERRAFORM_S3,
    ),
    hint("dynamodb-lock", "dynamodb", r"Error acquiring the state lock", TERRAFORM_S3),
    hint("s3-error", "s3", r"S3 error: (?:[0-9]{3}|Access)", S3_CODES),
    hint(
        "s3-host-id",
        "s3",
        r"(?:x-amz-id-2|x-amz-bucket-region|<HostId>|HostID:|host id:|Extended Request ID:|Server: AmazonS3)",
        S3_CODES,
    ),
    hint("boto-ec2", "ec2", r"EC2ResponseError", BOTO),
    hint(
        "ec2-launch",
        "ec2",
        r"launching source instance",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/instance",
    ),
    hint(
        "js-v2-collector",
        "",
        r"\baws\.(?P<svc>ec2|s3|iam|sts|sqs|sns|rds|ecs|ecr|eks|ssm|kms)\.[A-Z]",
        JS,
    ),
    hint(
        "terraform-object",
        "",
        r"(?:[Cc]reate|[Cc]reating|[Rr]eading|[Uu]pdate|[Uu]pdating|[Dd]elete|[Dd]eleting|[Pp]utting|[Dd]escribe|[Dd]escribing|[Ll]isting|[Aa]ttaching|[Gg]etting|[Ii]mporting|[Mm]odifying|[Rr]etrieving|[Tt]agging|[Qq]uerying|[Vv]alidating) (?:the |an? |all )?(?:inline policies for |tags for )?(?:AWS |Amazon )?(?P<svc>IAM|EC2|S3|SQS|SNS|KMS|SSM|RDS|ECS|ECR|EKS|EFS|WAFv2|ACM|MSK|Lambda|DynamoDB|CloudFormation|CloudFront|CloudTrail|CloudWatch Logs?|CloudWatch Metric|EventBridge|Kinesis Firehose|Kinesis|Secrets Manager|Step Functions?|API Gateway|Route ?53|ElastiCache|OpenSearch|Redshift|Glue|Athena|Cognito Identity Pool|Cognito User Pool|CodeBuild|CodePipeline|Organizations?|Service Discovery)(?: |:)",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs",
    ),
    hint(
        "eb-call",
        "",
        r"Making api call: \((?P<svc>[a-z0-9-]{2,40}), ",
        "https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/eb-cli3-troubleshooting.html",
    ),
    hint("ecs-ecr", "ecr", r"retrieve ecr registry auth", ECS),
    hint(
        "swift-module",
        "",
        r"\bAWS(?P<svc>[A-Z][A-Za-z0-9]{1,40})\.[A-Z][A-Za-z0-9]{1,60}(?:Exception|Error)\b",
        "https://docs.aws.amazon.com/sdk-for-swift/latest/developer-guide/using-error-handling.html",
    ),
    hint("ecs-ssm", "ssm", r"(?:from ssm|SSM Parameter Store)\b", ECS),
    hint("ecs-asm", "secretsmanager", r"(?:from asm|from secrets manager)\b", ECS),
    hint(
        "kinesis-producer",
        "kinesis",
        r"\[kpl-daemon|\[shard_map\.cc",
        "https://docs.aws.amazon.com/streams/latest/dev/troubleshooting-kpl.html",
    ),
    trace(
        "service-alone",
        "",
        r"(?:in|from|to|by|calling|with) (?P<svc>EC2|STS|IAM|S3|SQS|SNS|KMS|SSM|ECR|ECS|EKS|RDS|DynamoDB|Lambda)(?:[:,.]|$)",
        EC2,
    ),
    trace(
        "resource-arn",
        "",
        r"arn:aws[a-z-]{0,20}:(?P<svc>cloudtrail|sqs|sns|lambda|dynamodb|ecr|eks|ecs|rds|kms|secretsmanager|ssm|states|logs|events|s3):[^\n]{0,200}?AccessDenied",
        ENDPOINTS,
    ),
    trace(
        "service-error",
        "",
        r"\b(?P<svc>s3|ec2|sqs|sns|kms|ssm|ecr|eks|ecs|rds|dynamodb|lambda|cloudformation|route53|secretsmanager|bedrock|kinesis) error\b",
        ENDPOINTS,
    ),
    trace(
        "service-named",
        "",
        r"\b(?P<svc>S3|STS|EC2|SQS|SNS|KMS|SSM|SES|ECR|EKS|ECS|RDS|EFS|DynamoDB|Lambda|CloudFormation|CloudFront|Route ?53|Secrets Manager|Bedrock|SageMaker|Athena|Glue|Kinesis|Redshift|CloudWatch Logs?|Cognito User Pool) (?:bucket|object|queue|topic|key|parameter|repository|cluster|task|service|[Ii]nstance [Tt]ypes|[Ii]nstances?|table|function|stack|distribution|record|hosted zone|zone|secret|model|job|database|stream|group|client|API|access|[Ee]rror|ERROR)",
        ENDPOINTS,
    ),
];

const fn code(code: &'static str, class: ErrorClass) -> Code {
    Code { code, class, service: None, generic: false, wrapper: false, beside: false }
}

const fn generic(code: &'static str, class: ErrorClass) -> Code {
    Code { code, class, service: None, generic: true, wrapper: false, beside: false }
}

const fn sts(code: &'static str, class: ErrorClass) -> Code {
    Code { code, class, service: Some("sts"), generic: false, wrapper: false, beside: false }
}

const fn s3(code: &'static str, class: ErrorClass) -> Code {
    Code { code, class, service: Some("s3"), generic: false, wrapper: false, beside: false }
}

const fn beside(code: &'static str) -> Code {
    Code { code, class: Other, service: None, generic: true, wrapper: false, beside: true }
}

const fn outer(code: &'static str, class: ErrorClass) -> Code {
    Code { code, class, service: None, generic: false, wrapper: true, beside: false }
}

/// The codes that denials, and what is taken for one, come under. <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
pub(super) static CODES: &[Code] = &[
    code("AccessDeniedException", AccessDenied),
    code("AccessDenied", AccessDenied),
    code("UnauthorizedOperation", AccessDenied),
    code("UnauthorizedException", AccessDenied),
    code("UnauthorizedAccess", AccessDenied),
    code("NotAuthorizedException", AccessDenied),
    generic("NotAuthorized", AccessDenied),
    code("NotAuthorizedError", AccessDenied),
    code("InsufficientPrivilegesException", AccessDenied),
    code("AuthorizationErrorException", AccessDenied),
    generic("AuthorizationError", AccessDenied),
    s3("AllAccessDisabled", AccessDenied),
    code("AccountProblem", AccessDenied),
    generic("ForbiddenException", AccessDenied),
    generic("Forbidden", AccessDenied),
    generic("403 Forbidden", AccessDenied),
    generic("403", AccessDenied),
    code("ExpiredTokenException", ExpiredCredentials),
    code("ExpiredToken", ExpiredCredentials),
    code("TokenRefreshRequired", ExpiredCredentials),
    code("UnauthorizedSSOTokenError", ExpiredCredentials),
    code("SSOTokenLoadError", ExpiredCredentials),
    code("LoginRefreshRequired", ExpiredCredentials),
    code("InvalidClientTokenId", InvalidCredentials),
    code("UnrecognizedClientException", InvalidCredentials),
    s3("InvalidAccessKeyId", InvalidCredentials),
    generic("InvalidToken", InvalidCredentials),
    generic("AuthFailure", InvalidCredentials),
    code("AuthFailure.ServiceLinkedRoleCreationNotPermitted", AccessDenied),
    sts("InvalidIdentityToken", InvalidCredentials),
    sts("IDPRejectedClaim", InvalidCredentials),
    sts("IDPCommunicationError", Other),
    code("MissingAuthenticationTokenException", InvalidCredentials),
    code("MissingAuthenticationToken", InvalidCredentials),
    code("OptInRequired", InvalidCredentials),
    code("SubscriptionRequiredException", InvalidCredentials),
    code("PendingVerification", InvalidCredentials),
    outer("NoCredentialProviders", InvalidCredentials),
    outer("NoCredentialsError", InvalidCredentials),
    outer("PartialCredentialsError", InvalidCredentials),
    outer("CredentialsProviderError", InvalidCredentials),
    outer("CredentialsError", InvalidCredentials),
    outer("CredentialRetrievalError", InvalidCredentials),
    outer("CredentialsNotLoaded", InvalidCredentials),
    outer("SharedIniFileCredentialsProviderFailure", InvalidCredentials),
    outer("ProcessCredentialsProviderFailure", InvalidCredentials),
    outer("SharedConfigProfileNotExistsError", InvalidCredentials),
    outer("SharedCredsLoad", InvalidCredentials),
    outer("EmptyStaticCreds", InvalidCredentials),
    code("SharedConfigAssumeRoleError", InvalidCredentials),
    code("SignatureDoesNotMatch", Signature),
    code("InvalidSignatureException", Signature),
    code("IncompleteSignatureException", Signature),
    code("IncompleteSignature", Signature),
    s3("RequestTimeTooSkewed", Signature),
    code("RequestExpired", Signature),
    s3("AuthorizationHeaderMalformed", Region),
    sts("RegionDisabledException", Region),
    generic("PermanentRedirect", Region),
    generic("ThrottlingException", Throttled),
    generic("Throttling", Throttled),
    code("RequestLimitExceeded", Throttled),
    code("TooManyRequestsException", Throttled),
    code("ProvisionedThroughputExceededException", Throttled),
    generic("SlowDown", Throttled),
    code("MalformedPolicyDocumentException", Other),
    code("MalformedPolicyDocument", Other),
    generic("MalformedPolicy", Other),
    sts("PackedPolicyTooLarge", Other),
    sts("InvalidAuthorizationMessageException", Other),
    generic("RequestCanceled", Other),
    code("DryRunOperation", Other),
    s3("AccessControlListNotSupported", Other),
    code("KMSAccessDeniedException", AccessDenied),
    code("KMS.AccessDeniedException", AccessDenied),
    code("KmsAccessDenied", AccessDenied),
    code("KMSAccessDeniedFault", AccessDenied),
    code("S3AccessDeniedFault", AccessDenied),
    code("AccessDeniedFault", AccessDenied),
    code("AccessDeniedForDependencyException", AccessDenied),
    code("InsufficientS3BucketPolicyException", AccessDenied),
    code("InsufficientSnsTopicPolicyException", AccessDenied),
    code("InsufficientEncryptionPolicyException", AccessDenied),
    Code {
        service: Some("cognito-identity"),
        ..code("InvalidIdentityPoolConfigurationException", AccessDenied)
    },
    code("SSOProviderInvalidToken", ExpiredCredentials),
    generic("InvalidGrantException", ExpiredCredentials),
    code("LoginInsufficientPermissions", InvalidCredentials),
    code("LoginTokenLoadError", ExpiredCredentials),
    code("ProfileNotFound", InvalidCredentials),
    code("RefreshWithMFAUnsupportedError", InvalidCredentials),
    code("InfiniteLoopConfigError", InvalidCredentials),
    sts("AssumeRoleTokenProviderNotSetError", InvalidCredentials),
    code("MissingCredentialsError", InvalidCredentials),
    outer("TokenRetrievalError", InvalidCredentials),
    outer("WebIdentityErr", InvalidCredentials),
    outer("EC2RoleRequestError", InvalidCredentials),
    outer("CredentialsEndpointError", InvalidCredentials),
    outer("ProcessProviderExecutionError", InvalidCredentials),
    s3("AuthorizationQueryParametersError", Signature),
    s3("IllegalLocationConstraintException", Region),
    code("NoRegionError", Region),
    code("MissingRegion", Region),
    code("ThrottledException", Throttled),
    code("TooManyRequests", Throttled),
    beside("ValidationError"),
    beside("ValidationException"),
    beside("InvalidParameterValueException"),
    beside("InvalidParameterValue"),
    beside("InvalidParameterException"),
    beside("InvalidParameterCombination"),
    beside("LimitExceededException"),
    beside("LimitExceeded"),
    beside("InvalidRequestException"),
    beside("InvalidRequest"),
    beside("InvalidInputException"),
    beside("OutboundWebIdentityFederationDisabledException"),
    beside("SessionDurationEscalationException"),
    beside("InvalidConfigurationRequestException"),
    beside("AuthSamlInvalidSamlResponseException"),
];

/// A regular expression in which a blank stands for any run of blanks and line ends.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    let pattern = unbounded(pattern);
    let pattern = pattern.replace(" ?", "[\\x20\\n]*").replace(' ', "[\\x20\\n]+");
    // Without Unicode's tables only the ASCII classes exist.
    let pattern = pattern
        .replace("[^\\s", "[^\\x20\\n")
        .replace("\\s", "[\\x20\\n]")
        .replace("\\b", "(?-u:\\b)");
    Regex::new(&pattern).ok()
}

/// The pattern without the upper bounds of long repetitions, each copy of which is built: they say
/// how long a value gets, and what follows the value ends it as well. A bound of what may stand
/// between two parts begins at none, and stays.
fn unbounded(pattern: &str) -> String {
    const LONG: usize = 30;
    let mut pieces = pattern.split("]{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let bounds = piece.split_once('}').and_then(|(bounds, rest)| {
            let (least, most) = bounds.split_once(',')?;
            let most: usize = most.parse().ok()?;
            (most >= LONG && least != "0").then_some((least, rest))
        });
        match bounds {
            Some(("1", rest)) => text.extend(["]+", rest]),
            Some((least, rest)) => text.extend(["]{", least, ",}", rest]),
            None => text.extend(["]{", piece]),
        }
    }
    text
}

/// A form, and its regular expression once a text has needed it.
struct Matcher {
    form: &'static Form,
    /// What a text has to hold for the form to be in it: one of each of these, as places among the
    /// words of all forms.
    needs: Vec<Vec<usize>>,
    regex: OnceLock<Option<Regex>>,
}

/// All forms, ready to be looked for.
struct Matchers {
    all: Vec<Matcher>,
    /// Finds the words that the forms need, all in one pass. To build the regular expressions takes
    /// longer than to look, and most forms are in no given text.
    words: Option<AhoCorasick>,
}

impl Matchers {
    fn of(forms: &'static [Form]) -> Self {
        let mut words: IndexSet<String> = IndexSet::new();
        let mut place = |word| words.insert_full(word).0;
        let mut matcher = |form: &'static Form| Matcher {
            form,
            needs: (needs(form.pattern).into_iter())
                .map(|one_of| one_of.into_iter().map(&mut place).collect())
                .collect(),
            regex: OnceLock::new(),
        };
        let all = forms.iter().map(&mut matcher).collect();
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let words = AhoCorasick::builder().kind(kind).build(words).ok();
        Self { all, words }
    }
}

/// The forms that can be in the text, with their regular expressions.
pub(super) fn possible(text: &str) -> impl Iterator<Item = (&'static Form, &'static Regex)> {
    static MATCHERS: OnceLock<Matchers> = OnceLock::new();
    let matchers = MATCHERS.get_or_init(|| Matchers::of(FORMS));
    let mut found = vec![false; matchers.words.as_ref().map_or(0, AhoCorasick::patterns_len)];
    let occurrences = matchers.words.iter().flat_map(|words| words.find_overlapping_iter(text));
    for word in occurrences {
        if let Some(found) = found.get_mut(word.pattern().as_usize()) {
            *found = true;
        }
    }
    let has = move |word: &usize| found.get(*word).copied().unwrap_or_default();
    let can_be = move |one: &&Matcher| one.needs.iter().all(|one_of| one_of.iter().any(&has));
    matchers.all.iter().filter(can_be).filter_map(|matcher| {
        let regex = matcher.regex.get_or_init(|| compile(matcher.form.pattern));
        Some((matcher.form, regex.as_ref()?))
    })
}

/// Characters that every match of a pattern holds: of each list at least one.
fn needs(pattern: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    match alternatives(pattern).as_slice() {
        [_] => {}
        // What all of several have is not looked for; it is one of the longest of each.
        several => return one_of(several).into_iter().collect(),
    }
    let mut run = String::new();
    let mut letters = pattern.char_indices().peekable();
    let keep = |run: &mut String, found: &mut Vec<Vec<String>>| {
        if run.len() >= 3 {
            found.push(vec![run.clone()]);
        }
        run.clear();
    };
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, escaped)) if escaped.is_ascii_punctuation() => run.push(escaped),
                Some((_, 'x')) => {
                    letters.by_ref().take(2).for_each(drop);
                    keep(&mut run, &mut found);
                }
                _ => keep(&mut run, &mut found),
            },
            '[' => {
                keep(&mut run, &mut found);
                skip_class(&mut letters);
            }
            '(' => {
                keep(&mut run, &mut found);
                let end = group_end(pattern, at);
                while letters.next_if(|(at, _)| *at <= end).is_some() {}
                // What may be left out is not needed.
                let is_optional = matches!(letters.peek(), Some((_, '?' | '*' | '{')));
                let inner = pattern.get(at + 1..end).unwrap_or("");
                let inner = match inner.strip_prefix("?P<").and_then(|rest| rest.split_once('>')) {
                    Some((_, rest)) => rest,
                    None => inner.strip_prefix("?:").unwrap_or(inner),
                };
                if !is_optional {
                    found.extend(one_of(&alternatives(inner)));
                }
            }
            '?' | '*' | '{' => {
                run.pop();
                keep(&mut run, &mut found);
                if letter == '{' {
                    letters.by_ref().find(|(_, inside)| *inside == '}');
                }
            }
            '+' | '.' | '^' | '$' | ' ' => keep(&mut run, &mut found),
            _ => run.push(letter),
        }
    }
    keep(&mut run, &mut found);
    found
}

/// The longest sure part of each alternative; `None` if one has none.
fn one_of(several: &[&str]) -> Option<Vec<String>> {
    let longest = |one: &&str| {
        let sure = needs(one).into_iter().filter(|list| list.len() == 1).flatten();
        sure.max_by_key(String::len)
    };
    several.iter().map(longest).collect()
}

/// The parts of a pattern between the bars that stand in no group.
fn alternatives(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    let mut letters = pattern.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => skip_class(&mut letters),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.push(pattern.get(from..at).unwrap_or(""));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(pattern.get(from..).unwrap_or(""));
    parts
}

/// Where the group ends that begins at `start`.
fn group_end(pattern: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut letters = pattern.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => skip_class(&mut letters),
            '(' if at >= start => depth += 1,
            ')' if at > start => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    pattern.len()
}

/// Passes over the rest of a class of characters.
fn skip_class(letters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while let Some((_, inside)) = letters.next() {
        match inside {
            '\\' => drop(letters.next()),
            ']' => break,
            _ => {}
        }
    }
}

/// Where known codes stand, each with the prefix of EC2's.
pub(super) fn codes(text: &str) -> impl Iterator<Item = Range<usize>> {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let search = SEARCH.get_or_init(|| {
        let known = CODES.iter().map(|code| code.code).filter(|code| !code.starts_with("403"));
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(known).ok()
    });
    let found = search.iter().flat_map(move |search| search.find_iter(text));
    found.map(move |one| {
        let has_prefix = text.get(..one.start()).is_some_and(|before| before.ends_with("Client."));
        one.start() - if has_prefix { "Client.".len() } else { 0 }..one.end()
    })
}

/// What the catalogue says of a code, with or without the prefix of EC2's.
pub(super) fn listed(code: &str) -> Option<&'static Code> {
    let bare = code.strip_prefix("Client.").unwrap_or(code);
    CODES.iter().find(|known| known.code == bare)
}

/// What is known of a code: services have their own for a denial, and name them alike.
pub(super) fn known(code: &str) -> Option<&'static Code> {
    static DENIED: Code = self::code("AccessDenied", AccessDenied);
    const ENDS: &[&str] = &[
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "NotAuthorizedException",
        "UnauthorizedException",
    ];
    listed(code).or_else(|| ENDS.iter().any(|end| code.ends_with(end)).then_some(&DENIED))
}

/// Whether a word is how a program calls its own errors, and no code of AWS.
pub(super) fn is_no_code(word: &str) -> bool {
    const OWN: &[&str] = &[
        "RuntimeException",
        "ErrorException",
        "ClientException",
        "ServiceException",
        "ServiceError",
        "SdkClientException",
        "SdkException",
        "HttpException",
        "HttpErrorResponseException",
        "HttpTransportException",
        "ExecutionException",
        "CompletionException",
        "IllegalStateException",
        "UnknownServiceException",
        "UncheckedIOException",
        "CommandException",
    ];
    OWN.contains(&word) || word.starts_with("Amazon") || word.starts_with("AWS")
}

/// Where a form is described.
pub(super) fn page(id: &str) -> &'static str {
    match id {
        "sentence" => DENIED,
        _ => FORMS.iter().find(|form| form.id == id).map_or(COMMON, |form| form.see),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sure_parts_of_a_pattern_are_found() {
        fn texts(pattern: &str) -> Vec<String> {
            needs(pattern).into_iter().map(|one_of| one_of.join("|")).collect()
        }
        assert_eq!(texts("Rate exceeded"), ["Rate", "exceeded"]);
        assert_eq!(texts("Access [Dd]enied"), ["Access", "enied"]);
        assert_eq!(texts("one|another"), ["one|another"]);
        assert_eq!(texts("one|no"), [""; 0]);
        assert_eq!(texts("(?:one|another) thing"), ["one|another", "thing"]);
        assert_eq!(texts("(?:one|another)? thing"), ["thing"]);
        assert_eq!(texts("(?:one|(?:other|that) two three) x"), ["one|three"]);
        assert_eq!(texts("words? of"), ["word"]);
        assert_eq!(texts(r"permission\(s\)"), ["permission(s)"]);
        assert_eq!(texts(r"[A-Z\]]{1,9}: ab"), [""; 0]);
        assert_eq!(texts(r"(?P<code>AccessDenied)Access"), ["AccessDenied", "Access"]);
    }

    #[test]
    fn every_pattern_of_the_catalogue_compiles_and_names_its_page() {
        for form in FORMS {
            assert!(compile(form.pattern).is_some(), "{}", form.id);
        }
        assert_eq!(
            unbounded(r"a[b]{1,400}c[d]{2,80}e[f]{1,9}[g]{0,90}"),
            r"a[b]+c[d]{2,}e[f]{1,9}[g]{0,90}"
        );
        assert_eq!(codes("Client.UnauthorizedOperation AccessDenied").count(), 2);
        for form in FORMS {
            assert!(form.see.starts_with("https://"), "{}", form.id);
            assert_eq!(FORMS.iter().filter(|other| other.id == form.id).count(), 1, "{}", form.id);
        }
    }
}
