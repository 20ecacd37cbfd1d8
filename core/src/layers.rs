//! What applies to one request: layers of policies, each known, known to be missing, or in part
//! not visible.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use crate::policy::{ActionBits, Policy, PolicyType, Statement};

/// Something that could not be learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The fact: `aws:SourceIp`, `service control policies of account 444455556666`.
    pub fact: String,
    /// Why it is not known.
    pub reason: String,
    /// How to supply it: an option or a command.
    pub supply: String,
}

/// A gap of a layer, put into words when somebody asks for them.
#[derive(Clone)]
pub struct Missing {
    said: OnceLock<Arc<Gap>>,
    later: Option<Later>,
}

/// What is to be put into words: `words` makes them of the other two.
#[derive(Clone)]
struct Later {
    words: fn(&'static str, &str) -> Gap,
    kind: &'static str,
    about: Box<str>,
}

impl Missing {
    /// A gap whose words `words` makes of `kind` and `about`: for many requests of which few are asked why.
    pub fn later(
        words: fn(&'static str, &str) -> Gap,
        kind: &'static str,
        about: impl Into<Box<str>>,
    ) -> Self {
        let later = Later { words, kind, about: about.into() };
        Self { said: OnceLock::new(), later: Some(later) }
    }

    /// The gap, shared.
    pub fn shared(&self) -> &Arc<Gap> {
        self.said.get_or_init(|| {
            let say = |later: &Later| (later.words)(later.kind, &later.about);
            let gap = self.later.as_ref().map(say);
            Arc::new(gap.unwrap_or_default())
        })
    }
}

impl From<Gap> for Missing {
    fn from(gap: Gap) -> Self {
        Self { said: Arc::new(gap).into(), later: None }
    }
}

impl Deref for Missing {
    type Target = Gap;

    fn deref(&self) -> &Gap {
        self.shared()
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().fmt(formatter)
    }
}

impl PartialEq for Missing {
    fn eq(&self, other: &Self) -> bool {
        self.shared() == other.shared()
    }
}

/// A policy where it is attached.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The policy's name, where it has one.
    pub name: Option<String>,
    /// The policy's ARN, where it has one.
    pub arn: Option<String>,
    /// The ARN or id of what it is attached to, where that is known.
    pub attached_to: Option<String>,
    /// The document.
    pub policy: Arc<Policy>,
}

/// The policies of a layer, in order; they are added to and never changed.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    all: Vec<Attached>,
    /// One for each statement, all policies together.
    sieve: OnceLock<Box<[Sieved]>>,
}

/// What a statement's actions begin with, and where it stands.
#[derive(Clone, Copy, Debug)]
struct Sieved {
    actions: ActionBits,
    policy: u32,
    statement: u32,
}

impl Policies {
    /// Adds a policy.
    pub fn push(&mut self, attached: Attached) {
        self.all.push(attached);
        self.sieve.take();
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Attached] {
        &self.all
    }

    /// The statements that may cover the action which `action` stands for, each with the places of its
    /// policy and of itself; all others do not cover it.
    pub fn covering(&self, action: ActionBits) -> impl Iterator<Item = (usize, usize, &Statement)> {
        // Most layers of which nothing is visible are made anew for each request.
        let sieve: &[Sieved] =
            if self.all.is_empty() { &[] } else { self.sieve.get_or_init(|| self.sieved()) };
        sieve.iter().filter(move |one| one.actions.may_cover(action)).filter_map(|one| {
            let (policy, at) = (one.policy as usize, one.statement as usize);
            Some((policy, at, self.all.get(policy)?.policy.statements.get(at)?))
        })
    }

    #[cold]
    fn sieved(&self) -> Box<[Sieved]> {
        let each = (0..).zip(&self.all).flat_map(|(policy, attached)| {
            (0..).zip(&attached.policy.statements).map(move |(statement, one)| Sieved {
                actions: ActionBits::of_statement(one),
                policy,
                statement,
            })
        });
        each.collect()
    }
}

impl From<Vec<Attached>> for Policies {
    fn from(all: Vec<Attached>) -> Self {
        Self { all, sieve: OnceLock::new() }
    }
}

impl Deref for Policies {
    type Target = [Attached];

    fn deref(&self) -> &[Attached] {
        &self.all
    }
}

impl<'p> IntoIterator for &'p Policies {
    type Item = &'p Attached;
    type IntoIter = std::slice::Iter<'p, Attached>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

/// Policies that are evaluated as one: all identity-based policies of the caller, one boundary, the
/// service control policies of one level.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What they are.
    pub policy_type: PolicyType,
    /// Depth in the organization's tree, 0 for the root; 0 for every other type.
    pub level: u32,
    /// The policies that are visible.
    pub policies: Policies,
    /// What of this layer is not visible. Empty: the policies above are all there is.
    pub missing: SmallVec<[Missing; 1]>,
}

/// Every layer that applies to one request. A policy type without a layer has no policy.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// By type and level: one for each type, and one for each level of the organization's two types.
    /// Requests of one caller share them.
    pub layers: SmallVec<[Arc<Layer>; 8]>,
}

impl Layer {
    /// A layer that is wholly visible.
    pub fn known(policy_type: PolicyType, level: u32, policies: Vec<Attached>) -> Self {
        Self { policy_type, level, policies: policies.into(), missing: SmallVec::new() }
    }

    /// Says of something that it is not visible.
    pub fn miss(&mut self, gap: Gap) {
        self.missing.push(gap.into());
    }

    /// Whether this is not visible.
    pub fn misses(&self, gap: &Gap) -> bool {
        self.missing.iter().any(|other| **other == *gap)
    }

    /// A layer of which nothing is visible.
    pub fn unknown(policy_type: PolicyType, gap: impl Into<Missing>) -> Self {
        let missing = SmallVec::from([gap.into()]);
        Self { policy_type, level: 0, policies: Policies::default(), missing }
    }
}

impl Layers {
    /// The layers of one type, from the organization's root downwards.
    pub fn of(&self, policy_type: PolicyType) -> impl Iterator<Item = &Layer> {
        let layers = self.layers.iter().map(AsRef::as_ref);
        layers.filter(move |layer: &&Layer| layer.policy_type == policy_type)
    }

    /// Adds a layer, keeping the levels in order.
    pub fn push(&mut self, layer: impl Into<Arc<Layer>>) {
        let layer = layer.into();
        let order = |layer: &Layer| (layer.policy_type as u64) << 32 | u64::from(layer.level);
        // Mostly they come in order.
        match self.layers.last() {
            Some(last) if order(last) > order(&layer) => {
                let place = self.layers.partition_point(|other| order(other) <= order(&layer));
                self.layers.insert(place, layer);
            }
            _ => self.layers.push(layer),
        }
    }
}

impl Attached {
    /// What a person would call the policy: its name, else its type.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("the {}", self.policy.policy_type.name()))
    }
}
