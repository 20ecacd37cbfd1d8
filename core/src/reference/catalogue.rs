//! Services as tables that are made once: for whoever asks many questions, as the check of a whole
//! repository does.
//!
//! A block is inflated when one of its services is asked for, and then kept.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::archive::Entry;
use super::form::ArnForm;
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
    /// The numbers of the condition keys that it has on any resource.
    keys: &'static str,
    /// The resource types that it takes, with the numbers of the keys that it has on them.
    taken: &'static str,
    /// The numbers of the resource types.
    types: OnceLock<Vec<u16>>,
}

/// One resource type.
#[derive(Debug)]
pub struct CataloguedType {
    /// Its name: `object`.
    pub name: &'static str,
    /// The form of its ARN: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub arn: &'static str,
    /// The numbers of the condition keys that it has.
    keys: &'static str,
    form: OnceLock<ArnForm>,
}

impl CataloguedType {
    /// The form of its ARN, ready to be compared.
    pub fn form(&self) -> &ArnForm {
        self.form.get_or_init(|| ArnForm::new(self.arn))
    }
}

struct Block {
    entry: Entry,
    text: OnceLock<Option<&'static str>>,
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
        // INVARIANT: kept until the program ends, and made once.
        let text = block.text.get_or_init(|| Some(SERVICES.block(block.entry)?.leak()));
        Some(Catalogue::read(entry, entry.slice(text.as_ref()?)?))
    });
    made.as_ref()
}

fn numbers(list: &str) -> impl Iterator<Item = u16> {
    list.split(',').filter_map(|number| number.parse().ok())
}

impl Catalogue {
    fn read(entry: &Entry, text: &'static str) -> Self {
        let mut made = Self {
            prefix: entry.key,
            name: entry.words,
            actions: Vec::new(),
            types: Vec::new(),
            keys: Vec::new(),
        };
        let mut actions = Vec::new();
        let mut names = String::new();
        for line in text.lines() {
            let mut parts = members(line);
            let mut next = || parts.next().unwrap_or_default();
            match next() {
                "K" => made.keys.push(ServiceKey { name: next(), kind: next() }),
                "R" => made.types.push(CataloguedType {
                    name: next(),
                    arn: next(),
                    keys: next(),
                    form: OnceLock::new(),
                }),
                "A" => {
                    let (name, _, keys, taken) = (next(), next(), next(), next());
                    names.push_str(name);
                    actions.push((name, keys, taken));
                }
                _ => {}
            }
        }
        names.make_ascii_lowercase();
        // INVARIANT: made once for each service, and kept until the program ends.
        let mut rest: &'static str = names.leak();
        made.actions.reserve(actions.len());
        for (name, keys, taken) in actions {
            let (lower, after) = rest.split_at_checked(name.len()).unwrap_or((rest, ""));
            rest = after;
            made.actions.push(CataloguedAction {
                name,
                lower,
                keys,
                taken,
                types: OnceLock::new(),
            });
        }
        made.actions.sort_unstable_by_key(|action| action.lower);
        made
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

    /// The numbers of the resource types that the action takes; none: only `*`.
    pub fn numbers_of<'c>(&self, action: &'c CataloguedAction) -> &'c [u16] {
        let place = |name: &str| self.types.iter().position(|known| known.name == name);
        action.types.get_or_init(|| {
            let taken = taken(action.taken).filter_map(|(name, ..)| place(name));
            taken.filter_map(|place| u16::try_from(place).ok()).collect()
        })
    }

    /// The resource types that the action takes.
    pub fn types_of<'c>(
        &'c self,
        action: &'c CataloguedAction,
    ) -> impl Iterator<Item = &'c CataloguedType> {
        self.numbers_of(action).iter().filter_map(|place| self.types.get(usize::from(*place)))
    }

    /// The condition key `key`, in any case.
    pub fn key(&self, key: &str) -> Option<&ServiceKey<'static>> {
        self.keys.iter().find(|own| own.is(key))
    }

    /// Whether a request for the action may carry `key`, one of its own or of a resource type that it
    /// takes. Global keys are not looked at.
    pub fn may_carry(&self, action: &CataloguedAction, key: &str) -> bool {
        let is = |place: u16| self.keys.get(usize::from(place)).is_some_and(|own| own.is(key));
        let has = |list: &'static str| numbers(list).any(is);
        has(action.keys)
            || taken(action.taken).any(|(.., keys)| has(keys))
            || self.types_of(action).any(|taken| has(taken.keys))
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
                assert_eq!(
                    table.numbers_of(found).len(),
                    action.resources.len(),
                    "{prefix}:{}",
                    action.name
                );
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
