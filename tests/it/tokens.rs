//! `--token` and `--saml`: callers who present a token or an assertion.

use std::fs;

use crate::support::{Ran, read, root, run, with};

const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
/// When the tokens of the fixtures are good.
const TIME: &str = "2026-03-20T09:47:00Z";
/// The signature of every token and assertion in the fixtures.
const SIGNATURE: &str = "c2lnbmF0dXJl";

fn ask(option: &str, file: &str, trust: &str, more: &[&str]) -> Ran {
    let (file, trust) = (format!("fixtures/tokens/{file}"), format!("fixtures/tokens/{trust}"));
    let asked = [
        "--role",
        ROLE,
        option,
        &file,
        "--trust-policy",
        &trust,
        "--scp",
        "none",
        "--rcp",
        "none",
        "--endpoint-policy",
        "none",
    ];
    let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
    run(&with(asked, more))
}

fn rules(ran: &Ran) -> Vec<String> {
    let findings = ran.json()["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_token_for_another_environment_is_told_in_words_and_side_by_side() {
    ask("--token", "github-environment.jwt", "trust-github.json", &["--time", TIME])
        .ends_with(1)
        .says("branch `main`")
        .says("  request  repo:octo-org/app:environment:prod\n")
        .says("  policy   repo:octo-org/app:ref:refs/heads/main\n")
        .says("                             ^ differs from here\n");
    let ran = ask(
        "--token",
        "github-environment.jwt",
        "trust-github.json",
        &["--time", TIME, "--format", "json"],
    );
    assert_eq!(rules(&ran), ["trust-subject-mismatch"]);
    let json = ran.json();
    let message = json["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.ends_with(
            "the token is for environment `prod`, the trust policy expects branch `main`"
        ),
        "{message}"
    );
    assert_eq!(json["findings"][0]["compare"]["policy_at"], 18);
    assert_eq!(
        json["request"]["context"]["token.actions.githubusercontent.com:sub"][0],
        "repo:octo-org/app:environment:prod"
    );
    assert_eq!(json["request"]["action"], "sts:AssumeRoleWithWebIdentity");
}

#[test]
fn the_answer_of_a_token_endpoint_and_decoded_claims_will_do() {
    ask("--token", "github-endpoint.json", "trust-github.json", &["--time", TIME]).ends_with(0);
    ask("--token", "github-claims.json", "trust-github.json", &["--time", TIME])
        .ends_with(1)
        .says("a pull request");
}

#[test]
fn known_subjects_of_other_providers_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let trust = folder.path().join("trust.json");
    let cases = [
        (
            "eks.jwt",
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            "system:serviceaccount:default:app",
            "namespace `web`, the trust policy expects namespace `default`",
        ),
        (
            "gitlab.jwt",
            "gitlab.com",
            "project_path:group/app:ref_type:branch:ref:main",
            "branch `dev`, the trust policy expects branch `main`",
        ),
        (
            "terraform.jwt",
            "app.terraform.io",
            "organization:org:project:Default Project:workspace:network:run_phase:apply",
            "run phase `plan`, the trust policy expects run phase `apply`",
        ),
    ];
    for (token, issuer, subject, words) in cases {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Federated": "arn:aws:iam::111122223333:oidc-provider/{issuer}"}}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {{"StringLike": {{"{issuer}:sub": "{subject}"}}}}}}]}}"#
        );
        fs::write(&trust, text).unwrap();
        let file = format!("fixtures/tokens/{token}");
        let path = trust.to_str().unwrap();
        let ran = run(&[
            "--role",
            ROLE,
            "--token",
            &file,
            "--trust-policy",
            path,
            "--time",
            TIME,
            "--format",
            "json",
        ]);
        let message = ran.json()["findings"][0]["message"].to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn cognito_says_pool_and_login_state() {
    let folder = tempfile::tempdir().unwrap();
    let trust = folder.path().join("trust.json");
    fs::write(&trust, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:other"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]}"#).unwrap();
    let path = trust.to_str().unwrap();
    let ran = run(&[
        "--role",
        ROLE,
        "--token",
        "fixtures/tokens/cognito.jwt",
        "--trust-policy",
        path,
        "--time",
        TIME,
        "--format",
        "json",
    ]);
    assert_eq!(rules(&ran), ["cognito-condition-unmet", "cognito-condition-unmet"]);
}

#[test]
fn facts_know_the_provider_and_its_audiences() {
    let providers = [
        "--facts",
        "fixtures/inputs/list-open-id-connect-providers",
        "--facts",
        "fixtures/inputs/get-open-id-connect-provider",
        "--time",
        TIME,
        "--format",
        "json",
    ];
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &providers).ends_with(0);
    assert_eq!(rules(&ran), [""; 0]);
    let ran = ask("--token", "gitlab.jwt", "trust-github.json", &providers).ends_with(1);
    assert_eq!(rules(&ran)[0], "provider-missing");
    let saml =
        ["--facts", "fixtures/inputs/list-saml-providers", "--time", TIME, "--format", "json"];
    let found = rules(&ask("--saml", "response.xml", "trust-saml.json", &saml));
    assert!(found.iter().any(|rule| rule == "trust-recipient-mismatch"), "{found:?}");
}

#[test]
fn what_does_not_say_its_account_is_of_the_role_s() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.json");
    fs::write(&none, r#"{"OpenIDConnectProviderList": []}"#).unwrap();
    let facts = ["--facts", none.to_str().unwrap(), "--time", TIME, "--format", "json"];
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &facts).ends_with(1);
    assert_eq!(rules(&ran), ["provider-missing"]);
    // With facts of another account beside it, nobody can tell whose list that is.
    let user = folder.path().join("user.json");
    fs::write(
        &user,
        r#"{"User": {"Path": "/", "UserName": "bob", "UserId": "AIDAEXAMPLEEXAMPLEBOB", "Arn": "arn:aws:iam::444455556666:user/bob", "CreateDate": "2026-01-05T09:30:00+00:00"}}"#,
    )
    .unwrap();
    let mixed = with(facts.map(str::to_owned).to_vec(), &["--facts", user.to_str().unwrap()]);
    let mixed: Vec<&str> = mixed.iter().map(String::as_str).collect();
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &mixed).ends_with(0);
    assert_eq!(rules(&ran), [""; 0]);

    let one = folder.path().join("one.json");
    fs::write(
        &one,
        r#"{"Url": "token.actions.githubusercontent.com", "ClientIDList": ["sigstore"], "ThumbprintList": [], "CreateDate": "2026-01-05T09:30:00+00:00"}"#,
    )
    .unwrap();
    let facts = ["--facts", one.to_str().unwrap(), "--time", TIME, "--format", "json"];
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &facts).ends_with(1);
    assert_eq!(rules(&ran), ["provider-audience-missing"]);
    assert_eq!(ran.json()["findings"][0]["secondary"][0]["text"], "\"sigstore\"");
}

#[test]
fn a_token_of_the_past_had_expired_unless_the_time_says_otherwise() {
    let json = ["--format", "json"];
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &json).ends_with(1);
    assert_eq!(rules(&ran), ["token-expired"]);
    assert_eq!(ran.json()["findings"][0]["severity"], "error");
    // What is wrong for certain comes first, since nobody said when the call was made.
    let ran = ask("--token", "github-environment.jwt", "trust-github.json", &json).ends_with(1);
    assert_eq!(rules(&ran), ["trust-subject-mismatch", "token-expired"]);
    let late = ["--time", "2026-03-20T12:00:00Z", "--format", "json"];
    let ran = ask("--token", "github-environment.jwt", "trust-github.json", &late).ends_with(1);
    assert_eq!(rules(&ran), ["token-expired", "trust-subject-mismatch"]);
    let early = ["--time", "2026-03-20T09:00:00Z", "--format", "json"];
    let ran = ask("--token", "github-endpoint.json", "trust-github.json", &early).ends_with(1);
    assert_eq!(rules(&ran), ["token-not-yet-valid"]);
}

#[test]
fn an_assertion_is_read_as_xml_and_as_base64() {
    let options = ["--time", TIME, "--format", "json"];
    for file in ["response.xml", "response.b64"] {
        let ran = ask("--saml", file, "trust-saml.json", &options).ends_with(1);
        let found = rules(&ran);
        assert_eq!(found[0], "trust-recipient-mismatch", "{file}");
        assert!(found.contains(&"tag-session-not-allowed".to_owned()), "{found:?}");
        let json = ran.json();
        assert_eq!(json["request"]["action"], "sts:AssumeRoleWithSAML");
        assert_eq!(json["request"]["principal"], "arn:aws:iam::111122223333:saml-provider/corp");
        assert_eq!(json["request"]["context"]["sts:RoleSessionName"][0], "ana@example.com");
    }
}

#[test]
fn a_role_that_the_assertion_does_not_list_is_told() {
    let role = "arn:aws:iam::111122223333:role/Deploy";
    let ran = run(&["--role", role, "--saml", "fixtures/tokens/response.xml", "--time", TIME]);
    ran.ends_with(1).says("assertion-role-missing").says("case counts");
}

#[test]
fn tags_in_a_token_need_tag_session() {
    let folder = tempfile::tempdir().unwrap();
    let trust = folder.path().join("trust.json");
    fs::write(&trust, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/idp.example.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}]}"#).unwrap();
    let path = trust.to_str().unwrap();
    run(&[
        "--role",
        ROLE,
        "--token",
        "fixtures/tokens/tagged.jwt",
        "--trust-policy",
        path,
        "--time",
        TIME,
    ])
    .ends_with(1)
    .says("tag-session-not-allowed")
    .says("identity provider leave it out");
}

#[test]
fn neither_token_nor_signature_is_ever_shown() {
    let token = read("fixtures/tokens/github-environment.jwt");
    let payload = token.trim().split('.').nth(1).unwrap().to_owned();
    for more in [&["--verbose"][..], &["--format", "json"], &["--redact"]] {
        for (option, file, trust) in [
            ("--token", "github-environment.jwt", "trust-github.json"),
            ("--saml", "response.b64", "trust-saml.json"),
            ("--saml", "response.xml", "trust-saml.json"),
            ("--token", "response.xml", "trust-github.json"),
            ("--saml", "github-environment.jwt", "trust-saml.json"),
            ("--saml", "trust-saml.json", "trust-saml.json"),
        ] {
            let ran = ask(option, file, trust, more);
            let all = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!all.contains(SIGNATURE) && !all.contains(&payload[..24]), "{all}");
            assert!(!all.contains("\"jti\"") && !all.contains("PHNhbWxw"), "{all}");
        }
    }
}

#[test]
fn names_in_a_token_are_masked() {
    let ran = ask(
        "--token",
        "github-environment.jwt",
        "trust-github.json",
        &["--redact", "--time", TIME],
    );
    let ran = ran.ends_with(1).says("environment");
    for name in ["octo-org", "111122223333", "prod`"] {
        assert!(!ran.stdout.contains(name), "{name} in\n{}", ran.stdout);
    }
}

#[test]
fn wrong_files_and_options_are_told_with_a_remedy() {
    let token = "fixtures/tokens/github-environment.jwt";
    let missing = run(&["--role", ROLE, "--token", "no-such-file.jwt"]).ends_with(2);
    missing.complains("no-such-file.jwt").complains("cannot be read");
    run(&["--role", ROLE, "--token", "fixtures/tokens/response.xml"])
        .ends_with(2)
        .complains("--saml FILE");
    run(&["--role", ROLE, "--saml", token]).ends_with(2).complains("--token FILE");
    run(&["--role", ROLE, "--token", "README.md"]).ends_with(2).complains("three parts");
    run(&["--role", "deploy", "--token", token]).ends_with(2).complains("the role's whole ARN");
    for other in
        [["--caller", "arn:aws:iam::111122223333:user/ana"], ["--saml", "x"], ["--tag", "a=b"]]
    {
        let ran = run(&["--role", ROLE, "--token", token, other[0], other[1]]).ends_with(2);
        ran.complains("cannot be used with").complains(other[0]);
    }
}

#[test]
fn another_action_may_be_asked_for() {
    let token = "fixtures/tokens/github-environment.jwt";
    let asked =
        ["--action", "sts:AssumeRole", "--resource", ROLE, "--token", token, "--time", TIME];
    run(&asked).ends_with(1).says("caller-cannot-assume");
}

#[test]
fn every_token_of_the_fixtures_is_visibly_signed_by_nobody() {
    for entry in fs::read_dir(root().join("fixtures/tokens")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jwt") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.trim().ends_with(SIGNATURE), "{}", path.display());
        }
    }
}
