//! Calendar files, told by the openings they mean.

use super::*;

fn calendar_of(inside: &str) -> String {
    format!("BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n")
}

fn event(lines: &[&str]) -> String {
    format!("BEGIN:VEVENT\n{}\nEND:VEVENT\n", lines.join("\n"))
}

fn parsed(inside: &str) -> Result<Calendar, Vec<CalendarFault>> {
    Calendar::parse(&calendar_of(inside), &Zone::named("America/New_York").unwrap())
}

/// The instances of 2027 in UTC, none longer than a day. The calendar's own zone is five hours behind in winter.
fn instances(inside: &str) -> Vec<String> {
    let (from, until) = ("2027-01-01T00:00:00Z".parse().unwrap(), "2028-01-01T00:00:00Z".parse().unwrap());
    let all = parsed(inside).unwrap().instances(from, until);
    assert!(all.iter().all(|(from, until)| *until - *from <= chrono::TimeDelta::days(1)), "{all:?}");
    all.into_iter().map(|(from, until)| format!("{} {}", from.format("%m-%d %H:%M"), until.format("%H:%M"))).collect()
}

fn refused(inside: &str, why: &str) {
    let faults = parsed(inside).expect_err(inside);
    assert!(faults[0].message.contains(why), "{}", faults[0].message);
}

#[test]
fn cancelled_events_do_not_count_and_replaced_instances_do() {
    let daily = event(&["UID:a", "DTSTART:20270101T090000Z", "RRULE:FREQ=DAILY;COUNT=5"]);
    let moved = event(&["UID:a", "RECURRENCE-ID:20270102T090000Z", "DTSTART:20270102T100000Z"]);
    let cancelled = event(&["UID:b", "STATUS:CANCELLED", "DTSTART:20270101T090000Z"]);
    for (events, count) in [("", 0), (&cancelled, 0), (&[daily, moved, cancelled.clone()].concat(), 2)] {
        let calendar = parsed(events).unwrap();
        assert_eq!((calendar.len(), calendar.is_empty()), (count, count == 0), "{events}");
    }
}

#[test]
fn a_megabyte_is_read_and_not_a_byte_more() {
    let bare = calendar_of("X-FILL:\n");
    let filled = |bytes: usize| calendar_of(&format!("X-FILL:{}\n", "x".repeat(bytes - bare.len())));
    let read = |bytes: usize| Calendar::parse(&filled(bytes), &Zone::utc());
    assert!(read(1_048_576).is_ok());
    assert!(read(1_048_577).unwrap_err()[0].message.contains("at most 1048576"));
}

#[test]
fn an_event_ends_with_its_dtend_or_after_its_duration_and_without_both_with_its_day_or_at_once() {
    let york = |time: &str| format!("DTSTART;TZID=America/New_York:{time}");
    let cases: [(&[&str], &[&str]); 8] = [
        (&["DTSTART;VALUE=DATE:20270105"], &["01-05 05:00 05:00"]),
        (&["DTSTART:20270105T090000Z"], &[]),
        (&["DTSTART:20270105T090000Z", "DURATION:PT90M"], &["01-05 09:00 10:30"]),
        (&["DTSTART:20270105T090000Z", "DTEND:20270105T093000Z"], &["01-05 09:00 09:30"]),
        (&["DTSTART:20270105T090000Z", "DTEND:20270105T090000Z"], &[]),
        // 16:00 and 17:00 of UTC, each on its own wall.
        (&[&york("20270105T110000"), "DTEND;TZID=Europe/Berlin:20270105T180000"], &["01-05 16:00 17:00"]),
        // The same times on the wall in the night in which an hour is left out, and in the next.
        (
            &[&york("20270313T220000"), "DTEND;TZID=America/New_York:20270314T060000", "RRULE:FREQ=DAILY;COUNT=2"],
            &["03-14 03:00 10:00", "03-15 02:00 10:00"],
        ),
        (
            &[&york("20270313T220000"), "DURATION:PT8H", "RRULE:FREQ=DAILY;COUNT=2"],
            &["03-14 03:00 11:00", "03-15 02:00 10:00"],
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(instances(&event(lines)), expected, "{lines:?}");
    }
    for nothing in ["PT0S", "PT0M", "PT0H", "P0D", "P0W"] {
        let duration = format!("DURATION:{nothing}");
        assert_eq!(instances(&event(&["DTSTART:20270105T090000Z", &duration])), [""; 0], "{nothing}");
    }
}

#[test]
fn an_end_before_the_start_is_refused() {
    refused(&event(&["DTSTART:20270105T090000Z", "DTEND:20270105T085959Z"]), "is before DTSTART");
    // Later on the wall, and earlier all the same.
    let (start, end) = ("DTSTART;TZID=America/New_York:20270105T090000", "DTEND;TZID=Europe/Berlin:20270105T100000");
    refused(&event(&[start, end]), "is before DTSTART");
    refused(&event(&["DTSTART:20270105T090000Z", "DTEND;VALUE=DATE:20270106"]), "a day and DTSTART a time");
    refused(&event(&["DTSTART;VALUE=DATE:20270105T090000"]), "is not a date or time");
}

#[test]
fn an_instance_is_left_out_in_whatever_zone_its_exdate_is_written() {
    let series = ["DTSTART;TZID=America/New_York:20270312T023000", "DURATION:PT30M", "RRULE:FREQ=DAILY;COUNT=4"];
    for (exdate, left) in [
        (
            "EXDATE;TZID=America/New_York:20270313T023000",
            ["03-12 07:30 08:00", "03-14 07:30 08:00", "03-15 06:30 07:00"],
        ),
        ("EXDATE:20270313T073000Z", ["03-12 07:30 08:00", "03-14 07:30 08:00", "03-15 06:30 07:00"]),
        ("EXDATE;TZID=Europe/Berlin:20270313T083000", ["03-12 07:30 08:00", "03-14 07:30 08:00", "03-15 06:30 07:00"]),
        ("EXDATE;VALUE=DATE:20270313", ["03-12 07:30 08:00", "03-14 07:30 08:00", "03-15 06:30 07:00"]),
        // The clock leaves out this time; the instance that it names is an hour later.
        (
            "EXDATE;TZID=America/New_York:20270314T023000",
            ["03-12 07:30 08:00", "03-13 07:30 08:00", "03-15 06:30 07:00"],
        ),
    ] {
        assert_eq!(instances(&event(&[&series[..], &[exdate]].concat())), left, "{exdate}");
    }
}

#[test]
fn dates_are_added_as_starts_as_days_and_as_periods() {
    let added = |rdate: &str| instances(&event(&["DTSTART:20270105T090000Z", "DURATION:PT1H", rdate]));
    assert_eq!(added("RDATE:20270107T120000Z"), ["01-05 09:00 10:00", "01-07 12:00 13:00"]);
    assert_eq!(added("RDATE;VALUE=DATE:20270107"), ["01-05 09:00 10:00", "01-07 09:00 10:00"]);
    let periods = "RDATE;VALUE=PERIOD:20270107T120000Z/20270107T123000Z,20270108T120000Z/PT2H";
    assert_eq!(added(periods), ["01-05 09:00 10:00", "01-07 12:00 12:30", "01-08 12:00 14:00"]);
    for end in ["20270107T120000Z", "20270107T115959Z"] {
        let rdate = format!("RDATE;VALUE=PERIOD:20270107T120000Z/{end}");
        refused(&event(&["DTSTART:20270105T090000Z", &rdate]), "ends before it starts");
    }
}

#[test]
fn an_until_is_read_as_its_start_is_written() {
    let last = |start: &str, until: &str| {
        let rule = format!("RRULE:FREQ=DAILY;UNTIL={until}");
        instances(&event(&[start, "DURATION:PT1H", &rule])).last().map(|last| last[..5].to_owned())
    };
    let (floating, york) = ("DTSTART:20270104T090000", "DTSTART;TZID=America/New_York:20270104T090000");
    // 09:00 in New York is 14:00 in UTC.
    assert_eq!(last(floating, "20270106T090000Z").as_deref(), Some("01-06"));
    assert_eq!(last(floating, "20270106T085959Z").as_deref(), Some("01-05"));
    assert_eq!(last(york, "20270106T135959Z").as_deref(), Some("01-05"));
    assert_eq!(last(york, "20270106T140000Z").as_deref(), Some("01-06"));
    assert_eq!(last(york, "20270106T090000").as_deref(), Some("01-06"));
    assert_eq!(last("DTSTART:20270104T090000Z", "20270106T085959Z").as_deref(), Some("01-05"));
}

#[test]
fn of_several_revisions_the_highest_counts_and_of_equal_ones_the_last() {
    let revision = |uid: &str, sequence: &str, hour: &str| {
        let (uid, start) = (format!("UID:{uid}"), format!("DTSTART:20270105T{hour}0000Z"));
        event(&[&uid, sequence, &start, "DURATION:PT30M"])
    };
    type Revision<'a> = (&'a str, &'a str, &'a str);
    let cases: [(&[Revision], &[&str]); 6] = [
        (&[("a", "SEQUENCE:2", "09"), ("a", "SEQUENCE:1", "10"), ("a", "SEQUENCE:0", "11")], &["01-05 09:00 09:30"]),
        (&[("a", "SEQUENCE:1", "09"), ("a", "SEQUENCE:10", "10"), ("a", "SEQUENCE:9", "11")], &["01-05 10:00 10:30"]),
        (&[("a", "SEQUENCE:1", "09"), ("a", "SEQUENCE:1", "10")], &["01-05 10:00 10:30"]),
        (&[("a", "X-NONE:1", "09"), ("a", "X-NONE:2", "10"), ("a", "X-NONE:3", "11")], &["01-05 11:00 11:30"]),
        (&[("a", "SEQUENCE:1", "09"), ("b", "SEQUENCE:2", "10")], &["01-05 09:00 09:30", "01-05 10:00 10:30"]),
        // Without a name nothing is a revision of anything.
        (&[("", "SEQUENCE:1", "09"), ("", "SEQUENCE:2", "10")], &["01-05 09:00 09:30", "01-05 10:00 10:30"]),
    ];
    for (revisions, expected) in cases {
        let events: String = revisions.iter().map(|(uid, sequence, hour)| revision(uid, sequence, hour)).collect();
        assert_eq!(instances(&events), expected, "{revisions:?}");
    }
}

#[test]
fn what_a_file_may_hold_is_read_up_to_the_bound() {
    let dates = |count: usize| vec!["20270106T090000Z"; count].join(",");
    let listed = |left_out: usize, added: usize| {
        let (left_out, added) = (format!("EXDATE:{}", dates(left_out)), format!("RDATE:{}", dates(added)));
        event(&["DTSTART:20270105T090000Z", "DURATION:PT1H", &left_out, &added])
    };
    assert_eq!(instances(&listed(19_990, 10)), ["01-05 09:00 10:00"]);
    refused(&listed(19_990, 11), "more than 20000 single dates");
    let counted = |count: u32| event(&["DTSTART:20270105T090000Z", &format!("RRULE:FREQ=DAILY;COUNT={count}")]);
    let full = counted(10_000).repeat(10);
    assert_eq!(parsed(&full).map(|calendar| calendar.len()), Ok(10));
    refused(&(full + &counted(1)), "add up to more than 100000");
}
