//! Events as rows: what Athena, CloudTrail Lake and DuckDB return, as CSV or JSON.
//!
//! Columns are told by their names, whatever their case and order: those of the queries that we print,
//! and those of CloudTrail's own tables, whose structures engines print as `{type=…, arn=…}`.

use std::io::Read;

use serde_json::{Map, Value};

use super::event::{self, Event, Identity, Parameters, Session, flag, is_temporary, moment};
use super::scan::Damage;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// A whole event in JSON.
    Event,
    /// A line of a log, which may be an event.
    Message,
    Id,
    Time,
    Source,
    Name,
    Region,
    SourceIp,
    UserAgent,
    ErrorCode,
    ErrorMessage,
    Endpoint,
    EndpointAccount,
    Recipient,
    Tls,
    Parameters,
    Resources,
    /// The whole structure.
    Identity,
    Kind,
    PrincipalId,
    Arn,
    Account,
    UserName,
    Key,
    InvokedBy,
    Provider,
    OnBehalfOf,
    IssuerKind,
    IssuerArn,
    IssuerAccount,
    Created,
    Mfa,
    SourceIdentity,
}

/// The names of columns, in lower case and with nothing but letters.
const COLUMNS: &[(&str, Column)] = &[
    ("eventjson", Column::Event),
    ("cloudtrailevent", Column::Event),
    ("eventid", Column::Id),
    ("eventtime", Column::Time),
    ("eventsource", Column::Source),
    ("eventname", Column::Name),
    ("awsregion", Column::Region),
    ("sourceipaddress", Column::SourceIp),
    ("useragent", Column::UserAgent),
    ("errorcode", Column::ErrorCode),
    ("errormessage", Column::ErrorMessage),
    ("vpcendpointid", Column::Endpoint),
    ("vpcendpointaccountid", Column::EndpointAccount),
    ("recipientaccountid", Column::Recipient),
    ("tlsdetails", Column::Tls),
    ("tlsversion", Column::Tls),
    ("tlsdetailstlsversion", Column::Tls),
    ("requestparameters", Column::Parameters),
    ("resources", Column::Resources),
    ("useridentity", Column::Identity),
    ("useridentitytype", Column::Kind),
    ("useridentityprincipalid", Column::PrincipalId),
    ("useridentityarn", Column::Arn),
    ("useridentityaccountid", Column::Account),
    ("useridentityusername", Column::UserName),
    ("useridentityaccesskeyid", Column::Key),
    ("useridentityaccesskeykind", Column::Key),
    ("useridentityinvokedby", Column::InvokedBy),
    ("useridentityidentityprovider", Column::Provider),
    ("useridentityonbehalfofuserid", Column::OnBehalfOf),
    ("useridentitysessioncontextsessionissuertype", Column::IssuerKind),
    ("useridentitysessioncontextsessionissuerarn", Column::IssuerArn),
    ("useridentitysessioncontextsessionissueraccountid", Column::IssuerAccount),
    ("useridentitysessioncontextattributescreationdate", Column::Created),
    ("useridentitysessioncontextattributesmfaauthenticated", Column::Mfa),
    ("useridentitysessioncontextsourceidentity", Column::SourceIdentity),
    // What people call them in queries of their own, and what Athena calls a part of a structure by itself.
    ("userarn", Column::Arn),
    ("arn", Column::Arn),
    ("principalid", Column::PrincipalId),
    ("accountid", Column::Account),
    ("username", Column::UserName),
    ("invokedby", Column::InvokedBy),
    ("region", Column::Region),
    ("sourceip", Column::SourceIp),
    ("sessioncontextsessionissuertype", Column::IssuerKind),
    ("sessioncontextsessionissuerarn", Column::IssuerArn),
    ("sessioncontextattributescreationdate", Column::Created),
    ("sessioncontextattributesmfaauthenticated", Column::Mfa),
    ("sessionissuertype", Column::IssuerKind),
    ("sessionissuerarn", Column::IssuerArn),
    ("sessionissueraccountid", Column::IssuerAccount),
    ("sessioncreationdate", Column::Created),
    ("sessionmfaauthenticated", Column::Mfa),
    ("sessionsourceidentity", Column::SourceIdentity),
];

fn column(name: &str) -> Option<Column> {
    // Of CloudWatch Logs Insights; a column of that name without the sign may be anything.
    if name == "@message" {
        return Some(Column::Message);
    }
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    COLUMNS.iter().find(|(own, _)| *own == plain).map(|(_, column)| *column)
}

/// The columns of a table.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Option<Column>>,
}

/// Whether a text begins like a table of events in CSV.
pub fn is_table(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut record = csv::StringRecord::new();
    let table = reader.read_record(&mut record).unwrap_or(false).then(|| Table::new(record.iter()));
    // A log may be of anything.
    let has_events = || memchr::memmem::find(head, b"eventVersion").is_some();
    table.flatten().is_some_and(|table| table.has_columns() || has_events())
}

impl Table {
    /// A table with these columns; `None` if they are no columns of events.
    pub fn new<'n>(names: impl Iterator<Item = &'n str>) -> Option<Self> {
        let mut columns: Vec<_> = names.map(column).collect();
        // The same name twice is of two things: nobody knows which is meant.
        for column in [Column::Arn, Column::PrincipalId, Column::Account, Column::UserName] {
            if columns.iter().filter(|own| **own == Some(column)).count() > 1 {
                columns.iter_mut().filter(|own| **own == Some(column)).for_each(|own| *own = None);
            }
        }
        let table = Self { columns };
        let is_log = table.columns.contains(&Some(Column::Message));
        (is_log || table.has_columns()).then_some(table)
    }

    /// Whether its columns are those of events, whatever is in them.
    fn has_columns(&self) -> bool {
        let has = |wanted| self.columns.contains(&Some(wanted));
        has(Column::Event)
            || (has(Column::Name) && (has(Column::ErrorCode) || has(Column::ErrorMessage)))
    }

    /// Reads a table in CSV, and gives its events to `take`; how many rows there were.
    pub fn read_csv(
        reader: &mut dyn Read,
        take: &mut dyn FnMut(Event<'_>),
        damage: &mut dyn FnMut(Damage, u64),
    ) -> u64 {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
        let names = reader.headers().map(|names| {
            let names = names.iter().map(|name| name.trim_start_matches('\u{feff}'));
            Self::new(names)
        });
        let Ok(Some(table)) = names else { return 0 };
        let mut record = csv::StringRecord::new();
        let mut rows = 0;
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return rows,
                Ok(true) => {
                    rows += 1;
                    let is_whole = record.len() == table.columns.len();
                    if !is_whole || !table.row(record.iter(), take) {
                        damage(
                            Damage::Unreadable,
                            record.position().map_or(0, csv::Position::byte),
                        );
                    }
                }
                Err(error) => {
                    let at = error.position().map_or(0, csv::Position::byte);
                    if !matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
                        damage(Damage::EndsEarly, at);
                        return rows;
                    }
                    damage(Damage::Unreadable, at);
                }
            }
        }
    }

    fn row<'v>(
        &self,
        values: impl Iterator<Item = &'v str>,
        take: &mut dyn FnMut(Event<'_>),
    ) -> bool {
        let mut row = Row::default();
        for (column, value) in self.columns.iter().zip(values) {
            if let Some(column) = column {
                row.set(*column, Value::String(value.to_owned()));
            }
        }
        row.finish(take)
    }
}

/// A row as an object, as DuckDB and `unload` of Athena write it.
pub(super) fn row(bytes: &[u8], take: &mut dyn FnMut(Event<'_>)) -> bool {
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(bytes) else { return false };
    of_members(members, take)
}

fn of_members(members: Map<String, Value>, take: &mut dyn FnMut(Event<'_>)) -> bool {
    let mut row = Row::default();
    for (name, value) in members {
        if let Some(column) = column(&name) {
            row.set(column, value);
        }
    }
    row.finish(take)
}

/// A page of results as the AWS CLI prints it, of CloudTrail Lake or of Athena.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetQueryResults.html>
/// <https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html>
pub(super) fn page(bytes: &[u8], take: &mut dyn FnMut(Event<'_>)) -> bool {
    let Ok(page) = serde_json::from_slice::<Value>(bytes) else { return false };
    let items =
        |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut is_whole = true;
    for row in items(page.get("QueryResultRows")) {
        // Each column is an object of its own.
        let columns = row.as_array().cloned().unwrap_or_default().into_iter();
        let members = columns.filter_map(|column| match column {
            Value::Object(members) => Some(members),
            _ => None,
        });
        is_whole &= of_members(members.flatten().collect(), take);
    }
    let Some(set) = page.get("ResultSet") else { return is_whole };
    let rows: Vec<Vec<String>> = items(set.get("Rows"))
        .iter()
        .map(|row| {
            let text = |cell: &Value| {
                cell.get("VarCharValue").and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            items(row.get("Data")).iter().map(text).collect()
        })
        .collect();
    let described: Vec<String> = items(set.pointer("/ResultSetMetadata/ColumnInfo"))
        .iter()
        .filter_map(|column| column.get("Name")?.as_str().map(str::to_owned))
        .collect();
    // The first page begins with the names; further pages do not.
    let first = rows.first().cloned().unwrap_or_default();
    let (names, skipped) = match described.is_empty() {
        true => (first, 1),
        false => (described.clone(), usize::from(first == described)),
    };
    let Some(table) = Table::new(names.iter().map(String::as_str)) else { return rows.is_empty() };
    for row in rows.iter().skip(skipped) {
        is_whole &= table.row(row.iter().map(String::as_str), take);
    }
    is_whole
}

/// A row that is being read.
#[derive(Default)]
struct Row {
    event: Event<'static>,
    session: Session<'static>,
    has_session: bool,
    whole: Option<String>,
    /// Whether it is a line of a log.
    is_line: bool,
}

impl Row {
    fn set(&mut self, column: Column, value: Value) {
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Null => return,
            other => other.to_string(),
        };
        if text.is_empty() || text == "null" {
            return;
        }
        let event = &mut self.event;
        let identity = &mut event.identity;
        if matches!(
            column,
            Column::IssuerKind
                | Column::IssuerArn
                | Column::IssuerAccount
                | Column::Created
                | Column::Mfa
                | Column::SourceIdentity
        ) {
            self.has_session = true;
        }
        match column {
            Column::Event => self.whole = Some(text),
            Column::Message => {
                self.whole = Some(text).filter(|text| text.contains("\"eventVersion\""));
                self.is_line = true;
            }
            Column::Id => event.id = text.into(),
            Column::Time => event.time = moment(&text),
            Column::Source => event.source = text.into(),
            Column::Name => event.name = text.into(),
            Column::Region => event.region = text.into(),
            Column::SourceIp => event.source_ip = text.into(),
            Column::UserAgent => event.user_agent = text.into(),
            Column::ErrorCode => event.error_code = text.into(),
            Column::ErrorMessage => event.error_message = text.into(),
            Column::Endpoint => event.vpc_endpoint = text.into(),
            Column::EndpointAccount => event.vpc_endpoint_account = text.into(),
            Column::Recipient => event.recipient = text.into(),
            Column::Tls => event.is_tls = true,
            Column::Parameters => {
                let value = structure(&value);
                event.parameters = Parameters::Text(value.to_string());
            }
            Column::Resources => {
                let list = structure(&value);
                let list = list.as_array().into_iter().flatten();
                event.resources = list
                    .map(|one| (member(one, "arn").into(), member(one, "accountid").into()))
                    .collect();
            }
            Column::Identity => event.identity = of_structure(&structure(&value)),
            Column::Kind => identity.kind = text.into(),
            Column::PrincipalId => identity.principal_id = text.into(),
            Column::Arn => identity.arn = text.into(),
            Column::Account => identity.account = text.into(),
            Column::UserName => identity.user_name = text.into(),
            Column::Key => identity.temporary_key = is_temporary(&text),
            Column::InvokedBy => identity.invoked_by = text.into(),
            Column::Provider => identity.provider = text.into(),
            Column::OnBehalfOf => identity.on_behalf_of = text.into(),
            Column::IssuerKind => self.session.issuer_kind = text.into(),
            Column::IssuerArn => self.session.issuer_arn = text.into(),
            Column::IssuerAccount => self.session.issuer_account = text.into(),
            Column::Created => self.session.created = moment(&text),
            Column::Mfa => self.session.mfa = flag(&text),
            Column::SourceIdentity => self.session.source_identity = text.into(),
        }
    }

    fn finish(mut self, take: &mut dyn FnMut(Event<'_>)) -> bool {
        if let Some(whole) = &self.whole {
            return event::read(whole.as_bytes(), take);
        }
        if self.is_line && self.event.name.is_empty() {
            return true;
        }
        if self.has_session && self.event.identity.session.is_none() {
            self.event.identity.session = Some(self.session);
        }
        take(self.event);
        true
    }
}

/// A member by its name in lower case, as a text.
fn member(value: &Value, name: &str) -> String {
    match inner(value, name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => yes.to_string(),
        _ => String::new(),
    }
}

fn inner<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn of_structure(value: &Value) -> Identity<'static> {
    let text = |name| member(value, name).into();
    let behalf = inner(value, "onbehalfof").map(|one| member(one, "userid"));
    let scope = inner(value, "inscopeof").unwrap_or(&Value::Null);
    let of_scope = |name| member(scope, name).into();
    Identity {
        source: (of_scope("sourcearn"), of_scope("sourceaccount")),
        holder: (of_scope("issuertype"), of_scope("credentialsissuedto")),
        kind: text("type"),
        principal_id: text("principalid"),
        arn: text("arn"),
        account: text("accountid"),
        user_name: text("username"),
        temporary_key: is_temporary(&member(value, "accesskeyid")),
        invoked_by: text("invokedby"),
        provider: text("identityprovider"),
        on_behalf_of: behalf.unwrap_or_default().into(),
        session: inner(value, "sessioncontext").filter(|one| one.is_object()).map(|session| {
            let issuer = inner(session, "sessionissuer").unwrap_or(&Value::Null);
            let attributes = inner(session, "attributes").unwrap_or(&Value::Null);
            let federation = inner(session, "webidfederationdata").unwrap_or(&Value::Null);
            Session {
                issuer_kind: member(issuer, "type").into(),
                issuer_arn: member(issuer, "arn").into(),
                issuer_account: member(issuer, "accountid").into(),
                created: moment(&member(attributes, "creationdate")),
                mfa: flag(&member(attributes, "mfaauthenticated")),
                source_identity: member(session, "sourceidentity").into(),
                ec2_delivery: member(session, "ec2roledelivery").into(),
                provider: member(federation, "federatedprovider").into(),
                sign_in: member(session, "signinsessionarn").into(),
                is_assumed_root: flag(&member(session, "assumedroot")) == Some(true),
            }
        }),
    }
}

/// A structure that an engine may have printed as a text, in JSON or as `{type=Role, arn=…}`.
fn structure(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let text = text.trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return value;
    }
    Printed { rest: text, depth: 0 }.value().unwrap_or_default()
}

/// Reads what Athena and CloudTrail Lake print of a structure or list. Texts in it have no quotes: one
/// ends where the next name begins.
struct Printed<'t> {
    rest: &'t str,
    depth: usize,
}

/// No structure of CloudTrail is deeper.
const DEEPEST: usize = 16;

impl<'t> Printed<'t> {
    fn value(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = match self.rest.chars().next() {
            Some('{') => self.members(),
            Some('[') => self.items(),
            _ => Some(match self.text() {
                "null" => Value::Null,
                text => Value::String(text.to_owned()),
            }),
        };
        self.depth -= 1;
        value
    }

    fn members(&mut self) -> Option<Value> {
        let mut members = Map::new();
        self.rest = self.rest.strip_prefix('{')?;
        loop {
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Some(Value::Object(members));
            }
            let (name, rest) = self.rest.split_once('=')?;
            self.rest = rest;
            let value = self.value()?;
            members.insert(name.to_owned(), value);
            self.rest = self.rest.strip_prefix(", ").unwrap_or(self.rest);
        }
    }

    fn items(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        self.rest = self.rest.strip_prefix('[')?;
        loop {
            if let Some(rest) = self.rest.strip_prefix(']') {
                self.rest = rest;
                return Some(Value::Array(items));
            }
            let before = self.rest.len();
            items.push(self.value()?);
            self.rest = self.rest.strip_prefix(", ").unwrap_or(self.rest);
            if self.rest.len() == before {
                return None;
            }
        }
    }

    /// A text: up to the next name, or the end of what it is in.
    fn text(&mut self) -> &'t str {
        let text = self.rest;
        let is_name = |text: &str| {
            text.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
        };
        let end = text.char_indices().find_map(|(at, letter)| {
            let tail = text.get(at..)?;
            let is_end = match letter {
                '}' | ']' => true,
                ',' => tail
                    .strip_prefix(", ")
                    .is_some_and(|tail| is_name(tail) || tail.starts_with('{')),
                _ => false,
            };
            is_end.then_some(at)
        });
        let end = end.unwrap_or(text.len());
        self.rest = text.get(end..).unwrap_or_default();
        text.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The callers and operations that a table tells of.
    fn told(csv: &str) -> Vec<(String, String)> {
        let mut told = Vec::new();
        let mut take = |event: Event<'_>| {
            told.push((event.identity.arn.to_string(), event.name.to_string()));
        };
        Table::read_csv(&mut csv.as_bytes(), &mut take, &mut |_, _| panic!("{csv}"));
        told
    }

    #[test]
    fn columns_are_known_by_the_names_that_people_give_them() {
        let ana = "arn:aws:iam::111122223333:user/ana";
        let of_ana = || vec![(ana.to_owned(), "GetObject".to_owned())];
        for names in ["userIdentity.arn,eventName,errorCode", "userArn,eventName,errorCode"] {
            let csv = format!("{names}\n{ana},GetObject,AccessDenied\n");
            assert!(is_table(csv.as_bytes()), "{names}");
            assert_eq!(told(&csv), of_ana(), "{names}");
        }
        let csv = format!("arn,arn,eventname,errorcode\n{ana},x,GetObject,AccessDenied\n");
        assert_eq!(told(&csv), [(String::new(), "GetObject".to_owned())]);
        let event = json!({"eventVersion": "1.11", "eventName": "GetObject", "errorCode": "AccessDenied", "userIdentity": {"arn": ana}});
        let quoted = event.to_string().replace('"', "\"\"");
        let csv = format!("@timestamp,@message\nx,\"{quoted}\"\nx,START RequestId\n");
        assert!(is_table(csv.as_bytes()));
        assert_eq!(told(&csv), of_ana());
        assert!(!is_table(b"@timestamp,@message\nx,START RequestId\n"));
    }

    #[test]
    fn a_printed_structure_is_read() {
        let text = "{type=AssumedRole, principalid=AROAEXAMPLE:a=b, arn=arn:aws:sts::111122223333:assumed-role/ci/a=b,c, accesskeyid=ASIAEXAMPLE, sessioncontext={attributes={mfaauthenticated=false, creationdate=2026-10-01T00:00:00Z}, sessionissuer={type=Role, arn=arn:aws:iam::111122223333:role/ci}}, username=null}";
        let identity = of_structure(&structure(&Value::String(text.to_owned())));
        assert_eq!(identity.arn, "arn:aws:sts::111122223333:assumed-role/ci/a=b,c");
        assert_eq!(identity.temporary_key, Some(true));
        let session = identity.session.unwrap();
        assert_eq!(session.issuer_arn, "arn:aws:iam::111122223333:role/ci");
        assert_eq!(session.mfa, Some(false));
        let list = "[{arn=arn:aws:s3:::b/k, accountid=null, type=AWS::S3::Object}, {arn=arn:aws:s3:::b, accountid=111122223333, type=AWS::S3::Bucket}]";
        let list = structure(&Value::String(list.to_owned()));
        assert_eq!(list[1]["accountid"], json!("111122223333"));
    }
}
