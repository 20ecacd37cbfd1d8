//! Every data file is a test: the cases under `fixtures/cases`, and the examples of the rules' pages.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use why_denied::access::{World, changes, expectations, handshake};
use why_denied::check::{Checker, Config, Selection, Settings, State};
use why_denied::collect::InputError;
use why_denied::collect::case_file::{self, CaseFile};
use why_denied::collect::policies::policies_in;
use why_denied::conformance;
use why_denied::diagnose::diagnose;
use why_denied::doc::{Entry, Syntax, parse};
use why_denied::finding::{Diagnosis, Finding, Gate, Outcome, Severity};
use why_denied::report::CaseOutcome;
use why_denied::rules;
use why_denied::text::SourceMap;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    for path in files(&root.join("fixtures/cases"), "yaml") {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        trials.push(Trial::test(name, move || cases(&path)));
    }
    for path in files(&root.join("rules"), "md") {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        trials.push(Trial::test(name, move || examples(&path)));
    }
    assert!(trials.len() > 40, "the data files are gone");
    libtest_mimic::run(&arguments, trials).exit();
}

/// The files below `folder` with that extension, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name();
    let paths = walk.into_iter().map(|entry| entry.unwrap().into_path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// Runs the cases of a file; what differs, a line each.
fn run(file: &mut CaseFile, name: &str, sources: &mut SourceMap) -> Vec<String> {
    let mut wrong: Vec<String> = file.errors.iter().map(|error| error.message.clone()).collect();
    for (at, case) in file.cases.iter().enumerate() {
        let title = case.name.clone().unwrap_or_else(|| format!("case {}", at + 1));
        wrong.extend(case.errors.iter().map(|error| format!("{title}: {}", error.message)));
        let Some(request) = &case.request else { continue };
        if case.expect.is_none() {
            wrong.push(format!("{title}: it expects nothing"));
        }
        let roles = case.usable_roles(sources);
        let diagnosis = diagnose(request, &case.layers, &|| roles.clone());
        // Bulk decisions are made by the same code, and come to the same answer.
        let decision = why_denied::diagnose::decide(request, &case.layers);
        if decision != diagnosis.decision {
            wrong.push(format!("{title}: without trace the decision is {}", decision.id()));
        }
        wrong.extend(
            unexplained(&diagnosis)
                .map(|gate| format!("{title}: {gate} failed, and no finding says why")),
        );
        let tested = conformance::hold(name, &title, case, &diagnosis, sources);
        if tested.outcome == CaseOutcome::Failed {
            wrong.push(format!("{title}: {}", tested.message.unwrap_or_default()));
        }
    }
    wrong
}

/// Gates that failed without a finding that is certain; a denial has at least one.
fn unexplained(diagnosis: &Diagnosis) -> impl Iterator<Item = String> {
    let errors = || diagnosis.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let of = |finding: &Finding| finding.gate.or_else(|| rules::gate(finding.rule));
    let explained = |gate: Gate| errors().any(|finding| of(finding) == Some(gate));
    // Resource control policies only deny, and a denial is told under explicit denies.
    let failed = diagnosis.gates.iter().filter(|report| report.outcome == Outcome::Failed);
    let failed = failed.filter(|report| report.gate != Gate::ResourceControlPolicies);
    let silent: Vec<_> = failed
        .filter(|report| !explained(report.gate))
        .map(|report| report.gate.id().to_owned())
        .collect();
    let nothing = diagnosis.decision.is_denied() && errors().next().is_none();
    silent.into_iter().chain(nothing.then(|| "the request".to_owned()))
}

fn fail(wrong: Vec<String>) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn cases(path: &Path) -> Result<(), Failed> {
    let mut sources = SourceMap::default();
    let mut file = case_file::load(&mut sources, path, &|path| fs::read(path));
    if file.cases.is_empty() && file.errors.is_empty() {
        return Err("the file holds no case".into());
    }
    fail(run(&mut file, &path.display().to_string(), &mut sources))
}

/// Checks the policies of an example: whether the rule fires, and where.
fn check(block: &str, id: &str, fires: bool) -> Vec<String> {
    let path = Path::new("example.yaml");
    let mut sources = SourceMap::default();
    let source = sources.add_file("example.yaml", block.into()).unwrap();
    let found = policies_in(&mut sources, source, path, &Default::default());
    let mut selection = Selection::default();
    selection.select(["all"]).unwrap();
    let now = Some("2026-11-27T12:00:00Z".parse().unwrap());
    let mut checker = Checker::new(Settings { selection, now, ..Settings::default() });
    let name = |error: &InputError| {
        Finding::new("policy-unreadable", error.message.clone(), error.span.unwrap(), "")
    };
    let errors = found.errors.iter().map(name).collect();
    let mut checked = checker.file("example.yaml", Some(source), &found.policies, errors, &sources);
    checked.extend(checker.finish(None, &sources));
    if checker.keeps() {
        let kept = std::mem::take(&mut sources);
        let across = checker.across(std::slice::from_ref(&kept), &|_, _| false);
        checked.extend(across.into_iter().flat_map(|(_, checked)| checked));
        sources = kept;
    }
    let mut wrong = Vec::new();
    if found.policies.is_empty() && found.errors.is_empty() {
        wrong.push("it holds no policy".to_owned());
    }
    let own: Vec<&str> = (checked.iter().filter(|one| one.finding.rule == id))
        .map(|one| sources.slice(one.finding.primary.span))
        .collect();
    if own.is_empty() == fires {
        wrong.push(format!("the rule fires {} times", own.len()));
    }
    let read = |_: &Path| Ok(block.as_bytes().to_vec());
    let file = case_file::load(&mut SourceMap::default(), path, &read);
    let expected = file.cases.iter().filter_map(|case| case.expect.as_ref());
    for (rule, texts) in expected.flat_map(|expect| &expect.findings) {
        let wanted: Vec<&str> = texts.iter().map(|text| text.value.as_str()).collect();
        if rule.value == id && wanted != own {
            wrong.push(format!("underlined is {own:?}, and not {wanted:?}"));
        }
    }
    // Beside the rule itself nothing is wrong with an example.
    for one in checked.iter().filter(|one| one.finding.rule != id) {
        if one.finding.severity == Severity::Error && one.state == State::Open {
            wrong.push(format!("{} fires: {}", one.finding.rule, one.finding.message));
        }
    }
    wrong
}

/// Checks the repository of an example as a whole: whether the rule fires, and where. `before` holds the
/// files as they were, `expect` what is underlined.
fn repository(block: &str, id: &str, fires: bool) -> Vec<String> {
    let mut sources = SourceMap::default();
    let source = sources.add_given("example", block);
    let document = parse(&sources, source, Syntax::Yaml).unwrap().remove(0);
    let files = |key: &str| -> BTreeMap<PathBuf, String> {
        let entries = document.root().get(key).into_iter().flat_map(|files| files.entries());
        let file = |entry: Entry<'_>| {
            (PathBuf::from(&*entry.key), entry.value.text().unwrap().into_owned())
        };
        entries.map(file).collect()
    };
    let now = Some("2026-11-27T12:00:00Z".parse().unwrap());
    let parameters = Default::default();
    let world = |sources: &mut SourceMap, prefix: &str, files: &BTreeMap<PathBuf, String>| {
        let named = files.iter().map(|(path, text)| (Path::new(prefix).join(path), text.clone()));
        let named: BTreeMap<PathBuf, String> = named.collect();
        let paths: Vec<PathBuf> = named.keys().cloned().collect();
        let read = |path: &Path| Ok(named.get(path).unwrap().clone().into_bytes());
        World::read(sources, &paths, &[], &parameters, &read)
    };
    let now_files = files("files");
    let config = now_files.get(Path::new("why-denied.toml"));
    let policies = now_files.iter().filter(|(path, _)| path.extension().unwrap() != "toml");
    let policies = policies.map(|(path, text)| (path.clone(), text.clone())).collect();
    let after = world(&mut sources, "", &policies);
    let mut found = handshake(&after, &mut sources, now);
    if let Some(text) = config {
        let wanted = Config::read(text).unwrap().expectations;
        let source = sources.add_file("why-denied.toml", text.clone().into_bytes()).unwrap();
        found.extend(expectations(&after, &wanted, &mut sources, source, now));
    }
    let old_files = files("before");
    if !old_files.is_empty() {
        let before = world(&mut sources, "old", &old_files);
        let name = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let moved = old_files.keys().map(|path| (format!("old/{}", name(path)), name(path)));
        found.extend(changes(&before, &after, &[], &moved.collect(), &mut sources, now));
    }
    let mut wrong = Vec::new();
    let own: Vec<&str> = (found.iter().filter(|finding| finding.rule == id))
        .map(|finding| sources.slice(finding.primary.span))
        .collect();
    if own.is_empty() == fires {
        wrong.push(format!("the rule fires {} times", own.len()));
    }
    if let Some(expect) = document.root().get("expect") {
        let wanted: Vec<_> = expect.items().map(|item| item.text().unwrap()).collect();
        if wanted.iter().map(|text| &**text).ne(own.iter().copied()) {
            wrong.push(format!("underlined is {own:?}, and not {wanted:?}"));
        }
    }
    for other in found.iter().filter(|finding| finding.rule != id && !fires) {
        wrong.push(format!("{} fires: {}", other.rule, other.message));
    }
    wrong
}

/// The first example of a rule's page fires the rule, the others do not.
fn examples(path: &Path) -> Result<(), Failed> {
    let id = path.file_stem().unwrap().to_string_lossy().into_owned();
    let page = fs::read_to_string(path)?;
    let rule = rules::find(&id).unwrap();
    let fenced = |fence: &str| -> Vec<&str> {
        let rests = page.split(fence).skip(1);
        rests.map(|rest| rest.split("```").next().unwrap()).collect()
    };
    let (blocks, checks) = (fenced("```yaml case\n"), fenced("```yaml check\n"));
    let repositories = fenced("```yaml repository\n");
    let mut wrong = Vec::new();
    for (at, block) in repositories.iter().enumerate() {
        let name = format!("repository example {}", at + 1);
        let lines = repository(block, &id, at == 0);
        wrong.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
    }
    let defects = if repositories.is_empty() { &checks } else { &repositories };
    for (examples, plays) in [(&blocks, rule.cause.is_some()), (defects, rule.defect.is_some())] {
        if (examples.len() < 2) == plays {
            wrong.push("a page has an example that fires and one that does not".to_owned());
        }
    }
    for (at, block) in checks.iter().enumerate() {
        let name = format!("check example {}", at + 1);
        wrong.extend(check(block, &id, at == 0).into_iter().map(|line| format!("{name}: {line}")));
    }
    for (at, block) in blocks.iter().enumerate() {
        let mut sources = SourceMap::default();
        // Files that the example names stand beside the page.
        let beside = path.with_file_name(format!("{id}-example-{at}.yaml"));
        let read = |wanted: &Path| {
            if wanted == beside { Ok(block.as_bytes().to_vec()) } else { fs::read(wanted) }
        };
        let mut file = case_file::load(&mut sources, &beside, &read);
        let name = format!("example {}", at + 1);
        wrong.extend(
            run(&mut file, &name, &mut sources).into_iter().map(|line| format!("{name}: {line}")),
        );
        for case in &file.cases {
            let Some(request) = &case.request else { continue };
            let roles = case.usable_roles(&mut sources);
            let diagnosis = diagnose(request, &case.layers, &|| roles.clone());
            let fires = diagnosis.findings.iter().any(|finding| finding.rule == id);
            if fires != (at == 0) {
                let verb = if fires { "fires" } else { "does not fire" };
                wrong.push(format!("{name}: the rule {verb}"));
            }
        }
    }
    if !wrong.is_empty() {
        eprintln!("{}: {}", path.display(), wrong.join("\n"));
    }
    fail(wrong)
}
