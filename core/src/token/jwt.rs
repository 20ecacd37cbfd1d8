//! The token of an OpenID Connect provider: a JSON Web Token, decoded.

use serde_json::{Map, Value};

use super::{TokenError, keys, text, url_safe};

/// The claim in which a token carries session tags.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
const TAGS: &str = "https://aws.amazon.com/tags";
/// The claim in which a token carries a source identity.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// Claims that matter for every provider.
const CLAIMS: [&str; 8] = ["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "amr"];

/// What a token says, as far as it matters to AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jwt {
    /// Whether there is a header: a payload that somebody decoded has none.
    pub has_header: bool,
    /// How it is signed.
    pub alg: Option<String>,
    /// Which key signed it.
    pub kid: Option<String>,
    /// The length of the encoded token.
    pub size: Option<usize>,
    /// The claims that matter, each with its values as text.
    pub claims: Vec<(String, Vec<String>)>,
    /// The names of the other claims.
    pub others: Vec<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of transitive session tags.
    pub transitive: Vec<String>,
    /// The source identity.
    pub source_identity: Option<String>,
}

impl Jwt {
    /// The only value of a claim.
    pub fn one(&self, name: &str) -> Option<&str> {
        let (_, values) = self.claims.iter().find(|(claim, _)| claim == name)?;
        match values.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Reads a token, the JSON in which a token endpoint gives one, or the claims of a token that was
/// decoded already.
///
/// # Errors
/// If the bytes are none of these.
pub fn read(bytes: &[u8]) -> Result<Jwt, TokenError> {
    let text = text(bytes, "token")?;
    if text.starts_with('<') {
        return Err(TokenError::new(
            "this is XML, not a token of an OpenID Connect provider",
            "pass a SAML response with `--saml FILE`",
        ));
    }
    if !text.starts_with(['{', '"']) {
        return compact(text);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        TokenError::new(
            format!(
                "the file begins like JSON and is not: line {}, column {}",
                error.line(),
                error.column()
            ),
            "pass the token itself, or the whole answer of the token endpoint",
        )
    })?;
    if let Some(token) = find(&value) {
        return compact(token);
    }
    match value {
        Value::Object(claims) if claims.contains_key("iss") => {
            let mut jwt = Jwt::default();
            payload(&mut jwt, claims);
            Ok(jwt)
        }
        Value::Object(answer) if answer.contains_key("message") || answer.contains_key("error") => {
            Err(TokenError::new(
                "the token endpoint answered with an error, not with a token",
                "ask it again; on GitHub Actions the job needs `permissions: id-token: write`",
            ))
        }
        _ => Err(TokenError::new(
            "no token is in this JSON",
            "pass the token itself, an answer with `value`, `id_token` or `token`, or the decoded claims; a job of GitHub Actions needs `permissions: id-token: write` to get one",
        )),
    }
}

/// Where the answers of token endpoints have the token.
fn find(value: &Value) -> Option<&str> {
    const PLACES: [&str; 7] =
        ["/value", "/id_token", "/token", "/Token", "/idToken", "/access_token", "/status/token"];
    let looks_right = |text: &&str| text.matches('.').count() >= 2;
    if let Some(text) = value.as_str() {
        return Some(text);
    }
    PLACES.iter().filter_map(|place| value.pointer(place)?.as_str()).find(looks_right)
}

/// Header, payload and signature.
fn compact(text: &str) -> Result<Jwt, TokenError> {
    let text = text.trim().trim_matches(['"', '\'']);
    let lower = text.get(..40).unwrap_or(text).to_ascii_lowercase();
    let text = match lower.find("bearer ") {
        Some(at) => text.get(at + "bearer ".len()..).unwrap_or(text),
        None => text,
    };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let parts: Vec<&str> = text.split('.').collect();
    let (header, claims) = match parts.as_slice() {
        [header, claims, _signature] => (header, claims),
        [_, _, _, _, _] => {
            return Err(TokenError::new(
                "the token is encrypted (a JWE of five parts), and AWS takes signed ones alone",
                "have the identity provider give out a signed, unencrypted ID token",
            ));
        }
        parts => {
            return Err(TokenError::new(
                format!("a token has three parts between dots, and this has {}", parts.len()),
                "pass the whole token, header, payload and signature; access tokens of some providers are not JSON Web Tokens, ID tokens are",
            ));
        }
    };
    let mut jwt = Jwt { has_header: true, size: Some(text.len()), ..Jwt::default() };
    let header = part(header, "header")?;
    let named = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
    (jwt.alg, jwt.kid) = (named("alg"), named("kid"));
    payload(&mut jwt, part(claims, "payload")?);
    Ok(jwt)
}

fn part(text: &str, what: &str) -> Result<Map<String, Value>, TokenError> {
    let help = "copy the token again, whole and unchanged: `eyJ` begins its header and its payload";
    let bytes = url_safe(text).ok_or_else(|| {
        TokenError::new(format!("the {what} of the token is not base64url"), help)
    })?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(TokenError::new(format!("the {what} of the token is no JSON object"), help)),
    }
}

/// Takes what matters out of the claims, and the names of the others.
fn payload(jwt: &mut Jwt, claims: Map<String, Value>) {
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or("").to_ascii_lowercase();
    let exposed = keys::exposed(keys::without_scheme(&issuer));
    for (name, value) in claims {
        match name.as_str() {
            TAGS => tags(jwt, &value),
            SOURCE_IDENTITY => jwt.source_identity = scalars(&value).into_iter().next(),
            known if CLAIMS.contains(&known) || exposed.contains(&known) => {
                jwt.claims.push((name, scalars(&value)));
            }
            _ => jwt.others.push(name),
        }
    }
}

fn tags(jwt: &mut Jwt, value: &Value) {
    let pairs = value.get("principal_tags").and_then(Value::as_object).into_iter().flatten();
    jwt.tags = pairs
        .map(|(key, value)| (key.clone(), scalars(value).into_iter().next().unwrap_or_default()))
        .collect();
    jwt.transitive = value.get("transitive_tag_keys").map(scalars).unwrap_or_default();
}

/// Text, numbers and truth values as text; those of a list, one after another.
fn scalars(value: &Value) -> Vec<String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        one => scalar(one).into_iter().collect(),
    }
}
