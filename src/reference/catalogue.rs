//! Services as tables that are made once: for whoever asks many questions, as the check of a whole
//! repository does.
//!
//! A block is inflated when one of its services is asked for, and then kept.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::archive::Entry;
use super::lines::members;
use super::service::{SERVICES, ServiceKey, taken};

/// One service.
#[derive(Debug)]
pub struct Catalogue {
    /// Its prefix: `s3`.
    pub prefix: &'static str,
    /// Its name: `Amazon S3`.
    pub name: &'static str,
    /// Its actions, sorted by name in lower case.
    pub actions: Vec<CataloguedAction>,
    /// Its resource types.
    pub types: Vec<CataloguedType>,
    /// Its condition keys.
    pub keys: Vec<ServiceKey<'static>>,
}

/// One action.
#[derive(Debug)]
pub struct CataloguedAction {
    /// Its name, as AWS writes it: `GetObject`.
    pub name: &'static str,
    /// The same in lower case.
    pub lower: &'static str,
    /// The numbers of the resource types that it takes; none: only `*`.
    pub types: Vec<u16>,
    /// Whether it always takes a resource of one of its types.
    pub required: bool,
    /// The numbers of the condition keys that it has, on any resource or on some.
    keys: Vec<u16>,
}

/// One resource type.
#[derive(Debug)]
pub struct CataloguedType {
    /// Its name: `object`.
    pub name: &'static str,
    /// The form of its ARN: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub arn: &'static str,
    /// The numbers of the condition keys that it has.
    keys: Vec<u16>,
}

struct Block {
    entry: Entry,
    text: OnceLock<Option<(&'static str, &'static str)>>,
}

struct Tables {
    services: HashMap<&'static str, (Entry, usize, OnceLock<Option<Catalogue>>)>,
    blocks: Vec<Block>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut blocks: Vec<Block> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut services = HashMap::new();
        for entry in SERVICES.entries() {
            let block = *places.entry(entry.block_start()).or_insert_with(|| {
                blocks.push(Block { entry, text: OnceLock::new() });
                blocks.len() - 1
            });
            services.insert(entry.key, (entry, block, OnceLock::new()));
        }
        Tables { services, blocks }
    })
}

/// The service with this prefix, in lower case.
pub fn catalogue(prefix: &str) -> Option<&'static Catalogue> {
    let tables = tables();
    let (entry, block, made) = tables.services.get(prefix)?;
    let made = made.get_or_init(|| {
        let block = tables.blocks.get(*block)?;
        let texts = block.text.get_or_init(|| {
            // INVARIANT: kept until the program ends, and made once.
            let text: &'static str = SERVICES.block(block.entry)?.leak();
            let lower: &'static str = text.to_ascii_lowercase().leak();
            Some((text, lower))
        });
        let (text, lower) = texts.as_ref()?;
        Some(Catalogue::read(entry, entry.slice(text)?, entry.slice(lower)?))
    });
    made.as_ref()
}

fn numbers(list: &str) -> impl Iterator<Item = u16> {
    list.split(',').filter_map(|number| number.parse().ok())
}

impl Catalogue {
    fn read(entry: &Entry, text: &'static str, lower: &'static str) -> Self {
        let mut made = Self {
            prefix: entry.key,
            name: entry.words,
            actions: Vec::new(),
            types: Vec::new(),
            keys: Vec::new(),
        };
        let mut actions = Vec::new();
        for (line, lower) in text.lines().zip(lower.lines()) {
            let mut parts = members(line);
            let mut next = || parts.next().unwrap_or_default();
            match next() {
                "K" => made.keys.push(ServiceKey { name: next(), kind: next() }),
                "R" => made.types.push(CataloguedType {
                    name: next(),
                    arn: next(),
                    keys: numbers(next()).collect(),
                }),
                "A" => actions.push((line, lower)),
                _ => {}
            }
        }
        made.actions.reserve(actions.len());
        for (line, lower) in actions {
            made.actions.extend(made.action_of(line, lower));
        }
        made.actions.sort_unstable_by_key(|action| action.lower);
        made
    }

    fn action_of(&self, line: &'static str, lower: &'static str) -> Option<CataloguedAction> {
        let mut parts = members(line).skip(1);
        let (name, _, keys) = (parts.next()?, parts.next()?, parts.next()?);
        let mut action = CataloguedAction {
            name,
            lower: members(lower).nth(1)?,
            types: Vec::new(),
            required: false,
            keys: numbers(keys).collect(),
        };
        for (name, required, keys) in taken(parts.next()?) {
            action.required |= required;
            let place = self.types.iter().position(|known| known.name == name);
            action.types.extend(place.and_then(|place| u16::try_from(place).ok()));
            action.keys.extend(numbers(keys));
        }
        Some(action)
    }

    /// The action of this name, given in lower case.
    pub fn action(&self, lower: &str) -> Option<&CataloguedAction> {
        let found = self.actions.binary_search_by_key(&lower, |action| action.lower).ok()?;
        self.actions.get(found)
    }

    /// The actions whose names begin so, given in lower case.
    pub fn beginning_with(&self, prefix: &str) -> &[CataloguedAction] {
        let start = self.actions.partition_point(|action| action.lower < prefix);
        let rest = self.actions.get(start..).unwrap_or_default();
        let count = rest.partition_point(|action| action.lower.starts_with(prefix));
        rest.get(..count).unwrap_or_default()
    }

    /// The resource types that the action takes.
    pub fn types_of<'c>(
        &'c self,
        action: &'c CataloguedAction,
    ) -> impl Iterator<Item = &'c CataloguedType> {
        action.types.iter().filter_map(|place| self.types.get(usize::from(*place)))
    }

    /// The condition key `key`, in any case.
    pub fn key(&self, key: &str) -> Option<&ServiceKey<'static>> {
        self.keys.iter().find(|own| own.is(key))
    }

    /// Whether a request for the action may carry `key`, one of its own or of a resource type that it
    /// takes. Global keys are not looked at.
    pub fn may_carry(&self, action: &CataloguedAction, key: &str) -> bool {
        let is = |place: &u16| self.keys.get(usize::from(*place)).is_some_and(|own| own.is(key));
        action.keys.iter().any(is) || self.types_of(action).any(|taken| taken.keys.iter().any(is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{service, services};

    #[test]
    fn the_tables_say_what_the_texts_say() {
        for (prefix, name) in services() {
            let (table, text) = (catalogue(prefix).unwrap(), service(prefix).unwrap());
            assert_eq!(table.name, name);
            assert_eq!(table.actions.len(), text.actions().count(), "{prefix}");
            assert_eq!(table.types.len(), text.resource_types().count(), "{prefix}");
            assert_eq!(table.keys.len(), text.condition_keys().count(), "{prefix}");
            for action in text.actions() {
                let found = table.action(&action.name.to_ascii_lowercase()).unwrap();
                assert_eq!(found.name, action.name);
                assert_eq!(found.types.len(), action.resources.len(), "{prefix}:{}", action.name);
                assert!(
                    action.resources.iter().all(|taken| {
                        table.types_of(found).any(|known| known.name == taken.name)
                    })
                );
                let key = action.condition_keys().next();
                assert!(key.is_none_or(|key| {
                    key.name.contains(['$', '<']) || table.may_carry(found, key.name)
                }));
            }
        }
        assert!(catalogue("nonsense").is_none());
        let s3 = catalogue("s3").unwrap();
        assert!(
            s3.beginning_with("getobject").iter().all(|one| one.lower.starts_with("getobject"))
        );
        assert!(s3.beginning_with("getobject").len() > 3);
    }
}
