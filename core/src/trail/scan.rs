//! Cuts a stream of JSON into events, and looks into those alone that may tell of a denial.
//!
//! Braces outside of strings are followed exactly, whatever the order of keys and wherever a chunk of
//! the stream ends; all else of an event is passed over. What is damaged is told, and reading goes on
//! with the next event that can be found. Memory is bounded by the longest event.

use memchr::memmem::Finder;

use super::blocks::{self, BLOCK, Strings};
use super::codes;
use super::container::{self, Container, Top};

/// How much is read at once.
const CHUNK: usize = 1 << 18;
/// No event is longer; CloudTrail's own limit is 1 MB.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const LONGEST: usize = 2 << 20;
/// A page of query results is one value.
const LONGEST_PAGE: usize = 64 << 20;
/// By so much of a value it is decided what it is.
const HEAD: usize = 1 << 16;
/// Where an event begins in what CloudTrail writes, to go on after damage.
const BEGINNING: &[u8] = br#"{"eventVersion""#;

/// What a piece of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// An event, or an object with one in it.
    Event,
    /// A row of a query's result.
    Row,
    /// A page of a query's result, as the AWS CLI prints it.
    Page,
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It ends inside an event, or before what began is closed.
    EndsEarly,
    /// An event that cannot be read.
    Unreadable,
    /// Something that begins like an event, and does not end where the longest would.
    TooLong,
    /// A brace closes what never began.
    Unbalanced,
    /// There is so much damage that the rest is not looked at.
    GivenUp,
}

/// Takes what a [`Scanner`] finds.
pub trait Sink {
    /// A piece of the stream, which stands at `at`; whether it can be read.
    fn piece(&mut self, piece: Piece, bytes: &[u8], at: u64) -> bool;
    /// Something is wrong at `at`.
    fn damage(&mut self, damage: Damage, at: u64);
}

/// What a stream held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events and rows.
    pub pieces: u64,
    /// Values that hold events, even if none.
    pub containers: u64,
    /// Digests, by which CloudTrail vouches for its files.
    pub digests: u64,
    /// Other values.
    pub others: u64,
}

/// Cuts one stream.
pub struct Scanner {
    buffer: Vec<u8>,
    /// How much of the buffer holds bytes.
    filled: usize,
    /// How much of that was looked at.
    done: usize,
    /// What stands in the stream before the buffer.
    base: u64,
    strings: Strings,
    depth: usize,
    top: Top,
    /// Where the piece begins that is being followed.
    start: Option<usize>,
    /// Whether an `errorCode` may stand in that piece.
    may_have_code: bool,
    /// How much was looked at again, after damage.
    again: u64,
    given_up: bool,
    /// Whether events are given too that tell of no denial.
    every: bool,
    totals: Totals,
    code: Finder<'static>,
    beginning: Finder<'static>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            buffer: vec![0; 2 * CHUNK],
            filled: 0,
            done: 0,
            base: 0,
            strings: Strings::default(),
            depth: 0,
            top: Top::Nothing,
            start: None,
            may_have_code: false,
            again: 0,
            given_up: false,
            every: false,
            totals: Totals::default(),
            code: Finder::new("errorCode"),
            beginning: Finder::new(BEGINNING),
        }
    }
}

/// How a look at the buffer ended.
enum Look {
    /// All of it was looked at.
    Done,
    /// What stands at `done` is longer than what is there.
    More,
}

impl Scanner {
    /// One that gives every event, whether it may tell of a denial or not.
    pub fn of_every_event() -> Self {
        Self { every: true, ..Self::default() }
    }

    /// Looks at the whole of a stream that is at hand.
    pub fn read(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) {
        self.restart();
        while !bytes.is_empty() {
            let space = self.space();
            let count = space.len().min(bytes.len());
            let (piece, rest) = bytes.split_at(count);
            space.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            bytes = rest;
            self.advance(count, sink);
        }
        self.finish(sink);
    }

    /// Looks at the whole of a stream, which fills the first `filled` bytes of a buffer, without copying it.
    /// It is the same as [`Self::read`], and the buffer is given back as it was.
    pub fn read_in(&mut self, buffer: &mut Vec<u8>, filled: usize, sink: &mut dyn Sink) {
        self.restart();
        std::mem::swap(&mut self.buffer, buffer);
        let mut rest = filled.min(self.buffer.len());
        while rest > 0 {
            let count = rest.min(CHUNK);
            self.advance(count, sink);
            rest -= count;
        }
        self.finish(sink);
        std::mem::swap(&mut self.buffer, buffer);
    }

    /// Makes ready for another stream; the buffer is used again.
    pub fn restart(&mut self) {
        self.filled = 0;
        self.done = 0;
        self.base = 0;
        self.strings = Strings::default();
        self.depth = 0;
        self.top = Top::Nothing;
        self.start = None;
        self.again = 0;
        self.given_up = false;
        self.totals = Totals::default();
        self.buffer.truncate(2 * CHUNK);
        self.buffer.shrink_to(2 * CHUNK);
    }

    /// What the stream held so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Where the next bytes of the stream belong; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        let keep = self.start.unwrap_or(self.done);
        if self.buffer.len() - self.filled < CHUNK && keep > 0 {
            self.buffer.copy_within(keep..self.filled, 0);
            self.filled -= keep;
            self.done -= keep;
            self.start = self.start.map(|_| 0);
            self.base += keep as u64;
        }
        if self.buffer.len() - self.filled < CHUNK {
            self.buffer.resize(self.filled + CHUNK.max(self.filled / 2), 0);
        }
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// Looks at what was put into [`Self::space`].
    pub fn advance(&mut self, bytes: usize, sink: &mut dyn Sink) {
        self.filled = (self.filled + bytes).min(self.buffer.len());
        if self.given_up {
            self.done = self.filled;
            return;
        }
        let _ = self.look(false, sink);
        let longest = if self.top == Top::Page { LONGEST_PAGE } else { LONGEST };
        while let Some(start) = self.start.filter(|start| self.filled - start > longest) {
            sink.damage(Damage::TooLong, self.place(start));
            if !self.go_on_after(start, self.filled, sink) {
                break;
            }
            let _ = self.look(false, sink);
        }
    }

    /// Looks at what is left when the stream has ended.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        if self.given_up {
            return;
        }
        loop {
            let _ = self.look(true, sink);
            let Some(start) = self.start else { break };
            sink.damage(Damage::EndsEarly, self.place(self.filled));
            if !self.go_on_after(start, self.filled, sink) {
                return;
            }
        }
        if (self.depth > 0 || self.strings.is_inside()) && self.top != Top::Other {
            let is_of_use = self.totals.containers > 0;
            if is_of_use {
                sink.damage(Damage::EndsEarly, self.place(self.filled));
            }
        }
    }

    fn place(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Follows the braces through what was not looked at yet.
    fn look(&mut self, ends: bool, sink: &mut dyn Sink) -> Look {
        while self.done < self.filled {
            let rest = self.buffer.get(self.done..self.filled).unwrap_or_default();
            let floor = self.start.map(|_| self.top.level());
            let calm = if rest.len() >= BLOCK {
                blocks::pass(rest, &mut self.strings, &mut self.depth, floor)
            } else if ends {
                let mut last = [b' '; BLOCK];
                last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                blocks::pass(&last, &mut self.strings, &mut self.depth, floor)
            } else {
                return Look::Done;
            };
            self.done += calm.passed;
            self.may_have_code |= calm.may_have_code;
            let Some(braces) = calm.braces else { continue };
            let block_at = self.done - BLOCK;
            let in_block = calm.code_in_last;
            let mut both = braces.opening | braces.closing;
            while both != 0 {
                let bit = both.trailing_zeros();
                both &= both - 1;
                let at = block_at + bit as usize;
                let moved = if braces.opening >> bit & 1 == 1 {
                    self.open(at, ends, in_block)
                } else {
                    self.close(at, sink)
                };
                match moved {
                    Moved::On => {}
                    Moved::Elsewhere => break,
                    Moved::Wait => return Look::More,
                }
            }
        }
        self.done = self.done.min(self.filled);
        Look::Done
    }

    fn open(&mut self, at: usize, ends: bool, in_block: bool) -> Moved {
        if self.depth == 0 {
            let head = self.buffer.get(at..self.filled).unwrap_or_default();
            let whole = ends || head.len() >= HEAD;
            let Some(container) = container::recognise(head, whole) else {
                self.done = at;
                self.strings = Strings::default();
                return Moved::Wait;
            };
            self.top = container.top();
            match container {
                Container::Digest => self.totals.digests += 1,
                Container::Other => self.totals.others += 1,
                _ => self.totals.containers += 1,
            }
        }
        self.depth += 1;
        if self.depth == self.top.level() {
            self.start = Some(at);
            self.may_have_code = in_block;
        }
        Moved::On
    }

    fn close(&mut self, at: usize, sink: &mut dyn Sink) -> Moved {
        if self.depth == 0 {
            if self.totals.containers > 0 {
                sink.damage(Damage::Unbalanced, self.place(at));
            }
            return Moved::On;
        }
        if self.depth == self.top.level()
            && let Some(start) = self.start.take()
            && let Some(piece) = self.top.piece()
        {
            self.totals.pieces += u64::from(piece != Piece::Page);
            let bytes = self.buffer.get(start..=at).unwrap_or_default();
            let is_wanted = self.every
                || piece != Piece::Event
                || (self.may_have_code && may_be_denied(&self.code, bytes));
            if is_wanted && !sink.piece(piece, bytes, self.place(start)) {
                sink.damage(Damage::Unreadable, self.place(start));
                if self.go_on_after(start, at, sink) {
                    return Moved::Elsewhere;
                }
            }
        }
        self.depth -= 1;
        if self.depth == 0 {
            self.top = Top::Nothing;
        }
        Moved::On
    }

    /// After damage: goes on with the next event that begins after `start` and before `end`, if one
    /// does. Otherwise what began at `start` is given up.
    fn go_on_after(&mut self, start: usize, end: usize, sink: &mut dyn Sink) -> bool {
        self.start = None;
        let rest = self.buffer.get(start + 1..end).unwrap_or_default();
        let Some(found) = self.beginning.find(rest) else { return false };
        let next = start + 1 + found;
        self.again += (self.filled - next) as u64;
        // Whoever builds a file so that every event is looked at again and again shall not win.
        if self.again > 8 * LONGEST as u64 + 2 * self.place(start) {
            sink.damage(Damage::GivenUp, self.place(next));
            self.given_up = true;
            self.done = self.filled;
            return false;
        }
        self.done = next;
        self.strings = Strings::default();
        self.depth = self.top.level() - 1;
        if self.depth == 0 {
            self.top = Top::Nothing;
        }
        true
    }
}

/// What a brace did.
enum Moved {
    On,
    /// Looking goes on somewhere else.
    Elsewhere,
    /// More of the stream is needed.
    Wait,
}

/// Whether an `errorCode` of a denial stands anywhere in the bytes, also in a string inside of them.
fn may_be_denied(finder: &Finder<'_>, bytes: &[u8]) -> bool {
    finder.find_iter(bytes).any(|at| {
        let rest = bytes.get(at + finder.needle().len()..).unwrap_or_default();
        let is_between =
            |byte: &u8| matches!(byte, b'\\' | b'"' | b':' | b' ' | b'\n' | b'\r' | b'\t');
        let start = rest.iter().position(|byte| !is_between(byte)).unwrap_or(rest.len());
        let value = rest.get(start..).unwrap_or_default();
        let end = value.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(value.len());
        let (code, rest) = value.split_at_checked(end).unwrap_or_default();
        // A letter may be written as an escape; such a code is read to the end.
        let is_escape =
            rest.first() == Some(&b'\\') && rest.get(1).is_some_and(|next| *next == b'u');
        is_escape || codes::is_denial(code)
    })
}
