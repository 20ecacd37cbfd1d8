//! Which service prefix a name or an operation stands for.

/// Names that SDKs and endpoints have for services, in lower case without blanks and without `amazon`
/// or `aws`, where the prefix of actions is another.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const NAMES: &[(&str, &str)] = &[
    ("securitytokenservice", "sts"),
    ("securitytoken", "sts"),
    ("simplestorageservice", "s3"),
    ("s3control", "s3"),
    ("identitymanagement", "iam"),
    ("identityandaccessmanagement", "iam"),
    ("elasticloadbalancingv2", "elasticloadbalancing"),
    ("elasticloadbalancing", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("simplesystemsmanagement", "ssm"),
    ("cognitoidentityprovider", "cognito-idp"),
    ("cognitoidp", "cognito-idp"),
    ("cognitoidentity", "cognito-identity"),
    ("simpleemail", "ses"),
    ("simpleemailservice", "ses"),
    ("simpleemailv2", "ses"),
    ("email", "ses"),
    ("sesv2", "ses"),
    ("cloudwatchlogs", "logs"),
    ("monitoring", "cloudwatch"),
    ("keymanagementservice", "kms"),
    ("keymanagement", "kms"),
    ("dynamodbv2", "dynamodb"),
    ("dynamodbstreams", "dynamodb"),
    ("sfn", "states"),
    ("stepfunctions", "states"),
    ("eventbridge", "events"),
    ("cloudwatchevents", "events"),
    ("queue", "sqs"),
    ("simplequeueservice", "sqs"),
    ("simplenotificationservice", "sns"),
    ("efs", "elasticfilesystem"),
    ("emr", "elasticmapreduce"),
    ("kinesisfirehose", "firehose"),
    ("bedrockruntime", "bedrock"),
    ("bedrockagent", "bedrock"),
    ("bedrockagentruntime", "bedrock"),
    ("sagemakerruntime", "sagemaker"),
    ("elasticcomputecloud", "ec2"),
    ("relationaldatabaseservice", "rds"),
    ("opensearch", "es"),
    ("elasticsearchservice", "es"),
    ("certificatemanager", "acm"),
    ("ssooidc", "sso"),
    ("applicationautoscaling", "application-autoscaling"),
    ("costexplorer", "ce"),
    ("costexplorerservice", "ce"),
    ("apigatewayv2", "apigateway"),
    ("resourcegroupstagging", "tag"),
    ("wafregional", "waf-regional"),
];

/// The prefix for a name such as `Amazon S3`, `AWSSecurityTokenService` or `Route 53`.
pub(super) fn prefix(name: &str) -> Option<String> {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = bare.to_ascii_lowercase();
    let lower =
        lower.strip_prefix("amazon").or_else(|| lower.strip_prefix("aws")).unwrap_or(&lower);
    if let Some((_, prefix)) = NAMES.iter().find(|(other, _)| *other == lower) {
        return Some((*prefix).to_owned());
    }
    let written = name.to_ascii_lowercase();
    let is_prefix = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let known = if is_prefix && written.contains('-') { written } else { lower.to_owned() };
    (!known.is_empty() && known != "ec2imds").then_some(known)
}

static OPERATIONS: &str = include_str!("operations.txt");

/// The only service that has an operation of this name.
pub(super) fn of_operation(operation: &str) -> Option<&'static str> {
    if operation.is_empty() || !operation.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let bytes = OPERATIONS.as_bytes();
    let at = memchr::memmem::find_iter(bytes, operation).find(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + operation.len());
        before == Some(&b' ') && matches!(after, Some(b' ' | b'\n'))
    })?;
    let line = OPERATIONS.get(..at)?.rsplit('\n').next()?;
    line.split_once(':').map(|(service, _)| service).filter(|service| !service.starts_with('#'))
}
