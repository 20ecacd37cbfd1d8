//! Subjects of tokens: how well-known providers build them, and what each part says.

use crate::policy::{Pattern, Syntax};

/// What one part of a subject is about: branch `main`, environment `prod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `branch`, `environment`, …
    pub noun: &'static str,
    /// Its value; empty where the noun says all.
    pub value: String,
}

/// How a provider puts subjects together.
struct Shape {
    /// What the provider is called.
    name: &'static str,
    /// Its issuers without `https://`, `*` standing for anything.
    issuers: &'static [&'static str],
    layout: Layout,
}

enum Layout {
    /// `key:value:key:value`, each key with its noun.
    Pairs(&'static [(&'static str, &'static str)]),
    /// A fixed beginning, then values between separators, each with its noun.
    Values { start: &'static str, separator: char, nouns: &'static [&'static str] },
}

/// Where a wildcard stands in place of whatever follows.
const ANYTHING: &str = "anything";
/// The noun of a key that has no value.
const PULL_REQUEST: &str = "pull request";

/// Subjects of providers, from their own documentation.
/// <https://docs.github.com/actions/reference/security/oidc>
/// <https://docs.gitlab.com/ci/secrets/id_token_authentication/>
/// <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens>
/// <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>
const SHAPES: &[Shape] = &[
    Shape {
        name: "GitHub Actions",
        issuers: &[
            "token.actions.githubusercontent.com*",
            "token.actions.*.ghe.com*",
            "github.com/enterprises/*",
        ],
        layout: Layout::Pairs(&[
            ("repo", "repository"),
            ("ref", "ref"),
            ("environment", "environment"),
            ("pull_request", PULL_REQUEST),
            ("job_workflow_ref", "reusable workflow"),
            ("workflow_ref", "workflow"),
            ("workflow", "workflow"),
            ("repository", "repository"),
            ("repository_id", "repository id"),
            ("repository_owner", "repository owner"),
            ("repository_owner_id", "repository owner id"),
            ("repository_visibility", "repository visibility"),
            ("enterprise", "enterprise"),
            ("enterprise_id", "enterprise id"),
            ("actor", "actor"),
            ("actor_id", "actor id"),
            ("event_name", "event"),
            ("head_ref", "head branch"),
            ("base_ref", "base branch"),
            ("ref_type", "kind of ref"),
            ("runner_environment", "runner"),
            ("sha", "commit"),
        ]),
    },
    Shape {
        name: "GitLab",
        issuers: &["gitlab.com", "gitlab.*"],
        layout: Layout::Pairs(&[
            ("project_path", "project"),
            ("project_id", "project id"),
            ("namespace_path", "namespace"),
            ("namespace_id", "namespace id"),
            ("ref_type", "kind of ref"),
            ("ref", "ref"),
            ("ref_protected", "protection of the ref"),
            ("environment", "environment"),
            ("environment_protected", "protection of the environment"),
            ("user_login", "user"),
            ("user_id", "user id"),
        ]),
    },
    Shape {
        name: "HCP Terraform",
        issuers: &["app.terraform.io", "app.*.terraform.io", "*terraform*"],
        layout: Layout::Pairs(&[
            ("organization", "organization"),
            ("project", "project"),
            ("workspace", "workspace"),
            ("stack", "stack"),
            ("deployment", "deployment"),
            ("operation", "operation"),
            ("run_phase", "run phase"),
        ]),
    },
    Shape {
        name: "Buildkite",
        issuers: &["agent.buildkite.com", "*.buildkite.dev", "*.buildkite.site"],
        layout: Layout::Pairs(&[
            ("organization", "organization"),
            ("pipeline", "pipeline"),
            ("ref", "ref"),
            ("commit", "commit"),
            ("step", "step"),
        ]),
    },
    Shape {
        name: "Kubernetes",
        issuers: &["oidc.eks.*.amazonaws.com*", "oidc-eks.*", "*"],
        layout: Layout::Values {
            start: "system:serviceaccount:",
            separator: ':',
            nouns: &["namespace", "service account"],
        },
    },
    Shape {
        name: "CircleCI",
        issuers: &["oidc.circleci.com/org/*"],
        layout: Layout::Values {
            start: "org/",
            separator: '/',
            nouns: &["organization", "word", "project", "word", "user"],
        },
    },
    Shape {
        name: "Amazon Cognito",
        issuers: &["cognito-identity.amazonaws.com"],
        layout: Layout::Values { start: "", separator: ':', nouns: &["Region", "identity"] },
    },
];

/// Whether `pattern` with its wildcards matches `text`.
fn matches(pattern: &str, text: &str) -> bool {
    let syntax = Syntax { wildcards: true, variables: false };
    Pattern::new(pattern, syntax).glob().is_some_and(|glob| glob.matches(text))
}

fn shapes(issuer: &str) -> impl Iterator<Item = &'static Shape> {
    let issuer = issuer.to_ascii_lowercase();
    SHAPES.iter().filter(move |shape| shape.issuers.iter().any(|pattern| matches(pattern, &issuer)))
}

/// What a provider of that issuer, without `https://`, is called.
pub fn provider_name(issuer: &str) -> Option<&'static str> {
    shapes(issuer)
        .find(|shape| {
            shape.issuers.iter().any(|pattern| *pattern != "*" && matches(pattern, issuer))
        })
        .map(|shape| shape.name)
}

/// The parts of a subject, or of a pattern for subjects; `None` where they have another form.
pub fn parts(issuer: &str, subject: &str) -> Option<Vec<Part>> {
    shapes(issuer).find_map(|shape| match shape.layout {
        Layout::Pairs(keys) => pairs(keys, subject),
        Layout::Values { start, separator, nouns } => values(start, separator, nouns, subject),
    })
}

fn pairs(keys: &[(&'static str, &'static str)], subject: &str) -> Option<Vec<Part>> {
    let noun = |word: &str| keys.iter().find(|(key, _)| *key == word).map(|(_, noun)| *noun);
    let words: Vec<&str> = subject.split(':').collect();
    let mut rest = words.as_slice();
    let mut parts: Vec<Part> = Vec::new();
    while let Some((word, behind)) = rest.split_first() {
        let Some(noun) = noun(word) else {
            if !word.contains(['*', '?']) || parts.is_empty() {
                return None;
            }
            parts.push(Part { noun: ANYTHING, value: rest.join(":") });
            break;
        };
        if noun == PULL_REQUEST {
            parts.push(Part { noun, value: String::new() });
            rest = behind;
            continue;
        }
        // A value may hold colons: it goes on to the next key, or to a wildcard by itself.
        let is_key = |word: &&str| *word == "*" || self::is_key(keys, word);
        let more = behind.iter().skip(1).position(is_key).map_or(behind.len(), |at| at + 1);
        let (value, behind) = behind.split_at_checked(more.min(behind.len()))?;
        let part = refined(noun, value.join(":"), parts.last());
        let kind_is_said = ["branch", "tag"].contains(&part.noun);
        if kind_is_said && parts.last().is_some_and(|last| last.noun == "kind of ref") {
            parts.pop();
        }
        parts.push(part);
        rest = behind;
    }
    (!parts.is_empty()).then_some(parts)
}

fn is_key(keys: &[(&'static str, &'static str)], word: &str) -> bool {
    keys.iter().any(|(key, _)| *key == word)
}

/// `refs/heads/main` is branch `main`; so is `ref:main` behind `ref_type:branch`.
fn refined(noun: &'static str, value: String, before: Option<&Part>) -> Part {
    if noun != "ref" {
        return Part { noun, value };
    }
    for (start, noun) in
        [("refs/heads/", "branch"), ("refs/tags/", "tag"), ("refs/pull/", PULL_REQUEST)]
    {
        if let Some(name) = value.strip_prefix(start) {
            return Part { noun, value: name.to_owned() };
        }
    }
    let noun = match before.filter(|part| part.noun == "kind of ref") {
        Some(kind) if kind.value == "branch" => "branch",
        Some(kind) if kind.value == "tag" => "tag",
        _ => "ref",
    };
    Part { noun, value }
}

fn values(
    start: &str,
    separator: char,
    nouns: &'static [&'static str],
    subject: &str,
) -> Option<Vec<Part>> {
    let rest = subject.strip_prefix(start)?;
    let values: Vec<&str> = rest.splitn(nouns.len(), separator).collect();
    let complete = values.len() == nouns.len() || values.last().is_some_and(|last| *last == "*");
    let parts =
        nouns.iter().zip(&values).map(|(noun, value)| Part { noun, value: (*value).to_owned() });
    complete.then(|| parts.filter(|part| part.noun != "word").collect())
}

impl Part {
    /// `branch `main``, `a pull request`.
    fn words(&self) -> String {
        match (self.noun, self.value.as_str()) {
            (PULL_REQUEST, "") => "a pull request".to_owned(),
            ("ref", value) => format!("a ref written as `{value}`"),
            (noun, "*") => format!("any {noun}"),
            (noun, value) => format!("{noun} `{value}`"),
        }
    }
}

/// What a token is for and what a policy expects, in words: the first part in which they differ.
/// With `wildcards`, `*` and `?` in the policy's value stand for others.
pub fn explain(issuer: &str, token: &str, policy: &str, wildcards: bool) -> Option<String> {
    let (token, policy) = (parts(issuer, token)?, parts(issuer, policy)?);
    let fits = |part: &Part, wanted: &Part| {
        part.noun == wanted.noun
            && if wildcards {
                matches(&wanted.value, &part.value)
            } else {
                wanted.value == part.value
            }
    };
    let same = token.iter().zip(&policy).take_while(|(part, wanted)| fits(part, wanted)).count();
    match (token.get(same), policy.get(same)) {
        (_, Some(wanted)) if wanted.noun == ANYTHING => None,
        (Some(part), Some(wanted)) => {
            let why = if with_ids(&part.value) != with_ids(&wanted.value)
                && without_ids(part) == without_ids(wanted)
            {
                "; one has the ids of owner and repository behind an `@`, the other has not"
            } else if part.noun == wanted.noun
                && matches(&wanted.value.to_lowercase(), &part.value.to_lowercase())
            {
                "; upper and lower case count"
            } else {
                ""
            };
            Some(format!(
                "the token is for {}, the trust policy expects {}{why}",
                part.words(),
                wanted.words()
            ))
        }
        (Some(part), None) => {
            let last = policy.last()?;
            Some(format!(
                "the token is for {}, and the trust policy expects nothing behind {}",
                part.words(),
                last.words()
            ))
        }
        (None, Some(wanted)) => {
            Some(format!("the trust policy expects {}, and the token names none", wanted.words()))
        }
        (None, None) => None,
    }
}

/// Whether a repository is named with ids that stay when it is renamed: `octo@1/app@2`.
fn with_ids(value: &str) -> bool {
    value.contains('@')
}

fn without_ids(part: &Part) -> Vec<&str> {
    part.value.split('/').map(|name| name.split('@').next().unwrap_or(name)).collect()
}

/// Whether a value of a policy would match if its `*` and `?` were wildcards.
pub fn would_match(policy: &str, request: &str) -> bool {
    policy.contains(['*', '?']) && matches(policy, request)
}

/// Words of a subject that are somebody's names, and not the provider's own words.
pub fn names(subject: &str) -> Vec<&str> {
    const OWN: [&str; 11] = [
        "system",
        "serviceaccount",
        "refs",
        "heads",
        "tags",
        "pull",
        "merge",
        "branch",
        "tag",
        "org",
        "user",
    ];
    let is_known = |word: &str| {
        OWN.contains(&word)
            || SHAPES
                .iter()
                .any(|shape| matches!(shape.layout, Layout::Pairs(keys) if is_key(keys, word)))
    };
    subject
        .split([':', '/', '@'])
        .filter(|word| word.len() > 1 && !word.contains('*') && !is_known(word))
        .collect()
}

/// Where two texts begin to differ, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In the policy's value.
    pub policy: usize,
    /// In the request's; not known behind a wildcard.
    pub request: Option<usize>,
}

/// The first place in which a value of a policy differs from the request's, if `wildcards` with `*`
/// and `?` standing for others.
pub fn first_difference(policy: &str, request: &str, wildcards: bool) -> Difference {
    let same =
        policy.chars().zip(request.chars()).take_while(|(left, right)| left == right).count();
    let at_wildcard = policy.chars().nth(same).is_some_and(|c| c == '*' || c == '?');
    let inside = policy.chars().take(same).any(|c| c == '*' || c == '?');
    const LONGEST: usize = 256;
    if !wildcards || !(at_wildcard || inside) || policy.len().max(request.len()) > LONGEST {
        return Difference { policy: same, request: Some(same) };
    }
    // The longest beginning that goes on to match with anything behind it.
    let fits = |count: usize| {
        let start: String = policy.chars().take(count).chain(['*']).collect();
        matches(&start, request)
    };
    let count = policy.chars().count();
    let reached = (same..=count).take_while(|count| fits(*count)).last().unwrap_or(same);
    Difference { policy: reached, request: None }
}
