//! The catalogue of forms: what AWS, its SDKs and the tools around them write, as data.
//!
//! | file beside this one | its forms |
//! |---|---|
//! | `heads.txt` | begin an error: the tool's own words before the service's |
//! | `denials.txt` | tell of a denial |
//! | `credentials.txt` | tell of credentials that are expired, not accepted or not found |
//! | `others.txt` | tell of signatures and Regions, or only look like a denial |
//! | `fields.txt` | carry fields only: a code, an operation, a request id |
//! | `signs.txt` | show which service it is about |
//! | `pages.txt` | no forms: short names for pages that several forms have |
//!
//! A form is two lines: its name, its role, the class of error, the service that it belongs to (`-` for
//! none), and where it is described, as a name of `pages.txt` or an address; then, moved to the right, its
//! pattern. What no page describes names the program that prints it. Where two forms match the same words,
//! the first of the catalogue counts.
//!
//! A blank in a pattern stands for any run of blanks and line ends (a last one is written `[\x20\n]+`, since
//! editors take blanks away); the groups `code`, `op`, `svc`, `id`, `res`, `act`, `prin`, `auth` and `blob`
//! name the fields.

mod needs;
mod search;

use std::sync::LazyLock;

use super::ErrorClass;

pub(super) use search::{LONG, compile, possible};

/// What a form does for the error that it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Begins an error: the tool's own words before the service's.
    Head,
    /// Says what went wrong.
    Text,
    /// Says what went wrong around it; anything more exact takes its place.
    Wrapper,
    /// Carries fields only.
    Part,
    /// Shows which service it is about, for want of something better.
    Hint,
    /// Names a service by the way, which counts where nothing else does.
    Trace,
}

impl Role {
    /// The role that the catalogue names so.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "head" => Self::Head,
            "text" => Self::Text,
            "wrapper" => Self::Wrapper,
            "part" => Self::Part,
            "hint" => Self::Hint,
            "trace" => Self::Trace,
            _ => return None,
        })
    }
}

/// One form.
pub(super) struct Form {
    pub(super) id: &'static str,
    pub(super) role: Role,
    pub(super) class: Option<ErrorClass>,
    /// The service, where the form belongs to one.
    pub(super) service: Option<&'static str>,
    pub(super) pattern: &'static str,
    /// Where it is described; what no page describes, by whom it is printed.
    pub(super) see: &'static str,
}

static TEXTS: [&str; 6] = [
    include_str!("heads.txt"),
    include_str!("denials.txt"),
    include_str!("credentials.txt"),
    include_str!("others.txt"),
    include_str!("fields.txt"),
    include_str!("signs.txt"),
];
static PAGES: &str = include_str!("pages.txt");

/// Every form but the sentence of `sentence`.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms = TEXTS.into_iter().flat_map(|text| {
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        std::iter::from_fn(move || Some(form(lines.next()?, lines.next()?.trim_start())))
    });
    forms.flatten().collect()
});

/// The form of one entry; `None` if it is written in another way.
fn form(head: &'static str, pattern: &'static str) -> Option<Form> {
    let mut words = head.split(' ');
    let id = words.next()?;
    let role = Role::of(words.next()?)?;
    let class = match words.next()? {
        "-" => None,
        class => Some(ErrorClass::of(class)?),
    };
    let service = Some(words.next()?).filter(|service| *service != "-");
    let page = words.next()?;
    let see = if page.starts_with("https://") { page } else { named_page(page)? };
    Some(Form { id, role, class, service, pattern, see })
}

fn named_page(name: &str) -> Option<&'static str> {
    PAGES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// Where a form is described.
pub(super) fn page(id: &str) -> &'static str {
    let own = FORMS.iter().find(|form| form.id == id).map(|form| form.see);
    let name = if id == "sentence" { "denied" } else { "common" };
    own.or_else(|| named_page(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_catalogue_is_a_form_that_compiles_and_names_its_page() {
        let lines = TEXTS.iter().flat_map(|text| text.lines());
        let entries = lines.filter(|line| line.starts_with([' ', '\t'])).count();
        assert_eq!(FORMS.len(), entries);
        for form in FORMS.iter() {
            assert!(compile(form.pattern).is_some(), "{}", form.id);
            assert_eq!(form.pattern.trim(), form.pattern, "{}", form.id);
            assert!(form.see.starts_with("https://"), "{}", form.id);
            assert_eq!(FORMS.iter().filter(|other| other.id == form.id).count(), 1, "{}", form.id);
        }
    }
}
