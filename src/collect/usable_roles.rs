//! Roles of the facts that the caller might have meant to use.

use crate::eval::{Match, evaluate};
use crate::request::{Caller, Request};
use crate::rules::UsableRole;
use crate::snapshot::{EntityKind, Snapshot};
use crate::text::Spanned;

use super::assemble::Assembler;

/// How many roles are tried: beyond that nobody could say which was meant.
const MOST: usize = 500;

/// The roles of the caller's and the resource's account whose policies allow what the caller was
/// denied, and that the caller may be able to assume.
pub fn usable_roles(
    snapshot: &Snapshot,
    assembler: &mut Assembler<'_>,
    request: &Request,
) -> Vec<UsableRole> {
    let own = request.caller.role_arn();
    let accounts = [request.caller.account.as_deref(), request.resource_account()];
    let roles = snapshot.entities.described().filter(|(arn, entity)| {
        entity.kind == EntityKind::Role
            && Some(*arn) != own.as_ref()
            && (request.resource_account().is_none() || accounts.contains(&Some(entity.account)))
    });
    let mut found = Vec::new();
    for (arn, _) in roles.take(MOST) {
        let span = request.caller.text.span;
        let text = Spanned { value: arn.clone(), span };
        let Ok(caller) = Caller::parse(text.clone()) else { continue };
        let mut by_role = request.clone();
        by_role.caller = caller;
        let layers = assembler.layers(&mut by_role);
        let evaluation = evaluate(&by_role, &layers);
        if evaluation.decision.is_denied() || evaluation.parts.identity != Match::Yes {
            continue;
        }
        let action = Spanned { value: "sts:AssumeRole".to_owned(), span };
        let mut assume = Request::new(request.caller.clone(), action, text);
        assume.time = request.time;
        assume.context = request.context.clone();
        let layers = assembler.layers(&mut assume);
        let evaluation = evaluate(&assume, &layers);
        let assumable = !evaluation.decision.is_denied();
        found.push(UsableRole { arn: arn.clone(), assumable });
    }
    // What only the layers in view leave open is no reason to name a role that is out of reach.
    found.sort_by_key(|role| !role.assumable);
    assembler.take_notes();
    found
}
