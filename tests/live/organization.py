"""Sets up an organization with units, accounts, and control policies of both types in moto.

Prints as JSON the keys of the management account and of sessions in two member accounts.
"""

import json
import sys

import boto3

ENDPOINT = sys.argv[1]


def client(service, keys=("AKIAMANAGEMENT", "x", None)):
    key, secret, token = keys
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )


def session(account, role):
    got = client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="work"
    )
    keys = got["Credentials"]
    triple = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return triple, got["AssumedRoleUser"]["Arn"]


def role(iam, name, trusted, policy=None):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
        ],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))


def control(organizations, kind, name, statement, target):
    made = organizations.create_policy(
        Type=kind,
        Name=name,
        Description=name,
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def main():
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        organizations.enable_policy_type(RootId=root, PolicyType=kind)
    units, accounts = {}, {}
    for name, above in (("work", None), ("prod", "work"), ("data", None)):
        unit = organizations.create_organizational_unit(
            ParentId=units[above] if above else root, Name=name
        )
        units[name] = unit["OrganizationalUnit"]["Id"]
    for name, unit in (("caller", "prod"), ("owner", "data")):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        accounts[name] = made["CreateAccountStatus"]["AccountId"]
        organizations.move_account(
            AccountId=accounts[name], SourceParentId=root, DestinationParentId=units[unit]
        )
    may = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
    }
    own, caller = session(accounts["caller"], "ci")
    role(client("iam", own), "ci", accounts["caller"], may)
    theirs, _ = session(accounts["owner"], "reader")
    iam = client("iam", theirs)
    trusted = f"arn:aws:iam::{accounts['caller']}:role/ci"
    for name in ("open", "denied-by-unit", "denied-by-root", "denied-by-account", "denied-by-rcp", "denied-by-root-rcp"):
        role(iam, name, trusted)
    arn = f"arn:aws:iam::{accounts['owner']}:role/"
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole"}
    scp, rcp = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
    control(organizations, scp, "of-unit", {**deny, "Resource": arn + "denied-by-unit"}, units["work"])
    control(organizations, scp, "of-root", {**deny, "Resource": arn + "denied-by-root"}, root)
    mine = {**deny, "Resource": arn + "denied-by-account"}
    control(organizations, scp, "of-account", mine, accounts["caller"])
    all_of_root = {**deny, "Principal": "*", "Resource": arn + "denied-by-root-rcp"}
    control(organizations, rcp, "perimeter-of-root", all_of_root, root)
    control(
        organizations,
        rcp,
        "perimeter",
        {**deny, "Principal": "*", "Resource": arn + "denied-by-rcp"},
        units["data"],
    )
    json.dump(
        {
            "caller": caller,
            "own": own,
            "theirs": theirs,
            "role": arn,
            "root": root,
            "units": units,
            "accounts": accounts,
        },
        sys.stdout,
    )


main()
