//! `why-denied whoami`: whose the current credentials are.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::collect::aws::{Asking, End, Identity, Kind, NoIdentity};
use crate::report::{self, Style};
use crate::text::SourceMap;

use super::args::{DiagnoseArgs, Format, WhoamiArgs};
use super::{Failure, Output, Status, live};

pub(super) fn run(args: &WhoamiArgs, output: Output) -> Result<Status, Failure> {
    let options = live::options(&args.reach, args.profile.as_deref(), [None, None])?;
    match Asking::new(options, &|_| {}).map_err(Failure::Live)?.whoami() {
        Ok(identity) => {
            let now = Timestamp::now();
            match args.format {
                Format::Human => {
                    output.result(&[], |out| human(&identity, now, &output.style, out))?
                }
                Format::Json => {
                    let text = json_text(&identity, now);
                    output.result(&[], |out| out.write_all(text.as_bytes()))?;
                }
            }
            let ended = identity.expires.is_some_and(|at| at <= now);
            Ok(if ended { Status::Denied } else { Status::Good })
        }
        Err(error) => {
            let status = match error.end {
                End::NoAnswer => Status::Broken,
                End::Refused(_) | End::NoCredentials => Status::Denied,
            };
            match args.format {
                Format::Human if matches!(error.end, End::Refused(_)) => {
                    let mut sources = SourceMap::default();
                    let answer = live::nobody(&DiagnoseArgs::default(), &error, &mut sources);
                    answer.notes.iter().for_each(|note| output.warn(note));
                    let human = report::Format::Human;
                    output.result(&[], |out| {
                        report::write(human, &[answer], &sources, &output.style, out)
                    })?;
                }
                Format::Human => {
                    let rows = [("source", &*error.source), ("help", &*error.help)];
                    let title = format!("not known: {}", error.summary);
                    let notes: Vec<_> = error.remarks.iter().map(String::as_str).collect();
                    output.result(&[], |out| {
                        report::write_card(&title, &rows, &notes, &output.style, out)
                    })?;
                }
                Format::Json => {
                    let text = json_of(&error);
                    output.result(&[], |out| out.write_all(text.as_bytes()))?;
                }
            }
            Ok(status)
        }
    }
}

/// `expire in 42 min (2026-…)`.
fn expiry(identity: &Identity, now: Timestamp) -> String {
    match identity.expires {
        Some(at) if at <= now => format!("ended at {at}"),
        Some(at) => {
            let left = at.as_second() - now.as_second();
            let words = match left {
                ..=119 => format!("{left} s"),
                120..=7199 => format!("{} min", left / 60),
                _ => format!("{} h", left / 3600),
            };
            format!("in {words} ({at})")
        }
        None if identity.kind == Kind::Session => {
            "not known: a session that came without its end".to_owned()
        }
        None => "never, as long as the access key is active".to_owned(),
    }
}

fn human(
    identity: &Identity,
    now: Timestamp,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let expires = expiry(identity, now);
    let rows = [
        ("account", &*identity.account),
        ("id", &*identity.user_id),
        ("source", &*identity.source),
        ("expires", &*expires),
    ];
    // That the end is not known is said above.
    let remarks = identity.remarks.iter().map(String::as_str);
    let notes: Vec<_> =
        remarks.filter(|remark| !remark.starts_with("when these credentials end")).collect();
    report::write_card(&identity.arn, &rows, &notes, style, out)
}

/// That nobody knows who asks.
fn json_of(error: &NoIdentity) -> String {
    let (end, said) = match &error.end {
        End::Refused(text) => ("refused", Some(text)),
        End::NoCredentials => ("no-credentials", None),
        End::NoAnswer => ("no-answer", None),
    };
    printed(&json!({
        "version": 1,
        "arn": null,
        "error": { "kind": end, "message": error.summary, "said": said, "help": error.help },
        "source": error.source,
        "remarks": error.remarks,
    }))
}

fn json_text(identity: &Identity, now: Timestamp) -> String {
    let left = identity.expires.map(|at| at.as_second() - now.as_second());
    printed(&json!({
        "version": 1,
        "arn": identity.arn,
        "account": identity.account,
        "user_id": identity.user_id,
        "source": identity.source,
        "expires": identity.expires.map(|at| at.to_string()),
        "seconds_left": left,
        "expiry_is_unknown": identity.ends_unknown,
        "remarks": identity.remarks,
    }))
}

fn printed(said: &Value) -> String {
    let mut text = serde_json::to_string_pretty(said).unwrap_or_default();
    text.push('\n');
    text
}
