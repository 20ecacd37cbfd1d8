//! The regular expressions of the sentence's parts, and the words that name a layer.

use regex::Regex;

use crate::message::forms;
use crate::policy::PolicyType;

const HOLDERS: &str = "(?P<holder>service control|service-based|resource control|VPC endpoint|permissions? boundary|sessions?|resource-? ?based|resource|identity-? ?based|identity|(?:role )?trust)";

/// The regular expressions of the sentence's parts.
pub(super) struct Grammar {
    pub(super) anchor: Regex,
    pub(super) panel: Regex,
    pub(super) context: Regex,
    pub(super) on: Regex,
    pub(super) explicit: Regex,
    pub(super) implicit: Regex,
    pub(super) cut: Regex,
}

pub(super) fn grammar() -> Option<&'static Grammar> {
    static GRAMMAR: std::sync::OnceLock<Option<Grammar>> = std::sync::OnceLock::new();
    let build = || {
        Some(Grammar {
            anchor: forms::compile("[Nn]ot authorized to perform ?:? ?")?,
            panel: forms::compile(
                "User: (?P<prin>arn:[^\\s]{1,400}) Action: (?P<act>[a-z0-9-]{1,40}:[A-Za-z0-9*]{1,100})(?: On resource\\(s\\): (?P<res>[^\\s]{1,400}))?(?: Context: )?",
            )?,
            context: forms::compile(&format!(
                "^(?:because )?no {HOLDERS}(?: polic(?:y|ies))? allows?"
            ))?,
            on: forms::compile("^ ?on (?:resource ?:? ?)?")?,
            explicit: forms::compile(&format!(
                "(?i-u:with an explicit deny(?: in (?:an? |the )?{HOLDERS}(?: policy)?(?:[*_`]{{0,3}} ?: ?(?P<arn>arn:))?)?)"
            ))?,
            implicit: forms::compile(&format!(
                "(?i-u:because no {HOLDERS}(?: polic(?:y|ies))? allows?)"
            ))?,
            cut: forms::compile(
                "User: (?P<prin>arn:[^\\s\"'`]{1,400}) is(?: not(?: authorized(?: to)?)?)?(?:\n|$|[.,|<)\"'`\u{2026}])",
            )?,
        })
    };
    GRAMMAR.get_or_init(build).as_ref()
}

/// The policy type that AWS means by these words.
pub(super) fn policy_type(words: &str) -> Option<PolicyType> {
    let rows = [
        ("service", PolicyType::ServiceControl),
        ("resource-", PolicyType::ResourceBased),
        ("resource based", PolicyType::ResourceBased),
        ("vpc", PolicyType::VpcEndpoint),
        ("permission", PolicyType::PermissionsBoundary),
        ("session", PolicyType::Session),
        ("identity", PolicyType::IdentityBased),
        ("role", PolicyType::Trust),
        ("trust", PolicyType::Trust),
    ];
    let words = words.to_ascii_lowercase();
    if words.starts_with("resource") && words.ends_with("control") {
        return Some(PolicyType::ResourceControl);
    }
    if words == "resource" {
        return Some(PolicyType::ResourceBased);
    }
    // The words of one service for its own policies, which are none of these.
    if words == "service-based" {
        return None;
    }
    rows.iter().find(|(start, _)| words.starts_with(start)).map(|(_, policy_type)| *policy_type)
}
