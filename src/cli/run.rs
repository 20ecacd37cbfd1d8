//! Runs a command as it is, and explains the denial if it prints one.
//!
//! Stdin and stdout are the command's own. Stderr passes through us; where it is a terminal, the command
//! gets a terminal for it, so that it prints the same. The command runs once, and its exit status is ours.

mod passing;
#[cfg(unix)]
mod unix;

use std::process::{Command, ExitStatus};

use crate::message::{self, Denial};
use crate::text::SourceMap;

#[cfg(feature = "live")]
use super::args::LiveArgs;
use super::args::{DiagnoseArgs, Format, RunArgs};
use super::evidence::Told;
use super::{Failure, Output, diagnose, input::usage};

use passing::{Kept, Passing};

pub(super) fn run(args: &RunArgs, mut output: Output) -> Result<u8, Failure> {
    if args.format == Format::Json && output.file.is_none() {
        return Err(usage(
            "`run --format json` wants `--output FILE`: stdout and stderr are the command's",
        ));
    }
    #[cfg(feature = "live")]
    if args.reach.is_given() && !args.live {
        return Err(usage("`--region`, `--endpoint-url` and `--timeout` go with `--live`"));
    }
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(usage("name a command behind `--`"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let (status, kept) = match execute(command) {
        Ok(ended) => ended,
        Err(error) => {
            super::complain(&format!("{}: {error}", program.to_string_lossy()));
            return Ok(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 });
        }
    };
    output.to_stderr = output.file.is_none();
    output.style = super::Style { verbose: output.style.verbose, ..output.stderr_style };
    // Whatever comes of the diagnosis, the command has ended as it has.
    if let Err(failure) = explain(args, &kept, &output) {
        output.warn(&failure.to_string());
    }
    Ok(end_alike(status))
}

/// Runs it to its end, and keeps some of what it wrote to stderr.
fn execute(command: Command) -> std::io::Result<(ExitStatus, Kept)> {
    #[cfg(unix)]
    return unix::execute(command);
    #[cfg(not(unix))]
    {
        let mut command = command;
        let mut child = command.stderr(std::process::Stdio::piped()).spawn()?;
        let passing = child.stderr.take().map(Passing::start);
        let status = child.wait()?;
        Ok((status, passing.map(Passing::finish).unwrap_or_default()))
    }
}

/// The diagnosis of what was printed, if there is a denial in it.
fn explain(args: &RunArgs, kept: &Kept, output: &Output) -> Result<(), Failure> {
    let original = kept.text();
    let text = message::without_secrets(&original);
    let mut sources = SourceMap::default();
    let source = sources.add_given("stderr of the command", text);
    let mut denials = message::read(&sources, source);
    kept.count(&mut denials);
    // Other programs say "access denied" too.
    denials.retain(|denial| !denial.is_vague());
    if denials.is_empty() {
        return Ok(());
    }
    let options = DiagnoseArgs {
        facts: args.facts.clone(),
        caller: args.caller.clone(),
        format: args.format,
        #[cfg(feature = "live")]
        profile: args.profile.clone(),
        #[cfg(feature = "live")]
        live: LiveArgs { live: args.live, reach: args.reach.clone(), ..LiveArgs::default() },
        ..DiagnoseArgs::default()
    };
    let encoded = |denial: &Denial| message::encoded(&original, denial);
    let told = |denial: Denial| Told { encoded: encoded(&denial), ..Told::from(denial) };
    let told = denials.into_iter().map(told).collect();
    diagnose::explain(&options, told, sources, output).map(|_| ())
}

/// The status to end with; a signal that ended the command ends us.
fn end_alike(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            unix::end_by(signal);
            return u8::try_from(signal.saturating_add(128)).unwrap_or(1);
        }
    }
    u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)
}
