//! Takes a mention up into what is known of an error.

use std::ops::Range;

use super::draft::{Draft, is_lesser_code, is_outer, is_status, is_vague};
use super::fields::Fields;
use super::mentions::{Mention, What};
use super::{LEAD, REACH};
use crate::message::codes::{self, Code};
use crate::message::forms::{Form, Role};
use crate::message::sentence::Piece;
use crate::message::{services, windows};

impl Draft {
    pub(super) fn add(&mut self, mention: Mention, text: &str) {
        let is_lesser = matches!(&mention.what, What::Form(form, _) if is_lesser_code(form));
        if is_lesser && self.is_told() && self.code.is_some() {
            return;
        }
        if let What::Reason(reason) = mention.what {
            if self.is_reasoned_by(&reason, text) {
                self.range.end = self.range.end.max(mention.range.end);
                self.reason = Some(reason);
            }
            return;
        }
        let tells = matches!(&mention.what, What::Sentence(_) | What::Code(..))
            || matches!(&mention.what, What::Form(form, _) if form.role == Role::Text);
        if tells && !self.is_told() {
            self.forget_before(windows::boundary(text, mention.range.start.saturating_sub(LEAD)));
        }
        if self.range.end == 0 {
            self.range = mention.range.clone();
        }
        // A sign of a service on a later line makes what stands beside it no part of this error.
        let is_sign = matches!(&mention.what, What::Form(form, _) if matches!(form.role, Role::Hint | Role::Trace));
        let gap = text.get(self.range.end..mention.range.start).unwrap_or("");
        if !(is_sign && self.is_told() && gap.contains('\n')) {
            self.range.start = self.range.start.min(mention.range.start);
            self.range.end = self.range.end.max(mention.range.end);
        }
        match mention.what {
            What::Sentence(sentence) => self.sentence = Some(sentence),
            What::Reason(_) => {}
            What::Code(piece, known) => self.set_code(piece, 1, Some(known)),
            What::Form(form, fields) => self.add_form(form, *fields, mention.range, text),
        }
    }

    fn add_form(&mut self, form: &'static Form, fields: Fields, range: Range<usize>, text: &str) {
        match form.role {
            Role::Text => {
                if self.text.as_ref().is_none_or(|(other, ..)| is_vague(other) && !is_vague(form)) {
                    if let Some(code) = &fields.code {
                        self.set_code(code.clone(), 2, codes::known(&code.value));
                    }
                    if let Some(id) = &fields.id {
                        self.id = Some(id.clone());
                    }
                    self.text = Some((form, fields, range));
                }
                return;
            }
            Role::Wrapper => {
                self.wrapper.get_or_insert((form, fields, range));
                return;
            }
            Role::Hint | Role::Trace => {
                let mut range = range;
                let value = form.service.map(str::to_owned).or_else(|| {
                    let name = fields.service.as_ref()?;
                    if form.id == "tool-object" {
                        let (service, len) = services::of_things(&name.value)?;
                        range.end = range.end.min(name.range.start + len);
                        return Some(service.to_owned());
                    }
                    services::prefix(&name.value)
                });
                if let Some(value) = value {
                    let mine = match form.role {
                        Role::Trace => &mut self.trace,
                        _ => &mut self.hint,
                    };
                    mine.get_or_insert(Piece { value, range });
                }
                return;
            }
            Role::Head => {
                // A call that was made on the way to another: the last is the one that failed.
                self.head = Some(form.id);
                self.operation = None;
                self.service = None;
                let is_outer = self.code.as_ref().is_some_and(|(_, _, known)| is_outer(*known));
                if fields.code.is_some() && !self.is_told() && !is_outer {
                    self.code = None;
                }
            }
            // What a handler makes of an error says less than the error does, and so does a code that
            // nobody knows.
            Role::Part if is_lesser_code(form) => {
                if let Some(code) = fields.code {
                    let known = codes::known(&code.value);
                    self.set_code(code, 0, known);
                }
                return;
            }
            Role::Part => {}
        }
        self.has_go_code |= form.id == "go-v2-code";
        let told = self.is_told();
        if let Some(code) = fields.code {
            let known = codes::known(&code.value);
            self.set_code(code, 2, known);
        }
        if let Some(service) = fields.service
            && let Some(value) = services::prefix(&service.value)
        {
            self.service.get_or_insert(Piece { value, range: service.range });
        }
        if let Some(operation) = fields.operation {
            self.operation.get_or_insert(operation);
        }
        if let Some(id) = fields.id {
            let newer = self.id.as_ref().is_some_and(|mine| {
                let end = windows::boundary(text, id.range.start.min(mine.range.end + REACH));
                let between = text.get(mine.range.end..end).unwrap_or("");
                // What was cut short is told in full later.
                let is_whole =
                    id.value.len() > mine.value.len() && id.value.starts_with(&mine.value);
                !told || is_whole || between.contains('\n')
            });
            if newer || self.id.is_none() {
                self.id = Some(id);
            }
        }
        let mine = &mut self.fields;
        mine.resource = mine.resource.take().or(fields.resource);
        mine.action = mine.action.take().or(fields.action);
        mine.principal = mine.principal.take().or(fields.principal);
        mine.authorization = mine.authorization.take().or(fields.authorization);
        mine.encoded = mine.encoded.take().or(fields.encoded);
    }

    fn set_code(&mut self, code: Piece, sure: u8, known: Option<&'static Code>) {
        let replace = match &self.code {
            None => true,
            Some((_, _, other)) if is_outer(*other) != is_outer(known) => is_outer(*other),
            Some((mine, other, _)) => {
                sure > *other || sure == *other && is_status(&mine.value) && !is_status(&code.value)
            }
        };
        if replace {
            self.code = Some((code, sure, known));
        }
    }

    /// Leaves out what was mentioned long before.
    fn forget_before(&mut self, at: usize) {
        let old = |piece: &Option<Piece>| piece.as_ref().is_some_and(|one| one.range.start < at);
        let pieces =
            [&mut self.operation, &mut self.service, &mut self.hint, &mut self.trace, &mut self.id];
        for piece in pieces {
            if old(piece) {
                *piece = None;
            }
        }
        let fields = &mut self.fields;
        for piece in [&mut fields.resource, &mut fields.action, &mut fields.principal] {
            if old(piece) {
                *piece = None;
            }
        }
        if self.range.start < at {
            self.range.start = at.min(self.range.end);
        }
    }
}
