//! What a JSON value is, by the keys that it begins with.

use super::scan::Piece;

/// What holds events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// `{"Records": […]}`, as CloudTrail writes files; `{"Events": […]}` of `lookup-events`.
    List,
    /// One event, or one in the envelope of EventBridge or CloudWatch Logs.
    Event,
    /// One row of a query's result.
    Row,
    /// `{"QueryResultRows": […]}` of CloudTrail Lake, `{"ResultSet": …}` of Athena.
    Page,
    /// A digest file.
    Digest,
    /// Anything else.
    Other,
}

/// How the value is taken apart that is being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    Nothing,
    List,
    Event,
    Row,
    Page,
    Other,
}

impl Container {
    pub(super) fn top(self) -> Top {
        match self {
            Self::List => Top::List,
            Self::Event => Top::Event,
            Self::Row => Top::Row,
            Self::Page => Top::Page,
            Self::Digest | Self::Other => Top::Other,
        }
    }
}

impl Top {
    /// How many braces stand open in a piece.
    pub(super) fn level(self) -> usize {
        match self {
            Self::Nothing | Self::Other => usize::MAX / 2,
            Self::List => 2,
            Self::Event | Self::Row | Self::Page => 1,
        }
    }

    pub(super) fn piece(self) -> Option<Piece> {
        match self {
            Self::Nothing | Self::Other => None,
            Self::List | Self::Event => Some(Piece::Event),
            Self::Row => Some(Piece::Row),
            Self::Page => Some(Piece::Page),
        }
    }
}

/// What a key of an object says, the first that says anything. What holds events in a structure is
/// told by the first byte of the value.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const KEYS: &[(&str, u8, Container)] = &[
    ("eventVersion", b'"', Container::Event),
    ("userIdentity", b'{', Container::Event),
    ("Records", b'[', Container::List),
    ("Events", b'[', Container::List),
    // Of `aws logs filter-log-events`.
    ("events", b'[', Container::List),
    ("CloudTrailEvent", b'"', Container::Event),
    // Of EventBridge.
    ("detail", b'{', Container::Event),
    ("QueryResultRows", b'[', Container::Page),
    ("ResultSet", b'{', Container::Page),
    ("digestStartTime", b'"', Container::Digest),
    ("digestS3Bucket", b'"', Container::Digest),
];

/// Columns of which a query's result has one, in lower case.
const COLUMNS: &[&str] = &["eventsource", "useridentity", "eventjson", "errorcode", "errormessage"];

/// What the value is that begins with the brace at the start of `head`. `None`: its beginning is not
/// there as far as it matters; with `whole` there is an answer always.
pub(super) fn recognise(head: &[u8], whole: bool) -> Option<Container> {
    let mut keys = Keys { rest: head.get(1..).unwrap_or_default(), has_value: false };
    let mut found = Container::Other;
    loop {
        match keys.next() {
            Next::Key(key, value) => {
                let known =
                    KEYS.iter().find(|(name, first, _)| name.as_bytes() == key && *first == value);
                if let Some((.., container)) = known {
                    return Some(*container);
                }
                if COLUMNS.iter().any(|name| key.eq_ignore_ascii_case(name.as_bytes())) {
                    found = Container::Row;
                }
            }
            Next::More if !whole => return None,
            Next::End | Next::More | Next::Wrong => return Some(found),
        }
    }
}

/// The keys of an object, with the first byte of each value.
struct Keys<'b> {
    rest: &'b [u8],
    /// Whether a value stands at the start of the rest.
    has_value: bool,
}

enum Next<'b> {
    Key(&'b [u8], u8),
    End,
    More,
    Wrong,
}

impl<'b> Keys<'b> {
    fn next(&mut self) -> Next<'b> {
        if std::mem::take(&mut self.has_value) && self.value().is_none() {
            return Next::More;
        }
        self.blanks();
        match self.rest.first() {
            Some(b',') => self.skip(1),
            Some(b'}') => return Next::End,
            Some(b'"') => {}
            None => return Next::More,
            Some(_) => return Next::Wrong,
        }
        self.blanks();
        if self.rest.is_empty() {
            return Next::More;
        }
        let Some(key) = self.string() else { return Next::More };
        self.blanks();
        match self.rest.first() {
            Some(b':') => self.skip(1),
            None => return Next::More,
            Some(_) => return Next::Wrong,
        }
        self.blanks();
        let Some(first) = self.rest.first().copied() else { return Next::More };
        // It is skipped when the next key is asked for, which is hardly ever.
        self.has_value = true;
        Next::Key(key, first)
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn blanks(&mut self) {
        let blanks = self.rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.skip(blanks);
    }

    /// A string at the start of the rest, without its quotes.
    fn string(&mut self) -> Option<&'b [u8]> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let mut from = 0;
        loop {
            let found = memchr::memchr2(b'"', b'\\', inner.get(from..)?)?;
            let at = from + found;
            if inner.get(at) == Some(&b'"') {
                self.rest = inner.get(at + 1..)?;
                return inner.get(..at);
            }
            from = at + 2;
        }
    }

    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.rest.first()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.skip(1);
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.skip(1);
                }
                _ => self.skip(1),
            }
            if depth == 0 && matches!(self.rest.first(), Some(b',' | b'}') | None) {
                return self.rest.first().map(|_| ());
            }
        }
    }
}
