//! The program against emulators of AWS that others wrote, and against a stub for what they lack.
//!
//! Each emulator runs in a virtual environment of its own below `target/emulators`; `.ci/emulators`
//! makes them. They are started on free ports of the loopback, with a home of their own, and
//! stopped at the end.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod emulator;
mod equality;
mod identity;
mod organization;
mod program;
mod refusal;
mod truth;
mod wire;
mod wire_tests;

use std::process::ExitCode;
use std::sync::Arc;

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
    if arguments.list {
        return libtest_mimic::run(&arguments, wire_tests::tests()).exit_code();
    }
    let _stop = Stop;
    let ministack = Arc::new(emulator::ministack());
    let moto = Arc::new(emulator::moto());
    let mut trials = wire_tests::tests();
    trials.extend(identity::tests(&ministack));
    trials.extend(organization::tests(&moto));
    trials.extend(refusal::tests(&ministack));
    let scenarios = truth::scenarios(&ministack);
    trials.extend(truth::tests(&ministack, &scenarios));
    trials.extend(equality::tests(&ministack, &scenarios));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Ends the emulators, whatever happens.
struct Stop;

impl Drop for Stop {
    fn drop(&mut self) {
        emulator::stop_all();
    }
}
