//! Asking AWS. The calls run concurrently, each at most once; what comes back are [`Answer`]s, which
//! the same code reads that reads files. Nothing here changes anything in AWS.
//!
//! The only place that uses the AWS SDK and tokio.

mod call;
mod identity;
mod json;
mod organization;
mod principal;
mod probe;
#[cfg(feature = "live-resources")]
mod resource;
mod session;

use std::io;
use std::time::Duration;

use futures_util::future::join_all;

use crate::policy::Arn;
use crate::request::{Caller, CallerKind};
use crate::text::{SourceMap, Spanned};

use super::answers::{Answer, Outcome};
use super::operations::Operation;

pub use call::{Event, Progress};
pub use identity::{Identity, NoIdentity};
pub use probe::Tried;

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

/// A runtime for this one run, made when it is needed and not before.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Who the current credentials belong to.
///
/// # Errors
/// If the system gives no sockets.
pub fn whoami(options: &Options) -> io::Result<Result<Identity, NoIdentity>> {
    runtime()?.block_on(async {
        let reader = Reader::new(options, &|_| {});
        let session = Session::load(options, options.profile.as_deref()).await;
        let own = session::Own::look(options.profile.as_deref());
        let asked = identity::identify(&reader, &session, &own);
        Ok(match tokio::time::timeout(options.timeout, asked).await {
            Ok(identity) => identity,
            Err(_) => Err(NoIdentity::timed_out(options.timeout)),
        })
    })
}

/// Reads what an answer to the question needs.
///
/// # Errors
/// If the system gives no sockets.
pub fn gather(options: &Options, wanted: &Wanted, progress: Progress<'_>) -> io::Result<Gathered> {
    runtime()?.block_on(async {
        let reader = Reader::new(options, progress);
        let mut found = None;
        let all = async { found = Some(everything(&reader, options, wanted).await) };
        let in_time = tokio::time::timeout(options.timeout, all).await.is_ok();
        if !in_time {
            reader.give_up(options.timeout);
        }
        let identity = reader
            .identity()
            .or(found)
            .unwrap_or_else(|| Err(NoIdentity::timed_out(options.timeout)));
        let (answers, calls) = reader.finish();
        Ok(Gathered { identity, answers, calls })
    })
}

/// Tries the denied call itself, for the shortest time; its credentials are dropped unseen.
///
/// # Errors
/// If the system gives no sockets.
pub fn probe(options: &Options, call: &probe::Call) -> io::Result<Tried> {
    Ok(runtime()?.block_on(probe::assume(options, call)))
}

pub use probe::Call;

async fn everything(
    reader: &Reader<'_>,
    options: &Options,
    wanted: &Wanted,
) -> Result<Identity, NoIdentity> {
    let own = session::Own::look(options.profile.as_deref());
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
    let (mine, role, org) = futures_util::join!(
        async {
            let session = Session::load(options, options.profile.as_deref()).await;
            let identity = identity::identify(reader, &session, &own).await;
            (session, identity)
        },
        other(&options.role_profile),
        other(&options.org_profile),
    );
    let (session, identity) = mine;
    reader.set_identity(&identity);
    let mut sessions = Sessions::default();
    if let Ok(identity) = &identity {
        reader.push(identity.answer());
        reader.push(identity.credentials());
        sessions.all.push((session, identity.account.clone()));
    }
    for (option, one, is_org) in [("--role-profile", role, false), ("--org-profile", org, true)] {
        let Some((profile, session, identity)) = one else { continue };
        match identity {
            Ok(identity) if is_org => sessions.org = Some((session, identity.account)),
            Ok(identity) => sessions.all.push((session, identity.account)),
            Err(error) => reader.remark(format!("`{option} {profile}`: {}", error.summary)),
        }
    }
    let caller = wanted.caller.clone().or_else(|| Some(identity.as_ref().ok()?.arn.clone()));
    read_all(reader, &sessions, wanted, caller.as_deref()).await;
    identity
}

/// The credentials at hand, each with its account.
#[derive(Default)]
struct Sessions {
    /// The current ones, then those of the role's side.
    all: Vec<(Session, String)>,
    /// Those of the organization.
    org: Option<(Session, String)>,
}

impl Sessions {
    /// Those that read this account; the later ones were given for it.
    fn of(&self, account: &str) -> Option<&Session> {
        let mut found = self.all.iter().rev().filter(|(_, own)| own == account);
        let named = found.next().map(|(session, _)| session);
        named.or_else(|| self.org.iter().find(|(_, own)| own == account).map(|(one, _)| one))
    }
}

async fn read_all(reader: &Reader<'_>, sessions: &Sessions, wanted: &Wanted, caller: Option<&str>) {
    let caller = caller.and_then(|arn| {
        let mut sources = SourceMap::default();
        let id = sources.add_given("caller", arn);
        Caller::parse(Spanned { value: arn.to_owned(), span: sources.whole(id) }).ok()
    });
    let own = caller.as_ref().and_then(|caller| caller.account.clone());
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
        principal::caller(reader, sessions, caller).await;
    };
    let roles_side = async {
        let last = roles.len().saturating_sub(1);
        let each = roles.iter().enumerate();
        join_all(each.map(|(at, role)| principal::role(reader, sessions, role, at < last))).await;
    };
    let resources = async {
        #[cfg(feature = "live-resources")]
        for resource in &wanted.resources {
            resource::policy(reader, sessions, resource, own.as_deref()).await;
        }
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
        if let Some(account) = limited.and_then(|caller| caller.account.clone()) {
            targets.push((account, organization::SERVICE));
        }
        // A bucket's ARN names no account: the caller's is the first to look at.
        let of_resources = wanted
            .resources
            .iter()
            .filter(|resource| *resource != "*")
            .filter_map(|resource| account(resource).or_else(|| own.clone()));
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

/// That nobody's credentials reach an account.
fn no_credentials(sessions: &Sessions, account: &str) -> Outcome {
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
