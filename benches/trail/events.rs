//! An organization's trail of any length: the same events every time, in S3's layout.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses a part")]
#![allow(clippy::indexing_slicing, reason = "a generator for benchmarks and tests alone")]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::generator::{ACCOUNT, Random};

/// So many events are in one file.
const IN_A_FILE: usize = 2_000;
/// One event in so many is a denial; another one is some other error.
const DENIED: usize = 50;
/// So many different things are denied.
const CAUSES: usize = 400;

const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "eu-west-1"];
const AGENTS: [&str; 5] = [
    "[Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux#5.10.209-198.812.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#legacy]",
    "aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux#6.1.79 md/arch#x86_64 lang/python#3.11.8 md/prompt#off md/command#s3.cp",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) terraform-provider-aws/5.40.0 aws-sdk-go-v2/1.25.2 os/linux lang/go#1.21.8 md/GOOS#linux md/GOARCH#amd64 api/sts#1.28.1",
    "aws-sdk-java/2.25.6 Linux/5.10.210-201.852.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS Java/17.0.10 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/standard",
    "aws-sdk-nodejs/3.525.0 os/linux/5.10.201 lang/js md/nodejs/20.11.1 api/dynamodb/3.525.0 exec-env/AWS_Lambda_nodejs20.x",
];

/// Service, call, action, what kind of resource.
const CALLS: [(&str, &str, &str, &str); 10] = [
    ("s3", "GetObject", "s3:GetObject", "object"),
    ("s3", "PutObject", "s3:PutObject", "object"),
    ("dynamodb", "GetItem", "dynamodb:GetItem", "table"),
    ("dynamodb", "Query", "dynamodb:Query", "table"),
    ("kms", "Decrypt", "kms:Decrypt", "key"),
    ("sts", "AssumeRole", "sts:AssumeRole", "role"),
    ("sqs", "ReceiveMessage", "sqs:ReceiveMessage", "queue"),
    ("lambda", "Invoke", "lambda:InvokeFunction", "function"),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances", "none"),
    ("logs", "CreateLogStream", "logs:CreateLogStream", "group"),
];

/// Hexadecimal digits, `count` of them.
fn hex(random: &mut Random, count: usize) -> String {
    let digits = b"0123456789abcdef";
    (0..count).map(|_| char::from(digits[random.below(16)])).collect()
}

fn uuid(random: &mut Random) -> String {
    let part = |random: &mut Random, count| hex(random, count);
    let parts = [8, 4, 4, 4, 12].map(|count| part(random, count));
    parts.join("-")
}

/// Writes so many events below `folder`; how many bytes the events take, and how many are denied.
pub fn write(folder: &Path, events: usize) -> io::Result<(u64, usize)> {
    let mut random = Random(0x0074_7261_696c);
    let (mut bytes, mut denied, mut written, mut file) = (0_u64, 0, 0, 0);
    let mut text = String::new();
    while written < events {
        let count = IN_A_FILE.min(events - written);
        text.clear();
        text.push_str("{\"Records\":[");
        // Files of one region of one day stand together.
        let (day, hour) = (1 + file / 24 % 28, file % 24);
        let region = REGIONS[file % REGIONS.len()];
        for number in 0..count {
            if number > 0 {
                text.push(',');
            }
            let moment = format!(
                "2026-10-{day:02}T{hour:02}:{:02}:{:02}Z",
                number * 60 / count,
                number * 3600 / count % 60
            );
            denied += usize::from(event(&mut text, &mut random, &moment, region));
        }
        text.push_str("]}");
        bytes += text.len() as u64;
        let below = folder.join(format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/10/{day:02}"));
        fs::create_dir_all(&below)?;
        let name =
            format!("{ACCOUNT}_CloudTrail_{region}_202610{day:02}T{hour:02}00Z_{file:06}.json.gz");
        let out = io::BufWriter::new(fs::File::create(below.join(name))?);
        let mut encoder = GzEncoder::new(out, Compression::new(6));
        encoder.write_all(text.as_bytes())?;
        encoder.finish()?.flush()?;
        written += count;
        file += 1;
    }
    Ok((bytes, denied))
}

/// Adds one event; whether it was denied.
fn event(out: &mut String, random: &mut Random, moment: &str, region: &str) -> bool {
    let is_denied = random.below(DENIED) == 0;
    let is_other_error = !is_denied && random.below(DENIED) == 0;
    // What is denied is denied again and again.
    let cause = random.below(if is_denied { CAUSES } else { 5_000 });
    let (service, call, action, kind) = CALLS[cause % CALLS.len()];
    let role = format!("role-{}", cause % 97);
    let session = format!("i-0{}", hex(random, 16));
    let unique = format!("AROAEXAMPLE{:010}", cause % 97);
    let caller = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}");
    let name = cause / 7;
    let agent = AGENTS[cause % AGENTS.len()];
    let address = format!("10.{}.{}.{}", random.below(4), random.below(256), random.below(256));
    let _ = write!(
        out,
        r#"{{"eventVersion":"1.09","userIdentity":{{"type":"AssumedRole","principalId":"{unique}:{session}","arn":"{caller}","accountId":"{ACCOUNT}","accessKeyId":"ASIA{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{unique}","arn":"arn:aws:iam::{ACCOUNT}:role/{role}","accountId":"{ACCOUNT}","userName":"{role}"}},"attributes":{{"creationDate":"{moment}","mfaAuthenticated":"false"}},"ec2RoleDelivery":"2.0"}}}},"eventTime":"{moment}","eventSource":"{service}.amazonaws.com","eventName":"{call}","awsRegion":"{region}","sourceIPAddress":"{address}","userAgent":"{agent}","#,
        key = hex(random, 16).to_uppercase(),
    );
    let (resource, parameters, resources) = target(kind, name, region, random);
    if is_denied {
        let reason = match cause % 4 {
            0 => format!(" because no identity-based policy allows the {action} action"),
            1 => format!(
                " with an explicit deny in a service control policy: arn:aws:organizations::{ACCOUNT}:policy/o-a1b2c3d4e5/service_control_policy/p-{:08}",
                cause % 5
            ),
            2 => format!(" because no resource-based policy allows the {action} action"),
            _ => String::new(),
        };
        let code = match service {
            "s3" | "sts" | "sqs" => "AccessDenied",
            "ec2" => "Client.UnauthorizedOperation",
            _ => "AccessDeniedException",
        };
        let on = if kind == "none" { String::new() } else { format!(" on resource: {resource}") };
        let message = if service == "ec2" {
            format!(
                "You are not authorized to perform this operation. User: {caller} is not authorized to perform: {action}{reason}. Encoded authorization failure message: {}",
                hex(random, 400)
            )
        } else {
            format!("User: {caller} is not authorized to perform: {action}{on}{reason}")
        };
        let _ = write!(out, r#""errorCode":"{code}","errorMessage":"{message}","#);
    } else if is_other_error {
        out.push_str(r#""errorCode":"ThrottlingException","errorMessage":"Rate exceeded","#);
    }
    let _ = write!(
        out,
        r#""requestParameters":{parameters},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{id2}=","bytesTransferredOut":{bytes}}},"requestID":"{request}","eventID":"{id}","readOnly":true,"resources":{resources},"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"{ACCOUNT}","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.{region}.amazonaws.com"}}}}"#,
        id2 = hex(random, 40),
        bytes = random.below(100_000),
        request = uuid(random),
        id = uuid(random),
    );
    is_denied
}

/// The ARN, the request's parameters, and the event's resources.
fn target(kind: &str, name: usize, region: &str, random: &mut Random) -> (String, String, String) {
    match kind {
        "object" => {
            let key = format!("year=2026/part-{:05}.snappy.parquet", name % 50);
            let bucket = format!("data-{}", name % 40);
            (
                format!("\\\"arn:aws:s3:::{bucket}/{key}\\\""),
                format!(r#"{{"bucketName":"{bucket}","Host":"{bucket}.s3.{region}.amazonaws.com","key":"{key}","range":"bytes={}-"}}"#, random.below(1 << 20)),
                format!(r#"[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::{bucket}/{key}"}},{{"accountId":"{ACCOUNT}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}]"#),
            )
        }
        "table" => {
            let arn = format!("arn:aws:dynamodb:{region}:{ACCOUNT}:table/table-{name}");
            (arn.clone(), format!(r#"{{"tableName":"table-{name}","key":{{"id":{{"s":"{}"}}}},"consistentRead":false}}"#, hex(random, 8)), format!(r#"[{{"accountId":"{ACCOUNT}","type":"AWS::DynamoDB::Table","ARN":"{arn}"}}]"#))
        }
        "key" => {
            let arn = format!("arn:aws:kms:{region}:{ACCOUNT}:key/00000000-0000-4000-8000-{name:012}");
            (arn.clone(), r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::data"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#.to_owned(), format!(r#"[{{"accountId":"{ACCOUNT}","type":"AWS::KMS::Key","ARN":"{arn}"}}]"#))
        }
        "role" => {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/role-{name}");
            (arn.clone(), format!(r#"{{"roleArn":"{arn}","roleSessionName":"s-{}","durationSeconds":3600}}"#, hex(random, 8)), format!(r#"[{{"accountId":"{ACCOUNT}","type":"AWS::IAM::Role","ARN":"{arn}"}}]"#))
        }
        "queue" => (
            format!("arn:aws:sqs:{region}:{ACCOUNT}:queue-{name}"),
            format!(r#"{{"queueUrl":"https://sqs.{region}.amazonaws.com/{ACCOUNT}/queue-{name}","maxNumberOfMessages":10}}"#),
            "[]".to_owned(),
        ),
        "function" => {
            let arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:function-{name}");
            (arn.clone(), format!(r#"{{"functionName":"{arn}","invocationType":"RequestResponse"}}"#), "[]".to_owned())
        }
        "group" => (
            format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:/app/{name}:log-stream:"),
            format!(r#"{{"logGroupName":"/app/{name}","logStreamName":"{}"}}"#, hex(random, 12)),
            "[]".to_owned(),
        ),
        _ => ("*".to_owned(), r#"{"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"}]}}]}}"#.to_owned(), "[]".to_owned()),
    }
}
