//! The error codes by which CloudTrail says that a call was not authorized.

use super::event::Event;

/// A code, and where it is described.
const CODES: &[(&str, &str)] = &[
    // What most services say.
    ("AccessDenied", "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"),
    (
        "AccessDeniedException",
        "https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html",
    ),
    // EC2, and what shares its API. CloudTrail puts the side of the error before the code.
    (
        "UnauthorizedOperation",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    ),
    // SNS.
    ("AuthorizationError", "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"),
    ("AuthorizationErrorException", "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"),
    // CodeArtifact, Lex, IAM Identity Center and others that are modelled with a word of their own.
    (
        "UnauthorizedException",
        "https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html",
    ),
    (
        "ForbiddenException",
        "https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html",
    ),
    ("NotAuthorized", "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"),
    (
        "NotAuthorizedException",
        "https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html",
    ),
    (
        "UnauthorizedAccess",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
    ),
    (
        "InsufficientPrivilegesException",
        "https://docs.aws.amazon.com/serverlessrepo/latest/devguide/security_iam_troubleshoot.html",
    ),
    // S3, of a bucket whose owner may not use it.
    ("AllAccessDisabled", "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"),
    ("Forbidden", "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"),
    // Simple Workflow, License Manager and the Feature Store.
    (
        "OperationNotPermittedFault",
        "https://docs.aws.amazon.com/amazonswf/latest/apireference/API_PollForDecisionTask.html",
    ),
    (
        "AuthorizationException",
        "https://docs.aws.amazon.com/license-manager/latest/APIReference/API_ListLicenses.html",
    ),
    (
        "AccessForbidden",
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_GetRecord.html",
    ),
];

/// Codes by which a service says that somebody did not sign in, and the source of its events: a password
/// that is wrong, a token that was revoked. IAM says `AccessDeniedException` there.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
const SIGN_IN: &[(&str, &str)] = &[
    ("cognito-idp.amazonaws.com", "NotAuthorizedException"),
    ("cognito-identity.amazonaws.com", "NotAuthorizedException"),
];

/// The code of events that the owner of a VPC endpoint gets.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
pub(super) const OF_ENDPOINT: &str = "VpceAccessDenied";

/// Ends of codes of services that put a word of their own before: `KMSAccessDeniedException` of Lambda,
/// `Client.UnauthorizedOperation` of EC2, `AWS.SimpleQueueService.AccessDenied`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
const ENDS: &[&str] =
    &["AccessDenied", "AccessDeniedException", "AccessDeniedFault", ".UnauthorizedOperation"];

/// Whether the code says that a call was not authorized.
pub fn is_denial(code: &[u8]) -> bool {
    CODES.iter().any(|(own, _)| own.as_bytes() == code)
        || ENDS.iter().any(|end| code.ends_with(end.as_bytes()))
}

/// Whether an event says that a call was not authorized, and not that somebody did not sign in.
pub fn is_denied(event: &Event<'_>) -> bool {
    let is_sign_in = SIGN_IN.contains(&(&*event.source, &*event.error_code));
    is_denial(event.error_code.as_bytes())
        && (!is_sign_in || event.error_message.contains("is not authorized to perform"))
}

/// The codes as they are, for a query.
pub fn exact() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, _)| *code)
}

/// What codes end with, for a query.
pub fn ends() -> impl Iterator<Item = &'static str> {
    ENDS.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_told_from_other_errors() {
        for code in ["AccessDenied", "Client.UnauthorizedOperation", "KMSAccessDeniedException"] {
            assert!(is_denial(code.as_bytes()), "{code}");
        }
        for code in
            ["", "NoSuchBucket", "ThrottlingException", "Client.DryRunOperation", "AccessDeniedX"]
        {
            assert!(!is_denial(code.as_bytes()), "{code}");
        }
        assert!(CODES.iter().all(|(_, see)| see.starts_with("https://docs.aws.amazon.com/")));
    }
}
