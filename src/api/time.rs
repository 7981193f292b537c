//! Instants and durations on the wire. Ours are chrono's; Kubernetes' own are jiff's and are
//! converted here and nowhere else.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;

/// An instant as the API server stores it: RFC 3339, UTC, whole seconds (fractions are cut off,
/// because a stored fraction would make every comparison say "changed"). RFC 3339 has years of four digits: what has
/// no end ends with the last of them.
#[must_use]
pub fn to_wire(at: DateTime<Utc>) -> String {
    let last = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    at.min(last).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads an RFC 3339 instant with any offset. `None` if the text is no instant.
#[must_use]
pub fn from_wire(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// An instant in Kubernetes' own type, cut to whole seconds.
#[must_use]
pub fn to_kubernetes(at: DateTime<Utc>) -> Time {
    Time(Timestamp::from_second(at.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// An instant in Kubernetes' own type for leases and events, cut to microseconds.
#[must_use]
pub fn to_kubernetes_micro(at: DateTime<Utc>) -> MicroTime {
    MicroTime(Timestamp::from_microsecond(at.timestamp_micros()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// An instant read from Kubernetes' own type. `None` outside chrono's range.
#[must_use]
pub fn from_kubernetes(time: &Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.0.as_second(), 0)
}

/// Reads a duration as Kubernetes writes it (`1h30m`, `45m`, `90s`): whole numbers with the units
/// `h`, `m`, `s`, largest first or not, added up. `None` if the text is not of that form or the sum
/// exceeds ten years. Zero is read: whether zero makes sense is the reader's question.
#[must_use]
pub fn duration_from_wire(text: &str) -> Option<TimeDelta> {
    const TEN_YEARS: i64 = 10 * 366 * 24 * 3600;
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let factor = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let number: i64 = digits.parse().ok()?;
        digits.clear();
        seconds = seconds.checked_add(number.checked_mul(factor)?)?;
    }
    let complete = digits.is_empty() && !text.is_empty();
    (complete && seconds <= TEN_YEARS).then(|| TimeDelta::seconds(seconds))
}

/// A duration as Kubernetes writes it, whole seconds, largest unit first; zero is `0s`.
#[must_use]
pub fn duration_to_wire(duration: TimeDelta) -> String {
    let total = duration.num_seconds().max(0);
    let parts = [(total / 3600, 'h'), (total / 60 % 60, 'm'), (total % 60, 's')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write_as_kubernetes_does() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("1h30m", Some(5400)),
            ("72h", Some(259_200)),
            ("", None),
            ("5", None),
            ("1.5h", None),
            ("-1h", None),
            ("999999999h", None),
            ("3d", None),
        ] {
            assert_eq!(duration_from_wire(text).map(|d| d.num_seconds()), seconds, "{text:?}");
        }
        assert_eq!(duration_to_wire(TimeDelta::seconds(5400)), "1h30m");
        assert_eq!(duration_to_wire(TimeDelta::zero()), "0s");
    }

    #[test]
    fn instants_survive_the_way_to_the_wire_and_back_in_whole_seconds() {
        let at = from_wire("2027-01-12T10:00:00.750+01:00").expect("an instant");
        assert_eq!(to_wire(at), "2027-01-12T09:00:00Z");
        assert_eq!(from_kubernetes(&to_kubernetes(at)).map(to_wire).as_deref(), Some("2027-01-12T09:00:00Z"));
        assert_eq!(from_wire("tomorrow"), None);
    }
}
