//! The organization: the units above an account, and the control policies on each level.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use aws_sdk_organizations::operation::describe_organization::DescribeOrganizationOutput;
use aws_sdk_organizations::operation::describe_policy::DescribePolicyOutput;
use aws_sdk_organizations::operation::list_parents::ListParentsOutput;
use aws_sdk_organizations::operation::list_policies_for_target::ListPoliciesForTargetOutput;
use aws_sdk_organizations::operation::list_roots::ListRootsOutput;
use aws_sdk_organizations::types::{self, PolicyType};
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, join, select};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::call::{Question, Reader};
use super::session::Session;
use super::{Sessions, json as print, no_credentials, unasked};
use crate::collect::operations::Operation;

/// Service control policies.
pub(super) const SERVICE: &str = "SERVICE_CONTROL_POLICY";
/// Resource control policies.
pub(super) const RESOURCE: &str = "RESOURCE_CONTROL_POLICY";

/// What AWS says to an account in no organization, whatever it is asked.
const NOT_IN_USE: [&str; 1] = ["AWSOrganizationsNotInUseException"];

/// AWS's own policies, whose documents everybody knows.
const FULL_ACCESS: [&str; 2] = ["p-FullAWSAccess", "p-RCPFullAWSAccess"];

/// With which credentials, and of which account they are.
#[derive(Clone, Copy)]
struct Asker<'s> {
    session: &'s Session,
    account: &'s str,
}

impl<'s> Asker<'s> {
    fn asks(self, operation: Operation, about: Option<&'s str>) -> Question<'s> {
        Question {
            session: self.session.id(),
            account: Some(self.account),
            operation,
            about,
            which: None,
        }
    }
}

/// Reads what stands above each account, for policies of the type beside it.
pub(super) async fn read(
    reader: &Reader<'_>,
    sessions: &Sessions<'_>,
    targets: &[(String, &'static str)],
) {
    let tree = Tree::default();
    let tree = &tree;
    join_all(targets.iter().map(|(account, filter)| async move {
        let own = sessions.of(account).map(|session| Asker { session, account });
        let org = sessions.org.as_ref().map(|(session, account)| Asker { session, account });
        let Some(asker) = org.or(own) else {
            let operation = Operation::DescribeOrganization;
            let outcome = no_credentials(sessions, account);
            return reader.push(unasked(operation, account, outcome));
        };
        // Every account may ask for its own organization; the rest takes the management account.
        let describe = async {
            join_all([own, org].into_iter().flatten().map(|asker| describe(reader, asker))).await;
        };
        let above = async {
            join!(
                roots(reader, asker),
                level(reader, asker, account, filter),
                tree.climb(reader, asker, account, filter),
            );
        };
        join!(describe, above);
    }))
    .await;
}

async fn describe(reader: &Reader<'_>, asker: Asker<'_>) {
    let request = asker.session.organizations.describe_organization().send();
    let print = |got: &DescribeOrganizationOutput| json!({ "Organization": got.organization().map(print::organization) });
    let asks = asker.asks(Operation::DescribeOrganization, None);
    reader.call(asks, &NOT_IN_USE, request, print).await;
}

async fn roots(reader: &Reader<'_>, asker: Asker<'_>) {
    let request = asker.session.organizations.list_roots().into_paginator().send();
    let print = |pages: &Vec<ListRootsOutput>| {
        let roots = pages.iter().flat_map(ListRootsOutput::roots);
        json!({ "Roots": roots.map(print::root).collect::<Value>() })
    };
    let asks = asker.asks(Operation::ListRoots, None);
    reader.call(asks, &NOT_IN_USE, request.try_collect(), print).await;
}

/// What stands right above an account or unit, once that has been asked for.
type Parent = Rc<OnceCell<Option<String>>>;

/// What stands right above each account and unit, asked for once by each session.
#[derive(Default)]
struct Tree {
    parents: RefCell<BTreeMap<(usize, String), Parent>>,
}

impl Tree {
    async fn parent(&self, reader: &Reader<'_>, asker: Asker<'_>, child: &str) -> Option<String> {
        let key = (asker.session.id(), child.to_owned());
        let cell = Rc::clone(self.parents.borrow_mut().entry(key).or_default());
        let parent = cell.get_or_init(|| async {
            let parents = asker.session.organizations.list_parents().child_id(child);
            let request = parents.into_paginator().send();
            let print = |pages: &Vec<ListParentsOutput>| {
                let parents = pages.iter().flat_map(ListParentsOutput::parents).map(|parent| {
                    let kind = parent.r#type().map(|kind| kind.as_str().to_owned());
                    json!({ "Id": parent.id(), "Type": kind })
                });
                json!({ "Parents": parents.collect::<Value>() })
            };
            let asks = asker.asks(Operation::ListParents, Some(child));
            let found = reader.call(asks, &NOT_IN_USE, request.try_collect(), print).await.back();
            found.and_then(|pages| pages.into_iter().next()?.parents?.into_iter().next()?.id)
        });
        parent.await.clone()
    }

    /// The levels above `child`, up to the root.
    async fn climb(
        &self,
        reader: &Reader<'_>,
        asker: Asker<'_>,
        child: &str,
        filter: &'static str,
    ) {
        let mut levels = FuturesUnordered::new();
        let mut at = child.to_owned();
        // A tree is at most seven deep. The way up goes on while what was found is read.
        for _ in 0..16 {
            let parent = {
                let asked = pin!(self.parent(reader, asker, &at));
                let mut asked = asked.fuse();
                loop {
                    select! {
                        parent = asked => break parent,
                        () = levels.select_next_some() => {}
                    }
                }
            };
            let Some(parent) = parent else { break };
            let target = parent.clone();
            levels.push(async move { level(reader, asker, &target, filter).await });
            if !parent.starts_with("ou-") {
                break;
            }
            at = parent;
        }
        while levels.next().await.is_some() {}
    }
}

/// The policies of one type on one root, unit or account.
async fn level(reader: &Reader<'_>, asker: Asker<'_>, target: &str, filter: &'static str) {
    let organizations = &asker.session.organizations;
    let request = organizations
        .list_policies_for_target()
        .target_id(target)
        .filter(PolicyType::from(filter))
        .into_paginator()
        .send();
    let print = |pages: &Vec<ListPoliciesForTargetOutput>| {
        let policies = pages.iter().flat_map(ListPoliciesForTargetOutput::policies);
        json!({ "Policies": policies.map(print::summary).collect::<Value>() })
    };
    let asks = Question {
        session: asker.session.id(),
        account: Some(asker.account),
        operation: Operation::ListPoliciesForTarget,
        about: Some(target),
        which: Some(filter),
    };
    let found = reader.call(asks, &NOT_IN_USE, request.try_collect(), print).await.back();
    let found = found.unwrap_or_default();
    let found = found.iter().flat_map(ListPoliciesForTargetOutput::policies);
    let ids = found.filter_map(types::PolicySummary::id);
    let own = ids.filter(|id| !FULL_ACCESS.contains(id));
    join_all(own.map(|id| async move {
        let request = organizations.describe_policy().policy_id(id).send();
        let print = |got: &DescribePolicyOutput| {
            json!({ "Policy": got.policy().map(print::control_policy) })
        };
        let asks = Question {
            about: Some(id),
            which: None,
            operation: Operation::DescribePolicy,
            ..asks
        };
        reader.call(asks, &[], request, print).await;
    }))
    .await;
}
