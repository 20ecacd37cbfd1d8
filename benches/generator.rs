//! An account of any size, and requests against it: the same ones every time.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses a part")]

use std::fmt::Write as _;

/// The account of all that is generated.
pub const ACCOUNT: &str = "111122223333";

/// xorshift64*: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }
}

/// What `aws iam get-account-authorization-details` prints for an account of so many roles: each
/// with a trust policy, two inline policies and two managed ones, some with a boundary.
pub fn export(roles: usize) -> String {
    let mut out = String::from(
        "{\n    \"UserDetailList\": [],\n    \"GroupDetailList\": [],\n    \"RoleDetailList\": [",
    );
    for role in 0..roles {
        let comma = if role == 0 { "" } else { "," };
        let boundary = if role % 10 == 0 {
            format!(
                ",\n            \"PermissionsBoundary\": {{ \"PermissionsBoundaryType\": \"Policy\", \"PermissionsBoundaryArn\": \"arn:aws:iam::{ACCOUNT}:policy/boundary\" }}"
            )
        } else {
            String::new()
        };
        let _ = write!(
            out,
            r#"{comma}
        {{
            "Path": "/",
            "RoleName": "role-{role}",
            "RoleId": "AROAEXAMPLE{role:010}",
            "Arn": "arn:aws:iam::{ACCOUNT}:role/role-{role}",
            "CreateDate": "2025-03-01T09:00:00+00:00",
            "AssumeRolePolicyDocument": {{
                "Version": "2012-10-17",
                "Statement": [
                    {{ "Effect": "Allow", "Principal": {{ "Service": "ec2.amazonaws.com" }}, "Action": "sts:AssumeRole" }},
                    {{ "Effect": "Allow", "Principal": {{ "AWS": "arn:aws:iam::{ACCOUNT}:role/role-{next}" }}, "Action": "sts:AssumeRole", "Condition": {{ "StringEquals": {{ "sts:ExternalId": "id-{role}" }} }} }},
                    {{ "Effect": "Allow", "Principal": {{ "AWS": "arn:aws:iam::{ACCOUNT}:root" }}, "Action": ["sts:AssumeRole", "sts:TagSession"] }}
                ]
            }},
            "InstanceProfileList": [],
            "RolePolicyList": [
                {{
                    "PolicyName": "data",
                    "PolicyDocument": {{
                        "Version": "2012-10-17",
                        "Statement": [
                            {{ "Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": ["arn:aws:s3:::data-{role}", "arn:aws:s3:::data-{role}/*"] }},
                            {{ "Sid": "Queue", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": "arn:aws:sqs:*:{ACCOUNT}:queue-{role}-*" }},
                            {{ "Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*", "Condition": {{ "StringNotEquals": {{ "aws:PrincipalTag/admin": "true" }} }} }}
                        ]
                    }}
                }},
                {{
                    "PolicyName": "assume",
                    "PolicyDocument": {{
                        "Version": "2012-10-17",
                        "Statement": {{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::{ACCOUNT}:role/role-{even}*" }}
                    }}
                }}
            ],
            "AttachedManagedPolicies": [
                {{ "PolicyName": "common", "PolicyArn": "arn:aws:iam::{ACCOUNT}:policy/common" }},
                {{ "PolicyName": "team-{team}", "PolicyArn": "arn:aws:iam::{ACCOUNT}:policy/team-{team}" }}
            ],
            "Tags": [ {{ "Key": "team", "Value": "team-{team}" }} ]{boundary}
        }}"#,
            next = (role + 1) % roles,
            even = role / 2 * 2,
            team = role % 50,
        );
    }
    out.push_str("\n    ],\n    \"Policies\": [");
    for (at, name) in ["common".to_owned(), "boundary".to_owned()]
        .into_iter()
        .chain((0..50).map(|team| format!("team-{team}")))
        .enumerate()
    {
        let comma = if at == 0 { "" } else { "," };
        let action = match name.as_str() {
            "boundary" => r#""s3:*", "sqs:*", "sts:*", "logs:*""#,
            _ => r#""logs:CreateLogStream", "logs:PutLogEvents", "cloudwatch:PutMetricData""#,
        };
        let _ = write!(
            out,
            r#"{comma}
        {{
            "PolicyName": "{name}",
            "PolicyId": "ANPAEXAMPLE{at:010}",
            "Arn": "arn:aws:iam::{ACCOUNT}:policy/{name}",
            "Path": "/",
            "DefaultVersionId": "v1",
            "IsAttachable": true,
            "PolicyVersionList": [
                {{
                    "Document": {{
                        "Version": "2012-10-17",
                        "Statement": [
                            {{ "Effect": "Allow", "Action": [{action}], "Resource": "*" }},
                            {{ "Effect": "Allow", "Action": "dynamodb:Query", "Resource": "arn:aws:dynamodb:*:{ACCOUNT}:table/{name}-${{aws:PrincipalTag/team}}" }}
                        ]
                    }},
                    "VersionId": "v1",
                    "IsDefaultVersion": true,
                    "CreateDate": "2025-03-01T09:00:00+00:00"
                }}
            ]
        }}"#
        );
    }
    out.push_str("\n    ],\n    \"IsTruncated\": false\n}\n");
    out
}

/// So many different requests of sessions of the generated roles: caller, action and resource.
pub fn requests(count: usize, roles: usize) -> Vec<(String, String, String)> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..count)
        .map(|at| {
            let role = random.below(roles);
            let other = random.below(roles);
            let caller = format!("arn:aws:sts::{ACCOUNT}:assumed-role/role-{role}/session-{at}");
            let (action, resource) = match random.below(6) {
                0 => ("sts:AssumeRole", format!("arn:aws:iam::{ACCOUNT}:role/role-{other}")),
                1 => ("s3:GetObject", format!("arn:aws:s3:::data-{role}/object-{at}")),
                2 => ("s3:DeleteObject", format!("arn:aws:s3:::data-{role}/object-{at}")),
                3 => (
                    "sqs:SendMessage",
                    format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:queue-{other}-{at}"),
                ),
                4 => (
                    "logs:PutLogEvents",
                    format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:group-{at}"),
                ),
                _ => (
                    "dynamodb:Query",
                    format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/team-{}-x", role % 50),
                ),
            };
            (caller, action.to_owned(), resource)
        })
        .collect()
}

/// The same, indented as the AWS CLI prints it: some 4.6 kB for each role.
pub fn indented_export(roles: usize) -> String {
    let value: serde_json::Value = serde_json::from_str(&export(roles)).unwrap_or_default();
    let mut out = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, indent);
    serde::Serialize::serialize(&value, &mut serializer).unwrap_or_default();
    String::from_utf8(out).unwrap_or_default()
}

/// A trust policy of its own for each number.
pub fn trust_policy(number: usize) -> String {
    format!(
        r#"{{
    "Version": "2012-10-17",
    "Statement": [
        {{
            "Effect": "Allow",
            "Principal": {{ "Service": "ec2.amazonaws.com" }},
            "Action": "sts:AssumeRole"
        }},
        {{
            "Effect": "Allow",
            "Principal": {{ "AWS": ["arn:aws:iam::{ACCOUNT}:role/role-{number}", "arn:aws:iam::444455556666:root"] }},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {{ "StringEquals": {{ "sts:ExternalId": "id-{number}" }}, "Bool": {{ "aws:MultiFactorAuthPresent": "true" }} }}
        }}
    ]
}}"#
    )
}
