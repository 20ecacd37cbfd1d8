//! What holds for any policies and requests: more Deny never allows, more Allow never denies, and
//! what is learned later never contradicts what was certain before.

use proptest::prelude::*;
use proptest::sample::select;
use why_denied::diagnose::{decide, diagnose};
use why_denied::doc::{Syntax, parse};
use why_denied::eval::{Decision, evaluate};
use why_denied::layers::{Attached, Gap, Layer, Layers};
use why_denied::policy::{self, PolicyType};
use why_denied::request::{Caller, Fact, Given, Owner, Request};
use why_denied::text::{SourceMap, Spanned};

const CALLERS: [&str; 6] = [
    "arn:aws:sts::111122223333:assumed-role/ci/run",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:root",
    "arn:aws:sts::444455556666:assumed-role/ci/run",
    "arn:aws:sts::111122223333:federated-user/bob",
    "anonymous",
];
const ASKED: [(&str, &str); 4] = [
    ("s3:GetObject", "arn:aws:s3:::logs/a"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/deploy"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("ec2:DescribeInstances", "*"),
];
const KEYS: [&str; 3] = ["aws:PrincipalTag/team", "aws:SourceVpc", "aws:PrincipalArn"];
const TYPES: [PolicyType; 8] = [
    PolicyType::IdentityBased,
    PolicyType::Trust,
    PolicyType::ResourceBased,
    PolicyType::PermissionsBoundary,
    PolicyType::Session,
    PolicyType::ServiceControl,
    PolicyType::ResourceControl,
    PolicyType::VpcEndpoint,
];

/// A statement from a small alphabet, so that things match often.
fn statement(effect: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    let action = select(vec![
        r#""Action": "*""#,
        r#""Action": "s3:*""#,
        r#""Action": "sts:AssumeRole""#,
        r#""NotAction": "kms:*""#,
    ]);
    let resource = select(vec![
        r#""Resource": "*""#,
        r#""Resource": "arn:aws:s3:::logs/*""#,
        r#""NotResource": "arn:aws:s3:::logs/b""#,
        r#""Resource": "arn:aws:s3:::logs/${aws:PrincipalTag/team}""#,
    ]);
    let principal = select(vec![
        r#""Principal": "*""#,
        r#""Principal": { "AWS": "111122223333" }"#,
        r#""Principal": { "AWS": "arn:aws:iam::111122223333:role/ci" }"#,
        r#""Principal": { "AWS": ["arn:aws:iam::111122223333:user/ana", "arn:aws:iam::444455556666:root"] }"#,
    ]);
    let condition = select(vec![
        "",
        r#", "Condition": { "StringEquals": { "aws:PrincipalTag/team": "a" } }"#,
        r#", "Condition": { "StringNotEquals": { "aws:PrincipalTag/team": ["a", "b"] } }"#,
        r#", "Condition": { "StringEqualsIfExists": { "aws:SourceVpc": "a" } }"#,
        r#", "Condition": { "Null": { "aws:SourceVpc": "true" } }"#,
        r#", "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }"#,
        r#", "Condition": { "ForAnyValue:StringLike": { "aws:PrincipalTag/team": "?" } }"#,
    ]);
    (effect, action, resource, principal, condition).prop_map(
        |(effect, action, resource, principal, condition)| {
            format!(r#"{{ "Effect": "{effect}", {action}, {resource}, {principal}{condition} }}"#)
        },
    )
}

fn any_statement() -> impl Strategy<Value = String> {
    statement(select(vec!["Allow", "Allow", "Deny"]))
}

/// Policies by type, and whether each layer is wholly visible.
type Described = Vec<(PolicyType, Vec<String>, bool)>;

fn described() -> impl Strategy<Value = Described> {
    let layer = (
        select(TYPES.to_vec()),
        proptest::collection::vec(any_statement(), 0..3),
        prop::bool::weighted(0.85),
    );
    proptest::collection::vec(layer, 0..6).prop_map(|mut layers| {
        layers.sort_by_key(|(policy_type, ..)| *policy_type);
        layers.dedup_by_key(|(policy_type, ..)| *policy_type);
        layers
    })
}

fn layers(sources: &mut SourceMap, described: &Described) -> Layers {
    let mut layers = Layers::default();
    for (policy_type, statements, visible) in described {
        let text =
            format!(r#"{{ "Version": "2012-10-17", "Statement": [{}] }}"#, statements.join(", "));
        let id = sources.add_given("policy", text);
        let document = parse(sources, id, Syntax::Json).unwrap().remove(0);
        let policy = std::sync::Arc::new(policy::read(document.root(), *policy_type));
        let attached = Attached { name: None, arn: None, attached_to: None, policy };
        let mut layer = Layer::known(*policy_type, 0, vec![attached]);
        if !visible {
            layer.miss(Gap {
                fact: policy_type.id().to_owned(),
                reason: "hidden".to_owned(),
                supply: "show it".to_owned(),
            });
        }
        layers.push(layer);
    }
    layers
}

#[derive(Clone, Debug)]
struct Asked {
    caller: &'static str,
    action: &'static str,
    resource: &'static str,
    context: Vec<(usize, Option<&'static str>)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let value = prop::option::of(select(vec!["a", "b", "c"]));
    let context = proptest::collection::vec((0..2_usize, value), 0..3);
    (select(CALLERS.to_vec()), select(ASKED.to_vec()), context).prop_map(
        |(caller, (action, resource), context)| Asked { caller, action, resource, context },
    )
}

fn request(sources: &mut SourceMap, asked: &Asked) -> Request {
    let source = sources.add_given("request", "request");
    let span = sources.whole(source);
    let spanned = |text: &str| Spanned { value: text.to_owned(), span };
    let mut caller = Caller::parse(spanned(asked.caller)).unwrap();
    if asked.caller.contains("assumed-role") {
        caller.role_path = Fact::Known("/".into());
    }
    let mut request = Request::new(caller, spanned(asked.action), spanned(asked.resource));
    if request.resource.account == Owner::Unknown {
        request.resource.account = Owner::CallersAccount;
    }
    for (key, value) in &asked.context {
        let value = value.map_or(Given::Absent, |value| Given::One(value.to_owned()));
        request.context.set(KEYS[*key], value, span);
    }
    request
}

/// Whether one answer is a definite yes and the other a definite no.
fn contradicts(before: Decision, after: Decision) -> bool {
    (before == Decision::Allowed && after.is_denied())
        || (before.is_denied() && after == Decision::Allowed)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn one_more_deny_never_allows(
        described in described(), asked in asked(), at in any::<prop::sample::Index>(), more in statement(Just("Deny"))
    ) {
        prop_assume!(!described.is_empty());
        let mut sources = SourceMap::default();
        let request = request(&mut sources, &asked);
        let before = decide(&request, &layers(&mut sources, &described));
        let mut stricter = described.clone();
        stricter[at.index(described.len())].1.push(more);
        let after = decide(&request, &layers(&mut sources, &stricter));
        prop_assert!(after != Decision::Allowed || before == Decision::Allowed, "{before:?} became {after:?}");
    }

    #[test]
    fn one_more_allow_never_denies(
        described in described(), asked in asked(), at in any::<prop::sample::Index>(), more in statement(Just("Allow"))
    ) {
        prop_assume!(!described.is_empty());
        let mut sources = SourceMap::default();
        let request = request(&mut sources, &asked);
        let before = decide(&request, &layers(&mut sources, &described));
        let mut wider = described.clone();
        wider[at.index(described.len())].1.push(more);
        let after = decide(&request, &layers(&mut sources, &wider));
        prop_assert!(before != Decision::Allowed || after == Decision::Allowed, "{before:?} became {after:?}");
    }

    #[test]
    fn what_is_learned_later_contradicts_nothing(
        described in described(), asked in asked(), key in 0..2_usize,
        value in prop::option::of(select(vec!["a", "b", "x"])), complete in any::<bool>()
    ) {
        let mut sources = SourceMap::default();
        let layers = layers(&mut sources, &described);
        let mut request = request(&mut sources, &asked);
        let before = decide(&request, &layers);
        // That a root user and an unsigned call have no tags is known from the start.
        let has_tags = [":user/", ":assumed-role/"].iter().any(|kind| asked.caller.contains(kind));
        let is_open = has_tags || key != 0;
        if is_open && request.context.get(&KEYS[key].to_lowercase()).is_none() {
            let span = request.action.span;
            let value = value.map_or(Given::Absent, |value| Given::One(value.to_owned()));
            request.context.set(KEYS[key], value, span);
        }
        request.context.complete |= complete;
        let after = decide(&request, &layers);
        prop_assert!(!contradicts(before, after), "{before:?} became {after:?}");
    }

    #[test]
    fn a_layer_that_comes_into_view_contradicts_nothing(
        described in described(), asked in asked(), more in any_statement()
    ) {
        let mut sources = SourceMap::default();
        let request = request(&mut sources, &asked);
        let before = decide(&request, &layers(&mut sources, &described));
        let mut seen = described.clone();
        for (_, statements, visible) in &mut seen {
            if !*visible {
                statements.push(more.clone());
                *visible = true;
            }
        }
        let after = decide(&request, &layers(&mut sources, &seen));
        prop_assert!(!contradicts(before, after), "{before:?} became {after:?}");
    }

    #[test]
    fn the_answer_is_the_same_every_time_and_with_or_without_trace(described in described(), asked in asked()) {
        let mut sources = SourceMap::default();
        let layers = layers(&mut sources, &described);
        let request = request(&mut sources, &asked);
        let evaluation = evaluate(&request, &layers);
        prop_assert_eq!(evaluation.decision, decide(&request, &layers));
        let (one, two) = (diagnose(&request, &layers, &Vec::new), diagnose(&request, &layers, &Vec::new));
        prop_assert_eq!(format!("{one:?}"), format!("{two:?}"));
        if one.decision == Decision::Undetermined {
            prop_assert!(!one.gaps.is_empty(), "an open answer names what it depends on");
        }
    }
}
