//! Whatever events look like, and wherever a stream is cut: the same denials.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// What a sink was given.
#[derive(Default)]
struct Heard {
    groups: Groups,
    damage: Vec<(Damage, u64)>,
}

impl Sink for Heard {
    fn piece(&mut self, piece: Piece, bytes: &[u8], _at: u64) -> bool {
        read(piece, bytes, &mut |event| self.groups.push(&event))
    }
    fn damage(&mut self, damage: Damage, at: u64) {
        self.damage.push((damage, at));
    }
}

/// Reads a text in pieces of so many bytes.
fn heard(text: &[u8], step: usize) -> (Heard, Totals) {
    let mut scanner = Scanner::default();
    let mut heard = Heard::default();
    for part in text.chunks(step.max(1)) {
        let space = scanner.space();
        space[..part.len()].copy_from_slice(part);
        scanner.advance(part.len(), &mut heard);
    }
    scanner.finish(&mut heard);
    let totals = scanner.totals();
    (heard, totals)
}

/// Reads a text where it stands, with bytes of another one behind it.
fn heard_in_place(text: &[u8]) -> (Heard, Totals) {
    let mut buffer = [text, br#"{"Records":[{"eventVersion""#].concat();
    let mut scanner = Scanner::default();
    let mut heard = Heard::default();
    scanner.read_in(&mut buffer, text.len(), &mut heard);
    assert!(buffer.starts_with(text), "the buffer comes back");
    (heard, scanner.totals())
}

fn denials(text: &[u8], step: usize) -> u64 {
    heard(text, step).0.groups.totals().0
}

fn event(number: u64, code: Option<&str>) -> Value {
    let mut event = json!({
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333"},
        "eventTime": "2026-10-01T09:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-west-1",
        "requestParameters": {"bucketName": "b", "key": "k"},
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
    });
    if let Some(code) = code {
        event["errorCode"] = json!(code);
        event["errorMessage"] = json!("Access Denied");
    }
    event
}

/// Events with whatever in their strings, keys in any order, and a code in places where it counts and
/// where it does not; with each whether it is a denial.
fn events() -> impl Strategy<Value = Vec<(Value, bool)>> {
    let code = prop_oneof![
        3 => Just(None),
        1 => Just(Some("AccessDenied")),
        1 => Just(Some("Client.UnauthorizedOperation")),
        1 => Just(Some("NoSuchKey")),
    ];
    let noise = prop_oneof![
        Just(json!("\"errorCode\":\"AccessDenied\"")),
        Just(json!({"errorCode": "AccessDenied", "eventName": "GetObject"})),
        Just(json!([{"a": {"errorCode": "AccessDeniedException"}}, "}{][\\"])),
        "[\\\\\"{}\\[\\]a:,é]{0,40}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let one = (code, noise, any::<u64>());
    proptest::collection::vec(one, 1..12).prop_map(|list| {
        let numbered = list.into_iter().enumerate().map(|(number, (code, noise, turn))| {
            let mut value = event(number as u64, code);
            value["requestParameters"] = json!({"bucketName": "b", "key": "k", "note": noise});
            value["additionalEventData"] = noise;
            let mut members: Vec<_> =
                value.as_object().cloned().unwrap_or_default().into_iter().collect();
            let length = members.len();
            members.rotate_left(turn as usize % length);
            let members: Map<String, Value> = members.into_iter().collect();
            (Value::Object(members), code.is_some_and(|code| code != "NoSuchKey"))
        });
        numbered.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_denial_is_found_and_nothing_else(list in events(), step in 1_usize..300) {
        let expected = list.iter().filter(|(_, is_denied)| *is_denied).count() as u64;
        let all: Vec<&Value> = list.iter().map(|(event, _)| event).collect();
        let records = json!({"Records": all});
        let lines = all.iter().map(|event| format!("{event}\n")).collect::<String>();
        let looked_up = all.iter().map(|event| json!({"EventId": "x", "CloudTrailEvent": event.to_string()}));
        let looked_up = json!({"Events": looked_up.collect::<Vec<_>>(), "NextToken": "t"});
        let wrapped = all.iter().map(|event| json!({"version": "0", "detail": event}).to_string());
        for text in [
            records.to_string(),
            serde_json::to_string_pretty(&records).unwrap(),
            json!(all).to_string(),
            lines,
            serde_json::to_string_pretty(&looked_up).unwrap(),
            wrapped.collect::<Vec<_>>().join("\n"),
        ] {
            let (heard, totals) = heard(text.as_bytes(), step);
            prop_assert_eq!(heard.groups.totals().0, expected, "{}", text);
            prop_assert_eq!(totals.pieces, all.len() as u64, "{}", text);
            prop_assert!(heard.damage.is_empty(), "{:?} {}", heard.damage, text);
            let (in_place, again) = heard_in_place(text.as_bytes());
            prop_assert_eq!(in_place.groups.totals(), heard.groups.totals());
            prop_assert_eq!((in_place.damage, again), (heard.damage, totals));
        }
    }

    #[test]
    fn no_bytes_are_too_much(text in "[\\\\\"{}\\[\\]:,a ]{0,400}", step in 1_usize..80) {
        let (one, totals) = heard(text.as_bytes(), step);
        let (other, again) = heard(text.as_bytes(), 4096);
        prop_assert_eq!(totals, again);
        prop_assert_eq!(&one.damage, &other.damage);
        let (in_place, again) = heard_in_place(text.as_bytes());
        prop_assert_eq!((in_place.damage, again), (one.damage, totals));
    }
}

#[test]
fn what_is_cut_off_is_told_and_what_stands_before_it_counts() {
    let whole = json!({"Records": [event(1, Some("AccessDenied")), event(2, None), event(3, Some("AccessDenied"))]})
        .to_string();
    for cut in 1..whole.len() {
        let (heard, totals) = heard(&whole.as_bytes()[..cut], 50);
        let is_told = heard.damage.iter().any(|(damage, _)| *damage == Damage::EndsEarly);
        assert_eq!(is_told, totals.containers > 0, "{cut}");
        assert!(heard.groups.totals().0 <= 2);
        let (in_place, again) = heard_in_place(&whole.as_bytes()[..cut]);
        assert_eq!((in_place.damage, again), (heard.damage, totals), "{cut}");
    }
    let (heard, _) = heard(&whole.as_bytes()[..whole.len() - 20], 50);
    assert_eq!(heard.groups.totals().0, 1);
}

#[test]
fn after_a_damaged_event_the_others_are_read() {
    let good = |number| event(number, Some("AccessDenied")).to_string();
    for damaged in [
        // A brace that is missing, a quote that is missing, and something that is no JSON.
        r#"{"eventVersion":"1.09","errorCode":"AccessDenied","userIdentity":{"type":"IAMUser""#,
        r#"{"eventVersion":"1.09,"errorCode":"AccessDenied"}"#,
        r#"{"eventVersion":"1.09","errorCode":"AccessDenied",,}"#,
        r#"{"eventVersion":"1.09"}}"#,
    ] {
        let text = format!("{{\"Records\":[{},{damaged},{},{}]}}", good(1), good(2), good(3));
        let (heard, _) = heard(text.as_bytes(), 64);
        assert_eq!(heard.groups.totals().0, 3, "{damaged}");
        assert!(!heard.damage.is_empty(), "{damaged}");
    }
}

#[test]
fn damage_everywhere_takes_no_longer_than_reading_twice() {
    let text = "{\"eventVersion\":\"\",".repeat(200_000);
    let (heard, _) = heard(text.as_bytes(), 1 << 16);
    assert_eq!(heard.damage.last().map(|(damage, _)| *damage), Some(Damage::GivenUp));
    let (in_place, _) = heard_in_place(text.as_bytes());
    assert_eq!(in_place.damage.last().map(|(damage, _)| *damage), Some(Damage::GivenUp));
}

#[test]
fn an_event_that_two_files_hold_counts_once() {
    let text = json!({"Records": [event(1, Some("AccessDenied")), event(1, Some("AccessDenied"))]});
    let (heard, _) = heard(text.to_string().as_bytes(), 100);
    assert_eq!(heard.groups.totals(), (1, 1));
}

/// What is told of each group, whatever the order of its events.
fn grouped(events: &[Value]) -> String {
    let mut groups = Groups::default();
    for one in events {
        assert!(read(Piece::Event, one.to_string().as_bytes(), &mut |event| groups.push(&event)));
    }
    format!("{:#?}", groups.finish())
}

#[test]
fn whatever_differs_in_who_what_or_why_is_another_group() {
    let policy = |letter: char| {
        format!(
            "arn:aws:organizations::111122223333:policy/o-a1b2c3d4e5/service_control_policy/p-{letter}"
        )
    };
    let text = |reason: &str| {
        json!(format!(
            "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" {reason}"
        ))
    };
    let deny = |letter| {
        text(&format!("with an explicit deny in a service control policy: {}", policy(letter)))
    };
    let allow =
        |layer: &str| text(&format!("because no {layer} policy allows the s3:GetObject action"));
    let changes: [(&str, Value); 8] = [
        ("errorMessage", deny('a')),
        ("errorMessage", deny('b')),
        ("errorMessage", allow("identity-based")),
        ("errorMessage", allow("session")),
        ("errorCode", json!("AccessDeniedException")),
        ("eventName", json!("PutObject")),
        ("requestParameters", json!({"bucketName": "b", "key": "other"})),
        ("userIdentity", json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bo"})),
    ];
    let mut groups = Groups::default();
    for round in 0..2_u64 {
        for (number, (key, value)) in (0_u64..).zip(&changes) {
            let mut one = event(10 * round + number, Some("AccessDenied"));
            one[*key] = value.clone();
            assert!(
                read(Piece::Event, one.to_string().as_bytes(), &mut |event| groups.push(&event))
            );
        }
    }
    let groups = groups.finish();
    assert_eq!(groups.len(), changes.len(), "{groups:#?}");
    assert!(groups.iter().all(|group| group.count == 2));
}

#[test]
fn the_order_of_events_changes_nothing() {
    let mut events: Vec<Value> = (0..6).map(|number| event(number, Some("AccessDenied"))).collect();
    for (number, one) in events.iter_mut().enumerate() {
        one["eventTime"] = json!(format!("2026-10-0{}T09:00:00Z", 1 + number % 3));
        one["userAgent"] = json!(if number == 2 { "b" } else { "a" });
    }
    let forth = grouped(&events);
    assert!(forth.contains("aws:UserAgent") && forth.contains("000000000005"), "{forth}");
    events.reverse();
    assert_eq!(grouped(&events), forth);
    events.rotate_left(2);
    assert_eq!(grouped(&events), forth);
}

#[test]
fn digests_and_other_json_hold_no_events() {
    let totals = |text: &str| heard(text.as_bytes(), 30).1;
    let digest = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-10-01T09:00:00Z","logFiles":[{"s3Bucket":"b"}]}"#;
    assert_eq!(totals(digest), Totals { digests: 1, ..Totals::default() });
    assert_eq!(
        totals(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]}"#),
        Totals { others: 1, ..Totals::default() }
    );
    assert_eq!(totals("just text").containers, 0);
    assert_eq!(denials(b"", 1), 0);
}

/// The denials of one event.
fn denial(event: &Value) -> Denial {
    let mut found = None;
    let mut denials = Denials::default();
    assert!(
        read(Piece::Event, event.to_string().as_bytes(), &mut |event| found = denials.of(&event))
    );
    found.unwrap()
}

#[test]
fn principals_are_roles_and_users_not_sessions() {
    let issuer = json!({"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app/ci"}, "attributes": {"mfaAuthenticated": "false"}});
    let session = "arn:aws:sts::111122223333:assumed-role/ci/one";
    for (identity, principal, caller) in [
        (
            json!({"type": "AssumedRole", "arn": session, "sessionContext": issuer}),
            "arn:aws:iam::111122223333:role/app/ci",
            Some(session),
        ),
        (
            json!({"type": "AssumedRole", "arn": session}),
            "arn:aws:sts::111122223333:assumed-role/ci",
            Some(session),
        ),
        (
            json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana"}),
            "arn:aws:iam::111122223333:user/ana",
            Some("arn:aws:iam::111122223333:user/ana"),
        ),
        (
            json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}),
            "arn:aws:iam::111122223333:root",
            Some("arn:aws:iam::111122223333:root"),
        ),
        (
            json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/bo", "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana"}}}),
            "arn:aws:iam::111122223333:user/ana",
            Some("arn:aws:sts::111122223333:federated-user/bo"),
        ),
        (
            json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"}),
            "config.amazonaws.com",
            Some("config.amazonaws.com"),
        ),
        (
            json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLEEXAMPLE01", "accountId": "444455556666"}),
            "AIDAEXAMPLEEXAMPLE01 in account 444455556666",
            None,
        ),
        (
            json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}),
            "anonymous",
            Some("anonymous"),
        ),
        (
            json!({"type": "WebIdentityUser", "userName": "repo:octo/app:ref:refs/heads/main", "identityProvider": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}),
            "repo:octo/app:ref:refs/heads/main of arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
            None,
        ),
        (
            json!({"type": "SAMLUser", "userName": "ana", "identityProvider": "arn:aws:iam::111122223333:saml-provider/corp"}),
            "ana of arn:aws:iam::111122223333:saml-provider/corp",
            None,
        ),
        (
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "u-1"}}),
            "user u-1 of IAM Identity Center in account 111122223333",
            None,
        ),
        (json!({"type": "Unknown"}), "somebody", None),
    ] {
        let mut event = event(1, Some("AccessDenied"));
        event["userIdentity"] = identity.clone();
        let denial = denial(&event);
        assert_eq!(denial.principal, principal, "{identity}");
        assert_eq!(denial.call.caller.as_deref(), caller, "{identity}");
    }
}

#[test]
fn the_text_wins_over_the_call() {
    let mut run = event(1, Some("Client.UnauthorizedOperation"));
    run["eventSource"] = json!("ec2.amazonaws.com");
    run["eventName"] = json!("RunInstances");
    run["errorMessage"] = json!(
        "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/ana is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/app because no identity-based policy allows the iam:PassRole action. Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz"
    );
    let found = denial(&run);
    assert_eq!(found.action.as_deref(), Some("iam:PassRole"));
    assert_eq!(found.resource.as_deref(), Some("arn:aws:iam::111122223333:role/app"));
    assert_eq!(found.call.operation, "ec2:RunInstances");
    let found = denial(&event(1, Some("AccessDenied")));
    assert_eq!(found.action.as_deref(), Some("s3:GetObject"));
    assert_eq!(found.resource.as_deref(), Some("arn:aws:s3:::b/k"));
}

#[test]
fn the_context_is_what_the_event_tells_and_no_more() {
    use crate::request::Given;
    let context = |change: &dyn Fn(&mut Value)| {
        let mut event = event(1, Some("AccessDenied"));
        change(&mut event);
        denial(&event).call.context
    };
    let value = |context: &[(&str, Given)], key: &str| {
        context.iter().find(|(own, _)| *own == key).map(|(_, value)| value.clone())
    };
    let one = |text: &str| Some(Given::One(text.to_owned()));
    let direct = context(&|event| event["sourceIPAddress"] = json!("198.51.100.7"));
    assert_eq!(value(&direct, "aws:SourceIp"), one("198.51.100.7"));
    assert_eq!(value(&direct, "aws:SourceVpce"), Some(Given::Absent));
    assert_eq!(value(&direct, "aws:ViaAWSService"), one("false"));
    assert_eq!(value(&direct, "aws:RequestedRegion"), one("eu-west-1"));
    assert_eq!(value(&direct, "aws:SecureTransport"), None);
    let endpoint = context(&|event| {
        event["sourceIPAddress"] = json!("10.0.0.7");
        event["vpcEndpointId"] = json!("vpce-0a1b2c3d");
        event["tlsDetails"] = json!({"tlsVersion": "TLSv1.3"});
    });
    assert_eq!(value(&endpoint, "aws:SourceIp"), Some(Given::Absent));
    assert_eq!(value(&endpoint, "aws:VpcSourceIp"), one("10.0.0.7"));
    assert_eq!(value(&endpoint, "aws:SourceVpce"), one("vpce-0a1b2c3d"));
    assert_eq!(value(&endpoint, "aws:SecureTransport"), one("true"));
    let forwarded = context(&|event| {
        event["sourceIPAddress"] = json!("cloudformation.amazonaws.com");
        event["userAgent"] = json!("cloudformation.amazonaws.com");
        event["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    });
    assert_eq!(value(&forwarded, "aws:SourceIp"), None);
    assert_eq!(value(&forwarded, "aws:UserAgent"), None);
    assert_eq!(value(&forwarded, "aws:ViaAWSService"), one("true"));
    assert_eq!(value(&forwarded, "aws:CalledViaLast"), one("cloudformation.amazonaws.com"));
}

#[test]
fn every_form_of_a_result_gives_the_same_denial() {
    let written = event(7, Some("AccessDenied"));
    let expected = format!("{:?}", denial(&written));
    let identity = "{type=IAMUser, principalid=null, arn=arn:aws:iam::111122223333:user/ana, accountid=111122223333, sessioncontext=null}";
    let names = [
        "eventid",
        "eventtime",
        "eventsource",
        "eventname",
        "awsregion",
        "errorcode",
        "errormessage",
        "useridentity",
        "requestparameters",
    ];
    let values = [
        "00000000-0000-4000-8000-000000000007",
        "2026-10-01T09:00:00Z",
        "s3.amazonaws.com",
        "GetObject",
        "eu-west-1",
        "AccessDenied",
        "Access Denied",
        identity,
        r#"{"bucketName":"b","key":"k"}"#,
    ];
    let cell = |text: &&str| json!({"VarCharValue": text});
    let athena = json!({"ResultSet": {"Rows": [{"Data": names.iter().map(cell).collect::<Vec<_>>()}, {"Data": values.iter().map(cell).collect::<Vec<_>>()}]}});
    let pairs = || names.iter().zip(values).map(|(name, value)| json!({*name: value}));
    let lake = json!({"QueryStatus": "FINISHED", "QueryResultRows": [pairs().collect::<Vec<_>>()]});
    let row: Map<String, Value> =
        names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let whole = json!({"eventJson": written.to_string(), "eventname": "x"});
    for (piece, text) in [
        (Piece::Page, athena),
        (Piece::Page, lake),
        (Piece::Row, Value::Object(row)),
        (Piece::Row, whole),
    ] {
        let mut found = None;
        let mut denials = Denials::default();
        assert!(read(piece, text.to_string().as_bytes(), &mut |event| found = denials.of(&event)));
        assert_eq!(format!("{:?}", found.unwrap()), expected, "{text}");
    }
    let mut csv = names.join(",");
    csv.push('\n');
    csv.push_str(&values.map(|value| format!("\"{}\"", value.replace('"', "\"\""))).join(","));
    assert!(is_table(csv.as_bytes()));
    let mut found = None;
    let mut denials = Denials::default();
    let rows = Table::read_csv(
        &mut csv.as_bytes(),
        &mut |event| found = denials.of(&event),
        &mut |_, _| unreachable!(),
    );
    assert_eq!(rows, 1);
    assert_eq!(format!("{:?}", found.unwrap()), expected);
}
