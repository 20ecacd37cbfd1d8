//! `why-denied whoami`: whose the current credentials are.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use crate::collect::aws::{Asking, Identity, NoIdentity};
use crate::evidence;
use crate::finding::Diagnosis;
use crate::message;
use crate::report;
use crate::text::SourceMap;

use super::args::{Format, WhoamiArgs};
use super::{Failure, Output, Status, live};

pub(super) fn run(args: &WhoamiArgs, output: Output) -> Result<Status, Failure> {
    let options = live::options(&args.reach, args.profile.as_deref(), [None, None])?;
    match Asking::new(options, &|_| {}).map_err(Failure::Live)?.whoami() {
        Ok(identity) => {
            let now = Timestamp::now();
            let text = match args.format {
                Format::Human => human(&identity, now),
                Format::Json => json_text(&identity, now),
            };
            output.result(&[], |out| out.write_all(text.as_bytes()))?;
            let ended = identity.expires.is_some_and(|at| at <= now);
            Ok(if ended { Status::Denied } else { Status::Good })
        }
        Err(error) => {
            let mut sources = SourceMap::default();
            live::complain(&error, &output);
            let Some(diagnosis) = explained(&error, &mut sources) else {
                return Ok(Status::Broken);
            };
            let format = match args.format {
                Format::Human => report::Format::Human,
                Format::Json => report::Format::Json,
            };
            output.result(&[], |out| {
                report::write(format, &[diagnosis], &sources, &output.style, out)
            })?;
            Ok(Status::Denied)
        }
    }
}

/// What is known of an error that kept us from knowing who asks.
pub(super) fn explained(error: &NoIdentity, sources: &mut SourceMap) -> Option<Diagnosis> {
    let source = sources.add_given("what AWS or its SDK said", error.text.as_str());
    message::read(sources, source).first().map(evidence::bare)
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
        None if identity.ends_unknown => {
            "not known: a session that came without its end".to_owned()
        }
        None => "never, as long as the access key is active".to_owned(),
    }
}

fn human(identity: &Identity, now: Timestamp) -> String {
    let mut text = format!("{}\n", identity.arn);
    let lines = [
        ("account", identity.account.clone()),
        ("id", identity.user_id.clone()),
        ("source", identity.source.clone()),
        ("expires", expiry(identity, now)),
    ];
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:<8}  {value}");
    }
    // That the end is not known is said above.
    let remarks = identity.remarks.iter();
    for remark in remarks.filter(|remark| !remark.starts_with("when these credentials end")) {
        let _ = writeln!(text, "  note: {remark}");
    }
    text
}

fn json_text(identity: &Identity, now: Timestamp) -> String {
    let left = identity.expires.map(|at| at.as_second() - now.as_second());
    let said = json!({
        "version": 1,
        "arn": identity.arn,
        "account": identity.account,
        "user_id": identity.user_id,
        "source": identity.source,
        "expires": identity.expires.map(|at| at.to_string()),
        "seconds_left": left,
        "expiry_is_unknown": identity.ends_unknown,
        "remarks": identity.remarks,
    });
    let mut text = serde_json::to_string_pretty(&said).unwrap_or_default();
    text.push('\n');
    text
}
