//! What the escapes of a well-formed JSON string stand for.

/// One piece of a JSON string: a run without escapes, or one escape.
pub(in crate::doc) enum Piece<'t> {
    /// Text that stands for itself.
    Plain(&'t str),
    /// An escape of so many bytes, and what it stands for.
    Escape(usize, char),
}

/// The pieces of a string that was found to be well-formed, without its quotes.
pub(in crate::doc) fn pieces(raw: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let plain = rest.find('\\').unwrap_or(rest.len());
        if plain > 0 {
            let (run, tail) = rest.split_at_checked(plain)?;
            rest = tail;
            return Some(Piece::Plain(run));
        }
        let unit = |from: usize| {
            rest.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let (len, found) = match rest.as_bytes().get(1).copied() {
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{C}'),
            Some(b'n') => (2, '\n'),
            Some(b'r') => (2, '\r'),
            Some(b't') => (2, '\t'),
            Some(b'u') => match unit(2) {
                Some(high) if (0xD800..0xDC00).contains(&high) => {
                    let low = unit(8).unwrap_or(0xDC00).saturating_sub(0xDC00);
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low & 0x3FF);
                    (12, char::from_u32(code).unwrap_or('\u{FFFD}'))
                }
                Some(code) => (6, char::from_u32(code).unwrap_or('\u{FFFD}')),
                None => (2, 'u'),
            },
            Some(other) => (2, char::from(other)),
            None => (1, '\\'),
        };
        rest = rest.get(len..).unwrap_or("");
        Some(Piece::Escape(len, found))
    })
}

/// What a string stands for.
pub(in crate::doc) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for piece in pieces(raw) {
        match piece {
            Piece::Plain(run) => text.push_str(run),
            Piece::Escape(_, found) => text.push(found),
        }
    }
    text
}
