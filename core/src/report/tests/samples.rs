//! The diagnoses that every format is shown with.

use crate::doc::embed::document_in;
use crate::doc::{Syntax, parse};
use crate::eval::Decision;
use crate::finding::{
    DecidingStatement, Diagnosis, Finding, Gate, GateReport, Outcome, Party, Severity,
    StatementRole,
};
use crate::layers::Gap;
use crate::policy::{Effect, PolicyType};
use crate::text::{SourceId, SourceMap, Span};

const TRUST: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "TrustCi",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::444455556666:role/ci-old"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
"#;
const REQUEST: &str = "principal  arn:aws:sts::444455556666:assumed-role/ci/build-77\n\
                       action     sts:AssumeRole\n\
                       resource   arn:aws:iam::111122223333:role/deploy\n";

/// A diagnosis with its sources.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) diagnosis: Diagnosis,
    pub(super) sources: SourceMap,
}

pub(super) fn at(sources: &SourceMap, source: SourceId, needle: &str) -> Span {
    let start = sources.text(source).find(needle).unwrap();
    let end = u32::try_from(start + needle.len()).unwrap();
    Span { source, start: u32::try_from(start).unwrap(), end }
}

fn gate(gate: Gate, outcome: Outcome, summary: &str) -> GateReport {
    GateReport { gate, outcome, summary: summary.to_owned() }
}

fn base(decision: Decision, headline: &str) -> Diagnosis {
    Diagnosis {
        name: None,
        blockers: Vec::new(),
        retry: None,
        decision,
        headline: headline.to_owned(),
        principal: "arn:aws:sts::444455556666:assumed-role/ci/build-77".to_owned(),
        action: "sts:AssumeRole".to_owned(),
        resource: "arn:aws:iam::111122223333:role/deploy".to_owned(),
        same_account: Some(false),
        context: vec![
            ("aws:PrincipalArn".to_owned(), vec!["arn:aws:iam::444455556666:role/ci".to_owned()]),
            ("aws:TagKeys".to_owned(), vec!["team".to_owned(), "app".to_owned()]),
        ],
        gates: vec![
            gate(Gate::RoleArn, Outcome::Passed, "well-formed, the role is in export/roles.json"),
            gate(Gate::Caller, Outcome::Passed, "a session of role ci"),
            gate(Gate::Credentials, Outcome::Passed, "expire in 42 min"),
            gate(
                Gate::IdentityPolicies,
                Outcome::Passed,
                "statement AssumeDeploy of policy ci-deploy allows it",
            ),
            gate(Gate::TrustPolicy, Outcome::Passed, "statement TrustCi names the caller's role"),
            gate(Gate::ExplicitDenies, Outcome::Passed, "none among 14 statements of 5 policies"),
            gate(Gate::PermissionsBoundary, Outcome::Passed, "none is attached to role ci"),
            gate(Gate::SessionPolicy, Outcome::NotApplicable, "the session has none"),
        ],
        findings: Vec::new(),
        hop: None,
        title: String::new(),
        doubts: Vec::new(),
        settlements: Vec::new(),
        gaps: Vec::new(),
        statements: Vec::new(),
        notes: Vec::new(),
        evidence: None,
        is_bare: false,
        identity: None,
        hints: Vec::new(),
    }
}

fn set(diagnosis: &mut Diagnosis, which: Gate, outcome: Outcome, summary: &str) {
    let report = diagnosis.gates.iter_mut().find(|report| report.gate == which).unwrap();
    *report = gate(which, outcome, summary);
}

fn denied(headline: &str) -> Diagnosis {
    let mut diagnosis = base(Decision::ImplicitDeny, headline);
    let summary = "no statement names this caller";
    set(&mut diagnosis, Gate::TrustPolicy, Outcome::Failed, summary);
    diagnosis
}

fn trust_finding(span: Span) -> Finding {
    Finding::new(
        "trust-principal-mismatch",
        "the trust policy of `deploy` trusts role `ci-old`, the caller is a session of role `ci`",
        span,
        "names another role than the caller's, `ci`",
    )
    .help("ask the owner of account 111122223333 to trust `arn:aws:iam::444455556666:role/ci`")
    .owner(Party::RoleAccount)
}

fn no_finding() -> Sample {
    let diagnosis = base(Decision::Allowed, "every layer lets it through");
    Sample { name: "no_finding", diagnosis, sources: SourceMap::default() }
}

pub(super) fn one_source() -> Sample {
    let mut sources = SourceMap::default();
    let trust = sources.add_file("export/trust.json", TRUST.into()).unwrap();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, trust, "\"arn:aws:iam::444455556666:role/ci-old\"");
    diagnosis.findings.push(trust_finding(value));
    diagnosis.statements.push(DecidingStatement {
        policy: "the trust policy".to_owned(),
        policy_type: PolicyType::Trust,
        sid: Some("TrustCi".to_owned()),
        effect: Effect::Allow,
        role: StatementRole::Nearest,
        span: value,
    });
    Sample { name: "one_source", diagnosis, sources }
}

pub(super) fn three_sources() -> Sample {
    let mut sources = SourceMap::default();
    let trust = sources.add_file("export/trust.json", TRUST.into()).unwrap();
    let request = sources.add_given("request", REQUEST);
    let scp = "{\"Statement\": {\r\n\t\"Effect\": \"Deny\",\r\n\t\"Action\": \"sts:*\",\r\n\
               \t\"Resource\": \"*\",\r\n\t\"Condition\": {\"StringNotEquals\": \
               {\"aws:RequestedRegion\": \"eu-west-1\"}}\r\n}}\r\n";
    let scp = sources.add_file("export/scp-guard.json", scp.into()).unwrap();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, trust, "\"arn:aws:iam::444455556666:role/ci-old\"");
    let caller = at(&sources, request, "arn:aws:sts::444455556666:assumed-role/ci/build-77");
    let deny = at(&sources, scp, "\"Deny\"");
    let action = at(&sources, scp, "\"sts:*\"");
    let summary =
        "statement 1 of export/scp-guard.json may deny it, depending on aws:RequestedRegion";
    diagnosis.gates.push(gate(Gate::ServiceControlPolicies, Outcome::Inconclusive, summary));
    diagnosis.findings = vec![
        trust_finding(value).also(caller, "the caller, as given"),
        Finding::new(
            "explicit-deny",
            "`sts:AssumeRole` may be denied by service control policy `guard`",
            deny,
            "an explicit deny outweighs every allow",
        )
        .severity(Severity::Warning)
        .also(action, "matches `sts:AssumeRole`")
        .owner(Party::Organization),
        Finding::new("role-session-name", "the session is named `build-77`", caller, "")
            .severity(Severity::Note),
    ];
    Sample { name: "three_sources", diagnosis, sources }
}

fn no_file() -> Sample {
    let mut sources = SourceMap::default();
    let request = sources.add_given("request", REQUEST);
    let mut diagnosis = denied("no policy allows it");
    let summary = "no statement among 3 policies of role ci allows sts:AssumeRole on this role";
    set(&mut diagnosis, Gate::IdentityPolicies, Outcome::Failed, summary);
    diagnosis.findings.push(
        Finding::new(
            "identity-no-allow",
            "no identity-based policy of role `ci` allows `sts:AssumeRole` on `arn:aws:iam::111122223333:role/deploy`",
            at(&sources, request, "sts:AssumeRole"),
            "nothing allows this action",
        )
        .help("ask an administrator of account 444455556666 to allow `sts:AssumeRole` on the role in a policy of role `ci`")
        .owner(Party::CallerAccount),
    );
    Sample { name: "no_file", diagnosis, sources }
}

fn non_ascii() -> Sample {
    let mut sources = SourceMap::default();
    let text = "\u{feff}{\"Statement\": [{\"Sid\": \"営業部のみ\", \"Effect\": \"Deny\", \"Action\": \"*\"},\n\
                \t{\"Sid\": \"😀 équipe\u{200b}\", \"Effect\":\t\"Deny\", \"Action\": \"*\"}]}\n";
    let source = sources.add_file("設定/方針.json", text.into()).unwrap();
    let mut diagnosis = base(Decision::ExplicitDeny, "by identity-based policy `方針`");
    let sid = at(&sources, source, "営業部のみ");
    let effect = at(&sources, source, "\"Deny\", \"Action\": \"*\"},");
    let effect = Span { end: effect.start + 6, ..effect };
    let invisible = at(&sources, source, "équipe\u{200b}");
    diagnosis.findings.push(
        Finding::new("explicit-deny", "`sts:AssumeRole` is denied by `方針`", effect, "denies it")
            .also(sid, "この文")
            .also(invisible, "holds an invisible character"),
    );
    Sample { name: "non_ascii", diagnosis, sources }
}

pub(super) fn inconclusive() -> Sample {
    let mut sample = one_source();
    let diagnosis = &mut sample.diagnosis;
    diagnosis.decision = Decision::Undetermined;
    diagnosis.headline = "service control policies are not visible".to_owned();
    diagnosis.findings.clear();
    set(diagnosis, Gate::TrustPolicy, Outcome::Passed, "statement TrustCi allows it");
    let summary = "the SCPs of 444455556666 are not in export/";
    diagnosis.gates.push(gate(Gate::ServiceControlPolicies, Outcome::Inconclusive, summary));
    let gap = |fact: &str, reason: &str, supply: &str| Gap {
        fact: fact.to_owned(),
        reason: reason.to_owned(),
        supply: supply.to_owned(),
    };
    diagnosis.gaps = vec![
        gap(
            "service control policies of account 444455556666",
            "no file among the facts holds them",
            "--scp FILE, or export them with `aws organizations list-policies-for-target --filter SERVICE_CONTROL_POLICY`",
        ),
        gap("aws:SourceIp", "the request context is partial", "--context KEY=VALUE"),
        gap("aws:MultiFactorAuthPresent", "the request context is partial", "--context KEY=VALUE"),
    ];
    Sample { name: "inconclusive", ..sample }
}

/// A policy on one long line.
fn one_line() -> Sample {
    let mut sources = SourceMap::default();
    let statement = |n: usize| {
        format!(
            "{{\"Sid\":\"S{n}\",\"Effect\":\"Deny\",\"Action\":\"service{n}:*\",\"Resource\":\"arn:aws:s3:::bucket-with-quite-a-long-name-{n}/some/path/to/objects/*\"}}"
        )
    };
    let statements: Vec<String> = (0..60).map(statement).collect();
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","));
    let source =
        sources.add_file("export/pages/account-authorization-details.json", text.into()).unwrap();
    let mut diagnosis = base(Decision::ExplicitDeny, "by an identity-based policy");
    let deny = at(&sources, source, "\"Deny\",\"Action\":\"service33");
    let deny = Span { end: deny.start + 6, ..deny };
    let resource = at(
        &sources,
        source,
        "\"arn:aws:s3:::bucket-with-quite-a-long-name-33/some/path/to/objects/*\"",
    );
    let statement = at(&sources, source, &statements[33]);
    diagnosis.findings = vec![
        Finding::new(
            "explicit-deny",
            "the action is denied",
            deny,
            "an explicit deny outweighs every allow",
        )
        .also(resource, "matches the resource of the request, whatever the object is called"),
        Finding::new("statement", "the whole statement is meant", statement, "this statement"),
    ];
    Sample { name: "one_line", diagnosis, sources }
}

/// The statement of [`TRUST`], braces included.
fn statement_text() -> &'static str {
    let start = TRUST.find("{\n      \"Sid\"").unwrap();
    TRUST.get(start..TRUST.rfind("\n  ]").unwrap()).unwrap()
}

/// A URL-encoded document, as IAM's API gives it.
pub(super) fn decoded() -> Sample {
    let mut sources = SourceMap::default();
    let encoded: String = TRUST.bytes().map(|b| format!("%{b:02X}")).collect();
    let text = format!(
        "{{\n  \"RoleName\": \"deploy\",\n  \"AssumeRolePolicyDocument\": \"{encoded}\"\n}}\n"
    );
    let file = sources.add_file("export/roles.json", text.into()).unwrap();
    let documents = parse(&sources, file, Syntax::Json).unwrap();
    let document = documents.first().unwrap();
    let node = document.root().get("AssumeRolePolicyDocument").unwrap().id();
    let inner = document_in(&mut sources, document, node).unwrap().unwrap().source();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, inner, "\"arn:aws:iam::444455556666:role/ci-old\"");
    let statement = at(&sources, inner, statement_text());
    diagnosis.findings = vec![
        trust_finding(value),
        Finding::new("whole", "the statement is meant", statement, "all of this"),
    ];
    Sample { name: "decoded", diagnosis, sources }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        no_finding(),
        one_source(),
        three_sources(),
        no_file(),
        non_ascii(),
        inconclusive(),
        one_line(),
        decoded(),
    ]
}
