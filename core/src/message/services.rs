//! Which service prefix a name or an operation stands for.

/// What stands where a service's name does and is none.
const NO_SERVICE: &[&str] = &["ec2imds", "runtime", "core", "resources", "util"];

/// The prefix for a name such as `Amazon S3`, `AWSSecurityTokenService` or `Route 53`.
pub(super) fn prefix(name: &str) -> Option<String> {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = bare.to_ascii_lowercase();
    let lower =
        lower.strip_prefix("amazon").or_else(|| lower.strip_prefix("aws")).unwrap_or(&lower);
    if let Some(prefix) = line_with(NAMES, lower) {
        return Some(prefix.to_owned());
    }
    let written = name.to_ascii_lowercase();
    let is_plain = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_kept =
        is_plain && written.contains('-') && (self::is_prefix(&written) || !self::is_prefix(lower));
    let known = if is_kept { written } else { lower.to_owned() };
    (!known.is_empty() && !NO_SERVICE.contains(&known.as_str())).then_some(known)
}

static NAMES: &str = include_str!("names.txt");
static NOUNS: &str = include_str!("nouns.txt");
static OPERATIONS: &str = include_str!("operations.txt");
static SHARED: &str = include_str!("shared.txt");

/// Whether actions of AWS have this prefix.
pub(super) fn is_prefix(name: &str) -> bool {
    let is_line = |line: &str| line.split_once(": ").is_some_and(|(prefix, _)| prefix == name);
    OPERATIONS.lines().chain(SHARED.lines()).any(is_line)
}

/// The only service that has an operation of this name.
pub(super) fn of_operation(operation: &str) -> Option<&'static str> {
    line_with(OPERATIONS, operation)
}

/// The service that is nearly always meant where several have an operation of this name.
pub(super) fn likely_of_operation(operation: &str) -> Option<&'static str> {
    line_with(SHARED, operation)
}

/// The service whose things the first of these words name, as tools write of what they work on, and how
/// many bytes the words for it are.
pub(super) fn of_things(words: &str) -> Option<(&'static str, usize)> {
    let lower = words.to_ascii_lowercase().replace('\n', " ");
    let bare = lower.trim_start_matches("amazon ").trim_start_matches("aws ");
    let lead = lower.len() - bare.len();
    let begins = |noun: &str| {
        let rest = bare.strip_prefix(noun)?;
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        let ends = !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
        ends.then_some(lower.len() - rest.len())
    };
    let lines = NOUNS.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.filter_map(|line| line.split_once(": "));
    let all = rows.flat_map(|(service, nouns)| nouns.split(", ").map(move |noun| (service, noun)));
    all.filter_map(|(service, noun)| Some((service, begins(noun)?)))
        .filter(|(_, len)| *len > lead)
        .max_by_key(|(_, len)| *len)
}

/// What the line begins with that has this word.
fn line_with(lines: &'static str, operation: &str) -> Option<&'static str> {
    if operation.is_empty() || !operation.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let bytes = lines.as_bytes();
    let at = memchr::memmem::find_iter(bytes, operation).find(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + operation.len());
        before == Some(&b' ') && matches!(after, Some(b' ' | b'\n'))
    })?;
    let line = lines.get(..at)?.rsplit('\n').next()?;
    line.split_once(':').map(|(service, _)| service).filter(|service| !service.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_stands_in_one_line_alone() {
        let rows = |text: &'static str| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.flat_map(|line| line.split_once(": ").unwrap().1.split(' '))
        };
        let mut seen = std::collections::HashSet::new();
        for operation in rows(OPERATIONS).chain(rows(SHARED)) {
            assert!(seen.insert(operation), "{operation}");
        }
        let mut seen = std::collections::HashSet::new();
        for name in rows(NAMES) {
            assert!(seen.insert(name), "{name}");
        }
        assert_eq!(
            prefix("Amazon Elastic Load Balancing v2").as_deref(),
            Some("elasticloadbalancing")
        );
        assert_eq!(prefix("secrets-manager").as_deref(), Some("secretsmanager"));
        assert_eq!(prefix("api-gateway").as_deref(), Some("apigateway"));
        assert_eq!(prefix("AWS Database Migration Service").as_deref(), Some("dms"));
        assert_eq!(prefix("ACM PCA").as_deref(), Some("acm-pca"));
        assert_eq!(prefix("branch-office").as_deref(), Some("branch-office"));
        assert_eq!(of_things("AWS Auto Scaling Groups (x)"), Some(("autoscaling", 16)));
        assert_eq!(of_things("EventBridge Scheduler Schedule"), Some(("scheduler", 21)));
        assert_eq!(of_things("VPC"), Some(("ec2", 3)));
        assert_eq!(of_things("amplitude"), None);
        assert!(is_prefix("s3") && is_prefix("kms") && !is_prefix("branch"));
        assert_eq!(of_operation("PutMetricData"), Some("cloudwatch"));
        assert_eq!(of_operation("DescribeCluster"), None);
        assert_eq!(likely_of_operation("DescribeCluster"), Some("eks"));
    }
}
