//! Which rules apply, and with which severity.

use std::collections::HashMap;

use crate::finding::Severity;
use crate::rules::{self, Group, Rule};

/// A word that names no rule or group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule or group `{word}`{help}")]
pub struct SelectionError {
    word: String,
    help: String,
}

/// The rules that apply, each with its severity.
#[derive(Clone, Debug)]
pub struct Selection {
    on: HashMap<&'static str, Severity>,
}

impl Default for Selection {
    /// Groups 1 and 2.
    fn default() -> Self {
        let mut selection = Self { on: HashMap::new() };
        for (rule, defect) in defects() {
            if defect.group != Group::TooOpen {
                selection.on.insert(rule.meta.id, defect.severity);
            }
        }
        selection
    }
}

fn defects() -> impl Iterator<Item = (&'static Rule, &'static rules::Defect)> {
    rules::all().filter_map(|rule| Some((rule, rule.defect.as_ref()?)))
}

/// The rules that a word names: an id, a group, or `all`.
fn named(word: &str) -> Result<Vec<(&'static Rule, &'static rules::Defect)>, SelectionError> {
    let group = Group::from_id(word);
    let found: Vec<_> = defects()
        .filter(|(rule, defect)| {
            word == "all" || group == Some(defect.group) || rule.meta.id == word
        })
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let near = defects().map(|(rule, _)| rule.meta.id).chain(Group::ALL.map(Group::id));
    let near = near.into_iter().find(|id| crate::text::is_slip(id, word) || id.starts_with(word));
    let help = match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None if rules::find(word).is_some() => " of `check`: that rule is about a single request".to_owned(),
        None => "; `why-denied rules` lists them, and the groups are `never-works`, `handshake` and `too-open`".to_owned(),
    };
    Err(SelectionError { word: word.to_owned(), help })
}

impl Selection {
    /// The severity of a rule; `None` if it does not apply.
    pub fn severity(&self, rule: &str) -> Option<Severity> {
        self.on.get(rule).copied()
    }

    /// Whether some rule of the group applies.
    pub fn has(&self, group: Group) -> bool {
        defects().any(|(rule, defect)| defect.group == group && self.on.contains_key(rule.meta.id))
    }

    /// Lets these rules apply and no others.
    ///
    /// # Errors
    /// If a word names no rule or group.
    pub fn select<'w>(
        &mut self,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<(), SelectionError> {
        let before = std::mem::take(&mut self.on);
        for word in words {
            for (rule, defect) in named(word)? {
                let id = rule.meta.id;
                self.on.insert(id, before.get(id).copied().unwrap_or(defect.severity));
            }
        }
        Ok(())
    }

    /// Lets these rules apply as well.
    ///
    /// # Errors
    /// If a word names no rule or group.
    pub fn extend<'w>(
        &mut self,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<(), SelectionError> {
        for word in words {
            for (rule, defect) in named(word)? {
                self.on.entry(rule.meta.id).or_insert(defect.severity);
            }
        }
        Ok(())
    }

    /// Lets these rules not apply.
    ///
    /// # Errors
    /// If a word names no rule or group.
    pub fn ignore<'w>(
        &mut self,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<(), SelectionError> {
        for word in words {
            for (rule, _) in named(word)? {
                self.on.remove(rule.meta.id);
            }
        }
        Ok(())
    }

    /// Gives the rules that apply and that `word` names another severity.
    ///
    /// # Errors
    /// If the word names no rule or group.
    pub fn set_severity(&mut self, word: &str, severity: Severity) -> Result<(), SelectionError> {
        for (rule, _) in named(word)? {
            if let Some(own) = self.on.get_mut(rule.meta.id) {
                *own = severity;
            }
        }
        Ok(())
    }

    /// Leaves out what is less severe.
    pub fn at_least(&mut self, severity: Severity) {
        self.on.retain(|_, own| *own <= severity);
    }
}
