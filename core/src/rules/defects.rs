//! The rules that are read off policies alone, a row each. What finds them stands in
//! [`documents`](super::documents) and [`repository`](super::repository).

use crate::finding::Severity::{Error, Note, Warning};

use super::Group::{Handshake, NeverWorks, TooOpen};
use super::{Defect, Rule, RuleMeta};

macro_rules! defects {
    ($($id:literal $group:ident $severity:ident [$($code:literal),*] $summary:literal;)+) => {
        /// Every rule that is read off policies alone.
        pub(super) static RULES: &[Rule] = &[$(Rule {
            meta: RuleMeta {
                id: $id,
                summary: $summary,
                doc: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", env!("WHY_DENIED_RULES"), "/", $id, ".md")),
            },
            cause: None,
            defect: Some(Defect { group: $group, severity: $severity, codes: &[$($code),*] }),
        }),+];
    };
}

defects! {
    "policy-unreadable" NeverWorks Error ["JSON_SYNTAX_ERROR"]
        "a file that holds a policy cannot be read";
    "key-repeated" NeverWorks Error ["DUPLICATE_KEYS_WITH_DIFFERENT_CASE"]
        "a key stands twice in one object";
    "policy-shape" NeverWorks Error ["DATA_TYPE_MISMATCH", "INVALID_PRINCIPAL_FORMAT"]
        "a value is of a kind that does not belong there";
    "element-unknown" NeverWorks Error ["INVALID_POLICY_ELEMENT"]
        "an element does not exist";
    "element-missing" NeverWorks Error ["MISSING_STATEMENT", "MISSING_EFFECT", "MISSING_ACTION", "MISSING_RESOURCE", "MISSING_PRINCIPAL"]
        "an element is missing without which AWS refuses the policy";
    "element-conflict" NeverWorks Error ["UNSUPPORTED_ELEMENT_COMBINATION"]
        "a statement has an element and its `Not…` form";
    "element-not-allowed" NeverWorks Error ["UNSUPPORTED_PRINCIPAL", "SCP_SYNTAX_ERROR_PRINCIPAL", "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", "RCP_SYNTAX_ERROR_PRINCIPAL", "RCP_SYNTAX_ERROR_ALLOW", "RCP_SYNTAX_ERROR_NOTACTION", "RCP_SYNTAX_ERROR_ACTION"]
        "a policy of this type must not have the element, or not with this value";
    "version-invalid" NeverWorks Error ["INVALID_VERSION"]
        "the version is not one of the policy language";
    "effect-invalid" NeverWorks Error ["INVALID_EFFECT"]
        "the effect is neither `Allow` nor `Deny`";
    "sid-invalid" NeverWorks Error ["UNSUPPORTED_SID"]
        "a `Sid` holds other characters than letters and digits";
    "sid-repeated" NeverWorks Error ["UNIQUE_SIDS_REQUIRED"]
        "two statements of one policy have the same `Sid`";
    "action-malformed" NeverWorks Error ["INVALID_ACTION"]
        "an action is not written as `service:Name`";
    "principal-invalid" NeverWorks Error ["INVALID_PRINCIPAL_KEY", "UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"]
        "a principal is none that AWS takes";
    "principal-deleted" NeverWorks Warning ["INVALID_ROLE_REFERENCE", "INVALID_USER_REFERENCE"]
        "a principal was deleted, and its id is left";
    "federated-principal-invalid" NeverWorks Error ["FEDERATED_PRINCIPAL_NOT_SUPPORTED", "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY"]
        "a `Federated` principal is no identity provider";
    "trust-action-missing" NeverWorks Error ["MISSING_ACTION_FOR_CONDITION_KEY", "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY"]
        "a trust policy asks for what it lets nobody pass";
    "arn-malformed" NeverWorks Error ["INVALID_ARN_PREFIX", "MISSING_ARN_FIELD", "INVALID_PARTITION", "INVALID_ARN_REGION", "INVALID_ARN_ACCOUNT", "INVALID_ARN_SERVICE_CASE", "INVALID_SERVICE"]
        "a resource is no ARN, or one that names nothing";
    "arn-form-unknown" NeverWorks Error ["ARN_REGION_NOT_ALLOWED", "ARN_ACCOUNT_NOT_ALLOWED", "MISSING_ARN_REGION", "MISSING_ARN_ACCOUNT", "INVALID_ARN_RESOURCE"]
        "an ARN has no form of its service: Region, account or type";
    "resource-type-mismatch" NeverWorks Error []
        "an action takes none of the resources of its statement";
    "action-of-other-service" NeverWorks Error ["UNSUPPORTED_ACTION_IN_POLICY"]
        "the policy of a resource names an action of another service";
    "resource-of-other-holder" NeverWorks Error ["UNSUPPORTED_RESOURCE_ARN_IN_POLICY"]
        "the policy of a resource names another resource";
    "variable-malformed" NeverWorks Error ["MISSING_BRACE_IN_VARIABLE", "MISSING_QUOTE_IN_VARIABLE", "UNSUPPORTED_SPACE_IN_VARIABLE", "EMPTY_VARIABLE"]
        "a policy variable is not written as one";
    "variable-not-expanded" NeverWorks Error ["VARIABLE_UNSUPPORTED_IN_VERSION", "VARIABLE_UNSUPPORTED_IN_ELEMENT", "INVALID_VARIABLE_FOR_OPERATOR"]
        "a policy variable stands where AWS does not fill it in";
    "condition-operator-unknown" NeverWorks Error ["INVALID_CONDITION_OPERATOR", "NULL_WITH_IF_EXISTS"]
        "a condition operator does not exist";
    "condition-key-malformed" NeverWorks Error ["INVALID_CONDITION_KEY_FORMAT", "MISSING_TAG_KEY_IN_CONDITION"]
        "a condition key is not written as one";
    "condition-value-malformed" NeverWorks Error ["TYPE_MISMATCH_BOOLEAN", "TYPE_MISMATCH_DATE", "TYPE_MISMATCH_NUMBER", "TYPE_MISMATCH_STRING", "TYPE_MISMATCH_IP_RANGE", "INVALID_CONDITION_MULTIPLE_BOOLEAN"]
        "a condition has a value that its operator cannot read";
    "condition-value-mixed" NeverWorks Error ["INVALID_CONDITION_DATA_TYPE"]
        "the values of a condition key are of several kinds";
    "condition-value-impossible" NeverWorks Error ["INVALID_REGION", "INVALID_VPC_FORMAT", "INVALID_VPCE_FORMAT", "INVALID_KMS_KEY_VALUE"]
        "a condition key is compared with a value that it never has";
    "service-key-never-present" NeverWorks Error ["UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"]
        "a service is asked for a key that only users and roles have";
    "operator-type-mismatch" NeverWorks Warning ["TYPE_MISMATCH"]
        "an operator does not fit the type of its key";
    "wildcard-not-honoured" NeverWorks Warning ["WILDCARD_WITHOUT_LIKE_OPERATOR"]
        "a value has a `*` that its operator takes as it stands";
    "qualifier-missing" NeverWorks Error ["MISSING_QUALIFIER"]
        "a key of many values is compared without saying how many have to match";
    "private-address" NeverWorks Error ["PRIVATE_IP_ADDRESS", "PRIVATE_NOT_IP_ADDRESS"]
        "`aws:SourceIp` is compared with private addresses alone";
    "sensitive-key-wildcard" NeverWorks Warning ["WILDCARD_USAGE_TOO_PERMISSIVE", "VARIABLE_USAGE_TOO_PERMISSIVE"]
        "an id of an account, organization, VPC or endpoint has a wildcard";
    "time-window-passed" NeverWorks Warning []
        "a statement applies until a moment that has passed";
    "size-over-quota" NeverWorks Error ["POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", "POLICY_SIZE_EXCEEDS_SCP_QUOTA", "POLICY_SIZE_EXCEEDS_RCP_QUOTA", "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"]
        "a policy is longer than AWS takes";
    "allow-always-denied" NeverWorks Error []
        "an Allow is always overridden by a Deny of the same policy";
    "statement-shadowed" NeverWorks Note ["REDUNDANT_STATEMENT"]
        "a statement says nothing that another one does not say";
    "principal-everyone" TooOpen Warning []
        "everybody is let in";
    "account-trusted" TooOpen Note []
        "a role trusts a whole account";
    "external-id-missing" TooOpen Warning []
        "another account is trusted without an external id";
    "oidc-without-subject" TooOpen Warning ["MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", "MISSING_GITHUB_REPO_CONDITION_KEY"]
        "a role trusts an OpenID Connect provider whoever signs in";
    "github-subject-broad" TooOpen Warning ["SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED"]
        "the trusted subject matches more repositories than one";
    "allow-not-principal" TooOpen Warning ["ALLOW_WITH_NOT_PRINCIPAL"]
        "an Allow has `NotPrincipal`";
    "service-unconfined" TooOpen Warning ["RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"]
        "a service is let in on behalf of whatever account";
    "pass-role-anywhere" TooOpen Warning ["PASS_ROLE_WITH_STAR_IN_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", "PASS_ROLE_WITH_NOT_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE"]
        "any role may be passed to any service";
    "service-linked-role-any" TooOpen Note ["CREATE_SLR_WITH_STAR_IN_RESOURCE", "CREATE_SLR_WITH_NOT_RESOURCE", "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE"]
        "the service-linked role of any service may be created";
    "for-all-values-absent" TooOpen Warning ["FORALLVALUES_WITH_SINGLE_VALUED_KEY", "CONFIRM_AUDIENCE_CLAIM_TYPE"]
        "`ForAllValues:` lets in whoever leaves the key out";
    "key-forgeable" TooOpen Warning ["UNTRUSTWORTHY_CONDITION_KEY"]
        "a condition relies on what the caller writes";
    "arn-compared-as-text" TooOpen Note ["STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS"]
        "an ARN is compared as a text";
    "control-key-alone" TooOpen Warning ["RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK"]
        "a resource control policy denies calls of AWS services, or of all others, as well";
    "tag-key-not-supplied" TooOpen Warning ["DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        "a Deny asks for a tag that requests for an action never carry";
    "tag-key-never-allows" TooOpen Note ["ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        "an Allow asks for a tag that requests for an action never carry";
    "prefix-evaded" TooOpen Warning ["S3_PREFIX_IN_NEGATIVE_CONTEXT"]
        "prefixes of a bucket are kept out that a shorter one shows";
    "attributes-without-select" TooOpen Warning ["DYNAMODB_ATTRIBUTES_WITHOUT_SELECT"]
        "attributes of a table are kept back only from whoever names them";
    "audience-any-value" TooOpen Warning ["FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE"]
        "the audience of a token is compared as if it had several values";
    "paired-key-missing" TooOpen Warning ["MISSING_PAIRED_CONDITION_KEYS"]
        "a condition key is of use only beside another one";
    "address-host-bits" TooOpen Note ["IMPROVE_IP_RANGE"]
        "a block of addresses is written as one of its addresses";
    "private-address-among" TooOpen Note ["PRIVATE_IP_ADDRESS_SUBSET", "PRIVATE_NOT_IP_ADDRESS_SUBSET"]
        "`aws:SourceIp` is compared with private addresses among others";
    "null-with-qualifier" TooOpen Note ["NULL_WITH_QUALIFIER"]
        "`Null` has a qualifier that decides alone";
    "null-equivalent" TooOpen Note ["EQUIVALENT_TO_NULL_FALSE", "EQUIVALENT_TO_NULL_TRUE"]
        "a condition asks only whether its key is there";
    "wildcard-decides" TooOpen Note ["REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION"]
        "a wildcard makes a condition hold always, or never";
    "number-implied" TooOpen Note ["REDUNDANT_CONDITION_VALUE_NUM"]
        "a number is compared with a bound that another one includes";
    "date-as-number" TooOpen Note ["INVALID_DATE_VALUE"]
        "a moment is written as a number of seconds";
    "wildcard-in-service" TooOpen Note ["WILDCARD_IN_SERVICE_NAME"]
        "the name of a service has a wildcard";
    "principal-covered" TooOpen Note ["REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY"]
        "a session is trusted beside its own role";
    "sid-ambiguous" TooOpen Note ["UNIQUE_SIDS_RECOMMENDED"]
        "two statements have the same `Sid` where AWS takes it";
    "value-covered" TooOpen Note ["REDUNDANT_ACTION", "REDUNDANT_RESOURCE"]
        "a value of an element is covered by another one";
    "element-empty" TooOpen Note ["EMPTY_ARRAY_ACTION", "EMPTY_ARRAY_RESOURCE", "EMPTY_ARRAY_CONDITION", "EMPTY_ARRAY_CONDITION_FORALLVALUES", "EMPTY_ARRAY_CONDITION_FORANYVALUE", "EMPTY_ARRAY_CONDITION_IFEXISTS", "EMPTY_ARRAY_PRINCIPAL", "EMPTY_OBJECT_PRINCIPAL", "EMPTY_OBJECT_CONDITION", "EMPTY_SID_VALUE"]
        "an element holds nothing";
    "version-missing" TooOpen Note ["MISSING_VERSION"]
        "a policy has no `Version`";
    "ignore-invalid" NeverWorks Error []
        "a comment that should ignore a finding does not";
    "ignore-stale" NeverWorks Warning []
        "something is ignored that is not found, or no more";
    "assume-role-not-trusted" Handshake Error []
        "a principal may assume a role that does not trust it";
    "pass-role-not-trusted" Handshake Error []
        "a role may be passed to a service that it does not trust";
    "trusted-without-grant" Handshake Warning []
        "a role trusts somebody who has no grant to assume it";
    "grant-taken-away" Handshake Warning []
        "a permissions boundary or control policy leaves nothing of a grant";
    "expectation-refuted" Handshake Error []
        "access is not as the configuration expects it";
    "expectation-undetermined" Handshake Warning []
        "whether access is as expected cannot be told";
    "access-removed" Handshake Warning []
        "a change takes access away";
    "access-added" Handshake Note []
        "a change gives access";
}
