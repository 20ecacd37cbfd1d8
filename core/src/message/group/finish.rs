//! Makes an error of what was put together.

use super::draft::{Draft, is_between, is_vague};
use crate::message::sentence::Piece;
use crate::message::{Denial, ErrorClass, forms, services, windows};
use crate::text::{Span, Spanned};

impl Draft {
    pub(super) fn finish(self, text: &str, place: &dyn Fn(usize, usize) -> Span) -> Option<Denial> {
        let code_known = self.code.as_ref().and_then(|(_, _, known)| *known);
        let code_class = code_known.filter(|code| !code.beside).map(|code| code.class);
        let told = self.is_told();
        let text_form = self.text.as_ref().map(|(form, ..)| *form);
        let exact = text_form.filter(|form| !is_vague(form));
        let reason = exact.filter(|form| form.class == Some(ErrorClass::AccessDenied));
        let (form, class) = if self.sentence.is_some() {
            (reason.map_or("sentence", |form| form.id), ErrorClass::AccessDenied)
        } else if let Some(form) = exact {
            (form.id, form.class?)
        } else if let (true, Some(class)) = (told, code_class) {
            (text_form.map_or("code", |form| form.id), class)
        } else if let Some(form) = text_form {
            (form.id, form.class?)
        } else if let Some((form, ..)) = &self.wrapper {
            (form.id, form.class?)
        } else {
            ("code", code_class?)
        };
        let spanned = |piece: Piece| Spanned {
            span: place(piece.range.start, piece.range.end),
            value: piece.value,
        };
        let own_service = match &self.text {
            Some((form, _, range)) => form.service.zip(Some(range.clone())),
            None if !told => self
                .wrapper
                .as_ref()
                .and_then(|(form, _, range)| form.service.zip(Some(range.clone()))),
            None => None,
        };
        let own_service =
            own_service.map(|(value, range)| Piece { value: value.to_owned(), range });
        let code_service = self.code.as_ref().and_then(|(piece, _, known)| {
            let value = (*known)?.service?.to_owned();
            Some(Piece { value, range: piece.range.clone() })
        });
        let words = match (&self.text, &self.wrapper) {
            (Some((_, _, range)), _) => Some(range.clone()),
            (None, Some((_, _, range))) if !told => Some(range.clone()),
            _ => None,
        };
        let around = self.wrapper.as_ref().and_then(|(_, fields, _)| fields.operation.clone());
        let (text_fields, text_end) =
            self.text.map(|(_, fields, range)| (fields, range.end)).unwrap_or_default();
        let (mut principal, mut action, mut resource) = (None, None, None);
        let (mut kind, mut policy_type, mut policy_arn) = (None, None, None);
        let mut called = None;
        if let Some(sentence) = self.sentence {
            principal = sentence.principal;
            action = sentence.action;
            called = sentence.operation;
            // Words with a name of their own may tell the rest of the sentence.
            let rest = text_fields.resource.filter(|_| sentence.range.start < text_end);
            resource = sentence.resource.or(rest);
            kind = sentence.kind;
            policy_type = sentence.policy_type;
            policy_arn = sentence.policy_arn;
        } else if told {
            resource = text_fields.resource.or(self.fields.resource);
            action = text_fields.action.or(self.fields.action);
            principal = text_fields.principal;
        } else if let Some((_, fields, _)) = self.wrapper {
            resource = fields.resource;
        }
        if let Some(reason) = self.reason.filter(|_| kind.is_none()) {
            kind = Some(reason.kind);
            policy_type = reason.policy_type;
            policy_arn = reason.policy_arn;
            action = action.or(reason.action);
        }
        // What a record says of its caller is whole; the words in it may be cut or blanked out.
        principal = self.fields.principal.or(principal);
        let mut operation = self.operation.or(text_fields.operation).or(called).or(around);
        // AWS asks for this action in this call alone, and the code shows that it was made.
        if let (None, Some(action), Some((code, ..))) = (&operation, &action, &self.code)
            && action.value == "sts:AssumeRole"
            && leads_to_sentence(text, code.range.end)
        {
            operation = Some(Piece { value: "AssumeRole".to_owned(), range: action.range.clone() });
        }
        let of_action = action.as_ref().and_then(|action| {
            let (prefix, _) = action.value.split_once(':')?;
            let end = action.range.start + prefix.len();
            Some(Piece { value: prefix.to_ascii_lowercase(), range: action.range.start..end })
        });
        let of_operation = || {
            let operation = operation.as_ref()?;
            let service = services::of_operation(&operation.value)?;
            Some(Piece { value: service.to_owned(), range: operation.range.clone() })
        };
        // No other service has this code.
        let of_ec2 = self.code.as_ref().zip(operation.as_ref()).and_then(|((code, ..), _)| {
            let bare = code.value.strip_prefix("Client.").unwrap_or(&code.value);
            let value = "ec2".to_owned();
            (bare == "UnauthorizedOperation").then(|| Piece { value, range: code.range.clone() })
        });
        let service = of_action
            .or(own_service)
            .or(self.service)
            .or_else(of_operation)
            .or(of_ec2)
            .or(code_service)
            .or(self.hint)
            .or(self.trace);
        // A name that is shared says little, and no more than anything else does.
        let likely = operation.as_ref().filter(|_| service.is_none()).and_then(|operation| {
            let value = services::likely_of_operation(&operation.value)?.to_owned();
            Some(Piece { value, range: operation.range.clone() })
        });
        let service_is_likely = likely.is_some();
        let service = service.or(likely);
        let encoded = self.fields.encoded.as_ref().and_then(|range| text.get(range.clone()));
        let encoded_length = encoded
            .map_or(0, |encoded| encoded.split('\n').map(|line| line.trim().chars().count()).sum());
        Some(Denial {
            form,
            see: forms::page(form),
            class,
            principal: principal.map(spanned),
            action: action.map(spanned),
            resource: resource.map(spanned),
            kind: kind.map(|(value, range)| Spanned { value, span: place(range.start, range.end) }),
            policy_type: policy_type
                .map(|(value, range)| Spanned { value, span: place(range.start, range.end) }),
            policy_arn: policy_arn.map(spanned),
            code: self.code.map(|(piece, ..)| spanned(piece)),
            service: service.map(spanned),
            service_is_likely,
            operation: operation.map(spanned),
            request_id: self.id.map(spanned),
            authorization_id: self.fields.authorization.map(spanned),
            words: words.map(|range| place(range.start, range.end)),
            encoded_length,
            encoded: self.fields.encoded.map(|range| place(range.start, range.end)),
            span: place(self.range.start, self.range.end),
            count: 1,
        })
    }
}

/// Whether nothing but marks and tags stands between a code and the sentence.
fn leads_to_sentence(text: &str, from: usize) -> bool {
    let rest = text.get(from..windows::boundary(text, from + 80 + "User:".len())).unwrap_or("");
    let before = rest.find("User:").filter(|at| *at < 80).and_then(|at| rest.get(..at));
    before.is_some_and(is_between)
}
