use super::*;
use crate::collect::tests::{TRUST, export, get_role, sound};
use crate::request::{Caller, CallerKind, Fact};
use crate::text::Spanned;

fn request(sources: &mut SourceMap, caller: &str, action: &str, resource: &str) -> Request {
    let id = sources.add_given("request", format!("{caller} {action} {resource}"));
    let span = sources.whole(id);
    let text = |value: &str| Spanned { value: value.to_owned(), span };
    Request::new(Caller::parse(text(caller)).unwrap(), text(action), text(resource))
}

/// What one layer holds: the names of its policies and the facts that are missing.
fn summary(layers: &Layers, policy_type: PolicyType) -> Option<(Vec<String>, Vec<String>)> {
    let layer = layers.of(policy_type).next()?;
    Some((
        layer.policies.iter().map(Attached::title).collect(),
        layer.missing.iter().map(|gap| gap.fact.clone()).collect(),
    ))
}

const CI: &str = "arn:aws:sts::444455556666:assumed-role/ci/build-77";
const DEPLOY: &str = "arn:aws:iam::111122223333:role/deploy";

fn assembled(
    files: &[(&str, &str)],
    caller: &str,
    action: &str,
    resource: &str,
) -> (Request, Layers, Vec<String>) {
    let (mut sources, collected) = sound(files);
    let mut request = request(&mut sources, caller, action, resource);
    let (layers, notes) =
        assemble(&collected.snapshot, &mut sources, LayerFiles::default(), &mut request);
    (request, layers, notes)
}

#[test]
fn a_sessions_policies_are_those_of_its_role() {
    let role = get_role(DEPLOY, TRUST);
    let (request, layers, _) =
        assembled(&[("e", &export()), ("r", &role)], CI, "sts:AssumeRole", DEPLOY);
    assert_eq!(request.caller.role_path, Fact::Known("/app/".into()));
    assert_eq!(request.caller.unique_id.as_deref(), Some("AROAEXAMPLEEXAMPLE123"));
    assert_eq!(request.caller.tags.known(), None);
    assert_eq!(request.role.max_session_duration.as_ref().unwrap().value, 7200);
    assert_eq!(request.role.exists, Some(true));
    assert_eq!(request.resource.tags, Fact::Known(Vec::new()));
    let identity = summary(&layers, PolicyType::IdentityBased).unwrap();
    assert_eq!(identity, (vec!["ci-inline".into(), "ci-deploy".into()], vec![]));
    let trust = summary(&layers, PolicyType::Trust).unwrap();
    assert_eq!((trust.0.len(), trust.1.len()), (1, 0));
    // The boundary is known to be there, and its document is not in the export.
    let boundary = summary(&layers, PolicyType::PermissionsBoundary).unwrap();
    assert_eq!(
        boundary.1,
        ["the document of managed policy arn:aws:iam::444455556666:policy/limit"]
    );
    let gaps = |policy_type| summary(&layers, policy_type).unwrap().1;
    assert_eq!(
        gaps(PolicyType::ServiceControl),
        ["the service control policies of account 444455556666"]
    );
    assert_eq!(
        gaps(PolicyType::ResourceControl),
        ["the resource control policies of account 111122223333"]
    );
    assert_eq!(gaps(PolicyType::Session).len(), 1);
    assert_eq!(gaps(PolicyType::VpcEndpoint).len(), 1);
}

#[test]
fn a_user_has_the_policies_of_its_groups() {
    let user = "arn:aws:iam::444455556666:user/ana";
    let (request, layers, _) = assembled(&[("e", &export())], user, "s3:ListAllMyBuckets", "*");
    assert_eq!(request.caller.tags, Fact::Known(vec![("team".into(), "blue".into())]));
    let (names, missing) = summary(&layers, PolicyType::IdentityBased).unwrap();
    assert_eq!(names, ["dev-inline", "ReadOnlyAccess"], "the text of the latter is embedded");
    assert_eq!(missing, Vec::<String>::new());
    for absent in [
        PolicyType::PermissionsBoundary,
        PolicyType::Session,
        PolicyType::ResourceBased,
        PolicyType::Trust,
    ] {
        assert_eq!(summary(&layers, absent), None);
    }
}

#[test]
fn nothing_known_is_a_gap_with_the_command_that_closes_it() {
    let (_, layers, _) = assembled(&[], CI, "sts:AssumeRole", DEPLOY);
    let gap = &layers.of(PolicyType::IdentityBased).next().unwrap().missing[0];
    assert!(
        gap.reason.contains("nothing about role `ci` of account 444455556666"),
        "{}",
        gap.reason
    );
    assert!(gap.supply.contains("aws iam get-account-authorization-details"), "{}", gap.supply);
    let trust = &layers.of(PolicyType::Trust).next().unwrap().missing[0];
    assert!(trust.supply.contains("aws iam get-role --role-name deploy"), "{}", trust.supply);
}

#[test]
fn a_whole_export_proves_that_a_role_is_missing() {
    let role = "arn:aws:iam::444455556666:role/ci";
    let (request, layers, _) = assembled(&[("e", &export())], CI, "sts:AssumeRole", role);
    assert_eq!(request.role.exists, Some(false));
    assert_eq!(summary(&layers, PolicyType::Trust), Some((vec![], vec![])));
    assert_eq!(request.role.alike.as_deref(), Some("arn:aws:iam::444455556666:role/app/ci"));
}

#[test]
fn a_single_policy_of_a_role_leaves_the_others_open() {
    let inline =
        r#"{ "RoleName": "ci", "PolicyName": "in", "PolicyDocument": { "Statement": [] } }"#;
    let (_, layers, _) = assembled(&[("i", inline)], CI, "sts:AssumeRole", DEPLOY);
    let (names, missing) = summary(&layers, PolicyType::IdentityBased).unwrap();
    assert_eq!((names, missing.len()), (vec!["in".to_owned()], 1));
    let role = get_role("arn:aws:iam::444455556666:role/ci", TRUST);
    let (_, layers, _) = assembled(&[("i", inline), ("r", &role)], CI, "sts:AssumeRole", DEPLOY);
    let (names, missing) = summary(&layers, PolicyType::IdentityBased).unwrap();
    assert_eq!(names, ["in"]);
    assert_eq!(
        missing,
        ["the inline policies of role ci", "the managed policies attached to role ci"]
    );
}

#[test]
fn two_roles_of_one_name_are_not_guessed_between() {
    let one = get_role("arn:aws:iam::444455556666:role/ci", TRUST);
    let (_, layers, notes) =
        assembled(&[("a", &export()), ("b", &one)], CI, "sts:AssumeRole", DEPLOY);
    let (names, missing) = summary(&layers, PolicyType::IdentityBased).unwrap();
    assert_eq!((names.len(), missing.len()), (0, 1));
    assert!(notes[0].contains("may be any of"), "{notes:?}");
    let arn = "arn:aws:iam::444455556666:role/app/ci";
    let (_, layers, _) = assembled(&[("a", &export()), ("b", &one)], arn, "sts:AssumeRole", DEPLOY);
    assert_eq!(summary(&layers, PolicyType::IdentityBased).unwrap().0.len(), 2);
}

#[test]
fn policies_that_are_given_replace_what_the_facts_say() {
    let (mut sources, collected) = sound(&[("e", &export())]);
    let mut request = request(&mut sources, CI, "sts:AssumeRole", DEPLOY);
    let mut files = LayerFiles::default();
    files.none(PolicyType::PermissionsBoundary);
    let path = std::path::Path::new("trust.json");
    files.push_file(&mut sources, path, TRUST.into(), PolicyType::Trust, 0).unwrap();
    files
        .push_file(&mut sources, path, get_role(DEPLOY, TRUST).into(), PolicyType::Trust, 0)
        .unwrap();
    files
        .push_file(&mut sources, path, "{\"Statement\": []}".into(), PolicyType::ServiceControl, 2)
        .unwrap();
    assert!(files.push_file(&mut sources, path, "{}".into(), PolicyType::Trust, 0).is_err());
    let (layers, _) = assemble(&collected.snapshot, &mut sources, files, &mut request);
    assert_eq!(summary(&layers, PolicyType::Trust).unwrap().0.len(), 2);
    assert_eq!(summary(&layers, PolicyType::PermissionsBoundary), None);
    assert_eq!(layers.of(PolicyType::ServiceControl).next().unwrap().level, 2);
}

#[test]
fn layers_that_cannot_apply_are_no_gaps() {
    let (mut sources, collected) = sound(&[]);
    let mut of = |caller: &str, action: &str, resource: &str, absent: &[&str]| {
        let mut request = request(&mut sources, caller, action, resource);
        let span = request.action.span;
        for key in absent {
            request.context.set(key, Given::Absent, span);
        }
        let (layers, _) =
            assemble(&collected.snapshot, &mut sources, LayerFiles::default(), &mut request);
        layers.layers.iter().map(|layer| layer.policy_type.id()).collect::<Vec<_>>()
    };
    assert_eq!(of("anonymous", "iam:ListRoles", "*", &["aws:SourceVpce"]), Vec::<&str>::new());
    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(of(root, "iam:ListRoles", "*", &["aws:SourceVpce"]), ["service-control"]);
    assert_eq!(
        of("ec2.amazonaws.com", "sts:AssumeRole", DEPLOY, &["aws:SourceVpce"]),
        ["trust", "resource-control"]
    );
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    assert_eq!(of(linked, "iam:ListRoles", "*", &["aws:SourceVpce"]), ["identity-based"]);
    assert_eq!(
        of(root, "s3:GetObject", "arn:aws:s3:::logs/a/b", &[]),
        ["resource-based", "service-control", "resource-control", "vpc-endpoint"]
    );
}

#[test]
fn the_policy_of_an_object_is_that_of_its_bucket() {
    let (_, layers, _) = assembled(&[], CI, "s3:GetObject", "arn:aws:s3:::logs/a/b");
    let gap = &layers.of(PolicyType::ResourceBased).next().unwrap().missing[0];
    assert_eq!(gap.fact, "the resource-based policy of arn:aws:s3:::logs");
    assert!(gap.supply.contains("aws s3api get-bucket-policy --bucket logs`"), "{}", gap.supply);
}

#[test]
fn an_expiry_goes_to_its_own_session() {
    let session = r#"{ "Credentials": { "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "Expiration": "2026-11-23T11:00:00Z" },
        "AssumedRoleUser": { "Arn": "arn:aws:sts::444455556666:assumed-role/ci/build-77" } }"#;
    let (request, ..) = assembled(&[("s", session)], CI, "s3:ListAllMyBuckets", "*");
    assert!(request.caller.expires.is_some());
    let other = CI.replace("77", "78");
    let (request, ..) = assembled(&[("s", session)], &other, "s3:ListAllMyBuckets", "*");
    assert_eq!((request.caller.kind, request.caller.expires), (CallerKind::RoleSession, None));
}

#[test]
fn many_requests_read_each_policy_once() {
    let (mut sources, collected) = sound(&[("e", &export())]);
    let mut requests: Vec<_> = (0..50)
        .map(|at| request(&mut sources, CI, "s3:GetObject", &format!("arn:aws:s3:::b/{at}")))
        .collect();
    let mut assembler = Assembler::new(&collected.snapshot, &mut sources, LayerFiles::default());
    let first = assembler.layers(&mut requests[0]);
    for request in &mut requests {
        let layers = assembler.layers(request);
        assert!(Arc::ptr_eq(&first.layers[0], &layers.layers[0]));
    }
}

#[test]
fn a_document_that_cannot_be_read_is_a_gap() {
    let role = get_role(DEPLOY, r#""{\"Statement\": [,]}""#);
    let (_, layers, notes) = assembled(&[("r", &role)], CI, "sts:AssumeRole", DEPLOY);
    let (names, missing) = summary(&layers, PolicyType::Trust).unwrap();
    assert_eq!((names.len(), missing.len(), notes.len()), (0, 1, 1));
}

const ACCOUNT: &str = r#"{ "Accounts": [ { "Id": "444455556666", "Name": "ci",
    "Arn": "arn:aws:organizations::777788889999:account/o-exampleorg1/444455556666" } ] }"#;
const PARENTS: &str =
    r#"{ "Parents": [ { "Id": "ou-ab12-11111111", "Type": "ORGANIZATIONAL_UNIT" } ] }"#;

fn attached(id: &str) -> String {
    format!(
        r#"{{ "Policies": [ {{ "Id": "{id}", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": true, "Name": "{id}" }} ] }}"#
    )
}

/// Each level of service control policies: its depth, its policies and what is missing.
fn levels(files: &[(&str, &str)]) -> Vec<(u32, Vec<String>, Vec<crate::layers::Missing>)> {
    let (_, layers, _) = assembled(files, CI, "s3:ListAllMyBuckets", "*");
    (layers.of(PolicyType::ServiceControl))
        .map(|layer| {
            let names = layer.policies.iter().map(Attached::title).collect();
            (layer.level, names, layer.missing.to_vec())
        })
        .collect()
}

#[test]
fn a_tree_without_its_top_names_what_is_above() {
    let full = attached("p-FullAWSAccess");
    let found = levels(&[
        ("a", ACCOUNT),
        ("parents-444455556666.json", PARENTS),
        ("scp-444455556666.json", &full),
    ]);
    let [(0, above, gap), (1, unit, missing), (2, account, none)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (above.len(), unit.len(), account.as_slice()),
        (0, 0, &["FullAWSAccess".to_owned()][..])
    );
    assert!(
        gap[0]
            .supply
            .contains("list-parents --child-id ou-ab12-11111111 > parents-ou-ab12-11111111.json"),
        "{gap:?}"
    );
    let command = "aws organizations list-policies-for-target --target-id ou-ab12-11111111 --filter SERVICE_CONTROL_POLICY > scp-ou-ab12-11111111.json";
    assert!(missing[0].supply.contains(command), "{missing:?}");
    assert_eq!(none.len(), 0);
}

#[test]
fn a_control_policy_without_its_document_is_a_gap() {
    let other = attached("p-examplescp1");
    let found = levels(&[("a", ACCOUNT), ("scp-444455556666.json", &other)]);
    let (_, _, missing) = found.last().unwrap();
    assert!(missing[0].supply.contains("describe-policy --policy-id p-examplescp1"), "{missing:?}");
}

#[test]
fn where_a_type_is_not_enabled_or_the_account_manages_there_is_no_level() {
    let managing = ACCOUNT.replace("777788889999", "444455556666");
    assert_eq!(levels(&[("a", &managing)]).len(), 0);
    let root = r#"{ "Roots": [ { "Id": "r-ab12", "Name": "Root", "PolicyTypes": [],
        "Arn": "arn:aws:organizations::777788889999:root/o-exampleorg1/r-ab12" } ] }"#;
    let parents = PARENTS.replace("ou-ab12-11111111", "r-ab12");
    let files = [("a", ACCOUNT), ("r", root), ("parents-444455556666.json", parents.as_str())];
    assert_eq!(levels(&files).len(), 0);
}

#[test]
fn a_gateway_endpoint_that_names_an_account_leaves_the_answer_open() {
    let endpoints = r#"{ "VpcEndpoints": [ { "VpcEndpointId": "vpce-1", "VpcEndpointType": "KIND",
        "PolicyDocument": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"444455556666\"}, \"Action\": \"*\", \"Resource\": \"*\"}}" } ] }"#;
    for (kind, gaps) in [("Interface", 0), ("Gateway", 1)] {
        let (mut sources, collected) = sound(&[("e", &endpoints.replace("KIND", kind))]);
        let mut request = request(&mut sources, CI, "s3:GetObject", "arn:aws:s3:::logs/a");
        let span = request.action.span;
        request.context.set("aws:SourceVpce", Given::One("vpce-1".into()), span);
        let (layers, _) =
            assemble(&collected.snapshot, &mut sources, LayerFiles::default(), &mut request);
        let (names, missing) = summary(&layers, PolicyType::VpcEndpoint).unwrap();
        assert_eq!((names.len(), missing.len()), (1, gaps));
    }
}

#[test]
fn only_resources_of_some_types_may_have_a_policy() {
    let gaps = |action: &str, resource: &str| {
        let (_, layers, _) = assembled(&[("e", &export())], CI, action, resource);
        summary(&layers, PolicyType::ResourceBased).map(|(_, gaps)| gaps.len())
    };
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let cluster = arn("kafka:eu-west-1:111122223333:cluster/a/b");
    assert_eq!(gaps("kafka:CreateVpcConnection", &cluster), Some(1));
    let topic = arn("kafka:eu-west-1:111122223333:configuration/a");
    assert_eq!(gaps("kafka:DescribeConfiguration", &topic), None);
    let profile = arn("signer:eu-west-1:111122223333:/signing-profiles/p");
    assert_eq!(gaps("signer:StartSigningJob", &profile), Some(1));
    assert_eq!(
        gaps("sagemaker:CreateEndpoint", &arn("sagemaker:eu-west-1:111122223333:endpoint/e")),
        None
    );
}

#[test]
fn a_resource_that_is_known_to_have_no_policy_is_no_gap() {
    let secret = r#"{ "ARN": "arn:aws:secretsmanager:eu-west-1:444455556666:secret:t-a1b2c3", "Name": "t" }"#;
    let arn = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:t-a1b2c3";
    let (_, layers, _) = assembled(&[("s", secret)], CI, "secretsmanager:GetSecretValue", arn);
    assert_eq!(summary(&layers, PolicyType::ResourceBased), None);
}

#[test]
fn every_embedded_policy_reads_without_a_problem() {
    let mut wrong = Vec::new();
    for key in crate::reference::managed_policies() {
        let arn = format!("arn:aws:iam::aws:policy/{key}");
        let text = crate::reference::managed_policy(&arn).unwrap().document().unwrap();
        let mut sources = SourceMap::default();
        let source = sources.add_given(key, text);
        let documents = crate::doc::parse(&sources, source, crate::doc::Syntax::Json).unwrap();
        let policy = crate::policy::read(documents[0].root(), PolicyType::IdentityBased);
        wrong.extend(policy.problems.iter().map(|problem| format!("{key}: {}", problem.message)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}
