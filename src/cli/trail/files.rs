//! Reading the files of a trail: found in folders, unpacked and taken apart as they are read.
//!
//! What a file is, its content says and not its name.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use memchr::memmem;

use crate::collect::{self, InputError};
use crate::trail::{self, Damage, Groups, Piece, Scanner, Sink, Table};

/// How much is read of a file at once.
const CHUNK: usize = 1 << 16;
/// By so much of a file it is decided what it is.
const HEAD: usize = 1 << 14;
/// A file is unpacked at once if no more than this is packed in it...
const PACKED: usize = 4 << 20;
/// ...and no more than this comes out.
const UNPACKED: usize = 16 << 20;
/// How a gzip member begins.
const MEMBER: &[u8] = &[0x1f, 0x8b, 0x08];

/// What is read.
pub(super) const WANTED: &str = "a trail is a file as CloudTrail puts it into S3, the output of `aws cloudtrail lookup-events`, or the result of a query of Athena or CloudTrail Lake, each packed with gzip or not";

/// A file that may hold events.
pub(super) struct Candidate {
    path: PathBuf,
    pub(super) size: u64,
    /// Whether somebody named it.
    is_named: bool,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: Vec<Candidate>,
    pub(super) errors: Vec<InputError>,
}

/// The files below these paths, each once, in the order of their names.
pub(super) fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for path in paths {
        if path == Path::new("-") {
            found.files.push(Candidate { path: path.clone(), size: 0, is_named: true });
            continue;
        }
        for entry in collect::walk(path) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => {
                    let size = entry.metadata().map_or(0, |metadata| metadata.len());
                    let is_named = entry.depth() == 0;
                    let path = entry.into_path();
                    if seen.insert(path.clone()) {
                        found.files.push(Candidate { path, size, is_named });
                    }
                }
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    let place = error.path().unwrap_or(path).to_owned();
                    found.errors.push(unreadable(&place, &error.into()));
                }
            }
        }
    }
    found
}

fn unreadable(path: &Path, error: &io::Error) -> InputError {
    InputError::of(path, format!("the file cannot be read: {}", collect::why_unreadable(error)))
}

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    /// Events and rows.
    pub(super) events: u64,
    /// Files that hold events.
    pub(super) files: u64,
    /// Files of folders that hold none.
    pub(super) unknown: u64,
    /// Digest files.
    pub(super) digests: u64,
    /// These, and why they were left out.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    /// Files that could not be read to their end.
    pub(super) damaged: Vec<Damaged>,
}

/// A file that could not be read to its end.
pub(super) struct Damaged {
    pub(super) path: PathBuf,
    what: What,
    /// How many places are damaged.
    places: u64,
    /// How many events were read all the same.
    events: u64,
}

enum What {
    /// The file cannot be opened or read.
    Unreadable(io::Error),
    /// The bytes cannot be unpacked.
    Packing(String),
    /// What is unpacked is damaged at this byte.
    Content(Damage, u64),
    /// Somebody named it, and it holds no events.
    NoEvents,
}

impl Damaged {
    /// What is wrong, in one sentence.
    pub(super) fn says(&self) -> String {
        match &self.what {
            What::Unreadable(error) => unreadable(&self.path, error).message,
            What::Packing(error) => format!("the gzip data is damaged: {error}"),
            What::NoEvents => "no CloudTrail events are recognised in it".to_owned(),
            What::Content(damage, at) => {
                let what = match damage {
                    Damage::EndsEarly => "it ends in the middle of its events",
                    Damage::Unreadable => "an event is no valid JSON",
                    Damage::TooLong => "an event does not end where the longest one would",
                    Damage::Unbalanced => "a brace closes what never began",
                    Damage::GivenUp => "it is damaged in so many places that the rest was left out",
                };
                format!("{what}, at byte {at} of what it holds")
            }
        }
    }

    pub(super) fn error(&self) -> InputError {
        let error = InputError::of(&self.path, self.says());
        let read = match self.events {
            0 => "no event of it was read".to_owned(),
            1 => "the one event that could be read counts".to_owned(),
            events => format!("the {events} events that could be read count"),
        };
        let more = match self.places {
            0 | 1 => String::new(),
            places => format!("; it is damaged in {places} places"),
        };
        match &self.what {
            What::Unreadable(_) => error,
            What::NoEvents => error.help(WANTED),
            What::Packing(_) => error.help(format!("fetch the file again; {read}")),
            What::Content(..) => error.help(format!("{read}{more}")),
        }
    }
}

/// Reads files one after the other; `progress` hears of bytes that were read from the disk. The last comes
/// first, which mostly is the newest: what is kept of a group is its last denial, so that it is met soon.
pub(super) fn read(
    files: &[Candidate],
    groups: &mut Groups,
    progress: &mut dyn FnMut(u64),
) -> Read {
    let mut read = Read::default();
    let mut reader = Reader::default();
    for file in files.iter().rev() {
        let mut events = Events { groups, damage: None, places: 0, rows: 0 };
        let outcome = reader.one(file, &mut events);
        progress(file.size);
        let Events { damage, places, rows, .. } = events;
        let (outcome, what) = match outcome {
            Ok((outcome, what)) => (Outcome { events: outcome.events + rows, ..outcome }, what),
            Err(error) => {
                let damaged = Damaged {
                    path: file.path.clone(),
                    what: What::Unreadable(error),
                    places: 0,
                    events: 0,
                };
                read.damaged.push(damaged);
                continue;
            }
        };
        read.events += outcome.events;
        let what = what.or_else(|| damage.map(|(damage, at)| What::Content(damage, at)));
        let what = if outcome.holds_events {
            read.files += 1;
            what
        } else if outcome.is_digest {
            read.digests += 1;
            read.skipped
                .push((file.path.clone(), "it is a digest of CloudTrail, which holds no events"));
            None
        } else if let (true, Some(What::Packing(error))) = (outcome.events == 0, &what) {
            Some(What::Packing(error.clone()))
        } else if file.is_named {
            Some(What::NoEvents)
        } else {
            read.unknown += 1;
            read.skipped.push((file.path.clone(), "it holds no CloudTrail events"));
            None
        };
        if let Some(what) = what {
            read.damaged.push(Damaged {
                path: file.path.clone(),
                what,
                places,
                events: outcome.events,
            });
        }
    }
    read.skipped.reverse();
    read.damaged.reverse();
    read
}

/// What one file held.
struct Outcome {
    events: u64,
    holds_events: bool,
    is_digest: bool,
}

impl Outcome {
    /// What the scanner has met.
    fn of(scanner: &Scanner) -> Self {
        let totals = scanner.totals();
        Self {
            events: totals.pieces,
            holds_events: totals.containers > 0,
            is_digest: totals.digests > 0,
        }
    }
}

/// Reads files, with the same memory for each.
#[derive(Default)]
struct Reader {
    scanner: Scanner,
    unpacker: Unpacker,
}

impl Reader {
    /// Reads one file; what is wrong with its packing, if anything.
    fn one(
        &mut self,
        file: &Candidate,
        events: &mut Events<'_>,
    ) -> io::Result<(Outcome, Option<What>)> {
        let inner: Box<dyn io::Read> = if file.path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(&file.path)?)
        };
        let mut source = BufReader::with_capacity(CHUNK, inner);
        self.scanner.restart();
        if !source.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            let (outcome, error) = stream(&mut source, &mut self.scanner, events);
            return error.map_or(Ok((outcome, None)), Err);
        }
        if self.unpacker.take(&mut source)
            && let Some(size) = self.unpacker.unpack()
        {
            let outcome = whole(&mut self.unpacker.unpacked, size, &mut self.scanner, events);
            return Ok((outcome, None));
        }
        // As far as it can be unpacked, and with what is wrong with it.
        let mut unpacked = MultiGzDecoder::new(self.unpacker.packed.chain(source));
        let (outcome, error) = stream(&mut unpacked, &mut self.scanner, events);
        Ok((outcome, error.map(|error| What::Packing(why(&error)))))
    }
}

/// Unpacks at once what fits into memory.
#[derive(Default)]
struct Unpacker {
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    library: libdeflater::Decompressor,
}

impl Unpacker {
    /// Takes what is packed, or as much of it as is held; whether that is all.
    fn take(&mut self, source: &mut impl io::Read) -> bool {
        self.packed.clear();
        let read = source.take(PACKED as u64).read_to_end(&mut self.packed);
        read.is_ok_and(|count| count < PACKED)
    }

    /// Whether another member may begin somewhere, of which the library would say nothing.
    fn may_hold_more_members(&self) -> bool {
        let behind = self.packed.get(MEMBER.len()..).unwrap_or_default();
        // Three of the flags that follow are always zero.
        memmem::find_iter(behind, MEMBER)
            .any(|at| behind.get(at + MEMBER.len()).is_none_or(|flags| flags & 0xe0 == 0))
    }

    /// How much it is, unpacked; nothing where that is too much, or more than one member, or damaged.
    fn unpack(&mut self) -> Option<usize> {
        // A member ends with the size of what it holds.
        let size = u32::from_le_bytes(*self.packed.last_chunk()?) as usize;
        if size > UNPACKED || self.may_hold_more_members() {
            return None;
        }
        if self.unpacked.len() < size {
            self.unpacked.resize(size, 0);
        }
        let space = self.unpacked.get_mut(..size)?;
        self.library.gzip_decompress(&self.packed, space).ok().filter(|count| *count == size)
    }
}

/// What is wrong with gzip data, without what a library calls it.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends early".to_owned(),
        _ if error
            .to_string()
            .contains("corrupt gzip stream does not have a matching checksum") =>
        {
            "the checksum does not fit".to_owned()
        }
        _ if error.to_string().contains("header") => {
            "something else follows what is packed".to_owned()
        }
        _ => "it cannot be unpacked".to_owned(),
    }
}

/// Reads what a file holds, to the end or to where it cannot be read.
fn stream(
    reader: &mut dyn io::Read,
    scanner: &mut Scanner,
    events: &mut Events<'_>,
) -> (Outcome, Option<io::Error>) {
    let mut error = None;
    // INVARIANT: nothing was looked at yet, so the space is that behind what was read.
    let mut filled = 0;
    while filled < HEAD && error.is_none() {
        match fill(reader, scanner.space().get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(why) => error = Some(why),
        }
    }
    let head = scanner.space().get(..filled).unwrap_or_default();
    if is_table(head) {
        let head = head.to_vec();
        let mut rest = Stopping { inner: reader, error: None };
        let outcome = table(&mut io::Cursor::new(head).chain(&mut rest), events);
        return (outcome, error.or(rest.error));
    }
    scanner.advance(filled, events);
    while error.is_none() {
        match fill(reader, scanner.space()) {
            Ok(0) => break,
            Ok(count) => scanner.advance(count, events),
            Err(why) => error = Some(why),
        }
    }
    scanner.finish(events);
    (Outcome::of(scanner), error)
}

/// Reads what a file holds, which fills the first `size` bytes of a buffer.
fn whole(
    buffer: &mut Vec<u8>,
    size: usize,
    scanner: &mut Scanner,
    events: &mut Events<'_>,
) -> Outcome {
    let mut content = buffer.get(..size).unwrap_or_default();
    if is_table(content.get(..HEAD).unwrap_or(content)) {
        return table(&mut content, events);
    }
    scanner.read_in(buffer, size, events);
    Outcome::of(scanner)
}

/// Whether this is how a query's result in columns begins.
fn is_table(head: &[u8]) -> bool {
    let first =
        head.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    !matches!(first, Some(b'{' | b'[')) && trail::is_table(head)
}

/// Reads a query's result in columns.
fn table(content: &mut dyn io::Read, events: &mut Events<'_>) -> Outcome {
    let Events { groups, damage, places, .. } = events;
    let rows = Table::read_csv(content, &mut |event| groups.push(&event), &mut |what, at| {
        damage.get_or_insert((what, at));
        *places += 1;
    });
    Outcome { events: rows, holds_events: true, is_digest: false }
}

fn fill(reader: &mut dyn io::Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(space) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A reader that ends where it cannot go on, and remembers why.
struct Stopping<'r> {
    inner: &'r mut dyn io::Read,
    error: Option<io::Error>,
}

impl io::Read for Stopping<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(0);
        }
        Ok(fill(self.inner, space).unwrap_or_else(|error| {
            self.error = Some(error);
            0
        }))
    }
}

/// Gives what is found to the groups.
struct Events<'g> {
    groups: &'g mut Groups,
    damage: Option<(Damage, u64)>,
    places: u64,
    /// How many rows the pages of query results had, which count as one value each.
    rows: u64,
}

impl Sink for Events<'_> {
    fn piece(&mut self, piece: Piece, bytes: &[u8], _at: u64) -> bool {
        let Self { groups, rows, .. } = self;
        trail::read(piece, bytes, &mut |event| {
            *rows += u64::from(piece == Piece::Page);
            groups.push(&event);
        })
    }

    fn damage(&mut self, damage: Damage, at: u64) {
        self.damage.get_or_insert((damage, at));
        self.places += 1;
    }
}
