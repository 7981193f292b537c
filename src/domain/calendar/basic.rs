//! Dates and times as RFC 5545 itself writes them, without dashes and colons.

use super::civil::{DAY, Date, DayNumber, HOUR, Wall, checked_date, day_of, digits, time_of};

/// What such a text can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// `20270105T090000Z`, in seconds from 1970-01-01T00:00:00Z.
    Instant(i64),
    /// `20270105T090000`
    Wall(Wall),
    /// `20270105`
    Date(DayNumber),
}

/// RFC 5545's own way to write dates and times, sections 3.3.4 and 3.3.5: `20270105`, `20270105T090000`, with `Z` for
/// UTC. Second 60 is read as 59, as a leap second has no wall time.
pub(crate) fn parse_basic(text: &str) -> Option<Until> {
    let bytes = text.as_bytes();
    let day = |bytes: &[u8]| checked_date(digits(&bytes[0..4])?, digits(&bytes[4..6])?, digits(&bytes[6..8])?);
    let time = |bytes: &[u8]| {
        let hour = digits(&bytes[9..11]).filter(|hour| *hour < 24)?;
        let minute = digits(&bytes[11..13]).filter(|minute| *minute < 60)?;
        let second = digits(&bytes[13..15]).filter(|second| *second <= 60)?.min(59);
        (bytes[8] == b'T').then(|| i64::from(hour) * HOUR + i64::from(minute) * 60 + i64::from(second))
    };
    match bytes.len() {
        8 => Some(Until::Date(day(bytes)?)),
        15 => Some(Until::Wall(day(bytes)? * DAY + time(bytes)?)),
        16 if bytes[15] == b'Z' => Some(Until::Instant(day(bytes)? * DAY + time(bytes)?)),
        _ => None,
    }
}

/// `20270105T090000`.
pub(crate) fn basic(wall: Wall) -> String {
    let date = Date::from_number(day_of(wall));
    let time = time_of(wall);
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}", date.year, date.month, date.day, time / HOUR, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::super::civil::parse_wall;
    use super::*;

    #[test]
    fn dates_and_times_are_read_as_rfc_5545_writes_them() {
        let wall = |text: &str| parse_wall(text).unwrap();
        assert_eq!(parse_basic("20270105"), Some(Until::Date(day_of(wall("2027-01-05T00:00:00")))));
        assert_eq!(parse_basic("20270105T235959"), Some(Until::Wall(wall("2027-01-05T23:59:59"))));
        assert_eq!(parse_basic("20270105T090000Z"), Some(Until::Instant(wall("2027-01-05T09:00:00"))));
        // A leap second has no wall time.
        assert_eq!(parse_basic("20161231T235960Z"), Some(Until::Instant(wall("2016-12-31T23:59:59"))));
        for text in [
            "20270105T240000",
            "20270105T096000",
            "20270105T090061",
            "20270105X090000",
            "20270105T090000+",
            "20270105T0900",
            "20270229",
            "",
        ] {
            assert_eq!(parse_basic(text), None, "{text} is neither");
        }
    }
}
