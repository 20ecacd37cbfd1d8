//! The baseline: findings that were there when somebody switched the check on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What a baseline file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    /// Rule and file of each fingerprint.
    findings: BTreeMap<String, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
}

/// Known findings, by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: BTreeSet<String>,
    met: BTreeSet<String>,
}

impl Baseline {
    /// Reads the text of a baseline file.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if written.version != 1 {
            return Err(format!("version {} is not known", written.version));
        }
        Ok(Self { known: written.findings.into_keys().collect(), met: BTreeSet::new() })
    }

    /// Whether the finding is known; it counts as met then.
    pub(super) fn knows(&mut self, fingerprint: &str) -> bool {
        let known = self.known.contains(fingerprint);
        if known {
            self.met.insert(fingerprint.to_owned());
        }
        known
    }

    /// How many known findings were not met: they are mended.
    pub fn gone(&self) -> usize {
        self.known.len() - self.met.len()
    }
}

/// The text of a baseline with these findings: fingerprint, rule, file.
pub fn write(findings: impl IntoIterator<Item = (String, &'static str, String)>) -> String {
    let findings = findings
        .into_iter()
        .map(|(fingerprint, rule, file)| (fingerprint, Entry { rule: rule.to_owned(), file }));
    let written = Written { version: 1, findings: findings.collect() };
    let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
    text.push('\n');
    text
}
