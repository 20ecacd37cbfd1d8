//! Amazon Resource Names, cut into their six parts.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

/// The six parts of an ARN; the sixth keeps further colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'t> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'t str,
    /// `iam`, `sts`, `s3`, …
    pub service: &'t str,
    /// Empty for global services.
    pub region: &'t str,
    /// Twelve digits, or empty where the ARN names no account.
    pub account: &'t str,
    /// All that follows the fifth colon.
    pub resource: &'t str,
}

/// Where a text is cut as an ARN, for one that is looked at many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnCuts([usize; 4]);

impl ArnCuts {
    /// Where the text of `arn` is cut.
    pub fn of(arn: &Arn<'_>) -> Self {
        let Arn { partition, service, region, account, .. } = arn;
        let partition = "arn:".len() + partition.len();
        let service = partition + 1 + service.len();
        let region = service + 1 + region.len();
        Self([partition, service, region, region + 1 + account.len()])
    }

    /// The parts of the text that was cut.
    #[inline]
    pub fn parts(self, text: &str) -> Option<Arn<'_>> {
        let [partition, service, region, account] = self.0;
        Some(Arn {
            partition: text.get("arn:".len()..partition)?,
            service: text.get(partition + 1..service)?,
            region: text.get(service + 1..region)?,
            account: text.get(region + 1..account)?,
            resource: text.get(account + 1..)?,
        })
    }
}

impl<'t> Arn<'t> {
    /// Cuts `text`; `None` if it has fewer than six parts or does not begin with `arn:`.
    pub fn parse(text: &'t str) -> Option<Self> {
        let (partition, rest) = cut(text.strip_prefix("arn:")?)?;
        let (service, rest) = cut(rest)?;
        let (region, rest) = cut(rest)?;
        let (account, resource) = cut(rest)?;
        Some(Self { partition, service, region, account, resource })
    }

    /// The resource's type and the rest: `role` and `app/deploy` of `role/app/deploy`.
    pub fn typed(&self) -> Option<(&'t str, &'t str)> {
        self.resource.split_once(['/', ':'])
    }

    /// The path (with both slashes) and the name of an IAM resource of the type `kind`.
    pub fn iam_name(&self, kind: &str) -> Option<(&'t str, &'t str)> {
        let rest = self.resource.strip_prefix(kind)?;
        let at = rest.rfind('/')?;
        Some((rest.get(..=at)?, rest.get(at + 1..)?)).filter(|_| rest.starts_with('/'))
    }

    /// Whether this is `arn:…:iam::…:role/…`.
    pub fn is_role(&self) -> bool {
        self.service == "iam" && self.resource.starts_with("role/")
    }
}

/// What stands before the first colon, and after it. Every request cuts some texts, and their colons
/// stand so close together that a plain loop finds them soonest.
fn cut(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b':')?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Whether `text` is an account id: twelve ASCII digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` can only be meant as an account id: digits, though perhaps not twelve.
pub fn looks_like_account_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_part_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/x:*");
        assert_eq!(arn.map(|arn| arn.resource), Some("log-group:/x:*"));
        assert_eq!(Arn::parse("arn:aws:s3"), None);
        let text = "arn:aws:logs:eu-west-1:111122223333:log-group:/x:*";
        assert_eq!(arn.map(|arn| ArnCuts::of(&arn)).and_then(|cuts| cuts.parts(text)), arn);
    }

    #[test]
    fn an_iam_name_has_a_path() {
        let path = |text| Arn::parse(text).and_then(|arn| arn.iam_name("role"));
        assert_eq!(path("arn:aws:iam::111122223333:role/app/deploy"), Some(("/app/", "deploy")));
        assert_eq!(path("arn:aws:iam::111122223333:role/deploy"), Some(("/", "deploy")));
        assert_eq!(path("arn:aws:iam::111122223333:user/deploy"), None);
    }
}
