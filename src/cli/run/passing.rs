//! Passes on what is read, and keeps of it what tells of errors.
//!
//! A window of the stream is looked at when it is full, and let go: memory does not grow with the stream.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::message::{self, Denial};
use crate::text::SourceMap;

/// How much is looked at together.
const WINDOW: usize = if cfg!(test) { 1 << 15 } else { 1 << 20 };
/// How much of a window is looked at again with the next one: more than one error takes.
const OVERLAP: usize = WINDOW / 16;
/// How far back a line is looked for that something stands in.
const LINE: usize = WINDOW / 128;
/// How much of what tells of errors is kept.
const EXCERPTS: usize = 1024 * 1024;
/// How long to wait for what the command's own children still have to say.
const LINGER: Duration = Duration::from_millis(200);
/// How long at most, where somebody keeps on saying things.
const LONGEST: Duration = Duration::from_secs(2);
/// More than what a stream holds that was written and not yet read.
const CAPACITY: usize = 4 << 20;
/// A text without any of these tells of no error that we know.
const SIGNS: &[&str] = &[
    "uthoriz",
    "enied",
    "orbidden",
    "403",
    "xpired",
    "redential",
    "oken",
    "ignature",
    "ssume",
    "olicy",
    "egion",
    "ermission",
    "hrottl",
    "exceeded",
];

/// What is kept of a stream.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What was not looked at yet.
    window: Vec<u8>,
    /// The lines of each different error that was found, once.
    excerpts: String,
    /// How often each of these came besides.
    more: HashMap<String, usize>,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.window.extend_from_slice(bytes);
        if self.window.len() >= WINDOW + OVERLAP {
            self.look();
        }
    }

    /// Looks at the window, and lets go of it but for its end.
    fn look(&mut self) {
        let line = memchr::memrchr(b'\n', &self.window);
        let end = line.filter(|end| *end > WINDOW / 2).map_or(self.window.len(), |end| end + 1);
        let rest = self.window.split_off(end);
        let window = std::mem::replace(&mut self.window, rest);
        if !SIGNS.iter().any(|sign| memmem::find(&window, sign.as_bytes()).is_some()) {
            let last = window.get(window.len().saturating_sub(LINE)..).unwrap_or_default();
            let rest = std::mem::replace(&mut self.window, last.to_vec());
            self.window.extend(rest);
            return;
        }
        let text = String::from_utf8_lossy(&window);
        let mut sources = SourceMap::default();
        let source = sources.add_given("window", message::without_secrets(&text));
        let edge = text.len().saturating_sub(OVERLAP);
        let mut next = edge;
        for denial in message::read(&sources, source) {
            let (start, end) = (denial.span.start as usize, denial.span.end as usize);
            if end < edge {
                self.keep(&text, start..end, &denial);
            } else {
                // It may go on behind the window.
                next = next.min(start.max(OVERLAP));
            }
        }
        let mut open = text.get(next..).or_else(|| text.get(edge..)).unwrap_or("").to_owned();
        // A line is looked at whole, so that what it begins with is known.
        if let Some(line) = text.get(..next).and_then(|before| before.rfind('\n'))
            && next - line < LINE
        {
            open = text.get(line + 1..).unwrap_or("").to_owned();
        }
        let rest = std::mem::replace(&mut self.window, open.into_bytes());
        self.window.extend(rest);
    }

    /// Keeps the lines of an error; of one that is known already, that it came again.
    fn keep(&mut self, text: &str, span: std::ops::Range<usize>, denial: &Denial) {
        let key = key(denial);
        if let Some(more) = self.more.get_mut(&key) {
            *more += denial.count;
            return;
        }
        let start = text.get(..span.start).and_then(|before| before.rfind('\n'));
        let start = start.map_or(0, |at| at + 1);
        let end = text.get(span.end..).and_then(|after| after.find('\n'));
        let end = end.map_or(text.len(), |at| span.end + at);
        let lines = text.get(start..end.min(span.end + OVERLAP)).unwrap_or("");
        if self.excerpts.len() + lines.len() <= EXCERPTS {
            self.more.insert(key, denial.count - 1);
            self.excerpts.push_str(lines);
            // Two lines that were far apart are none.
            self.excerpts.push_str("\n\n");
        }
    }

    /// As a text; what is no UTF-8 becomes a mark.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.excerpts, String::from_utf8_lossy(&self.window))
    }

    /// Adds to each error how often it came where the text does not show it.
    pub(super) fn count(&self, denials: &mut [Denial]) {
        for denial in denials {
            denial.count += self.more.get(&key(denial)).copied().unwrap_or(0);
        }
    }
}

/// What makes an error the same as another.
fn key(denial: &Denial) -> String {
    let fields =
        [&denial.principal, &denial.action, &denial.resource, &denial.code, &denial.operation];
    let mut key = denial.class.id().to_owned();
    for field in fields {
        key.push('\u{1}');
        key.push_str(field.as_ref().map_or("", |field| &field.value));
    }
    key
}

/// A thread that passes a stream on to stderr.
pub(super) struct Passing {
    kept: Arc<Mutex<Kept>>,
    going: Receiver<()>,
    /// Whether something that was read is still being passed on or looked at.
    busy: Arc<AtomicBool>,
    /// How many bytes were passed on.
    passed: Arc<AtomicUsize>,
}

impl Passing {
    pub(super) fn start(from: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let busy = Arc::new(AtomicBool::new(false));
        let (tell, going) = sync_channel(1);
        let (shared, is_busy) = (Arc::clone(&kept), Arc::clone(&busy));
        let passed = Arc::new(AtomicUsize::new(0));
        let count_passed = Arc::clone(&passed);
        std::thread::spawn(move || {
            let mut from = from;
            let mut buffer = vec![0_u8; 64 * 1024];
            loop {
                let count = match from.read(&mut buffer) {
                    Ok(count) => count,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    // A terminal whose other side is closed says so with an error.
                    Err(_) => 0,
                };
                let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
                    break;
                };
                is_busy.store(true, Ordering::SeqCst);
                let mut stderr = std::io::stderr().lock();
                // Nothing can be done about a terminal that is gone.
                let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
                drop(stderr);
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                count_passed.fetch_add(bytes.len(), Ordering::SeqCst);
                is_busy.store(false, Ordering::SeqCst);
                if matches!(tell.try_send(()), Err(TrySendError::Disconnected(()))) {
                    break;
                }
            }
        });
        Self { kept, going, busy, passed }
    }

    /// Takes what was kept once the command has ended and all that it wrote was passed on. What it left
    /// running in the background may hold the stream open, and may go on to write: that is not waited for.
    /// `is_empty` tells whether nothing is in the stream now.
    pub(super) fn finish(self, is_empty: impl Fn() -> bool) -> Kept {
        let (ended, passed) = (Instant::now(), self.passed.load(Ordering::SeqCst));
        loop {
            match self.going.recv_timeout(LINGER) {
                Ok(()) => {
                    let more = self.passed.load(Ordering::SeqCst).saturating_sub(passed);
                    let is_busy = self.busy.load(Ordering::SeqCst);
                    let is_others = ended.elapsed() > LONGEST && !is_busy && is_empty();
                    if more > CAPACITY || is_others {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.busy.load(Ordering::SeqCst) => {}
                Err(_) => break,
            }
        }
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denials(kept: &Kept) -> Vec<Denial> {
        let mut sources = SourceMap::default();
        let source = sources.add_given("kept", kept.text());
        let mut denials = message::read(&sources, source);
        kept.count(&mut denials);
        denials
    }

    fn denied(name: &str) -> String {
        format!(
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/{name} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app\n"
        )
    }

    #[test]
    fn memory_is_bounded_and_every_error_is_kept() {
        let noise = "a line that says nothing of it\n".repeat(100);
        let mut stream = denied("first");
        for _ in 0..300 {
            stream.push_str(&noise);
            if stream.len() > 450_000 && !stream.contains("user/middle") {
                stream.push_str(&denied("middle"));
            }
        }
        stream.push_str(&denied("first"));
        stream.push_str(&denied("last"));
        let mut kept = Kept::default();
        for piece in stream.as_bytes().chunks(4_093) {
            kept.push(piece);
            assert!(kept.window.len() <= WINDOW + OVERLAP + 4_093);
        }
        assert!(kept.excerpts.len() < 1_000);
        let found: Vec<_> = denials(&kept)
            .into_iter()
            .map(|denial| (denial.principal.unwrap().value, denial.count))
            .collect();
        let user = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
        assert_eq!(found, [(user("first"), 2), (user("middle"), 1), (user("last"), 1)]);
    }

    #[test]
    fn an_error_across_the_end_of_a_window_is_whole() {
        for before in [40, 150, 200, 1_000] {
            for edge in [WINDOW + OVERLAP, WINDOW] {
                let error = denied("edge");
                let mut stream = "x".repeat(edge - before - 1);
                stream.push('\n');
                stream.push_str(&error);
                stream.push_str(&"y".repeat(2 * WINDOW));
                let mut kept = Kept::default();
                stream.as_bytes().chunks(3_000).for_each(|piece| kept.push(piece));
                let found = denials(&kept);
                assert_eq!(found.len(), 1, "{before} before {edge}");
                assert_eq!(found[0].count, 1, "{before} before {edge}");
                let action = found[0].action.as_ref().map(|action| action.value.as_str());
                assert_eq!(action, Some("sts:AssumeRole"));
            }
        }
    }
}
