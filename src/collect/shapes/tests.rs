use std::path::{Path, PathBuf};

use super::*;
use crate::collect::{Collected, read_paths};
use crate::policy::PolicyType;
use crate::request::Fact;
use crate::snapshot::ProviderKind;
use crate::text::SourceMap;

#[test]
fn ids_are_unique() {
    let mut ids: Vec<_> = SHAPES.iter().map(|shape| shape.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), SHAPES.len());
}

fn inputs(folders: &[&str]) -> Collected {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inputs");
    let paths: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let collected = read_paths(&mut SourceMap::default(), &paths);
    assert_eq!((collected.errors.as_slice(), collected.skipped.as_slice()), (&[][..], &[][..]));
    collected
}

const ORGANIZATION: [&str; 8] = [
    "describe-organization",
    "list-roots",
    "list-accounts/list-accounts.json",
    "list-organizational-units-for-parent/list-organizational-units-for-parent.json",
    "list-parents",
    "list-policies-for-target",
    "list-targets-for-policy",
    "describe-policy",
];

/// The shape that each folder of samples has to be taken for, where its name is not the shape's.
#[test]
fn every_sample_is_taken_for_what_it_is() {
    let tags = "list-role-tags, -user-tags";
    let other = [
        ("lambda-get-policy", "lambda get-policy"),
        ("list-role-tags", tags),
        ("list-user-tags", tags),
    ];
    let folders = ORGANIZATION.iter().map(|path| path.split('/').next().unwrap());
    let more = [
        "describe-organizational-unit",
        "list-children",
        "list-open-id-connect-providers",
        "get-open-id-connect-provider",
        "list-saml-providers",
        "list-mfa-devices",
        "get-bucket-policy",
        "get-key-policy",
        "get-queue-attributes",
        "get-topic-attributes",
        "get-resource-policy",
        "get-repository-policy",
        "describe-vpc-endpoints",
    ];
    let same = folders.chain(more).map(|folder| (folder, folder));
    for (folder, shape) in same.chain(other) {
        let collected = inputs(&[folder]);
        assert!(!collected.recognised.is_empty(), "{folder}");
        for file in &collected.recognised {
            assert_eq!(file.shape, shape, "{}", file.path.display());
        }
    }
}

#[test]
fn the_tree_is_put_together_from_what_names_its_places() {
    let collected = inputs(&ORGANIZATION);
    assert_eq!(collected.notes, Vec::<String>::new());
    let organizations = &collected.snapshot.organizations;
    let place = organizations.place("444455556666").unwrap();
    assert_eq!(place.id, "o-exampleorg1");
    assert_eq!(place.path.as_deref(), Some("o-exampleorg1/r-ab12/ou-ab12-11111111/"));
    // Nothing shows where the other account stands, though it is in the organization.
    let other = organizations.place("111122223333").unwrap();
    assert_eq!((other.id.as_str(), other.path), ("o-exampleorg1", None));
    assert_eq!(organizations.managed_by("777788889999"), Some("o-exampleorg1"));
    assert!(organizations.spares("777788889999", PolicyType::ServiceControl));
    assert!(!organizations.spares("444455556666", PolicyType::ServiceControl));
    let unit = &organizations.targets["ou-ab12-11111111"];
    let ids: Vec<_> = unit.service_control.items.iter().map(|id| id.value.as_str()).collect();
    assert_eq!(
        (ids, unit.service_control.complete),
        (vec!["p-FullAWSAccess", "p-examplescp1"], true)
    );
    assert!(!organizations.targets["r-ab12"].resource_control.complete);
    assert!(organizations.policies["p-examplescp1"].targets.complete);
}

#[test]
fn paths_and_children_show_the_tree_too() {
    let by_path = inputs(&["list-accounts/with-paths.json"]);
    let place = by_path.snapshot.organizations.place("444455556666").unwrap();
    let path = "o-exampleorg1/r-ab12/ou-ab12-11111111/ou-ab12-22222222/";
    assert_eq!(place.path.as_deref(), Some(path));
    let children = inputs(&["list-children", "describe-organizational-unit"]);
    let place = children.snapshot.organizations.place("111122223333").unwrap();
    assert_eq!(place.path.as_deref(), Some("o-exampleorg1/r-ab12/ou-ab12-11111111/"));
}

/// Facts from texts, with file names that say nothing.
fn texts(texts: &[&str]) -> Collected {
    let names: Vec<PathBuf> = (0..texts.len()).map(|at| format!("{at}.json").into()).collect();
    let mut sources = SourceMap::default();
    crate::collect::read_files(&mut sources, &names, &|path| {
        let at = names.iter().position(|name| name == path).unwrap();
        Ok(texts[at].as_bytes().to_vec())
    })
}

const SUMMARY: &str = r#"{ "Id": "p-examplescp1", "Name": "x", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false,
    "Arn": "arn:aws:organizations::777788889999:policy/o-exampleorg1/service_control_policy/p-examplescp1" }"#;

#[test]
fn what_may_belong_to_several_is_joined_with_none() {
    let children = r#"{ "Children": [ { "Id": "444455556666", "Type": "ACCOUNT" }, { "Id": "111122223333", "Type": "ACCOUNT" } ] }"#;
    let parents = r#"{ "Parents": [ { "Id": "r-ab12", "Type": "ROOT" } ] }"#;
    let collected = texts(&[children, parents]);
    let notes = collected.notes.join("\n");
    assert!(notes.contains("cannot tell whose parents `1.json` lists"), "{notes}");
    // One root is known, so only there the children can hang.
    assert!(notes.contains("`0.json` is taken to list the children of r-ab12"), "{notes}");
    let one = r#"{ "Children": [ { "Id": "444455556666", "Type": "ACCOUNT" } ] }"#;
    let collected = texts(&[one, parents]);
    let account = &collected.snapshot.organizations.targets["444455556666"];
    assert_eq!(account.parent.as_ref().unwrap().value, "r-ab12");
}

#[test]
fn a_list_of_policies_belongs_only_where_all_are_known_to_be() {
    let policies = format!(r#"{{ "Policies": [ {SUMMARY} ] }}"#);
    let described = format!(
        r#"{{ "Policy": {{ "PolicySummary": {SUMMARY}, "Content": "{{\"Statement\": []}}" }} }}"#
    );
    let targets = r#"{ "Targets": [ { "TargetId": "444455556666", "Name": "ci", "Type": "ACCOUNT",
        "Arn": "arn:aws:organizations::777788889999:account/o-exampleorg1/444455556666" } ] }"#;
    let account = r#"{ "Accounts": [ { "Id": "444455556666", "Arn": "arn:aws:organizations::777788889999:account/o-exampleorg1/444455556666" } ] }"#;
    let collected = texts(&[&policies, account]);
    assert!(
        collected.snapshot.organizations.targets["444455556666"].service_control.items.is_empty()
    );
    let collected = texts(&[&policies, &described, targets]);
    let list = &collected.snapshot.organizations.targets["444455556666"].service_control;
    assert_eq!((list.items.len(), list.complete), (1, true), "{:?}", collected.notes);
}

#[test]
fn policies_of_resources_are_found_by_arn() {
    let collected = inputs(&[
        "get-bucket-policy",
        "get-key-policy",
        "get-queue-attributes",
        "get-topic-attributes",
        "lambda-get-policy",
        "get-resource-policy",
        "get-repository-policy",
    ]);
    assert_eq!(collected.notes, Vec::<String>::new());
    let has =
        |arn: &str| collected.snapshot.resource_policy(arn).map(|policy| policy.document.is_some());
    assert_eq!(has("arn:aws:s3:::example-logs"), Some(true));
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(has(key), Some(true));
    assert_eq!(has("arn:aws:sqs:eu-west-1:111122223333:orders"), Some(true));
    assert_eq!(has("arn:aws:sqs:eu-west-1:111122223333:jobs"), Some(false));
    assert_eq!(has("arn:aws:sns:eu-west-1:111122223333:alerts"), Some(true));
    assert_eq!(has("arn:aws:lambda:eu-west-1:111122223333:function:resize"), Some(true));
    assert_eq!(
        has("arn:aws:secretsmanager:eu-west-1:111122223333:secret:database-a1b2c3"),
        Some(true)
    );
    assert_eq!(
        has("arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-a1b2c3"),
        Some(false)
    );
    assert_eq!(has("arn:aws:ecr:eu-west-1:111122223333:repository/team/app"), Some(true));
    assert_eq!(has("arn:aws:s3:::other"), None);
}

#[test]
fn a_policy_that_names_no_single_resource_is_nobodys() {
    let two = r#"{ "Policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Resource\": [\"arn:aws:s3:::a/*\", \"arn:aws:s3:::b/*\"]}]}" }"#;
    let key = r#"{ "Policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"kms:*\", \"Resource\": \"*\"}]}" }"#;
    let queue = r#"{ "Attributes": { "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:jobs" } }"#;
    let collected = texts(&[two, key, queue]);
    assert!(collected.snapshot.resource_policies.is_empty());
    assert!(collected.notes[0].contains("of which bucket `0.json`"), "{:?}", collected.notes);
    assert!(collected.notes[1].contains("of which key `1.json`"), "{:?}", collected.notes);
}

#[test]
fn providers_and_devices_are_those_of_their_account() {
    let collected = inputs(&[
        "list-open-id-connect-providers",
        "get-open-id-connect-provider",
        "list-saml-providers",
        "list-mfa-devices",
    ]);
    let snapshot = &collected.snapshot;
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let ids = snapshot.providers[github].client_ids.as_ref().unwrap();
    assert_eq!(ids[0].value, "sts.amazonaws.com");
    assert_eq!(snapshot.providers.len(), 3);
    assert!(snapshot.providers_listed.contains(&(ProviderKind::Saml, "111122223333".to_owned())));
    assert_eq!(snapshot.mfa_devices[0].serial.value, "arn:aws:iam::444455556666:mfa/ana");
    let alone = inputs(&["get-open-id-connect-provider"]);
    assert!(alone.notes[0].contains("cannot tell of which account"), "{:?}", alone.notes);
}

#[test]
fn tags_go_to_the_one_role_beside_them() {
    let role =
        r#"{ "Roles": [ { "RoleName": "ci", "Arn": "arn:aws:iam::444455556666:role/ci" } ] }"#;
    let tags = r#"{ "Tags": [ { "Key": "team", "Value": "blue" } ] }"#;
    let collected = texts(&[role, tags]);
    let tags_of = |collected: &Collected| {
        collected.snapshot.entities["arn:aws:iam::444455556666:role/ci"].tags.clone()
    };
    assert_eq!(tags_of(&collected), Fact::Known(vec![("team".into(), "blue".into())]));
    let cut = tags.replace("] }", "], \"IsTruncated\": true }");
    assert_eq!(tags_of(&texts(&[role, &cut])).known(), None);
}
