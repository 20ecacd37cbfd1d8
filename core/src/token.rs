//! What callers without AWS credentials present: the token of an OpenID Connect provider, or a SAML
//! response.
//!
//! Decoded and no more: no signature is checked, nothing is fetched, and neither the token nor its
//! signature is kept. What comes out are claims. No error repeats a byte of the input.

pub mod jwt;
pub mod keys;
pub mod saml;
pub mod subject;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The largest file that is looked at: far more than AWS takes.
pub const LARGEST: usize = 1024 * 1024;

/// Why a file holds no token or assertion that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// One sentence: lower case, no full stop, nothing of the input.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl TokenError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// The bytes as a text without byte order mark and surrounding space.
fn text<'b>(bytes: &'b [u8], what: &str) -> Result<&'b str, TokenError> {
    if bytes.len() > LARGEST {
        return Err(TokenError::new(
            format!("the file is larger than 1 MiB, so it is no {what}"),
            format!("pass a file that holds the {what} and nothing else"),
        ));
    }
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| {
        TokenError::new(
            "the file is not UTF-8",
            format!("save the {what} as plain text; in PowerShell, with `-Encoding ascii`"),
        )
    })?;
    match text.trim() {
        "" => Err(TokenError::new(
            "the file is empty",
            format!(
                "pass a file that holds the {what}; an empty one often means that none was given out; a job of GitHub Actions needs `permissions: id-token: write` for that"
            ),
        )),
        text => Ok(text),
    }
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Base64 in its URL-safe alphabet, padded or not.
fn url_safe(text: &str) -> Option<Vec<u8>> {
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT).decode(text).ok()
}

/// Base64 in its usual alphabet, padded or not.
fn standard(text: &str) -> Option<Vec<u8>> {
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(text).ok()
}
