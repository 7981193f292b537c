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
                let instant = library.to_timestamp(to_library(wall)).unwrap();
                assert_eq!(zone.instant(wall), instant.as_second());
                let offset = i64::from(library.to_offset(instant).seconds());
                assert_eq!(zone.wall(instant.as_second()), instant.as_second() + offset);
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
    let version = zone_data_version();
    let (year, letter) = version.split_at(4);
    assert!(year.parse().is_ok_and(|year: u32| (2026..2100).contains(&year)) && letter.len() == 1, "{version}");
}

#[test]
fn wall_times_long_ago_and_far_ahead_have_the_offsets_of_their_time() {
    let cases = [
        ("Europe/Berlin", "1850-01-01T00:00:00", "1849-12-31T23:06:32"),
        ("America/New_York", "1850-01-01T00:00:00", "1850-01-01T04:56:02"),
        ("Europe/Berlin", "2150-07-01T12:34:56", "2150-07-01T10:34:56"),
        ("Europe/Berlin", "2150-01-01T12:00:00", "2150-01-01T11:00:00"),
    ];
    for (name, wall, utc) in cases {
        let zone = Zone::named(name).unwrap();
        let [wall, utc] = [wall, utc].map(|text| parse_wall(text).unwrap());
        assert_eq!((zone.instant(wall), zone.wall(utc)), (utc, wall), "{name} {}", wall_text(wall));
    }
}

#[test]
fn a_moment_is_a_wall_time_of_the_zone_or_an_instant_inside_of_the_calendar() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let summer: DateTime<Utc> = "2027-07-01T10:00:00Z".parse().unwrap();
    for text in ["2027-07-01T12:00:00", "2027-07-01T10:00:00Z", "2027-07-01T06:00:00-04:00"] {
        assert_eq!(zone.moment(text), Ok(summer), "{text}");
    }
    assert_eq!(zone.local(summer).to_rfc3339(), "2027-07-01T12:00:00+02:00");
    let winter: DateTime<Utc> = "2027-01-01T10:00:00.5Z".parse().unwrap();
    assert_eq!(zone.local(winter).to_rfc3339(), "2027-01-01T11:00:00.500+01:00");
    for text in ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"] {
        assert!(zone.moment(text).is_ok(), "{text}");
    }
    for text in ["0000-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "soon", "2027-07-01"] {
        assert!(zone.moment(text).is_err(), "{text} must be refused");
    }
}

#[test]
fn the_shifts_of_a_range_are_those_from_its_first_instant_to_before_its_last() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let [spring, autumn] = ["2027-03-28T01:00:00", "2027-10-31T01:00:00"].map(|text| parse_wall(text).unwrap());
    let found = |from, until| zone.shifts(from, until).iter().map(|shift| shift.at).collect::<Vec<_>>();
    assert_eq!(found(spring, autumn + 1), [spring, autumn]);
    assert_eq!(found(spring, autumn), [spring]);
    assert!(found(spring + 1, autumn).is_empty());
    assert!(found(autumn, spring).is_empty(), "a range that ends before it begins has none");
}

#[test]
fn zones_are_equal_whose_names_and_clocks_are() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    assert_eq!(Zone::named("EUROPE/BERLIN").unwrap(), berlin);
    assert_ne!(Zone::named("Europe/Paris").unwrap(), berlin);
    let shift = Shift { at: 0, before: 0, after: 3_600 };
    let own = |name: &str, initial, shifts: &[Shift]| Zone::of_calendar(name, initial, shifts.to_vec());
    assert_eq!(own("Own", 0, &[shift]), own("Own", 0, &[shift]));
    for other in [own("Other", 0, &[shift]), own("Own", 60, &[shift]), own("Own", 0, &[])] {
        assert_ne!(own("Own", 0, &[shift]), other);
    }
    assert!(Arc::ptr_eq(&berlin.0, &Zone::named("Europe/Berlin").unwrap().0), "its table is made once");
    let other_capitals = || Zone::named("europe/Berlin").unwrap();
    assert!(!Arc::ptr_eq(&other_capitals().0, &other_capitals().0), "spellings without end would be kept");
}
