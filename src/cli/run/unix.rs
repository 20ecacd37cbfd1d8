//! Terminals, signals and job control.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, ioctl_fionread};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgid, getpgrp, kill_process, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
    tcsetwinsize,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::keys::Keys;
use super::{Kept, Passing};

/// The signals that are meant for the command.
const SIGNALS: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2];

/// How long a command may take to put its terminal in order before it stops.
const PATIENCE: Duration = Duration::from_secs(1);

/// A signal that is told so soon after we went on is older than that.
const STALE: Duration = Duration::from_millis(200);

/// Runs a program to its end, and keeps some of what it wrote to stderr.
pub(super) fn execute(program: &OsStr, arguments: &[OsString]) -> io::Result<(ExitStatus, Kept)> {
    // Before the command starts, so that no signal is missed. What is ignored stays so, for the command too:
    // that is what `nohup` is for.
    let ignored = ignored_signals();
    let heard: Vec<i32> = SIGNALS.into_iter().filter(|signal| !ignored.contains(signal)).collect();
    let has_ended = Arc::new(AtomicBool::new(false));
    for signal in &heard {
        // What comes after the command's end is for us, and does what it always does.
        register_conditional_default(*signal, Arc::clone(&has_ended))?;
    }
    let has_ended_too = Arc::clone(&has_ended);
    let mut signals = Signals::new(heard.iter().chain(&[SIGWINCH]))?;
    let handle = signals.handle();
    let pair = if io::stderr().is_terminal() { terminal().ok() } else { None };
    let (ours, theirs, screen) = match pair {
        Some((ours, theirs)) => {
            let screen = Arc::new(ours.try_clone()?);
            (File::from(ours), theirs, Some(screen))
        }
        None => {
            let (ours, theirs) = io::pipe()?;
            (File::from(OwnedFd::from(ours)), OwnedFd::from(theirs), None)
        }
    };
    let mut child = start(program, arguments, theirs)?;
    let rest = ours.try_clone()?;
    let passing = Passing::start(ours);
    let id = Pid::from_child(&child);
    let started = Arc::new(Started {
        id,
        keys: screen.as_ref().and_then(Keys::start),
        screen,
        stops: AtomicUsize::new(0),
        resumed: Mutex::new(None),
    });
    let listening = Arc::clone(&started);
    let listener = std::thread::spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGWINCH => listening.follow_size(),
                SIGTSTP if hears_the_terminal(id) => listening.expect_stop(&has_ended_too),
                SIGINT | SIGQUIT if hears_the_terminal(id) => {}
                signal => {
                    let Some(signal) = Signal::from_named_raw(signal) else { continue };
                    // It may have ended already.
                    let _ = kill_process(id, signal);
                }
            }
        }
    });
    let ended = started.wait();
    has_ended.store(true, Ordering::SeqCst);
    if let Some(keys) = &started.keys {
        keys.end();
    }
    handle.close();
    // The listener ends with its handle.
    let _ = listener.join();
    ended?;
    let status = child.wait()?;
    let is_empty = || ioctl_fionread(&rest).is_ok_and(|count| count == 0);
    Ok((status, passing.finish(is_empty)))
}

/// Starts a program. A script that names no interpreter is the shell's, as everywhere.
fn start(program: &OsStr, arguments: &[OsString], stderr: OwnedFd) -> io::Result<Child> {
    let started = Command::new(program).args(arguments).stderr(stderr.try_clone()?).spawn();
    let is_no_program = (started.as_ref())
        .is_err_and(|error| error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()));
    match located(program).filter(|path| is_no_program && is_text(path)) {
        Some(script) => Command::new("/bin/sh").arg(script).args(arguments).stderr(stderr).spawn(),
        None => started,
    }
}

/// Where a program stands.
fn located(program: &OsStr) -> Option<PathBuf> {
    if Path::new(program).components().count() > 1 {
        return Some(program.into());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Whether a file begins as texts do.
fn is_text(path: &Path) -> bool {
    let mut begin = [0_u8; 128];
    let count = File::open(path).and_then(|mut file| file.read(&mut begin));
    count.is_ok_and(|count| begin.get(..count).is_some_and(|begin| !begin.contains(&0)))
}

/// A command that runs.
struct Started {
    id: Pid,
    /// Our side of its terminal, where it has one.
    screen: Option<Arc<OwnedFd>>,
    keys: Option<Keys>,
    /// How often we have stopped with it.
    stops: AtomicUsize,
    /// When we last went on.
    resumed: Mutex<Option<Instant>>,
}

impl Started {
    /// Waits for the end of the command, and stops while it is stopped: whoever waits for us waits for it.
    fn wait(&self) -> io::Result<()> {
        // Its end is left for the standard library to take.
        let news = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(self.id), news) {
                Ok(Some(status)) if status.stopped() => {
                    // There is nothing to take where it goes on already.
                    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
                    let taken = waitid(WaitId::Pid(self.id), options);
                    // Without a terminal nobody would tell us to go on.
                    if matches!(taken, Ok(Some(_))) && own_terminal().is_ok() {
                        self.stop();
                    }
                }
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Stops, until somebody tells us to go on.
    fn stop(&self) {
        self.stops.fetch_add(1, Ordering::SeqCst);
        if let Some(keys) = &self.keys {
            keys.release();
        }
        let _ = emulate_default_handler(SIGTSTP);
        *self.resumed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        // We go on, and so does the command; a shell tells its whole group.
        if getpgid(Some(self.id)) != Ok(getpgrp()) {
            let _ = kill_process(self.id, Signal::CONT);
        }
        self.follow_size();
    }

    /// Somebody typed Ctrl-Z: the command is about to stop. Where it does not, but what it waits for has, such as a
    /// job of a shell without job control, nobody would get the terminal back.
    fn expect_stop(self: &Arc<Self>, has_ended: &Arc<AtomicBool>) {
        let resumed = *self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        if resumed.is_some_and(|moment| moment.elapsed() < STALE) {
            // We have stopped for this one, before we came to hear of it.
            return;
        }
        let (this, has_ended) = (Arc::clone(self), Arc::clone(has_ended));
        let stops = self.stops.load(Ordering::SeqCst);
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            if this.stops.load(Ordering::SeqCst) == stops && !has_ended.load(Ordering::SeqCst) {
                this.stop();
            }
        });
    }

    /// Gives the command's terminal the size of ours.
    fn follow_size(&self) {
        if let (Some(screen), Ok(size)) = (&self.screen, tcgetwinsize(io::stderr())) {
            // A wrong size does no harm. The command may have looked before the new one was there.
            let _ = tcsetwinsize(screen, size);
            let _ = kill_process(self.id, Signal::WINCH);
        }
    }
}

/// Whether the command hears by itself what is typed at the terminal: it has the foreground, as we do.
fn hears_the_terminal(id: Pid) -> bool {
    let ours = getpgrp();
    own_terminal().and_then(tcgetpgrp).is_ok_and(|foreground| foreground == ours)
        && getpgid(Some(id)).is_ok_and(|group| group == ours)
}

/// The terminal that controls us, whatever stdin and stderr are.
fn own_terminal() -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open("/dev/tty", flags, Mode::empty())
}

/// The signals that are ignored, as far as the system tells.
fn ignored_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // The lowest bit is signal 1's.
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// A terminal like that of stderr: our side and the command's.
fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
    if let Ok(mut modes) = tcgetattr(io::stderr()) {
        // The real terminal adds what is to be added to a line end.
        modes.output_modes.remove(OutputModes::OPOST);
        // A shell that waits for its user has made it raw; no command begins with that.
        modes.local_modes.insert(LocalModes::ICANON);
        tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    }
    if let Ok(size) = tcgetwinsize(io::stderr()) {
        tcsetwinsize(&ours, size)?;
    }
    Ok((ours, theirs))
}

/// Ends this process by the same signal.
pub(super) fn end_by(signal: i32) {
    // Where that fails, the caller returns the status that a shell would show.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
