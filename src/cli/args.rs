//! The options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::collect::operations::Side;

/// AWS said AccessDenied: why, exactly, and what to change?
///
/// Answers for one request, from AWS or from files: who calls, what, on which resource, which policies apply.
#[derive(Debug, Parser)]
#[command(
    name = "why-denied",
    version,
    disable_version_flag = true,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
#[command(override_usage = "why-denied [OPTIONS] [EVIDENCE]\n       why-denied <COMMAND>")]
#[command(after_help = "Exit status: 0 allowed, 1 denied, 2 could not run, 3 undetermined.\n\
    Example: why-denied --role arn:aws:iam::111122223333:role/deploy --caller arn:aws:iam::444455556666:user/ana --facts export/")]
pub struct Cli {
    /// A subcommand, in place of a diagnosis.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to diagnose.
    #[command(flatten)]
    pub diagnose: DiagnoseArgs,
    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputOptions,
    /// Print the version; with --verbose, what the reference data holds and of which day it is
    #[arg(long, short = 'V')]
    pub version: bool,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check policies before they are deployed: what AWS will refuse, or will never match
    Check(CheckArgs),
    /// Run case files as tests: cases with `expect` pass or fail
    Test(TestArgs),
    /// List the rules, or explain one
    Rules(RulesArgs),
    /// Say what files of facts prove, and with --role what is missing
    Facts(FactsArgs),
    /// Run a command as it is, and explain the denial if it prints one
    Run(RunArgs),
    /// Say what CloudTrail saw denied, most often first, and why
    Trail(TrailArgs),
    /// Print the least policy that lets somebody read what a diagnosis of AWS itself needs
    Permissions(PermissionsArgs),
    /// Say whose the current credentials are, where they come from, and when they end
    #[cfg(feature = "live")]
    Whoami(WhoamiArgs),
    /// Write what AWS says to files, so that the same question can be answered offline
    #[cfg(feature = "live")]
    Collect(CollectArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Options of `trail`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 nothing was denied, 1 something was, 2 something could not be read.\n\
    Example: why-denied trail AWSLogs/ --facts account.json --since 7d"
)]
pub struct TrailArgs {
    /// Files or folders of CloudTrail: as it puts them into S3, the output of `aws cloudtrail
    /// lookup-events`, results of Athena or CloudTrail Lake, packed with gzip or not; `-` is stdin
    #[arg(required_unless_present = "sql", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Files or folders of facts, by which each group is diagnosed; repeatable
    #[arg(long, value_name = "PATH")]
    pub facts: Vec<PathBuf>,
    /// Only what was denied at or after this: `2026-11-23T10:00:00Z`, `2026-11-23`, `24h`, `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was denied before this
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only what was denied to this role or user: its ARN or name, `*` stands for anything; repeatable
    #[arg(long, value_name = "NAME")]
    pub principal: Vec<String>,
    /// Only this action, such as `s3:GetObject` or `kms:*`; repeatable
    #[arg(long, value_name = "ACTION")]
    pub action: Vec<String>,
    /// Show so many groups. Default: 10, and all of them in JSON
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = TrailFormat::Human)]
    pub format: TrailFormat,
    /// Print the query that takes the denials out of a trail too large to read here, with the filters
    /// above. `trail` reads its result. For DuckDB, PATH is where the files are. Default: AWSLogs
    #[arg(long, value_name = "DIALECT", value_enum, conflicts_with_all = ["facts", "top", "format"])]
    pub sql: Option<SqlDialect>,
    /// The table in Athena, cloudtrail_logs by default, or the id of the event data store of CloudTrail
    /// Lake
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub table: Option<String>,
}

/// Whose SQL is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SqlDialect {
    /// Amazon Athena.
    Athena,
    /// CloudTrail Lake.
    Lake,
    /// DuckDB.
    Duckdb,
}

/// Formats of `trail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrailFormat {
    /// For people.
    Human,
    /// For scripts.
    Json,
    /// For a page or a ticket.
    Markdown,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Options of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 nothing found, 1 findings as severe as --fail-on, 2 could not run.\n\
    Example: why-denied check policies/"
)]
pub struct CheckArgs {
    /// Files and folders; `-` is stdin. Folders are walked, and .gitignore is respected
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A value for a parameter of a template or a variable of Terraform; or a file of them; repeatable
    #[arg(long, value_name = "KEY=VALUE|FILE", help_heading = "Files")]
    pub parameters: Vec<String>,
    /// Files or folders of facts: the other side of what the repository grants; repeatable
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub facts: Vec<PathBuf>,
    /// Say what changed in access since this: a folder of the same files, or a revision of git
    #[arg(long, value_name = "REV|DIR", help_heading = "Files")]
    pub against: Option<String>,
    /// In folders, look at files that match this glob alone; repeatable
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub include: Vec<String>,
    /// In folders, pass over files that match this glob; repeatable
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub exclude: Vec<String>,
    /// Rules or groups that apply, in place of the default ones: `never-works`, `handshake`, `too-open`, `all`
    #[arg(long, value_name = "RULE", help_heading = "Rules")]
    pub select: Vec<String>,
    /// Rules or groups that apply besides
    #[arg(long, value_name = "RULE", help_heading = "Rules")]
    pub extend_select: Vec<String>,
    /// Rules or groups that do not apply
    #[arg(long, value_name = "RULE", help_heading = "Rules")]
    pub ignore: Vec<String>,
    /// `RULE=LEVEL` gives a rule or group another severity; a LEVEL alone leaves out what is less severe
    #[arg(long, value_name = "RULE=LEVEL", help_heading = "Rules")]
    pub severity: Vec<String>,
    /// The configuration. Default: `why-denied.toml` in this folder or one above it
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Look for no configuration
    #[arg(long)]
    pub isolated: bool,
    /// Findings in this file are marked as old, and do not count
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write all that is found to a baseline, and end with 0
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// The least severity that makes the check fail
    #[arg(long, value_enum, default_value_t = SeverityArg::Error, value_name = "LEVEL")]
    pub fail_on: SeverityArg,
    /// End with 0 whatever is found
    #[arg(long)]
    pub exit_zero: bool,
    /// Say how many findings there are of each rule, in place of the findings
    #[arg(long)]
    pub statistics: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = CheckFormatArg::Human, value_name = "FORMAT")]
    pub format: CheckFormatArg,
}

/// Formats of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormatArg {
    /// For people.
    Human,
    /// A line for each finding.
    Concise,
    /// For scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// For CI servers.
    Junit,
    /// For the summary of a job.
    Markdown,
}

/// Severities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// AWS refuses it, or it never applies.
    Error,
    /// Part of it has no effect.
    Warning,
    /// Worth knowing.
    Note,
}

/// Options of `run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: that of the command; 127 if it is not found, 126 if it cannot be run.\n\
    Example: why-denied run --facts account.json -- terraform apply"
)]
pub struct RunArgs {
    /// Files or folders of facts, for the whole diagnosis; repeatable
    #[arg(long, value_name = "PATH")]
    pub facts: Vec<PathBuf>,
    /// Who calls, where the error does not say. Default: as for a diagnosis
    #[arg(long, value_name = "ARN")]
    pub caller: Option<String>,
    /// How to print the diagnosis; `json` wants --output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Ask AWS for what the facts lack, about a denial
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "AWS")]
    pub live: bool,
    /// The profile to ask with [default: as the AWS CLI]
    #[cfg(feature = "live")]
    #[arg(long, value_name = "NAME", help_heading = "AWS", requires = "live")]
    pub profile: Option<String>,
    /// How AWS is asked
    #[cfg(feature = "live")]
    #[command(flatten)]
    pub reach: ReachArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

/// Options of `permissions`.
#[derive(Debug, Args)]
pub struct PermissionsArgs {
    /// Whose permissions: that side's policy alone is printed
    #[arg(value_enum)]
    pub side: Option<SideArg>,
    /// The account that the policy is for [default: any]
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Whose permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SideArg {
    /// Whoever was denied.
    Caller,
    /// The role's account.
    Role,
    /// The account of another resource.
    Resource,
    /// The organization.
    Organization,
    /// What AWS recorded.
    Evidence,
    /// The denied call itself.
    Probe,
}

impl From<SideArg> for Side {
    fn from(side: SideArg) -> Self {
        match side {
            SideArg::Caller => Self::Caller,
            SideArg::Role => Self::Role,
            SideArg::Resource => Self::Resource,
            SideArg::Organization => Self::Organization,
            SideArg::Evidence => Self::Evidence,
            SideArg::Probe => Self::Probe,
        }
    }
}

/// With which credentials AWS is asked, and how long.
#[cfg(feature = "live")]
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "AWS")]
pub struct LiveArgs {
    /// Ask AWS for what the facts lack. Default: only for --role and --action with neither facts, policy
    /// files nor evidence
    #[arg(long, conflicts_with_all = ["offline", "case"])]
    pub live: bool,
    /// The profile that reads the account of the role or resource
    #[arg(long, value_name = "NAME")]
    pub role_profile: Option<String>,
    /// The profile that reads the organization: its management account or a delegated one
    #[arg(long, value_name = "NAME")]
    pub org_profile: Option<String>,
    /// How AWS is asked
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Really try the denied AssumeRole, for the shortest time, and compare
    #[arg(long, conflicts_with = "offline", requires = "role")]
    pub probe: bool,
    /// Diagnose what AWS recorded under the authorization id of a denial, in the Region of the call
    #[arg(long, value_name = "ID", conflicts_with_all = ["offline", "evidence", "role", "case", "token", "saml", "via", "aws_config", "recent"])]
    pub authorization_id: Option<String>,
    /// Diagnose the caller's last denial of that action, or of any, as CloudTrail recorded it in the last
    /// 24 hours
    #[arg(long, conflicts_with_all = ["offline", "evidence", "case", "token", "saml", "via", "aws_config", "probe"])]
    pub recent: bool,
    /// How far back --recent looks: `7d`, `36h`, `90m`; CloudTrail's event history goes back 90 days
    #[arg(long, value_name = "TIME", requires = "recent")]
    pub since: Option<String>,
}

/// How AWS is asked.
#[cfg(feature = "live")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "AWS")]
pub struct ReachArgs {
    /// The Region to ask in [default: as the AWS CLI]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Another address than AWS's, for all calls
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// How long all calls may take together
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
}

#[cfg(feature = "live")]
impl ReachArgs {
    /// Whether anything was said.
    pub fn is_given(&self) -> bool {
        self.region.is_some()
            || self.endpoint_url.is_some()
            || self.timeout != Self::default().timeout
    }
}

#[cfg(feature = "live")]
impl Default for ReachArgs {
    fn default() -> Self {
        Self { region: None, endpoint_url: None, timeout: 30 }
    }
}

/// Options of `whoami`.
#[cfg(feature = "live")]
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 known, 1 AWS refuses the credentials or they have ended, 2 AWS could not be asked."
)]
pub struct WhoamiArgs {
    /// The profile to look at [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// How AWS is asked
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Options of `collect`.
#[cfg(feature = "live")]
#[derive(Debug, Args)]
#[command(after_help = "Nothing is written over: the folder has to be new.\n\
    Example: why-denied collect denied/ --role arn:aws:iam::111122223333:role/deploy")]
pub struct CollectArgs {
    /// The folder to write to
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The role that could not be assumed
    #[arg(long, value_name = "ARN", conflicts_with_all = ["action", "resource"])]
    pub role: Option<String>,
    /// The denied action
    #[arg(long, value_name = "ACTION", requires = "resource")]
    pub action: Option<String>,
    /// The ARN it was denied on
    #[arg(long, value_name = "ARN", requires = "action")]
    pub resource: Option<String>,
    /// Who asked [default: the current identity]
    #[arg(long, value_name = "ARN")]
    pub caller: Option<String>,
    /// ExternalId, as passed to assume-role; it is kept in the case file
    #[arg(long, value_name = "ID", requires = "role")]
    pub external_id: Option<String>,
    /// RoleSessionName; it is kept in the case file
    #[arg(long, value_name = "NAME", requires = "role")]
    pub session_name: Option<String>,
    /// A condition key of the request, kept in the case file; a repeated key is multi-valued, and `KEY=`
    /// is known to be absent
    #[arg(long, value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// Everything of the current account
    #[arg(long)]
    pub account: bool,
    /// The profile to ask with [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The profile that reads the account of the role or resource
    #[arg(long, value_name = "NAME")]
    pub role_profile: Option<String>,
    /// The profile that reads the organization: its management account or a delegated one
    #[arg(long, value_name = "NAME")]
    pub org_profile: Option<String>,
    /// How AWS is asked
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Options of `facts`.
#[derive(Debug, Args)]
pub struct FactsArgs {
    /// Files or folders of facts
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A value for a parameter of a template or a variable of Terraform; or a file of them; repeatable
    #[arg(long, value_name = "KEY=VALUE|FILE")]
    pub parameters: Vec<String>,
    /// Say what is missing to answer for this role; a bare name is looked up in the caller's account
    #[arg(long, value_name = "ARN")]
    pub role: Option<String>,
    /// Who would assume it. Default: the identity in the facts, or the only principal there
    #[arg(long, value_name = "ARN", requires = "role")]
    pub caller: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Options of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Case files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
}

/// Formats of `test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people.
    Human,
    /// For scripts.
    Json,
    /// For CI systems.
    Junit,
}

/// Options of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// The rule to explain
    pub id: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Formats of a diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For scripts.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the result goes, and how it looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Write the result to a file
    #[arg(long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Say no warnings on stderr
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: files that were passed over, tests that passed
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Mask accounts, names and ids, the same way everywhere, so that the answer can be posted
    #[arg(long, global = true)]
    pub redact: bool,
}

/// What to diagnose.
#[derive(Clone, Debug, Default, Args)]
pub struct DiagnoseArgs {
    /// What AWS said: an error text, a file that holds one, such as a log, or `-` for stdin
    #[arg(value_name = "EVIDENCE", conflicts_with_all = ["role", "case", "token", "saml"])]
    pub evidence: Vec<String>,
    /// The role that could not be assumed: short for --action sts:AssumeRole --resource ARN.
    /// A bare name is looked up in the caller's account
    #[arg(long, value_name = "ARN", help_heading = "Request", conflicts_with_all = ["action", "resource", "case"])]
    pub role: Option<String>,
    /// The denied action, such as s3:GetObject; repeatable
    #[arg(long, value_name = "ACTION", help_heading = "Request", conflicts_with = "case")]
    pub action: Vec<String>,
    /// The ARN it was denied on, or `*` for an action that takes no resource; repeatable
    #[arg(long, value_name = "ARN", help_heading = "Request", conflicts_with = "case")]
    pub resource: Vec<String>,
    /// Who asked, as `aws sts get-caller-identity` prints it; a service principal, or `anonymous`.
    /// Default: the identity in the facts, or the only principal there
    #[arg(long, value_name = "ARN", help_heading = "Request", conflicts_with = "case")]
    pub caller: Option<String>,
    /// A role that is assumed on the way to --role or --action; repeatable, in order
    #[arg(long, value_name = "ARN", help_heading = "Request", conflicts_with_all = ["case", "token", "saml"])]
    pub via: Vec<String>,
    /// A config file of the AWS CLI: the roles that its --profile assumes come before --via and --role
    #[arg(long, value_name = "FILE", help_heading = "Request", requires = "profile", conflicts_with_all = ["case", "token", "saml"])]
    pub aws_config: Option<PathBuf>,
    /// The profile of --aws-config
    #[arg(long, value_name = "NAME", help_heading = "Request")]
    #[cfg_attr(not(feature = "live"), arg(requires = "aws_config"))]
    pub profile: Option<String>,
    /// AWS denied this all the same: say what to check where the answer is `allowed`
    #[arg(long, help_heading = "Request")]
    pub but_denied: bool,
    /// A condition key of the request; a repeated key is multi-valued, and `KEY=` is known to be absent
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Request", conflicts_with = "case")]
    pub context: Vec<String>,
    /// The moment of the request, such as 2026-11-23T10:00:00Z [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Request")]
    pub time: Option<String>,
    /// The caller's public address
    #[arg(long, value_name = "ADDRESS", help_heading = "Request", conflicts_with = "case")]
    pub source_ip: Option<String>,

    /// ExternalId, as passed to assume-role
    #[arg(
        long,
        value_name = "ID",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case"
    )]
    pub external_id: Option<String>,
    /// RoleSessionName
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case"
    )]
    pub session_name: Option<String>,
    /// A session tag; repeatable
    #[arg(
        long,
        value_name = "KEY=VALUE",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case"
    )]
    pub tag: Vec<String>,
    /// The key of a transitive session tag; repeatable
    #[arg(
        long,
        value_name = "KEY",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case"
    )]
    pub transitive_tag: Vec<String>,
    /// SourceIdentity
    #[arg(
        long,
        value_name = "ID",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case"
    )]
    pub source_identity: Option<String>,
    /// DurationSeconds
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "AssumeRole parameters",
        conflicts_with = "case",
        allow_negative_numbers = true
    )]
    pub duration: Option<i64>,
    /// The call passes an MFA code, or its credentials carry MFA
    #[arg(long, help_heading = "AssumeRole parameters", conflicts_with = "case")]
    pub mfa: bool,

    /// The OpenID Connect token that was presented, as a file; or the answer of the token endpoint, or
    /// the decoded claims. Asks for sts:AssumeRoleWithWebIdentity; the token is never kept or shown
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "AssumeRole parameters",
        conflicts_with_all = ["caller", "external_id", "source_identity", "tag", "transitive_tag", "mfa", "case", "saml"]
    )]
    pub token: Option<PathBuf>,
    /// The SAML response or assertion that was presented, as base64 or XML. Asks for
    /// sts:AssumeRoleWithSAML; the assertion is never kept or shown
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "AssumeRole parameters",
        conflicts_with_all = ["caller", "external_id", "session_name", "source_identity", "tag", "transitive_tag", "mfa", "case"]
    )]
    pub saml: Option<PathBuf>,

    /// Files or folders of facts: policies, and what the AWS CLI prints about IAM; repeatable
    #[arg(long, value_name = "PATH", help_heading = "Facts", conflicts_with = "case")]
    pub facts: Vec<PathBuf>,
    /// A value for a parameter of a template or a variable of Terraform; or a file of them; repeatable
    #[arg(long, value_name = "KEY=VALUE|FILE", help_heading = "Facts", conflicts_with = "case")]
    pub parameters: Vec<String>,
    /// The role's trust policy
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub trust_policy: Vec<String>,
    /// An identity-based policy of the caller; repeatable
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub identity_policy: Vec<String>,
    /// The caller's permissions boundary
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub boundary: Vec<String>,
    /// The policy passed when the caller's session was made; repeatable
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub session_policy: Vec<String>,
    /// A service control policy on a level of the organization, 0 being its root; repeatable
    #[arg(long, value_name = "[LEVEL=]FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub scp: Vec<String>,
    /// A resource control policy, likewise
    #[arg(long, value_name = "[LEVEL=]FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub rcp: Vec<String>,
    /// The resource's own policy
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub resource_policy: Vec<String>,
    /// The policy of the VPC endpoint that the request went through
    #[arg(long, value_name = "FILE|none", help_heading = "Facts", conflicts_with = "case")]
    pub endpoint_policy: Vec<String>,
    /// Never touch the network
    #[arg(long, help_heading = "AWS")]
    pub offline: bool,
    /// Asking AWS
    #[cfg(feature = "live")]
    #[command(flatten)]
    pub live: LiveArgs,

    /// Diagnose the requests of a case file
    #[arg(long, value_name = "FILE", help_heading = "Facts")]
    pub case: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Output")]
    pub format: Format,
}
