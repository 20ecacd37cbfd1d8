//! Users, groups and roles by ARN. One that stands in a large file is read when it is asked for, so
//! that a question about one principal costs nothing for the others.

use std::ops::Index;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use foldhash::HashMap;
use foldhash::fast::RandomState;
use indexmap::IndexMap;

use crate::policy::{Arn, is_account_id};
use crate::text::{Span, Spanned};

use super::build::EntityEntry;
use super::{Entity, EntityKind, Handle};

/// Users, groups and roles by ARN, in the order of their ARNs.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    slots: IndexMap<String, Slot, RandomState>,
    names: Names,
}

/// What an ARN says of a user, group or role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityName<'t> {
    /// Which of the three.
    pub kind: EntityKind,
    /// Its account.
    pub account: &'t str,
    /// Its path, with both slashes.
    pub path: &'t str,
    /// Its name.
    pub name: &'t str,
}

impl<'t> EntityName<'t> {
    /// `None` if it is the ARN of something else.
    pub fn of(arn: &'t str) -> Option<Self> {
        let arn = Arn::parse(arn).filter(|arn| arn.service == "iam")?;
        let (kind, (path, name)) = [EntityKind::User, EntityKind::Group, EntityKind::Role]
            .into_iter()
            .find_map(|kind| Some((kind, arn.iam_name(kind.noun())?)))?;
        let sound = !name.is_empty() && is_account_id(arn.account);
        sound.then_some(Self { kind, account: arn.account, path, name })
    }
}

/// An entry of a file that has not been read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The entry.
    pub entry: Handle,
    /// Where its ARN stands.
    pub arn: Span,
    /// The folder of the file.
    pub folder: Arc<Path>,
    /// Whether it shows every policy, group and tag.
    pub complete: bool,
    /// Adds what it says.
    pub read: fn(&Unread, &mut EntityEntry<'_>),
}

#[derive(Clone, Debug)]
enum Slot {
    Read(Box<Entity>),
    Unread(Unread, OnceLock<Box<Entity>>),
}

impl Slot {
    /// The entity, read if it has not been.
    fn entity(&self, arn: &str) -> &Entity {
        match self {
            Self::Read(entity) => entity,
            Self::Unread(unread, entity) => entity.get_or_init(|| Box::new(unread.entity(arn))),
        }
    }

    /// The same to change it; never `None`.
    fn entity_mut(&mut self, arn: &str) -> Option<&mut Entity> {
        if let Self::Unread(unread, entity) = self {
            let entity = entity.take().unwrap_or_else(|| Box::new(unread.entity(arn)));
            *self = Self::Read(entity);
        }
        match self {
            Self::Read(entity) => Some(entity),
            Self::Unread(..) => None,
        }
    }
}

impl Unread {
    fn entity(&self, arn: &str) -> Entity {
        let mut entity = Entity::new(Spanned { value: arn.to_owned(), span: self.arn });
        entity.folders.push(self.folder.to_path_buf());
        // One entry alone contradicts nothing.
        let conflicts = &mut Vec::new();
        (self.read)(self, &mut EntityEntry { entity: &mut entity, conflicts });
        entity
    }
}

impl Entities {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there is one with this ARN.
    pub fn contains_key(&self, arn: &str) -> bool {
        self.slots.contains_key(arn)
    }

    /// The one with this ARN.
    pub fn get(&self, arn: &str) -> Option<&Entity> {
        self.slots.get_full(arn).map(|(_, arn, slot)| slot.entity(arn))
    }

    /// Their ARNs.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.slots.keys()
    }

    /// What their ARNs say, which is known without reading them.
    pub fn described(&self) -> impl Iterator<Item = (&String, EntityName<'_>)> {
        self.slots.keys().filter_map(|arn| Some((arn, EntityName::of(arn)?)))
    }

    /// All of them, read.
    pub fn values(&self) -> impl Iterator<Item = &Entity> {
        self.slots.iter().map(|(arn, slot)| slot.entity(arn))
    }

    /// Those that were read, or have to be to say whether a list of them is missing.
    pub(super) fn maybe_incomplete(&self) -> impl Iterator<Item = &Entity> {
        let complete = |slot: &Slot| matches!(slot, Slot::Unread(Unread { complete: true, .. }, _));
        let maybe = self.slots.iter().filter(move |(_, slot)| !complete(slot));
        maybe.map(|(arn, slot)| slot.entity(arn))
    }

    /// Those that were read so far.
    pub fn read(&self) -> impl Iterator<Item = &Entity> {
        self.slots.values().filter_map(|slot| match slot {
            Slot::Read(entity) => Some(&**entity),
            Slot::Unread(_, entity) => entity.get().map(|entity| &**entity),
        })
    }

    /// Those of that name, in any account.
    pub(super) fn named(&self, kind: EntityKind, name: &str) -> impl Iterator<Item = &Entity> {
        let places = self.names.places(kind, name);
        places.filter_map(|place| self.slots.get_index(place)).map(|(arn, slot)| slot.entity(arn))
    }

    pub(super) fn get_mut(&mut self, arn: &str) -> Option<&mut Entity> {
        self.slots.get_mut(arn)?.entity_mut(arn)
    }

    /// The one with this ARN, new if there is none; `None` if it is the ARN of something else.
    pub(super) fn entry(&mut self, arn: &Spanned<String>) -> Option<&mut Entity> {
        EntityName::of(&arn.value)?;
        let slot = self.slots.entry(arn.value.clone());
        let slot = slot.or_insert_with(|| Slot::Read(Box::new(Entity::new(arn.clone()))));
        slot.entity_mut(&arn.value)
    }

    /// Keeps an entry for later; it is given back if there is one with this ARN already.
    pub(super) fn later(&mut self, arn: String, unread: Unread) -> Result<(), Unread> {
        match self.slots.entry(arn) {
            indexmap::map::Entry::Occupied(_) => Err(unread),
            indexmap::map::Entry::Vacant(place) => {
                place.insert(Slot::Unread(unread, OnceLock::new()));
                Ok(())
            }
        }
    }

    /// Puts them in order, and makes them known by their names.
    pub(super) fn index(&mut self) {
        if !self.slots.keys().is_sorted() {
            self.slots.sort_unstable_keys();
        }
        self.names = Names::of(self.slots.keys());
    }
}

impl Index<&str> for Entities {
    type Output = Entity;

    fn index(&self, arn: &str) -> &Entity {
        let found = self.slots.get_full(arn);
        // As with every map, asking for what is not there is a mistake of the caller.
        #[expect(clippy::expect_used, reason = "that is what an index does")]
        found.map(|(_, arn, slot)| slot.entity(arn)).expect("there is no such ARN")
    }
}

/// The places of the entities of each name.
#[derive(Clone, Debug, Default)]
struct Names {
    /// The first place of each name: of users, groups and roles.
    first: [HashMap<Box<str>, u32>; 3],
    /// For each place the next one of the same name.
    next: Vec<Option<u32>>,
}

impl Names {
    fn of<'a>(arns: impl DoubleEndedIterator<Item = &'a String> + ExactSizeIterator) -> Self {
        let mut names = Self { next: vec![None; arns.len()], ..Self::default() };
        for (place, arn) in arns.enumerate().rev() {
            let (Ok(at), Some(name)) = (u32::try_from(place), EntityName::of(arn)) else {
                continue;
            };
            let Some(of_kind) = names.first.get_mut(name.kind as usize) else { continue };
            let later = of_kind.insert(name.name.into(), at);
            if let Some(next) = names.next.get_mut(place) {
                *next = later;
            }
        }
        names
    }

    fn places(&self, kind: EntityKind, name: &str) -> impl Iterator<Item = usize> {
        let first = self.first.get(kind as usize).and_then(|names| names.get(name)).copied();
        let next = |place: &u32| self.next.get(*place as usize).copied().flatten();
        std::iter::successors(first, next).map(|place| place as usize)
    }
}
