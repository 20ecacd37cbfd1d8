//! `why-denied rules`: what the program looks for.

use serde_json::json;

use crate::report;
use crate::rules;

use super::args::{Format, RulesArgs};
use super::{Failure, Output, Status};

pub(super) fn run(args: &RulesArgs, output: Output) -> Result<Status, Failure> {
    let wanted: Vec<_> = match &args.id {
        None => rules::all().collect(),
        Some(id) => match rules::find(id) {
            Some(rule) => vec![rule],
            None => return Err(Failure::Usage(unknown(id))),
        },
    };
    output.result(&[], |out| match args.format {
        Format::Json => {
            let rules: Vec<_> = wanted
                .iter()
                .map(|rule| json!({ "id": rule.meta.id, "gate": rule.cause.map(|cause| cause.gate.id()), "group": rule.defect.map(|defect| defect.group.id()), "severity": rule.defect.map(|defect| defect.severity.id()), "summary": rule.meta.summary, "page": rule.meta.doc }))
                .collect();
            serde_json::to_writer_pretty(&mut *out, &json!({ "version": 1, "rules": rules }))?;
            writeln!(out)
        }
        Format::Human if args.id.is_some() => wanted.iter().try_for_each(|rule| out.write_all(rule.meta.doc.as_bytes())),
        Format::Human => {
            let rows: Vec<_> = wanted.iter().map(|rule| (rule.meta.id, rule.meta.summary)).collect();
            report::write_list(&rows, &output.style, out)?;
            writeln!(out, "\n`why-denied rules ID` explains one.")
        }
    })?;
    Ok(Status::Good)
}

fn unknown(id: &str) -> String {
    let words: Vec<&str> = id.split('-').collect();
    let alike = rules::all()
        .map(|rule| {
            (rule.meta.id.split('-').filter(|word| words.contains(word)).count(), rule.meta.id)
        })
        .max_by_key(|(score, _)| *score)
        .filter(|(score, _)| *score > 0);
    match alike {
        Some((_, other)) => format!("there is no rule `{id}`; did you mean `{other}`?"),
        None => format!("there is no rule `{id}`; `why-denied rules` lists them"),
    }
}
