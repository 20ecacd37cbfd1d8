//! Queries that take the denials out of a trail which is too large for one machine.
//!
//! A query gives a row for each event that may be wanted, with the columns that [`super::Table`] reads.
//! It may give a row too many, since the same filters are applied when the rows are read; it never gives
//! one too few.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan as _};

use super::action;
use super::codes;
use super::group::Filter;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Amazon Athena, on the table that CloudTrail's documentation creates.
    /// <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>
    Athena,
    /// CloudTrail Lake, on an event data store.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html>
    Lake,
    /// DuckDB, on the files themselves.
    DuckDb,
}

/// A column: its name in the result, and where it comes from in each dialect. `-` where a table does not
/// have it.
struct Column {
    name: &'static str,
    athena: &'static str,
    lake: &'static str,
    /// The path in an event.
    path: &'static str,
}

const fn column(
    name: &'static str,
    athena: &'static str,
    lake: &'static str,
    path: &'static str,
) -> Column {
    Column { name, athena, lake, path }
}

const AS_JSON: &str = "json_format(CAST(resources AS JSON))";

/// Access keys are not wanted, only of which kind they are.
const COLUMNS: &[Column] = &[
    column("eventid", "eventid", "eventid", "eventID"),
    column("eventtime", "eventtime", "eventtime", "eventTime"),
    column("eventsource", "eventsource", "eventsource", "eventSource"),
    column("eventname", "eventname", "eventname", "eventName"),
    column("awsregion", "awsregion", "awsregion", "awsRegion"),
    column("sourceipaddress", "sourceipaddress", "sourceipaddress", "sourceIPAddress"),
    column("useragent", "useragent", "useragent", "userAgent"),
    column("errorcode", "errorcode", "errorcode", "errorCode"),
    column("errormessage", "errormessage", "errormessage", "errorMessage"),
    column("vpcendpointid", "vpcendpointid", "vpcendpointid", "vpcEndpointId"),
    column(
        "vpcendpointaccountid",
        "vpcendpointaccountid",
        "vpcendpointaccountid",
        "vpcEndpointAccountId",
    ),
    column("recipientaccountid", "recipientaccountid", "recipientaccountid", "recipientAccountId"),
    column("tlsversion", "tlsdetails.tlsversion", "tlsdetails.tlsversion", "tlsDetails.tlsVersion"),
    column(
        "requestparameters",
        "requestparameters",
        "json_format(CAST(requestparameters AS JSON))",
        "requestParameters",
    ),
    column("resources", AS_JSON, AS_JSON, "resources"),
    column("useridentity_type", "useridentity.type", "useridentity.type", "userIdentity.type"),
    column(
        "useridentity_principalid",
        "useridentity.principalid",
        "useridentity.principalid",
        "userIdentity.principalId",
    ),
    column("useridentity_arn", "useridentity.arn", "useridentity.arn", "userIdentity.arn"),
    column(
        "useridentity_accountid",
        "useridentity.accountid",
        "useridentity.accountid",
        "userIdentity.accountId",
    ),
    column(
        "useridentity_username",
        "useridentity.username",
        "useridentity.username",
        "userIdentity.userName",
    ),
    column(
        "useridentity_accesskeykind",
        "substr(useridentity.accesskeyid, 1, 4)",
        "substr(useridentity.accesskeyid, 1, 4)",
        "userIdentity.accessKeyId",
    ),
    column(
        "useridentity_invokedby",
        "useridentity.invokedby",
        "useridentity.invokedby",
        "userIdentity.invokedBy",
    ),
    column(
        "useridentity_identityprovider",
        "-",
        "useridentity.identityprovider",
        "userIdentity.identityProvider",
    ),
    column(
        "useridentity_onbehalfof_userid",
        "useridentity.onbehalfof.userid",
        "useridentity.onbehalfof.userid",
        "userIdentity.onBehalfOf.userId",
    ),
    column(
        "sessionissuer_type",
        "useridentity.sessioncontext.sessionissuer.type",
        "useridentity.sessioncontext.sessionissuer.type",
        "userIdentity.sessionContext.sessionIssuer.type",
    ),
    column(
        "sessionissuer_arn",
        "useridentity.sessioncontext.sessionissuer.arn",
        "useridentity.sessioncontext.sessionissuer.arn",
        "userIdentity.sessionContext.sessionIssuer.arn",
    ),
    column(
        "sessionissuer_accountid",
        "useridentity.sessioncontext.sessionissuer.accountid",
        "useridentity.sessioncontext.sessionissuer.accountid",
        "userIdentity.sessionContext.sessionIssuer.accountId",
    ),
    column(
        "session_creationdate",
        "useridentity.sessioncontext.attributes.creationdate",
        "useridentity.sessioncontext.attributes.creationdate",
        "userIdentity.sessionContext.attributes.creationDate",
    ),
    column(
        "session_mfaauthenticated",
        "useridentity.sessioncontext.attributes.mfaauthenticated",
        "useridentity.sessioncontext.attributes.mfaauthenticated",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
    ),
    column(
        "session_sourceidentity",
        "-",
        "useridentity.sessioncontext.sourceidentity",
        "userIdentity.sessionContext.sourceIdentity",
    ),
];

/// The query for what passes the filter. `from` is a table, the id of an event data store, or files with
/// `*` and `**`.
pub fn query(dialect: Dialect, from: &[String], filter: &Filter) -> String {
    let mut select = Vec::new();
    for column in COLUMNS {
        let source = match dialect {
            Dialect::Athena => column.athena.to_owned(),
            Dialect::Lake => column.lake.to_owned(),
            Dialect::DuckDb if column.name.ends_with("accesskeykind") => {
                format!("substr({}, 1, 4)", member(column.path))
            }
            Dialect::DuckDb => member(column.path),
        };
        match source.as_str() {
            "-" => {}
            same if same == column.name => select.push(format!("  {same}")),
            _ => select.push(format!("  {source} AS {}", column.name)),
        }
    }
    let columns = match dialect {
        Dialect::DuckDb => Names { of: member },
        Dialect::Athena | Dialect::Lake => Names { of: plain },
    };
    let mut conditions = vec![denied(&columns)];
    conditions.extend(partition(dialect, filter));
    conditions.extend(times(dialect, &columns, filter));
    conditions.extend(principals(&columns, filter));
    conditions.extend(actions(&columns, filter));
    let mut text = String::new();
    let _ = writeln!(text, "SELECT\n{}", select.join(",\n"));
    let _ = writeln!(text, "FROM {}", source(dialect, from));
    let _ = writeln!(text, "WHERE {}", conditions.join("\n  AND "));
    text
}

/// How columns are named in conditions.
struct Names {
    of: fn(&str) -> String,
}

impl Names {
    fn get(&self, path: &str) -> String {
        (self.of)(path)
    }
}

/// A member of an event.
fn member(path: &str) -> String {
    format!("(event ->> '$.{path}')")
}

/// A column of a table.
fn plain(path: &str) -> String {
    path.to_ascii_lowercase()
}

fn source(dialect: Dialect, from: &[String]) -> String {
    match dialect {
        Dialect::Athena => from
            .iter()
            .map(|name| name.split('.').map(name_of).collect::<Vec<_>>().join("."))
            .collect::<Vec<_>>()
            .join(", "),
        // Ids of event data stores have hyphens and stand without quotes in CloudTrail's own examples.
        Dialect::Lake => from.first().cloned().unwrap_or_default(),
        Dialect::DuckDb => {
            let files: Vec<String> = from.iter().map(|path| text_of(path)).collect();
            // A digest has no records; a file may be larger than what DuckDB takes without being told.
            format!(
                "(\n  SELECT unnest(Records) AS event, filename\n  FROM read_json([{}], format = 'unstructured', columns = {{Records: 'JSON[]'}},\n    filename = true, maximum_object_size = 134217728)\n)",
                files.join(", ")
            )
        }
    }
}

/// A name in quotes.
fn name_of(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in quotes.
fn text_of(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn any(conditions: Vec<String>) -> String {
    match conditions.as_slice() {
        [one] => one.clone(),
        _ => format!("({})", conditions.join("\n    OR ")),
    }
}

fn one_of(column: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| text_of(value)).collect();
    format!("{column} IN ({})", values.join(", "))
}

fn denied(columns: &Names) -> String {
    let code = columns.get("errorCode");
    let exact: Vec<String> = codes::exact().map(str::to_owned).collect();
    let mut conditions = vec![one_of(&code, &exact)];
    conditions.extend(codes::ends().map(|end| format!("{code} LIKE '%{end}'")));
    any(conditions)
}

/// The days whose folders are read. CloudTrail delivers an event some minutes after it, so that the last
/// ones of a day may stand in the folder of the next.
fn partition(dialect: Dialect, filter: &Filter) -> Vec<String> {
    let day = |time: Timestamp| time.strftime("%Y/%m/%d").to_string();
    let after = |time: Timestamp| day(time.checked_add(24.hours()).unwrap_or(time));
    let since = filter.since.map(|time| format!(">= '{}'", day(time)));
    let until = filter.until.map(|time| format!("<= '{}'", after(time)));
    let bounds = since.into_iter().chain(until);
    match dialect {
        Dialect::Athena => bounds.map(|bound| format!("\"timestamp\" {bound}")).collect(),
        Dialect::Lake => Vec::new(),
        // Files that are not in folders of days are read.
        Dialect::DuckDb => {
            let day = r"regexp_extract(filename, '[0-9]{4}/[0-9]{2}/[0-9]{2}')";
            bounds.map(|bound| format!("({day} = '' OR {day} {bound})")).collect()
        }
    }
}

fn times(dialect: Dialect, columns: &Names, filter: &Filter) -> Vec<String> {
    let form = match dialect {
        Dialect::Lake => "%Y-%m-%d %H:%M:%S",
        Dialect::Athena | Dialect::DuckDb => "%Y-%m-%dT%H:%M:%SZ",
    };
    let time = columns.get("eventTime");
    // Events have whole seconds.
    let up = |time: Timestamp| {
        let more = i64::from(time.subsec_nanosecond() > 0);
        Timestamp::from_second(time.as_second() + more).unwrap_or(time)
    };
    let since = filter.since.map(|since| format!("{time} >= '{}'", up(since).strftime(form)));
    let until = filter.until.map(|until| format!("{time} < '{}'", up(until).strftime(form)));
    since.into_iter().chain(until).collect()
}

/// A pattern with `*` as one of SQL. `_` and `%` in it stand for more than themselves, which gives rows
/// too many at worst.
fn like(pattern: &str) -> String {
    pattern.replace('*', "%")
}

fn principals(columns: &Names, filter: &Filter) -> Option<String> {
    let paths = [
        "userIdentity.sessionContext.sessionIssuer.arn",
        "userIdentity.arn",
        "userIdentity.userName",
        "userIdentity.invokedBy",
        "userIdentity.principalId",
    ];
    let mut conditions = Vec::new();
    for pattern in &filter.principals {
        let pattern = like(pattern);
        for path in paths {
            let column = columns.get(path);
            conditions.push(format!("{column} LIKE {}", text_of(&pattern)));
            if path.ends_with("arn") && !pattern.starts_with("arn:") {
                conditions.push(format!("{column} LIKE {}", text_of(&format!("%/{pattern}"))));
                conditions.push(format!("{column} LIKE {}", text_of(&format!("%/{pattern}/%"))));
            }
        }
        // Callers of other accounts are named in the text alone, others by several parts.
        let part = text_of(&format!("%{pattern}%"));
        conditions.push(format!("{} LIKE {part}", columns.get("errorMessage")));
        if pattern.contains(' ') {
            conditions.push(format!(
                "{} NOT IN ('IAMUser', 'AssumedRole', 'Root')",
                columns.get("userIdentity.type")
            ));
        }
    }
    (!conditions.is_empty()).then(|| any(conditions))
}

fn actions(columns: &Names, filter: &Filter) -> Option<String> {
    let mut conditions = Vec::new();
    let message = format!("lower({})", columns.get("errorMessage"));
    let source = columns.get("eventSource");
    let name = format!("lower({})", columns.get("eventName"));
    for pattern in &filter.actions {
        let lower = pattern.to_ascii_lowercase();
        conditions.push(format!("{message} LIKE {}", text_of(&format!("%{}%", like(&lower)))));
        let (prefix, action) = lower.split_once(':').unwrap_or((&lower, "*"));
        // Any service may be meant, or an operation that asks for an action of many names.
        if prefix.contains('*') {
            conditions.push(format!("{source} IS NOT NULL"));
            continue;
        }
        let sources = action::sources(prefix);
        let calls = action::calls(prefix, action);
        let mut of_call = vec![format!("{name} LIKE {}", text_of(&format!("{}%", like(action))))];
        of_call.extend(
            calls.iter().map(|call| format!("{name} LIKE {}", text_of(&format!("{call}%")))),
        );
        let of_source: Vec<String> = sources
            .iter()
            .flat_map(|source| {
                [format!("{source}.amazonaws.com"), format!("{source}.amazonaws.com.cn")]
            })
            .collect();
        conditions.push(format!("({} AND {})", one_of(&source, &of_source), any(of_call)));
    }
    (!conditions.is_empty()).then(|| any(conditions))
}
