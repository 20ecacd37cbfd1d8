//! The values that condition operators compare: numbers, moments, addresses, bytes, ARNs.
//!
//! A text that cannot be read as what its operator compares is `None`, and never matches.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;

use super::pattern::{Pattern, Syntax};

/// A decimal number, exact whatever its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: Box<str>,
    /// Digits after the point, without trailing zeros.
    fraction: Box<str>,
}

impl Number {
    /// Reads an optional sign, digits, an optional fraction, and an exponent as JSON writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match digits.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, Some(exponent)),
            None => (digits, None),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let shifted = match exponent {
            Some(exponent) => Some(shift(whole, fraction, exponent)?),
            None => None,
        };
        let (whole, fraction) =
            shifted.as_ref().map_or((whole, fraction), |(whole, fraction)| (whole, fraction));
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.into(), fraction: fraction.into() })
    }
}

/// Moves the point of `whole.fraction` by `exponent` places. Nothing is counted in more than a
/// thousand digits, so what a policy says can cost no more than that.
fn shift(whole: &str, fraction: &str, exponent: &str) -> Option<(String, String)> {
    let places: i32 = exponent.parse().ok().filter(|places| (-999..=999).contains(places))?;
    let count = usize::try_from(places.unsigned_abs()).ok()?;
    let zeros = "0".repeat(count);
    let (from, to) = match places > 0 {
        true => (format!("{fraction}{zeros}"), count),
        false => (format!("{zeros}{whole}"), whole.len()),
    };
    let (left, right) = from.split_at_checked(to)?;
    Some(match places > 0 {
        true => (format!("{whole}{left}"), right.to_owned()),
        false => (left.to_owned(), format!("{right}{fraction}")),
    })
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |left: &Self, right: &Self| {
            (left.whole.len().cmp(&right.whole.len()))
                .then_with(|| left.whole.cmp(&right.whole))
                .then_with(|| left.fraction.cmp(&right.fraction))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

/// Reads a moment: `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mmTZD` with optional seconds and
/// fraction, or whole epoch seconds, or milliseconds where seconds would be no date. A date without a time is taken as midnight UTC.
pub fn moment(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && text.len() != 4 {
        // As seconds, what has more than twelve digits is no date of four-digit years.
        let number = text.parse().ok()?;
        return Timestamp::from_second(number)
            .or_else(|_| Timestamp::from_millisecond(number))
            .ok();
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let number = |text: &str, len: usize| -> Option<i16> {
        let fits = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse().ok() } else { None }
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |text| number(text, 2))?;
    let day = parts.next().map_or(Some(1), |text| number(text, 2))?;
    if parts.next().is_some() || (time.is_some() && date.len() != 10) {
        return None;
    }
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let Some(time) = time else {
        return jiff::tz::Offset::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .ok();
    };
    let (clock, zone) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at_checked(at)?,
        None => return None,
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60)
        }
    };
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 2)?;
    let minute = number(parts.next()?, 2)?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (second, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let fits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
            let nanos = format!("{fraction:0<9}").get(..9)?.parse::<i32>().ok()?;
            (number(second, 2).filter(|_| fits)?, nanos)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    // A leap second is read as the second before it.
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second.min(59))?, nanos);
    let local = date.to_datetime(time.ok().filter(|_| second <= 60)?);
    let utc = jiff::tz::Offset::UTC.to_timestamp(local).ok()?;
    utc.checked_sub(jiff::SignedDuration::from_secs(offset)).ok()
}

/// Reads an address, an IPv4 address also where it is written as an IPv6 one.
pub fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Reads an address as a block of one, or a CIDR block; bits beyond the mask are ignored.
pub fn network(text: &str) -> Option<IpNet> {
    if let Some(address) = address(text) {
        return Some(IpNet::from(address));
    }
    text.parse::<IpNet>().ok().map(|net| net.trunc())
}

/// Reads `true` or `false`, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// Reads base64.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Six patterns, one for each part of an ARN. A `*` in one part never reaches into the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArnPattern {
    /// `arn`, partition, service, region, account, resource.
    pub parts: Box<[Pattern; 6]>,
}

/// Where policy variables are expanded in an ARN pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariablesIn {
    /// Nowhere: the policy's version is older than variables.
    Nothing,
    /// In the resource part alone, as in `Resource`.
    ResourcePart,
    /// In every part, as in the value of a condition.
    EveryPart,
}

impl ArnPattern {
    /// Cuts `text` at its first five colons outside `${…}`; `None` if it has fewer than six parts.
    pub fn new(text: &str, variables: VariablesIn) -> Option<Self> {
        let mut cuts = Vec::with_capacity(6);
        let (mut start, mut at, bytes) = (0, 0, text.as_bytes());
        while at < bytes.len() && cuts.len() < 5 {
            if variables != VariablesIn::Nothing
                && text.get(at..).is_some_and(|rest| rest.starts_with("${"))
            {
                at += text.get(at..).and_then(|rest| rest.find('}')).unwrap_or(0) + 1;
                continue;
            }
            if bytes.get(at) == Some(&b':') {
                cuts.push(text.get(start..at)?);
                start = at + 1;
            }
            at += 1;
        }
        cuts.push(text.get(start..)?);
        let [arn, partition, service, region, account, resource] = cuts.try_into().ok()?;
        let outer = Syntax { wildcards: true, variables: variables == VariablesIn::EveryPart };
        let inner = Syntax { wildcards: true, variables: variables != VariablesIn::Nothing };
        let part = |text| Pattern::new(text, outer);
        let parts = [
            part(arn),
            part(partition),
            part(service),
            part(region),
            part(account),
            Pattern::new(resource, inner),
        ];
        Some(Self { parts: Box::new(parts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_exactly() {
        let cmp = |left: &str, right: &str| {
            Number::parse(left).unwrap().cmp(&Number::parse(right).unwrap())
        };
        assert_eq!(cmp("9007199254740993", "9007199254740992"), Ordering::Greater);
        assert_eq!(cmp("-1.50", "-1.5"), Ordering::Equal);
        assert_eq!(cmp("-2", "1"), Ordering::Less);
        assert_eq!(cmp("0.1", "0.09"), Ordering::Greater);
        assert_eq!(cmp("-0", "0"), Ordering::Equal);
        assert_eq!(cmp("1e3", "1000"), Ordering::Equal);
        assert_eq!(cmp("1.25E-1", "0.125"), Ordering::Equal);
        assert_eq!(cmp("12.5e1", "125"), Ordering::Equal);
        assert_eq!(cmp("-1e-2", "-0.01"), Ordering::Equal);
        assert_eq!(cmp("5e0", "5"), Ordering::Equal);
        for text in ["", ".", "1e", "e1", "1e1e1", "1e1000", "1e+-1", "0x1", "1,0", " 1", "--1"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let seconds = |text: &str| moment(text).map(|moment| moment.as_second());
        assert_eq!(seconds("2026"), Some(1_767_225_600));
        assert_eq!(seconds("2026-01"), Some(1_767_225_600));
        assert_eq!(seconds("2026-01-01"), Some(1_767_225_600));
        assert_eq!(seconds("2026-01-01T00:00Z"), Some(1_767_225_600));
        assert_eq!(seconds("2026-01-01T01:00:00.25+01:00"), Some(1_767_225_600));
        assert_eq!(seconds("1767225600"), Some(1_767_225_600));
        assert_eq!(seconds("1767225600000"), Some(1_767_225_600));
        for text in [
            "",
            "2026-13-01",
            "2026-01-01T00:00",
            "yesterday",
            "2026-1-1",
            "2026-01-01T25:00Z",
            "2026-01-01 00:00Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_of_version_four_is_one_however_it_is_written() {
        assert!(
            network("203.0.113.0/24").unwrap().contains(&address("::ffff:203.0.113.7").unwrap())
        );
        assert_eq!(network("::ffff:203.0.113.7"), network("203.0.113.7/32"));
        assert_eq!(address("203.0.113.7/32"), None);
    }

    #[test]
    fn a_block_ignores_the_bits_beyond_its_mask() {
        assert_eq!(network("10.1.2.3/8"), network("10.0.0.0/8"));
        assert_eq!(network("2001:db8::1").unwrap().prefix_len(), 128);
        assert_eq!(network("10.0.0.0/33"), None);
        assert_eq!(network("10.0.0"), None);
    }

    #[test]
    fn an_arn_pattern_is_cut_outside_variables() {
        let pattern = ArnPattern::new(
            "arn:aws:iam::${aws:PrincipalAccount}:role/${aws:username}",
            VariablesIn::EveryPart,
        )
        .unwrap();
        let [.., account, resource] = pattern.parts.as_ref();
        assert_eq!(account.variables().count(), 1);
        assert_eq!(resource.variables().count(), 1);
        assert_eq!(ArnPattern::new("arn:aws:s3", VariablesIn::Nothing), None);
    }
}
