//! The program against emulators of AWS that others wrote, and against a stub for what they lack.
//!
//! Each emulator runs in a virtual environment of its own below `target/emulators`; `.ci/emulators`
//! makes them. They are started on free ports of the loopback, with a home of their own, and
//! stopped at the end.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod emulator;
mod equality;
mod identity;
mod organization;
mod program;
#[cfg(unix)]
mod progress;
#[path = "../support/ran.rs"]
mod ran;
mod read_aloud;
mod recorded;
mod refusal;
mod resources;
#[cfg(target_os = "linux")]
mod sealed;
mod sources;
mod truth;
mod wire;
mod wire_tests;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use libtest_mimic::{Arguments, Trial};

/// A test with its name.
pub(crate) fn test(name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok(())
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = wire_tests::tests();
    trials.extend(recorded::tests());
    trials.extend(sources::tests());
    trials.extend(read_aloud::tests());
    trials.extend(resources::tests());
    #[cfg(unix)]
    trials.extend(progress::tests());
    #[cfg(target_os = "linux")]
    trials.extend(sealed::tests());
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let _stop = Stop;
    match emulator::missing() {
        None => trials.extend(with_emulators()),
        Some(why) if emulator::are_required() => {
            eprintln!("error: {why}");
            return ExitCode::FAILURE;
        }
        Some(why) => eprintln!("warning: {why}; the tests that need it are left out"),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The tests that need emulators; both start at once, and what is asked about is made in them.
fn with_emulators() -> Vec<Trial> {
    thread::scope(|scope| {
        let of_moto = scope.spawn(|| organization::tests(&Arc::new(emulator::moto())));
        let ministack = Arc::new(emulator::ministack());
        let mut trials = identity::tests(&ministack);
        trials.extend(refusal::tests(&ministack));
        let scenarios = truth::scenarios(&ministack);
        trials.extend(truth::tests(&ministack, &scenarios));
        trials.extend(equality::tests(&ministack, &scenarios));
        trials.extend(of_moto.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
        trials
    })
}

/// Ends the emulators, whatever happens.
struct Stop;

impl Drop for Stop {
    fn drop(&mut self) {
        emulator::stop_all();
    }
}
