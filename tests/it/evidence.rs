//! What somebody gets who has an error text and nothing else, and what with facts beside it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Ran, command, folder, outcome, read, rules, run, with};

const SENTENCE: &str = "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::444455556666:user/Richard is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/importantproject-contractorA-bucket-put";

fn piped(text: &[u8], options: &[&str]) -> Ran {
    let mut child = command(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_text_a_file_and_a_pipe_give_the_same() {
    let files = folder(&[("error.log", SENTENCE)]);
    let path = files.path().join("error.log").display().to_string();
    let json = |ran: Ran| ran.ends_with(3).json()["evidence"].clone();
    let without_places = |mut evidence: Value| {
        evidence.as_object_mut().unwrap().remove("places");
        evidence
    };
    let text = without_places(json(run(&[SENTENCE, "--format", "json"])));
    let words: Vec<&str> = SENTENCE.split(' ').chain(["--format", "json"]).collect();
    assert_eq!(without_places(json(run(&words))), text, "without quotes");
    assert_eq!(without_places(json(run(&[&path, "--format", "json"]))), text, "a file");
    let ran = piped(SENTENCE.as_bytes(), &["-", "--format", "json"]);
    assert_eq!(without_places(json(ran)), text, "a pipe");
    assert_eq!(text["principal"], "arn:aws:iam::444455556666:user/Richard");
    assert_eq!(text["operation"], "AssumeRole");
    assert_eq!(text["denial_kind"], Value::Null);
}

#[test]
fn a_place_is_the_bytes_of_the_file() {
    let text = format!("first line\n│ {SENTENCE}\n");
    let files = folder(&[("error.log", &text)]);
    let path = files.path().join("error.log").display().to_string();
    let json = run(&[&path, "--format", "json"]).json();
    let place = &json["evidence"]["places"]["action"];
    assert_eq!(place["file"], path.as_str());
    assert_eq!(place["line"], 2);
    let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    assert_eq!(&text[at("start")..at("end")], "sts:AssumeRole");
}

#[test]
fn with_facts_it_is_the_whole_diagnosis_and_agreement_is_checked() {
    let facts = ["--facts", "examples/contractor/01-no-grant", "--format", "json"];
    let mut options = vec![SENTENCE.to_owned()];
    options = with(options, &facts);
    let json = run(&options).ends_with(1).json();
    assert_eq!(outcome(&json, "identity-policies"), "failed");
    assert_eq!(rules(&json)[0], "identity-no-allow");
    assert_eq!(json["findings"][0]["primary"]["text"], "sts:AssumeRole");
    assert_eq!(json["evidence"]["agreement"]["agrees"], true);

    let trust = format!("{SENTENCE} because no role trust policy allows the sts:AssumeRole action");
    let json = run(&with(vec![trust], &facts)).ends_with(1).json();
    assert_eq!(json["evidence"]["agreement"]["agrees"], false);

    let named = format!(
        "{SENTENCE} with an explicit deny in a service control policy: arn:aws:organizations::777788889999:policy/o-exampleorg1/service_control_policy/p-examplepolicyid1"
    );
    let json = run(&with(vec![named], &facts)).ends_with(1).json();
    let agreement = &json["evidence"]["agreement"];
    assert_eq!(agreement["agrees"], Value::Null);
    assert!(agreement["says"].to_string().contains("is not among the facts"), "{agreement}");
}

#[test]
fn facts_that_allow_it_disagree_with_aws() {
    let options = [SENTENCE, "--facts", "examples/contractor/03-allowed"];
    let mut options = options.map(str::to_owned).to_vec();
    options = with(options, &["--time", crate::support::TIME, "--format", "json"]);
    let json = run(&options).json();
    assert_eq!(json["evidence"]["agreement"]["agrees"], Value::Null, "the facts leave it open");
    let options = with(options, &["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"]);
    let json = run(&options).ends_with(0).json();
    assert_eq!(json["evidence"]["agreement"]["agrees"], false, "{json:#}");
    // Whoever reads one line does not take it for AWS's answer.
    let options: Vec<String> =
        options.into_iter().filter(|one| one != "json" && one != "--format").collect();
    run(&options).says("ALLOWED  by these facts; AWS denied it");
}

#[test]
fn what_the_facts_cannot_be_asked_says_which_error_lacks_what() {
    let facts = ["--facts", "examples/contractor/03-allowed"];
    let silent =
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied";
    let asked = |text: &str| run(&with(vec![text.to_owned()], &facts)).ends_with(3);
    asked(silent)
        .complains("warning: the facts cannot be asked: the text does not name the caller");
    asked(&format!("{SENTENCE}\n{silent}"))
        .complains("warning: of AccessDenied to PutObject: the facts cannot be asked");
    let web = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let ran = asked(web);
    assert!(!ran.stderr.contains("--caller"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--token FILE"), "{}", ran.stderr);
}

#[test]
fn the_policy_that_aws_names_is_looked_for() {
    let described = |id: &str, name: &str, effect: &str| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"{effect}","Action":"sts:*","Resource":"*"}}]}}"#
        );
        let arn = format!(
            "arn:aws:organizations::777788889999:policy/o-exampleorg1/service_control_policy/{id}"
        );
        serde_json::json!({ "Policy": {
            "PolicySummary": { "Id": id, "Arn": arn, "Name": name, "Type": "SERVICE_CONTROL_POLICY" },
            "Content": document,
        } })
        .to_string()
    };
    let denies = described("p-examplescp1", "guard", "Deny");
    let folder = folder(&[
        ("guard.json", &denies),
        ("other.json", &described("p-examplescp2", "other", "Deny")),
        ("open.json", &described("p-examplescp1", "guard", "Allow")),
        (
            "plain.json",
            serde_json::from_str::<Value>(&denies).unwrap()["Policy"]["Content"].as_str().unwrap(),
        ),
    ]);
    let text = format!(
        "{SENTENCE} with an explicit deny in a service control policy: arn:aws:organizations::777788889999:policy/o-exampleorg1/service_control_policy/p-examplescp1"
    );
    let asked = |files: &[&str]| {
        let mut options = vec![text.clone()];
        options = with(options, &["--facts", "examples/contractor/03-allowed", "--format", "json"]);
        for (level, file) in files.iter().enumerate() {
            let path = folder.path().join(file).display().to_string();
            options = with(options, &["--scp", &format!("{level}={path}")]);
        }
        let json = run(&options).ends_with(1).json();
        let agreement = &json["evidence"]["agreement"];
        (agreement["agrees"].clone(), agreement["says"].to_string())
    };
    let (agrees, says) = asked(&["guard.json"]);
    assert_eq!(
        (agrees, says.as_str()),
        (true.into(), r#"["the service control policy stops it"]"#)
    );
    let (agrees, says) = asked(&["open.json", "other.json"]);
    assert_eq!(agrees, false, "{says}");
    assert!(says.contains("by these facts that does not deny it"), "{says}");
    let (agrees, says) = asked(&["other.json"]);
    assert_eq!(agrees, Value::Null, "{says}");
    assert!(says.contains("but by another policy"), "{says}");
    assert!(says.contains("describe-policy --policy-id p-examplescp1 > policy.json"), "{says}");
    // A policy that was saved without its name may be the one.
    let (agrees, says) = asked(&["plain.json"]);
    assert_eq!(agrees, true, "{says}");
    assert!(says.contains("if the file that was given is the policy that AWS names"), "{says}");
}

#[test]
fn options_fill_in_what_was_blackened() {
    let text = "User: arn:aws:iam::***:user/*** is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/importantproject-contractorA-bucket-put";
    let facts = ["--facts", "examples/contractor/01-no-grant"];
    run(&with(vec![text.to_owned()], &facts)).complains("give it with `--caller ARN`");
    let json = run(&with(
        vec![text.to_owned()],
        &[&facts[..], &["--caller", crate::support::RICHARD, "--format", "json"]].concat(),
    ))
    .json();
    assert_eq!(json["decision"], "implicit-deny");
    assert_eq!(rules(&json)[0], "identity-no-allow");
}

#[test]
fn several_errors_come_once_each_with_their_count() {
    let other = "AccessDeniedException: User: arn:aws:iam::111122223333:user/ana is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t";
    let log =
        format!("{SENTENCE}\n\n{other}\n\n{SENTENCE}\n\n{SENTENCE}\n\nall the rest went well\n");
    let ran = piped(log.as_bytes(), &["-", "--format", "json"]).ends_with(3);
    let json = ran.json();
    let results = json["results"].as_array().unwrap();
    let counts: Vec<_> = results
        .iter()
        .map(|one| {
            (
                one["evidence"]["action"].as_str().unwrap(),
                one["evidence"]["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts, [("sts:AssumeRole", 3), ("dynamodb:Query", 1)]);
}

#[test]
fn a_text_without_an_error_is_one() {
    run(&["all is well"]).ends_with(2).complains("no error of AWS is recognised");
    let other = "An error occurred (NotFoundException) when calling the Decrypt operation: Key 'arn:aws:kms:eu-west-1:111122223333:key/0' does not exist";
    run(&[other])
        .ends_with(2)
        .complains("`NotFoundException` is about neither permissions nor credentials");
    run(&["no-such-file.log"]).ends_with(2).complains("nor is it a file");
    piped(b"", &["-"]).ends_with(2);
    piped(&[0xff, 0xfe, 0x00, 0x80], &["-"]).ends_with(2);
}

#[test]
fn what_is_no_matter_of_policies_says_so() {
    for (text, says) in [
        ("ExpiredToken: The security token included in the request is expired", "have expired"),
        ("Unable to locate credentials", "there are no credentials"),
        (
            "SignatureDoesNotMatch: Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z",
            "too far from AWS's clock",
        ),
        (
            "An error occurred (AccessDenied) when calling the AssumeRole operation: Roles may not be assumed by root accounts.",
            "the root user cannot assume a role",
        ),
    ] {
        run(&[text]).ends_with(1).says("before any policy").says(says);
    }
    run(&["ThrottlingException: Rate exceeded"]).ends_with(3).says("no policy was asked");
    run(&["An error occurred (DryRunOperation) when calling the RunInstances operation: Request would have succeeded, but DryRun flag is set."])
        .ends_with(0);
}

#[test]
fn what_people_paste_reads_well() {
    let texts = [
        ("bare", SENTENCE.to_owned()),
        ("scp", read("fixtures/messages/form-deny-explicit-scp-with-arn.txt")),
        ("pass-role", read("fixtures/messages/pass-role.txt")),
        ("encoded", read("fixtures/messages/encoded.txt")),
        ("s3", "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied".to_owned()),
        ("expired", read("fixtures/messages/expired.txt")),
        ("no-provider", "Error: Could not assume role with OIDC: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com".to_owned()),
        ("terraform", read("fixtures/messages/terraform-box.txt")),
        ("authorization-id", read("fixtures/messages/authorization-id.txt")),
    ];
    for (name, text) in texts {
        let ran = run(&[text.as_str()]);
        insta::assert_snapshot!(format!("evidence_{name}"), ran.in_every_build());
    }
}

/// Things that must never be seen again, in one text that is read.
#[test]
fn no_secret_of_a_text_is_shown() {
    let blob = "Zm9vYmFy_-0123".repeat(60);
    let secrets = [
        blob.as_str(),
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
        "FwoGZXIvYXdzEPLANTEDTOKENPLANTEDTOKEN",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
    ];
    let [blob, key, token, signature, jwt] = secrets;
    let lines = [
        format!(
            "│ api error UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/ana is not authorized to perform: ec2:RunInstances on resource: * with an explicit deny. Encoded authorization failure message:\n│ {blob}"
        ),
        format!("AWS_SECRET_ACCESS_KEY={key} AWS_SESSION_TOKEN={token} aws s3 ls"),
        format!(
            "GET https://reports.s3.amazonaws.com/q3.csv?X-Amz-Security-Token={token}&X-Amz-Signature={signature} AccessDenied: Access Denied"
        ),
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request, Signature={signature}"
        ),
        format!("InvalidIdentityToken: Incorrect token audience, web_identity_token: {jwt}"),
        format!(
            "{{\"SecretAccessKey\": \"{key}\", \"SessionToken\": \"{token}\"}} AccessDenied: Access Denied"
        ),
        format!(
            "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message><Token-0>{token}</Token-0></Error>"
        ),
    ];
    let mut texts = lines.to_vec();
    texts.push(lines.join("\n"));
    for text in &texts {
        for format in
            [&["--format", "human", "--verbose"][..], &["--format", "json"], &["--redact"]]
        {
            let files = folder(&[("error.log", text)]);
            let path = files.path().join("error.log").display().to_string();
            let facts = ["--facts", "examples/contractor/01-no-grant"];
            for options in [vec![path.as_str()], [&[path.as_str()][..], &facts].concat()] {
                let ran = run(&[&options[..], format].concat());
                for secret in secrets {
                    // A piece of it is as bad.
                    let piece = &secret[..12];
                    let shown = format!("{}{}", ran.stdout, ran.stderr);
                    assert!(!shown.contains(piece), "{piece} of {text}\n{shown}");
                }
            }
        }
    }
}

#[test]
fn a_text_without_an_error_is_an_error_and_no_result() {
    let ran = run(&["all is well", "--format", "json"]).ends_with(2);
    assert_eq!(ran.json(), serde_json::json!({ "version": 1, "results": [] }));
    ran.complains("no error of AWS is recognised");
    assert_eq!(run(&["all is well"]).ends_with(2).stdout, "");
}

#[test]
fn an_encoded_message_is_whole_however_its_lines_are_framed() {
    let message = "PLANTED-9fAeXJ5bWVzc2FnZQ_0123456789".repeat(12);
    for frame in ["", " ", "\u{2502} "] {
        // The last line is short.
        let lines: Vec<&str> = (0..message.len())
            .step_by(70)
            .map(|at| &message[at..message.len().min(at + 70)])
            .collect();
        let text = format!(
            "{frame}Error: operation error STS: AssumeRole, https response error StatusCode: 403, api error UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message:\n{frame}{}\n",
            lines.join(&format!("\n{frame}"))
        );
        let ran = run(&[&text, "--format", "json"]);
        assert!(!ran.stdout.contains("PLANTED"), "{frame:?}: {}", ran.stdout);
        let length = format!("\"length\": {}", message.len());
        assert!(ran.stdout.contains(&length), "{frame:?}: {}", ran.stdout);
    }
}

#[test]
fn an_encoded_message_that_was_blanked_out_is_not_sent_to_be_decoded() {
    let lead = "UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message:";
    let advice = |blob: &str| {
        let json = run(&[&format!("{lead} {blob}"), "--format", "json"]).ends_with(3).json();
        json["evidence"]["next"].to_string()
    };
    let decode = "decode-authorization-message";
    let blanked = advice("****");
    assert!(!blanked.contains(decode) && blanked.contains("blanked out"), "{blanked}");
    let whole = advice(&"Ab3_".repeat(30));
    assert!(whole.contains(decode) && !whole.contains("blanked out"), "{whole}");
}
