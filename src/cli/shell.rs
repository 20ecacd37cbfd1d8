//! What the program says of itself to shells and to `man`.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::{Failure, Output, Status};

pub(super) fn completions(args: &CompletionsArgs, output: &Output) -> Result<Status, Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "why-denied", &mut bytes);
    output.result(&[], |out| out.write_all(&bytes))?;
    Ok(Status::Good)
}

pub(super) fn man(output: &Output) -> Result<Status, Failure> {
    let mut bytes = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut bytes)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        writeln!(bytes, ".SH COMMAND {}", sub.get_name().to_uppercase())?;
        let page = clap_mangen::Man::new(sub.clone());
        page.render_description_section(&mut bytes)?;
        page.render_synopsis_section(&mut bytes)?;
        page.render_options_section(&mut bytes)?;
    }
    output.result(&[], |out| out.write_all(&bytes))?;
    Ok(Status::Good)
}
