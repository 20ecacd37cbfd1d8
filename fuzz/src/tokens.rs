//! Targets for what callers without AWS credentials present.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use why_denied::token::{TokenError, jwt, saml, subject};

/// Words for whoever passed the file; they repeat nothing of it that is as long as a secret.
fn check_error(error: &TokenError, data: &[u8]) {
    for words in [&error.message, &error.help] {
        assert!(!words.is_empty() && !words.ends_with('.'), "{words:?}");
    }
    let text = String::from_utf8_lossy(data);
    let secrets = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 24);
    for secret in secrets {
        assert!(!error.message.contains(secret), "the error repeats the input");
    }
}

/// Tokens: read or refused, as they are and with the bytes as their claims; subjects are compared.
pub fn jwt(data: &[u8]) {
    match jwt::read(data) {
        Ok(token) => compare(&token),
        Err(error) => check_error(&error, data),
    }
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"example-key"}"#);
    let whole = format!("{header}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(data));
    if let Ok(token) = jwt::read(whole.as_bytes()) {
        if let Ok(decoded) = jwt::read(data)
            && !decoded.has_header
        {
            assert_eq!(decoded.claims, token.claims, "decoded or not");
        }
        compare(&token);
    }
}

fn compare(token: &jwt::Jwt) {
    let (Some(issuer), Some(subject)) = (token.one("iss"), token.one("sub")) else { return };
    let issuer = issuer.trim_start_matches("https://");
    let other = token.one("aud").unwrap_or("repo:octo/app:*");
    for wildcards in [false, true] {
        let _ = subject::explain(issuer, subject, other, wildcards);
        assert_eq!(subject::explain(issuer, subject, subject, false), None, "alike");
        let at = subject::first_difference(other, subject, wildcards);
        assert!(at.policy <= other.chars().count());
        assert!(at.request.is_none_or(|at| at <= subject.chars().count()));
    }
    let _ = subject::names(subject);
}

/// SAML responses: read or refused, as they are and as base64.
pub fn saml(data: &[u8]) {
    let plain = saml::read(data);
    if let Err(error) = &plain {
        check_error(error, data);
    }
    if data.starts_with(b"<") {
        let encoded = base64::engine::general_purpose::STANDARD.encode(data);
        if let (Ok(plain), Ok(encoded)) = (plain, saml::read(encoded.as_bytes())) {
            assert_eq!(plain.roles, encoded.roles, "encoded or not");
            assert_eq!(plain.keys, encoded.keys, "encoded or not");
        }
    }
}
