//! By what a finding is known again: the rule, the file, the statement's `Sid`, the underlined text, and
//! the how manieth of that kind it is. Lines and columns play no part.

use std::collections::HashMap;

/// Gives fingerprints, and remembers how many of a kind there were.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<u64, u32>,
}

impl Fingerprints {
    /// The fingerprint of the next finding of this kind.
    pub fn of(&mut self, rule: &str, path: &str, sid: Option<&str>, text: &str) -> String {
        let mut hash = Hash::default();
        for part in [rule, path, sid.unwrap_or_default(), text] {
            hash.add(part.as_bytes());
            // A byte that is in no text, so that parts do not run into each other.
            hash.add(&[0xFF]);
        }
        let count = self.seen.entry(hash.0).or_default();
        *count += 1;
        hash.add(&count.to_le_bytes());
        format!("{:016x}", hash.0)
    }
}

/// FNV-1a: the same on every machine and in every release. Nothing rests on its being hard to invert.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
