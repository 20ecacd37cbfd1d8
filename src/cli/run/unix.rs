//! Terminals, signals and job control.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, ioctl_fionread};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgid, getpgrp, kill_process, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::keys::Keys;
use super::{Kept, Passing};

/// The signals that are meant for the command.
const SIGNALS: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2];

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
    let resized = screen.clone();
    let listener = std::thread::spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGWINCH => follow_size(resized.as_deref(), id),
                SIGINT | SIGQUIT | SIGTSTP if hears_the_terminal(id) => {}
                signal => {
                    let Some(signal) = Signal::from_named_raw(signal) else { continue };
                    // It may have ended already.
                    let _ = kill_process(id, signal);
                }
            }
        }
    });
    let keys = screen.as_ref().and_then(Keys::start);
    let ended = wait(id, screen.as_deref(), keys.as_ref());
    if let Some(keys) = keys {
        keys.end();
    }
    has_ended.store(true, Ordering::SeqCst);
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

/// Waits for the end of the command, and stops while it is stopped: whoever waits for us waits for it.
fn wait(id: Pid, screen: Option<&OwnedFd>, keys: Option<&Keys>) -> io::Result<()> {
    // Its end is left for the standard library to take.
    let news = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(id), news) {
            Ok(Some(status)) if status.stopped() => stop_alike(id, screen, keys),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn stop_alike(id: Pid, screen: Option<&OwnedFd>, keys: Option<&Keys>) {
    // There is nothing to take where it goes on already.
    let taken = waitid(WaitId::Pid(id), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
    // Without a terminal nobody would tell us to go on.
    if !matches!(taken, Ok(Some(_))) || own_terminal().is_err() {
        return;
    }
    if let Some(keys) = keys {
        keys.release();
    }
    let _ = emulate_default_handler(SIGTSTP);
    // We go on, and so does the command; a shell tells its whole group.
    if getpgid(Some(id)) != Ok(getpgrp()) {
        let _ = kill_process(id, Signal::CONT);
    }
    follow_size(screen, id);
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

/// Gives the command's terminal the size of ours.
fn follow_size(screen: Option<&OwnedFd>, id: Pid) {
    if let (Some(screen), Ok(size)) = (screen, tcgetwinsize(io::stderr())) {
        // A wrong size does no harm. The command may have looked before the new one was there.
        let _ = tcsetwinsize(screen, size);
        let _ = kill_process(id, Signal::WINCH);
    }
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
