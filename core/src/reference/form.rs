//! The forms of ARNs, ready to be compared with what policies write.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::catalogue::{CataloguedType, catalogue};
use super::service::services;

/// The form of the ARNs of a resource type. Each placeholder is a pattern: `?*`, one character or more.
#[derive(Debug)]
pub struct ArnForm {
    /// The service: usually its prefix in actions.
    pub service: Box<[u8]>,
    /// The Region; empty where there is none.
    pub region: Box<[u8]>,
    /// The account; empty where there is none.
    pub account: Box<[u8]>,
    /// The rest.
    pub resource: Box<[u8]>,
}

impl ArnForm {
    /// Reads `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub(super) fn new(arn: &str) -> Self {
        let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
        let mut rest = arn;
        while let Some(next) = rest.chars().next() {
            let after = rest.strip_prefix("${").and_then(|body| body.split_once('}'));
            let count = parts.len();
            let Some(last) = parts.last_mut() else { break };
            if let Some((_, after)) = after {
                last.extend(b"?*");
                rest = after;
                continue;
            }
            if next == ':' && count < 6 {
                parts.push(Vec::new());
            } else {
                last.extend(next.to_string().bytes());
            }
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        let mut parts = parts.into_iter().skip(2).map(Vec::into_boxed_slice);
        let mut next = || parts.next().unwrap_or_default();
        Self { service: next(), region: next(), account: next(), resource: next() }
    }

    /// How many bytes of the resource are fixed.
    pub fn fixed(&self) -> usize {
        self.resource.iter().filter(|byte| !matches!(byte, b'*' | b'?')).count()
    }
}

/// Whether some resource type, of whatever service, whose ARNs have this service meets the test.
pub fn any_form(service: &str, test: impl Fn(&'static CataloguedType) -> bool) -> bool {
    static ALL: OnceLock<HashMap<&'static [u8], Vec<&'static CataloguedType>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut all: HashMap<&'static [u8], Vec<&'static CataloguedType>> = HashMap::new();
        for known in
            services().filter_map(|(prefix, _)| catalogue(prefix)).flat_map(|one| &one.types)
        {
            all.entry(&known.form().service).or_default().push(known);
        }
        all
    });
    all.get(service.as_bytes()).is_some_and(|types| types.iter().any(|known| test(known)))
}
