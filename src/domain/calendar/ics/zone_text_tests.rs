//! Zones as they are written, told by what readers make of them.

use std::ops::RangeInclusive;

use super::super::super::civil::{DAY, parse_wall, wall_text};
use super::super::{lines as text, timezones};
use super::*;

#[test]
fn a_zone_that_is_written_reads_back_as_itself_from_then_on() {
    let zones = [
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "America/Nuuk",
        "America/Santiago",
        "Asia/Jerusalem",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Africa/Monrovia",
        "Pacific/Apia",
        "Europe/Lisbon",
        "Etc/GMT+5",
    ];
    for (name, from) in zones.iter().flat_map(|name| [1971, 2005, 2011, 2027].map(|year| (*name, year))) {
        let zone = Zone::named(name).unwrap();
        let from = parse_wall(&format!("{from}-06-01T00:00:00")).unwrap();
        let lines = lines(&zone, from).unwrap_or_else(|| panic!("{name} has yearly rules"));
        let file = format!("BEGIN:VCALENDAR\n{}\nEND:VCALENDAR\n", lines.join("\n"));
        let mut faults = Vec::new();
        let read = timezones::read(&text::components(&file).unwrap(), &mut faults);
        assert_eq!(faults, []);
        let changes = zone.shifts(from, parse_wall("2090-01-01T00:00:00").unwrap());
        let around = changes.iter().flat_map(|shift| [shift.at - 1, shift.at]).chain([from]);
        for at in around {
            let said = [wall_text(read[name].wall(at)), wall_text(zone.wall(at))];
            assert_eq!(said[0], said[1], "{name} at {} from {}\n{file}", wall_text(at), wall_text(from));
        }
    }
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// A zone that no place has: an hour ahead from the only Sunday of June that is one of these days, back in December.
fn invented(days: [RangeInclusive<u32>; 2]) -> Zone {
    let change = |year: i32, month: u32, days: &RangeInclusive<u32>, before: i64| {
        let numbers = days.clone().map(|day| Date { year, month, day }.number());
        let sunday = numbers.into_iter().find(|number| weekday(*number) == 6)?;
        Some(Shift { at: sunday * DAY - before, before, after: 3_600 - before })
    };
    let years = (2_030..2_090).flat_map(|year| [change(year, 6, &days[0], 0), change(year, 12, &days[1], 3_600)]);
    Zone::of_calendar("X", 0, years.flatten().collect())
}

/// The lines of each part in one, without their names.
fn parts(zone: &Zone, from: &str) -> Vec<String> {
    let lines = lines(zone, parse_wall(from).unwrap()).unwrap();
    assert_eq!(lines[..2], ["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())]);
    let of_parts = lines[2..].split(|line| line.starts_with("END:")).filter(|part| !part.is_empty());
    let values =
        |part: &[String]| part.iter().map(|line| line.split_once(':').unwrap().1.to_owned()).collect::<Vec<_>>();
    of_parts.map(|part| values(part).join(" ")).collect()
}

#[test]
fn a_zone_is_written_as_the_rules_in_force_and_what_came_before_change_by_change() {
    assert_eq!(parts(&zone("Asia/Kathmandu"), "2027-01-01T00:00:00"), ["STANDARD 19700101T000000 +0545 +0545"]);
    let today = [
        "DAYLIGHT 20260308T020000 -0500 -0400 FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "STANDARD 20261101T020000 -0400 -0500 FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    ];
    assert_eq!(parts(&zone("America/New_York"), "2027-01-01T00:00:00"), today);
    let then = [
        "STANDARD 19700101T000000 -0500 -0500",
        "DAYLIGHT 20060402T020000 -0500 -0400",
        "STANDARD 20061029T020000 -0400 -0500",
        "DAYLIGHT 20070311T020000 -0500 -0400 FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "STANDARD 20071104T020000 -0400 -0500 FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    ];
    assert_eq!(parts(&zone("America/New_York"), "2006-12-01T00:00:00"), then);
    // The Friday before the last Sunday, which is neither a fourth nor a last one.
    let friday = [
        "DAYLIGHT 20260327T020000 +0200 +0300 FREQ=YEARLY;BYMONTH=3;BYDAY=FR;BYMONTHDAY=23,24,25,26,27,28,29",
        "STANDARD 20261025T020000 +0300 +0200 FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    ];
    assert_eq!(parts(&zone("Asia/Jerusalem"), "2027-01-01T00:00:00"), friday);
    let lisbon = [
        "DAYLIGHT 20260329T010000 +0000 +0100 FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "STANDARD 20261025T020000 +0100 +0000 FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    ];
    assert_eq!(parts(&zone("Europe/Lisbon"), "2027-01-01T00:00:00"), lisbon);
    assert_eq!(parts(&zone("Africa/Monrovia"), "1971-06-01T00:00:00")[0], "STANDARD 19700101T000000 -004430 -004430");
}

#[test]
fn a_zone_whose_changes_follow_no_yearly_rule_is_not_written() {
    // Gaza's follow the moon; Egypt's come on the day after the last Thursday of October, in some years in November.
    for name in ["Asia/Gaza", "Africa/Cairo"] {
        let zone = Zone::named(name).unwrap();
        assert_eq!(lines(&zone, parse_wall("2027-01-01T00:00:00").unwrap()), None, "{name}");
    }
}

#[test]
fn a_rule_that_would_say_two_days_of_a_month_or_one_direction_only_is_none() {
    let now = parse_wall("2030-01-01T00:00:00").unwrap();
    let days = |days: RangeInclusive<u32>| lines(&invented([days, 1..=7]), now).map(|lines| lines.join("\n"));
    assert!(days(8..=14).unwrap().contains("BYMONTH=6;BYDAY=2SU"));
    assert!(days(7..=13).unwrap().contains("BYMONTH=6;BYDAY=SU;BYMONTHDAY=7,8,9,10,11,12,13"));
    // In years in which the 2nd is a Sunday the 9th is one too.
    let shift =
        |date: &str, before: i64| Shift { at: parse_wall(date).unwrap() - before, before, after: 3_600 - before };
    let eight = [
        shift("2030-06-02T00:00:00", 0),
        shift("2030-12-01T00:00:00", 3_600),
        shift("2041-06-09T00:00:00", 0),
        shift("2041-12-01T00:00:00", 3_600),
    ];
    assert_eq!(lines(&Zone::of_calendar("X", 0, eight.to_vec()), now), None);
    assert_eq!(lines(&Zone::of_calendar("X", 0, eight[..1].to_vec()), now), None);
}
