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
    ("lambdainternal", "lambda"),
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
    ("cloudwatchlog", "logs"),
    ("cloudwatchmetric", "cloudwatch"),
    ("monitoring", "cloudwatch"),
    ("keymanagementservice", "kms"),
    ("keymanagement", "kms"),
    ("dynamodbv2", "dynamodb"),
    ("dynamodbstreams", "dynamodb"),
    ("lambdainternal", "lambda"),
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
    ("kinesisstreams", "kinesis"),
    ("msk", "kafka"),
    ("stepfunction", "states"),
    ("cognitouserpool", "cognito-idp"),
    ("cognitoidentitypool", "cognito-identity"),
    ("organization", "organizations"),
    ("bedrockruntime", "bedrock"),
    ("bedrockagent", "bedrock"),
    ("bedrockagentcore", "bedrock-agentcore"),
    ("opensearchservice", "es"),
    ("bedrockagentruntime", "bedrock"),
    ("sagemakerruntime", "sagemaker"),
    ("elasticcomputecloud", "ec2"),
    ("relationaldatabaseservice", "rds"),
    ("opensearch", "es"),
    ("elasticsearchservice", "es"),
    ("certificatemanager", "acm"),
    ("ssooidc", "sso"),
    ("oidc", "sso"),
    ("datacatalog", "glue"),
    ("applicationautoscaling", "application-autoscaling"),
    ("costexplorer", "ce"),
    ("costexplorerservice", "ce"),
    ("apigatewayv2", "apigateway"),
    ("resourcegroupstagging", "tag"),
    ("wafregional", "waf-regional"),
];

/// What stands where a service's name does and is none.
const NO_SERVICE: &[&str] = &["ec2imds", "runtime", "core", "resources", "util"];

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
    (!known.is_empty() && !NO_SERVICE.contains(&known.as_str())).then_some(known)
}

static OPERATIONS: &str = include_str!("operations.txt");
static SHARED: &str = include_str!("shared.txt");

/// Whether actions of AWS have this prefix.
pub(super) fn is_prefix(name: &str) -> bool {
    let is_line = |line: &str| line.split_once(": ").is_some_and(|(prefix, _)| prefix == name);
    OPERATIONS.lines().chain(SHARED.lines()).any(is_line)
}

/// The only service that has an operation of this name.
pub(super) fn of_operation(operation: &str) -> Option<&'static str> {
    line_with(OPERATIONS, operation)
}

/// The service that is nearly always meant where several have an operation of this name.
pub(super) fn likely_of_operation(operation: &str) -> Option<&'static str> {
    line_with(SHARED, operation)
}

/// What the line begins with that has this word.
fn line_with(lines: &'static str, operation: &str) -> Option<&'static str> {
    if operation.is_empty() || !operation.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let bytes = lines.as_bytes();
    let at = memchr::memmem::find_iter(bytes, operation).find(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + operation.len());
        before == Some(&b' ') && matches!(after, Some(b' ' | b'\n'))
    })?;
    let line = lines.get(..at)?.rsplit('\n').next()?;
    line.split_once(':').map(|(service, _)| service).filter(|service| !service.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_stands_in_one_line_alone() {
        let rows = |text: &'static str| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.flat_map(|line| line.split_once(": ").unwrap().1.split(' '))
        };
        let mut seen = std::collections::HashSet::new();
        for operation in rows(OPERATIONS).chain(rows(SHARED)) {
            assert!(seen.insert(operation), "{operation}");
        }
        assert!(is_prefix("s3") && is_prefix("kms") && !is_prefix("branch"));
        assert_eq!(of_operation("PutMetricData"), Some("cloudwatch"));
        assert_eq!(of_operation("DescribeCluster"), None);
        assert_eq!(likely_of_operation("DescribeCluster"), Some("eks"));
    }
}
