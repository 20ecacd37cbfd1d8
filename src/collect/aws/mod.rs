//! Asking AWS. The calls run concurrently, each at most once; what comes back are [`Answer`]s, which
//! the same code reads that reads files. Nothing here changes anything in AWS.
//!
//! The only place that uses the AWS SDK and tokio.

mod call;
mod events;
mod identity;
mod json;
mod organization;
mod principal;
mod probe;
mod recorded;
#[cfg(feature = "live-resources")]
mod resource;
mod session;

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::policy::Arn;
use crate::request::{Caller, CallerKind};
use crate::text::{SourceMap, Spanned};

use super::answers::{Answer, Outcome};
use super::operations::Operation;

pub use call::{Event, Progress};
pub use events::{Looked, Lookup};
pub use identity::{End, Identity, Kind, NoIdentity};
pub use probe::{Call, Tried};
pub use recorded::Recorded;

use call::Reader;
use session::Session;

/// With which credentials to ask, and how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// The profile to use; what the AWS CLI would use where it is `None`.
    pub profile: Option<String>,
    /// The Region to ask in.
    pub region: Option<String>,
    /// Another address than AWS's.
    pub endpoint_url: Option<String>,
    /// The profile that reads the role's or the resource's account.
    pub role_profile: Option<String>,
    /// The profile that reads the organization.
    pub org_profile: Option<String>,
    /// How long it may take in all.
    pub timeout: Duration,
}

/// What to find out.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The caller, where it is another than the current identity.
    pub caller: Option<String>,
    /// The roles that are to be assumed, in order: ARNs, or names in the caller's account. With the
    /// session of each the next one is assumed.
    pub roles: Vec<String>,
    /// Other resources.
    pub resources: Vec<String>,
    /// The whole account of the current identity.
    pub account: bool,
    /// That the caller has no policies in IAM: whoever presents a token.
    pub without_caller: bool,
}

/// What AWS said.
#[derive(Debug)]
pub struct Gathered {
    /// Who asks, or why that is not known.
    pub identity: Result<Identity, NoIdentity>,
    /// The answers, in the order of the operations.
    pub answers: Vec<Answer>,
    /// How many calls were made.
    pub calls: usize,
    /// What is wrong with the other credentials that were named.
    pub remarks: Vec<String>,
}

impl Gathered {
    /// The ARN of the role of that name, if it came back.
    pub fn arn_of_role(&self, name: &str) -> Option<String> {
        self.answers.iter().find_map(|answer| match &answer.outcome {
            Outcome::Answer(said) if answer.operation == Some(Operation::GetRole) => {
                let role = said.get("Role").filter(|role| {
                    role.get("RoleName").and_then(|own| own.as_str()) == Some(name)
                })?;
                role.get("Arn")?.as_str().map(str::to_owned)
            }
            _ => None,
        })
    }
}

/// Asks AWS. What was found out once, whose the credentials are for one, is not asked for again.
pub struct Asking<'p> {
    runtime: tokio::runtime::Runtime,
    options: Options,
    reader: Reader<'p>,
    mine: OnceCell<Session>,
    identity: OnceCell<Result<Identity, NoIdentity>>,
    /// When the time for all calls together is over.
    until: Instant,
}

impl<'p> Asking<'p> {
    /// Made when AWS is to be asked and not before: the runtime is that of this one run.
    ///
    /// # Errors
    /// If the system gives no sockets.
    pub fn new(options: Options, progress: Progress<'p>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            reader: Reader::new(&options, progress),
            mine: OnceCell::new(),
            identity: OnceCell::new(),
            until: Instant::now() + options.timeout,
            options,
        })
    }

    /// Waits for an answer until the time is over.
    fn wait<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async { timeout_at(self.until, asked).await.ok() })
    }

    async fn mine(&self) -> &Session {
        let profile = self.options.profile.as_deref();
        self.mine.get_or_init(|| Session::load(&self.options, profile)).await
    }

    async fn identity(&self) -> &Result<Identity, NoIdentity> {
        let ask = async || {
            let own = session::Own::look(self.options.profile.as_deref());
            let session = self.mine().await;
            let identity = identity::identify(&self.reader, session, &own).await;
            self.reader.set_identity(&identity);
            identity
        };
        self.identity.get_or_init(ask).await
    }

    /// Who the current credentials belong to.
    ///
    /// # Errors
    /// If they are none, or AWS refuses them, or gives no answer.
    pub fn whoami(&self) -> Result<Identity, NoIdentity> {
        let asked = async { self.identity().await.clone() };
        self.wait(asked).unwrap_or_else(|| Err(NoIdentity::timed_out(self.options.timeout)))
    }

    /// What AWS recorded of a denial, in the form in which its own client prints it; or why there is nothing.
    ///
    /// # Errors
    /// If AWS refuses it, or gives no answer.
    pub fn recorded(&self, of: &Recorded) -> Result<String, String> {
        let asked = async { recorded::ask(&self.reader, self.mine().await, of).await };
        self.wait(asked).unwrap_or_else(|| {
            Err(format!("no answer within {} s", self.options.timeout.as_secs()))
        })
    }

    /// Reads events of CloudTrail, the latest first, up to the page on which `take` finds what it wants.
    pub fn events(&self, of: &Lookup, take: &dyn Fn(&str) -> bool) -> Looked {
        let asked = async { events::look(&self.reader, self.mine().await, of, take).await };
        self.wait(asked).unwrap_or_else(|| Looked {
            why: Some(format!("no answer within {} s", self.options.timeout.as_secs())),
            ..Looked::default()
        })
    }

    /// Tries the denied call itself, for the shortest time; its credentials are dropped unseen.
    pub fn probe(&self, call: &Call) -> Tried {
        let asked = async { probe::assume(self.mine().await, self.options.timeout, call).await };
        self.wait(asked).unwrap_or_else(|| {
            Tried::NoAnswer(format!("no answer within {} s", self.options.timeout.as_secs()))
        })
    }

    /// Reads what an answer to the question needs.
    pub fn gather(&self, wanted: &Wanted) -> Gathered {
        let found = self.wait(self.everything(wanted));
        if found.is_none() {
            self.reader.give_up(self.options.timeout);
        }
        let identity = self
            .reader
            .identity()
            .or(found)
            .unwrap_or_else(|| Err(NoIdentity::timed_out(self.options.timeout)));
        let reader = &self.reader;
        let (answers, calls) = reader.finish();
        Gathered { identity, answers, calls, remarks: reader.remarks() }
    }

    async fn everything(&self, wanted: &Wanted) -> Result<Identity, NoIdentity> {
        let Self { options, reader, .. } = self;
        let other = |profile: &Option<String>| {
            let profile = profile.clone();
            async move {
                let profile = profile?;
                let session = Session::load(options, Some(&profile)).await;
                let own = session::Own::look(Some(&profile));
                let identity = identity::identify(reader, &session, &own).await;
                Some((profile, session, identity))
            }
        };
        let (identity, role, org) = futures_util::join!(
            self.identity(),
            other(&options.role_profile),
            other(&options.org_profile),
        );
        let mut others = Vec::new();
        let mut of_org = None;
        for (option, one, is_org) in [("--role-profile", role, false), ("--org-profile", org, true)]
        {
            let Some((profile, session, identity)) = one else { continue };
            match identity {
                Ok(identity) if is_org => of_org = Some((session, identity.account)),
                Ok(identity) => others.push((session, identity.account)),
                Err(error) => {
                    let help = error.help;
                    let help = if help.is_empty() { help } else { format!("; {help}") };
                    reader.remark(format!("`{option} {profile}`: {}{help}", error.summary));
                }
            }
        }
        let mut sessions = Sessions::default();
        if let Ok(identity) = identity {
            reader.push(identity.answer());
            reader.push(identity.credentials());
            sessions.all.push((self.mine().await, identity.account.clone()));
        }
        sessions.all.extend(others.iter().map(|(session, account)| (session, account.clone())));
        sessions.org = of_org.as_ref().map(|(session, account)| (session, account.clone()));
        let caller = wanted.caller.clone().or_else(|| Some(identity.as_ref().ok()?.arn.clone()));
        read_all(reader, &sessions, wanted, caller.as_deref()).await;
        identity.clone()
    }
}

/// The credentials at hand, each with its account.
#[derive(Default)]
struct Sessions<'s> {
    /// The current ones, then those of the role's side.
    all: Vec<(&'s Session, String)>,
    /// Those of the organization.
    org: Option<(&'s Session, String)>,
}

impl<'s> Sessions<'s> {
    /// Those that read this account; the later ones were given for it.
    fn of(&self, account: &str) -> Option<&'s Session> {
        let mut found = self.all.iter().rev().filter(|(_, own)| own == account);
        let named = found.next().map(|(session, _)| *session);
        named.or_else(|| self.org.iter().find(|(_, own)| own == account).map(|(one, _)| *one))
    }
}

async fn read_all(
    reader: &Reader<'_>,
    sessions: &Sessions<'_>,
    wanted: &Wanted,
    caller: Option<&str>,
) {
    let caller = caller.and_then(|arn| {
        let mut sources = SourceMap::default();
        let id = sources.add_given("caller", arn);
        Caller::parse(Spanned { value: arn.to_owned(), span: sources.whole(id) }).ok()
    });
    let own = caller.as_ref().and_then(|caller| caller.account.as_ref().map(ToString::to_string));
    let roles: Vec<String> = (wanted.roles.iter())
        .map(|role| match (Arn::parse(role), &own) {
            (None, Some(account)) if !role.contains(':') => {
                let partition = caller.as_ref().map_or("aws", |caller| caller.partition.as_str());
                format!("arn:{partition}:iam::{account}:role/{role}")
            }
            _ => role.clone(),
        })
        .collect();
    let callers_side = async {
        let Some(caller) = caller.as_ref().filter(|_| !wanted.without_caller) else { return };
        if !roles.iter().any(|role| is_role_of(caller, role)) {
            principal::caller(reader, sessions, caller).await;
        }
    };
    let roles_side = async {
        let last = roles.len().saturating_sub(1);
        let each = roles.iter().enumerate();
        join_all(each.map(|(at, role)| {
            // What a role may do counts if its session assumes the next one, or is the caller.
            let acts = at < last || caller.as_ref().is_some_and(|one| is_role_of(one, role));
            principal::role(reader, sessions, role, acts)
        }))
        .await;
    };
    let resources = async {
        #[cfg(feature = "live-resources")]
        join_all(
            wanted
                .resources
                .iter()
                .map(|resource| resource::policy(reader, sessions, resource, own.as_deref())),
        )
        .await;
    };
    let organization = async {
        let limited = caller.as_ref().filter(|caller| {
            !wanted.without_caller
                && matches!(
                    caller.kind,
                    CallerKind::Root
                        | CallerKind::User
                        | CallerKind::RoleSession
                        | CallerKind::FederatedUser
                )
        });
        let account = |arn: &str| {
            Arn::parse(arn).map(|arn| arn.account.to_owned()).filter(|one| !one.is_empty())
        };
        let mut targets: Vec<(String, &'static str)> = Vec::new();
        if let Some(account) = limited.and_then(|caller| caller.account.as_ref()) {
            targets.push((account.to_string(), organization::SERVICE));
        }
        // A bucket's ARN names no account; it is looked for with the credentials of the resource's side.
        let of_bucket = || sessions.all.last().map(|(_, account)| account.clone()).or(own.clone());
        let of_resources = wanted
            .resources
            .iter()
            .filter(|resource| *resource != "*")
            .filter_map(|resource| account(resource).or_else(of_bucket));
        targets.extend(
            (roles.iter().filter_map(|role| account(role)))
                .chain(of_resources)
                .map(|account| (account, organization::RESOURCE)),
        );
        let between = roles.iter().rev().skip(1).filter_map(|role| account(role));
        targets.extend(between.map(|account| (account, organization::SERVICE)));
        targets.sort_unstable();
        targets.dedup();
        organization::read(reader, sessions, &targets).await;
    };
    let account = async {
        if wanted.account {
            principal::whole_account(reader, sessions).await;
        }
    };
    futures_util::join!(callers_side, roles_side, resources, organization, account);
}

/// Whether the caller is a session of this role.
fn is_role_of(caller: &Caller, role: &str) -> bool {
    let Some(arn) = Arn::parse(role) else { return false };
    caller.kind == CallerKind::RoleSession
        && caller.account.as_deref() == Some(arn.account)
        && arn.iam_name("role").is_some_and(|(_, name)| name == caller.name)
}

/// That nobody's credentials reach an account.
fn no_credentials(sessions: &Sessions<'_>, account: &str) -> Outcome {
    let known: Vec<_> = sessions.all.iter().map(|(_, own)| own.as_str()).collect();
    let why = match known.as_slice() {
        [] => format!("there are no credentials for account {account}"),
        known => format!(
            "there are no credentials for account {account}, only for {}",
            known.join(" and ")
        ),
    };
    Outcome::Nothing { code: None, why }
}

/// An answer that was never asked for, since nobody could.
fn unasked(operation: Operation, about: &str, outcome: Outcome) -> Answer {
    Answer {
        operation: Some(operation),
        account: None,
        about: Some(about.to_owned()),
        which: None,
        outcome,
    }
}
