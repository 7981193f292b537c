//! Calendar files, told by what they say.

use super::*;

fn calendar_of(inside: &str) -> String {
    format!("BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n")
}

fn parsed(inside: &str) -> Calendar {
    Calendar::parse(&calendar_of(inside), &Zone::utc()).unwrap()
}

#[test]
fn cancelled_events_do_not_count_and_replaced_instances_do() {
    let daily = "BEGIN:VEVENT\nUID:a\nDTSTART:20270101T090000Z\nRRULE:FREQ=DAILY;COUNT=5\nEND:VEVENT\n";
    let moved = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20270102T090000Z\nDTSTART:20270102T100000Z\nEND:VEVENT\n";
    let cancelled = "BEGIN:VEVENT\nUID:b\nSTATUS:CANCELLED\nDTSTART:20270101T090000Z\nEND:VEVENT\n";
    for (events, count) in [(String::new(), 0), (cancelled.into(), 0), ([daily, moved, cancelled].concat(), 2)] {
        let calendar = parsed(&events);
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
