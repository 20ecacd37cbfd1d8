//! Every option that describes the request, by what it adds to the request context or changes in the
//! answer.

use serde_json::{Value, json};

use crate::support::{RICHARD, ROLE, Ran, TIME, folder, richard, rules, run, with};

fn context(more: &[&str]) -> Value {
    let options = with(with(richard("03-allowed"), &["--format", "json"]), more);
    run(&options).json()["request"]["context"].clone()
}

#[test]
fn a_role_is_named_by_its_arn_or_looked_up_in_the_account_of_the_caller() {
    let zhang = "arn:aws:iam::111122223333:user/Zhang";
    let facts = "examples/contractor/03-allowed";
    let name = "importantproject-contractorA-bucket-put";
    let ran = run(&["--role", name, "--caller", zhang, "--facts", facts, "--format", "json"]);
    assert_eq!(ran.json()["request"]["resource"], ROLE);
    assert_eq!(ran.json()["request"]["action"], "sts:AssumeRole");
}

#[test]
fn a_role_that_a_path_hides_is_found_by_its_bare_name() {
    let facts = "fixtures/inputs/get-account-authorization-details/whole.json";
    let ana = "arn:aws:iam::111122223333:user/ana";
    let ran = run(&["--role", "deploy", "--caller", ana, "--facts", facts, "--format", "json"]);
    let resource = ran.json()["request"]["resource"].clone();
    assert_eq!(resource, "arn:aws:iam::111122223333:role/service/deploy");
}

#[test]
fn the_caller_is_the_identity_in_the_facts() {
    let facts = "examples/contractor/09-expired-session";
    let ran = run(&["--role", ROLE, "--facts", facts, "--time", TIME, "--format", "json"]);
    assert_eq!(ran.json()["request"]["principal"], RICHARD);
    let other = "arn:aws:iam::444455556666:user/Helen";
    let ran = run(&["--role", ROLE, "--facts", facts, "--caller", other, "--format", "json"]);
    assert_eq!(ran.json()["request"]["principal"], other, "an option outweighs the facts");
}

#[test]
fn services_and_anonymous_callers_are_callers() {
    let bucket = "arn:aws:s3:::importantprojectbucket/a";
    for caller in ["anonymous", "cloudtrail.amazonaws.com"] {
        let mut options = vec!["--caller", caller, "--action", "s3:PutObject"];
        options.extend(["--resource", bucket, "--resource-policy", "none"]);
        run(&options).ends_with(1).says(caller);
    }
}

#[test]
fn a_context_key_is_single_valued_multi_valued_or_absent() {
    let one = context(&["--context", "aws:SourceVpc=vpc-1"]);
    assert_eq!(one["aws:SourceVpc"], json!(["vpc-1"]));
    let equals = context(&["--context", "aws:PrincipalTag/note=a=b"]);
    assert_eq!(equals["aws:PrincipalTag/note"], json!(["a=b"]));
    let many =
        context(&["--context", "sts:TransitiveTagKeys=a", "--context", "STS:transitiveTagKeys=b"]);
    let key = many
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("sts:TransitiveTagKeys"));
    assert_eq!(key.unwrap().1, &json!(["a", "b"]));
}

/// The trust policy of `03-allowed` under a condition, with every limit known to be absent.
fn under(condition: &str, more: &[&str]) -> Ran {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{RICHARD}"}},
            "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{condition}}}}}"#
    );
    let folder = folder(&[("trust.json", &trust)]);
    let trust = folder.path().join("trust.json").display().to_string();
    let mut options = with(richard("03-allowed"), &["--trust-policy", &trust]);
    options = with(options, &["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"]);
    run(&with(options, more))
}

#[test]
fn a_key_that_is_said_to_be_absent_is_absent() {
    let condition = r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#;
    under(condition, &[]).ends_with(3);
    under(condition, &["--context", "aws:SourceVpc="]).ends_with(1).says("trust-condition-unmet");
    under(condition, &["--context", "aws:SourceVpc=vpc-1"]).ends_with(0);
}

#[test]
fn an_external_id_is_compared() {
    let condition = r#"{"StringEquals":{"sts:ExternalId":"a-7c41"}}"#;
    under(condition, &["--external-id", "a-7c41"]).ends_with(0);
    under(condition, &["--external-id", "A-7C41"]).ends_with(1).says("trust-condition-unmet");
}

#[test]
fn a_session_name_is_compared_and_has_to_be_valid() {
    let condition = r#"{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}"#;
    under(condition, &["--session-name", "Richard"]).ends_with(0);
    under(condition, &["--session-name", "somebody"]).ends_with(1);
    under("{}", &["--session-name", "with blanks"]).ends_with(1).says("session-name-invalid");
}

#[test]
fn a_source_identity_is_compared_and_needs_a_grant_of_its_own() {
    let condition = r#"{"StringEquals":{"sts:SourceIdentity":"Richard"}}"#;
    under(condition, &["--source-identity", "Helen"]).ends_with(1);
    // His group may call sts:AssumeRole only.
    let ran = under(condition, &["--source-identity", "Richard", "--format", "json"]).ends_with(1);
    assert_eq!(rules(&ran.json())[0], "source-identity-not-allowed");
}

#[test]
fn tags_are_compared_and_need_a_grant_of_their_own() {
    let tags = context(&["--tag", "team=web", "--tag", "app=shop", "--transitive-tag", "team"]);
    assert_eq!(tags["aws:RequestTag/team"], json!(["web"]));
    assert_eq!(tags["aws:TagKeys"], json!(["team", "app"]));
    assert_eq!(tags["sts:TransitiveTagKeys"], json!(["team"]));
    let ran = under("{}", &["--tag", "team=web", "--format", "json"]).ends_with(1);
    assert_eq!(rules(&ran.json())[0], "tag-session-not-allowed");
}

#[test]
fn a_duration_has_to_be_in_range() {
    under("{}", &["--duration", "3600"]).ends_with(0);
    under("{}", &["--duration", "60"]).ends_with(1).says("duration-out-of-range");
    under("{}", &["--duration", "-1"]).ends_with(1).says("duration-out-of-range");
    under("{}", &["--duration", "50000"]).ends_with(1).says("duration-out-of-range");
}

#[test]
fn mfa_meets_what_asks_for_it() {
    let condition = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    under(condition, &["--mfa"]).ends_with(0);
    under(condition, &["--context", "aws:MultiFactorAuthPresent=false"]).ends_with(1);
    under(condition, &[]).ends_with(3).says("--mfa");
    let other = ["--action", "s3:PutObject", "--resource", "arn:aws:s3:::importantprojectbucket/a"];
    let facts = ["--facts", "examples/contractor/11-role-not-used", "--mfa", "--format", "json"];
    let json = run(&[&other[..], &facts[..]].concat()).json();
    assert_eq!(json["request"]["context"]["aws:MultiFactorAuthPresent"], json!(["true"]));
}

#[test]
fn a_source_address_is_compared() {
    let condition = r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#;
    under(condition, &["--source-ip", "203.0.113.9"]).ends_with(0);
    under(condition, &["--source-ip", "198.51.100.9"]).ends_with(1).says("trust-condition-unmet");
}

#[test]
fn the_moment_is_the_one_given() {
    let condition = r#"{"DateLessThan":{"aws:CurrentTime":"2026-04-01T00:00:00Z"}}"#;
    under(condition, &[]).ends_with(0);
    let options = with(richard("05-date-window"), &[]);
    run(&options).ends_with(3);
    let late = ["--role", ROLE, "--caller", RICHARD, "--time", "2026-07-01T00:00:00Z"];
    let facts = ["--facts", "examples/contractor/05-date-window"];
    run(&[&late[..], &facts[..]].concat()).ends_with(1).says("trust-condition-unmet");
}

#[test]
fn an_action_on_all_resources_belongs_to_the_account_of_the_caller() {
    let facts = "examples/contractor/11-role-not-used";
    let ran = run(&["--action", "s3:ListAllMyBuckets", "--resource", "*", "--facts", facts]);
    ran.ends_with(1).says("identity-no-allow");
}
