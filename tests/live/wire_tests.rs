//! What no emulator does: pages, throttling, broken answers, slow ones, and calls that must not be made.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Reply, Request, Stub, error, json_error};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("wire: lists come in pages", pages),
        test("wire: throttled calls are made again", throttled_for_a_while),
        test("wire: what stays throttled is a gap", throttled_for_good),
        test("wire: a page of HTML is a gap", html),
        test("wire: a truncated answer is a gap", truncated),
        test("wire: a connection that breaks off is a gap", cut),
        test("wire: a slow answer is waited for, and no longer than is said", slow),
        test("wire: offline, nobody is asked", offline),
        test("wire: help, rules and files ask nobody", nobody_is_asked),
        test("wire: a role that is not there", no_role),
        test("wire: a role of that name with another path", other_path),
        test("wire: --probe tries the call, and nothing else does", probe),
        test("wire: a probe that is let", probe_allowed),
        test("wire: files come before AWS", files_first),
        test("wire: a whole account in pages", whole_account),
        test("wire: what is collected can be masked", redacted),
        test("wire: an account in no organization", no_organization),
        test("wire: calls run at the same time", concurrent),
        test("wire: a role that was just made", just_made),
        test("wire: a policy that was just changed", just_changed),
        test("wire: a role that assumes itself is read once", itself),
        test("wire: no secret is shown, however much is said", secrets),
    ]
}

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
pub(crate) const ANA: &str = "arn:aws:iam::111122223333:user/ana";

pub(crate) fn xml(operation: &str, inner: &str) -> Reply {
    let name = operation.split_once(':').unwrap().1;
    Reply::Whole(
        200,
        "text/xml",
        format!(
            "<{name}Response><{name}Result>{inner}</{name}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{name}Response>"
        ),
    )
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn role(arn: &str, name: &str, principal: &str) -> String {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    role_with(arn, name, &trust)
}

pub(crate) fn role_with(arn: &str, name: &str, trust: &str) -> String {
    format!(
        "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROAEXAMPLEEXAMPLE111</RoleId><Arn>{arn}</Arn><CreateDate>2024-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role>",
        encoded(trust)
    )
}

/// An account with user ana, who may do anything, and role deploy, which trusts her.
pub(crate) fn account(request: &Request) -> Reply {
    let everything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let encoded = encoded(everything);
    let name = request.operation.as_str();
    match name {
        "sts:GetCallerIdentity" => xml(
            name,
            &format!(
                "<Arn>{ANA}</Arn><UserId>AIDAEXAMPLEEXAMPLE111</UserId><Account>111122223333</Account>"
            ),
        ),
        "iam:GetUser" => xml(
            name,
            &format!(
                "<User><Path>/</Path><UserName>ana</UserName><UserId>AIDAEXAMPLEEXAMPLE111</UserId><Arn>{ANA}</Arn><CreateDate>2024-01-01T00:00:00Z</CreateDate></User>"
            ),
        ),
        "iam:ListUserPolicies" => xml(
            name,
            "<PolicyNames><member>all</member></PolicyNames><IsTruncated>false</IsTruncated>",
        ),
        "iam:GetUserPolicy" => xml(
            name,
            &format!(
                "<UserName>ana</UserName><PolicyName>{}</PolicyName><PolicyDocument>{encoded}</PolicyDocument>",
                if request.body.contains("PolicyName=first") { "first" } else { "all" }
            ),
        ),
        "iam:ListAttachedUserPolicies" => {
            xml(name, "<AttachedPolicies/><IsTruncated>false</IsTruncated>")
        }
        "iam:ListGroupsForUser" => xml(name, "<Groups/><IsTruncated>false</IsTruncated>"),
        "iam:ListMFADevices" => xml(name, "<MFADevices/><IsTruncated>false</IsTruncated>"),
        "iam:GetRole" => xml(name, &role(ROLE, "deploy", ANA)),
        _ if name.starts_with("organizations:") => json_error(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ),
        _ => error(403, "AccessDenied", "no"),
    }
}

fn ask(stub: &Stub, arguments: &[&str]) -> Ran {
    let mut program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.set("AWS_MAX_ATTEMPTS", "2");
    let mut all = vec!["--live", "--context", "aws:SourceVpce="];
    all.extend(arguments);
    program.run(&all)
}

const QUESTION: [&str; 2] = ["--role", ROLE];

fn pages() {
    let stub = Stub::start(|request| {
        if request.operation == "iam:ListUserPolicies" {
            let inner = if request.body.contains("Marker=") {
                "<PolicyNames><member>all</member></PolicyNames><IsTruncated>false</IsTruncated>"
            } else {
                "<PolicyNames><member>first</member></PolicyNames><IsTruncated>true</IsTruncated><Marker>m</Marker>"
            };
            return xml("iam:ListUserPolicies", inner);
        }
        account(request)
    });
    ask(&stub, &QUESTION).ends_with(0).says("ALLOWED");
    let asked = stub.asked();
    assert_eq!(asked.iter().filter(|one| *one == "iam:GetUserPolicy").count(), 2, "{asked:?}");
}

fn throttled_for_a_while() {
    let times = AtomicUsize::new(0);
    let stub = Stub::start(move |request| {
        let is_first =
            request.operation == "iam:GetUser" && times.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { error(400, "Throttling", "Rate exceeded") } else { account(request) }
    });
    ask(&stub, &QUESTION).ends_with(0).says("ALLOWED");
}

fn failing(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Stub, Ran) {
    let stub =
        Stub::start(
            move |request| {
                if request.operation == "iam:GetRole" { reply() } else { account(request) }
            },
        );
    let ran = ask(&stub, &QUESTION).ends_with(3);
    (stub, ran)
}

fn throttled_for_good() {
    let (_stub, ran) = failing(|| error(400, "Throttling", "Rate exceeded"));
    ran.says("`iam:GetRole`: AWS throttled it (Throttling)");
}

fn html() {
    let (_stub, ran) =
        failing(|| Reply::Whole(500, "text/html", "<html><p>PLANTED</p></html>".to_owned()));
    ran.says("`iam:GetRole`: what came back, with HTTP status 500");
}

fn truncated() {
    let (_stub, ran) =
        failing(|| Reply::Whole(200, "text/xml", "<GetRoleResponse><GetRoleRes".to_owned()));
    ran.says("`iam:GetRole`: what came back, with HTTP status 200");
}

fn cut() {
    let (_stub, ran) =
        failing(|| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<GetRole".to_vec()));
    ran.says("`iam:GetRole`: ");
}

fn slow() {
    let stub = Stub::start(|request| {
        let reply = account(request);
        match request.operation.as_str() {
            "iam:GetRole" => Reply::Late(Duration::from_secs(60), Box::new(reply)),
            "iam:GetUser" => Reply::Late(Duration::from_millis(300), Box::new(reply)),
            _ => reply,
        }
    });
    let ran = ask(&stub, &["--role", ROLE, "--timeout", "2"]).ends_with(3);
    ran.says("`iam:GetRole`: no answer within 2 s; `--timeout` gives it more");
}

fn offline() {
    let stub = Stub::start(account);
    let program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.run(&["--offline", "--role", ROLE, "--caller", ANA]).ends_with(3);
    program.run(&["--offline", "--role", ROLE]).ends_with(2).complains("say who called");
    assert_eq!(stub.asked(), Vec::<String>::new());
}

fn nobody_is_asked() {
    let stub = Stub::start(account);
    let mut program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.file("trust.json", r#"{"Version":"2012-10-17","Statement":[]}"#);
    for arguments in [
        &["--help"][..],
        &["rules"],
        &["permissions"],
        &["--version"],
        &["--role", ROLE, "--caller", ANA, "--trust-policy", "trust.json"],
        &["--role", ROLE, "--caller", ANA, "--trust-policy", "trust.json", "--role-profile", "p"],
        &["An error occurred (AccessDenied) when calling the AssumeRole operation: no"],
    ] {
        program.run(arguments);
    }
    assert_eq!(stub.asked(), Vec::<String>::new());
    let files = ["--role", ROLE, "--caller", ANA, "--trust-policy", "trust.json"];
    program
        .run(&[&files[..], &["--role-profile", "p"]].concat())
        .complains("--role-profile has no effect: with files or policies, AWS is asked only if");
}

fn no_role() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetRole" => error(404, "NoSuchEntity", "The role with name deploy cannot be found."),
        _ => account(request),
    });
    ask(&stub, &QUESTION).ends_with(1).says("account 111122223333 has no role");
}

fn other_path() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetRole" => {
            let arn = "arn:aws:iam::111122223333:role/team/deploy";
            xml("iam:GetRole", &role(arn, "deploy", ANA))
        }
        _ => account(request),
    });
    ask(&stub, &QUESTION).ends_with(1).says("arn:aws:iam::111122223333:role/team/deploy");
}

fn probe() {
    let denied = "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deploy with an explicit deny in a service control policy";
    let stub = Stub::start(move |request| match request.operation.as_str() {
        "sts:AssumeRole" => error(403, "AccessDenied", denied),
        _ => account(request),
    });
    ask(&stub, &QUESTION).ends_with(0);
    assert!(!stub.asked().contains(&"sts:AssumeRole".to_owned()), "{:?}", stub.asked());
    let ran = ask(&stub, &["--role", ROLE, "--probe"]);
    assert!(stub.asked().contains(&"sts:AssumeRole".to_owned()), "{:?}", stub.asked());
    ran.says("AWS said: AccessDenied").says("do the facts agree? no");
}

fn probe_allowed() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "sts:AssumeRole" => {
            assert!(request.body.contains("DurationSeconds=900"), "{}", request.body);
            xml(
                "sts:AssumeRole",
                "<Credentials><AccessKeyId>ASIAPLANTED</AccessKeyId><SecretAccessKey>PLANTED</SecretAccessKey><SessionToken>PLANTED</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/deploy/why-denied</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>",
            )
        }
        _ => account(request),
    });
    ask(&stub, &["--role", ROLE, "--probe", "--verbose"]).ends_with(0).complains("AWS let it");
}

fn files_first() {
    let stub = Stub::start(account);
    let mut program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    let own = format!(
        r#"{{"Role":{{"Path":"/","RoleName":"deploy","RoleId":"AROAEXAMPLEEXAMPLE111","Arn":"{ROLE}","CreateDate":"2024-01-01T00:00:00Z","AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[]}},"MaxSessionDuration":3600}}}}"#
    );
    program.file("role.json", &own);
    let arguments =
        ["--live", "--role", ROLE, "--facts", "role.json", "--context", "aws:SourceVpce="];
    program
        .run(&arguments)
        .ends_with(1)
        .complains("the facts hold different trust policies of role deploy: `role.json` is used");
}

fn details(more: bool, user: &str) -> String {
    let next = if more {
        "<IsTruncated>true</IsTruncated><Marker>m</Marker>"
    } else {
        "<IsTruncated>false</IsTruncated>"
    };
    format!(
        "<UserDetailList><member><Path>/</Path><UserName>{user}</UserName><UserId>AIDAEXAMPLEEXAMPLE11{}</UserId><Arn>arn:aws:iam::111122223333:user/{user}</Arn><CreateDate>2024-01-01T00:00:00Z</CreateDate></member></UserDetailList><GroupDetailList/><RoleDetailList/><Policies/>{next}",
        user.len()
    )
}

fn whole_account() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetAccountAuthorizationDetails" => {
            let is_second = request.body.contains("Marker=");
            let inner = if is_second { details(false, "bob") } else { details(true, "ana") };
            xml("iam:GetAccountAuthorizationDetails", &inner)
        }
        _ => account(request),
    });
    let program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program
        .run(&["collect", "whole", "--account"])
        .ends_with(0)
        .says("use it with `--facts whole`");
    let ran = program.run(&["facts", "whole"]).ends_with(0);
    ran.says("2 users; that is all there are");
}

fn redacted() {
    let stub = Stub::start(account);
    let program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.run(&["collect", "masked", "--role", ROLE, "--redact"]).ends_with(0);
    let mut all = String::new();
    for entry in walkdir::WalkDir::new(program.home.path().join("masked")) {
        let entry = entry.unwrap();
        all.push_str(&entry.file_name().to_string_lossy());
        if entry.file_type().is_file() {
            all.push_str(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    for name in ["111122223333", "user/ana", "role/deploy", "AIDAEXAMPLEEXAMPLE111"] {
        assert!(!all.contains(name), "{name} in {all}");
    }
    let case = program.run(&["--case", "masked/case.yaml", "--context", "x=y"]);
    assert_eq!(case.status, 2, "options and a case do not go together");
    let answer = program.run(&["--case", "masked/case.yaml"]);
    assert_ne!(answer.status, 2, "{}", answer.stderr);
}

fn no_organization() {
    let stub = Stub::start(account);
    let answer = ask(&stub, &["--role", ROLE, "--format", "json"]).ends_with(0).json();
    assert!(!answer["gaps"].to_string().contains("control"), "{}", answer["gaps"]);
}

fn just_made() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetRole" => {
            let role =
                role(ROLE, "deploy", ANA).replace("2024-01-01T00:00:00Z", "2026-03-17T09:29:40Z");
            xml("iam:GetRole", &role)
        }
        _ => account(request),
    });
    let at = ["--time", "2026-03-17T09:30:00Z"];
    ask(&stub, &[&QUESTION[..], &at].concat()).ends_with(0).says(
        "`deploy` was created 20 seconds before the request, and a change of IAM takes a while",
    );
}

fn just_changed() {
    let arn = "arn:aws:iam::111122223333:policy/shared";
    let document = encoded(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let stub = Stub::start(move |request| match request.operation.as_str() {
        name @ "iam:ListAttachedUserPolicies" => xml(
            name,
            &format!(
                "<AttachedPolicies><member><PolicyName>shared</PolicyName><PolicyArn>{arn}</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>"
            ),
        ),
        name @ "iam:GetPolicy" => xml(
            name,
            &format!(
                "<Policy><PolicyName>shared</PolicyName><PolicyId>ANPAEXAMPLEEXAMPLE111</PolicyId><Arn>{arn}</Arn><Path>/</Path><DefaultVersionId>v2</DefaultVersionId><CreateDate>2024-01-01T00:00:00Z</CreateDate><UpdateDate>2026-03-17T09:28:00Z</UpdateDate></Policy>"
            ),
        ),
        name @ "iam:GetPolicyVersion" => xml(
            name,
            &format!(
                "<PolicyVersion><Document>{document}</Document><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2026-03-17T09:28:00Z</CreateDate></PolicyVersion>"
            ),
        ),
        _ => account(request),
    });
    let at = ["--time", "2026-03-17T09:30:00Z"];
    ask(&stub, &[&QUESTION[..], &at].concat())
        .ends_with(0)
        .complains("policy shared was changed 120 seconds before the request");
    let later = ["--time", "2026-03-17T10:30:00Z"];
    let ran = ask(&stub, &[&QUESTION[..], &later].concat()).ends_with(0);
    assert!(!ran.stderr.contains("was changed"), "{}", ran.stderr);
}

fn itself() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        name @ ("iam:ListRolePolicies" | "iam:ListAttachedRolePolicies") => {
            xml(name, "<PolicyNames/><AttachedPolicies/><IsTruncated>false</IsTruncated>")
        }
        _ => account(request),
    });
    let caller = "arn:aws:sts::111122223333:assumed-role/deploy/work";
    let question = ["--role", ROLE, "--caller", caller, "--session-policy", "none"];
    // Its trust policy names ana alone.
    ask(&stub, &question).ends_with(1);
    assert_eq!(stub.repeated(), Vec::<String>::new());
    let roles = stub.asked().iter().filter(|one| *one == "iam:GetRole").count();
    assert_eq!(roles, 1, "{:?}", stub.asked());
}

/// Whatever a run prints is searched for what is planted, wherever it is run.
fn secrets() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetUser" => Reply::Whole(500, "text/html", "<p>PLANTED</p>".to_owned()),
        "iam:ListMFADevices" => error(403, "AccessDenied", "Signature=0a1b2c3d0a1b2c3d PLANTED"),
        _ => account(request),
    });
    let mut program =
        Program::with_keys(&stub.url(), "ASIAEXAMPLE", "PLANTED-secret", Some("PLANTED-token"));
    program.config(
        "[profile other]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = PLANTED\naws_session_token = PLANTED\n",
    );
    // What the libraries would log, too.
    program.set("RUST_LOG", "trace");
    program.set("AWS_MAX_ATTEMPTS", "1");
    for more in [&[][..], &["--verbose"], &["--quiet"], &["--redact"], &["--format", "json"]] {
        let question = [&QUESTION[..], &["--live", "--role-profile", "other"], more].concat();
        assert_ne!(program.run(&question).status, 2);
        assert_ne!(program.run(&[&QUESTION[..], &["--probe"], more].concat()).status, 2);
        program.run(&[&["whoami", "--profile", "other"], more].concat()).ends_with(0);
    }
    program.run(&["collect", "there", "--role", ROLE, "--verbose"]).ends_with(0);
    for entry in walkdir::WalkDir::new(program.home.path().join("there")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            assert!(!text.contains("PLANTED"), "{text}");
        }
    }
}

fn concurrent() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, peak) = (Arc::clone(&now), Arc::clone(&most));
    let stub = Stub::start(move |request| {
        let count = inside.fetch_add(1, Ordering::SeqCst) + 1;
        peak.fetch_max(count, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
        inside.fetch_sub(1, Ordering::SeqCst);
        account(request)
    });
    ask(&stub, &QUESTION).ends_with(0);
    assert!(most.load(Ordering::SeqCst) >= 5, "{most:?}");
    assert_eq!(stub.repeated(), Vec::<String>::new());
}
