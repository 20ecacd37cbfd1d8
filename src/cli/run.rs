//! Runs a command as it is, and explains the denial if it prints one.
//!
//! Stdin and stdout are the command's own. Stderr passes through us; where it is a terminal, the command
//! gets a terminal for it, so that it prints the same. The command runs once, and its exit status is ours.

#[cfg(unix)]
mod keys;
mod passing;
#[cfg(unix)]
mod unix;

use std::ffi::OsStr;
#[cfg(not(unix))]
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitStatus;

use crate::message::{self, Denial};
use crate::report;
use crate::text::SourceMap;

#[cfg(feature = "live")]
use super::args::LiveArgs;
use super::args::{DiagnoseArgs, Format, RunArgs};
use super::evidence::Told;
use super::{Failure, Output, diagnose, input::usage};

use passing::{Kept, Passing};
#[cfg(unix)]
use unix::execute;

/// More denials than this are not explained one by one on stderr.
const MANY: usize = 20;

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
    // A file that cannot be written is told before the command has done its work, and no older answer stays.
    if let Some(path) = &output.file {
        std::fs::File::create(path).map_err(|error| Failure::File { path: path.clone(), error })?;
    }
    let (status, kept) = match execute(program, arguments) {
        Ok(ended) => ended,
        Err(error) => return Ok(not_run(program, &error)),
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
#[cfg(not(unix))]
fn execute(program: &OsStr, arguments: &[OsString]) -> io::Result<(ExitStatus, Kept)> {
    use std::process::{Command, Stdio};
    let mut child = Command::new(program).args(arguments).stderr(Stdio::piped()).spawn()?;
    let passing = child.stderr.take().map(Passing::start);
    let status = child.wait()?;
    Ok((status, passing.map(|passing| passing.finish(|| true)).unwrap_or_default()))
}

/// Says why a command did not start; the exit status that shells have for it.
fn not_run(program: &OsStr, error: &io::Error) -> u8 {
    let name = program.to_string_lossy();
    let is_path = Path::new(program).components().count() > 1;
    let (why, status) = match error.kind() {
        ErrorKind::NotFound if Path::new(program).is_file() && is_path => {
            ("the interpreter that it names in its first line is not there".to_owned(), 127)
        }
        ErrorKind::NotFound if is_path => ("there is no such file".to_owned(), 127),
        ErrorKind::NotFound => ("there is no command of this name in PATH".to_owned(), 127),
        ErrorKind::PermissionDenied if Path::new(program).is_dir() => {
            ("it is a folder".to_owned(), 126)
        }
        ErrorKind::PermissionDenied => ("it is not executable".to_owned(), 126),
        _ => (error.to_string(), 126),
    };
    super::complain(&format!("`{name}` was not run: {why}"));
    status
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
        return match args.format {
            Format::Human => Ok(()),
            // Whoever reads JSON gets some: there is no result.
            Format::Json => output.result(&[], |out| {
                report::write(report::Format::Json, &[], &SourceMap::default(), &output.style, out)
            }),
        };
    }
    if args.format == Format::Human && denials.len() > MANY {
        // Nobody reads on in a terminal: what came most often is told.
        denials.sort_by_key(|denial| std::cmp::Reverse(denial.count));
        let more = denials.split_off(MANY).len();
        output.warn(&format!(
            "{more} more different denials are not explained here; keep what the command says with `2>FILE`, and `why-denied FILE` explains each"
        ));
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
