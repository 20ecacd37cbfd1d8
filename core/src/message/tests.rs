use super::group::LEAD;
use super::*;

fn denials(text: &str) -> Vec<Denial> {
    let mut sources = SourceMap::default();
    let id = sources.add_given("message", text);
    read(&sources, id)
}

#[test]
fn nothing_is_made_of_a_text_without_an_error() {
    assert_eq!(
        denials(
            "all is well\nAn error occurred (NoSuchBucket) when calling the GetObject operation: x"
        ),
        []
    );
}

#[test]
fn what_stands_long_before_an_error_is_left_out_between_two_letters() {
    for shift in ["", "x"] {
        let text = format!(
            "{{ \"userIdentity\": {{ \"type\": \"AssumedRole\", \"arn\": \"arn:aws:sts::444455556666:assumed-role/ci/x\" }}, \"{shift}{}\": 1, \"eventSource\": \"s3.amazonaws.com\", \"eventName\": \"ListObjects\", \"errorCode\": \"AccessDenied\", \"errorMessage\": \"Access Denied\"",
            "é".repeat(LEAD / 2 + 100)
        );
        let found = denials(&text);
        let [denial] = found.as_slice() else { panic!("{found:?}") };
        let range = denial.span.start as usize..denial.span.end as usize;
        assert!(text.get(range).is_some_and(|told| told.contains("AccessDenied")), "{denial:?}");
    }
}

#[test]
fn brackets_without_a_code_hold_none() {
    let text = "An error occurred ( ) when calling the PutObject operation: User: arn:aws:iam::111122223333:user/ana is not authorized to perform: s3:PutObject";
    let found = denials(text);
    let [denial] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(denial.code, None);
    assert!(denial.operation.is_some() && denial.action.is_some(), "{denial:?}");
}
