//! Dates and times of day without a zone, as plain numbers.
//!
//! The calendar is the proleptic Gregorian one of RFC 5545. A [`Wall`] is what a clock on the wall shows; it becomes
//! an instant only in [`super::zone`]. Years outside 1..=9999 do not exist here.

use std::ops::RangeInclusive;

use super::fault::{CalendarFault, quoted};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// Years that can be written, RFC 5545 section 3.3.4 with its four digits.
pub(crate) const YEARS: RangeInclusive<i32> = 1..=9999;

/// Seconds from 1970-01-01T00:00:00 as shown by a clock on the wall.
pub(crate) type Wall = i64;

/// Days from 1970-01-01.
pub(crate) type DayNumber = i64;

/// 0001-01-01T00:00:00.
pub(crate) const FIRST_WALL: Wall = -719_162 * DAY;
/// 9999-12-31T23:59:59.
pub(crate) const LAST_WALL: Wall = 2_932_897 * DAY - 1;

/// A date. The day is checked against its month wherever one is read from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub year: i32,
    /// 1..=12
    pub month: u32,
    /// 1..=31
    pub day: u32,
}

impl Date {
    /// Days from 1970-01-01, by counting years from 1 March so that the leap day comes last.
    pub fn number(self) -> DayNumber {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((i64::from(self.month) + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    pub fn from_number(number: DayNumber) -> Date {
        let shifted = number + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let moved_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * moved_month + 2) / 5 + 1;
        let month = if moved_month < 10 { moved_month + 3 } else { moved_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date { year: year as i32, month: month as u32, day: day as u32 }
    }
}

pub(crate) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_year(year: i32) -> i64 {
    365 + i64::from(is_leap(year))
}

pub(crate) fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 is Monday, as in ISO 8601 and in RFC 5545's default week start.
pub(crate) fn weekday(number: DayNumber) -> u8 {
    (number + 3).rem_euclid(7) as u8
}

pub(crate) fn day_of(wall: Wall) -> DayNumber {
    wall.div_euclid(DAY)
}

pub(crate) fn time_of(wall: Wall) -> i64 {
    wall.rem_euclid(DAY)
}

/// `2027-01-05T09:00:00`, as the resource writes wall times.
pub(crate) fn wall_text(wall: Wall) -> String {
    let time = time_of(wall);
    format!("{}T{:02}:{:02}:{:02}", date_text(day_of(wall)), time / HOUR, time / 60 % 60, time % 60)
}

/// `2027-01-05`.
pub(crate) fn date_text(number: DayNumber) -> String {
    let date = Date::from_number(number);
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// Reads `YYYY-MM-DD`. Years 0001 to 9999, only days that exist.
pub(crate) fn parse_date(text: &str) -> Result<DayNumber, CalendarFault> {
    let wrong =
        || CalendarFault::new("", format!("{} is not a date: write YYYY-MM-DD, for example 2027-01-05", quoted(text)));
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(wrong());
    }
    let number = |range: std::ops::Range<usize>| digits(&bytes[range]).ok_or_else(wrong);
    checked_date(number(0..4)?, number(5..7)?, number(8..10)?).ok_or_else(wrong)
}

/// The day's number if year, month and day exist together.
pub(crate) fn checked_date(year: u32, month: u32, day: u32) -> Option<DayNumber> {
    let year = i32::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    let exists = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    exists.then(|| Date { year, month, day }.number())
}

/// Reads `YYYY-MM-DDTHH:MM` or `YYYY-MM-DDTHH:MM:SS`: a wall time, without offset or zone. Hour 24 and second 60 do not exist.
pub(crate) fn parse_wall(text: &str) -> Result<Wall, CalendarFault> {
    let wrong = |what: &str| {
        let remedy = "write YYYY-MM-DDTHH:MM:SS without an offset, for example 2027-01-05T09:00:00";
        CalendarFault::new("", format!("{} is not a wall time{what}: {remedy}", quoted(text)))
    };
    let Some((date, time)) = text.split_once('T') else {
        return Err(wrong(""));
    };
    if time.ends_with('Z') || time.contains(['+', '-']) {
        return Err(wrong(" (it has an offset, and the window has a zone already)"));
    }
    let day = parse_date(date).map_err(|_| wrong(""))?;
    let seconds = match time.len() {
        5 => parse_clock(time),
        8 if time.as_bytes()[5] == b':' => parse_clock(&time[..5]).and_then(|minutes| {
            let second = digits(&time.as_bytes()[6..8]).filter(|second| *second < 60)?;
            Some(minutes + i64::from(second))
        }),
        _ => None,
    };
    seconds.map(|seconds| day * DAY + seconds).ok_or_else(|| wrong(""))
}

/// Reads `HH:MM`, 00:00 to 23:59, as seconds from midnight.
pub(crate) fn parse_clock(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 5 || bytes[2] != b':' {
        return None;
    }
    let hour = digits(&bytes[0..2]).filter(|hour| *hour < 24)?;
    let minute = digits(&bytes[3..5]).filter(|minute| *minute < 60)?;
    Some(i64::from(hour) * HOUR + i64::from(minute) * 60)
}

/// The number that these ASCII digits spell; nothing for an empty slice, any other byte, or more than nine digits.
pub(crate) fn digits(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_whole_cycle_has_its_own_number_and_back() {
        let mut expected = Date { year: 1, month: 1, day: 1 }.number();
        assert_eq!(expected * DAY, FIRST_WALL);
        for year in 1..=401 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let date = Date { year, month, day };
                    assert_eq!(date.number(), expected);
                    assert_eq!(Date::from_number(expected), date);
                    expected += 1;
                }
            }
        }
        assert_eq!(Date { year: 9999, month: 12, day: 31 }.number() * DAY + DAY - 1, LAST_WALL);
        assert_eq!(weekday(Date { year: 2027, month: 1, day: 4 }.number()), 0);
    }

    #[test]
    fn wall_times_are_read_strictly() {
        let accepted = ["2027-01-05T09:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2024-02-29T12:30:00"];
        for text in accepted {
            assert_eq!(wall_text(parse_wall(text).unwrap()), text);
        }
        let refused = [
            "",
            "2027-01-05",
            "2027-01-05T24:00:00",
            "2027-01-05T09:60:00",
            "2027-01-05T09:00:60",
            "2027-02-29T09:00:00",
            "0000-01-01T00:00:00",
            "10000-01-01T00:00:00",
            "2027-01-05T09:00:00Z",
            "2027-01-05T09:00:00+01:00",
            "2027-01-05 09:00:00",
            "2027-1-5T09:00:00",
            "2027-01/05T09:00:00",
            "2027/01-05T09:00:00",
            "2027-13-01T09:00:00",
            "2027-00-10T09:00:00",
            "2027-01-00T09:00:00",
            "2027-01-05T09:00.30",
            "2027-01-05T9:00",
            "2027-01-05T09:00é0",
            "２027-01-05T09:00:00",
        ];
        for text in refused {
            assert!(parse_wall(text).is_err(), "{text} is not a wall time");
        }
    }

    #[test]
    fn whoever_writes_an_offset_is_told_that_the_window_has_a_zone() {
        for offset in ["Z", "+01:00", "-05:00"] {
            let fault = parse_wall(&format!("2027-01-05T09:00:00{offset}")).unwrap_err();
            assert!(fault.message.contains("has an offset"), "{}", fault.message);
        }
        let fault = parse_wall("2027-01-05T9:00").unwrap_err();
        assert!(!fault.message.contains("has an offset"), "{}", fault.message);
    }

    #[test]
    fn one_to_nine_digits_spell_a_number() {
        assert_eq!(digits(b"7"), Some(7));
        assert_eq!(digits(b"000000060"), Some(60));
        assert_eq!(digits(b"999999999"), Some(999_999_999));
        for text in ["", "0000000000", "1a", "-1", " 1"] {
            assert_eq!(digits(text.as_bytes()), None, "{text}");
        }
    }
}
