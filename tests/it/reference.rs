//! AWS managed policies whose text is in no file, and what the program says of its reference data.

use serde_json::json;
use why_denied::reference;

use crate::support::{Ran, files, folder, read, run};

const ANA: &str = "arn:aws:iam::111122223333:user/ana";

/// The export of an account in which ana has these policies, by ARN, and this boundary.
fn export(attached: &[&str], boundary: Option<&str>) -> serde_json::Value {
    let attached: Vec<_> = attached
        .iter()
        .map(|arn| json!({ "PolicyArn": arn, "PolicyName": arn.rsplit('/').next().unwrap() }))
        .collect();
    let mut user = json!({
        "Path": "/", "UserName": "ana", "UserId": "AIDAEXAMPLEANA1111111", "Arn": ANA,
        "CreateDate": "2024-09-02T11:20:00+00:00", "GroupList": [], "AttachedManagedPolicies": attached
    });
    if let Some(arn) = boundary {
        user["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
    }
    json!({
        "UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false
    })
}

fn ask(export: &serde_json::Value, action: &str, more: &[&str]) -> Ran {
    let folder = folder(&[("export.json", &export.to_string())]);
    let path = folder.path().display().to_string();
    let mut options = vec!["--facts", &path, "--caller", ANA, "--action", action];
    options.extend(["--resource", "arn:aws:s3:::reports/a", "--resource-policy", "none"]);
    options.extend(["--context", "aws:ResourceAccount=111122223333"]);
    options.extend(["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"]);
    options.extend(more);
    run(&options)
}

#[test]
fn an_attached_aws_managed_policy_is_evaluated_with_the_embedded_text() {
    let export = export(&["arn:aws:iam::aws:policy/AdministratorAccess"], None);
    let note = format!("embedded text of {}", reference::date());
    let ran = ask(&export, "s3:GetObject", &["--verbose"]).ends_with(0);
    assert!(ran.stdout.contains("AdministratorAccess"), "{}", ran.stdout);
    ran.complains("`arn:aws:iam::aws:policy/AdministratorAccess`").complains("embedded text");
    let ran = ask(&export, "s3:GetObject", &["--format", "json"]).ends_with(0);
    let notes = ran.json()["notes"].clone();
    assert!(notes[0].as_str().unwrap().contains(&note), "{notes}");
}

#[test]
fn a_boundary_of_aws_is_evaluated_with_the_embedded_text() {
    let all = "arn:aws:iam::aws:policy/AdministratorAccess";
    let export = export(&[all], Some("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"));
    ask(&export, "s3:GetObject", &[]).ends_with(0);
    let label = format!("AmazonS3ReadOnlyAccess (embedded, {})", reference::date());
    ask(&export, "s3:PutObject", &[]).ends_with(1).says("boundary-no-allow").says(&label);
}

#[test]
fn a_document_in_the_facts_wins_over_the_embedded_one() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let mut export = export(&[arn], None);
    let policy = |document: &serde_json::Value, version: &str| {
        json!([{
            "PolicyName": "AdministratorAccess", "PolicyId": "ANPAEXAMPLEADMIN11111", "Arn": arn, "Path": "/",
            "DefaultVersionId": version, "AttachmentCount": 1, "IsAttachable": true,
            "PolicyVersionList": [{ "VersionId": version, "IsDefaultVersion": true, "Document": document }]
        }])
    };
    let narrow = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ec2:*", "Resource": "*" } ] });
    export["Policies"] = policy(&narrow, "v1");
    let ran = ask(&export, "s3:GetObject", &["--format", "json"]).ends_with(1);
    assert_eq!(ran.json()["notes"], json!([]));
}

#[test]
fn another_default_version_than_the_embedded_one_is_a_gap() {
    let export = export(&["arn:aws:iam::aws:policy/AdministratorAccess"], None);
    let newer = json!({ "Policy": {
        "PolicyName": "AdministratorAccess", "PolicyId": "ANPAEXAMPLEADMIN11111",
        "Arn": "arn:aws:iam::aws:policy/AdministratorAccess", "Path": "/", "DefaultVersionId": "v99",
        "AttachmentCount": 1, "IsAttachable": true, "CreateDate": "2015-02-06T18:39:46+00:00" } });
    let folder = folder(&[("newer.json", &newer.to_string())]);
    let path = folder.path().display().to_string();
    let ran = ask(&export, "s3:GetObject", &["--facts", &path]).ends_with(3);
    ran.says("--version-id v99");
}

#[test]
fn an_aws_managed_policy_of_an_unknown_name_is_a_gap() {
    let unknown = export(&["arn:aws:iam::aws:policy/NobodyKnowsThis"], None);
    ask(&unknown, "s3:GetObject", &[]).ends_with(3).says("NobodyKnowsThis");
}

#[test]
fn the_version_says_of_which_day_the_reference_data_is() {
    let plain = run(&["--version"]).ends_with(0);
    assert_eq!(plain.stdout, format!("why-denied {}\n", env!("CARGO_PKG_VERSION")));
    for options in [["--version", "--verbose"], ["-v", "-V"]] {
        let ran = run(&options).ends_with(0).says(reference::date());
        ran.says(&reference::counts().services.to_string())
            .says(&reference::counts().managed_policies.to_string());
    }
}

#[test]
fn all_of_it_takes_at_most_a_megabyte_and_a_half() {
    let sizes =
        files("core/src/reference/data").into_iter().map(|path| path.metadata().unwrap().len());
    let total: u64 = sizes.sum();
    assert!(total <= 1_500_000, "{total} bytes");
}

#[test]
fn the_page_says_what_is_embedded() {
    let page = read("docs/reference.md").replace([',', '`'], "");
    let counts = reference::counts();
    for text in [
        reference::date().to_owned(),
        format!("{} services", counts.services),
        format!("{} actions", counts.actions),
        format!("{} AWS managed policies", counts.managed_policies),
        format!("{} service principals", counts.service_principals),
        format!("{} global condition keys", counts.global_keys),
    ]
    .into_iter()
    .chain(reference::sources().split(", ").map(str::to_owned))
    {
        assert!(page.contains(&text), "{text}");
    }
}
