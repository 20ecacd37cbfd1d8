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
