//! Keys for a command that reads them from its stderr, as `less` does.
//!
//! Such a command makes the terminal that it has for stderr give it each key at once, which we see there: then our
//! terminal is made to do the same, and what is typed is passed on. All others read the terminal by themselves.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp,
    tcsetattr, ttyname,
};

/// How long it takes at most until a command that wants keys gets them.
const INTERVAL: Duration = Duration::from_millis(50);

/// Passes on keys while the command wants them.
pub(super) struct Keys {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    /// The terminal that our stderr is.
    ours: OwnedFd,
    /// Our side of the command's terminal.
    screen: Arc<OwnedFd>,
    /// How our terminal was before we changed it.
    before: Mutex<Option<Termios>>,
    has_ended: AtomicBool,
}

impl Keys {
    /// Begins to look; `None` where nobody could type.
    pub(super) fn start(screen: &Arc<OwnedFd>) -> Option<Self> {
        let name = ttyname(io::stderr(), Vec::new()).ok()?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let ours = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).ok()?;
        let (before, has_ended) = (Mutex::new(None), AtomicBool::new(false));
        let shared = Arc::new(Shared { ours, screen: Arc::clone(screen), before, has_ended });
        let mine = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            while !mine.has_ended.load(Ordering::SeqCst) {
                if !mine.follow() {
                    std::thread::sleep(INTERVAL);
                } else if !mine.pass() {
                    break;
                }
            }
        });
        Some(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Puts our terminal in order while the command is stopped.
    pub(super) fn release(&self) {
        self.shared.release();
    }

    /// Puts our terminal in order: the command has ended.
    pub(super) fn end(&self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It looks up soon; where it does not, there is nothing more to do for it.
            let _ = thread.join();
        }
        self.shared.release();
    }
}

impl Shared {
    /// Makes our terminal do as the command wants it; whether it wants keys.
    fn follow(&self) -> bool {
        let theirs = tcgetattr(&*self.screen);
        let Some(theirs) =
            theirs.ok().filter(|modes| !modes.local_modes.contains(LocalModes::ICANON))
        else {
            self.release();
            return false;
        };
        // Whoever is in the background neither reads a terminal nor changes it.
        if tcgetpgrp(&self.ours).is_ok_and(|foreground| foreground != getpgrp()) {
            return false;
        }
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        if before.is_none()
            && let Ok(now) = tcgetattr(&self.ours)
        {
            let mut modes = now.clone();
            // Signals are the terminal's to send, as far as the command leaves that to it; all else is done by
            // its own one.
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            modes.local_modes.set(LocalModes::ISIG, theirs.local_modes.contains(LocalModes::ISIG));
            modes.input_modes.remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            if tcsetattr(&self.ours, OptionalActions::Now, &modes).is_ok() {
                *before = Some(now);
            }
        }
        before.is_some()
    }

    /// Passes on what is typed, if anything is; whether anything can come yet.
    fn pass(&self) -> bool {
        let mut watched = PollFd::new(&self.ours, PollFlags::IN);
        let wait = Timespec::try_from(INTERVAL).ok();
        match poll(std::slice::from_mut(&mut watched), wait.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
        let mut buffer = [0_u8; 1024];
        match rustix::io::read(&self.ours, &mut buffer) {
            Ok(count @ 1..) => {
                // A command that has gone wants none.
                let _ = rustix::io::write(&*self.screen, buffer.get(..count).unwrap_or_default());
                true
            }
            Err(Errno::INTR | Errno::AGAIN) => true,
            // Whoever typed has gone.
            Ok(_) | Err(_) => false,
        }
    }

    fn release(&self) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(modes) = before.take() {
            // Nothing can be done about a terminal that is gone.
            let _ = tcsetattr(&self.ours, OptionalActions::Now, &modes);
        }
    }
}
