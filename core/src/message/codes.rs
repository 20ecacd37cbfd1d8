//! The error codes that tell what went wrong, and where such codes stand in a text.
//!
//! A new code is one row of `CODES`.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::ErrorClass;
use super::ErrorClass::{
    AccessDenied, ExpiredCredentials, InvalidCredentials, Other, Region, Signature, Throttled,
};
use super::forms::LONG;

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
static CODES: &[Code] = &[
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
    code("AuthorizationFailureException", AccessDenied),
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
    Code {
        service: Some("ec2"),
        ..code("AuthFailure.ServiceLinkedRoleCreationNotPermitted", AccessDenied)
    },
    code("AccessDeniedForDependencyException", AccessDenied),
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
    generic("ConfigError", Region),
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

/// Where known codes stand, each with the prefix of EC2's.
pub(super) fn find(text: &str) -> impl Iterator<Item = Range<usize>> {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    static FAST_SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let search = |kind| {
        let known = CODES.iter().map(|code| code.code).filter(|code| !code.starts_with("403"));
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).kind(kind).build(known).ok()
    };
    let search = match text.len() {
        0..LONG => SEARCH.get_or_init(|| search(None)),
        _ => FAST_SEARCH.get_or_init(|| search(Some(AhoCorasickKind::DFA))),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_with_their_prefix() {
        assert_eq!(find("Client.UnauthorizedOperation AccessDenied").count(), 2);
    }
}
