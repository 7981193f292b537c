//! Wall times on awkward days.

use super::super::civil::wall_text;
use super::*;

fn check(zone: &str, wall: &str, utc: &str, occurs: Occurs) {
    let zone = Zone::named(zone).unwrap();
    let wall = parse_wall(wall).unwrap();
    assert_eq!(wall_text(zone.instant(wall)), utc);
    assert_eq!(zone.occurs(wall), occurs);
}

#[test]
fn a_skipped_wall_time_takes_the_offset_before_the_gap() {
    check("America/New_York", "2027-03-14T02:30:00", "2027-03-14T07:30:00", Occurs::Never);
    check("America/New_York", "2027-03-14T02:00:00", "2027-03-14T07:00:00", Occurs::Never);
    check("America/New_York", "2027-03-14T03:00:00", "2027-03-14T07:00:00", Occurs::Once);
    check("Africa/Cairo", "2024-04-26T00:00:00", "2024-04-25T22:00:00", Occurs::Never);
}

#[test]
fn a_repeated_wall_time_is_the_first_of_the_two() {
    check("America/New_York", "2027-11-07T01:30:00", "2027-11-07T05:30:00", Occurs::Twice);
    check("America/New_York", "2027-11-07T02:00:00", "2027-11-07T07:00:00", Occurs::Once);
    check("Australia/Lord_Howe", "2025-04-06T01:45:00", "2025-04-05T14:45:00", Occurs::Twice);
}

#[test]
fn a_day_that_a_zone_left_out_is_no_trouble() {
    check("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00", Occurs::Never);
    check("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00", Occurs::Once);
}

#[test]
fn the_table_agrees_with_the_library_wherever_both_can_be_asked() {
    for name in
        ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Kwajalein", "UTC"]
    {
        let zone = Zone::named(name).unwrap();
        let library = database().get(name).unwrap();
        let (first, last) = table_bounds();
        for shift in zone.0.shifts.iter() {
            for near in [-90_000, -3_601, -3_600, -1_800, -1, 0, 1, 1_800, 3_599, 3_600, 7_200, 90_000] {
                let wall = shift.at + shift.before + near;
                if in_table(wall) {
                    assert_eq!(
                        zone.instant(wall),
                        library.to_timestamp(to_library(wall)).unwrap().as_second(),
                        "{name} {}",
                        wall_text(wall)
                    );
                }
            }
        }
        for edge in [first, last] {
            for near in (-3 * DAY..=3 * DAY).step_by(1_800) {
                let wall = edge + near;
                assert_eq!(zone.instant(wall), library.to_timestamp(to_library(wall)).unwrap().as_second());
            }
        }
    }
}

#[test]
fn names_that_are_no_places_are_refused() {
    for name in [
        "",
        " Europe/Berlin",
        "Europe/Berln",
        "localtime",
        "posixrules",
        "Factory",
        "Etc/Unknown",
        "../UTC",
        "+01:00",
        "CET-1CEST",
    ] {
        assert!(Zone::named(name).is_err(), "{name} must be refused");
    }
    assert_eq!(Zone::named("europe/berlin").unwrap().name(), "Europe/Berlin");
    assert!(zone_data_version() >= "2026a", "{}", zone_data_version());
}
