//! A SAML response or assertion, decoded.
//!
//! The reader resolves no entity but the five that XML has and numbered characters, refuses a
//! document type, and looks no deeper than [`DEEPEST`].

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::{TokenError, keys, standard, text, url_safe};

/// How deep elements may be nested.
pub const DEEPEST: usize = 64;

const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// What an assertion says, as far as it matters to AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assertion {
    /// The length of the encoded response.
    pub size: usize,
    /// Whether the assertion is encrypted, so that nothing else is known.
    pub encrypted: bool,
    /// The identity provider's entity id.
    pub issuer: Option<String>,
    /// For whom it is.
    pub audiences: Vec<String>,
    /// Where it is to be delivered.
    pub recipients: Vec<String>,
    /// When it was issued.
    pub issued: Option<String>,
    /// From when on it holds.
    pub not_before: Option<String>,
    /// The earliest moment from which on it does not hold.
    pub not_on_or_after: Option<String>,
    /// The subject.
    pub name_id: Option<String>,
    /// The subject's format.
    pub name_format: Option<String>,
    /// The values of the `Role` attribute.
    pub roles: Vec<String>,
    /// The attribute that holds pairs of ARNs and has another name than `Role` has to have.
    pub misnamed: Option<String>,
    /// `RoleSessionName`.
    pub session_name: Option<String>,
    /// `SessionDuration`.
    pub duration: Option<String>,
    /// `SourceIdentity`.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of transitive session tags.
    pub transitive: Vec<String>,
    /// Condition keys made of other attributes.
    pub keys: Vec<(&'static str, Vec<String>)>,
}

/// Reads a response or assertion, as XML, as base64, or as the form field `SAMLResponse`.
///
/// # Errors
/// If the bytes are none of these.
pub fn read(bytes: &[u8]) -> Result<Assertion, TokenError> {
    let text = text(bytes, "SAML response")?;
    let (xml, size) = decoded(text)?;
    let mut assertion = parse(&xml)?;
    assertion.size = size;
    Ok(assertion)
}

fn no_saml(message: &str) -> TokenError {
    TokenError::new(
        message,
        "pass the value of the form field `SAMLResponse` that the browser posts to AWS, as base64 or as XML",
    )
}

/// The XML, and the length of its base64.
fn decoded(text: &str) -> Result<(String, usize), TokenError> {
    if text.starts_with('<') {
        return Ok((text.to_owned(), text.len().div_ceil(3) * 4));
    }
    let field = text.split('&').find_map(|field| field.trim().strip_prefix("SAMLResponse="));
    let text = field.unwrap_or(text).trim_matches(['"', '\'']);
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.matches('.').count() == 2 {
        return Err(TokenError::new(
            "this looks like a token of an OpenID Connect provider, not like a SAML response",
            "pass it with `--token FILE`",
        ));
    }
    let bytes = standard(&text)
        .or_else(|| url_safe(&text))
        .ok_or_else(|| no_saml("the file is neither XML nor base64"))?;
    match String::from_utf8(bytes) {
        Ok(xml) if xml.trim_start_matches('\u{FEFF}').trim_start().starts_with('<') => {
            Ok((xml, text.len()))
        }
        _ => Err(TokenError::new(
            "what the base64 holds is no XML; a compressed message is a request, not a response",
            "pass the value of the form field `SAMLResponse`, not that of `SAMLRequest`",
        )),
    }
}

/// Where the reader stands.
#[derive(Default)]
struct State {
    /// Local names of the open elements.
    path: Vec<String>,
    /// The text of the innermost element.
    text: String,
    /// The name of the open attribute, and its values.
    attribute: Option<(String, Vec<String>)>,
    status: Option<String>,
    seen: BTreeSet<&'static str>,
    found: Assertion,
}

fn parse(xml: &str) -> Result<Assertion, TokenError> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{FEFF}'));
    reader.config_mut().check_end_names = true;
    let mut state = State::default();
    loop {
        let place = reader.buffer_position();
        let event = reader.read_event().map_err(|_| broken(place))?;
        match event {
            Event::Start(element) => {
                if state.path.len() >= DEEPEST {
                    return Err(no_saml("elements are nested deeper than in any SAML response"));
                }
                state.open(&element).ok_or_else(|| broken(place))?;
            }
            Event::Empty(element) => {
                state.open(&element).ok_or_else(|| broken(place))?;
                state.close();
            }
            Event::End(_) => state.close(),
            Event::Text(text) => {
                state.text.push_str(&text.decode().map_err(|_| broken(place))?);
            }
            Event::CData(text) => {
                state.text.push_str(&text.decode().map_err(|_| broken(place))?);
            }
            Event::GeneralRef(entity) => {
                let c = match entity.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => named(&entity),
                    Err(_) => None,
                };
                state.text.push(c.ok_or_else(|| broken(place))?);
            }
            Event::DocType(_) => {
                return Err(no_saml("a SAML response has no document type declaration"));
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !state.path.is_empty() {
        return Err(no_saml("the XML ends before its elements are closed"));
    }
    state.finish()
}

fn broken(place: u64) -> TokenError {
    no_saml(&format!("the XML is not well-formed near byte {place}"))
}

/// The entities that XML has by itself.
fn named(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => None,
    }
}

impl State {
    fn open(&mut self, element: &BytesStart<'_>) -> Option<()> {
        let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
        self.text.clear();
        let mut attributes = Vec::new();
        // Looking for repeated attributes takes the square of their number.
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
            attributes.push((attribute.key.local_name().as_ref().to_vec(), value));
        }
        let get = |name: &str| {
            let found = attributes.iter().find(|(key, _)| key == name.as_bytes());
            found.map(|(_, value)| value.clone())
        };
        let found = &mut self.found;
        match name.as_str() {
            "EncryptedAssertion" => {
                self.seen.insert("assertion");
                found.encrypted = true;
            }
            "Response" => {
                self.seen.insert("response");
            }
            "Assertion" => {
                self.seen.insert("assertion");
                found.issued = get("IssueInstant").or(found.issued.take());
            }
            "StatusCode" if self.status.is_none() => self.status = get("Value"),
            "SubjectConfirmationData" => {
                found.recipients.extend(get("Recipient"));
                earliest(&mut found.not_on_or_after, get("NotOnOrAfter"));
            }
            "Conditions" => {
                found.not_before = get("NotBefore").or(found.not_before.take());
                earliest(&mut found.not_on_or_after, get("NotOnOrAfter"));
            }
            "NameID" => found.name_format = get("Format"),
            "Attribute" => self.attribute = Some((get("Name").unwrap_or_default(), Vec::new())),
            _ => {}
        }
        self.path.push(name);
        Some(())
    }

    fn close(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let inside = self.path.last().map(String::as_str);
        match (name.as_str(), inside) {
            ("Issuer", Some("Assertion")) | ("Issuer", None) => self.found.issuer = Some(text),
            ("Issuer", Some("Response")) => {
                self.found.issuer = self.found.issuer.take().or(Some(text))
            }
            ("Audience", _) => self.found.audiences.push(text),
            ("NameID", Some("Subject")) => self.found.name_id = Some(text),
            ("AttributeValue", _) => {
                if let Some((_, values)) = &mut self.attribute {
                    values.push(text);
                }
            }
            ("Attribute", _) => self.attribute(),
            _ => {}
        }
    }

    /// Takes down what an attribute means to AWS.
    fn attribute(&mut self) {
        let Some((name, values)) = self.attribute.take() else { return };
        let found = &mut self.found;
        let first = || values.first().cloned();
        match name.strip_prefix(PREFIX) {
            Some("Role") => return found.roles.extend(values),
            Some("RoleSessionName") => return found.session_name = first(),
            Some("SessionDuration") => return found.duration = first(),
            Some("SourceIdentity") => return found.source_identity = first(),
            Some("TransitiveTagKeys") => return found.transitive.extend(values),
            Some(other) => {
                if let Some(tag) = other.strip_prefix("PrincipalTag:") {
                    return found.tags.push((tag.to_owned(), first().unwrap_or_default()));
                }
            }
            None => {}
        }
        if values.iter().any(|value| value.contains(":saml-provider/")) {
            found.misnamed = Some(name);
            return;
        }
        for key in keys::of_attribute(&name) {
            found.keys.push((key, values.clone()));
        }
    }

    fn finish(self) -> Result<Assertion, TokenError> {
        if self.seen.contains("assertion") {
            return Ok(self.found);
        }
        if !self.seen.contains("response") {
            return Err(no_saml("this XML is no SAML response"));
        }
        let denied = self.status.as_deref().is_some_and(|status| !status.ends_with(":Success"));
        Err(TokenError::new(
            if denied {
                "the identity provider answered with an error, so the response holds no assertion"
            } else {
                "the response holds no assertion"
            },
            "log in again; the log of the identity provider says why it gave none out",
        ))
    }
}

/// The earlier of two moments, which are written alike.
fn earliest(known: &mut Option<String>, other: Option<String>) {
    let Some(other) = other else { return };
    let moment = crate::policy::moment;
    let is_later = known
        .as_deref()
        .is_some_and(|known| moment(known).zip(moment(&other)).is_some_and(|(a, b)| a <= b));
    if !is_later {
        *known = Some(other);
    }
}
