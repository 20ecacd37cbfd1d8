//! `--token` and `--saml`: the file is decoded, and its claims become lines of the request. The
//! token itself goes nowhere.

use std::io::Read as _;
use std::path::Path;

use crate::policy::{Arn, is_account_id};
use crate::request::{Caller, Claim, Parameters, TokenFacts};
use crate::text::{SourceId, Spanned};
use crate::token::jwt::{self, Jwt};
use crate::token::saml::{self, Assertion};
use crate::token::{LARGEST, TokenError, keys};

use super::Failure;
use super::args::DiagnoseArgs;
use super::input::{Lines, usage};

/// What the caller presents.
pub(super) enum Presented {
    /// A token of an OpenID Connect provider.
    Token(Box<Jwt>),
    /// A SAML assertion.
    Assertion(Box<Assertion>),
}

/// The lines that show what a token says, by their numbers.
#[derive(Default)]
pub(super) struct Said {
    claims: Vec<(String, Vec<String>, usize)>,
    alg: Option<usize>,
    kid: Option<usize>,
    size: Option<usize>,
    encrypted: Option<usize>,
    session_name: Option<usize>,
    duration: Option<usize>,
    source_identity: Option<usize>,
    tags: Vec<usize>,
    transitive: Vec<usize>,
}

impl Presented {
    /// Reads the file that `--token` or `--saml` names.
    pub(super) fn read(args: &DiagnoseArgs) -> Result<Option<Self>, Failure> {
        if let Some(path) = &args.token {
            let jwt = file("--token", path, jwt::read)?;
            return Ok(Some(Self::Token(Box::new(jwt))));
        }
        if let Some(path) = &args.saml {
            let assertion = file("--saml", path, saml::read)?;
            return Ok(Some(Self::Assertion(Box::new(assertion))));
        }
        Ok(None)
    }

    /// The action that such a caller asks for.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Token(_) => "sts:AssumeRoleWithWebIdentity",
            Self::Assertion(_) => "sts:AssumeRoleWithSAML",
        }
    }

    /// The identity provider, as the account of the role has it.
    pub(super) fn caller(&self, args: &DiagnoseArgs) -> Result<String, Failure> {
        let resource = args.role.as_ref().or(args.resource.first());
        let role =
            resource.and_then(|role| Arn::parse(role)).filter(|arn| is_account_id(arn.account));
        match self {
            Self::Token(jwt) => {
                let issuer = jwt.one("iss").unwrap_or("");
                let issuer = keys::without_scheme(issuer);
                if keys::BUILT_IN.contains(&issuer) {
                    return Ok(issuer.to_owned());
                }
                let Some(role) = role else {
                    return Err(usage(
                        "give the role's whole ARN with `--role ARN`: the identity provider has to be in its account",
                    ));
                };
                let issuer = if issuer.is_empty() { "NO_ISSUER" } else { issuer };
                Ok(format!("arn:{}:iam::{}:oidc-provider/{issuer}", role.partition, role.account))
            }
            Self::Assertion(assertion) => {
                Ok(assertion_provider(assertion, resource, role.as_ref()))
            }
        }
    }

    /// Adds the lines that show what it says.
    pub(super) fn lines(&self, lines: &mut Lines, provider: &str) -> Said {
        match self {
            Self::Token(jwt) => token_lines(jwt, lines),
            Self::Assertion(assertion) => assertion_lines(assertion, lines, provider),
        }
    }

    /// The federated caller, each claim with its line.
    pub(super) fn as_caller(
        &self,
        text: Spanned<String>,
        said: &Said,
        lines: &Lines,
        source: SourceId,
    ) -> Caller {
        let span = |at: usize| lines.span(source, at);
        let claims = said.claims.iter().map(|(name, values, at)| Claim {
            name: name.clone(),
            values: values.clone(),
            span: span(*at),
        });
        let mut caller = Caller::federated(text, claims.collect());
        let spanned = |value: &Option<String>, at: Option<usize>| {
            value.clone().zip(at).map(|(value, at)| Spanned { value, span: span(at) })
        };
        let size = |size: usize| {
            let value = i64::try_from(size).unwrap_or(i64::MAX);
            said.size.map(|at| Spanned { value, span: span(at) })
        };
        caller.token = match self {
            Self::Token(jwt) => TokenFacts {
                is_partial: false,
                // Claims that somebody copied may not be all there are.
                complete: jwt.has_header,
                missing: false,
                has_header: jwt.has_header,
                alg: spanned(&jwt.alg, said.alg),
                kid: spanned(&jwt.kid, said.kid),
                size: jwt.size.and_then(size),
                encrypted: None,
                others: jwt.others.clone(),
            },
            Self::Assertion(assertion) => TokenFacts {
                complete: true,
                size: size(assertion.size),
                encrypted: said.encrypted.map(span),
                others: assertion.misnamed.iter().cloned().collect(),
                ..TokenFacts::default()
            },
        };
        caller
    }

    /// Fills in the parameters of the call that come with the token. Tags and source identity of such
    /// a call stand nowhere else, so that none is passed where the token has none.
    pub(super) fn fill(
        &self,
        parameters: &mut Parameters,
        said: &Said,
        lines: &Lines,
        source: SourceId,
    ) {
        let place = |value: String, at: usize| Spanned { value, span: lines.span(source, at) };
        let (tags, transitive, identity) = match self {
            Self::Token(jwt) => (&jwt.tags, &jwt.transitive, &jwt.source_identity),
            Self::Assertion(assertion) => {
                (&assertion.tags, &assertion.transitive, &assertion.source_identity)
            }
        };
        parameters.tags = (tags.iter().zip(&said.tags))
            .map(|((key, value), at)| (place(key.clone(), *at), place(value.clone(), *at)))
            .collect();
        parameters.transitive_tag_keys = (transitive.iter().zip(&said.transitive))
            .map(|(key, at)| place(key.clone(), *at))
            .collect();
        parameters.source_identity =
            identity.clone().zip(said.source_identity).map(|(value, at)| place(value, at));
        parameters.partial = matches!(self, Self::Assertion(assertion) if assertion.encrypted);
        if let Self::Assertion(assertion) = self {
            parameters.session_name = (assertion.session_name.clone().zip(said.session_name))
                .map(|(value, at)| place(value, at));
            let seconds = assertion.duration.as_ref().and_then(|text| text.trim().parse().ok());
            if parameters.duration.is_none() {
                parameters.duration = (seconds.zip(said.duration))
                    .map(|(value, at)| Spanned { value, span: lines.span(source, at) });
            }
        }
    }
}

/// Reads a file, and says what is wrong with it without a byte of it.
fn file<T>(
    option: &str,
    path: &Path,
    read: fn(&[u8]) -> Result<T, TokenError>,
) -> Result<T, Failure> {
    let mut bytes = Vec::new();
    // One byte more than is looked at, so that the reader can tell.
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(
        |error| usage(format!("`{option} {}`: the file cannot be read: {error}", path.display())),
    )?;
    read(&bytes).map_err(|error| {
        usage(format!("`{option} {}`: {}; {}", path.display(), error.message, error.help))
    })
}

/// The provider that the assertion pairs with the role; else the only one it names, else its issuer.
fn assertion_provider(
    assertion: &Assertion,
    role: Option<&String>,
    arn: Option<&Arn<'_>>,
) -> String {
    let is_provider = |text: &&str| {
        Arn::parse(text).is_some_and(|arn| arn.resource.starts_with("saml-provider/"))
    };
    let pairs: Vec<Vec<&str>> =
        (assertion.roles.iter()).map(|value| value.split(',').map(str::trim).collect()).collect();
    let own = pairs.iter().filter(|pair| role.is_some_and(|role| pair.contains(&role.as_str())));
    let of_account = pairs.iter().filter(|pair| {
        let provider = pair.iter().find(|text| is_provider(text)).and_then(|text| Arn::parse(text));
        provider.zip(arn).is_some_and(|(provider, role)| provider.account == role.account)
    });
    let mut candidates = own.chain(of_account).chain(&pairs).flatten();
    match candidates.find(|text| is_provider(text)) {
        Some(provider) => (*provider).to_owned(),
        None => format!("SAML provider of {}", assertion.issuer.as_deref().unwrap_or("no issuer")),
    }
}

fn token_lines(jwt: &Jwt, lines: &mut Lines) -> Said {
    let mut said = Said {
        alg: jwt.alg.as_ref().map(|alg| lines.push("token alg", alg)),
        kid: jwt.kid.as_ref().map(|kid| lines.push("token kid", kid)),
        size: jwt.size.map(|size| lines.push("token length", &size.to_string())),
        ..Said::default()
    };
    for (name, values) in &jwt.claims {
        let at = lines.push(&format!("token {name}"), &values.join(", "));
        said.claims.push((name.clone(), values.clone(), at));
    }
    said.source_identity =
        jwt.source_identity.as_ref().map(|identity| lines.push("source identity", identity));
    said.tags = tag_lines(&jwt.tags, lines);
    said.transitive = jwt.transitive.iter().map(|key| lines.push("transitive tag", key)).collect();
    said
}

fn tag_lines(tags: &[(String, String)], lines: &mut Lines) -> Vec<usize> {
    tags.iter().map(|(key, value)| lines.push("tag", &format!("{key}={value}"))).collect()
}

fn assertion_lines(assertion: &Assertion, lines: &mut Lines, provider: &str) -> Said {
    let mut said = Said::default();
    if assertion.encrypted {
        said.encrypted = Some(lines.push("assertion", "encrypted"));
        said.size = Some(lines.push("length", &assertion.size.to_string()));
        return said;
    }
    said.size = Some(lines.push("length", &assertion.size.to_string()));
    let mut claim = |title: &str, name: &str, values: Vec<String>, lines: &mut Lines| {
        if !values.is_empty() {
            let at = lines.push(title, &values.join(" | "));
            said.claims.push((name.to_owned(), values, at));
        }
    };
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    claim("Issuer", "saml:iss", one(&assertion.issuer), lines);
    claim("Audience", "Audience", assertion.audiences.clone(), lines);
    claim("Recipient", "saml:aud", assertion.recipients.clone(), lines);
    claim("IssueInstant", "IssueInstant", one(&assertion.issued), lines);
    claim("NotBefore", "NotBefore", one(&assertion.not_before), lines);
    claim("NotOnOrAfter", "NotOnOrAfter", one(&assertion.not_on_or_after), lines);
    claim("NameID", "saml:sub", one(&assertion.name_id), lines);
    let format = assertion.name_format.as_ref().map(|format| {
        let short = ["persistent", "transient"].into_iter();
        let mut short = short.filter(|name| format.ends_with(&format!(":{name}")));
        short.next().map_or_else(|| format.clone(), str::to_owned)
    });
    claim("NameID format", "saml:sub_type", one(&format), lines);
    claim("Role", "Role", assertion.roles.clone(), lines);
    if let Some(arn) = Arn::parse(provider)
        && let Some(name) = arn.resource.strip_prefix("saml-provider/")
    {
        claim("saml:doc", "saml:doc", vec![format!("{}/{name}", arn.account)], lines);
    }
    for (key, values) in &assertion.keys {
        claim(key, key, values.clone(), lines);
    }
    let mut optional =
        |title: &str, value: &Option<String>| value.as_ref().map(|value| lines.push(title, value));
    said.session_name = optional("session name", &assertion.session_name);
    said.duration = optional("duration", &assertion.duration);
    said.source_identity = optional("source identity", &assertion.source_identity);
    said.tags = tag_lines(&assertion.tags, lines);
    said.transitive =
        assertion.transitive.iter().map(|key| lines.push("transitive tag", key)).collect();
    said
}
