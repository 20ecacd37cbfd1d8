//! `Principal` and `NotPrincipal`.

use std::sync::Arc;

use crate::doc::{Entry, Hole, Kind, Missing};
use crate::text::Spanned;

use super::super::principal::bare_kind;
use super::super::slips::{ELEMENTS, kind_help};
use super::super::{
    Arn, NamedPrincipal, Names, PolicyType, PrincipalKind, Principals, is_account_id,
    looks_like_account_id,
};
use super::elements::{Elements, Held};
use super::{Reader, misspelt, open_key};

impl Reader {
    pub(super) fn principal(&mut self, statement: &Elements<'_>) -> Option<Principals> {
        let node = statement.node;
        let found = self.one_of(statement, "Principal", "NotPrincipal");
        let wanted = self.policy_type.row().has_principal;
        let Some((negated, entry)) = found else {
            if let Some(entry) = misspelt(node, "Principal", ELEMENTS).filter(|_| wanted) {
                self.broken.get_or_insert(entry.key_span);
            } else if wanted {
                // AWS refuses it, but what it means is plain: it names nobody.
                self.note(
                    node.span(),
                    format!("a statement of a {} needs a `Principal`", self.policy_type.name()),
                    "say whom it is about, for example `\"Principal\": { \"AWS\": \"arn:aws:iam::…\" }`",
                    true,
                );
            }
            return None;
        };
        if !wanted {
            self.note(
                entry.key_span,
                format!("`{}` is not allowed in a {}", entry.key, self.policy_type.name()),
                "remove it: the policy is about whoever it is attached to",
                true,
            );
        }
        if negated && self.policy_type == PolicyType::Trust {
            self.refuse(
                entry.key_span,
                "`NotPrincipal` is not allowed in a trust policy",
                "name the principals that you trust under `Principal`",
            );
        }
        let mut values = Vec::new();
        self.principals(entry, None, &mut values);
        Some(Principals { negated, key: entry.key_span, values })
    }

    /// The values of `Principal`, or of what it can be.
    fn principals(
        &mut self,
        entry: &Entry<'_>,
        doubt: Option<&Arc<Hole>>,
        values: &mut Vec<Spanned<NamedPrincipal>>,
    ) {
        if let Some(hole) = entry.value.unknown() {
            let doubt = Some(doubt.unwrap_or(hole));
            let mut any = false;
            for one in entry.value.items() {
                any = true;
                self.principals(&Entry { value: one, ..entry.clone() }, doubt, values);
            }
            if !any {
                let text = hole.name.clone();
                let holes = [Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
                let value = NamedPrincipal::with_holes(PrincipalKind::Aws, &text, &holes);
                values.push(Spanned { value, span: entry.value.span() });
            }
            return;
        }
        let first = values.len();
        if entry.value.kind() != Kind::Mapping {
            let strings = self.strings(entry);
            values.reserve_exact(strings.len());
            for text in strings {
                self.named(PrincipalKind::Bare, &text, values);
            }
        }
        for inner in entry.value.entries() {
            let kind = match inner.key.as_ref() {
                "AWS" => PrincipalKind::Aws,
                "Service" => PrincipalKind::Service,
                "Federated" => PrincipalKind::Federated,
                "CanonicalUser" => PrincipalKind::CanonicalUser,
                _ if open_key(&inner).is_some() => {
                    self.doubts.extend(open_key(&inner));
                    PrincipalKind::Aws
                }
                _ => {
                    self.refuse(
                        inner.key_span,
                        format!("`{}` is no kind of principal", inner.key),
                        kind_help(&inner.key),
                    );
                    continue;
                }
            };
            let strings = self.strings(&inner);
            values.reserve_exact(strings.len());
            for text in strings {
                self.named(kind, &text, values);
            }
        }
        for value in values.get_mut(first..).unwrap_or_default() {
            if let (None, Some(doubt)) = (&value.value.doubt, doubt) {
                value.value.doubt = Some(Arc::clone(doubt));
            }
        }
    }

    fn named(
        &mut self,
        kind: PrincipalKind,
        held: &Held,
        values: &mut Vec<Spanned<NamedPrincipal>>,
    ) {
        let text = &held.value;
        let mut named = NamedPrincipal::with_holes(kind, &text.value, &held.holes);
        named.doubt.clone_from(&held.doubt);
        if kind == PrincipalKind::Bare && held.is_known() && text.value != "*" {
            let kind = match bare_kind(&text.value) {
                PrincipalKind::Service => "Service",
                _ => "AWS",
            };
            self.note(
                text.span,
                "only `*` may stand under `Principal` without a kind of principal",
                format!("write `{{ \"{kind}\": \"{}\" }}`", text.value),
                true,
            );
        }
        if let Names::Invalid(why) = named.names {
            self.note(
                text.span,
                format!("`{}` is not a principal that AWS takes: {why}", text.value),
                "name a user, role, session or account; match several with a condition on `aws:PrincipalArn`",
                true,
            );
            if self.policy_type == PolicyType::Trust {
                self.broken.get_or_insert(text.span);
            }
        }
        let account = Arn::parse(&text.value).map(|arn| arn.account.to_owned());
        if held.is_known()
            && account
                .is_some_and(|account| looks_like_account_id(&account) && !is_account_id(&account))
        {
            self.note(
                text.span,
                format!("the account id in `{}` is not twelve digits", text.value),
                "write all twelve digits, leading zeros too",
                true,
            );
        }
        values.push(Spanned { value: named, span: text.span });
    }
}
