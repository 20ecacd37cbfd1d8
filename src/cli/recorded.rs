//! What AWS itself recorded of a denial, asked for where the evidence leads there: the details behind an
//! authorization id, the content of an encoded message, the last events of CloudTrail. All of it is read
//! by what reads the same from files.

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};

use crate::collect::aws::{Asking, Looked, Lookup, Recorded};
use crate::message::{self, Record, Said};
use crate::policy::Arn;
use crate::request::{Caller, CallerKind};
use crate::text::{SourceMap, Spanned};
use crate::trail::{self, Filter, Group, Groups, Piece};

use super::Failure;
use super::args::DiagnoseArgs;
use super::evidence::Told;
use super::input::{self, usage};
use super::trail::{said, when};

/// So many records are asked for of one text: a log may tell of thousands.
const MOST: usize = 8;

/// Who asks for what, and where that goes which comes back.
pub(super) struct Follow<'a, 'p> {
    /// The options.
    pub(super) args: &'a DiagnoseArgs,
    /// Who asks AWS.
    pub(super) asking: &'a Asking<'p>,
    /// What is told of denials.
    pub(super) told: &'a mut Option<Vec<Told>>,
    /// The texts.
    pub(super) sources: &'a mut SourceMap,
    /// What is worth a line.
    pub(super) notes: &'a mut Vec<String>,
}

/// Puts what AWS recorded in the place of what a text says of it.
pub(super) fn follow(follow: Follow<'_, '_>) -> Result<(), Failure> {
    if let Some(id) = &follow.args.live.authorization_id {
        return by_id(follow, id);
    }
    if follow.args.live.recent {
        return recent(follow);
    }
    let Follow { asking, told, sources, notes, .. } = follow;
    let Some(texts) = told else { return Ok(()) };
    let mut asked = 0;
    let mut whole = Vec::new();
    for one in std::mem::take(texts) {
        let Some(of) = leads_to(&one) else {
            whole.push(one);
            continue;
        };
        asked += 1;
        if asked > MOST {
            if asked == MOST + 1 {
                notes.push(format!(
                    "AWS was asked for the records of the first {MOST} denials alone"
                ));
            }
            whole.push(one);
            continue;
        }
        match asking.recorded(&of) {
            Ok(text) => whole.extend(in_place_of(one, &text, &of, sources, notes)),
            Err(why) => {
                notes.push(not_read(&of, &why));
                whole.push(one);
            }
        }
    }
    *texts = whole;
    Ok(())
}

/// What can be asked about a denial.
fn leads_to(told: &Told) -> Option<Recorded> {
    if told.record.is_some() {
        return None;
    }
    let id = told.denial.authorization_id.as_ref();
    let id = id.map(|id| Recorded::Authorization(id.value.clone()));
    id.or_else(|| told.encoded.clone().map(Recorded::Encoded))
}

fn not_read(of: &Recorded, why: &str) -> String {
    let (what, permission) = match of {
        Recorded::Authorization(_) => {
            ("what AWS recorded under the authorization id", "iam:GetRequestAuthorizationDetails")
        }
        Recorded::Encoded(_) => ("the encoded message", "sts:DecodeAuthorizationMessage"),
    };
    format!("{what} was not read: {}", with_permission(why, permission))
}

/// Why something was not read, with the permission where that is what is missing.
fn with_permission(why: &str, permission: &str) -> String {
    match why.starts_with("AWS refused it") {
        true => format!("{why} (it takes `{permission}`)"),
        false => why.to_owned(),
    }
}

fn records(of: &Recorded, text: &str, sources: &mut SourceMap) -> Vec<Record> {
    let name = match of {
        Recorded::Authorization(_) => "live: iam-toolbox:GetRequestAuthorizationDetails",
        Recorded::Encoded(_) => "live: sts:DecodeAuthorizationMessage",
    };
    let source = sources.add_given(name, message::without_secrets(text));
    message::records(sources, source)
}

/// The records of a denial, with what its text says besides.
fn in_place_of(
    told: Told,
    text: &str,
    of: &Recorded,
    sources: &mut SourceMap,
    notes: &mut Vec<String>,
) -> Vec<Told> {
    let records = records(of, text, sources);
    let is_same = |record: &&Record| match (&told.denial.action, &record.denial.action) {
        (Some(said), Some(recorded)) => said.value.eq_ignore_ascii_case(&recorded.value),
        _ => matches!(record.said, Said::Explicit | Said::Implicit),
    };
    let mut mine: Vec<Record> = records.iter().filter(is_same).cloned().collect();
    if mine.is_empty() {
        mine = records;
    }
    if mine.is_empty() {
        notes.push(not_read(of, "it is in no form that is known"));
        return vec![told];
    }
    mine.into_iter()
        .map(|mut record| {
            let (mine, said) = (&mut record.denial, &told.denial);
            let fill = |field: &mut Option<Spanned<String>>, said: &Option<Spanned<String>>| {
                if field.is_none() {
                    field.clone_from(said);
                }
            };
            fill(&mut mine.principal, &said.principal);
            fill(&mut mine.action, &said.action);
            fill(&mut mine.resource, &said.resource);
            fill(&mut mine.code, &said.code);
            fill(&mut mine.operation, &said.operation);
            fill(&mut mine.request_id, &said.request_id);
            mine.count = said.count;
            Told::from(record)
        })
        .collect()
}

/// The record that somebody names by its id.
fn by_id(follow: Follow<'_, '_>, id: &str) -> Result<(), Failure> {
    let Follow { args, asking, told, sources, notes } = follow;
    let is_id = (1..=256).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_id {
        return Err(usage("`--authorization-id`: an id is letters, digits and hyphens alone"));
    }
    let of = Recorded::Authorization(id.to_owned());
    let found = asking.recorded(&of).map(|text| records(&of, &text, sources));
    let denied = |record: &&Record| matches!(record.said, Said::Explicit | Said::Implicit);
    let why = match found {
        Ok(records) if records.is_empty() => "it is in no form that is known".to_owned(),
        Ok(records) => {
            let mut mine: Vec<Told> =
                records.iter().filter(denied).cloned().map(Told::from).collect();
            if mine.is_empty() {
                mine = records.into_iter().map(Told::from).collect();
            }
            *told = Some(mine);
            return Ok(());
        }
        // Whose the credentials are not is explained by whoever asks for that.
        Err(_) if asking.whoami().is_err() => return Ok(()),
        Err(why) => why,
    };
    let text = not_read(&of, &why);
    if args.action.is_empty() {
        return Err(usage(text));
    }
    notes.push(text);
    Ok(())
}

/// How far back CloudTrail is searched, and how far it can be: its event history holds 90 days.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>
const HOURS: i64 = 24;
const DAYS: i64 = 90;

/// The caller's last denial, as CloudTrail recorded it.
fn recent(follow: Follow<'_, '_>) -> Result<(), Failure> {
    let Follow { args, asking, told, sources, notes } = follow;
    let caller = match &args.caller {
        Some(caller) => caller.clone(),
        None => match asking.whoami() {
            Ok(identity) => identity.arn,
            // Whoever asks for that says why.
            Err(_) => return Ok(()),
        },
    };
    let user = user_name(&caller, sources).ok_or_else(|| {
        usage(format!(
            "`--recent`: CloudTrail can be searched for a user or a session by name, and `{caller}` is neither; \
             give the session as `--caller arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`"
        ))
    })?;
    let now = super::now();
    let until = input::time(args, Some(now))?.unwrap_or(now);
    let back = |hours| until.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(until);
    let since = match &args.live.since {
        None => back(HOURS),
        Some(text) => when::read(text, until).ok_or_else(|| {
            usage(format!(
                "`--since {text}`: write how long before, such as `7d` or `36h`, or a moment"
            ))
        })?,
    };
    if since < back(DAYS * 24) {
        notes.push(format!(
            "CloudTrail's event history holds the last {DAYS} days; what is older is in a trail: `why-denied trail` reads its files"
        ));
    }
    let actions: Vec<String> = match &args.role {
        Some(_) => vec!["sts:AssumeRole".to_owned()],
        None => args.action.clone(),
    };
    let wanted = args.role.iter().chain(&args.resource).cloned().collect::<Vec<_>>();
    let found: RefCell<Vec<Group>> = RefCell::default();
    let take = |event: &str| {
        let filter = Filter {
            since: Some(since),
            until: None,
            principals: vec![caller.clone()],
            actions: actions.clone(),
        };
        let mut mine = groups(event, filter);
        mine.retain(|group| wanted.is_empty() || wanted.iter().any(|one| is_resource(group, one)));
        let any = !mine.is_empty();
        found.borrow_mut().extend(mine);
        any
    };
    let lookup = Lookup { user: user.clone(), regions: regions(&actions, &wanted), since };
    let looked = asking.events(&lookup, &take);
    let last = found.into_inner().into_iter().max_by_key(|group| group.last);
    if let Some(group) = last {
        let denial = said(&group, sources);
        if let Some(at) = group.last {
            notes.push(format!("CloudTrail recorded the denial that is explained here at {at}"));
        }
        *told = Some(vec![Told { group: Some(group), ..Told::from(denial) }]);
        return Ok(());
    }
    let text = none_found(&looked, &user, &actions, since);
    let asks = args.role.is_some() || (!args.action.is_empty() && !args.resource.is_empty());
    if !asks && asking.whoami().is_ok() {
        return Err(usage(text));
    }
    notes.push(text);
    Ok(())
}

fn none_found(looked: &Looked, user: &str, actions: &[String], since: Timestamp) -> String {
    if let Some(why) = &looked.why {
        return format!(
            "CloudTrail was not read: {}",
            with_permission(why, "cloudtrail:LookupEvents")
        );
    }
    let what = match actions {
        [] => "no denial".to_owned(),
        actions => format!("no denial of {}", actions.join(" or ")),
    };
    let more = if looked.more { ", and there are more events than were read" } else { "" };
    format!(
        "CloudTrail tells of {what} for `{user}` among {} events since {since} in {}{more}; `--since` looks \
         further back; an event takes some minutes to get there, and data events such as s3:GetObject never do",
        looked.events,
        looked.regions.join(" and "),
    )
}

/// The name under which CloudTrail has a caller.
fn user_name(caller: &str, sources: &mut SourceMap) -> Option<String> {
    let id = sources.add_given("caller", caller);
    let span = sources.whole(id);
    let caller = Caller::parse(Spanned { value: caller.to_owned(), span }).ok()?;
    match caller.kind {
        CallerKind::RoleSession => caller.session.map(String::from),
        CallerKind::Root => Some("root".to_owned()),
        CallerKind::User | CallerKind::FederatedUser => {
            caller.name.rsplit('/').next().map(str::to_owned)
        }
        _ => None,
    }
}

/// Where events are besides the Region in force: that of the resource, and where global services have theirs.
fn regions(actions: &[String], resources: &[String]) -> Vec<String> {
    const GLOBAL: [&str; 6] = ["iam", "sts", "organizations", "cloudfront", "route53", "s3"];
    let mut regions: Vec<String> = resources
        .iter()
        .filter_map(|resource| Some(Arn::parse(resource)?.region.to_owned()))
        .filter(|region| !region.is_empty())
        .collect();
    let service = |action: &String| action.split(':').next().unwrap_or_default().to_owned();
    if actions.is_empty() || actions.iter().any(|one| GLOBAL.contains(&service(one).as_str())) {
        regions.push("us-east-1".to_owned());
    }
    regions
}

/// Whether a denial is about this resource; a role may be given by its name alone.
fn is_resource(group: &Group, wanted: &str) -> bool {
    let Some(own) = &group.resource else { return false };
    let name = || Arn::parse(own)?.iam_name("role").map(|(_, name)| name);
    own == wanted || (!wanted.contains(':') && name() == Some(wanted))
}

/// The denials in the text of an event.
fn groups(event: &str, filter: Filter) -> Vec<Group> {
    let mut groups = Groups::new(filter);
    trail::read(Piece::Event, event.as_bytes(), &mut |event| groups.push(&event));
    groups.finish()
}
