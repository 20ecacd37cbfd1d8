//! Unit tests; the fuzz targets are `jwt` and `saml`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::subject::{explain, first_difference, names, parts};
use super::{jwt, saml};

const GITHUB: &str = "token.actions.githubusercontent.com";

/// A token that anybody can see is signed by nobody.
fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

const HEADER: &str = r#"{"alg":"RS256","kid":"key-1","typ":"JWT"}"#;
const CLAIMS: &str = r#"{"iss":"https://token.actions.githubusercontent.com","sub":"repo:octo/app:ref:refs/heads/main","aud":["sts.amazonaws.com"],"exp":1790000000,"iat":1789999700,"ref":"refs/heads/main","jti":"x","run_id":"7","https://aws.amazon.com/tags":{"principal_tags":{"team":["blue"]},"transitive_tag_keys":["team"]},"https://aws.amazon.com/source_identity":"ana"}"#;

#[test]
fn a_token_is_read_in_every_wrapping() {
    let token = unsigned(HEADER, CLAIMS);
    let jwt = jwt::read(token.as_bytes()).unwrap();
    assert_eq!(jwt.alg.as_deref(), Some("RS256"));
    assert_eq!(jwt.kid.as_deref(), Some("key-1"));
    assert_eq!(jwt.one("aud"), Some("sts.amazonaws.com"));
    assert_eq!(jwt.one("exp"), Some("1790000000"));
    assert_eq!(jwt.one("ref"), Some("refs/heads/main"));
    assert_eq!(jwt.others, ["jti", "run_id"]);
    assert_eq!(jwt.tags, [("team".to_owned(), "blue".to_owned())]);
    assert_eq!(jwt.transitive, ["team"]);
    assert_eq!(jwt.source_identity.as_deref(), Some("ana"));
    let (first, second) = token.split_at(30);
    for text in [
        format!("  {token}\n"),
        format!("{first}\r\n{second}"),
        format!("Bearer {token}"),
        format!("Authorization: Bearer {token}"),
        format!("\"{token}\""),
        format!(r#"{{"count": 1, "value": "{token}"}}"#),
        format!(r#"{{"access_token": "opaque", "id_token": "{token}"}}"#),
        format!(r#"{{"kind": "TokenRequest", "status": {{"token": "{token}"}}}}"#),
        format!("\u{FEFF}{token}"),
    ] {
        let other = jwt::read(text.as_bytes()).unwrap();
        assert_eq!(other.claims, jwt.claims, "{text}");
    }
    let decoded = jwt::read(CLAIMS.as_bytes()).unwrap();
    assert_eq!(decoded.claims, jwt.claims);
    assert!(!decoded.has_header);
}

#[test]
fn what_is_no_token_is_told_without_a_byte_of_it() {
    let secret = "s3cr3t";
    for text in [
        String::new(),
        secret.to_owned(),
        format!("{secret}.{secret}"),
        format!("{secret}.{secret}.{secret}"),
        format!("{secret}.{secret}.{secret}.{secret}.{secret}"),
        format!("{{\"{secret}\": \"{secret}\"}}"),
        format!("{{\"{secret}"),
        format!("<{secret}/>"),
        format!("{{\"message\": \"{secret}\"}}"),
        unsigned("[]", secret),
    ] {
        let error = jwt::read(text.as_bytes()).unwrap_err();
        assert!(!error.message.contains(secret) && !error.help.contains(secret), "{error}");
        assert!(!error.help.is_empty() && !error.message.ends_with('.'));
    }
}

const ASSERTION: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" IssueInstant="2026-11-23T10:00:00Z"><saml:Issuer>https://idp.example.com/&amp;x</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ana</saml:NameID><saml:SubjectConfirmation><saml:SubjectConfirmationData NotOnOrAfter="2026-11-23T10:05:00Z" Recipient="https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-23T09:59:00Z" NotOnOrAfter="2026-11-23T11:00:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>arn:aws:iam::111122223333:role/deploy,arn:aws:iam::111122223333:saml-provider/corp</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>ana</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/PrincipalTag:team"><saml:AttributeValue>blue</saml:AttributeValue></saml:Attribute><saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.1"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>member</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#;

#[test]
fn a_response_is_read_as_xml_and_as_base64() {
    let read = saml::read(ASSERTION.as_bytes()).unwrap();
    assert_eq!(read.issuer.as_deref(), Some("https://idp.example.com/&x"));
    assert_eq!(read.audiences, ["urn:amazon:webservices"]);
    assert_eq!(read.recipients, ["https://signin.aws.amazon.com/saml"]);
    assert_eq!(read.not_on_or_after.as_deref(), Some("2026-11-23T10:05:00Z"));
    assert_eq!(read.not_before.as_deref(), Some("2026-11-23T09:59:00Z"));
    assert_eq!(read.issued.as_deref(), Some("2026-11-23T10:00:00Z"));
    assert_eq!(read.name_id.as_deref(), Some("ana"));
    assert_eq!(read.session_name.as_deref(), Some("ana"));
    assert_eq!(read.roles.len(), 1);
    assert_eq!(read.tags, [("team".to_owned(), "blue".to_owned())]);
    assert_eq!(read.keys, [("saml:edupersonaffiliation", vec!["staff".into(), "member".into()])]);
    let encoded = STANDARD.encode(ASSERTION);
    let wrapped: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let form =
        format!("SAMLResponse={}&RelayState=", encoded.replace('+', "%2B").replace('=', "%3D"));
    for text in [encoded.clone(), wrapped.join("\n"), form] {
        let other = saml::read(text.as_bytes()).unwrap();
        assert_eq!((other.roles, other.size), (read.roles.clone(), encoded.len()));
    }
}

#[test]
fn what_is_no_response_is_told() {
    let deep = "<a>".repeat(100);
    for (text, says) in [
        ("<Response><Status><StatusCode Value='urn:x:Responder'/></Status></Response>", "error"),
        (
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Assertion>&x;</Assertion>",
            "document type",
        ),
        ("<Assertion>&x;</Assertion>", "well-formed"),
        ("<Assertion>", "ends before"),
        ("<html></html>", "no SAML response"),
        (deep.as_str(), "deeper"),
        ("!!", "neither XML nor base64"),
        ("aGVsbG8=", "no XML"),
        ("a.b.c", "OpenID"),
    ] {
        let error = saml::read(text.as_bytes()).unwrap_err();
        assert!(error.message.contains(says), "{text}: {error}");
    }
    let wide = format!("<Assertion {}/>", "a='' ".repeat(100_000));
    assert!(saml::read(wide.as_bytes()).is_ok());
    let encrypted = saml::read(b"<Response><EncryptedAssertion/></Response>").unwrap();
    assert!(encrypted.encrypted);
}

#[test]
fn differing_subjects_are_told_in_words() {
    let wild = |token: &str, policy: &str| explain(GITHUB, token, policy, true);
    let main = "repo:octo/app:ref:refs/heads/main";
    assert_eq!(
        wild("repo:octo/app:environment:prod", main).unwrap(),
        "the token is for environment `prod`, the trust policy expects branch `main`"
    );
    assert_eq!(
        wild("repo:octo/app:ref:refs/tags/v1", main).unwrap(),
        "the token is for tag `v1`, the trust policy expects branch `main`"
    );
    assert_eq!(
        wild("repo:octo/app:pull_request", main).unwrap(),
        "the token is for a pull request, the trust policy expects branch `main`"
    );
    assert!(wild(main, "repo:octo/app:ref:main").unwrap().ends_with("a ref written as `main`"));
    assert!(wild(main, "repo:Octo/app:*").unwrap().ends_with("upper and lower case count"));
    assert!(wild(main, "repo:octo/app").unwrap().contains("nothing behind repository `octo/app`"));
    assert!(wild("repo:octo@12/app@34:ref:refs/heads/main", main).unwrap().contains("ids"));
    assert_eq!(
        wild(main, "repo:octo/*:environment:prod").unwrap(),
        "the token is for branch `main`, the trust policy expects environment `prod`"
    );
    assert_eq!(
        wild(
            "repo:octo/app:job_workflow_ref:octo/ci/.github/workflows/a.yml@refs/heads/main",
            main
        )
        .unwrap(),
        "the token is for reusable workflow `octo/ci/.github/workflows/a.yml@refs/heads/main`, the trust policy expects branch `main`"
    );
    let told = |issuer, token, policy| explain(issuer, token, policy, true).unwrap();
    assert_eq!(
        told(
            "gitlab.com",
            "project_path:g/p:ref_type:tag:ref:v1",
            "project_path:g/p:ref_type:branch:ref:main"
        ),
        "the token is for tag `v1`, the trust policy expects branch `main`"
    );
    assert_eq!(
        told(
            "app.terraform.io",
            "organization:o:project:p:workspace:w:run_phase:plan",
            "organization:o:project:p:workspace:w:run_phase:apply"
        ),
        "the token is for run phase `plan`, the trust policy expects run phase `apply`"
    );
    assert_eq!(
        told(
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE",
            "system:serviceaccount:web:app",
            "system:serviceaccount:default:app"
        ),
        "the token is for namespace `web`, the trust policy expects namespace `default`"
    );
    assert_eq!(explain(GITHUB, main, "repo:octo/app:*", false), None);
    assert_eq!(parts("example.com", "user-7"), None);
}

#[test]
fn the_first_difference_is_found_behind_wildcards_too() {
    let at = |policy, request, wildcards| {
        let found = first_difference(policy, request, wildcards);
        (found.policy, found.request)
    };
    assert_eq!(at("abc", "abd", true), (2, Some(2)));
    assert_eq!(at("a*:x", "aaa:y", true), (3, None));
    assert_eq!(at("ab", "abc", false), (2, Some(2)));
    assert_eq!(at("a*", "abc", false), (1, Some(1)));
}

#[test]
fn names_of_a_subject_leave_out_the_provider_s_words() {
    assert_eq!(names("repo:octo/app:ref:refs/heads/main"), ["octo", "app", "main"]);
    assert_eq!(names("system:serviceaccount:web:shop"), ["web", "shop"]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = jwt::read(&bytes);
        let _ = saml::read(&bytes);
    }

    #[test]
    fn any_claims_come_out_as_they_went_in(sub in "\\PC{0,40}", aud in "\\PC{0,40}") {
        let claims = serde_json::json!({"iss": "https://idp.example.com", "sub": sub, "aud": [aud]});
        let jwt = jwt::read(unsigned(HEADER, &claims.to_string()).as_bytes()).unwrap();
        prop_assert_eq!(jwt.one("sub"), Some(sub.as_str()));
        prop_assert_eq!(jwt.one("aud"), Some(aud.as_str()));
    }

    #[test]
    fn any_xml_like_text_is_read_or_refused(words in prop::collection::vec(
        prop::sample::select(vec!["<Assertion>", "</Assertion>", "<Attribute Name='", "'>", "&amp;", "&#x41;", "&#0;", "<![CDATA[", "]]>", "<!--", "-->", "x", "<EncryptedAssertion/>", "\"", "="]), 0..30)) {
        let _ = saml::read(words.concat().as_bytes());
    }

    #[test]
    fn subjects_never_break_anything(token in "[a-z:/@*?]{0,40}", policy in "[a-z:/@*?]{0,40}", wild: bool) {
        let token = format!("repo:{token}");
        let policy = format!("repo:{policy}");
        let _ = explain(GITHUB, &token, &policy, wild);
        let found = first_difference(&policy, &token, wild);
        prop_assert!(found.policy <= policy.chars().count());
    }
}
