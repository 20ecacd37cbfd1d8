//! The AWS CLI's config file: which role a profile assumes, and with whose credentials.
//!
//! Pure. Only the settings that say so are kept; every other value is blanked before the text
//! becomes a source, so that no excerpt can show a key.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>

use std::ops::Range;

use crate::text::{SourceId, Span, Spanned};

use super::InputError;
use super::suggest::nearest;

/// The settings that are kept.
const KEPT: [&str; 8] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "external_id",
    "mfa_serial",
    "duration_seconds",
    "role_session_name",
    "web_identity_token_file",
];

/// How many roles one profile may lead through.
const MOST_HOPS: usize = 16;

/// A profile, with those of its settings that say how it gets its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: Spanned<String>,
    settings: Vec<(&'static str, Spanned<String>)>,
}

impl Profile {
    /// The value of a setting; the last one counts, as for the AWS CLI.
    pub fn get(&self, setting: &str) -> Option<&Spanned<String>> {
        self.settings.iter().rev().find(|(name, _)| *name == setting).map(|(_, value)| value)
    }
}

/// A setting of a config file.
struct Setting<'t> {
    name: &'t str,
    value: Range<usize>,
}

/// What a line says.
enum Line<'t> {
    /// `[profile name]`: where the name stands.
    Profile(Range<usize>),
    /// Another section.
    Section,
    Setting(Setting<'t>),
    Nothing,
}

fn line(text: &str, start: usize, end: usize) -> Line<'_> {
    let whole = text.get(start..end).unwrap_or("");
    // An indented line belongs to the setting above it.
    if whole.starts_with([' ', '\t', '#', ';']) || whole.trim().is_empty() {
        return Line::Nothing;
    }
    if let Some(inner) = whole.strip_prefix('[') {
        let inner = inner.split(']').next().unwrap_or(inner);
        let name = match inner.trim() {
            "default" => "default",
            other => {
                match other.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])) {
                    Some(name) => name.trim().trim_matches(['"', '\'']),
                    None => return Line::Section,
                }
            }
        };
        let at = start + whole.find(name).unwrap_or(0);
        return Line::Profile(at..at + name.len());
    }
    let Some((name, value)) = whole.split_once('=') else { return Line::Nothing };
    // A comment behind a value starts with a space.
    let comment =
        value.find(" #").into_iter().chain(value.find(" ;")).chain(value.find("\t#")).min();
    let value = value.get(..comment.unwrap_or(value.len())).unwrap_or(value);
    let from = start + name.len() + 1 + (value.len() - value.trim_start().len());
    Line::Setting(Setting { name: name.trim(), value: from..from + value.trim().len() })
}

fn lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = (start, start + line.trim_end_matches(['\n', '\r']).len());
        start += line.len();
        range
    })
}

/// The text with every value blanked that is none of those kept. Lengths stay, so places stay.
pub fn without_secrets(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (start, end) in lines(text) {
        let blank = match line(text, start, end) {
            Line::Setting(setting) if KEPT.contains(&setting.name) => continue,
            // What follows the sign, with any comment.
            Line::Setting(setting) => setting.value.start..end,
            Line::Profile(_) | Line::Section => continue,
            Line::Nothing => start..end,
        };
        for byte in bytes.get_mut(blank).unwrap_or_default() {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    // INVARIANT: whole values were replaced by ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The profiles of a config file.
pub fn read(text: &str, source: SourceId) -> Vec<Profile> {
    let span = |range: &Range<usize>| {
        let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { source, start: to_u32(range.start), end: to_u32(range.end) }
    };
    let spanned = |range: Range<usize>| Spanned {
        value: text.get(range.clone()).unwrap_or("").to_owned(),
        span: span(&range),
    };
    let mut profiles: Vec<Profile> = Vec::new();
    let mut in_profile = false;
    for (start, end) in lines(text) {
        match line(text, start, end) {
            Line::Profile(range) => {
                in_profile = true;
                profiles.push(Profile { name: spanned(range), settings: Vec::new() });
            }
            Line::Section => in_profile = false,
            Line::Setting(setting) if in_profile => {
                let kept = KEPT.iter().find(|kept| **kept == setting.name);
                if let Some((kept, profile)) = kept.zip(profiles.last_mut()) {
                    profile.settings.push((*kept, spanned(setting.value)));
                }
            }
            Line::Setting(_) | Line::Nothing => {}
        }
    }
    profiles
}

/// The profiles that `name` leads through and that assume a role, the first one first.
///
/// # Errors
/// If a profile is not there, one leads back to itself, or none assumes a role.
pub fn chain<'p>(profiles: &'p [Profile], name: &str) -> Result<Vec<&'p Profile>, InputError> {
    let find = |name: &str| profiles.iter().rev().find(|profile| profile.name.value == name);
    let missing = |name: &str, span: Option<Span>| {
        let known: Vec<_> = profiles.iter().map(|profile| profile.name.value.as_str()).collect();
        let message = format!("there is no profile `{name}`");
        let error = match span.or_else(|| profiles.first().map(|profile| profile.name.span)) {
            Some(span) => InputError::at(span, message),
            None => InputError::of(std::path::Path::new(""), message),
        };
        let help = match nearest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the file has {}", list(&known)),
        };
        error
            .label(if span.is_some() { "names no profile" } else { "the profiles start here" })
            .help(help)
    };
    let mut found: Vec<&Profile> = Vec::new();
    let mut at = find(name).ok_or_else(|| missing(name, None))?;
    while let Some(role) = at.get("role_arn") {
        if found.iter().any(|other| std::ptr::eq(*other, at)) || found.len() == MOST_HOPS {
            let name = &at.name.value;
            let error =
                InputError::at(at.name.span, format!("profile `{name}` leads back to itself"));
            return Err(error
                .label("comes round again")
                .help("let one `source_profile` name a profile with credentials of its own"));
        }
        if role.value.is_empty() {
            return Err(
                InputError::at(role.span, "`role_arn` is empty").help("write the ARN of the role")
            );
        }
        found.push(at);
        match at.get("source_profile") {
            // Its own name stands for the credentials in the profile itself.
            Some(source) if source.value == at.name.value => break,
            Some(source) => {
                at =
                    find(&source.value).ok_or_else(|| missing(&source.value, Some(source.span)))?;
            }
            None => break,
        }
    }
    if found.is_empty() {
        let error =
            InputError::at(at.name.span, format!("profile `{}` assumes no role", at.name.value));
        return Err(error
            .label("has no `role_arn`")
            .help("name a profile with `role_arn`, or the role with `--role`"));
    }
    found.reverse();
    Ok(found)
}

fn list(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    if shown.is_empty() { "no profile".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::SourceMap;

    const CONFIG: &str = "\
[default]
region = eu-west-1
[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key=wJalrXUtnFEMI/EXAMPLEKEY
[sso-session corp]
role_arn = arn:aws:iam::111122223333:role/not-a-profile
[profile hub]
role_arn = arn:aws:iam::111122223333:role/hub ; the hub
source_profile = base
s3 =
  role_arn = nested
[profile \"deploy\"]
# assumed from the hub
role_arn=arn:aws:iam::444455556666:role/deploy
source_profile=hub
external_id = a#1
duration_seconds = 7200
[profile loop]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = loop2
[profile loop2]
role_arn = arn:aws:iam::111122223333:role/y
source_profile = loop
[profile self]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = self
[profile lost]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = bse
";

    fn profiles() -> Vec<Profile> {
        let mut sources = SourceMap::default();
        let id = sources.add_given("config", CONFIG);
        read(CONFIG, id)
    }

    fn roles(name: &str) -> Result<Vec<String>, String> {
        let profiles = profiles();
        let chain = chain(&profiles, name)
            .map_err(|error| format!("{error}; {}", error.help.as_ref().unwrap()))?;
        Ok(chain.iter().map(|profile| profile.get("role_arn").unwrap().value.clone()).collect())
    }

    #[test]
    fn a_profile_leads_through_others() {
        let hub = "arn:aws:iam::111122223333:role/hub".to_owned();
        assert_eq!(roles("hub"), Ok(vec![hub.clone()]));
        assert_eq!(
            roles("deploy"),
            Ok(vec![hub, "arn:aws:iam::444455556666:role/deploy".to_owned()])
        );
        assert_eq!(roles("self"), Ok(vec!["arn:aws:iam::111122223333:role/x".to_owned()]));
        let profiles = profiles();
        let deploy = profiles.iter().find(|profile| profile.name.value == "deploy").unwrap();
        assert_eq!(deploy.get("external_id").unwrap().value, "a#1");
    }

    #[test]
    fn what_cannot_work_is_said() {
        assert!(roles("loop").unwrap_err().starts_with("profile `loop` leads back to itself"));
        assert_eq!(roles("lost").unwrap_err(), "there is no profile `bse`; did you mean `base`?");
        assert_eq!(
            roles("depoy").unwrap_err(),
            "there is no profile `depoy`; did you mean `deploy`?"
        );
        assert!(roles("base").unwrap_err().starts_with("profile `base` assumes no role"));
    }

    #[test]
    fn no_secret_stays() {
        let text = without_secrets(CONFIG);
        assert_eq!(text.len(), CONFIG.len());
        for secret in ["AKIA", "wJalr", "eu-west-1", "the hub", "nested"] {
            let kept = secret == "the hub";
            assert_eq!(text.contains(secret), kept, "{secret}");
        }
        let mut sources = SourceMap::default();
        let id = sources.add_given("config", text.clone());
        assert_eq!(read(&text, id).len(), profiles().len());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "(\\[(profile )?[a-c]\\]\n|[a-z_]{0,12} ?= ?\\PC{0,6}\n|\\PC{0,12}\n){0,12}") {
            let mut sources = SourceMap::default();
            let blank = without_secrets(&text);
            prop_assert_eq!(blank.len(), text.len());
            let id = sources.add_given("config", text.clone());
            let profiles = read(&text, id);
            for profile in &profiles {
                prop_assert_eq!(sources.slice(profile.name.span), &profile.name.value);
                let _ = chain(&profiles, &profile.name.value);
            }
        }
    }
}
