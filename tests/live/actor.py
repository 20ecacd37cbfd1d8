"""Sets up scenarios in an emulator of AWS, and makes the calls that they are about.

Reads a file of scenarios and writes for each, as JSON, what happened: who called, and what AWS's
own client was told. Runs with boto3 and PyYAML.
"""

import io
import json
import sys
import zipfile

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
REGION = "us-east-1"
ROOT = sys.argv[2]


def client(service, keys=None, account=None):
    key, secret, token = keys or (account or ROOT, "test", None)
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            parameter_validation=False,
        ),
    )


def filled(value, names):
    """A document with `${name}` of the scenario in place."""
    text = value if isinstance(value, str) else json.dumps(value)
    for name, real in names.items():
        text = text.replace("<" + name + ">", real)
    return text


def policies(iam, kind, name, what, names, account):
    for policy, document in what.get("inline", {}).items():
        put = getattr(iam, f"put_{kind}_policy")
        put(**{f"{kind.title()}Name": name}, PolicyName=policy, PolicyDocument=filled(document, names))
    for policy, document in what.get("attached", {}).items():
        made = iam.create_policy(
            PolicyName=f"{name}-{policy}", PolicyDocument=filled(document, names)
        )
        attach = getattr(iam, f"attach_{kind}_policy")
        attach(**{f"{kind.title()}Name": name}, PolicyArn=made["Policy"]["Arn"])
    for arn in what.get("aws", []):
        attach = getattr(iam, f"attach_{kind}_policy")
        attach(**{f"{kind.title()}Name": name}, PolicyArn=arn)
    if "boundary" in what:
        made = iam.create_policy(
            PolicyName=f"{name}-boundary", PolicyDocument=filled(what["boundary"], names)
        )
        put = getattr(iam, f"put_{kind}_permissions_boundary")
        put(**{f"{kind.title()}Name": name}, PermissionsBoundary=made["Policy"]["Arn"])


def tags(what):
    return [{"Key": key, "Value": value} for key, value in what.get("tags", {}).items()]


def resources(made, names):
    """Creates buckets and the like; `<name>` stands for the ARN afterwards."""
    for name, what in made.items():
        kind, unique = what["kind"], names["prefix"] + name
        if kind == "bucket":
            s3 = client("s3")
            s3.create_bucket(Bucket=unique)
            s3.put_object(Bucket=unique, Key="k", Body=b"x")
            names[name] = f"arn:aws:s3:::{unique}"
        elif kind == "queue":
            sqs = client("sqs")
            sqs.create_queue(QueueName=unique)
            names[name] = f"arn:aws:sqs:{REGION}:{ROOT}:{unique}"
        elif kind == "topic":
            names[name] = client("sns").create_topic(Name=unique)["TopicArn"]
        elif kind == "key":
            names[name] = client("kms").create_key()["KeyMetadata"]["Arn"]
        elif kind == "secret":
            made_secret = client("secretsmanager").create_secret(Name=unique, SecretString="x")
            names[name] = made_secret["ARN"]
        elif kind == "function":
            body = io.BytesIO()
            with zipfile.ZipFile(body, "w") as archive:
                archive.writestr("f.py", "def f(event, context):\n    return 1\n")
            trust = {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ]
            }
            runs = client("iam").create_role(
                RoleName=unique + "-runs", AssumeRolePolicyDocument=json.dumps(trust)
            )
            made_function = client("lambda").create_function(
                FunctionName=unique,
                Runtime="python3.12",
                Role=runs["Role"]["Arn"],
                Handler="f.f",
                Code={"ZipFile": body.getvalue()},
            )
            names[name] = made_function["FunctionArn"]


def resource_policies(made, names):
    for name, what in made.items():
        if "policy" not in what:
            continue
        document, arn = filled(what["policy"], names), names[name]
        last = arn.rsplit(":", 1)[1]
        if what["kind"] == "bucket":
            client("s3").put_bucket_policy(Bucket=last, Policy=document)
        elif what["kind"] == "queue":
            sqs = client("sqs")
            url = sqs.get_queue_url(QueueName=last)["QueueUrl"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        elif what["kind"] == "topic":
            client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=document
            )
        elif what["kind"] == "key":
            client("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=document)
        elif what["kind"] == "secret":
            client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=document)
        elif what["kind"] == "function":
            for at, statement in enumerate(json.loads(document)["Statement"]):
                client("lambda").add_permission(
                    FunctionName=arn,
                    StatementId=f"s{at}",
                    Action=statement["Action"],
                    Principal=statement["Principal"]["AWS"],
                )


def principals(scenario, names):
    keys = {}
    for name, what in scenario.get("users", {}).items():
        account = what.get("account", ROOT)
        iam = client("iam", account=account)
        unique = names["prefix"] + name
        made = iam.create_user(UserName=unique, Path=what.get("path", "/"), Tags=tags(what))
        names[name] = made["User"]["Arn"]
        names[name + ".name"] = unique
        key = iam.create_access_key(UserName=unique)["AccessKey"]
        keys[name] = (key["AccessKeyId"], key["SecretAccessKey"], None)
    for name, what in scenario.get("roles", {}).items():
        account = what.get("account", ROOT)
        path = what.get("path", "/")
        names[name] = f"arn:aws:iam::{account}:role{path}{names['prefix']}{name}"
    for name, what in scenario.get("roles", {}).items():
        iam = client("iam", account=what.get("account", ROOT))
        unique = names["prefix"] + name
        extra = {}
        if "longest" in what:
            extra["MaxSessionDuration"] = what["longest"]
        iam.create_role(
            RoleName=unique,
            Path=what.get("path", "/"),
            AssumeRolePolicyDocument=filled(what["trust"], names),
            Tags=tags(what),
            **extra,
        )
        policies(iam, "role", unique, what, names, None)
    for name, what in scenario.get("users", {}).items():
        iam = client("iam", account=what.get("account", ROOT))
        policies(iam, "user", names["prefix"] + name, what, names, None)
    for name, what in scenario.get("groups", {}).items():
        iam = client("iam")
        unique = names["prefix"] + name
        iam.create_group(GroupName=unique)
        policies(iam, "group", unique, what, names, None)
        for user in what.get("members", []):
            iam.add_user_to_group(GroupName=unique, UserName=names["prefix"] + user)
    return keys


def session(scenario, names, keys):
    """The credentials of the caller, and its ARN."""
    caller = scenario["caller"]
    if caller in keys:
        return keys[caller], names[caller]
    # The account's root has nothing to say here: a user that may assume anything makes the session.
    role = scenario["roles"][caller]
    account = role.get("account", ROOT)
    iam = client("iam", account=account)
    maker = names["prefix"] + "maker"
    iam.create_user(UserName=maker)
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName=maker, PolicyName="all", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName=maker)["AccessKey"]
    sts = client("sts", (key["AccessKeyId"], key["SecretAccessKey"], None))
    extra = {}
    if "session" in scenario:
        extra["Policy"] = filled(scenario["session"], names)
    if "session-tags" in scenario:
        extra["Tags"] = [{"Key": k, "Value": v} for k, v in scenario["session-tags"].items()]
    made = sts.assume_role(RoleArn=names[caller], RoleSessionName="work", **extra)
    got = made["Credentials"]
    triple = (got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    return triple, made["AssumedRoleUser"]["Arn"]


def call(scenario, names, keys):
    request = scenario["request"]
    action = request["action"]
    resource = filled(request["resource"], names)
    last = resource.rsplit(":", 1)[-1]
    calls = {
        "sts:AssumeRole": lambda: client("sts", keys).assume_role(
            RoleArn=resource, RoleSessionName=request.get("name", "try"), **request.get("with", {})
        ),
        "sts:GetCallerIdentity": lambda: client("sts", keys).get_caller_identity(),
        "s3:GetObject": lambda: client("s3", keys).get_object(
            Bucket=last.split("/")[0], Key=last.split("/", 1)[1]
        ),
        "s3:PutObject": lambda: client("s3", keys).put_object(
            Bucket=last.split("/")[0], Key=last.split("/", 1)[1], Body=b"y"
        ),
        "s3:DeleteObject": lambda: client("s3", keys).delete_object(
            Bucket=last.split("/")[0], Key=last.split("/", 1)[1]
        ),
        "s3:ListBucket": lambda: client("s3", keys).list_objects_v2(Bucket=last),
        "sqs:SendMessage": lambda: client("sqs", keys).send_message(
            QueueUrl=f"{ENDPOINT}/{ROOT}/{last}", MessageBody="m"
        ),
        "sqs:ReceiveMessage": lambda: client("sqs", keys).receive_message(
            QueueUrl=f"{ENDPOINT}/{ROOT}/{last}"
        ),
        "sns:Publish": lambda: client("sns", keys).publish(TopicArn=resource, Message="m"),
        "kms:Encrypt": lambda: client("kms", keys).encrypt(KeyId=resource, Plaintext=b"p"),
        "kms:DescribeKey": lambda: client("kms", keys).describe_key(KeyId=resource),
        "secretsmanager:GetSecretValue": lambda: client("secretsmanager", keys).get_secret_value(
            SecretId=resource
        ),
        "secretsmanager:DescribeSecret": lambda: client("secretsmanager", keys).describe_secret(
            SecretId=resource
        ),
        "lambda:GetFunction": lambda: client("lambda", keys).get_function(FunctionName=resource),
        "iam:GetUser": lambda: client("iam", keys).get_user(UserName=last.rsplit("/", 1)[1]),
        "iam:GetRole": lambda: client("iam", keys).get_role(RoleName=last.rsplit("/", 1)[1]),
        "iam:ListUsers": lambda: client("iam", keys).list_users(),
        "iam:DeleteUser": lambda: client("iam", keys).delete_user(UserName=last.rsplit("/", 1)[1]),
    }
    try:
        calls[action]()
        return resource, True, None
    except ClientError as error:
        return resource, False, str(error)


def main():
    out = []
    for at, scenario in enumerate(yaml.safe_load(open(sys.argv[3], encoding="utf-8"))):
        names = {"prefix": f"{sys.argv[4]}{at}-", "root": ROOT}
        try:
            resources(scenario.get("resources", {}), names)
            keys = principals(scenario, names)
            resource_policies(scenario.get("resources", {}), names)
            own, caller = session(scenario, names, keys)
            if "request" in scenario:
                resource, allowed, error = call(scenario, names, own)
            else:
                resource, allowed, error = None, None, None
            out.append(
                {
                    "scenario": scenario,
                    "session": filled(scenario["session"], names) if "session" in scenario else None,
                    "caller": caller,
                    "keys": own,
                    "resource": resource,
                    "allowed": allowed,
                    "error": error,
                    "names": names,
                }
            )
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the test shows it
            out.append({"scenario": scenario, "broken": f"{type(error).__name__}: {error}"})
    json.dump(out, sys.stdout)


main()
