//! Instants and spans, as people say them: how far away, and when by the clock on their wall, with its offset.

use std::path::Path;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use crate::domain::calendar::Zone;

/// The wall clock that times are shown by.
#[derive(Clone, Debug)]
pub struct When {
    zone: Zone,
}

impl When {
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: Zone::utc() }
    }

    /// The zone of TZ, else of this machine, else UTC.
    #[must_use]
    pub fn local(utc: bool) -> Self {
        let zone = if utc { None } else { named() };
        zone.map_or_else(Self::utc, |zone| Self { zone })
    }

    /// The name of the zone.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.name()
    }

    /// The wall time.
    #[must_use]
    pub fn wall(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.zone.local(at)
    }

    /// `Sat 2026-11-07 02:00 +01:00`, with seconds only where there are any.
    #[must_use]
    pub fn at(&self, at: DateTime<Utc>) -> String {
        let offset = if self.zone == Zone::utc() { "Z" } else { " %:z" };
        self.zone.local(at).format(&format!("%a %Y-%m-%d {}{offset}", clock(at))).to_string()
    }

    /// Beside `other`, which is told in full: `02:00` if it is on the same day with the same offset, else in full, too.
    #[must_use]
    pub fn beside(&self, at: DateTime<Utc>, other: DateTime<Utc>) -> String {
        let (own, told) = (self.zone.local(at), self.zone.local(other));
        if own.date_naive() == told.date_naive() && own.offset() == told.offset() {
            return own.format(clock(at)).to_string();
        }
        self.at(at)
    }

    /// `Sat 2026-11-07 02:00 +01:00 (in 1d 11h)`.
    #[must_use]
    pub fn at_from(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let away = if at > now { format!("in {}", span(at - now)) } else { format!("{} ago", span(now - at)) };
        format!("{} ({away})", self.at(at))
    }

    /// An instant in RFC 3339, or a wall time of this zone.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn read(&self, text: &str) -> Result<DateTime<Utc>, String> {
        self.zone.moment(text).map_err(|fault| fault.to_string())
    }
}

/// How the time of day is written: with seconds only where there are any.
fn clock(at: DateTime<Utc>) -> &'static str {
    if at.timestamp() % 60 == 0 { "%H:%M" } else { "%H:%M:%S" }
}

/// The zone that TZ names, or that /etc/localtime is a link to.
fn named() -> Option<Zone> {
    if let Ok(name) = std::env::var("TZ") {
        return Zone::named(name.trim_start_matches(':')).ok();
    }
    let link = std::fs::read_link(Path::new("/etc/localtime")).ok()?;
    let path = link.to_str()?;
    let (_, name) = path.split_once("zoneinfo/")?;
    Zone::named(name).ok()
}

/// A span by its two largest units, rounded to the smaller: `2d 3h`, `4h 20m`, `90s` as `1m 30s`.
#[must_use]
pub fn span(span: TimeDelta) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let total = span.num_seconds().abs();
    let large = UNITS.iter().position(|(size, _)| total >= *size).unwrap_or(UNITS.len() - 1);
    let small = UNITS.get(large + 1).map_or(1, |(size, _)| *size);
    let mut rest = (total + small / 2) / small * small;
    let mut parts = Vec::new();
    for (size, unit) in UNITS {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// A span by its largest unit, as kubectl's AGE: `3d`, `4h`, `20m`.
#[must_use]
pub fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let total = (now - since).num_seconds().max(0);
    match total {
        0..120 => format!("{total}s"),
        120..7_200 => format!("{}m", total / 60),
        7_200..172_800 => format!("{}h", total / 3_600),
        _ => format!("{}d", total / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_by_their_two_largest_units() {
        for (seconds, said) in [
            (0, "0s"),
            (59, "59s"),
            (90, "1m 30s"),
            (3_599, "59m 59s"),
            (3_600, "1h"),
            (15_629, "4h 20m"),
            (183_600, "2d 3h"),
            (86_399, "1d"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), said);
        }
    }

    #[test]
    fn an_instant_is_said_by_the_wall_clock_with_its_offset() {
        let at = "2027-01-12T08:00:00Z".parse().expect("an instant");
        assert_eq!(When::utc().at(at), "Tue 2027-01-12 08:00Z");
        let berlin = When { zone: Zone::named("Europe/Berlin").expect("known") };
        assert_eq!(berlin.at(at), "Tue 2027-01-12 09:00 +01:00");
        assert_eq!(berlin.at_from(at, at + TimeDelta::minutes(5)), "Tue 2027-01-12 09:00 +01:00 (5m ago)");
        assert_eq!(berlin.beside(at + TimeDelta::seconds(90), at), "09:01:30");
        assert_eq!(berlin.beside(at + TimeDelta::hours(15), at), "Wed 2027-01-13 00:00 +01:00");
        let turned = "2027-03-28T01:00:00Z".parse().expect("an instant");
        assert_eq!(berlin.beside(turned, turned - TimeDelta::hours(1)), "Sun 2027-03-28 03:00 +02:00");
        assert_eq!(berlin.read("2027-01-12T09:00"), Ok(at));
    }
}
