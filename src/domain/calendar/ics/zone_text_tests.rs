//! Zones as they are written, told by what readers make of them.

use super::super::super::civil::{parse_wall, wall_text};
use super::super::{lines as text, timezones};
use super::*;

fn written(name: &str, from: &str) -> Option<Vec<String>> {
    lines(&Zone::named(name).unwrap(), parse_wall(from).unwrap())
}

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

/// The lines of each part in one, without their names.
fn parts(name: &str, from: &str) -> Vec<String> {
    let lines = written(name, from).unwrap();
    assert_eq!(lines[..2], ["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{name}")]);
    let of_parts = lines[2..].split(|line| line.starts_with("END:")).filter(|part| !part.is_empty());
    let values =
        |part: &[String]| part.iter().map(|line| line.split_once(':').unwrap().1.to_owned()).collect::<Vec<_>>();
    of_parts.map(|part| values(part).join(" ")).collect()
}

#[test]
fn a_zone_is_written_as_the_rules_in_force_and_what_came_before_change_by_change() {
    assert_eq!(parts("Asia/Kathmandu", "2027-01-01T00:00:00"), ["STANDARD 19700101T000000 +0545 +0545"]);
    let today = [
        "DAYLIGHT 20260308T020000 -0500 -0400 FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "STANDARD 20261101T020000 -0400 -0500 FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    ];
    assert_eq!(parts("America/New_York", "2027-01-01T00:00:00"), today);
    let then = [
        "STANDARD 19700101T000000 -0500 -0500",
        "DAYLIGHT 20060402T020000 -0500 -0400",
        "STANDARD 20061029T020000 -0400 -0500",
        "DAYLIGHT 20070311T020000 -0500 -0400 FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "STANDARD 20071104T020000 -0400 -0500 FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    ];
    assert_eq!(parts("America/New_York", "2006-12-01T00:00:00"), then);
    // The Friday before the last Sunday, which is neither a fourth nor a last one.
    let friday = [
        "DAYLIGHT 20260327T020000 +0200 +0300 FREQ=YEARLY;BYMONTH=3;BYDAY=FR;BYMONTHDAY=23,24,25,26,27,28,29",
        "STANDARD 20261025T020000 +0300 +0200 FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    ];
    assert_eq!(parts("Asia/Jerusalem", "2027-01-01T00:00:00"), friday);
    assert_eq!(parts("Africa/Monrovia", "1971-06-01T00:00:00")[0], "STANDARD 19700101T000000 -004430 -004430");
}

#[test]
fn a_zone_whose_changes_follow_no_yearly_rule_is_not_written() {
    // Gaza's follow the moon; Egypt's come on the day after the last Thursday of October, in some years in November.
    for name in ["Asia/Gaza", "Africa/Cairo"] {
        assert_eq!(written(name, "2027-01-01T00:00:00"), None, "{name}");
    }
}
