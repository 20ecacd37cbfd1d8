//! Who may do what across a repository: its policies as facts, and questions to the evaluator.
//!
//! Nothing is decided here. A question becomes a request, its layers come from the facts as in a
//! diagnosis, and the answer is the evaluator's. Policies that no repository shows, such as those of a
//! session, count as absent only where whoever asks says so.

mod changes;
mod edits;
mod expectations;
mod handshake;
mod taken;

pub use changes::changes;
pub use expectations::expectations;
pub use handshake::handshake;

use std::io;
use std::path::{Path, PathBuf};

use crate::collect::assemble::Assembler;
use crate::collect::iac::Parameters;
use crate::collect::layer_files::LayerFiles;
use crate::collect::{InputError, read_with};
use crate::eval::{Evaluation, evaluate};
use crate::layers::Layers;
use crate::policy::{Arn, PolicyType};
use crate::request::{Caller, Claim, Given, Owner, Request};
use crate::snapshot::{Entity, EntityKind, Snapshot};
use crate::text::{SourceId, SourceMap, Span, Spanned};

/// Stands for the account of templates that do not say in which they will be made. Nobody has it.
const SOME_ACCOUNT: &str = "900000000009";

/// What a repository and the facts beside it say.
#[derive(Debug)]
pub struct World {
    /// The facts.
    pub snapshot: Snapshot,
    /// Files of facts that could not be read.
    pub errors: Vec<InputError>,
}

impl World {
    /// Reads the files of a repository and the files and folders of facts. A file of the repository
    /// that cannot be read, or says nothing of accounts, is passed over: the check of files has said so.
    pub fn read(
        sources: &mut SourceMap,
        files: &[PathBuf],
        facts: &[PathBuf],
        parameters: &Parameters,
        read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Self {
        let mut parameters = parameters.clone();
        if parameters.account().is_none() {
            let pair = format!("AWS::AccountId={SOME_ACCOUNT}");
            parameters.pair(sources, &pair);
        }
        let paths: Vec<PathBuf> = files.iter().chain(facts).cloned().collect();
        let collected = read_with(sources, &paths, &parameters, read);
        let of_facts = |error: &InputError| {
            let file = error.file.as_deref();
            file.is_some_and(|file| facts.iter().any(|path| file.starts_with(path)))
        };
        let errors = collected.errors.into_iter().filter(of_facts).collect();
        Self { snapshot: collected.snapshot, errors }
    }

    /// Whether it knows anything of an organization.
    fn has_organization(&self) -> bool {
        let organizations = &self.snapshot.organizations;
        !organizations.targets.is_empty() || !organizations.known.is_empty()
    }

    /// The types of policies that play no part, since nothing in view says anything of them.
    fn out_of_view(&self) -> Vec<PolicyType> {
        let mut types = vec![PolicyType::Session, PolicyType::VpcEndpoint];
        if !self.has_organization() {
            types.extend([PolicyType::ServiceControl, PolicyType::ResourceControl]);
        }
        types
    }

    /// Users and roles.
    fn callers(&self) -> impl Iterator<Item = &Entity> {
        self.snapshot.entities.values().filter(|entity| entity.kind != EntityKind::Group)
    }

    /// Roles whose trust policy is in view.
    fn roles(&self) -> impl Iterator<Item = &Entity> {
        self.callers().filter(|entity| entity.trust.is_some())
    }
}

/// Whether two things can be spoken of together: an account that is not known is the same one only
/// within one file, or one folder of a module.
fn may_meet(arns: [&str; 2], places: [Span; 2], sources: &SourceMap) -> bool {
    let is_vague = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.account == SOME_ACCOUNT);
    if !arns.into_iter().any(is_vague) {
        return true;
    }
    let [one, other] = places.map(|span| sources.to_host(span).source);
    let folder = |id: SourceId| {
        let path = sources.path(id)?;
        let is_module = path.ends_with(".tf") || path.ends_with(".tofu");
        is_module.then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
    };
    one == other || folder(one).is_some_and(|own| folder(other) == Some(own))
}

/// One question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question<'q> {
    /// Who asks, as [`Caller::parse`] reads it.
    pub(crate) principal: &'q str,
    pub(crate) action: &'q str,
    pub(crate) resource: &'q str,
    /// Who owns the resource, where its ARN does not say.
    pub(crate) owner: Option<Owner>,
    /// Condition keys.
    pub(crate) context: &'q [(String, Given)],
    /// Whether these are all there are.
    pub(crate) complete: bool,
    /// What the caller's token says.
    pub(crate) claims: &'q [(String, Vec<String>)],
}

/// The answer to a question, with all that led to it.
pub(crate) struct Answer {
    pub(crate) request: Request,
    pub(crate) layers: Layers,
    pub(crate) evaluation: Evaluation,
}

/// Asks one question after another; policies are read once.
pub(crate) struct Asker<'w> {
    assembler: Assembler<'w>,
    /// Where a question stands that stands nowhere.
    nowhere: Span,
    now: Option<jiff::Timestamp>,
}

impl<'w> Asker<'w> {
    pub(crate) fn new(
        world: &'w World,
        sources: &'w mut SourceMap,
        absent: &[PolicyType],
        now: Option<jiff::Timestamp>,
    ) -> Self {
        let source = sources.add_given("question", "");
        let nowhere = Span { source, start: 0, end: 0 };
        let mut files = LayerFiles::default();
        absent.iter().for_each(|policy_type| files.none(*policy_type));
        Self { assembler: Assembler::new(&world.snapshot, sources, files), nowhere, now }
    }

    /// The answer; `Err` says why the principal cannot ask.
    pub(crate) fn ask(&mut self, question: &Question<'_>) -> Result<Answer, String> {
        let spanned = |text: &str| Spanned { value: text.to_owned(), span: self.nowhere };
        let mut caller = Caller::parse(spanned(question.principal))
            .map_err(|error| format!("{}; {}", error.why, error.help))?;
        caller.claims.extend(question.claims.iter().map(|(name, values)| Claim {
            name: name.clone(),
            values: values.clone(),
            span: self.nowhere,
        }));
        let mut request =
            Request::new(caller, spanned(question.action), spanned(question.resource));
        if let Some(owner) = &question.owner {
            request.resource.account = owner.clone();
        }
        for (key, value) in question.context {
            request.context.set(key, value.clone(), self.nowhere);
        }
        request.context.complete = question.complete;
        request.time = self.now;
        request.time_is_assumed = true;
        let layers = self.assembler.layers(&mut request);
        let evaluation = evaluate(&request, &layers);
        Ok(Answer { request, layers, evaluation })
    }
}

/// The name that a person gives a principal or resource: what stands last in its ARN.
fn short(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// An ARN as it is shown: the account that stands for one that is not known is left open.
fn shown(arn: &str) -> String {
    arn.replace(SOME_ACCOUNT, "ACCOUNT")
}
