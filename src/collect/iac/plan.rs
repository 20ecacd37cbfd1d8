//! What `terraform show -json` prints of a plan or a state, and state files themselves.
//!
//! <https://developer.hashicorp.com/terraform/internals/json-format>

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Document, Kind, Node};
use crate::policy::is_account_id;
use crate::text::{SourceMap, Span};

use super::functions::partition_of;
use super::parameters::{Parameters, plain};
use super::stack::Stack;
use super::terraform::{Reader, Resource};

/// How deep modules may be in modules.
const DEEPEST: usize = 32;

/// Whether a document is a plan, a state as `terraform show -json` prints it, or a state file.
pub(super) fn is_plan(root: Node<'_>) -> bool {
    let has = |key: &str, kind: Kind| root.get(key).is_some_and(|one| one.kind() == kind);
    let shown = has("format_version", Kind::String)
        && (has("planned_values", Kind::Mapping) || has("values", Kind::Mapping));
    shown
        || (has("terraform_version", Kind::String)
            && has("lineage", Kind::String)
            && has("resources", Kind::Sequence))
}

/// What a plan or a state describes: what there will be when it is applied.
pub(super) fn read(sources: &SourceMap, document: &Document, given: &Parameters) -> Stack {
    let root = document.root();
    let mut found = Vec::new();
    let values = root.get("planned_values").or_else(|| root.get("values"));
    if let Some(module) = values.and_then(|values| values.get("root_module")) {
        module_resources(module, &mut found, 0);
    }
    // Data that was read when the plan was made says where it is applied.
    let prior = root.get("prior_state").and_then(|state| state.get("values")?.get("root_module"));
    let mut data = Vec::new();
    for module in prior.into_iter().chain(values.and_then(|values| values.get("root_module"))) {
        module_resources(module, &mut data, 0);
    }
    for resource in root.get("resources").into_iter().flat_map(|list| list.items()) {
        state_file(resource, &mut found);
    }
    data.extend(found.iter().cloned());
    let stack = place(&data, given);
    let configuration = root.get("configuration").and_then(|all| all.get("root_module"));
    let mut reader = Reader::new(sources, stack);
    for one in &found {
        if one.is_data || !one.kind.starts_with("aws_") {
            continue;
        }
        let (Some(values), true) = (one.values, one.kind.len() < 128) else { continue };
        let mut values = plain(values);
        fill(&mut values, one, configuration);
        reader.add(&Resource {
            kind: one.kind.clone(),
            address: one.address.clone(),
            span: one.span,
            values,
            doubt: None,
        });
    }
    reader.finish()
}

/// A resource in the file.
#[derive(Clone)]
struct Listed<'d> {
    kind: String,
    address: String,
    is_data: bool,
    span: Span,
    values: Option<Node<'d>>,
}

fn text(node: Node<'_>, key: &str) -> Option<String> {
    Some(node.get(key)?.text()?.into_owned())
}

fn module_resources<'d>(module: Node<'d>, found: &mut Vec<Listed<'d>>, depth: usize) {
    for resource in module.get("resources").into_iter().flat_map(|list| list.items()) {
        let (Some(kind), Some(address)) = (text(resource, "type"), text(resource, "address"))
        else {
            continue;
        };
        found.push(Listed {
            kind,
            address,
            is_data: text(resource, "mode").as_deref() == Some("data"),
            span: resource.get("address").map_or(resource.span(), |address| address.span()),
            values: resource.get("values"),
        });
    }
    if depth < DEEPEST {
        for inner in module.get("child_modules").into_iter().flat_map(|list| list.items()) {
            module_resources(inner, found, depth + 1);
        }
    }
}

/// A resource of a state file, with all its instances.
fn state_file<'d>(resource: Node<'d>, found: &mut Vec<Listed<'d>>) {
    let (Some(kind), Some(name)) = (text(resource, "type"), text(resource, "name")) else { return };
    let module = text(resource, "module").map(|module| format!("{module}.")).unwrap_or_default();
    for instance in resource.get("instances").into_iter().flat_map(|list| list.items()) {
        let index = instance.get("index_key").and_then(|key| key.scalar());
        let index = index.map(|key| format!("[{key}]")).unwrap_or_default();
        found.push(Listed {
            address: format!("{module}{kind}.{name}{index}"),
            kind: kind.clone(),
            is_data: text(resource, "mode").as_deref() == Some("data"),
            span: resource.get("name").map_or(resource.span(), |name| name.span()),
            values: instance.get("attributes"),
        });
    }
}

/// In which account, partition and Region it is applied.
fn place(data: &[Listed<'_>], given: &Parameters) -> Stack {
    let value = |kind: &str, keys: &[&str]| {
        let all = data.iter().filter(|one| one.kind == kind).filter_map(|one| one.values);
        let found = all.filter_map(|values| keys.iter().find_map(|key| text(values, key)));
        let mut found: Vec<String> = found.collect();
        found.sort_unstable();
        found.dedup();
        // With several providers there are several.
        match found.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    };
    let account = value("aws_caller_identity", &["account_id"]).filter(|id| is_account_id(id));
    let account = given.account().map(str::to_owned).or(account).or_else(|| by_arns(data));
    let region = given.text("AWS::Region").map(str::to_owned);
    let region = region.or_else(|| value("aws_region", &["region", "name", "id"]));
    let partition = given.text("AWS::Partition").map(str::to_owned);
    let partition = partition.or_else(|| value("aws_partition", &["partition"]));
    let partition =
        partition.or_else(|| region.as_deref().map(|region| partition_of(region).to_owned()));
    Stack { account, partition, region, ..Stack::default() }
}

/// The account of what is there already, if all is in one.
fn by_arns(data: &[Listed<'_>]) -> Option<String> {
    let mut found: Option<String> = None;
    for one in data.iter().filter(|one| !one.is_data && one.kind.starts_with("aws_iam_")) {
        let Some(arn) = one.values.and_then(|values| text(values, "arn")) else { continue };
        let Some(account) = arn.split(':').nth(4).filter(|id| is_account_id(id)) else { continue };
        match &found {
            Some(known) if known != account => return None,
            _ => found = Some(account.to_owned()),
        }
    }
    found
}

/// Fills in what the plan does not know with what the configuration refers to, so that what belongs
/// together is joined, and what is missing has a name.
fn fill(values: &mut Placed, one: &Listed<'_>, configuration: Option<Node<'_>>) {
    let (bare, _) = one.address.split_once('[').unwrap_or((&one.address, ""));
    // Modules have a configuration of their own; what they refer to is named by what it is.
    let in_root = !bare.starts_with("module.");
    let resources = configuration.filter(|_| in_root).and_then(|module| module.get("resources"));
    let own = resources.into_iter().flat_map(|list| list.items());
    let own = own.into_iter().find(|resource| text(*resource, "address").as_deref() == Some(bare));
    let Some(expressions) = own.and_then(|resource| resource.get("expressions")) else { return };
    let Value::Map(entries) = &mut values.value else { return };
    for entry in expressions.entries() {
        let known = entries.iter().any(|(key, _, value)| {
            key.as_str() == entry.key && !matches!(value.value, Value::Null)
        });
        let references = entry.value.get("references").into_iter().flat_map(|list| list.items());
        let first = references.into_iter().next();
        let Some(reference) = first.and_then(|one| one.text()).filter(|_| !known) else { continue };
        let span = entry.value.span();
        let hole = super::made_later(
            format!("${{{reference}}}"),
            &format!("`{}` of {}", entry.key, one.address),
            "the plan is applied",
        );
        let value = Placed::unknown(hole, span);
        let key = Text::standing_for(&entry.key, entry.key_span);
        entries.retain(|(known, ..)| known.as_str() != entry.key);
        entries.push((key, entry.key_span, value));
    }
}
