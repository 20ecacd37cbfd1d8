//! Credentials from everywhere but keys: single sign-on, web identity tokens, containers, machines, and
//! `aws login`, answered by the stub.

use libtest_mimic::Trial;
use serde_json::json;

use crate::program::Program;
use crate::test;
use crate::wire::{Reply, Request, Stub, error, json_error};
use crate::wire_tests::{account, xml};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("source: single sign-on", sign_on),
        test("source: single sign-on that does not give the role", sign_on_refused),
        test("source: a web identity token in the environment", token_in_the_environment),
        test("source: a web identity token in a profile", token_in_a_profile),
        test("source: a web identity token that AWS refuses", token_refused),
        test("source: a role of a role of a process", three_hops),
        test("source: a role that may not be assumed", role_refused),
        test("source: a container", container),
        test("source: a machine", machine),
        test("source: aws login that has ended", no_login),
        test("source: aws login", login),
        test("source: keys in the environment hide a token and a profile", all_hidden),
        test("source: a session in the credentials file, with its end", session_in_the_file),
    ]
}

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/dev/work";
const ENDS: &str = "2099-01-01T00:00:00Z";

fn credentials(operation: &str) -> Reply {
    xml(
        operation,
        &format!(
            "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>PLANTED-s</SecretAccessKey><SessionToken>PLANTED-t</SessionToken><Expiration>{ENDS}</Expiration></Credentials><AssumedRoleUser><Arn>{SESSION}</Arn><AssumedRoleId>AROAEXAMPLEEXAMPLE111:work</AssumedRoleId></AssumedRoleUser>"
        ),
    )
}

/// AWS, which knows the session; whatever else gives credentials answers by `more`.
fn aws(more: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| {
        if let Some(reply) = more(request) {
            return reply;
        }
        match request.operation.as_str() {
            "sts:GetCallerIdentity" => xml(
                "sts:GetCallerIdentity",
                &format!(
                    "<Arn>{SESSION}</Arn><UserId>AROAEXAMPLEEXAMPLE111:work</UserId><Account>111122223333</Account>"
                ),
            ),
            "sts:AssumeRole" => credentials("sts:AssumeRole"),
            _ if request.body.contains("AssumeRoleWithWebIdentity") => {
                credentials("sts:AssumeRoleWithWebIdentity")
            }
            _ => account(request),
        }
    })
}

fn nothing_more(_: &Request) -> Option<Reply> {
    None
}

const SIGN_ON: &str = "[profile s]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = dev\n\
    [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n";

fn signed_in(stub: &Stub) -> Program {
    let mut program = Program::bare(&stub.url());
    program.config(SIGN_ON);
    // SHA-1 of `corp`.
    program.file(
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        r#"{"startUrl":"https://example.com/start","region":"us-east-1","accessToken":"PLANTED","expiresAt":"2098-06-01T00:00:00Z"}"#,
    );
    program
}

fn sign_on() {
    let stub = aws(|request| {
        request.path.starts_with("/federation/credentials").then(|| {
            let keys = json!({ "roleCredentials": {
                "accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "PLANTED-s", "sessionToken": "PLANTED-t",
                "expiration": 4_070_908_800_000_i64,
            } });
            Reply::Whole(200, "application/json", keys.to_string())
        })
    });
    signed_in(&stub)
        .run(&["whoami", "--profile", "s"])
        .ends_with(0)
        .says("source profile s: single sign-on")
        .says("2099-01-01T00:00:00Z")
        .says("the sign-in behind it ends at 2098-06-01T00:00:00Z");
}

fn sign_on_refused() {
    let stub = aws(|request| {
        request
            .path
            .starts_with("/federation/credentials")
            .then(|| json_error(403, "ForbiddenException", "No access"))
    });
    let ran = signed_in(&stub).run(&["whoami", "--profile", "s", "--verbose"]).ends_with(1);
    ran.complains(
        "profile s: single sign-on gives no credentials for role dev of account 111122223333",
    );
}

/// A program with a web identity token; its place.
fn with_token(stub: &Stub) -> (Program, String) {
    let mut program = Program::bare(&stub.url());
    program.file("token.jwt", "PLANTED.e30.e30");
    let file = program.home.path().join("token.jwt").display().to_string();
    (program, file)
}

/// The same, with a profile that presents it.
fn with_token_profile(stub: &Stub) -> Program {
    let (mut program, file) = with_token(stub);
    program.config(&format!(
        "[profile w]\nrole_arn = arn:aws:iam::111122223333:role/dev\nweb_identity_token_file = {file}\n"
    ));
    program
}

fn token_in_the_environment() {
    let stub = aws(nothing_more);
    let (mut program, file) = with_token(&stub);
    program.set("AWS_WEB_IDENTITY_TOKEN_FILE", &file);
    program.set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/dev");
    program
        .run(&["whoami"])
        .ends_with(0)
        .says("the environment (AWS_WEB_IDENTITY_TOKEN_FILE): a web identity token")
        .says(ENDS);
}

fn token_in_a_profile() {
    let stub = aws(nothing_more);
    with_token_profile(&stub)
        .run(&["whoami", "--profile", "w"])
        .ends_with(0)
        .says("profile w: arn:aws:iam::111122223333:role/dev, with the web identity token in");
}

fn token_refused() {
    let stub = aws(|request| {
        request.body.contains("AssumeRoleWithWebIdentity").then(|| {
            error(
                400,
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://example.com",
            )
        })
    });
    with_token_profile(&stub)
        .run(&["whoami", "--profile", "w"])
        .ends_with(1)
        .complains("profile w could not assume its role (InvalidIdentityToken)")
        .says("InvalidIdentityToken to AssumeRoleWithWebIdentity");
}

fn three_hops() {
    let stub = aws(nothing_more);
    let mut program = Program::bare(&stub.url());
    program.config(
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = b\n\
         [profile b]\nrole_arn = arn:aws:iam::111122223333:role/b\nsource_profile = c\n\
         [profile c]\ncredential_process = /bin/cat keys.json\n",
    );
    program.file(
        "keys.json",
        r#"{"Version":1,"AccessKeyId":"AKIAEXAMPLE","SecretAccessKey":"PLANTED-s"}"#,
    );
    program.run(&["whoami", "--profile", "a"]).ends_with(0).says(
        "profile a: arn:aws:iam::111122223333:role/a, assumed with profile b: \
         arn:aws:iam::111122223333:role/b, assumed with profile c: credential_process",
    );
    let hops = stub.asked().iter().filter(|one| *one == "sts:AssumeRole").count();
    assert_eq!(hops, 2, "{:?}", stub.asked());
}

fn role_refused() {
    let stub = aws(|request| {
        (request.operation == "sts:AssumeRole").then(|| {
            error(
                403,
                "AccessDenied",
                "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/a",
            )
        })
    });
    let mut program = Program::bare(&stub.url());
    program.config(
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = k\n\
         [profile k]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = PLANTED-s\n",
    );
    program
        .run(&["whoami", "--profile", "a"])
        .ends_with(1)
        .complains("profile a could not assume its role (AccessDenied)")
        .says("arn:aws:iam::111122223333:user/ana");
}

fn keys_of_a_service() -> Reply {
    let keys = json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-03-17T09:30:00Z",
        "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "PLANTED-s", "Token": "PLANTED-t", "Expiration": ENDS,
    });
    Reply::Whole(200, "application/json", keys.to_string())
}

fn container() {
    let stub = aws(|request| request.path.starts_with("/keys").then(keys_of_a_service));
    let mut program = Program::bare(&stub.url());
    program.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/keys", stub.url()));
    program.run(&["whoami"]).ends_with(0).says("the container's credentials").says(ENDS);
}

fn machine() {
    let stub = aws(|request| {
        let whole = |text: &str| Some(Reply::Whole(200, "text/plain", text.to_owned()));
        match request.path.as_str() {
            "/latest/api/token" => Some(Reply::Raw(
                b"HTTP/1.1 200 OK\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntoken".to_vec(),
            )),
            path if path.ends_with("security-credentials/dev") || path.ends_with("security-credentials-extended/dev") => {
                Some(keys_of_a_service())
            }
            path if path.contains("security-credentials") => whole("dev"),
            "/latest/meta-data/placement/region" => whole("us-east-1"),
            _ => None,
        }
    });
    let mut program = Program::bare(&stub.url());
    program.unset("AWS_EC2_METADATA_DISABLED");
    program.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &stub.url());
    program
        .run(&["whoami"])
        .ends_with(0)
        .says("the instance's role, from the metadata service of EC2")
        .says("nothing else was configured, so this is the machine's own identity");
}

fn no_login() {
    let stub = aws(nothing_more);
    let mut program = Program::bare(&stub.url());
    program.config(
        "[profile l]\nlogin_session = arn:aws:iam::111122223333:user/ana\nregion = us-east-1\n",
    );
    program
        .run(&["whoami", "--profile", "l"])
        .ends_with(1)
        .says("the session of profile l has ended")
        .says("run `aws login --profile l`");
}

fn login() {
    let stub = aws(nothing_more);
    let mut program = Program::bare(&stub.url());
    program.config(
        "[profile l]\nlogin_session = arn:aws:iam::111122223333:user/ana\nregion = us-east-1\n\
         [profile hub]\nrole_arn = arn:aws:iam::111122223333:role/hub\nsource_profile = l\n",
    );
    let token = json!({
        "accessToken": {
            "accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "PLANTED-s", "sessionToken": "PLANTED-t",
            "accountId": "111122223333", "expiresAt": ENDS,
        },
        "tokenType": "aws_sigv4", "refreshToken": "PLANTED-r", "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": "PLANTED-k",
    });
    // SHA-256 of the session's ARN.
    program.file(
        ".aws/login/cache/54b26e94961ade5aa4cd61f3deff3136c953a65099a948739052499a875d5095.json",
        &token.to_string(),
    );
    let ran = program.run(&["whoami", "--profile", "l"]).ends_with(0);
    ran.says("source profile l: aws login").says(ENDS);
    let ran = program.run(&["whoami", "--profile", "hub"]).ends_with(0);
    ran.says("role/hub, assumed with profile l: aws login");
}

fn all_hidden() {
    let stub = aws(nothing_more);
    let mut program =
        Program::with_keys(&stub.url(), "ASIAEXAMPLE", "PLANTED-s", Some("PLANTED-t"));
    program.config("[profile dev]\nregion = us-east-1\n");
    program.set("AWS_PROFILE", "dev");
    program.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    program.set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/dev");
    program
        .run(&["whoami"])
        .ends_with(0)
        .says("AWS_PROFILE=dev has no effect")
        .says("AWS_WEB_IDENTITY_TOKEN_FILE has no effect");
}

fn session_in_the_file() {
    let stub = aws(nothing_more);
    let mut program = Program::bare(&stub.url());
    let session = "[default]\naws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = PLANTED-s\naws_session_token = PLANTED-t\n";
    program.file(".aws/credentials", &format!("{session}aws_session_expiration = {ENDS}\n"));
    program.run(&["whoami"]).ends_with(0).says("a session in the file").says(ENDS);
    program.file(".aws/credentials", session);
    program.run(&["whoami"]).ends_with(0).says("not known: a session that came without its end");
}
