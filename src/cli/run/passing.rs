//! Passes on what is read, and keeps the first and the last of it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How much of the beginning is kept.
const HEAD: usize = 256 * 1024;
/// How much of the end is kept.
const TAIL: usize = 1024 * 1024;
/// How long to wait for what the command's own children still have to say.
const LINGER: Duration = Duration::from_millis(200);

/// Some of what went by.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// Whether something between the two was let go.
    torn: bool,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        if self.tail.len() > TAIL {
            let over = self.tail.len() - TAIL;
            self.tail.drain(..over);
            self.torn = true;
        }
    }

    /// As a text; what is no UTF-8 becomes a mark.
    pub(super) fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.torn {
            // Two lines that were far apart are none.
            bytes.extend_from_slice(b"\n\n");
        }
        bytes.extend(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A thread that passes a stream on to stderr.
pub(super) struct Passing {
    kept: Arc<Mutex<Kept>>,
    going: Receiver<()>,
}

impl Passing {
    pub(super) fn start(from: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (tell, going) = sync_channel(1);
        let shared = Arc::clone(&kept);
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
                let mut stderr = std::io::stderr().lock();
                // Nothing can be done about a terminal that is gone.
                let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
                drop(stderr);
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                if matches!(tell.try_send(()), Err(TrySendError::Disconnected(()))) {
                    break;
                }
            }
        });
        Self { kept, going }
    }

    /// Takes what was kept, once the stream has ended or fallen silent: a child that was left
    /// running in the background may hold it open.
    pub(super) fn finish(self) -> Kept {
        while self.going.recv_timeout(LINGER).is_ok() {}
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_both_ends_are_kept() {
        let mut kept = Kept::default();
        kept.push(b"first ");
        for _ in 0..100 {
            kept.push(&vec![b'.'; 100_000]);
        }
        kept.push(b" last");
        assert!(kept.head.len() <= HEAD && kept.tail.len() <= TAIL);
        let text = kept.text();
        assert!(text.starts_with("first ") && text.ends_with(" last"));
    }
}
