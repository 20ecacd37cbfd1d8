//! `why-denied collect`: what was read from AWS, as files that answer the same question offline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::collect::answers::{Answer, Outcome, read_document};
use crate::collect::aws::{Asking, Event, Gathered, Kind};
use crate::report::{self, Redactor};

use super::args::{CollectArgs, DiagnoseArgs};
use super::{Failure, Output, Status, input, live};

pub(super) fn run(args: &CollectArgs, output: Output) -> Result<Status, Failure> {
    if args.role.is_none() && args.action.is_none() && !args.account {
        return Err(Failure::Usage(
            "say what to read: `--role ARN`, `--action ACTION --resource ARN`, or the whole `--account`"
                .to_owned(),
        ));
    }
    let context = context(args)?;
    let asked = DiagnoseArgs {
        role: args.role.clone(),
        action: args.action.iter().cloned().collect(),
        resource: args.resource.iter().cloned().collect(),
        caller: args.caller.clone(),
        ..DiagnoseArgs::default()
    };
    let others = [args.role_profile.as_deref(), args.org_profile.as_deref()];
    let options = live::options(&args.reach, args.profile.as_deref(), others)?;
    let mut wanted = live::wanted(&asked, &[]);
    wanted.account = args.account;
    if args.account && args.role.is_none() && args.action.is_none() {
        wanted.without_caller = true;
    }
    let bar = live::Bar::new(&output);
    let show = |event: Event<'_>| bar.show(event);
    let gathered = Asking::new(options, &show).map_err(Failure::Live)?.gather(&wanted);
    bar.clear();
    gathered.remarks.iter().for_each(|remark| output.warn(remark));
    if let Err(error) = &gathered.identity {
        live::complain(error, &output);
        if gathered.answers.iter().all(Answer::is_nothing) {
            return Err(Failure::Usage(
                "nothing was written, since AWS says nothing without credentials".to_owned(),
            ));
        }
    }
    let now = Timestamp::now();
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    write(&args.folder, files(args, context, &gathered, now, output.redact))?;
    let unread = gathered.answers.iter().filter(|answer| answer.is_nothing()).count();
    let title = format!(
        "{}: {} of {} calls answered",
        args.folder.display(),
        gathered.answers.len() - unread,
        gathered.answers.len()
    );
    let refused = gathered.answers.iter().filter_map(|answer| {
        let title = answer.title();
        let title = title.strip_prefix("live: ").unwrap_or(&title);
        Some(("not read", format!("{title}: {}", answer.why()?)))
    });
    let case = args.folder.join("case.yaml");
    let next = if case.exists() {
        format!("diagnose it with `why-denied --case {}`", case.display())
    } else {
        format!("use it with `--facts {}`", args.folder.display())
    };
    let rows: Vec<(&str, String)> = refused.chain([("next", next)]).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(name, text)| (*name, &**text)).collect();
    output.result(&[], |out| report::write_card(&title, &rows, &[], &output.style, out))?;
    Ok(Status::Good)
}

/// The files, by their paths from the folder; masked where that is wanted, their names too.
fn files(
    args: &CollectArgs,
    context: Map<String, Value>,
    gathered: &Gathered,
    now: Timestamp,
    redact: bool,
) -> BTreeMap<PathBuf, String> {
    let mut redactor = Redactor::default();
    if redact {
        let given = [&args.external_id, &args.session_name].into_iter().flatten();
        let mut names: BTreeSet<String> = given.cloned().collect();
        for answer in &gathered.answers {
            if let Outcome::Answer(said) = &answer.outcome {
                names_in(said, false, &mut names);
            }
        }
        // What has a meaning for AWS stays, whatever else has that name.
        let mut own = BTreeSet::new();
        gathered.answers.iter().for_each(|answer| {
            own.insert(answer.operation_name().to_owned());
            if let Outcome::Answer(said) = &answer.outcome {
                words_in(said, false, &mut own);
            }
        });
        let own: BTreeSet<&str> = own
            .iter()
            .flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()))
            .collect();
        let names = names.iter().filter(|name| !own.contains(name.as_str()));
        names.for_each(|name| redactor.also(name));
    }
    let mut masked = |text: String| if redact { redactor.apply(&text) } else { text };
    let mut files = BTreeMap::new();
    for answer in &gathered.answers {
        let mut place = answer.clone();
        for part in [&mut place.account, &mut place.about, &mut place.which] {
            *part = part.take().map(&mut masked);
        }
        files.insert(Path::new("facts").join(place.file_name()), masked(answer.text()));
    }
    if let Some(case) = case(args, context, gathered, now) {
        files.insert(PathBuf::from("case.yaml"), masked(case));
    }
    files
}

/// What is said of the request besides who, what and on which resource: each key with its value, `null`
/// where it is known to be absent.
fn context(args: &CollectArgs) -> Result<Map<String, Value>, Failure> {
    let own = [("sts:ExternalId", &args.external_id), ("sts:RoleSessionName", &args.session_name)];
    let own = own.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
    let mut pairs: Vec<(&str, &str)> = own.collect();
    for text in &args.context {
        pairs.push(input::pair("--context", text)?);
    }
    let mut context = Map::new();
    for (key, value) in &pairs {
        let same = pairs.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        let values: Vec<&str> = same.map(|(_, value)| *value).collect();
        let known = context.keys().any(|other: &String| other.eq_ignore_ascii_case(key));
        if !known {
            let value = match values.as_slice() {
                [""] => Value::Null,
                [_] => json!(value),
                _ => json!(values),
            };
            context.insert((*key).to_owned(), value);
        }
    }
    Ok(context)
}

/// The case file; `None` where it is not known who asks, or nothing was asked.
fn case(
    args: &CollectArgs,
    context: Map<String, Value>,
    gathered: &Gathered,
    now: Timestamp,
) -> Option<String> {
    let own = gathered.identity.as_ref().ok();
    let caller = args.caller.clone().or_else(|| own.map(|own| own.arn.clone()))?;
    let (action, resource) = match &args.role {
        Some(role) if role.contains(':') => ("sts:AssumeRole".to_owned(), role.clone()),
        Some(role) => {
            let account = own.map(|own| own.account.clone())?;
            let partition = caller.split(':').nth(1).unwrap_or("aws").to_owned();
            let known = gathered.arn_of_role(role);
            let arn = known.unwrap_or(format!("arn:{partition}:iam::{account}:role/{role}"));
            ("sts:AssumeRole".to_owned(), arn)
        }
        None => (args.action.clone()?, args.resource.clone()?),
    };
    let mut request = Map::new();
    request.insert("principal".to_owned(), json!(caller));
    request.insert("action".to_owned(), json!(action));
    request.insert("resource".to_owned(), json!(resource));
    request.insert("time".to_owned(), json!(now.to_string()));
    // Whoever names no caller asks about the credentials in force.
    if args.caller.is_none() && own.is_some_and(|own| own.kind == Kind::LongTerm) {
        request.insert("credentials".to_owned(), json!({ "kind": "long-term" }));
    }
    if !context.is_empty() {
        request.insert("context".to_owned(), Value::Object(context));
    }
    let mut text = String::from(
        "# What was read from AWS; `why-denied --case` on this file gives the answer of that moment.\n",
    );
    text.push_str("why-denied: 1\nrequest:\n");
    for (name, value) in &request {
        // JSON is YAML.
        text.push_str(&format!("  {name}: {}\n", Value::to_string(value)));
    }
    text.push_str("facts: [ facts ]\n");
    Some(text)
}

/// The names that stand in an answer and have no form by which they are known as such.
fn names_in(said: &Value, is_name: bool, names: &mut BTreeSet<String>) {
    const NAMED: [&str; 11] = [
        "PolicyName",
        "PolicyNames",
        "Name",
        "Sid",
        "GroupName",
        "UserName",
        "RoleName",
        // In the conditions of a policy.
        "sts:ExternalId",
        "sts:RoleSessionName",
        "sts:SourceIdentity",
        "aws:username",
    ];
    let is_named = |name: &str| NAMED.iter().any(|known| known.eq_ignore_ascii_case(name));
    match said {
        Value::String(text) => {
            if let Some(document) = read_document(text) {
                names_in(&document, false, names);
            } else if is_name && is_unlike_words(text) {
                names.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, is_name, names)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| names_in(value, is_named(name), names));
        }
        _ => {}
    }
}

/// The names of members, and what policies say in the words of AWS.
fn words_in(said: &Value, is_own: bool, words: &mut BTreeSet<String>) {
    const OWN: [&str; 4] = ["Action", "NotAction", "Effect", "Version"];
    match said {
        Value::String(text) => match read_document(text) {
            Some(document) => words_in(&document, false, words),
            None if is_own => {
                words.insert(text.clone());
            }
            None => {}
        },
        Value::Array(items) => items.iter().for_each(|item| words_in(item, is_own, words)),
        Value::Object(members) => {
            for (name, value) in members {
                words.insert(name.clone());
                words_in(value, OWN.contains(&name.as_str()), words);
            }
        }
        _ => {}
    }
}

/// A word that is short may be one of the policies' own; a pattern means more than its letters.
fn is_unlike_words(name: &str) -> bool {
    let has_digit = name.bytes().any(|byte| byte.is_ascii_digit());
    (name.len() > 3 || name.len() > 2 && has_digit) && !name.contains(['*', '?', '$'])
}

/// Writes the files, and never over any that is there.
fn write(folder: &Path, files: BTreeMap<PathBuf, String>) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::File { path, error }
    };
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::Usage(format!(
            "`{}` is not empty: name a folder that is new",
            folder.display()
        )));
    }
    fs::create_dir_all(folder.join("facts")).map_err(failed(folder))?;
    for (name, text) in files {
        let path = folder.join(&name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}
