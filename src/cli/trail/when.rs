//! Moments as people write them.

use jiff::Timestamp;

use crate::policy::moment;

/// `2026-11-23T10:00:00Z`, `2026-11-23`, or how long before `now`: `24h`, `7d`.
pub(in crate::cli) fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if let Some((number, unit)) = text.split_at_checked(text.len().checked_sub(1)?)
        && let Ok(number) = number.parse::<u32>()
    {
        let seconds = match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => return None,
        };
        return Timestamp::from_second(now.as_second().checked_sub(i64::from(number) * seconds)?)
            .ok();
    }
    moment(text).or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let read = |text| super::read(text, now).map(|time| time.to_string());
        assert_eq!(read("24h").as_deref(), Some("2026-11-22T10:00:00Z"));
        assert_eq!(read("7d").as_deref(), Some("2026-11-16T10:00:00Z"));
        assert_eq!(read("2026-11-01").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(read("2026-11-01T02:00:00+02:00").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(read("yesterday"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("é"), None);
    }
}
