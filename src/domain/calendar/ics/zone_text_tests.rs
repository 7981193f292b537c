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
