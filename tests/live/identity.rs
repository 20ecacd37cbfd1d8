//! Who asks: where credentials come from, what hides what, when they end, and what is wrong with them.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::emulator::{Emulator, ROOT, helper};
use crate::program::{PLANTED, Program};
use crate::test;
use crate::wire::{Stub, error};

pub(crate) fn tests(ministack: &Arc<Emulator>) -> Vec<Trial> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/identities.yaml");
    let made = Arc::new(helper("actor.py", &[&ministack.url(), ROOT, file, "i"]));
    let mut tests = Vec::new();
    let mut add = |name: &str, run: fn(&Emulator, &Value)| {
        let (ministack, made) = (Arc::clone(ministack), Arc::clone(&made));
        tests.push(test(format!("identity: {name}"), move || run(&ministack, &made)));
    };
    add("keys in the environment", from_the_environment);
    add("a profile that the environment hides", hidden_profile);
    add("an explicit profile comes before the environment", explicit_profile);
    add("a profile that assumes a role", role_profile);
    add("a role is assumed at the address that is given", address_is_passed_on);
    add("mfa_serial is not asked for, and said", mfa_serial);
    add("the output of a process, with its end", process);
    add("a process whose keys have ended", ended_process);
    add("a process that fails keeps its secrets", failing_process);
    add("a session whose end the environment says", said_end);
    add("a session whose end nobody says", unknown_end);
    add("an unknown key", unknown_key);
    add("a wrong secret", wrong_secret);
    add("no credentials", none);
    add("half of the credentials", half);
    add("a profile that is not there", missing_profile);
    add("a profile for the role's side that is not there", missing_role_profile);
    add("a profile that leads back to itself", looping_profile);
    add("a sign-in that has ended", ended_sign_in);
    add("a sign-in that never was", no_sign_in);
    add("an expired session", expired);
    add("a clock that is wrong", skewed);
    add("a region that is closed", closed_region);
    add("an address where nobody is", nobody_there);
    add("somebody else was denied", another_caller);
    tests
}

fn keys(made: &Value, at: usize) -> (String, String, Option<String>) {
    let ran = &made[at];
    assert!(ran["broken"].is_null(), "{}", ran["broken"]);
    let text = |at: usize| ran["keys"][at].as_str().map(str::to_owned);
    (text(0).unwrap(), text(1).unwrap(), text(2))
}

fn user(ministack: &Emulator, made: &Value) -> Program {
    let (key, secret, _) = keys(made, 0);
    Program::with_keys(&ministack.url(), &key, &secret, None)
}

fn caller(made: &Value) -> &str {
    made[0]["caller"].as_str().unwrap()
}

fn from_the_environment(ministack: &Emulator, made: &Value) {
    let ran = user(ministack, made).run(&["whoami", "--format", "json"]).ends_with(0);
    let said = ran.json();
    assert_eq!(said["arn"], caller(made));
    assert_eq!(said["account"], ROOT);
    assert_eq!(said["source"], "the environment (AWS_ACCESS_KEY_ID)");
    assert!(said["expires"].is_null());
    user(ministack, made)
        .run(&["whoami"])
        .ends_with(0)
        .says("expires never, as long as the access key is active");
}

fn hidden_profile(ministack: &Emulator, made: &Value) {
    let mut program = user(ministack, made);
    program.config("[profile dev]\naws_access_key_id = x\naws_secret_access_key = PLANTED\n");
    program.set("AWS_PROFILE", "dev");
    program.run(&["whoami"]).ends_with(0).says("AWS_PROFILE=dev has no effect");
}

fn base(ministack: &Emulator, made: &Value, more: &str) -> Program {
    let (key, secret, _) = keys(made, 0);
    let mut program = Program::bare(&ministack.url());
    program.config(&format!(
        "[profile base]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n{more}"
    ));
    program
}

fn explicit_profile(ministack: &Emulator, made: &Value) {
    let mut program = base(ministack, made, "");
    program.set("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN11");
    program.set("AWS_SECRET_ACCESS_KEY", "PLANTED-secret");
    program
        .run(&["whoami", "--profile", "base"])
        .ends_with(0)
        .says(caller(made))
        .says("profile base: keys in the file")
        .says("the keys in the environment are passed over");
}

fn role(made: &Value) -> &str {
    made[0]["names"]["hub"].as_str().unwrap()
}

fn chain(made: &Value) -> String {
    format!("[profile hub]\nrole_arn = {}\nsource_profile = base\n", role(made))
}

fn role_profile(ministack: &Emulator, made: &Value) {
    let program = base(ministack, made, &chain(made));
    let ran = program.run(&["whoami", "--profile", "hub", "--format", "json"]).ends_with(0);
    let said = ran.json();
    assert!(said["arn"].as_str().unwrap().contains(":assumed-role/"), "{said}");
    let source = said["source"].as_str().unwrap();
    let expected =
        format!("profile hub: {}, assumed with profile base: keys in the file", role(made));
    assert_eq!(source, expected);
    assert!(said["seconds_left"].as_i64().unwrap() > 600, "{said}");
}

fn address_is_passed_on(ministack: &Emulator, made: &Value) {
    let mut program = base(ministack, made, &chain(made));
    program.unset("AWS_ENDPOINT_URL");
    let url = ministack.url();
    program
        .run(&["whoami", "--profile", "hub", "--endpoint-url", &url])
        .ends_with(0)
        .says(":assumed-role/");
}

fn mfa_serial(ministack: &Emulator, made: &Value) {
    let more = format!("{}mfa_serial = arn:aws:iam::{ROOT}:mfa/ana\n", chain(made));
    base(ministack, made, &more)
        .run(&["whoami", "--profile", "hub"])
        .ends_with(0)
        .says("the role was assumed without MFA");
}

/// A profile whose keys a command prints.
fn with_process(ministack: &Emulator, command: &str) -> Program {
    let mut program = Program::bare(&ministack.url());
    program.config(&format!("[profile p]\ncredential_process = {command}\n"));
    program
}

fn printed(made: &Value, expiration: &str) -> String {
    let (key, secret, _) = keys(made, 0);
    format!(
        r#"{{"Version":1,"AccessKeyId":"{key}","SecretAccessKey":"{secret}","Expiration":"{expiration}"}}"#
    )
}

fn process(ministack: &Emulator, made: &Value) {
    let mut program = with_process(ministack, "/bin/cat keys.json");
    program.file("keys.json", &printed(made, "2099-01-01T00:00:00Z"));
    let ran = program.run(&["whoami", "--profile", "p"]).ends_with(0);
    ran.says("profile p: credential_process").says("2099-01-01T00:00:00Z");
}

fn ended_process(ministack: &Emulator, made: &Value) {
    let mut program = with_process(ministack, "/bin/cat keys.json");
    program.file("keys.json", &printed(made, "2020-01-01T00:00:00Z"));
    program.run(&["whoami", "--profile", "p"]).ends_with(1).says("ended at 2020-01-01T00:00:00Z");
}

fn failing_process(ministack: &Emulator, _: &Value) {
    let mut program = with_process(ministack, "/bin/sh fail.sh");
    program.file("fail.sh", &format!("echo {PLANTED} >&2\nexit 3\n"));
    let ran = program.run(&["whoami", "--profile", "p", "--verbose"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    ran.says("the credential_process of profile p failed");
}

fn session(ministack: &Emulator, made: &Value) -> Program {
    let (key, secret, token) = keys(made, 1);
    Program::with_keys(&ministack.url(), &key, &secret, token.as_deref())
}

fn said_end(ministack: &Emulator, made: &Value) {
    let mut program = session(ministack, made);
    program.set("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z");
    program.run(&["whoami"]).ends_with(0).says("(2099-01-01T00:00:00Z)");
}

fn unknown_end(ministack: &Emulator, made: &Value) {
    session(ministack, made)
        .run(&["whoami"])
        .ends_with(0)
        .says("expires not known: a session that came without its end");
}

fn unknown_key(ministack: &Emulator, made: &Value) {
    let program =
        Program::with_keys(&ministack.url(), "AKIAUNKNOWNUNKNOWN11", "PLANTED-secret", None);
    program.run(&["whoami"]).ends_with(1).says("InvalidClientTokenId");
    program
        .run(&["--role", role(made)])
        .ends_with(1)
        .says("InvalidClientTokenId")
        .complains("AWS STS refused these credentials (InvalidClientTokenId); the credentials come from the environment");
}

fn wrong_secret(ministack: &Emulator, made: &Value) {
    let (key, _, _) = keys(made, 0);
    let program = Program::with_keys(&ministack.url(), &key, "PLANTED-secret", None);
    program.run(&["whoami"]).ends_with(1).says("SignatureDoesNotMatch");
}

fn none(ministack: &Emulator, made: &Value) {
    let program = Program::bare(&ministack.url());
    program.run(&["whoami"]).ends_with(1).says("not known: there are no credentials");
    // Nothing was denied: nobody was asked.
    program
        .run(&["--role", role(made)])
        .ends_with(3)
        .says("UNDETERMINED AWS was not asked: there are no credentials");
}

fn half(ministack: &Emulator, _: &Value) {
    let mut program = Program::bare(&ministack.url());
    program.set("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN11");
    program.run(&["whoami"]).ends_with(1).says("AWS_SECRET_ACCESS_KEY is not");
}

fn missing_profile(ministack: &Emulator, made: &Value) {
    base(ministack, made, "")
        .run(&["whoami", "--profile", "bsae"])
        .ends_with(1)
        .says("there is no profile bsae")
        .says("the config files have the profiles base");
}

fn missing_role_profile(ministack: &Emulator, made: &Value) {
    let program = user(ministack, made);
    let says = "`--role-profile bsae`: there is no profile bsae";
    program.run(&["--role", role(made), "--role-profile", "bsae"]).complains(says);
    program.run(&["--role", role(made), "--org-profile", "bsae"]).complains("`--org-profile bsae`");
    program
        .run(&["collect", "there", "--role", role(made), "--role-profile", "bsae"])
        .ends_with(0)
        .complains(says);
}

fn looping_profile(ministack: &Emulator, _: &Value) {
    let mut program = Program::bare(&ministack.url());
    program.config(&format!(
        "[profile a]\nrole_arn = arn:aws:iam::{ROOT}:role/x\nsource_profile = b\n\
         [profile b]\nrole_arn = arn:aws:iam::{ROOT}:role/y\nsource_profile = a\n"
    ));
    program.run(&["whoami", "--profile", "a"]).ends_with(1).says("leads back to itself");
}

const SIGN_IN: &str = "[profile s]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = r\n\
    [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n";

fn ended_sign_in(ministack: &Emulator, _: &Value) {
    let mut program = Program::bare(&ministack.url());
    program.config(SIGN_IN);
    // SHA-1 of `corp`.
    program.file(
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        r#"{"startUrl":"https://example.com/start","region":"us-east-1","accessToken":"PLANTED","expiresAt":"2020-01-01T00:00:00Z"}"#,
    );
    let ran = program.run(&["whoami", "--profile", "s"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    ran.says("the sign-in of profile s has ended").says("run `aws sso login --profile s`");
}

fn no_sign_in(ministack: &Emulator, _: &Value) {
    let mut program = Program::bare(&ministack.url());
    program.config(SIGN_IN);
    program
        .run(&["whoami", "--profile", "s"])
        .ends_with(1)
        .says("profile s has not signed in")
        .says("run `aws sso login --profile s`");
}

/// A program whose calls AWS answers with one error.
fn answered(status: u16, code: &'static str, said: &'static str) -> (Stub, Program) {
    let stub = Stub::start(move |_| error(status, code, said));
    let program =
        Program::with_keys(&stub.url(), "ASIAUNKNOWNUNKNOWN11", "PLANTED-s", Some("PLANTED-t"));
    (stub, program)
}

fn expired(_: &Emulator, made: &Value) {
    let said = "The security token included in the request is expired";
    let (_stub, program) = answered(403, "ExpiredToken", said);
    program.run(&["whoami"]).ends_with(1).says("ExpiredToken");
    program.run(&["--role", role(made), "--verbose"]).ends_with(1).says("ExpiredToken");
}

fn skewed(_: &Emulator, _: &Value) {
    let said = "Signature expired: 20260317T093000Z is now earlier than 20260317T095000Z (20260317T100500Z - 15 min.)";
    let (_stub, program) = answered(403, "SignatureDoesNotMatch", said);
    let ran = program.run(&["whoami"]).ends_with(1);
    assert!(ran.stdout.contains("clock"), "{}", ran.stdout);
}

fn closed_region(_: &Emulator, _: &Value) {
    let said = "STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.";
    let (_stub, program) = answered(403, "RegionDisabledException", said);
    program.run(&["whoami"]).ends_with(1).says("RegionDisabledException");
}

fn nobody_there(_: &Emulator, made: &Value) {
    let mut program = Program::with_keys("http://127.0.0.1:1", "AKIA", "PLANTED-s", None);
    program.set("AWS_MAX_ATTEMPTS", "1");
    let said = "AWS STS could not be asked: http://127.0.0.1:1 refused the connection";
    program.run(&["--role", role(made)]).ends_with(3).says(said);
    program.run(&["whoami"]).ends_with(2).says(said);
    // A role on the way is assumed at the same address.
    program.config(&format!(
        "[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = {PLANTED}\n\
         [profile hub]\nrole_arn = {}\nsource_profile = base\n",
        role(made)
    ));
    program.run(&["whoami", "--profile", "hub"]).ends_with(2).says(
        "the credentials of profile hub could not be fetched: the endpoint refused the connection",
    );
}

fn another_caller(ministack: &Emulator, made: &Value) {
    let program = Program::with_keys(&ministack.url(), ROOT, "test", None);
    program
        .run(&["--role", role(made), "--caller", caller(made)])
        .says("you are not who was denied");
}
