//! The ARN of a resource, put together from what the parameters of a call say of each of its parts.

use serde_json::Value;

use super::action::{Action, Taken, path, plain};
use super::event::Event;
use super::resource::{DEEPEST, Part, fits, parts, texts};
use crate::policy::is_account_id;
use crate::reference;

/// Parts that hold a path besides the name, which the parameters do not tell.
const WITH_PATH: &str = "WithPath";
/// Parts to which AWS adds letters that the parameters do not tell.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>
const WITH_MORE: &[&str] = &["SecretId"];
/// Parts of ARNs of EC2, and what each id begins with.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>
const IDS: &[(&str, &str)] = &[
    ("InstanceId", "i-"),
    ("ImageId", "ami-"),
    ("SnapshotId", "snap-"),
    ("VolumeId", "vol-"),
    ("SecurityGroupId", "sg-"),
    ("SecurityGroupRuleId", "sgr-"),
    ("SubnetId", "subnet-"),
    ("VpcId", "vpc-"),
    ("NetworkInterfaceId", "eni-"),
    ("RouteTableId", "rtb-"),
    ("InternetGatewayId", "igw-"),
    ("NatGatewayId", "nat-"),
    ("NaclId", "acl-"),
    ("VpcEndpointId", "vpce-"),
    ("VpcPeeringConnectionId", "pcx-"),
    ("VpcFlowLogId", "fl-"),
    ("AllocationId", "eipalloc-"),
    ("LaunchTemplateId", "lt-"),
    ("TransitGatewayId", "tgw-"),
    ("TransitGatewayAttachmentId", "tgw-attach-"),
    ("TransitGatewayRouteTableId", "tgw-rtb-"),
    ("CustomerGatewayId", "cgw-"),
    ("VpnGatewayId", "vgw-"),
    ("VpnConnectionId", "vpn-"),
    ("DhcpOptionsId", "dopt-"),
    ("CapacityReservationId", "cr-"),
    ("PrefixListId", "pl-"),
    ("FleetId", "fleet-"),
    ("SpotInstanceRequestId", "sir-"),
    ("SpotFleetRequestId", "sfr-"),
    ("DedicatedHostId", "h-"),
];

/// Parameters that are named otherwise than the part of the ARN: the service, the part, the parameter.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html>
const PARAMETERS: &[(&str, &str, &str)] = &[
    ("s3", "ObjectName", "key"),
    ("rds", "DbClusterInstanceName", "dBClusterIdentifier"),
    ("rds", "ClusterSnapshotName", "dBClusterSnapshotIdentifier"),
    ("rds", "ClusterParameterGroupName", "dBClusterParameterGroupName"),
    ("rds", "ParameterGroupName", "dBParameterGroupName"),
    ("rds", "SnapshotName", "dBSnapshotIdentifier"),
    ("rds", "SubnetGroupName", "dBSubnetGroupName"),
    ("ssm", "ParameterNameWithoutLeadingSlash", "name"),
    ("logs", "LogGroupName", "logGroupName"),
    ("elasticmapreduce", "ClusterId", "jobFlowId"),
    ("mobiletargeting", "AppId", "applicationId"),
];

/// Where the parts of an ARN are looked for.
pub(super) struct Place<'p> {
    pub(super) event: &'p Event<'p>,
    pub(super) action: &'p Action,
    pub(super) parameters: &'p Value,
}

impl<'p> Place<'p> {
    /// The account that was called.
    fn account(&self) -> Option<&'p str> {
        let Event { recipient, identity, .. } = self.event;
        // An endpoint's owner gets the event too, and is not called.
        let first = if self.event.is_of_endpoint() { "" } else { recipient };
        [first, &identity.account].into_iter().find(|one| is_account_id(one))
    }

    fn partition(&self) -> Option<&'static str> {
        // A query may leave out the region; the caller is of the same partition.
        let of_caller =
            || reference::partition(self.event.identity.arn.split(':').nth(1).unwrap_or_default());
        Some(reference::partition_of_region(&self.event.region).or_else(of_caller)?.id)
    }

    /// What an operation of API Gateway calls.
    pub(super) fn called(&self) -> Option<String> {
        let path = path(&self.event.name, self.parameters)?;
        let (partition, region) = (self.partition()?, &self.event.region);
        let arn = |account: &str| format!("arn:{partition}:apigateway:{region}:{account}:{path}");
        // Portals and the like have an account in their ARNs, what was there before has none.
        let with_account = self.account().map(arn).filter(|arn| {
            let mut takes = self.action.takes.iter();
            takes.any(|taken| taken.arn.contains("${Account}") && fits(&taken.arn, arn))
        });
        Some(with_account.unwrap_or_else(|| arn("")))
    }

    /// What `sts:AssumeRoot` is about: the root user of the account that the call names.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
    pub(super) fn root(&self) -> Option<String> {
        let target = self.parameters.get("targetPrincipal")?.as_str()?;
        let root = || Some(format!("arn:{}:iam::{target}:root", self.partition()?));
        is_account_id(target).then(root).flatten()
    }

    /// An ARN of the form, if every part of it is known, and there is one that tells it from others.
    pub(super) fn fill(&self, taken: &Taken) -> Option<String> {
        let mut arn = String::new();
        let mut has_own = false;
        for part in parts(&taken.arn) {
            match part {
                Part::Literal(literal) => arn.push_str(literal),
                Part::Name("Partition") => arn.push_str(self.partition()?),
                Part::Name("Region") => {
                    arn.push_str(Some(&self.event.region).filter(|it| !it.is_empty())?);
                }
                Part::Name("Account") => arn.push_str(self.account()?),
                Part::Name(name) if name.ends_with(WITH_PATH) || WITH_MORE.contains(&name) => {
                    return None;
                }
                Part::Name(name) => {
                    has_own = true;
                    arn.push_str(self.value(name, &taken.kind)?);
                }
            }
        }
        if (self.action.name.starts_with("logs:"), taken.kind.as_str()) == (true, "log-group") {
            // So AWS names a group to whom it denies it, and so a policy's `:*` covers it.
            // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html>
            arn.push_str(":log-stream:");
        }
        (has_own || self.action.takes.len() == 1).then_some(arn)
    }

    /// What the parameters say of a part of an ARN.
    fn value(&self, name: &str, kind: &str) -> Option<&'p str> {
        let service = self.action.name.split(':').next().unwrap_or_default();
        if service == "ec2"
            && let Some((_, start)) = IDS.iter().find(|(own, _)| *own == name)
        {
            return self.id(start);
        }
        if (service, name) == ("wafv2", "Scope") {
            // <https://docs.aws.amazon.com/waf/latest/APIReference/API_GetWebACL.html>
            return match self.parameters.get("scope")?.as_str()? {
                "REGIONAL" => Some("regional"),
                "CLOUDFRONT" => Some("global"),
                _ => None,
            };
        }
        let known = PARAMETERS.iter().find(|(of, own, _)| (*of, *own) == (service, name));
        if let Some((.., key)) = known {
            let value = self.parameters.get(*key)?.as_str()?;
            let value = if service == "ssm" { value.trim_start_matches('/') } else { value };
            return Some(value).filter(|value| !value.is_empty() && !value.starts_with("arn:"));
        }
        if (service, name) == ("ssm", "DocumentName") && self.is_of_aws() {
            return None;
        }
        let members = self.parameters.as_object()?;
        let text = |is_it: &dyn Fn(&str) -> bool| {
            let value = members.iter().find(|(key, _)| is_it(key))?.1.as_str()?;
            let is_plain = !value.is_empty() && !value.contains([':', '/', '*']);
            is_plain.then_some(value)
        };
        text(&|key| key.eq_ignore_ascii_case(name))
            .or_else(|| text(&|key| is_same_thing(name, key)))
            .or_else(|| {
                // `Id` of a hosted zone is `hostedZoneId`, and `name` in DescribeCluster that of the cluster.
                let end = ["Id", "Name"].into_iter().find(|end| name.ends_with(end))?;
                let own = format!("{kind}{end}");
                let is_general = ["Id", "Name", "ResourceId", "ResourceName"].contains(&name);
                text(&|key| is_general && is_alike(key, &own)).or_else(|| {
                    let operation = plain(&self.event.name).to_ascii_lowercase();
                    let is_of_kind = operation.ends_with(&letters(kind));
                    text(&|key| is_of_kind && key.eq_ignore_ascii_case(end))
                })
            })
    }

    /// Whether a document of Systems Manager is one of AWS, whose ARN has no account of ours.
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html>
    fn is_of_aws(&self) -> bool {
        let names = ["documentName", "name"].into_iter().filter_map(|key| self.parameters.get(key));
        names
            .filter_map(Value::as_str)
            .any(|name| name.starts_with("AWS") || name.starts_with("Amazon"))
    }

    /// The only id in the parameters that begins so.
    fn id(&self, start: &str) -> Option<&'p str> {
        let mut found: Vec<&str> = Vec::new();
        texts(self.parameters, DEEPEST, &mut |text| {
            let is_id = text.strip_prefix(start).is_some_and(|rest| {
                matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            if is_id && !found.contains(&text) {
                found.push(text);
            }
        });
        match found.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Letters and digits, in lower case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect()
}

fn is_alike(one: &str, other: &str) -> bool {
    letters(one) == letters(other)
}

/// Whether a parameter says what the part of an ARN is: `cluster` or `clusterIdentifier` for `ClusterName`,
/// but not `clusterId`.
fn is_same_thing(part: &str, parameter: &str) -> bool {
    let (part, parameter) = (letters(part), letters(parameter));
    let Some(stem) = part.strip_suffix("name").or_else(|| part.strip_suffix("id")) else {
        return parameter.strip_suffix("name").or_else(|| parameter.strip_suffix("identifier"))
            == Some(part.as_str());
    };
    let rest = parameter.strip_prefix(stem);
    stem.len() > 1 && matches!(rest, Some("" | "identifier"))
}
