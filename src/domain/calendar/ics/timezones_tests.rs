//! Zones that a file defines, told by what their clocks show.

use super::super::super::civil::{parse_wall, wall_text};
use super::super::lines::components;
use super::*;

fn read_all(text: &str) -> Result<HashMap<String, Zone>, Vec<CalendarFault>> {
    let mut faults = Vec::new();
    let components = components(&format!("BEGIN:VCALENDAR\n{text}END:VCALENDAR\n")).unwrap();
    let zones = read(&components, &mut faults);
    if faults.is_empty() { Ok(zones) } else { Err(faults) }
}

fn defined(name: &str, parts: &[String]) -> String {
    format!("BEGIN:VTIMEZONE\nTZID:{name}\n{}END:VTIMEZONE\n", parts.concat())
}

fn part(kind: &str, offsets: [&str; 2], start: &str, more: &str) -> String {
    let [from, to] = offsets;
    format!("BEGIN:{kind}\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{more}END:{kind}\n")
}

fn one(parts: &[String]) -> Zone {
    read_all(&defined("Z", parts)).unwrap().remove("Z").unwrap()
}

fn refused(text: &str, path: &str, why: &str) {
    let faults = read_all(text).expect_err(text);
    assert!(faults[0].path == path && faults[0].message.contains(why), "{text}: {}", faults[0]);
}

/// What the clock shows at these instants.
fn shown(zone: &Zone, instants: &[&str]) -> Vec<String> {
    instants.iter().map(|at| wall_text(zone.wall(parse_wall(at).unwrap()))).collect()
}

#[test]
fn offsets_are_read_as_rfc_5545_writes_them() {
    let noon = |offset: &str| {
        shown(&one(&[part("STANDARD", [offset, offset], "19700101T000000", "")]), &["2027-01-05T12:00:00"])
    };
    assert_eq!(noon("+0000"), ["2027-01-05T12:00:00"]);
    assert_eq!(noon("+0530"), ["2027-01-05T17:30:00"]);
    assert_eq!(noon("-0330"), ["2027-01-05T08:30:00"]);
    assert_eq!(noon("-011559"), ["2027-01-05T10:44:01"]);
    assert_eq!(noon("+2359"), ["2027-01-06T11:59:00"]);
    for offset in ["", "0100", "+1", "+01", "+01:00", "+2400", "+0060", "+010060", "+01000", "*0100", "+0x00"] {
        let text = defined("Z", &[part("STANDARD", ["+0000", offset], "19700101T000000", "")]);
        refused(&text, "line 7", "is not an offset");
    }
}

#[test]
fn changes_come_by_rule_by_date_and_to_the_end_of_the_rule() {
    let summer = |until: &str| {
        part(
            "DAYLIGHT",
            ["+0100", "+0200"],
            "20250330T020000",
            &format!("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU{until}\n"),
        )
    };
    let winter = part("STANDARD", ["+0200", "+0100"], "20251026T030000", "RDATE:20261025T030000, 20271031T030000\n");
    let instants = [
        "2025-03-30T00:59:59",
        "2026-03-29T01:00:00",
        "2026-10-25T01:00:00",
        "2027-03-28T01:00:00",
        "2027-10-31T01:00:00",
    ];
    let all = [
        "2025-03-30T01:59:59",
        "2026-03-29T03:00:00",
        "2026-10-25T02:00:00",
        "2027-03-28T03:00:00",
        "2027-10-31T02:00:00",
    ];
    assert_eq!(shown(&one(&[summer(""), winter.clone()]), &instants), all);
    // Each ends with the change of 2026, in UTC, on the wall and by day, or a second before it.
    for (until, last) in [
        ("UNTIL=20260329T010000Z", "2026-03-29T03:00:00"),
        ("UNTIL=20260329T005959Z", "2026-03-29T02:00:00"),
        ("UNTIL=20260329T020000", "2026-03-29T03:00:00"),
        ("UNTIL=20260329T015959", "2026-03-29T02:00:00"),
        ("UNTIL=20260329", "2026-03-29T03:00:00"),
        ("UNTIL=20260328", "2026-03-29T02:00:00"),
        ("COUNT=2", "2026-03-29T03:00:00"),
        ("COUNT=1", "2026-03-29T02:00:00"),
    ] {
        let zone = one(&[summer(&format!(";{until}")), winter.clone()]);
        let expected = ["2026-03-29T03:00:00", "2027-03-28T02:00:00"];
        assert_eq!(shown(&zone, &[instants[1], instants[3]]), [last, expected[1]], "{until}");
    }
}

#[test]
fn a_day_at_which_a_rule_ends_is_over_at_midnight() {
    let back = part("DAYLIGHT", ["+0100", "+0000"], "20261001T000000", "");
    let zone = |until: &str| {
        let rule = format!("RRULE:FREQ=YEARLY;UNTIL={until}\n");
        one(&[part("STANDARD", ["+0000", "+0100"], "20260401T000000", &rule), back.clone()])
    };
    assert_eq!(shown(&zone("20270331"), &["2027-05-01T00:00:00"]), ["2027-05-01T00:00:00"]);
    assert_eq!(shown(&zone("20270401"), &["2027-05-01T00:00:00"]), ["2027-05-01T01:00:00"]);
}

#[test]
fn a_rule_without_an_end_is_followed_until_the_year_2500() {
    let zone = one(&[
        part("DAYLIGHT", ["+0000", "+0100"], "20250601T000000", "RRULE:FREQ=YEARLY\n"),
        part("STANDARD", ["+0100", "+0000"], "20251201T000000", "RRULE:FREQ=YEARLY\n"),
    ]);
    let shown = shown(&zone, &["2500-07-01T00:00:00", "2500-12-31T00:00:00", "2501-07-01T00:00:00"]);
    assert_eq!(shown, ["2500-07-01T01:00:00", "2500-12-31T00:00:00", "2501-07-01T00:00:00"]);
}

#[test]
fn what_came_before_counts_where_a_file_contradicts_itself() {
    // It claims to leave +0500, which nothing had led to.
    let parts = [
        part("STANDARD", ["+0000", "+0100"], "20200101T000000", ""),
        part("STANDARD", ["+0500", "+0200"], "20210101T000000", ""),
    ];
    let zone = one(&parts);
    let gap = zone.instant(parse_wall("2020-12-31T20:30:00").unwrap());
    assert_eq!(wall_text(gap), "2020-12-31T19:30:00");
    assert_eq!(
        shown(&zone, &["2019-06-01T00:00:00", "2020-06-01T00:00:00", "2021-06-01T00:00:00"]),
        ["2019-06-01T00:00:00", "2020-06-01T01:00:00", "2021-06-01T02:00:00"]
    );
}

#[test]
fn what_is_no_zone_is_refused_where_it_stands() {
    let sound = part("STANDARD", ["+0000", "+0100"], "19700101T000000", "");
    refused("BEGIN:VTIMEZONE\nEND:VTIMEZONE\n", "line 2", "has no TZID");
    refused(&defined("Z", &[]), "line 2", "neither STANDARD nor DAYLIGHT");
    refused(
        &defined("Z", &[part("VEVENT", ["+0000", "+0100"], "19700101T000000", "")]),
        "line 2",
        "neither STANDARD nor DAYLIGHT",
    );
    for missing in ["TZOFFSETFROM", "TZOFFSETTO", "DTSTART"] {
        refused(&defined("Z", &[sound.replace(missing, "X-NONE")]), "line 4", &format!("has no {missing}"));
    }
    for wrong in ["19700101", "19700101T000000Z", "soon"] {
        refused(&defined("Z", &[part("STANDARD", ["+0000", "+0100"], wrong, "")]), "line 5", "is not a wall time");
        let rdate = part("STANDARD", ["+0000", "+0100"], "19700101T000000", &format!("RDATE:{wrong}\n"));
        refused(&defined("Z", &[rdate]), "line 8", "is not a wall time");
    }
    refused(
        &defined("Z", &[part("STANDARD", ["+0000", "+0100"], "19700101T000000", "RRULE:FREQ=NEVER\n")]),
        "line 8",
        "FREQ",
    );
}

#[test]
fn a_file_has_a_hundred_zones_and_a_zone_five_thousand_changes() {
    let sound = part("STANDARD", ["+0000", "+0100"], "19700101T000000", "");
    let zones =
        |count: usize| (0..count).map(|n| defined(&format!("Z{n}"), std::slice::from_ref(&sound))).collect::<String>();
    assert_eq!(read_all(&zones(100)).map(|zones| zones.len()), Ok(100));
    refused(&zones(101), "line 803", "more than 100 zones");
    let daily = |count: usize| {
        part("STANDARD", ["+0000", "+0100"], "19700101T000000", &format!("RRULE:FREQ=DAILY;COUNT={count}\n"))
    };
    assert!(read_all(&defined("Z", &[daily(4_999)])).is_ok());
    refused(&defined("Z", &[daily(5_000)]), "line 2", "more than 5000 times");
}
