//! Terminals and signals.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::OwnedFd;
use std::process::{Command, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::{Kept, Passing};

pub(super) fn execute(mut command: Command) -> io::Result<(ExitStatus, Kept)> {
    let pair = if io::stderr().is_terminal() { terminal().ok() } else { None };
    // Before the command starts, so that no signal is missed.
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGWINCH])?;
    let handle = signals.handle();
    let (mut child, from, screen) = match pair {
        Some((ours, theirs)) => {
            let child = command.stderr(Stdio::from(theirs)).spawn()?;
            let screen = ours.try_clone()?;
            (child, File::from(ours), Some(screen))
        }
        None => {
            let (ours, theirs) = io::pipe()?;
            let child = command.stderr(Stdio::from(theirs)).spawn()?;
            (child, File::from(OwnedFd::from(ours)), None)
        }
    };
    // Our copy of the command's side has to be closed, or the end would never come.
    drop(command);
    let passing = Passing::start(from);
    let child_id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // What is typed at a terminal reaches the command by itself.
    let typed = io::stdin().is_terminal() || io::stderr().is_terminal();
    let listener = std::thread::spawn(move || {
        for signal in signals.forever() {
            let pass_on = match signal {
                SIGWINCH => {
                    if let (Some(screen), Ok(size)) = (&screen, tcgetwinsize(io::stderr())) {
                        // A wrong size does no harm.
                        let _ = tcsetwinsize(screen, size);
                    }
                    None
                }
                SIGTERM => Some(Signal::TERM),
                SIGHUP => Some(Signal::HUP),
                SIGINT if !typed => Some(Signal::INT),
                SIGQUIT if !typed => Some(Signal::QUIT),
                _ => None,
            };
            if let (Some(signal), Some(child)) = (pass_on, child_id) {
                // It may have ended already.
                let _ = rustix::process::kill_process(child, signal);
            }
        }
    });
    let status = child.wait()?;
    handle.close();
    // The listener ends with its handle.
    let _ = listener.join();
    Ok((status, passing.finish()))
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
