//! The request that was denied: who asked for what, with which request context.
//!
//! Everything here is as given; what AWS derives from it is worked out in `eval`. Nothing is
//! looked up and no clock is read: the moment of the request is a field.

use jiff::Timestamp;
use smol_str::SmolStr;

use crate::policy::{Arn, ArnCuts, is_account_id, looks_like_account_id};
use crate::reference::takes_resource_control;
use crate::text::{Span, Spanned};

/// One request, and what is known of its caller and its resource.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// `service:Name`, as given.
    pub action: Spanned<String>,
    /// The action in lower case, since its case does not count.
    pub action_lower: Box<str>,
    takes_resource_control: bool,
    /// An ARN, or `*` where the action takes no resource.
    pub resource: Resource,
    /// Condition keys as given; they win over what would be derived.
    pub context: Context,
    /// When the request was made.
    pub time: Option<Timestamp>,
    /// The parameters of an AssumeRole* call. `None`: not known; a parameter that is missing in
    /// `Some` is known not to be passed.
    pub parameters: Option<Parameters>,
    /// What is known of the role that is to be assumed.
    pub role: RoleFacts,
    /// What is known of the caller's identity provider.
    pub provider: ProviderFacts,
    /// Whether nobody said when the request was made, so that `time` is only assumed.
    pub time_is_assumed: bool,
}

/// A fact that may be missing. `Unknown` says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Known.
    Known(T),
    /// Not known, because of this.
    Unknown(&'static str),
}

impl<T> Fact<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// What kind of principal asks.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    RoleSession,
    /// A session made by `sts:GetFederationToken`.
    FederatedUser,
    /// An AWS service acting on its own.
    Service,
    /// Someone with a token or assertion of an identity provider, who is not yet anyone to AWS.
    Federated,
    /// Nobody in particular: an unsigned request.
    Anonymous,
}

/// Which credentials signed the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// An access key of a user or root user.
    LongTerm,
    /// `sts:GetSessionToken`.
    SessionToken,
    /// `sts:AssumeRole` and its relatives.
    RoleSession,
    /// `sts:GetFederationToken`.
    FederationToken,
}

/// The principal that makes the request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal as given: an ARN, a service principal, a provider's ARN, or `anonymous`.
    pub text: Spanned<String>,
    /// What kind it is.
    pub kind: CallerKind,
    /// `aws`, `aws-cn`, …; empty where there is none.
    pub partition: SmolStr,
    /// Its account, where it has one.
    pub account: Option<SmolStr>,
    /// The user's, role's, federated user's or service's name; the provider's ARN.
    pub name: SmolStr,
    /// The session's name. `None` for a session given by its role's ARN.
    pub session: Option<SmolStr>,
    /// For a role session: the role's path. Session ARNs carry none.
    pub role_path: Fact<SmolStr>,
    /// `AIDA…` or `AROA…`.
    pub unique_id: Option<SmolStr>,
    /// For a federated user: the ARN of the IAM user who made the session.
    pub made_by: Option<String>,
    /// For a federated caller: what its token or assertion says.
    pub claims: Vec<Claim>,
    /// For a federated caller: what its token or assertion is.
    pub token: TokenFacts,
    /// Tags of the user, or of the role and its session.
    pub tags: Fact<Vec<(String, String)>>,
    /// The organization of its account; `Known(None)` where it is in none.
    pub organization: Fact<Option<Organization>>,
    /// Which credentials it uses.
    pub credentials: Option<CredentialKind>,
    /// When they expire.
    pub expires: Option<Spanned<Timestamp>>,
    /// Serial numbers of the user's MFA devices, as far as they are known.
    pub mfa_devices: Vec<Spanned<String>>,
}

/// One thing that a token or assertion says: a claim by its name; of an assertion also `Role`,
/// `Audience`, `IssueInstant`, `NotBefore`, `NotOnOrAfter`, and condition keys such as `saml:aud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// What is known of a token or assertion besides what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// Whether the claims are all there are, so that one which is missing is not in the token.
    pub complete: bool,
    /// Whether the caller is said to present none at all.
    pub missing: bool,
    /// Whether an event of CloudTrail tells of the call, which holds few of the claims.
    pub is_partial: bool,
    /// Whether its header is known.
    pub has_header: bool,
    /// How it is signed.
    pub alg: Option<Spanned<String>>,
    /// Which key signed it.
    pub kid: Option<Spanned<String>>,
    /// Its length as it is sent.
    pub size: Option<Spanned<i64>>,
    /// For an assertion: whether it is encrypted, so that nobody but AWS knows what it says.
    pub encrypted: Option<Span>,
    /// The names of claims that play no part.
    pub others: Vec<String>,
}

/// What is known of the caller's identity provider, in the account of the role.
#[derive(Clone, Debug, Default)]
pub struct ProviderFacts {
    /// `Some(false)`: the facts prove that there is no such provider.
    pub exists: Option<bool>,
    /// The audiences that it takes.
    pub client_ids: Option<Vec<Spanned<String>>>,
    /// Other providers of the kind in that account, by their ARNs.
    pub others: Vec<String>,
}

/// An account's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// `o-…/r-…/ou-…/`, where it is known.
    pub path: Option<String>,
}

/// The resource that is asked for.
#[derive(Clone, Debug)]
pub struct Resource {
    text: Spanned<String>,
    /// Where the text is cut, if it is an ARN.
    cuts: Option<ArnCuts>,
    is_role: bool,
    /// The account that owns it.
    pub account: Owner,
    /// Tags on it.
    pub tags: Fact<Vec<(String, String)>>,
    /// The organization of its account.
    pub organization: Fact<Option<Organization>>,
}

impl Resource {
    /// A resource of which nothing is known but what its ARN says.
    pub fn new(text: Spanned<String>) -> Self {
        let arn = Arn::parse(&text.value);
        let cuts = arn.as_ref().map(ArnCuts::of);
        let account = arn
            .filter(|arn| looks_like_account_id(arn.account))
            .map_or(Owner::Unknown, |arn| Owner::Account(arn.account.into()));
        Self {
            is_role: arn.is_some_and(|arn| arn.is_role()),
            text,
            cuts,
            account,
            tags: Fact::Unknown("the tags of the resource are not in the facts"),
            organization: Fact::Unknown("the organization of the resource's account is not known"),
        }
    }

    /// As given.
    pub fn text(&self) -> &Spanned<String> {
        &self.text
    }

    /// Its ARN, if it is one.
    #[inline]
    pub fn arn(&self) -> Option<Arn<'_>> {
        self.cuts?.parts(&self.text.value)
    }

    /// Whether it is the ARN of an IAM role.
    pub fn is_role(&self) -> bool {
        self.is_role
    }

    /// Says where it was given.
    pub fn set_span(&mut self, span: Span) {
        self.text.span = span;
    }
}

/// Who owns a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This account, as the ARN or somebody says.
    Account(SmolStr),
    /// Nobody says; taken to be the caller's account, since all that is not said is as usual.
    CallersAccount,
    /// Nobody says, and it may be any.
    Unknown,
}

/// What is known of the role that is to be assumed.
#[derive(Clone, Debug, Default)]
pub struct RoleFacts {
    /// Seconds. `None`: not known.
    pub max_session_duration: Option<Spanned<i64>>,
    /// `AROA…`.
    pub id: Option<SmolStr>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// `Some(false)`: the facts prove that there is no such role.
    pub exists: Option<bool>,
    /// Where there is no such role: the ARN of one of that name, with another path or case.
    pub alike: Option<String>,
}

/// The parameters of an AssumeRole* call, with AWS's names.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// `RoleSessionName`.
    pub session_name: Option<Spanned<String>>,
    /// `DurationSeconds`.
    pub duration: Option<Spanned<i64>>,
    /// `ExternalId`.
    pub external_id: Option<Spanned<String>>,
    /// `SourceIdentity`.
    pub source_identity: Option<Spanned<String>>,
    /// `Tags`.
    pub tags: Vec<(Spanned<String>, Spanned<String>)>,
    /// `TransitiveTagKeys`.
    pub transitive_tag_keys: Vec<Spanned<String>>,
    /// `SerialNumber`.
    pub serial_number: Option<Spanned<String>>,
    /// Whether a `TokenCode` is passed; the code itself is never kept.
    pub token_code: bool,
    /// Whether the call may carry more parameters than these. Otherwise what is missing here was not
    /// passed.
    pub partial: bool,
}

impl Parameters {
    /// Takes over what `given` says.
    pub fn take(&mut self, given: Self) {
        self.session_name = given.session_name.or(self.session_name.take());
        self.duration = given.duration.or(self.duration.take());
        self.external_id = given.external_id.or(self.external_id.take());
        self.source_identity = given.source_identity.or(self.source_identity.take());
        self.serial_number = given.serial_number.or(self.serial_number.take());
        self.token_code |= given.token_code;
        if !given.tags.is_empty() {
            self.tags = given.tags;
        }
        if !given.transitive_tag_keys.is_empty() {
            self.transitive_tag_keys = given.transitive_tag_keys;
        }
    }
}

/// Condition keys as given.
#[derive(Clone, Debug, Default)]
pub struct Context {
    entries: Vec<ContextEntry>,
    /// Whether all other keys are known to be absent, apart from what is derived.
    pub complete: bool,
}

/// One condition key of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// The key as written.
    pub key: String,
    /// The key in lower case.
    pub lower: Box<str>,
    /// Its value.
    pub value: Given,
    /// Where it was given.
    pub span: Span,
}

/// The value of a condition key in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Known to be absent.
    Absent,
    /// A single-valued key.
    One(String),
    /// A multi-valued key, even with one value or none.
    Many(Vec<String>),
}

impl Context {
    /// Sets `key`, replacing what it had.
    pub fn set(&mut self, key: &str, value: Given, span: Span) {
        let lower: Box<str> = key.to_lowercase().into();
        let entry = ContextEntry { key: key.to_owned(), lower, value, span };
        match self.entries.iter_mut().find(|other| other.lower == entry.lower) {
            Some(other) => *other = entry,
            None => self.entries.push(entry),
        }
    }

    /// What was given for the key `lower`, which is in lower case.
    pub fn get(&self, lower: &str) -> Option<&ContextEntry> {
        self.entries.iter().find(|entry| *entry.lower == *lower)
    }

    /// All that was given, in order.
    pub fn entries(&self) -> &[ContextEntry] {
        &self.entries
    }
}

impl Request {
    /// A request with nothing known but who, what and which.
    pub fn new(caller: Caller, action: Spanned<String>, resource: Spanned<String>) -> Self {
        let action_lower = action.value.to_ascii_lowercase().into_boxed_str();
        Self {
            takes_resource_control: takes_resource_control(service_of(&action_lower)),
            action_lower,
            caller,
            action,
            resource: Resource::new(resource),
            context: Context::default(),
            time: None,
            parameters: None,
            role: RoleFacts::default(),
            provider: ProviderFacts::default(),
            time_is_assumed: false,
        }
    }

    /// The service prefix of the action.
    pub fn service(&self) -> &str {
        service_of(&self.action_lower)
    }

    /// Whether resource control policies apply to the service of the action.
    pub fn takes_resource_control(&self) -> bool {
        self.takes_resource_control
    }

    /// Whether the resource is an IAM role and the action one that its trust policy decides.
    pub fn needs_trust_policy(&self) -> bool {
        self.resource.is_role()
            && matches!(
                &*self.action_lower,
                "sts:assumerole"
                    | "sts:assumerolewithsaml"
                    | "sts:assumerolewithwebidentity"
                    | "sts:tagsession"
                    | "sts:setsourceidentity"
                    | "sts:setcontext"
            )
    }

    /// Whether this asks to assume a role, whatever stands where the role's ARN should be.
    pub fn is_assume_role(&self) -> bool {
        matches!(
            &*self.action_lower,
            "sts:assumerole" | "sts:assumerolewithsaml" | "sts:assumerolewithwebidentity"
        )
    }

    /// Whether it asks for a session of a member account's root user, which has no policy of its own.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
    pub fn is_assume_root(&self) -> bool {
        &*self.action_lower == "sts:assumeroot"
    }

    /// The same request for another action on the same resource.
    pub fn with_action(&self, action: &str) -> Self {
        let mut other = self.clone();
        other.action.value = action.to_owned();
        other.action_lower = action.to_ascii_lowercase().into();
        other.takes_resource_control = takes_resource_control(other.service());
        other
    }

    /// Where the request context says that session tags are passed.
    pub fn tag_in_context(&self) -> Option<Span> {
        let entries = || {
            self.context.entries().iter().filter(|entry| match &entry.value {
                Given::Absent => false,
                Given::One(_) => true,
                Given::Many(values) => !values.is_empty(),
            })
        };
        let key = |lower: &str| lower == "aws:tagkeys" || lower.starts_with("aws:requesttag/");
        entries().find(|entry| key(&entry.key.to_lowercase())).map(|entry| entry.span)
    }

    /// Where the request context says that a source identity is passed.
    pub fn source_identity_in_context(&self) -> Option<Span> {
        let entry = self.context.get("sts:sourceidentity")?;
        (entry.value != Given::Absent).then_some(entry.span)
    }

    /// The source identity that the caller's session has already, and passes on when it assumes a
    /// role.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>
    pub fn inherited_source_identity(&self) -> Option<&str> {
        let is_session = self.caller.kind == CallerKind::RoleSession;
        match &self.context.get("aws:sourceidentity").filter(|_| is_session)?.value {
            Given::One(identity) => Some(identity),
            Given::Absent | Given::Many(_) => None,
        }
    }

    /// The account that owns the resource, where it is known or taken for known.
    pub fn resource_account(&self) -> Option<&str> {
        match &self.resource.account {
            Owner::Account(account) => Some(account),
            Owner::CallersAccount => self.caller.account.as_deref(),
            Owner::Unknown => None,
        }
    }
}

/// What stands before the first slash, and after it; for short texts, of which every request has some.
fn cut_at_slash(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b'/')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn service_of(action: &str) -> &str {
    let colon = action.bytes().position(|byte| byte == b':');
    colon.and_then(|at| action.get(..at)).unwrap_or(action)
}

/// Why a text names no principal that can make a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no principal that can make a request: {why}")]
pub struct CallerError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
    /// What to give instead.
    pub help: &'static str,
}

impl Caller {
    fn new(text: Spanned<String>, kind: CallerKind, name: SmolStr) -> Self {
        Self {
            kind,
            partition: SmolStr::default(),
            account: None,
            name,
            session: None,
            role_path: Fact::Unknown("a session's ARN does not carry the path of its role"),
            unique_id: None,
            made_by: None,
            claims: Vec::new(),
            token: TokenFacts::default(),
            tags: Fact::Unknown("the caller's tags are not in the facts"),
            organization: Fact::Unknown("the organization of the caller's account is not known"),
            credentials: None,
            expires: None,
            mfa_devices: Vec::new(),
            text,
        }
    }

    fn named_as_given(text: Spanned<String>, kind: CallerKind) -> Self {
        let name = SmolStr::new(&text.value);
        Self::new(text, kind, name)
    }

    /// Nobody in particular.
    pub fn anonymous(span: Span) -> Self {
        Self::named_as_given(Spanned { value: "anonymous".to_owned(), span }, CallerKind::Anonymous)
    }

    /// An AWS service, by its service principal.
    pub fn service(text: Spanned<String>) -> Self {
        Self::named_as_given(text, CallerKind::Service)
    }

    /// Someone with a token of an identity provider, by the provider's ARN or name.
    pub fn federated(text: Spanned<String>, claims: Vec<Claim>) -> Self {
        Self { claims, ..Self::named_as_given(text, CallerKind::Federated) }
    }

    /// What the token says under `name`, whose case counts.
    pub fn claim(&self, name: &str) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.name == name)
    }

    /// For a caller with a token: the provider as condition keys name it, the issuer without its
    /// scheme.
    pub fn issuer(&self) -> &str {
        Arn::parse(&self.name)
            .and_then(|arn| arn.resource.strip_prefix("oidc-provider/"))
            .unwrap_or(&self.name)
    }

    /// For a federated caller: whether it presents an assertion, not a token.
    pub fn has_assertion(&self) -> bool {
        Arn::parse(&self.name).is_some_and(|arn| arn.resource.starts_with("saml-provider/"))
            || self.claims.iter().any(|claim| claim.name.starts_with("saml:"))
    }

    /// Reads the ARN of a user, role session, role, federated user, root or identity provider, an
    /// account id for its root user, `anonymous`, or a service principal.
    ///
    /// # Errors
    /// If the text is none of these.
    pub fn parse(text: Spanned<String>) -> Result<Self, CallerError> {
        let error = |why, help| CallerError { text: text.value.clone(), why, help };
        let as_printed = "give the ARN as `aws sts get-caller-identity` prints it";
        if text.value.eq_ignore_ascii_case("anonymous") || text.value == "*" {
            return Ok(Self::anonymous(text.span));
        }
        if is_account_id(&text.value) {
            // As in a policy, the account stands for its root user.
            let value = format!("arn:aws:iam::{}:root", text.value);
            return Self::parse(Spanned { value, span: text.span });
        }
        if !text.value.starts_with("arn:") {
            let is_service =
                text.value.contains(".amazonaws.com") || text.value.contains(".amazon.com");
            if is_service && !text.value.contains([' ', '/', ':']) {
                return Ok(Self::service(text));
            }
            return Err(error("it is not an ARN", as_printed));
        }
        let Some(arn) = Arn::parse(&text.value) else {
            return Err(error("an ARN has six parts", as_printed));
        };
        let (partition, account) = (SmolStr::new(arn.partition), SmolStr::new(arn.account));
        if !looks_like_account_id(&account) {
            return Err(error("its account id is missing or not a number", as_printed));
        }
        let (kind, name, session, path) = match (arn.service, cut_at_slash(arn.resource)) {
            ("iam", None) if arn.resource == "root" => (CallerKind::Root, "root", None, None),
            ("iam", Some(("user", _))) => {
                let (path, name) = arn.iam_name("user").unwrap_or(("/", ""));
                (CallerKind::User, name, None, Some(path))
            }
            ("iam", Some(("role", _))) => {
                let (path, name) = arn.iam_name("role").unwrap_or(("/", ""));
                (CallerKind::RoleSession, name, None, Some(path))
            }
            ("sts", Some(("assumed-role", rest))) => match cut_at_slash(rest) {
                Some((name, session)) if !session.is_empty() => {
                    (CallerKind::RoleSession, name, Some(session), None)
                }
                _ => return Err(error("the name of the session is missing", as_printed)),
            },
            ("sts", Some(("federated-user", name))) => {
                (CallerKind::FederatedUser, name, None, None)
            }
            ("iam", Some(("saml-provider" | "oidc-provider", name))) if !name.is_empty() => {
                return Ok(Self::federated(text, Vec::new()));
            }
            ("iam", Some(("group", _))) => {
                return Err(error("a group makes no requests", "give the ARN of the user"));
            }
            _ => return Err(error("it names no user, role, session or root user", as_printed)),
        };
        if name.is_empty() {
            return Err(error("the name is missing", as_printed));
        }
        let (name, session) = (SmolStr::new(name), session.map(SmolStr::new));
        let role_path = path.map(SmolStr::new);
        let mut caller = Self::new(text, kind, name);
        if kind == CallerKind::RoleSession
            && let Some(path) = role_path
        {
            caller.role_path = Fact::Known(path);
        }
        Ok(Self { partition, account: Some(account), session, ..caller })
    }

    /// The ARN of the role whose session this is, where its path is known.
    pub fn role_arn(&self) -> Option<String> {
        let path = self.role_path.known()?;
        (self.kind == CallerKind::RoleSession).then(|| {
            let account = self.account.as_deref().unwrap_or("");
            format!("arn:{}:iam::{account}:role{path}{}", self.partition, self.name)
        })
    }

    /// Whether this is a session of a role that IAM Identity Center made for a permission set.
    pub fn is_identity_center_role(&self) -> bool {
        self.kind == CallerKind::RoleSession && self.name.starts_with("AWSReservedSSO_")
    }

    /// The pattern of every role that IAM Identity Center makes in this account for the permission set of
    /// this session's role.
    pub fn permission_set_roles(&self) -> Option<String> {
        let name = self.is_identity_center_role().then_some(&self.name)?;
        let (set, _) = name.rsplit_once('_')?;
        let account = self.account.as_deref()?;
        let path = "aws-reserved/sso.amazonaws.com*/";
        Some(format!("arn:{}:iam::{account}:role/{path}{set}_*", self.partition))
    }

    /// Whether this is a session of a service-linked role.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>
    pub fn is_service_linked_role(&self) -> bool {
        self.kind == CallerKind::RoleSession
            && match &self.role_path {
                Fact::Known(path) => path.starts_with("/aws-service-role/"),
                Fact::Unknown(_) => self.name.starts_with("AWSServiceRoleFor"),
            }
    }

    /// What a person would call it: `role session ci/build-77`.
    pub fn describe(&self) -> String {
        match (self.kind, &self.session) {
            (CallerKind::Root, _) => "the root user".to_owned(),
            (CallerKind::User, _) => format!("user {}", self.name),
            (CallerKind::RoleSession, _) => format!("a session of role {}", self.name),
            (CallerKind::FederatedUser, _) => format!("federated user {}", self.name),
            (CallerKind::Service, _) => format!("the service {}", self.name),
            (CallerKind::Federated, _) if self.has_assertion() => {
                let name = self.name.rsplit_once("saml-provider/");
                format!(
                    "the bearer of an assertion of {}",
                    name.map_or(&*self.name, |(_, name)| name)
                )
            }
            (CallerKind::Federated, _) => format!("the bearer of a token of {}", self.issuer()),
            (CallerKind::Anonymous, _) => "an anonymous caller".to_owned(),
        }
    }
}
