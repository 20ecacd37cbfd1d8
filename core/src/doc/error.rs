//! What can be wrong with a text, in words.

use crate::text::Span;

/// Why a text is not well-formed: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where.
    pub span: Span,
    /// A second place: the bracket that is not closed.
    pub related: Option<Span>,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// A comma before a closing bracket.
    #[error("there is a comma after the last item")]
    TrailingComma,
    /// Two items without a comma between.
    #[error("a comma is missing between two items")]
    MissingComma,
    /// A key without a colon.
    #[error("a colon is missing after a key")]
    MissingColon,
    /// `//`, `/*` or `#`.
    #[error("JSON has no comments")]
    Comment,
    /// `'…'`.
    #[error("JSON strings stand in double quotes")]
    SingleQuotes,
    /// `“…”` and the like.
    #[error("JSON strings stand in straight double quotes, not in typographic ones")]
    CurledQuotes,
    /// A no-break space and the like, outside a string.
    #[error("this invisible character is no space that JSON knows")]
    OddSpace,
    /// A bare word as a key.
    #[error("a key has to stand in double quotes")]
    UnquotedKey,
    /// `True`, `None`, `undefined`, …
    #[error("`{found}` is not a value that JSON knows")]
    UnknownWord {
        /// The word.
        found: String,
        /// What JSON writes for it.
        instead: &'static str,
    },
    /// A key was expected.
    #[error("a key in double quotes was expected here")]
    ExpectedKey,
    /// A value was expected.
    #[error("a value was expected here")]
    ExpectedValue,
    /// The text ends inside an object or list.
    #[error("the text ends before `{closing}` closes what was opened")]
    Unclosed {
        /// The bracket that is missing.
        closing: char,
    },
    /// `]` for `}` or the other way round.
    #[error("`{closing}` was expected to close what was opened")]
    WrongBracket {
        /// The bracket that fits.
        closing: char,
    },
    /// A key or an item that shows that a bracket before it is missing.
    #[error("a closing `{closing}` is missing")]
    MissingBracket {
        /// The bracket that is missing.
        closing: char,
    },
    /// `["key": …]`.
    #[error("a key stands in a list, which has none")]
    KeyInList,
    /// `<…>`.
    #[error("a JSON value was expected, but this is HTML or XML")]
    Markup,
    /// No closing quote.
    #[error("a string is not closed")]
    UnclosedString,
    /// A raw line break or other control character in a string.
    #[error("the text holds a raw control character")]
    ControlCharacter,
    /// `\x`.
    #[error("a string holds an escape that JSON does not know")]
    BadEscape,
    /// Half of a surrogate pair.
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    /// `01`, `+1`, `.5`, `1.`, `NaN`.
    #[error("this is not a number as JSON writes it")]
    BadNumber,
    /// More after the value.
    #[error("there is more text after the end of the document")]
    TrailingText,
    /// Another document after the first.
    #[error("the file holds several JSON documents")]
    SeveralDocuments,
    /// Brackets in brackets in brackets.
    #[error("values are nested more than 128 deep")]
    TooDeep,
    /// A tab indents YAML.
    #[error("YAML is not indented with tabs")]
    TabIndentation,
    /// A key that is a list or object.
    #[error("a key has to be a plain value")]
    KeyNotScalar,
    /// A tag such as `!Sub`.
    #[error("the tag `{tag}` is not known here")]
    UnknownTag {
        /// The tag.
        tag: String,
    },
    /// A tag that promises another kind of value.
    #[error("the value is not what its tag `{tag}` says")]
    TagUnfit {
        /// The tag.
        tag: String,
    },
    /// `*name` without `&name` before it.
    #[error("the alias names no anchor that stands before it")]
    UnknownAlias,
    /// More than the parser can be trusted with.
    #[error("this is more YAML than is read at once")]
    TooLargeYaml,
    /// An alias that repeats far too much.
    #[error("aliases repeat more than {most} values, or more than 16 MiB of text")]
    TooManyAliased {
        /// How many values they may repeat.
        most: usize,
    },
    /// What the YAML parser says.
    #[error("this is not well-formed YAML: {says}")]
    Yaml {
        /// Its words.
        says: String,
    },
}

impl SyntaxError {
    /// A few words about the place.
    pub fn label(&self) -> &'static str {
        use SyntaxErrorKind as K;
        match &self.kind {
            K::Empty => "nothing is here",
            K::TrailingComma => "this comma",
            K::MissingComma => "a comma has to stand before this",
            K::MissingColon => "a colon has to stand before this",
            K::Comment => "this comment",
            K::SingleQuotes | K::CurledQuotes => "these quotes",
            K::OddSpace => "looks like a space",
            K::UnquotedKey | K::KeyInList => "this key",
            K::MissingBracket { closing: ']' } => "a key, so the list has ended",
            K::MissingBracket { .. } => "the next item, so the object has ended",
            K::Markup => "starts here",
            K::UnknownWord { .. } => "this word",
            K::ExpectedKey | K::ExpectedValue | K::WrongBracket { .. } => "found this",
            K::Unclosed { .. } => "the text ends here",
            K::UnclosedString => "opened here",
            K::ControlCharacter => "this character",
            K::BadEscape | K::LoneSurrogate => "this escape",
            K::BadNumber => "this number",
            K::TrailingText | K::SeveralDocuments => "from here on",
            K::TooDeep => "the 129th level",
            K::TabIndentation => "this tab",
            K::KeyNotScalar => "this key",
            K::UnknownTag { .. } => "this tag",
            K::TagUnfit { .. } => "this value",
            K::TooManyAliased { .. } | K::UnknownAlias => "this alias",
            K::TooLargeYaml => "up to here",
            K::Yaml { .. } => "here",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        use SyntaxErrorKind as K;
        let text = match &self.kind {
            K::Empty => "check that the command that wrote the file succeeded",
            K::TrailingComma => "remove the comma",
            K::MissingComma => "add a comma after the item before",
            K::MissingColon => "write `\"key\": value`",
            K::Comment => "remove the comment; JSON policies have none",
            K::SingleQuotes => "write double quotes, `\"`",
            K::CurledQuotes => {
                "write straight quotes, `\"`; word processors and web pages change them"
            }
            K::OddSpace => {
                "replace it with a plain space; it comes from a web page or a word processor"
            }
            K::UnquotedKey => "put the key in double quotes",
            K::UnknownWord { instead, .. } => return format!("write {instead}"),
            K::ExpectedKey => "write `\"key\": value`, or close the object",
            K::ExpectedValue => "write a string, number, object, list, true, false or null",
            K::Unclosed { closing } => {
                return format!("add `{closing}`; if the file was cut off, export it again");
            }
            K::WrongBracket { closing } => {
                return format!("write `{closing}` here, or close what is open inside it");
            }
            K::MissingBracket { closing } => {
                return format!("add `{closing}` after the item before");
            }
            K::KeyInList => "write `{` and `}` around keys, or a comma for the colon",
            K::Markup => "check the command that wrote the file",
            K::UnclosedString => {
                "add a closing double quote; a line break inside a string is written `\\n`; if the file was cut off, export it again"
            }
            K::ControlCharacter => "write it as an escape: `\\n` for a line break, `\\t` for a tab",
            K::BadEscape => "write `\\\\` for a backslash itself",
            K::LoneSurrogate => "write both halves, `\\uD83D\\uDE00`, or the character itself",
            K::BadNumber => {
                "write it without leading zero or plus sign, with digits on both sides of the point, or as a string"
            }
            K::TrailingText => "remove what follows the closing bracket",
            K::SeveralDocuments => {
                "save each document as a file of its own, or wrap them in one list"
            }
            K::TooDeep => "no policy is nested like that: check what wrote the file",
            K::TabIndentation => "indent with spaces",
            K::KeyNotScalar => "write a plain or quoted key",
            K::UnknownTag { .. } => "write the value itself, without a tag",
            K::TagUnfit { .. } => "write another value, or no tag",
            K::UnknownAlias => "name the value with `&name` where it stands first",
            K::TooLargeYaml => "write it as JSON, or in several files",
            K::TooManyAliased { .. } => "write the values out, or use fewer aliases",
            K::Yaml { .. } => "check indentation, quotes and colons around this place",
        };
        text.to_owned()
    }
}
