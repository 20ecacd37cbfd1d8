//! The rules that are read off policies alone, a row each. What finds them stands in
//! [`documents`](super::documents).

use crate::finding::Severity::Error;

use super::Group::NeverWorks;
use super::{Defect, Rule, RuleMeta};

macro_rules! defects {
    ($($id:literal $group:ident $severity:ident [$($code:literal),*] $summary:literal;)+) => {
        /// Every rule that is read off policies alone.
        pub(super) static RULES: &[Rule] = &[$(Rule {
            meta: RuleMeta {
                id: $id,
                summary: $summary,
                doc: include_str!(concat!("../../rules/", $id, ".md")),
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
}
