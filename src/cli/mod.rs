//! The command line: the only place that reads the clock, the environment and the terminal.

mod args;
mod chain;
mod check;
#[cfg(feature = "live")]
mod collect;
mod diagnose;
mod events;
mod evidence;
mod facts;
mod input;
#[cfg(feature = "live")]
mod live;
mod permissions;
mod presented;
#[cfg(feature = "live")]
mod recorded;
mod rules;
mod run;
mod shell;
mod test;
mod trail;
#[cfg(feature = "live")]
mod whoami;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::reference;
use crate::report::{self, Redactor, Style};

pub use args::Cli;
use args::{ColorChoice, Command, OutputOptions};

/// How a run ended. The order is that in which several requests are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Allowed, or nothing to complain of.
    Good,
    /// Denied, or a test failed.
    Denied,
    /// Could not run.
    Broken,
    /// A fact that decides is not known.
    Undetermined,
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Denied => 1,
            Self::Broken => 2,
            Self::Undetermined => 3,
        }
    }

    /// The worse of two: could not run, denied, undetermined, good.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |status| match status {
            Self::Good => 0,
            Self::Undetermined => 1,
            Self::Denied => 2,
            Self::Broken => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mut error) => {
            if wants_dashes(error.kind(), std::env::args_os().skip(1)) {
                let tip = "write `--` before the command: `why-denied run -- COMMAND`".into();
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
            }
            let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing can be done about a terminal that is gone.
            let _ = error.print();
            return ExitCode::from(if help { 0 } else { 2 });
        }
    };
    match run(&cli) {
        Ok(Ended::Status(status)) => ExitCode::from(status.code()),
        Ok(Ended::Code(code)) => ExitCode::from(code),
        // The reader of a pipe has had enough: that is no error of ours.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::from(2)
        }
    }
}

/// Whether a command to run was given without the `--` that parts it from our options.
fn wants_dashes(kind: ErrorKind, mut arguments: impl Iterator<Item = OsString>) -> bool {
    kind == ErrorKind::UnknownArgument
        && arguments.next().is_some_and(|first| first == "run")
        && !arguments.any(|one| one == "--")
}

/// Why the program could not run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The options do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The evidence is no error of AWS.
    #[error("{0}")]
    NoError(String),
    /// Something could not be written.
    #[error("the result could not be written: {0}")]
    Io(#[from] io::Error),
    /// A file could not be written or read.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// AWS could not be asked at all.
    #[cfg(feature = "live")]
    #[error("AWS cannot be asked: {0}")]
    Live(io::Error),
}

/// What the process ends with.
enum Ended {
    /// An answer of ours.
    Status(Status),
    /// What a command that we ran ended with.
    Code(u8),
}

fn run(cli: &Cli) -> Result<Ended, Failure> {
    let output = Output::new(&cli.output)?;
    if cli.version {
        return version(&output).map(Ended::Status);
    }
    let status = match &cli.command {
        Some(Command::Check(args)) => check::run(args, &output),
        Some(Command::Completions(args)) => shell::completions(args, &output),
        Some(Command::Man) => shell::man(&output),
        Some(Command::Test(args)) => test::run(args, output),
        Some(Command::Rules(args)) => rules::run(args, output),
        Some(Command::Facts(args)) => facts::run(args, output),
        Some(Command::Trail(args)) => trail::run(args, output),
        Some(Command::Permissions(args)) => permissions::run(args, output),
        #[cfg(feature = "live")]
        Some(Command::Whoami(args)) => whoami::run(args, output),
        #[cfg(feature = "live")]
        Some(Command::Collect(args)) => collect::run(args, output),
        Some(Command::Run(args)) => return run::run(args, output).map(Ended::Code),
        None => diagnose::run(&cli.diagnose, output),
    };
    status.map(Ended::Status)
}

/// The version, and with `--verbose` what is embedded.
fn version(output: &Output) -> Result<Status, Failure> {
    let mut text = format!("why-denied {}\n", env!("CARGO_PKG_VERSION"));
    if output.style.verbose {
        let counts = reference::counts();
        let lines = [
            ("reference data", format!("of {}, from {}", reference::date(), reference::sources())),
            ("services", counts.services.to_string()),
            ("actions", counts.actions.to_string()),
            (
                "condition keys",
                format!("{} global ones, and those of the services", counts.global_keys),
            ),
            ("service principals", counts.service_principals.to_string()),
            ("AWS managed policies", format!("{}, default versions", counts.managed_policies)),
        ];
        lines.iter().for_each(|(name, value)| text.push_str(&format!("{name:<22}{value}\n")));
    }
    output.result(&[], |out| out.write_all(text.as_bytes()))?;
    Ok(Status::Good)
}

/// A line on stderr.
fn complain(text: &dyn Display) {
    // Nothing can be done about a terminal that is gone.
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// Where the result goes, and how it looks.
pub struct Output {
    /// Width, colour, character set.
    pub style: Style,
    /// The same for stderr.
    pub stderr_style: Style,
    /// Say no warnings.
    pub quiet: bool,
    /// Mask accounts, names and ids.
    pub redact: bool,
    file: Option<PathBuf>,
    /// Whether the result goes to stderr where no file is named: stdout is another program's.
    to_stderr: bool,
}

impl Output {
    fn new(options: &OutputOptions) -> Result<Self, Failure> {
        let to_file = options.output.is_some();
        let style = |is_terminal: bool| {
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let color = match options.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => is_terminal && !dumb && !no_color,
            };
            let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
            let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            let width = columns.or_else(terminal).unwrap_or(80).clamp(60, 200);
            Style { width, color, unicode: !dumb && is_utf8(), verbose: options.verbose }
        };
        Ok(Self {
            style: style(io::stdout().is_terminal() && !to_file),
            stderr_style: style(io::stderr().is_terminal()),
            quiet: options.quiet,
            redact: options.redact,
            file: options.output.clone(),
            to_stderr: false,
        })
    }

    /// Writes the result, masked if that was asked for. `names` are masked wherever they stand.
    fn result(
        &self,
        names: &[String],
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        let bytes = self.mask(bytes, names);
        match &self.file {
            Some(path) => std::fs::write(path, &bytes)
                .map_err(|error| Failure::File { path: path.clone(), error }),
            None if self.to_stderr => {
                let mut stderr = io::stderr().lock();
                stderr.write_all(b"\n")?;
                stderr.write_all(&bytes)?;
                Ok(stderr.flush()?)
            }
            None => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&bytes)?;
                Ok(stdout.flush()?)
            }
        }
    }

    /// Where a result goes that is written bit by bit.
    fn stream(&self) -> Result<Box<dyn Write + '_>, Failure> {
        let inner: Box<dyn Write + '_> = match &self.file {
            Some(path) => Box::new(
                std::fs::File::create(path)
                    .map_err(|error| Failure::File { path: path.clone(), error })?,
            ),
            None => Box::new(io::stdout().lock()),
        };
        let inner = io::BufWriter::with_capacity(1 << 16, inner);
        Ok(if self.redact {
            Box::new(Masked { inner, redactor: Redactor::default() })
        } else {
            Box::new(inner)
        })
    }

    /// Masks accounts, names and ids, where that was asked for.
    fn mask(&self, bytes: Vec<u8>, names: &[String]) -> Vec<u8> {
        if !self.redact {
            return bytes;
        }
        let mut redactor = Redactor::default();
        names.iter().for_each(|name| redactor.also(name));
        redactor.apply(&String::from_utf8_lossy(&bytes)).into_bytes()
    }

    /// A warning on stderr, unless nobody wants to hear it.
    fn warn(&self, text: &str) {
        if !self.quiet {
            // Nothing can be done about a terminal that is gone.
            let mut bytes = Vec::new();
            let _ = report::warning(text, &self.stderr_style, &mut bytes);
            let _ = io::stderr().write_all(&self.mask(bytes, &[]));
        }
    }
}

/// Masks what is written, piece by piece; whoever writes gives whole words.
struct Masked<W> {
    inner: W,
    redactor: Redactor,
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = self.redactor.apply(&String::from_utf8_lossy(bytes));
        self.inner.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Now, to the second: nothing in a policy is finer.
fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Whether the locale takes more than ASCII. Unset counts as yes: most terminals do.
fn is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    locale.is_none_or(|locale| {
        let lower = locale.to_ascii_lowercase();
        lower.contains("utf-8") || lower.contains("utf8")
    })
}
