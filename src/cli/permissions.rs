//! `why-denied permissions`: the least policy that lets somebody read what a diagnosis needs.

use std::fmt::Write as _;

use serde_json::json;

use crate::collect::operations::{OPERATIONS, Side, least_privilege};
use crate::policy::is_account_id;

use super::args::{Format, PermissionsArgs};
use super::{Failure, Output, Status};

pub(super) fn run(args: &PermissionsArgs, output: Output) -> Result<Status, Failure> {
    if let Some(account) = args.account.as_deref().filter(|account| !is_account_id(account)) {
        return Err(Failure::Usage(format!("`--account {account}`: give twelve digits")));
    }
    let account = args.account.as_deref();
    let text = match (args.side, args.format) {
        (Some(side), Format::Human) => format!("{}\n", least_privilege(side.into(), account)),
        (None, Format::Human) => human(account),
        (side, _) => json_text(side.map(Side::from), account),
    };
    output.result(&[], |out| out.write_all(text.as_bytes()))?;
    Ok(Status::Good)
}

/// Every side, each with what it is for.
fn human(account: Option<&str>) -> String {
    let mut text = String::new();
    for side in Side::ALL {
        let (title, about) = match side {
            Side::Caller => ("caller", "the account of whoever was denied"),
            Side::Role => ("role", "the account of the role"),
            Side::Resource => ("resource", "the account of another resource that was asked for"),
            Side::Organization => {
                ("organization", "the management account, or one that it delegates to")
            }
            Side::Evidence => ("evidence", "what AWS recorded: --recent, --authorization-id"),
            Side::Probe => ("probe", "no reading: only --probe tries the denied call itself"),
        };
        let _ = writeln!(text, "{title}: {about}\n");
        for row in OPERATIONS.iter().filter(|row| row.sides.contains(&side)) {
            let permission = row.permission.unwrap_or("none");
            let _ = writeln!(text, "  {:<44}{}", row.name, row.why);
            if permission != row.name {
                let _ = writeln!(text, "  {:<44}(permission: {permission})", "");
            }
        }
        let _ = writeln!(text, "\n{}\n", least_privilege(side, account));
    }
    text
}

fn json_text(only: Option<Side>, account: Option<&str>) -> String {
    let sides = Side::ALL.into_iter().filter(|side| only.is_none_or(|only| only == *side));
    let sides: Vec<_> = sides
        .map(|side| {
            let rows = OPERATIONS.iter().filter(|row| row.sides.contains(&side));
            let operations: Vec<_> = rows
                .map(|row| {
                    json!({ "operation": row.name, "permission": row.permission, "why": row.why })
                })
                .collect();
            let policy: serde_json::Value =
                serde_json::from_str(&least_privilege(side, account)).unwrap_or_default();
            json!({ "side": side.name(), "operations": operations, "policy": policy })
        })
        .collect();
    let said = json!({ "version": 1, "sides": sides });
    format!("{}\n", serde_json::to_string_pretty(&said).unwrap_or_default())
}
