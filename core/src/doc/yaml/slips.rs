//! What is refused before the parser sees it, and its errors in our words.

use saphyr_parser::{ScanError, Tag};

use super::{Builder, Error};
use crate::doc::SyntaxError;

/// The parser keeps every token of an outermost flow collection, about 250 bytes for each of its
/// indicators; so many of them may stand between two lines that are not indented.
const MAX_INDICATORS: usize = 1_000_000;

impl Builder<'_> {
    /// To the parser a NUL ends the text, so what YAML forbids is refused before.
    pub(super) fn check_characters(&self) -> Result<(), SyntaxError> {
        let forbidden = |byte: &u8| matches!(byte, 0..=8 | 0x0B | 0x0C | 0x0E..=0x1F | 0x7F);
        match self.text.as_bytes().iter().position(forbidden) {
            Some(at) => Err(self.error(Error::ControlCharacter, at, at + 1)),
            None => Ok(()),
        }
    }

    pub(super) fn check_size(&self) -> Result<(), SyntaxError> {
        let (mut count, mut at, mut outermost) = (0, 0, false);
        for line in self.text.split_inclusive('\n') {
            let document = line.strip_prefix("---").is_some_and(|rest| !rest.trim().is_empty());
            outermost |= document || line.starts_with(['[', '{', '&', '!', '\u{FEFF}']);
            // A flow collection inside a block is indented, so it ends before a line that is not.
            if !outermost && !line.starts_with([' ', '\t', '#', '\r', '\n']) {
                count = 0;
            }
            let indicator = |byte: &u8| matches!(byte, b',' | b'[' | b'{' | b':' | b'?');
            count += line.as_bytes().iter().filter(|byte| indicator(byte)).count();
            if count > MAX_INDICATORS {
                return Err(self.error(Error::TooLargeYaml, at, at + line.trim_end().len()));
            }
            at += line.len();
        }
        Ok(())
    }

    /// What the parser says, in our words where they help.
    pub(super) fn parser_error(&self, error: &ScanError, at: usize) -> SyntaxError {
        let says = error.info();
        let rest = self.text.get(at..).unwrap_or("");
        let mut len = rest.chars().next().map_or(0, char::len_utf8);
        let kind = if let Some(tab) = self.indenting_tab(at) {
            return self.error(Error::TabIndentation, tab, tab + 1);
        } else if says.contains("unknown anchor") {
            let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
            len = rest.find(ends).unwrap_or(rest.len());
            Error::UnknownAlias
        } else if says.contains("recursion limit") {
            Error::TooDeep
        } else {
            Error::Yaml { says: says.to_lowercase() }
        };
        self.error(kind, at, at + len)
    }

    /// The tab in the indentation of the line of `at`, or of one beside it.
    pub(super) fn indenting_tab(&self, at: usize) -> Option<usize> {
        let before = self.text.get(..at)?;
        let this = before.rfind('\n').map_or(0, |end| end + 1);
        let previous = before
            .get(..this.saturating_sub(1))
            .and_then(|text| text.rfind('\n'))
            .map_or(0, |end| end + 1);
        let next = self.text.get(at..).and_then(|rest| rest.find('\n')).map(|end| at + end + 1);
        [Some(this), next, Some(previous)].into_iter().flatten().find_map(|start| {
            let rest = self.text.get(start..)?;
            let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            rest.get(..indent)?.find('\t').map(|tab| start + tab)
        })
    }

    pub(super) fn unknown_tag(&self, tag: &Tag, start: usize) -> SyntaxError {
        let name = match tag.is_yaml_core_schema() {
            true => format!("!!{}", tag.suffix),
            false => format!("{}{}", tag.handle, tag.suffix),
        };
        // The tag stands before the value that it belongs to.
        let before = self.text.get(..start).unwrap_or("");
        let at = before.rfind('!').map_or(start, |at| {
            before.get(..at).map_or(at, |text| text.trim_end_matches('!').len())
        });
        let len = self
            .text
            .get(at..start)
            .map_or(0, |text| text.find(char::is_whitespace).unwrap_or(text.len()));
        self.error(Error::UnknownTag { tag: name }, at, at + len)
    }
}
