use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::policy::PolicyType;
use crate::request::Fact;
use crate::snapshot::EntityKind;
use crate::text::SourceMap;

/// Facts from texts in place of files.
pub(super) fn facts(files: &[(&str, &str)]) -> (SourceMap, Collected) {
    let mut sources = SourceMap::default();
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.into()).collect();
    let collected = read_files(&mut sources, &paths, &|path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    });
    (sources, collected)
}

/// Like [`facts`], where nothing is wrong.
pub(super) fn sound(files: &[(&str, &str)]) -> (SourceMap, Collected) {
    let (sources, collected) = facts(files);
    assert_eq!(collected.errors, []);
    (sources, collected)
}

pub(super) const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal":
    {"AWS": "arn:aws:iam::444455556666:role/app/ci"}, "Action": "sts:AssumeRole"}]}"#;

const ENCODED: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";

/// An export of account 444455556666 with user ana in group dev, and role ci under the path /app/.
pub(super) fn export() -> String {
    format!(
        r#"{{
  "UserDetailList": [ {{ "Path": "/", "UserName": "ana", "UserId": "AIDAEXAMPLEEXAMPLE123",
      "Arn": "arn:aws:iam::444455556666:user/ana", "CreateDate": "2026-01-01T00:00:00+00:00", "GroupList": ["dev"],
      "AttachedManagedPolicies": [], "Tags": [ {{ "Key": "team", "Value": "blue" }} ] }} ],
  "GroupDetailList": [ {{ "Path": "/", "GroupName": "dev", "GroupId": "AGPAEXAMPLEEXAMPLE123",
      "Arn": "arn:aws:iam::444455556666:group/dev", "CreateDate": "2026-01-01T00:00:00+00:00",
      "GroupPolicyList": [ {{ "PolicyName": "dev-inline", "PolicyDocument": "{ENCODED}" }} ],
      "AttachedManagedPolicies": [ {{ "PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }} ] }} ],
  "RoleDetailList": [ {{ "Path": "/app/", "RoleName": "ci", "RoleId": "AROAEXAMPLEEXAMPLE123",
      "Arn": "arn:aws:iam::444455556666:role/app/ci", "CreateDate": "2026-01-01T00:00:00+00:00",
      "AssumeRolePolicyDocument": {TRUST}, "InstanceProfileList": [],
      "RolePolicyList": [ {{ "PolicyName": "ci-inline", "PolicyDocument": "{{\"Statement\": []}}" }} ],
      "AttachedManagedPolicies": [ {{ "PolicyName": "ci-deploy", "PolicyArn": "arn:aws:iam::444455556666:policy/ci-deploy" }} ],
      "PermissionsBoundary": {{ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::444455556666:policy/limit" }},
      "Tags": [] }} ],
  "Policies": [ {{ "PolicyName": "ci-deploy", "Arn": "arn:aws:iam::444455556666:policy/ci-deploy", "DefaultVersionId": "v2",
      "PolicyVersionList": [
        {{ "VersionId": "v2", "IsDefaultVersion": true, "Document": {{"Statement": {{"Sid": "New", "Effect": "Allow", "Action": "*", "Resource": "*"}}}} }},
        {{ "VersionId": "v1", "IsDefaultVersion": false, "Document": {{"Statement": []}} }} ] }} ],
  "IsTruncated": false
}}"#
    )
}

pub(super) fn get_role(arn: &str, trust: &str) -> String {
    let name = arn.rsplit('/').next().unwrap();
    format!(
        r#"{{ "Role": {{ "Path": "/", "RoleName": "{name}", "RoleId": "AROAEXAMPLEEXAMPLE456", "Arn": "{arn}",
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": {trust}, "MaxSessionDuration": 7200,
        "RoleLastUsed": {{}} }} }}"#
    )
}

#[test]
fn an_export_shows_everything_of_its_account() {
    let (_, collected) = sound(&[("export.json", &export())]);
    let snapshot = &collected.snapshot;
    assert!(snapshot.accounts["444455556666"].complete);
    let ci = snapshot.named(EntityKind::Role, "444455556666", "ci").next().unwrap();
    assert_eq!((ci.path.as_str(), ci.inline.complete, ci.attached.complete), ("/app/", true, true));
    let boundary = ci.boundary.known().unwrap().as_ref().unwrap();
    assert_eq!(boundary.value, "arn:aws:iam::444455556666:policy/limit");
    let ana = &snapshot.entities["arn:aws:iam::444455556666:user/ana"];
    assert_eq!(ana.boundary, Fact::Known(None));
    assert_eq!(ana.tags, Fact::Known(vec![("team".into(), "blue".into())]));
    assert_eq!(ana.groups.items[0].value, "dev");
    assert!(snapshot.managed["arn:aws:iam::444455556666:policy/ci-deploy"].document.is_some());
    assert!(snapshot.managed["arn:aws:iam::aws:policy/ReadOnlyAccess"].document.is_none());
    assert!(snapshot.proves_absence_of_role("444455556666", "arn:aws:iam::444455556666:role/none"));
    assert!(
        !snapshot.proves_absence_of_role("111122223333", "arn:aws:iam::111122223333:role/none")
    );
}

#[test]
fn pages_make_an_export_whole_only_with_the_last_one() {
    let whole = export();
    let first =
        whole.replace("\"IsTruncated\": false", "\"IsTruncated\": true, \"Marker\": \"abc\"");
    let (_, collected) = sound(&[("1.json", &first)]);
    assert!(!collected.snapshot.accounts["444455556666"].complete);
    assert!(collected.notes[0].contains("its last page is missing"), "{:?}", collected.notes);
    let last = r#"{ "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false }"#;
    let (_, collected) = sound(&[("1.json", &first), ("2.json", last)]);
    assert!(collected.snapshot.accounts["444455556666"].complete);
    let filtered = r#"{ "RoleDetailList": [ { "RoleName": "ci", "Arn": "arn:aws:iam::444455556666:role/ci" } ] }"#;
    let (_, collected) = sound(&[("roles.json", filtered)]);
    assert!(!collected.snapshot.accounts["444455556666"].complete);
}

#[test]
fn accounts_stand_side_by_side() {
    let other = export().replace("444455556666", "111122223333");
    let (_, collected) = sound(&[("a.json", &export()), ("b.json", &other)]);
    assert_eq!(collected.snapshot.accounts.len(), 2);
    assert_eq!(collected.snapshot.everywhere(EntityKind::Role, "ci").count(), 2);
    assert_eq!(collected.notes, Vec::<String>::new());
}

#[test]
fn a_lone_get_role_proves_its_own_facts_and_no_more() {
    let (_, collected) =
        sound(&[("r.json", &get_role("arn:aws:iam::111122223333:role/deploy", TRUST))]);
    let role = &collected.snapshot.entities["arn:aws:iam::111122223333:role/deploy"];
    assert_eq!(role.max_session_duration.as_ref().unwrap().value, 7200);
    assert_eq!((role.boundary.known(), role.inline.complete), (Some(&None), false));
    assert!(collected.snapshot.accounts.is_empty());
}

#[test]
fn a_list_of_roles_says_nothing_of_tags_and_boundaries() {
    let role = get_role("arn:aws:iam::111122223333:role/deploy", TRUST);
    let list = role.replacen("{ \"Role\": {", "{ \"Roles\": [ {", 1).replace("{} } }", "{} } ] }");
    let (_, collected) = sound(&[("r.json", &list)]);
    let role = &collected.snapshot.entities["arn:aws:iam::111122223333:role/deploy"];
    assert_eq!((role.boundary.known(), role.tags.known()), (None, None));
    assert!(role.trust.is_some());
}

#[test]
fn lists_without_owner_go_to_the_only_one_they_fit() {
    let role = get_role("arn:aws:iam::111122223333:role/deploy", TRUST);
    let attached = r#"{ "AttachedPolicies": [ { "PolicyName": "p", "PolicyArn": "arn:aws:iam::111122223333:policy/p" } ] }"#;
    let names = r#"{ "PolicyNames": [ "in" ] }"#;
    let inline =
        r#"{ "RoleName": "deploy", "PolicyName": "in", "PolicyDocument": { "Statement": [] } }"#;
    let policy = r#"{ "Policy": { "PolicyName": "p", "Arn": "arn:aws:iam::111122223333:policy/p", "DefaultVersionId": "v3",
        "CreateDate": "2026-01-01T00:00:00Z", "UpdateDate": "2026-02-01T00:00:00Z" } }"#;
    let version = r#"{ "PolicyVersion": { "Document": { "Statement": [] }, "VersionId": "v3", "IsDefaultVersion": true,
        "CreateDate": "2026-02-01T00:00:00Z" } }"#;
    let files = [
        ("d/a", attached),
        ("d/b", names),
        ("d/c", inline),
        ("d/d", policy),
        ("d/e", version),
        ("d/r", &*role),
    ];
    let (_, collected) = sound(&files);
    let role = &collected.snapshot.entities["arn:aws:iam::111122223333:role/deploy"];
    assert!(role.attached.complete && role.inline.complete);
    assert!(role.inline.items[0].document.is_some());
    assert!(collected.snapshot.managed["arn:aws:iam::111122223333:policy/p"].document.is_some());
    assert_eq!(collected.notes.len(), 2, "{:?}", collected.notes);
}

#[test]
fn a_list_that_fits_several_is_left_and_named() {
    let one = get_role("arn:aws:iam::111122223333:role/one", TRUST);
    let two = get_role("arn:aws:iam::111122223333:role/two", TRUST);
    let attached = r#"{ "AttachedPolicies": [] }"#;
    let (_, collected) = sound(&[("d/1", &one), ("d/2", &two), ("d/3", attached)]);
    assert!(
        collected.notes[0].contains("cannot tell whose attached policies `d/3` lists"),
        "{:?}",
        collected.notes
    );
    // The one in the same folder is nearer.
    let (_, collected) = sound(&[("a/1", &one), ("b/2", &two), ("b/3", attached)]);
    let attached_of = |name: &str| {
        collected.snapshot.entities[&format!("arn:aws:iam::111122223333:role/{name}")]
            .attached
            .complete
    };
    assert_eq!((attached_of("one"), attached_of("two")), (false, true));
    // Two lists that differ cannot both belong to one role.
    let other =
        r#"{ "AttachedPolicies": [ { "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" } ] }"#;
    let (_, collected) = sound(&[("a/1", &one), ("a/2", attached), ("a/3", other)]);
    assert_eq!(collected.notes.len(), 2);
}

#[test]
fn the_same_twice_is_silent_and_a_contradiction_is_noted() {
    let arn = "arn:aws:iam::111122223333:role/deploy";
    let role = get_role(arn, TRUST);
    let in_text = get_role(arn, &serde_json::to_string(TRUST).unwrap());
    let encoded = percent_encoding::utf8_percent_encode(TRUST, percent_encoding::NON_ALPHANUMERIC)
        .to_string();
    let in_url = get_role(arn, &serde_json::to_string(&encoded).unwrap());
    let (_, collected) = sound(&[("1", &role), ("2", &role), ("3", &in_text), ("4", &in_url)]);
    assert_eq!(collected.notes, Vec::<String>::new());
    let other = get_role(arn, r#"{ "Statement": [] }"#);
    let (_, collected) = sound(&[("1", &role), ("2", &other)]);
    assert_eq!(
        collected.notes,
        ["the facts hold different trust policies of role deploy: `1` is used, `2` is not"]
    );
}

#[test]
fn credentials_leave_only_their_expiry() {
    let session = r#"{ "Credentials": { "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/EXAMPLEKEY",
        "SessionToken": "AQoDYXdzEPT//EXAMPLE", "Expiration": "2026-11-23T11:00:00+00:00" },
        "AssumedRoleUser": { "AssumedRoleId": "AROAEXAMPLEEXAMPLE123:build-77", "Arn": "arn:aws:sts::444455556666:assumed-role/ci/build-77" } }"#;
    let (sources, collected) = sound(&[("s.json", session)]);
    let expiration = &collected.snapshot.expirations[0];
    assert_eq!(
        expiration.arn.as_ref().unwrap().value,
        "arn:aws:sts::444455556666:assumed-role/ci/build-77"
    );
    assert_eq!(sources.slice(expiration.at.span), "\"2026-11-23T11:00:00+00:00\"");
    let text = sources.text(expiration.at.span.source);
    assert!(!text.contains("wJalr") && !text.contains("AQoD"), "{text}");
    assert_eq!(
        collected.snapshot.default_caller(None).unwrap().value,
        expiration.arn.as_ref().unwrap().value
    );
}

#[test]
fn policies_are_told_apart_by_their_elements() {
    let bucket = r#"{ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" } }"#;
    let identity =
        r#"{ "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" } }"#;
    let (_, collected) = sound(&[("1", TRUST), ("2", bucket), ("3", identity)]);
    let types: Vec<_> = collected.snapshot.loose.iter().map(|loose| loose.policy_type).collect();
    assert_eq!(types, [PolicyType::Trust, PolicyType::ResourceBased, PolicyType::IdentityBased]);
}

#[test]
fn a_bad_file_hides_no_other() {
    let role = get_role("arn:aws:iam::111122223333:role/deploy", TRUST);
    let files = [
        ("1.json", "{ \"Role\": "),
        ("2.json", "{ \"Buckets\": [] }"),
        ("3.json", &*role),
        ("4.json", ""),
    ];
    let (sources, collected) = facts(&files);
    let bad: Vec<_> = collected.errors.iter().map(|error| error.file.clone().unwrap()).collect();
    assert_eq!(bad, [Path::new("1.json"), Path::new("2.json"), Path::new("4.json")]);
    assert!(
        collected.errors[1].help.as_ref().unwrap().contains("get-account-authorization-details")
    );
    assert!(sources.place(collected.errors[0].span.unwrap()).file.is_some());
    assert_eq!(collected.snapshot.entities.len(), 1);
}

#[test]
fn a_folder_is_walked_in_order_without_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let role = |name: &str| get_role(&format!("arn:aws:iam::111122223333:role/{name}"), TRUST);
    put("b/role.json", &role("b"));
    put("a.json", &role("a"));
    put(".git/role.json", &role("hidden"));
    put("notes.txt", &role("other"));
    put("package.json", "{ \"name\": \"x\" }");
    put("case.yaml", "why-denied: 1\n");
    put("broken.json", "{");
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("b/loop")).unwrap();
    let mut sources = SourceMap::default();
    let collected = read_paths(&mut sources, &[folder.path().to_owned()]);
    let names: Vec<_> =
        collected.snapshot.entities.values().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(collected.errors.len(), 1);
    let skipped: Vec<_> = collected
        .skipped
        .iter()
        .map(|skipped| skipped.path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        skipped.iter().filter(|name| **name != "loop").collect::<Vec<_>>(),
        [&"case.yaml", &"package.json"]
    );
}

#[test]
fn no_cut_or_spoiled_file_makes_it_panic() {
    let role = get_role("arn:aws:iam::111122223333:role/deploy", TRUST);
    for text in [export(), role] {
        for at in (0..text.len()).step_by(5) {
            let (before, after) = text.split_at(at);
            facts(&[("1.json", before)]);
            for spoiled in ["null", "[]", "{}", "\"", "1,"] {
                if at % 7 == 0 {
                    facts(&[("1.json", &format!("{before}{spoiled}{after}"))]);
                }
            }
        }
    }
    // Values of another type than AWS has.
    for (from, to) in [
        ("\"ci\"", "[]"),
        ("\"/app/\"", "{}"),
        ("[", "{\"x\": ["),
        ("\"v2\"", "2"),
        ("false", "\"no\""),
    ] {
        facts(&[("1.json", &export().replace(from, to))]);
    }
}
