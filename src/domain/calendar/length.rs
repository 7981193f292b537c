//! How long an opening lasts: a nominal number of days and an exact time, or until a time of day.

use super::civil::{DAY, HOUR, Wall, day_of, parse_clock, time_of};
use super::fault::{CalendarFault, quoted};
use super::zone::Zone;

/// The longest opening of a repeating entry: 400 days. A dated entry may be as long as the calendar.
pub(crate) const LONGEST: i64 = 400 * DAY;

/// From the start of an opening to its end, which is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Days keep the time of day (RFC 5545 section 3.3.6), then the seconds are exact.
    Span { days: i64, seconds: i64 },
    /// Until this time of day, in seconds from midnight: of the start's day, or of the next if it is not later.
    Clock(i64),
    /// Until this wall time.
    Wall(Wall),
    /// Until the clock on the wall shows so many seconds more than at the start.
    Nominal(i64),
}

impl Length {
    /// The instant of the end, given the start as the rule wrote it and as it was resolved.
    pub fn end(&self, zone: &Zone, wall: Wall, start: i64) -> i64 {
        match *self {
            Length::Span { days: 0, seconds } => start + seconds,
            Length::Span { days, seconds } => zone.instant(wall + days * DAY) + seconds,
            Length::Clock(clock) => {
                let next_day = i64::from(clock <= time_of(wall));
                zone.instant((day_of(wall) + next_day) * DAY + clock)
            }
            Length::Wall(until) => zone.instant(until),
            Length::Nominal(seconds) => zone.instant(wall + seconds),
        }
    }

    /// How far an end lies behind its start on the wall, for a start at this wall time.
    pub fn nominal(&self, wall: Wall) -> i64 {
        match *self {
            Length::Span { days, seconds } => days * DAY + seconds,
            Length::Clock(clock) => {
                let ahead = clock - time_of(wall);
                if ahead > 0 { ahead } else { ahead + DAY }
            }
            Length::Wall(until) => until - wall,
            Length::Nominal(seconds) => seconds,
        }
    }

    /// No opening that this length gives to a repeating entry is longer, whatever the zone does to it.
    pub fn at_most(&self) -> i64 {
        match *self {
            Length::Span { days, seconds } => days * DAY + seconds + 26 * HOUR,
            Length::Nominal(seconds) => seconds + 26 * HOUR,
            Length::Clock(_) | Length::Wall(_) => 50 * HOUR,
        }
    }

    /// Reads `HH:MM`.
    pub fn clock(text: &str) -> Result<Length, CalendarFault> {
        parse_clock(text).map(Length::Clock).ok_or_else(|| {
            let remedy = "write HH:MM from 00:00 to 23:59; the end of the day is 00:00";
            CalendarFault::new("", format!("{} is not a time of day: {remedy}", quoted(text)))
        })
    }

    /// Reads a duration as people write it: `90m`, `3h`, `1d12h`, `2w`. Weeks and days keep the time of day, hours,
    /// minutes and seconds are exact.
    ///
    /// At most 400 days; units in any order, added up. Nothing negative, no fractions, not zero.
    pub fn duration(text: &str) -> Result<Length, CalendarFault> {
        let units = [('w', 7 * DAY), ('d', DAY), ('h', HOUR), ('m', 60), ('s', 1)];
        let remedy = "write a duration such as 90m, 3h, 1d12h or 2w";
        let wrong = || CalendarFault::new("", format!("{} is not a duration: {remedy}", quoted(text)));
        let (nominal, exact) = sum_units(text, &units, Order::Any).ok_or_else(wrong)?;
        bounded(text, nominal, exact)
    }

    /// Reads a duration of RFC 5545 section 3.3.6: `PT90M`, `P1DT12H`, `P2W`. Not negative, not zero, at most 400 days.
    pub fn rfc5545(text: &str) -> Result<Length, CalendarFault> {
        let remedy = "write a positive duration of RFC 5545 such as PT3H, P1D or P2W";
        let wrong = || CalendarFault::new("", format!("{} is not a duration: {remedy}", quoted(text)));
        let body = text.strip_prefix('+').unwrap_or(text).strip_prefix('P').ok_or_else(wrong)?;
        let (date, time) = match body.split_once('T') {
            Some((_, "")) => return Err(wrong()),
            Some((date, time)) => (date, time),
            None => (body, ""),
        };
        let days = match (date, date.contains('W')) {
            ("", _) => Some((0, 0)),
            (_, true) if time.is_empty() => sum_units(date, &[('W', 7 * DAY)], Order::LargerFirst),
            (_, true) => None,
            (_, false) => sum_units(date, &[('D', DAY)], Order::LargerFirst),
        };
        let (nominal, _) = days.ok_or_else(wrong)?;
        let units = [('H', HOUR), ('M', 60), ('S', 1)];
        let seconds = if time.is_empty() { Some((0, 0)) } else { sum_units(time, &units, Order::LargerFirst) };
        let (_, exact) = seconds.ok_or_else(wrong)?;
        if body.is_empty() {
            return Err(wrong());
        }
        bounded(text, nominal, exact)
    }
}

fn bounded(text: &str, nominal: i64, exact: i64) -> Result<Length, CalendarFault> {
    match nominal.saturating_add(exact) {
        0 => Err(CalendarFault::new("", format!("{} is no time at all: write a positive duration", quoted(text)))),
        sum if sum > LONGEST => {
            let remedy = "is longer than 400 days: write the opening as dates with from and until";
            Err(CalendarFault::new("", format!("{} {remedy}", quoted(text))))
        }
        _ => Ok(Length::Span { days: nominal / DAY, seconds: exact }),
    }
}

/// How the units of a duration may follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As Kubernetes reads durations.
    Any,
    /// Each once, as RFC 5545 has them.
    LargerFirst,
}

/// The sum of `<number><unit>` groups, whole days apart from the rest. Nothing for any other text.
fn sum_units(text: &str, units: &[(char, i64)], order: Order) -> Option<(i64, i64)> {
    let (mut nominal, mut exact) = (0i64, 0i64);
    let mut allowed = units;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number = super::civil::digits(&rest.as_bytes()[..end])?;
        let unit = rest[end..].chars().next()?;
        let place = allowed.iter().position(|(letter, _)| *letter == unit)?;
        let seconds = i64::from(number).checked_mul(allowed[place].1)?;
        if allowed[place].1 >= DAY {
            nominal = nominal.checked_add(seconds)?;
        } else {
            exact = exact.checked_add(seconds)?;
        }
        if order == Order::LargerFirst {
            allowed = &allowed[place + 1..];
        }
        rest = &rest[end + unit.len_utf8()..];
    }
    (!text.is_empty()).then_some((nominal, exact))
}

#[cfg(test)]
mod tests {
    use super::super::civil::parse_wall;
    use super::*;

    fn span(days: i64, seconds: i64) -> Length {
        Length::Span { days, seconds }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases = [
            ("90m", span(0, 5_400)),
            ("3h", span(0, 10_800)),
            ("1d12h", span(1, 43_200)),
            ("2w", span(14, 0)),
            ("24h", span(0, 86_400)),
            ("400d", span(400, 0)),
        ];
        for (text, expected) in cases {
            assert_eq!(Length::duration(text), Ok(expected), "{text}");
        }
        for text in
            ["", "3", "h", "-3h", "1.5h", "90m?", "0h", "401d", "9600h1s", "99999999999h", "3H", "3 h", "999999999w"]
        {
            assert!(Length::duration(text).is_err(), "{text} must be refused");
        }
    }

    #[test]
    fn durations_are_read_as_rfc_5545_writes_them() {
        let cases = [
            ("PT90M", span(0, 5_400)),
            ("P1DT12H", span(1, 43_200)),
            ("P2W", span(14, 0)),
            ("+P1D", span(1, 0)),
            ("PT1H0M0S", span(0, 3_600)),
        ];
        for (text, expected) in cases {
            assert_eq!(Length::rfc5545(text), Ok(expected), "{text}");
        }
        for text in [
            "", "P", "PT", "P1DT", "-PT1H", "PT0S", "P1W2D", "P1WT1H", "PT1M1H", "PT1H1H", "P1D1D", "1H", "P1H",
            "PT1D", "P1M", "P1Y", "90m?", "PT1.5H",
        ] {
            assert!(Length::rfc5545(text).is_err(), "{text} must be refused");
        }
    }

    #[test]
    fn a_day_keeps_the_time_of_day_and_24_hours_do_not() {
        let zone = Zone::named("America/New_York").unwrap();
        let wall = parse_wall("2027-03-13T12:00:00").unwrap();
        let start = zone.instant(wall);
        assert_eq!(span(1, 0).end(&zone, wall, start) - start, 23 * HOUR);
        assert_eq!(span(0, DAY).end(&zone, wall, start) - start, 24 * HOUR);
    }

    #[test]
    fn an_end_lies_as_far_behind_its_start_on_the_wall_as_it_is_written() {
        let wall = parse_wall("2027-03-13T12:00:00").unwrap();
        for (length, expected) in [
            (span(2, 5_400), 2 * DAY + 5_400),
            (Length::Clock(13 * HOUR), HOUR),
            (Length::Clock(11 * HOUR), 23 * HOUR),
            (Length::Clock(12 * HOUR), DAY),
            (Length::Wall(wall + 90), 90),
            (Length::Nominal(7), 7),
        ] {
            assert_eq!(length.nominal(wall), expected, "{length:?}");
        }
    }

    /// Kwajalein was the first to have the day until 1969-10-01, and from then on the last: it had 23 hours twice.
    #[test]
    fn no_opening_is_longer_than_at_most_though_a_clock_goes_back_by_nearly_a_day() {
        let zone = Zone::named("Pacific/Kwajalein").unwrap();
        let wall = parse_wall("1969-09-30T00:30:00").unwrap();
        let start = zone.instant(wall);
        for length in [span(1, 0), Length::Nominal(DAY), Length::Clock(30 * 60)] {
            let lasts = length.end(&zone, wall, start) - start;
            assert_eq!(lasts, 47 * HOUR, "{length:?}");
            assert!(lasts <= length.at_most(), "{length:?} is at most {}", length.at_most());
        }
    }
}
